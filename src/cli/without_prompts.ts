/** Starting the program once more where Deno would ask questions on the terminal: see `src/sandbox/prompts.ts`. */
import { fileURLToPath } from "node:url";
import { mayPrompt } from "../sandbox/prompts.ts";

/** Commands that start no Worker: they need not be started again. */
const WITHOUT_WORKER: ReadonlySet<string> = new Set([
  "validate",
  "init",
  "completions",
  "list-connectors",
  "connector",
  "help",
  "--help",
  "-h",
]);

const ALL = ["run", "read", "write", "net", "env", "ffi", "sys", "import"] as const;

/**
 * Runs the command line in a process that asks nothing, and resolves to its exit code; undefined where this process may go
 * on by itself. Signals reach the other process too.
 */
export async function runWithoutPrompts(args: readonly string[]): Promise<number | undefined> {
  const [command] = args;
  if (command === undefined || WITHOUT_WORKER.has(command) || !mayPrompt()) return undefined;
  // A process that holds less than everything must not start one that holds more.
  const holdsAll = ALL.every((name) => Deno.permissions.querySync({ name }).state === "granted");
  if (!holdsAll || !Deno.mainModule.startsWith("file:")) return undefined;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-prompt", "--unstable-worker-options", fileURLToPath(Deno.mainModule), ...args],
    env: { DENO_NO_PROMPT: "1" },
    stdin: "inherit",
    stdout: "inherit",
    stderr: "inherit",
  }).spawn();
  // The terminal sends its own signals to both: this process waits for what the other makes of them.
  Deno.addSignalListener("SIGINT", () => {});
  if (Deno.build.os !== "windows") {
    for (const signal of ["SIGTERM", "SIGHUP"] as const) {
      Deno.addSignalListener(signal, () => {
        try {
          child.kill(signal);
        } catch {
          // It has ended already.
        }
      });
    }
  }
  const { code } = await child.status;
  return code;
}
