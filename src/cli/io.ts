/** What a command is given: where to write, what the terminal is like, the environment. Commands touch nothing else. */
import { join, relative, resolve, sep } from "node:path";

/** One of the two streams. */
export interface Output {
  write(text: string): void;
  readonly isTerminal: boolean;
  /** Whether to colour what is written here. */
  readonly color: boolean;
  /** Cells in a line and lines on the screen, as they are now; 80 and 24 where it can't be told. */
  readonly columns: number;
  readonly rows: number;
}

/** The surroundings of one call of the command line. Tests give their own. */
export interface CliIO {
  /** Results: what a pipe wants. */
  readonly stdout: Output;
  /** Everything else: progress, logs, errors. */
  readonly stderr: Output;
  readonly env: (name: string) => string | undefined;
  /** The working directory: relative paths of the command line are relative to it. */
  readonly cwd: string;
  /** What the process exits with. */
  exitCode: number;
  /** Asks a person; undefined where nobody can answer. */
  readonly confirm?: (question: string) => boolean | Promise<boolean>;
  /** Calls back on SIGINT and SIGTERM until the returned function is called. */
  readonly onSignal?: (listener: (signal: StopSignal) => void) => () => void;
  /** Ends the process at once: for a second Ctrl-C. */
  readonly exitNow?: (code: number) => void;
}

export type StopSignal = "SIGINT" | "SIGTERM";

/** The exit codes. */
export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  partial: 3,
  SIGINT: 130,
  SIGTERM: 143,
} as const;

/** A path of the command line as an absolute one. */
export function resolvePath(io: Pick<CliIO, "cwd">, path: string): string {
  return resolve(io.cwd, path);
}

/** A path for people: relative where it lies under the working directory. */
export function displayPath(path: string, cwd: string): string {
  const short = relative(cwd, path);
  if (short === "") return ".";
  return short.startsWith("..") || resolve(short) === short ? path : short;
}

/** A text for people: absolute paths under the working directory in it become relative. */
export function shortenPaths(text: string, cwd: string): string {
  if (cwd === sep || cwd === "") return text;
  const prefixes = new Set([join(cwd, sep), join(cwd, sep).replaceAll("\\", "/")]);
  let short = text;
  for (const prefix of prefixes) short = replaceAtBoundary(short, prefix);
  return short;
}

/** Removes `prefix` where a path begins: `/a/b` must not be cut out of `/x/a/b`. */
function replaceAtBoundary(text: string, prefix: string): string {
  let result = "";
  let from = 0;
  for (let at = text.indexOf(prefix); at !== -1; at = text.indexOf(prefix, at + prefix.length)) {
    const before = text.charAt(at - 1);
    result += text.slice(from, at);
    if (/[\w.\-/\\]/.test(before)) result += prefix;
    from = at + prefix.length;
  }
  return result + text.slice(from);
}
