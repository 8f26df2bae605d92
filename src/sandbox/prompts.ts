/**
 * On a terminal Deno asks a person for each permission that a Worker lacks, whatever the process itself holds, and the answer
 * would widen what the recipe names. Only how the process was started keeps it from asking: `--no-prompt`, or
 * `DENO_NO_PROMPT=1` in the environment. https://docs.deno.com/runtime/fundamentals/security/
 */
import { isatty } from "node:tty";

const [STDIN, STDERR] = [0, 2];

/** Whether Deno would ask. A process that was started with the flag alone can't be told from one that was not. */
export function mayPrompt(): boolean {
  // Executables are made with `--no-prompt`.
  if (Deno.build.standalone || !isatty(STDIN) || !isatty(STDERR)) return false;
  const readable =
    Deno.permissions.querySync({ name: "env", variable: "DENO_NO_PROMPT" }).state === "granted";
  return !readable || Deno.env.get("DENO_NO_PROMPT") !== "1";
}
