/** Where `main.ts` goes on: runs the command line of this process and exits. */
import { runCli } from "./program.ts";
import { processIO } from "./process_io.ts";

/** Runs the command line and ends the process with its exit code. */
export async function start(args: readonly string[]): Promise<never> {
  const io = processIO();
  await runCli(io, args);
  Deno.exit(io.exitCode);
}
