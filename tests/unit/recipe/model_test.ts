import assert from "node:assert/strict";
import { parseDuration } from "../../../src/recipe/model/common.ts";
import { complete, load } from "./support.ts";

Deno.test("defaults", async () => {
  const recipe = await load(complete());
  assert.deepEqual(recipe.runtime, {
    batchSize: 122_880,
    parallelism: 4,
    retries: { maxAttempts: 9, initialDelayMs: 500, maxDelayMs: 10_000 },
    deadLetter: undefined,
    memoryLimit: undefined,
    threads: undefined,
    tempDirectory: undefined,
    permissions: undefined,
    codeAccess: undefined,
  });
  assert.deepEqual(recipe.state, { backend: "local", directory: undefined });
  assert.deepEqual(recipe.source, {
    type: "files",
    config: { path: "in.csv", header: true },
    incremental: undefined,
  });
  assert.deepEqual(recipe.destination, {
    type: "database",
    config: { host: "localhost", port: 5432, table: "orders" },
    writeMode: undefined,
    mergeKeys: [],
    strategy: "upsert",
    strategyGiven: false,
  });
  assert.deepEqual([recipe.steps, recipe.resources, recipe.later, recipe.plugins], [[], [], [], []]);
  assert.deepEqual([recipe.vars, recipe.macros, [...recipe.secrets]], [{}, {}, []]);
  assert.deepEqual([recipe.requiredEnv, recipe.optionalEnv, recipe.missingEnv], [[], [], []]);
});

Deno.test("runtime as it is written", async () => {
  const recipe = await load(complete(`runtime:
  batch_size: 10
  parallelism: 1
  retries: {max_attempts: 7, initial_delay: 2, max_delay: 5 minutes}
  dead_letter: {path: bad.jsonl, max_rows: 5}
  memory_limit: 512MB
  threads: 2
  temp_directory: tmp/
state: {backend: s3, bucket: b}
`));
  assert.deepEqual(recipe.runtime, {
    batchSize: 10,
    parallelism: 1,
    retries: { maxAttempts: 7, initialDelayMs: 2000, maxDelayMs: 300_000 },
    deadLetter: { path: "bad.jsonl", maxRows: 5 },
    memoryLimit: "512MB",
    threads: 2,
    tempDirectory: "tmp/",
    permissions: undefined,
    codeAccess: undefined,
  });
  assert.deepEqual(recipe.later, [{ key: "state", location: { file: "recipe.yaml", line: 12, column: 18 } }]);
});

Deno.test("retries as a number are what comes after the first attempt", async () => {
  for (const [retries, attempts] of [[0, 1], [3, 4]]) {
    const recipe = await load(complete(`runtime: {retries: ${retries}}\n`));
    assert.equal(recipe.runtime.retries.maxAttempts, attempts);
  }
});

Deno.test("memory limits", async () => {
  for (const limit of ["2GB", "2gb", "512 MiB", "1.5TB", "80%", "1000B"]) {
    const recipe = await load(complete(`runtime: {memory_limit: "${limit}"}\n`));
    assert.equal(recipe.runtime.memoryLimit, limit);
  }
});

Deno.test("lengths of time", () => {
  const cases: [string, number | undefined][] = [
    ["500ms", 500],
    ["30s", 30_000],
    ["1.5 minutes", 90_000],
    ["2 hours", 7_200_000],
    ["1d", 86_400_000],
    ["5", 5000],
    ["soon", undefined],
    ["5 fortnights", undefined],
    ["-1s", undefined],
    ["", undefined],
  ];
  for (const [text, milliseconds] of cases) assert.equal(parseDuration(text), milliseconds, text);
});

Deno.test("incremental keeps values as they are written", async (t) => {
  const cases: [written: string, text: string][] = [
    ["2024-01-01", "2024-01-01"],
    ['"2024-01-01 00:00:00"', "2024-01-01 00:00:00"],
    ["007", "007"],
    ["1.10", "1.10"],
    ["9007199254740993", "9007199254740993"],
    ['"{{ var.start }}"', "5"],
  ];
  for (const [written, text] of cases) {
    await t.step(written, async () => {
      const recipe = await load(`name: x
vars: {start: 5}
source:
  type: files
  path: p
  incremental:
    {strategy: cursor, cursor_column: id, initial_value: ${written}, end_value: ${written}, lag: 15 minutes}
destination: {type: files, path: q, write_mode: merge, merge_keys: id, strategy: scd2}
`);
      assert.deepEqual(recipe.source!.incremental, {
        strategy: "cursor",
        cursorColumn: "id",
        initialValue: text,
        endValue: text,
        lag: "15 minutes",
        onNull: "error",
        order: "none",
      });
      const { writeMode, mergeKeys, strategy, strategyGiven } = recipe.destination!;
      assert.deepEqual([writeMode, mergeKeys, strategy, strategyGiven], ["merge", ["id"], "scd2", true]);
    });
  }
});

Deno.test("strategies that need no column", async () => {
  for (const strategy of ["modified_time", "cdc", "custom"]) {
    const recipe = await load(`name: x
source: {type: files, path: p, incremental: {strategy: ${strategy}}}
destination: {type: files, path: q}
`);
    assert.equal(recipe.source!.incremental!.strategy, strategy);
  }
});

/** Blocks as the first description of the recipe language writes them. */
const LATER = `schema:
  mode: strict
  columns:
    - name: id
      type: integer
      nullable: false
      primary_key: true
    - name: email
      type: string
      nullable: false
      unique: true
  evolution:
    allow_new_columns: true
    allow_column_deletion: false
    allow_type_changes: false
normalization:
  enabled: true
  max_depth: 3
  strategy: auto
  array_handling:
    - field: orders
      action: create_table
      table_name: customer_orders
      relationship: one_to_many
validation:
  rules:
    - column: email
      type: email
      required: true
    - column: age
      type: integer
      min: 0
      max: 150
    - column: status
      type: enum
      values: [active, inactive, suspended]
  on_error: quarantine
  quarantine_table: _quarantine_customers
transform:
  steps:
    - type: python
      function: custom_transforms.enrich_customer
      params:
        limit: 5
    - type: dbt
      project_dir: ./dbt_project
      models: [customer_metrics]
schedule: "0 6 * * *"
alerts:
  - {on: [failure], type: email, to: ops@example.com}
tests:
  - name: keeps rows
    given: {rows: [{id: 1}]}
    expect: {rows: [{id: 1}], schema: {id: int}}
`;

Deno.test("blocks to come validate, and are listed with their places", async () => {
  const recipe = await load(complete(LATER));
  assert.deepEqual(recipe.later.map(({ key, location }) => [key, location.line, location.column]), [
    ["normalization", 19, 1],
    ["schedule", 51, 11],
    ["alerts", 52, 1],
    ["python", 44, 7],
    ["dbt", 48, 7],
  ]);
  assert.deepEqual(recipe.steps.map(({ type, config }) => [type, config]), [
    ["python", { function: "custom_transforms.enrich_customer", params: { limit: 5 } }],
    ["dbt", { project_dir: "dbt_project", models: ["customer_metrics"] }],
  ]);
});

Deno.test("a block that is switched off is not to come", async () => {
  const recipe = await load(
    complete("normalization: {enabled: false}\nschedule: {cron: x, enabled: false}\nalerts: []\n"),
  );
  assert.deepEqual(recipe.later, []);
});

Deno.test("resources take the recipe's source and destination as defaults", async () => {
  const recipe = await load(`name: pipeline
source: {type: database, host: from}
destination: {type: database, host: to}
resources:
  - name: customers
    source: {table: customers}
    destination: {table: dim_customers}
  - name: orders
    depends_on: [customers]
    source: {type: files, path: orders.csv}
    destination: {table: fact_orders, write_mode: merge, merge_keys: [id]}
    transform: {steps: [{type: sql, query: x}]}
`);
  assert.deepEqual(recipe.later.map(({ key }) => key), ["resources"]);
  assert.equal(recipe.source, undefined);
  assert.deepEqual(
    recipe.resources.map(({ name, dependsOn, source, destination, steps, path }) => ({
      name,
      dependsOn,
      source: source.config,
      destination: destination.config,
      steps: steps.map((step) => step.path),
      path,
    })),
    [
      {
        name: "customers",
        dependsOn: [],
        source: { host: "from", port: 5432, table: "customers" },
        destination: { host: "to", port: 5432, table: "dim_customers" },
        steps: [],
        path: ["resources", 0],
      },
      {
        name: "orders",
        dependsOn: ["customers"],
        source: { path: "orders.csv", header: true },
        destination: { host: "to", port: 5432, table: "fact_orders" },
        steps: [["resources", 1, "transform", "steps", 0]],
        path: ["resources", 1],
      },
    ],
  );
});

Deno.test("with plug-ins, types that are not registered are taken as they are", async () => {
  const recipe = await load(`name: x
plugins: [./mine.ts]
source: {type: mine, whatever: [1, "{{ 1 + 1 }}"], incremental: {strategy: custom}}
transform: {steps: [{type: my_step, a: 1}]}
destination: {type: files, path: y}
`);
  assert.deepEqual(recipe.source!.config, { whatever: [1, 2] });
  assert.equal(recipe.source!.incremental!.strategy, "custom");
  assert.deepEqual(recipe.steps[0]!.config, { a: 1 });
  assert.deepEqual(recipe.plugins, ["mine.ts"]);
});

Deno.test("names", async (t) => {
  for (const name of ["a", "_a", "orders.daily-v2", "0", "x".repeat(128)]) {
    await t.step(`${name} is one`, async () => {
      assert.equal((await load(complete().replace("orders", JSON.stringify(name)))).name, name);
    });
  }
  for (const name of ["", ".a", "-a", "a b", "a/b", "é", "x".repeat(129)]) {
    await t.step(`${name} is none`, async () => {
      await assert.rejects(load(complete().replace("orders", JSON.stringify(name))), /name must/);
    });
  }
});

Deno.test("the document is the recipe merged, rendered and resolved, in the order of the documentation", async () => {
  const recipe = await load(
    `runtime: {batch_size: "{{ var.n }}"}
destination: {type: files, path: out/}
source: {type: files, path: in.csv}
extends: base.yaml
delete: [description]
`,
    { files: { "base.yaml": "name: base\ndescription: gone\nvars: {n: 7}\n" } },
  );
  assert.deepEqual(Object.entries(recipe.document), [
    ["name", "base"],
    ["vars", { n: 7 }],
    ["source", { type: "files", path: "in.csv" }],
    ["destination", { type: "files", path: "out/" }],
    ["runtime", { batch_size: 7 }],
  ]);
});

Deno.test("a recipe of three levels loads in a few milliseconds", async () => {
  const files = {
    "a.yaml": complete(
      "vars: {x: \"{{ env_var('X', 'y') }}\"}\ntransform: {steps: [{type: sql, query: '{{ var.x }}'}]}\n",
    ),
    "b.yaml": "extends: a.yaml\nruntime: {batch_size: 5}\n",
    "recipe.yaml": "extends: b.yaml\nname: c\n",
  };
  await load(files["recipe.yaml"], { files });
  const times: number[] = [];
  for (let i = 0; i < 9; i++) {
    const start = performance.now();
    await load(files["recipe.yaml"], { files });
    times.push(performance.now() - start);
  }
  const median = times.sort((a, b) => a - b)[4]!;
  // A few milliseconds alone; the bound leaves room for a busy machine.
  assert.ok(median < 100, `${median} ms`);
});
