/** A step that tries what no recipe allows: to read another file and a variable, and to start a program. */
export async function readOther(): Promise<never> {
  const got: string[] = [];
  // A name that nobody can know before the program runs: what is imported is read, too.
  const outside = new URL(`../outside${""}.ts`, import.meta.url).href;
  for (
    const attempt of [
      () => Deno.readTextFile("secret.txt"),
      () => import(outside),
      () => Deno.env.get("SMOKE_SECRET"),
      () => new Deno.Command(Deno.execPath(), { args: ["version"] }).output(),
      () => fetch("http://127.0.0.1:47999/"),
    ]
  ) {
    try {
      await attempt();
      got.push(attempt.toString());
    } catch (error) {
      const refused = error instanceof Deno.errors.NotCapable ||
        /NotCapable|Requires read access/.test(String(error));
      if (!refused) got.push(`${attempt}: ${error}`);
    }
  }
  throw new Error(got.length === 0 ? "ALL_REFUSED" : `NOT_REFUSED: ${got.join("; ")}`);
}
