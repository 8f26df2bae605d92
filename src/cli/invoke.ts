/** Doing what a command does: errors are shown and become exit codes. */
import type { Call } from "./call.ts";
import type { CliIO } from "./io.ts";

/** Runs the body of a command. */
export async function invoke(
  io: CliIO,
  options: { logLevel?: string },
  body: (call: Call) => Promise<void>,
): Promise<void> {
  const { Call } = await import("./call.ts");
  const call = new Call(io, { debug: options.logLevel === "debug" });
  try {
    await body(call);
  } catch (error) {
    io.exitCode = call.showError(error);
  }
}
