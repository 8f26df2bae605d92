/** Doing what a command does: errors are shown and become exit codes. */
import type { Call } from "./call.ts";
import type { CliIO } from "./io.ts";

/**
 * Imports a command's module. By a computed name: Deno reads the whole module graph behind a literal `import()` as soon as
 * the module that holds it is itself imported dynamically, which costs every other command 100 ms and more.
 */
export async function load<T>(name: string): Promise<T> {
  return await import(new URL(`./commands/${name}.ts`, import.meta.url).href);
}

/** Runs the body of a command. */
export async function invoke(
  io: CliIO,
  options: { logLevel?: string },
  body: (call: Call) => Promise<void>,
): Promise<void> {
  const { Call } = await import(new URL("./call.ts", import.meta.url).href) as typeof import("./call.ts");
  const call = new Call(io, { debug: options.logLevel === "debug" });
  try {
    await body(call);
  } catch (error) {
    io.exitCode = call.showError(error);
  }
}
