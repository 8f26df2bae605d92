/** Starting measured processes, and what they say of themselves. */

import process from "node:process";
import { fileURLToPath } from "node:url";

/** What a measured process prints as its last line. */
export interface RunFigures {
  /** From its first step to its last, without the start of the process. */
  readonly ms: number;
  /** Processor time of all threads since the start of the process, in milliseconds. */
  readonly cpuMs: number;
  /** Peak resident memory in bytes, where the system tells. */
  readonly rssBytes?: number;
  readonly value?: number;
}

/** The same, and how long the process took from start to exit. */
export interface Measured extends RunFigures {
  readonly processMs: number;
}

/** Processor time of this process, in milliseconds. */
export function cpuTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** The peak resident memory of this process in bytes; undefined where there is no `/proc`. */
export async function peakRss(): Promise<number | undefined> {
  try {
    const kilobytes = /^VmHWM:\s+(\d+) kB/m.exec(await Deno.readTextFile("/proc/self/status"))?.[1];
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Runs a script of this folder with arguments, and reads the figures that it prints. */
export async function measure(script: string, args: readonly string[]): Promise<Measured> {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const { stdout, processMs } = await timed(["run", "-A", path, ...args]);
  const line = stdout.trim().split("\n").at(-1)!;
  return { ...JSON.parse(line) as RunFigures, processMs };
}

/** Runs Deno with arguments and says how long it took. @throws {Error} with its output where it failed. */
export async function timed(args: readonly string[]): Promise<{ stdout: string; processMs: number }> {
  const began = performance.now();
  const output = await new Deno.Command(Deno.execPath(), {
    args: [...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  const processMs = performance.now() - began;
  const stdout = new TextDecoder().decode(output.stdout);
  if (!output.success) {
    throw new Error(
      `deno ${args.join(" ")} ended with ${output.code}:\n${stdout}${
        new TextDecoder().decode(output.stderr)
      }`,
    );
  }
  return { stdout, processMs };
}
