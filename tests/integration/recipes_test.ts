/** Every example recipe runs, twice, and loads what it says. In a copy, so that nothing is left in the repository. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { runRecipe } from "./cli.ts";
import { sql } from "./database.ts";
import { withHome } from "./home.ts";
import { copyTree, POSTGRES_RECIPES } from "./recipe_files.ts";
import { RECIPE_RUNS, type RecipeRun } from "./recipe_cases.ts";

const RECIPES = fileURLToPath(new URL("../../recipes/", import.meta.url)).replaceAll("\\", "/");

/** Recipes that are only there to be extended. */
const PARENTS = ["quickstart/base.yaml", "language/company.yaml", "language/shop.yaml"];

Deno.test("example recipes", async (t) => {
  await withHome(async (home) => {
    await copyTree(RECIPES, `${home}/recipes`);
    for (const run of RECIPE_RUNS) {
      await t.step([run.recipe, ...run.args ?? []].join(" "), () => runTwice(home, run));
    }
    await t.step("recipes/ was not written into", async () => {
      assert.deepEqual(await tree(`${home}/recipes`), await tree(RECIPES));
    });
  });
});

Deno.test("every recipe is run by a test, is in the index and begins with a comment", async () => {
  const yaml = (await tree(RECIPES)).filter((path) => path.endsWith(".yaml"));
  const run = new Set([...RECIPE_RUNS.map((run) => run.recipe), ...POSTGRES_RECIPES, ...PARENTS]);
  assert.deepEqual(yaml.filter((path) => !run.has(path)), [], "not run");
  const index = await Deno.readTextFile(`${RECIPES}/README.md`);
  for (const path of yaml) {
    if (!PARENTS.includes(path)) assert.ok(index.includes(`(${path})`), `recipes/README.md names ${path}`);
    const text = await Deno.readTextFile(`${RECIPES}/${path}`);
    assert.match(text, /^# \S/, `${path} begins with a comment`);
  }
});

async function runTwice(home: string, run: RecipeRun): Promise<void> {
  const options = { cwd: home, args: run.args, env: run.env };
  for (const written of [run.written, run.again]) {
    const { code, summary, stderr } = await runRecipe(`${home}/recipes/${run.recipe}`, options);
    assert.equal(code, 0, `${JSON.stringify(summary.error, null, 2)}\n${stderr}`);
    assert.equal(summary.rows_written, written, "rows written");
    const statements = run.check.map((statement) => statement.replaceAll("$OUT", `${home}/out`));
    assert.deepEqual(await sql(...statements), run.rows);
  }
}

async function tree(directory: string, prefix = ""): Promise<string[]> {
  const files: string[] = [];
  for await (const entry of Deno.readDir(directory)) {
    if (entry.isDirectory) files.push(...await tree(`${directory}/${entry.name}`, `${prefix}${entry.name}/`));
    else files.push(`${prefix}${entry.name}`);
  }
  return files.sort();
}
