/** Colour for terminals, by meaning. Without colour every function gives its text back. */
import type { Output } from "./io.ts";

export interface Style {
  error(text: string): string;
  warning(text: string): string;
  success(text: string): string;
  /** Names: recipes, columns, connectors. */
  name(text: string): string;
  /** Headings. */
  strong(text: string): string;
  /** Less important. */
  dim(text: string): string;
  /** Code to type. */
  code(text: string): string;
}

const same = (text: string) => text;

/** No colour at all. */
export const PLAIN: Style = {
  error: same,
  warning: same,
  success: same,
  name: same,
  strong: same,
  dim: same,
  code: same,
};

const COLORED: Style = {
  error: sgr("1;31", "22;39"),
  warning: sgr("33", "39"),
  success: sgr("32", "39"),
  name: sgr("36", "39"),
  strong: sgr("1", "22"),
  dim: sgr("2", "22"),
  code: sgr("36", "39"),
};

/** The style for a stream. */
export function styleFor(output: Pick<Output, "color">): Style {
  return output.color ? COLORED : PLAIN;
}

/**
 * Whether to colour a stream: `NO_COLOR` (any text but an empty one) says no, `FORCE_COLOR` (any but `0`) yes, else a terminal
 * that is not `dumb` is coloured. https://no-color.org, https://force-color.org
 */
export function wantsColor(isTerminal: boolean, env: (name: string) => string | undefined): boolean {
  if (env("NO_COLOR")) return false;
  const force = env("FORCE_COLOR");
  if (force) return force !== "0" && force !== "false";
  return isTerminal && env("TERM") !== "dumb";
}

function sgr(open: string, close: string): (text: string) => string {
  return (text) => text === "" ? "" : `\x1b[${open}m${text}\x1b[${close}m`;
}
