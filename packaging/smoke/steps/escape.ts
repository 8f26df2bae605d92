/** A step that tries what no recipe allows: to read another file and a variable, and to start a program. */
export async function readOther(): Promise<never> {
  const got: string[] = [];
  for (
    const attempt of [
      () => Deno.readTextFile("secret.txt"),
      () => Deno.env.get("SMOKE_SECRET"),
      () => new Deno.Command(Deno.execPath(), { args: ["version"] }).output(),
      () => fetch("http://127.0.0.1:47999/"),
    ]
  ) {
    try {
      await attempt();
      got.push(attempt.toString());
    } catch (error) {
      if (!(error instanceof Deno.errors.NotCapable)) got.push(`${attempt}: ${error}`);
    }
  }
  throw new Error(got.length === 0 ? "ALL_REFUSED" : `NOT_REFUSED: ${got.join("; ")}`);
}
