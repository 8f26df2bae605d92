/** The real streams, environment and signals of this process. */
import { UsageError } from "./errors.ts";
import type { CliIO, Output, StopSignal } from "./io.ts";
import { wantsColor } from "./style.ts";

/** The surroundings of this process. */
export function processIO(): CliIO {
  const env = readEnv;
  const stdout = output(Deno.stdout, env);
  const stderr = output(Deno.stderr, env);
  return {
    stdout,
    stderr,
    env,
    cwd: Deno.cwd(),
    exitCode: 0,
    ...(Deno.stdin.isTerminal() && stderr.isTerminal ? { confirm: ask(stderr) } : {}),
    onSignal,
    exitNow: (code) => Deno.exit(code),
  };
}

/** How output looks: a process that may not read these does without. */
const APPEARANCE = [
  "NO_COLOR",
  "FORCE_COLOR",
  "CLICOLOR",
  "CLICOLOR_FORCE",
  "TERM",
  "COLORTERM",
  "COLUMNS",
  "CI",
];

/** @throws {UsageError} where the process was started without permission to read a variable that a recipe names. */
function readEnv(name: string): string | undefined {
  try {
    return Deno.env.get(name);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotCapable)) throw error;
    if (APPEARANCE.includes(name)) return undefined;
    throw new UsageError("VARIABLE_NOT_PERMITTED", `This process may not read the variable ${name}.`, {
      hint: `start it with --allow-env=${name}; \`dataloader permissions\` prints all flags`,
      context: { variable: name },
      cause: error,
    });
  }
}

function output(stream: typeof Deno.stdout, env: (name: string) => string | undefined): Output {
  const isTerminal = stream.isTerminal();
  const encoder = new TextEncoder();
  let closed = false;
  return {
    isTerminal,
    color: wantsColor(isTerminal, env),
    get columns() {
      return size(env)?.columns ?? 80;
    },
    get rows() {
      return size(env)?.rows ?? 24;
    },
    write(text) {
      if (closed) return;
      closed = !writeAll(stream, encoder.encode(text));
    },
  };
}

/** Writes all of it. False where the reader is gone, as after `| head -1`: the rest is then dropped, quietly. */
function writeAll(stream: typeof Deno.stdout, bytes: Uint8Array): boolean {
  let at = 0;
  while (at < bytes.length) {
    try {
      at += stream.writeSync(bytes.subarray(at));
    } catch (error) {
      if (error instanceof Deno.errors.BrokenPipe) return false;
      if (!(error instanceof Deno.errors.WouldBlock)) throw error;
      // The pipe is full and somebody made it non-blocking: wait until there is room.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
  return true;
}

/** The terminal's size, or `COLUMNS` where there is none. */
function size(env: (name: string) => string | undefined): { columns: number; rows: number } | undefined {
  const columns = Number(env("COLUMNS"));
  const asked = Number.isInteger(columns) && columns >= 20 ? columns : undefined;
  try {
    const { columns, rows } = Deno.consoleSize();
    if (columns > 0) return { columns, rows };
  } catch {
    // No terminal at all.
  }
  return asked === undefined ? undefined : { columns: asked, rows: 24 };
}

function ask(stderr: Output): (question: string) => boolean {
  return (question) => {
    stderr.write(`${question} [y/N] `);
    const answer = new Uint8Array(64);
    const length = Deno.stdin.readSync(answer) ?? 0;
    return /^\s*y(es)?\s*$/i.test(new TextDecoder().decode(answer.subarray(0, length)));
  };
}

function onSignal(listener: (signal: StopSignal) => void): () => void {
  // Windows knows SIGINT and SIGBREAK only.
  const signals: StopSignal[] = Deno.build.os === "windows" ? ["SIGINT"] : ["SIGINT", "SIGTERM"];
  const handlers = signals.map((signal) => ({ signal, handle: () => listener(signal) }));
  for (const { signal, handle } of handlers) Deno.addSignalListener(signal, handle);
  return () => {
    for (const { signal, handle } of handlers) Deno.removeSignalListener(signal, handle);
  };
}
