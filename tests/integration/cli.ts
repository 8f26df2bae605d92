/** The command line as a process of its own: what people run, with its exit code and both streams. */
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));

export interface CliResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The summary that `run --json` prints, as far as the tests read it. */
export interface Summary {
  readonly status: "succeeded" | "failed" | "partial";
  readonly rows_read: number;
  readonly rows_written: number;
  readonly rows_rejected: number;
  readonly error?: {
    readonly code: string;
    readonly message: string;
    readonly hint?: string;
    readonly location?: { readonly file: string; readonly line: number; readonly column: number };
  };
}

export interface CliOptions {
  /** Working directory: where `.state` goes. */
  readonly cwd: string;
  readonly env?: Record<string, string>;
}

/** The command that starts the CLI with `args`. */
export function cliCommand(args: readonly string[], options: CliOptions): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", MAIN, ...args],
    cwd: options.cwd,
    env: { NO_COLOR: "1", ...options.env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
}

/** Runs the CLI to its end. */
export async function cli(args: readonly string[], options: CliOptions): Promise<CliResult> {
  const output = await cliCommand(args, options).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code: output.code, stdout: text(output.stdout), stderr: text(output.stderr) };
}

/** `run … --json`: the exit code and the summary, which must be the only thing on stdout. */
export async function runRecipe(
  recipe: string,
  options: CliOptions & { args?: readonly string[] },
): Promise<CliResult & { readonly summary: Summary }> {
  const result = await cli(["run", recipe, "--json", ...options.args ?? []], options);
  try {
    return { ...result, summary: JSON.parse(result.stdout) };
  } catch (cause) {
    throw new Error(
      `run --json printed no JSON (exit ${result.code}):\n${result.stdout}\n${result.stderr}`,
      { cause },
    );
  }
}
