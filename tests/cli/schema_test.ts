/** `schema show`, `history`, `diff` and `infer`, and what `plan` says of a table that will change. */
import assert from "node:assert/strict";
import { Project, transcript } from "./harness.ts";
import { assertSnapshot } from "./snapshot.ts";

const RECIPE = `# Prices of the shop
name: prices
source:
  type: csv
  path: prices.csv # as it comes
destination:
  type: duckdb
  database: shop.duckdb
  table: prices
`;
const EVOLVING = RECIPE.replace(
  "destination:",
  "schema:\n  evolution: {allow_type_changes: true}\ndestination:",
);
const FIRST = "sku,price,since\nA-1,49.90,2024-01-02\nA-2,119.00,2024-01-03\n";
const SECOND = "sku,price,since,colour\nA-3,on request,2024-02-01,oak\n";

/** What differs from run to run. */
function steady(text: string): string {
  return text.replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "<time>")
    .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, "<run>")
    .replaceAll(/shop_\d+_[0-9a-f]{8}/g, "<shop>");
}

async function loaded(): Promise<Project> {
  const project = await Project.create({ "prices.yaml": EVOLVING, "prices.csv": FIRST });
  assert.equal((await project.call(["run", "prices.yaml"])).code, 0);
  return project;
}

async function snapshot(project: Project, name: string, args: string[], code = 0): Promise<void> {
  const called = await project.call(args);
  assert.equal(called.code, code, called.stderr);
  await assertSnapshot(name, steady(transcript(args, called)), { dir: project.dir });
}

Deno.test("plan shows the migration, safe and destructive; a run makes it and tells of it", async () => {
  await using project = await loaded();
  await project.write("prices.csv", SECOND);
  await snapshot(project, "plan_migration", ["plan", "prices.yaml"]);
  const json = JSON.parse((await project.call(["plan", "prices.yaml", "--format", "json"])).stdout);
  const { changes } = json.resources[0].described.write;
  assert.deepEqual(
    changes.map(({ kind, safety }: Record<string, string>) => [kind, safety]),
    [["change_type", "destructive"], ["add_column", "safe"]],
  );
  assert.ok(changes.every(({ statement }: { statement: string }) => statement.startsWith("ALTER TABLE ")));
  const run = await project.call(["run", "prices.yaml"]);
  assert.match(run.stderr + run.stdout, /change column price from float to string .*\(destructive/s);
  const again = JSON.parse((await project.call(["plan", "prices.yaml", "--format", "json"])).stdout);
  assert.deepEqual(again.resources[0].described.write.changes, []);
});

Deno.test("schema history, show and diff", async () => {
  await using project = await loaded();
  await project.write("prices.csv", SECOND);
  await snapshot(project, "schema_diff_now", ["schema", "diff", "prices.yaml"], 1);
  assert.equal((await project.call(["run", "prices.yaml"])).code, 0);
  await snapshot(project, "schema_history", ["schema", "history", "prices.yaml"]);
  await snapshot(project, "schema_show", ["schema", "show", "prices.yaml"]);
  await snapshot(project, "schema_show_first", ["schema", "show", "prices.yaml", "--version", "1", "--json"]);
  await snapshot(project, "schema_diff", ["schema", "diff", "prices.yaml", "--from", "1", "--to", "2"], 1);
  assert.equal((await project.call(["schema", "diff", "prices.yaml"])).code, 0);
  await snapshot(project, "schema_show_unknown", ["schema", "show", "prices.yaml", "--version", "7"], 2);
});

Deno.test("a run that changes nothing records nothing", async () => {
  await using project = await loaded();
  assert.equal((await project.call(["run", "prices.yaml"])).code, 0);
  const history = JSON.parse((await project.call(["schema", "history", "prices.yaml", "--json"])).stdout);
  assert.equal(history.length, 1);
});

Deno.test("schema history before the first run", async () => {
  await using project = await Project.create({ "prices.yaml": RECIPE, "prices.csv": FIRST });
  await snapshot(project, "schema_history_none", ["schema", "history", "prices.yaml"]);
  await snapshot(project, "schema_show_none", ["schema", "show", "prices.yaml"], 2);
});

Deno.test("schema infer prints a block, and writes one that the recipe runs with", async () => {
  await using project = await Project.create({ "prices.yaml": RECIPE, "prices.csv": FIRST });
  await snapshot(project, "schema_infer", ["schema", "infer", "prices.yaml"]);
  assert.equal(await project.read("prices.yaml"), RECIPE);
  await snapshot(project, "schema_infer_write", ["schema", "infer", "prices.yaml", "--write"]);
  const written = await project.read("prices.yaml");
  await assertSnapshot("schema_infer_recipe", written);
  assert.equal((await project.call(["run", "prices.yaml"])).code, 0);
  await snapshot(project, "schema_infer_exists", ["schema", "infer", "prices.yaml", "--write"], 2);
  assert.equal(await project.read("prices.yaml"), written);
  const args = ["schema", "infer", "prices.yaml", "--write", "--force", "--mode", "lenient"];
  assert.equal((await project.call(args)).code, 0);
  assert.equal(await project.read("prices.yaml"), written.replace("mode: strict", "mode: lenient"));
});

Deno.test("schema infer writes JSON recipes, too, and no other files", async () => {
  const recipe = {
    name: "prices",
    source: { type: "csv", path: "prices.csv" },
    destination: { type: "duckdb", database: "shop.duckdb", table: "prices" },
  };
  await using project = await Project.create({
    "prices.json": `${JSON.stringify(recipe, null, 2)}\n`,
    "prices.csv": FIRST,
  });
  const printed = await project.call(["schema", "infer", "prices.json"]);
  assert.match(printed.stdout, /^"schema": \{\n {2}"mode": "strict"/);
  assert.equal((await project.call(["schema", "infer", "prices.json", "--write"])).code, 0);
  const written = JSON.parse(await project.read("prices.json"));
  assert.equal(written.schema.columns.length, 3);
  assert.deepEqual({ ...written, schema: undefined }, { ...recipe, schema: undefined });
  assert.equal((await project.call(["run", "prices.json"])).code, 0);
  assert.equal((await project.call(["schema", "infer", "prices.json", "--write"])).code, 2);
});

Deno.test("no secret reaches the registry, the summary or an error of a value", async () => {
  await using project = await Project.create({
    "prices.yaml": RECIPE.replace("path: prices.csv", `path: '{{ env_var("SHOP_PASSWORD") }}.csv'`)
      .replace(
        "destination:",
        "schema:\n  mode: lenient\n  columns: [{name: price, type: int}]\ndestination:",
      ),
    "hunter2hunter2.csv": "sku,price\nA-1,hunter2hunter2\n",
  });
  const env = { SHOP_PASSWORD: "hunter2hunter2" };
  const run = await project.call(["run", "prices.yaml", "--json"], { env });
  assert.equal(run.code, 0, run.stderr);
  assert.doesNotMatch(run.stdout + run.stderr, /hunter2/);
  assert.equal(JSON.parse(run.stdout).coercions[0].lost, 1);
  assert.doesNotMatch(await project.read(".state/schemas/prices.json"), /hunter2/);
  const history = await project.call(["schema", "history", "prices.yaml"], { env });
  assert.doesNotMatch(history.stdout + history.stderr, /hunter2/);
});
