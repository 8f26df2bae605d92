/** Options that several commands share, worded once. */
import { InvalidArgumentError, Option } from "@commander-js/extra-typings";

/** Gathers the values of an option that may be repeated. */
export function collect(value: string, before: string[] | undefined): string[] {
  return [...(before ?? []), value];
}

/** A whole number of at least 1. */
export function positive(text: string): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(number) || number < 1) {
    throw new InvalidArgumentError("It must be a whole number of 1 or more.");
  }
  return number;
}

export const varOption = () =>
  new Option("--var <name=value>", "a value for {{ var('name') }}; may be repeated").argParser(collect);

export const envFileOption = () =>
  new Option("--env-file <file>", "read KEY=VALUE lines for {{ env_var('KEY') }}; may be repeated")
    .argParser(collect);

export const stateDirOption = () =>
  new Option("--state-dir <dir>", "where states are kept (default: .state, or what the recipe says)");

export const logLevelOption = () =>
  new Option("--log-level <level>", "what is logged; debug adds stack traces to errors")
    .choices(["debug", "info", "warning", "error"] as const);

/** For a command with `--format`: one word asks for JSON everywhere. A `--format` that is given wins. */
export const jsonFormatOption = <Format extends string>(format: Format) =>
  new Option("--json", `print JSON: the same as --format ${format}`).implies({ format });

export const jsonOption = (what = "print JSON") => new Option("--json", what);

/** Text for the end of a help page: commands to copy. */
export function examples(...lines: string[]): string {
  return `\nExamples:\n${lines.map((line) => `  $ ${line}`).join("\n")}\n`;
}
