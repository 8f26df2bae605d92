/** Files of recipes: copying them, and which need a server. */

/** Recipes that `postgres_recipes_test.ts` runs, in its order: some read what others have written. */
export const POSTGRES_RECIPES = [
  "postgres/from_csv.yaml",
  "postgres/keep_copy.yaml",
  "postgres/to_duckdb.yaml",
];

export async function copyTree(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for await (const entry of Deno.readDir(from)) {
    const [source, target] = [`${from}/${entry.name}`, `${to}/${entry.name}`];
    if (entry.isDirectory) await copyTree(source, target);
    else await Deno.copyFile(source, target);
  }
}
