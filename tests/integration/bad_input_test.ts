/** Bad input: a clear error, the right exit code, destination and state untouched. Through the command line. */
import { runBadCase, Seed } from "./bad_input.ts";
import { BAD_FILES } from "./bad_file_cases.ts";
import { BAD_RECIPES } from "./bad_recipe_cases.ts";

for (const [title, cases] of [["recipe", BAD_RECIPES], ["file", BAD_FILES]] as const) {
  Deno.test(`bad input: ${title}`, async (t) => {
    const parent = (await Deno.makeTempDir({ prefix: "bad_input_" })).replaceAll("\\", "/");
    try {
      const seed = await Seed.make(parent);
      for (const bad of cases) {
        const targets = bad.into ??
          (typeof bad.recipe === "string" ? ["duckdb"] as const : ["duckdb", "files"] as const);
        for (const target of targets) {
          await t.step(`${bad.name} → ${target}`, async () => {
            const home = await seed.copy();
            await runBadCase(home, bad, target);
            await Deno.remove(home, { recursive: true });
          });
        }
      }
    } finally {
      await Deno.remove(parent, { recursive: true });
    }
  });
}
