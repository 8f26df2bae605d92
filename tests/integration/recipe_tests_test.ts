/** The example recipes have tests that mean something, and they pass. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { testRecipe } from "../../src/app/testing/mod.ts";
import { findRecipes } from "../../src/cli/recipe_files.ts";

const RECIPES = fileURLToPath(new URL("../../recipes/", import.meta.url));

/** Recipes without tests, each with the reason. Parents need none: they are tested through the recipes that extend them. */
const WITHOUT_TESTS: Readonly<Record<string, string>> = {};

Deno.test("every example recipe has tests, and they pass", async (t) => {
  const { recipes, named } = await findRecipes(["."], RECIPES);
  assert.ok(recipes.length >= 27);
  assert.deepEqual(named, []);
  const seen = new Set<string>();
  for (const file of recipes) {
    const name = file.slice(RECIPES.length).replaceAll("\\", "/");
    seen.add(name);
    await t.step(name, async () => {
      const { outcomes } = await testRecipe(file, { input: { env: () => undefined } });
      if (name in WITHOUT_TESTS) assert.equal(outcomes.length, 0, "it has tests: take it off the list");
      else assert.ok(outcomes.length > 0, "add `tests:` to the recipe (docs/testing.md)");
      for (const { name: test, passed, runs } of outcomes) {
        assert.ok(passed, `${test}: ${JSON.stringify(runs, null, 2)}`);
      }
    });
  }
  assert.deepEqual(Object.keys(WITHOUT_TESTS).filter((name) => !seen.has(name)), [], "listed, but not there");
});
