/** The recipe of docs/testing.md is tested as the page says. */
import assert from "node:assert/strict";
import { testRecipe } from "../../src/app/testing/mod.ts";
import { withHome } from "./home.ts";

const PAGE = new URL("../../docs/testing.md", import.meta.url);

Deno.test("the recipe of docs/testing.md passes its tests", async () => {
  const page = await Deno.readTextFile(PAGE);
  const recipe = /```yaml\n([^]*?)```/.exec(page)![1]!;
  await withHome(async (home) => {
    const file = `${home}/orders.yaml`;
    await Deno.writeTextFile(file, recipe);
    const { outcomes } = await testRecipe(file, { input: {} });
    assert.deepEqual(
      outcomes.map(({ passed }) => passed),
      [true, true, true],
      JSON.stringify(outcomes, null, 2),
    );
    // The page shows what a failure looks like.
    await Deno.writeTextFile(file, recipe.replace("amount: 99.99", "amount: 100.99"));
    const changed = await testRecipe(file, { input: {}, wanted: (name) => name.startsWith("small") });
    assert.equal(changed.outcomes[0]!.passed, false);
  });
});

Deno.test("recipes in docs/validation.md pass their tests", async (t) => {
  const page = await Deno.readTextFile(new URL("../../docs/validation.md", import.meta.url));
  const recipes = [...page.matchAll(/```yaml\n([^]*?)```/g)].map(([, text]) => text!).filter((text) =>
    text.includes("tests:")
  );
  assert.equal(recipes.length, 2);
  for (const recipe of recipes) {
    await t.step(/name: (\w+)/.exec(recipe)![1]!, async () => {
      await withHome(async (home) => {
        await Deno.writeTextFile(`${home}/r.yaml`, recipe);
        const { outcomes } = await testRecipe(`${home}/r.yaml`, { input: {} });
        assert.ok(outcomes.length > 0);
        assert.ok(outcomes.every(({ passed }) => passed), JSON.stringify(outcomes, null, 2));
      });
    });
  }
});
