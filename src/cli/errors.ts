/** How an error looks: on a terminal, and as fields. */
import {
  DataLoaderError,
  type ErrorData,
  type Json,
  RecipeError,
  RecipeErrors,
  type SourceLocation,
} from "../sdk/mod.ts";
import { displayPath, EXIT, shortenPaths } from "./io.ts";
import { PLAIN, type Style } from "./style.ts";
import { displayWidth, truncate, visible, wrap } from "./width.ts";

export interface ErrorView {
  readonly style?: Style;
  readonly cwd: string;
  /** Cells to wrap at. */
  readonly columns?: number;
  /** Gives a file's text for the excerpt, or undefined where it can't be read. */
  readonly readLines?: (file: string) => readonly string[] | undefined;
  /** Takes secrets out. */
  readonly redact?: (text: string) => string;
  /** Adds stack traces and causes. */
  readonly debug?: boolean;
}

/** What is shown of an error: an error of ours, or one that came as plain data out of a run. */
export interface ShownError {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  readonly location?: SourceLocation;
  readonly context?: Readonly<Record<string, Json>>;
  readonly stack?: string;
  readonly cause?: unknown;
}

/** An error that a run's summary holds. */
export function fromErrorData(data: ErrorData): ShownError {
  return { ...data, code: data.code ?? "UNEXPECTED", location: data.location as SourceLocation | undefined };
}

/** The command line was used wrongly: exit code 2. */
export class UsageError extends RecipeError {
  override name = "UsageError";
}

/** All errors that one stands for: `RecipeErrors` holds several. */
export function flattenErrors(error: unknown): DataLoaderError[] {
  if (error instanceof RecipeErrors) return [...error.errors];
  return [toDataLoaderError(error)];
}

/** Any thrown value as an error of ours. */
export function toDataLoaderError(error: unknown): DataLoaderError {
  if (error instanceof DataLoaderError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new DataLoaderError("UNEXPECTED", message || "Something failed without saying what.", {
    hint: "run again with --log-level debug to see where it comes from",
    cause: error,
  });
}

/** 2 where the recipe or the call is wrong, 1 where something failed. */
export function exitCodeFor(error: unknown): number {
  return error instanceof RecipeError ? EXIT.usage : EXIT.failed;
}

/**
 * An error as people see it:
 *
 *     error[UNKNOWN_CONNECTOR] recipes/base.yaml:7:9 (extended by recipes/orders.yaml)
 *       Connector "postgress" is not known.
 *         7 |   type: postgress
 *           |         ^
 *       hint: did you mean "postgres"?
 */
export function renderError(error: ShownError, view: ErrorView): string {
  const { style = PLAIN, cwd, columns = 100, redact = (text: string) => text } = view;
  const clean = (text: string) => redact(shortenPaths(text, cwd)).split("\n").map(visible).join("\n");
  const place = error.location === undefined ? "" : ` ${placeOf(error.location, cwd, style)}`;
  const width = Math.max(40, columns) - 2;
  const lines = [`${style.error(`error[${error.code}]`)}${place}`];
  lines.push(...wrap(clean(error.message), width).map((line) => `  ${line}`));
  lines.push(...excerpt(error.location, { ...view, style, redact, columns: width }));
  if (error.hint !== undefined) {
    const [first, ...rest] = wrap(clean(error.hint), width - "hint: ".length);
    lines.push(
      `  ${style.strong("hint:")} ${first}`,
      ...rest.map((line) => `  ${" ".repeat("hint: ".length)}${line}`),
    );
  }
  if (view.debug) lines.push(...details(error).map((line) => `  ${style.dim(clean(line))}`));
  return `${lines.join("\n")}\n`;
}

/** `file:line:column`, and the recipe that extends the file where it is another. */
export function placeOf(location: SourceLocation, cwd: string, style: Style = PLAIN): string {
  const place = `${displayPath(location.file, cwd)}:${location.line}:${location.column}`;
  if (location.extendedBy === undefined) return style.strong(place);
  return `${style.strong(place)} ${style.dim(`(extended by ${displayPath(location.extendedBy, cwd)})`)}`;
}

/** An error as the fields of `--json`: what `toJSON` gives, with paths as people see them and secrets taken out. */
export function errorToJson(
  error: DataLoaderError,
  view: { cwd: string; redactJson?: (value: unknown) => Json },
): Json {
  const { location } = error;
  const fields = {
    ...error.toJSON(),
    ...(location === undefined ? {} : {
      location: {
        ...location,
        file: displayPath(location.file, view.cwd),
        ...(location.extendedBy === undefined
          ? {}
          : { extendedBy: displayPath(location.extendedBy, view.cwd) }),
      },
    }),
  };
  return view.redactJson?.(fields) ?? (fields as unknown as Json);
}

/** Lines whose value is likely a secret are not shown. */
const SECRET_LINE = /(pass|secret|token|credential|private|api_?key|access_?key|auth|dsn|connection_string)/i;

function excerpt(
  location: SourceLocation | undefined,
  view: ErrorView & { style: Style; redact: (text: string) => string },
): string[] {
  const text = location && view.readLines?.(location.file)?.[location.line - 1];
  if (location === undefined || text === undefined || text.trim() === "" || SECRET_LINE.test(text)) return [];
  const { style } = view;
  const line = text.trimEnd();
  const shown = view.redact(line);
  const number = String(location.line);
  const gutter = " ".repeat(number.length);
  const before = visible(line.slice(0, location.column - 1));
  const room = (view.columns ?? 100) - number.length - 5;
  const lines = [`    ${style.dim(`${number} |`)} ${truncate(visible(shown), room)}`];
  // Hiding something moves what comes after it: the caret would stand wrong.
  const caret = displayWidth(before);
  if (shown === line && caret < room) {
    lines.push(`    ${style.dim(`${gutter} |`)} ${" ".repeat(caret)}${style.error("^")}`);
  }
  return lines;
}

/** Causes and stack traces, for `--log-level debug`. */
function details(error: ShownError): string[] {
  const lines: string[] = [];
  if (Object.keys(error.context ?? {}).length > 0) lines.push(`context: ${JSON.stringify(error.context)}`);
  let at: unknown = error;
  for (let depth = 0; isErrorLike(at) && depth < DEEPEST_CAUSE; depth++, at = at.cause) {
    const stack = at.stack ?? at.message;
    lines.push(...(depth === 0 ? stack : `caused by ${stack}`).split("\n"));
  }
  return lines;
}

const DEEPEST_CAUSE = 5;

function isErrorLike(value: unknown): value is { message: string; stack?: string; cause?: unknown } {
  return typeof value === "object" && value !== null && "message" in value &&
    typeof value.message === "string";
}
