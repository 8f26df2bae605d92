/** What recipes reach: each example recipe exactly what it names, and what `runtime.permissions` makes of it. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { readRecipe } from "../../../src/app/mod.ts";
import { accessOf, checkRecipe, narrow } from "../../../src/plan/mod.ts";
import { RECIPE_RUNS } from "../../integration/recipe_cases.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url)).replaceAll("\\", "/");

interface Named {
  readonly reads: readonly string[];
  readonly writes: string;
  readonly code?: string;
  /** Where rows that don't fit are kept. */
  readonly keeps?: string;
  readonly codeReads?: readonly string[];
  readonly codeEnv?: readonly string[];
}

/** Data that is read, what is written, modules that are imported; folders stand for what a glob begins with. */
const NAMED: Record<string, Named> = {
  "quickstart/weather.yaml": { reads: ["recipes/data/seattle_weather"], writes: "out/quickstart.duckdb" },
  "quickstart/earthquakes.yaml": { reads: ["recipes/data/earthquakes.json"], writes: "out/earthquakes" },
  "quickstart/wettest_months.yaml": { reads: ["out/quickstart.duckdb"], writes: "out/wettest_months.jsonl" },
  "quickstart/strongest_quakes.yaml": { reads: ["out/earthquakes"], writes: "out/strongest_quakes.csv" },
  "files/csv_to_parquet.yaml": { reads: ["recipes/data/shop"], writes: "out/files/orders.parquet" },
  "files/csv_dialect.yaml": {
    reads: ["recipes/data/shop/stock-latin1.csv"],
    writes: "out/files/stock.jsonl",
  },
  "files/jsonl_to_csv.yaml": { reads: ["recipes/data/shop/events.jsonl"], writes: "out/files/events.csv.gz" },
  "files/hive_write.yaml": { reads: ["recipes/data/shop"], writes: "out/files/orders_by_month" },
  "files/hive_read.yaml": { reads: ["recipes/data/shop/sales"], writes: "out/files/sales.parquet" },
  "files/new_files_only.yaml": { reads: ["recipes/data/shop"], writes: "out/files/orders" },
  "duckdb/overwrite.yaml": { reads: ["recipes/data/shop/customers.csv"], writes: "out/shop.duckdb" },
  "duckdb/append_new_files.yaml": { reads: ["recipes/data/shop"], writes: "out/shop.duckdb" },
  "duckdb/parquet_upsert.yaml": { reads: ["out/files/orders"], writes: "out/shop.duckdb" },
  "duckdb/to_jsonl.yaml": { reads: ["out/shop.duckdb"], writes: "out/spending.jsonl" },
  "duckdb/copy_new_rows.yaml": { reads: ["out/shop.duckdb"], writes: "out/archive.duckdb" },
  "duckdb/copy_window.yaml": { reads: ["out/shop.duckdb"], writes: "out/archive.duckdb" },
  "duckdb/history_scd2.yaml": { reads: ["recipes/data/shop/customers.csv"], writes: "out/shop.duckdb" },
  "transforms/rename_and_cast.yaml": {
    reads: ["recipes/data/shop/customers.csv"],
    writes: "out/transforms/customers.parquet",
  },
  "transforms/add_column.yaml": {
    reads: ["recipes/data/shop/customers.csv"],
    writes: "out/transforms/customers_of_shop.jsonl",
  },
  "transforms/filter_and_select.yaml": {
    reads: ["recipes/data/shop"],
    writes: "out/transforms/large_orders.csv",
  },
  "transforms/sql.yaml": { reads: ["recipes/data/shop"], writes: "out/transforms/tiers.csv" },
  "transforms/function.yaml": {
    reads: ["recipes/data/shop/customers.csv"],
    writes: "out/transforms/initials.jsonl",
    code: "recipes/transforms/initials.ts",
  },
  "language/orders.yaml": {
    reads: ["recipes/data/shop/orders-2024-01.csv"],
    writes: "out/language/orders-2024-01.parquet",
  },
  "language/environment.yaml": {
    reads: ["recipes/data/shop/customers.csv"],
    writes: "out/language/customers.csv",
  },
  "permissions/narrowed.yaml": {
    reads: ["recipes/data/shop/customers.csv"],
    writes: "out/permissions/greetings.jsonl",
    code: "recipes/permissions/code/greet.ts",
    codeReads: ["recipes/permissions/countries.json"],
    codeEnv: ["SHOP_GREETING"],
  },
  "schema/evolve.yaml": { reads: ["recipes/data/shop/prices-1.csv"], writes: "out/schema.duckdb" },
  "schema/discard_column.yaml": { reads: ["recipes/data/shop/prices-1.csv"], writes: "out/schema.duckdb" },
  "schema/discard_row.yaml": { reads: ["recipes/data/shop/prices-1.csv"], writes: "out/schema.duckdb" },
  "schema/variant.yaml": { reads: ["recipes/data/shop/prices-1.csv"], writes: "out/schema.duckdb" },
  "schema/freeze.yaml": { reads: ["recipes/data/shop/prices-1.csv"], writes: "out/schema.duckdb" },
  "schema/lenient.yaml": {
    reads: ["recipes/data/shop/prices-2.csv"],
    writes: "out/schema/prices.parquet",
  },
  "schema/strict.yaml": { reads: ["recipes/data/shop/customers.csv"], writes: "out/schema.duckdb" },
  "validation/fail.yaml": { reads: ["recipes/data/shop"], writes: "out/validation/orders.parquet" },
  "validation/skip.yaml": {
    reads: ["recipes/data/shop/signups.csv"],
    writes: "out/validation/mailing_list.csv",
  },
  "validation/warn.yaml": {
    reads: ["recipes/data/shop/customers.csv", "recipes/data/shop/signups.csv"],
    writes: "out/validation/signups.parquet",
  },
  "validation/quarantine.yaml": {
    reads: ["recipes/data/shop/signups.csv"],
    writes: "out/validation.duckdb",
  },
  "validation/replay.yaml": { reads: ["out/validation.duckdb"], writes: "out/validation.duckdb" },
  "validation/quarantine_file.yaml": {
    reads: ["recipes/data/shop/signups.csv"],
    writes: "out/validation/customers.jsonl",
    code: "recipes/validation/mail_domains.ts",
    keeps: "out/validation/quarantine/",
  },
  "plugins/ini_format.yaml": {
    reads: ["recipes/data/shop/settings.ini"],
    writes: "out/plugins/settings.csv",
    code: "recipes/plugins/ini_format.ts",
  },
  "plugins/calendar_source.yaml": {
    reads: [],
    writes: "out/calendar.duckdb",
    code: "recipes/plugins/calendar_source.ts",
  },
  "plugins/mask_step.yaml": {
    reads: ["recipes/data/shop/customers.csv"],
    writes: "out/plugins/masked.csv",
    code: "recipes/plugins/mask_step.ts",
  },
};

for (const recipe of new Set(RECIPE_RUNS.map((run) => run.recipe))) {
  const expected = NAMED[recipe];
  // Recipes of servers have tests of their own.
  if (expected === undefined) continue;
  Deno.test(`${recipe} reaches what it names and nothing else`, async () => {
    const read = await readRecipe(`${ROOT}recipes/${recipe}`, { env: () => undefined });
    const accesses = accessOf(read, "run");
    const { reads, writes, code, codeReads = [], codeEnv = [], keeps } = expected;
    const kept = keeps === undefined ? [] : [keeps];
    const folder = writes.slice(0, writes.lastIndexOf("/") + 1);
    const beside = (path: string) =>
      path.startsWith(`${writes}.`) || kept.some((named) => path.startsWith(`${named}.`)) ||
      reads.some((named) => path.startsWith(`${named}.`)) ||
      path === `${folder}_dataloader_loads`;
    const paths = (kind: string, options: { beside: boolean }) =>
      [
        ...new Set(
          accesses.filter((access) => access.kind === kind && (access.why !== undefined) === options.beside)
            .map(({ value }) => value.replace(ROOT, "")).filter((path) => !path.includes("*")),
        ),
      ].sort();
    assert.deepEqual(
      paths("read", { beside: false }),
      [...new Set([...reads, ...codeReads, writes, ...kept])].sort(),
    );
    assert.deepEqual(paths("write", { beside: false }), [writes, ...kept]);
    assert.deepEqual(paths("code", { beside: false }), code === undefined ? [] : [code]);
    for (const kind of ["read", "write"]) {
      assert.deepEqual(paths(kind, { beside: true }).filter((path) => !beside(path)), []);
    }
    assert.deepEqual(accesses.filter(({ kind }) => kind === "net"), []);
    assert.deepEqual(accesses.filter(({ kind }) => kind === "env").map(({ value }) => value), codeEnv);
    // A path that holds glob characters may be the name of a file: it is named as it stands.
    for (const { kind, value, location } of accesses) {
      if (kind !== "env") assert.ok(value.startsWith(ROOT), value);
      assert.ok(location !== undefined && location.line > 1, value);
    }
    const look = accessOf(read, "look");
    assert.deepEqual(look.filter(({ kind }) => kind === "write"), []);
    assert.deepEqual(look.filter((a) => !accesses.some((b) => a.kind === b.kind && a.value === b.value)), []);
  });
}

Deno.test("every recipe that is run here is in the list, or names a server", async () => {
  for (const recipe of new Set(RECIPE_RUNS.map((run) => run.recipe))) {
    if (recipe in NAMED) continue;
    const text = await Deno.readTextFile(`${ROOT}recipes/${recipe}`);
    assert.match(text, /type: postgres/, `${recipe} is in no list`);
  }
});

async function recipeOf(runtime: string, source = '{type: csv, path: "data/in/*.csv"}') {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(
      `${folder}/r.yaml`,
      `name: narrow
source: ${source}
destination: {type: duckdb, database: out.duckdb, table: t}
runtime: ${runtime}
`,
    );
    const recipe = await readRecipe(`${folder}/r.yaml`, { env: () => undefined });
    return { folder, recipe };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("runtime.permissions that allow all that is named change nothing", async () => {
  const { recipe } = await recipeOf(
    "{permissions: {read: [.], write: [out.duckdb, out.duckdb.wal], net: []}}",
  );
  // Files beside the database are written as well: each must be allowed, or their folder.
  const { problems } = narrow(accessOf(recipe, "run"), recipe);
  assert.ok(problems.length > 0);
  const whole = await recipeOf("{permissions: {read: [.], write: [.], net: [], env: []}}");
  const narrowed = narrow(accessOf(whole.recipe, "run"), whole.recipe);
  assert.deepEqual(narrowed.problems, []);
  assert.deepEqual(narrowed.allowed, accessOf(whole.recipe, "run"));
});

Deno.test("runtime.permissions never widen: what nothing asks for is not given", async () => {
  const { recipe } = await recipeOf(
    '{permissions: {read: [/], write: [/], net: ["example.com"], env: [HOME]}}',
  );
  assert.deepEqual(narrow(accessOf(recipe, "run"), recipe).allowed, accessOf(recipe, "run"));
});

Deno.test("a folder that is read may be narrowed to one within", async () => {
  const { recipe, folder } = await recipeOf("{permissions: {read: [data/in/2024, out.duckdb]}}");
  const { allowed, problems } = narrow(accessOf(recipe, "run"), recipe);
  assert.deepEqual(problems, []);
  const read = allowed.filter(({ kind, key }) => kind === "read" && key[0] === "source").map(({ value }) =>
    value
  );
  assert.deepEqual(new Set(read), new Set([`${folder}/data/in/2024`]));
});

Deno.test("what the lists do not allow is an error that names the key, found by validate as well", async () => {
  const { recipe } = await recipeOf("{permissions: {write: [elsewhere]}}");
  const problems = checkRecipe(recipe);
  assert.ok(problems.length > 0);
  const [first] = problems;
  assert.equal(first!.code, "PERMISSION_NARROWED");
  assert.match(
    first!.message,
    /^destination\.database writes ".*out\.duckdb", which runtime\.permissions\.write/,
  );
  assert.match(first!.hint!, /add it to runtime\.permissions\.write/);
  assert.equal(first!.location?.line, 3);
});

Deno.test("code_access is for recipes with code", async () => {
  const access =
    '{code_access: {env: [TOKEN], net: ["api.example.com:443"], read: [lookup.csv], write: [log.txt]}}';
  const without = await recipeOf(access);
  assert.deepEqual(accessOf(without.recipe, "run").filter(({ key }) => key[1] === "code_access"), []);
  const { recipe, folder } = await recipeOf(`${access}\nplugins: [code/p.ts]`);
  const given = accessOf(recipe, "run").filter(({ key }) => key[1] === "code_access");
  assert.deepEqual(
    given.map(({ kind, value, key }) => [kind, value.replace(`${folder}/`, ""), key.join(".")]),
    [
      ["net", "api.example.com:443", "runtime.code_access.net.0"],
      ["read", "lookup.csv", "runtime.code_access.read.0"],
      ["write", "log.txt", "runtime.code_access.write.0"],
      ["read", "log.txt", "runtime.code_access.write.0"],
      ["env", "TOKEN", "runtime.code_access.env.0"],
    ],
  );
});
