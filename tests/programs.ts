/** Programs of the machine that tests use where they are there. */

/** Whether a program can be run at all. `args`: of a call that succeeds and does nothing. */
export async function has(program: string, args: readonly string[] = ["--version"]): Promise<boolean> {
  try {
    const command = new Deno.Command(program, {
      args: [...args],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    });
    return (await command.output()).success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
