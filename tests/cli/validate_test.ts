import assert from "node:assert/strict";
import { Project, transcript } from "./harness.ts";
import { assertSnapshot } from "./snapshot.ts";

const GOOD = `name: good
source: {type: duckdb, database: shop.duckdb, table: orders}
destination: {type: duckdb, database: out.duckdb, table: orders}
`;

const FILES = {
  "recipes/base.yaml": `runtime:
  batch_szie: 10
source:
  type: duckdb
  database: ../shop.duckdb
  password: hunter2
`,
  "recipes/bad.yaml": `name: bad
extends: base.yaml
destination:
  type: duckbd
  write_mode: merg
`,
  "recipes/broken.yaml": "name: broken\nsource: {type: duckdb\ndestination: {type: duckdb}\n",
  "recipes/deep/good.yaml": GOOD,
  "recipes/deep/keys.json": JSON.stringify(
    {
      name: "keys",
      source: { type: "duckdb", database: "a.duckdb", table: "t" },
      destination: { type: "duckdb", database: "b.duckdb", table: "t", write_mode: "merge" },
    },
    null,
    2,
  ),
  "recipes/env.yaml": GOOD.replace("shop.duckdb", `"{{ env_var('SHOP') }}"`).replace(
    "name: good",
    "name: env",
  ),
  "recipes/later.yaml": `${GOOD.replace("name: good", "name: later")}schedule: {cron: "0 * * * *"}\n`,
  "recipes/package.json": '{"name": "x", "version": "1.0.0"}',
};

for (const format of ["text", "json", "github", "sarif"]) {
  Deno.test(`validate a directory as ${format}`, async () => {
    await using project = await Project.create(FILES);
    const args = ["validate", "recipes", "--format", format];
    const called = await project.call(args);
    assert.equal(called.code, 2);
    assert.doesNotMatch(called.stdout + called.stderr, /hunter2/);
    if (format === "json" || format === "sarif") JSON.parse(called.stdout);
    await assertSnapshot(`validate_${format}`, transcript(args, called), { dir: project.dir });
  });
}

Deno.test("validate in colour", async () => {
  await using project = await Project.create(FILES);
  const args = ["validate", "recipes/bad.yaml"];
  await assertSnapshot("validate_colored", transcript(args, await project.call(args, { color: true })));
});

Deno.test("validate a recipe that is right says so, exit 0", async () => {
  await using project = await Project.create({ "good.yaml": GOOD });
  assert.deepEqual(await project.call(["validate", "good.yaml"]), {
    stdout: "ok      good.yaml\n",
    stderr: "",
    code: 0,
  });
});

Deno.test("validate opens nothing and leaves nothing behind", async () => {
  await using project = await Project.create({ "good.yaml": GOOD });
  await project.call(["validate", "."]);
  assert.deepEqual((await Array.fromAsync(Deno.readDir(project.dir))).map((entry) => entry.name), [
    "good.yaml",
  ]);
});

Deno.test("validate lists variables that will be required; --strict-env fails without them", async () => {
  await using project = await Project.create({
    "env.yaml": FILES["recipes/env.yaml"],
    "my.env": "SHOP=a.duckdb\n",
  });
  const loose = await project.call(["validate", "env.yaml"]);
  assert.equal(loose.code, 0);
  assert.match(loose.stdout, /will be required from the environment: SHOP/);
  assert.equal((await project.call(["validate", "env.yaml", "--strict-env"])).code, 2);
  assert.equal(
    (await project.call(["validate", "env.yaml", "--strict-env"], { env: { SHOP: "x" } })).code,
    0,
  );
  assert.equal(
    (await project.call(["validate", "env.yaml", "--strict-env", "--env-file", "my.env"])).code,
    0,
  );
});

Deno.test("what hangs on a variable that is not set is not judged; all else is, and it is once it is set", async () => {
  const file = (source: string, destination: string) =>
    `name: a\nsource: {${source}}\ndestination: {${destination}}\n`;
  const env = (name: string) => `"{{ env_var('${name}') }}"`;
  const duckdb = "type: duckdb, database: a.duckdb, table: t";
  const cases: { recipe: string; set: Record<string, string>; wrong: RegExp }[] = [
    {
      recipe: file(`type: postgres, url: ${env("X")}, table: t`, duckdb),
      set: { X: "mysql://h" },
      wrong: /The url is no PostgreSQL connection URL/,
    },
    {
      recipe: file(
        `type: postgres, url: "postgres://u:{{ env_var('X') }}@h:{{ env_var('Y') }}/d", table: t`,
        duckdb,
      ),
      set: { X: "p", Y: "port" },
      wrong: /host and port can't be read/,
    },
    {
      recipe: file(
        `type: postgres, host: ${env("X")}, port: ${env("Y")}, database: d, user: u, table: "a.t", schema: ${
          env("Z")
        }`,
        duckdb,
      ),
      set: { X: "/run", Y: "1", Z: "b" },
      wrong: /The table is in schema "a"/,
    },
    {
      recipe: file(`type: filestore, path: ${env("X")}`, duckdb),
      set: { X: "a.xyz" },
      wrong: /can't be told from its ending/,
    },
    {
      recipe: file(`type: filestore, path: a.csv, format: ${env("X")}, delimiter: ";"`, duckdb),
      set: { X: "parquet" },
      wrong: /delimiter is an option of csv/,
    },
    {
      recipe: file(duckdb, `type: csv, path: ${env("X")}, write_mode: append, partition_by: [a]`),
      set: { X: "a.csv" },
      wrong: /can't be appended to one file[^]*partition_by makes several files/,
    },
    {
      recipe: file(
        `${duckdb}, incremental: {strategy: cursor, cursor_column: id}`,
        `type: csv, path: ${env("X")}`,
      ),
      set: { X: "a.csv" },
      wrong: /INCREMENTAL_OVERWRITE/,
    },
    {
      recipe: file(`type: csv, path: a.csv, incremental: {strategy: ${env("X")}}`, duckdb),
      set: { X: "cdc" },
      wrong: /does not support the incremental strategy "cdc"/,
    },
    {
      recipe: file(duckdb, `${duckdb.replace("table: t", "table: u")}, write_mode: ${env("X")}`),
      set: { X: "merge" },
      wrong: /MERGE_WITHOUT_KEYS/,
    },
    {
      recipe: file(`type: csv, path: a.csv, columns: {a: ${env("X")}}`, duckdb),
      set: { X: "flot" },
      wrong: /"flot" is no type/,
    },
  ];
  for (const { recipe, set, wrong } of cases) {
    await using project = await Project.create({ "a.yaml": recipe });
    const open = await project.call(["validate", "a.yaml"]);
    assert.equal(open.code, 0, `${recipe}\n${open.stderr}`);
    assert.match(open.stdout, /will be required from the environment: X/);
    const closed = await project.call(["validate", "a.yaml"], { env: set });
    assert.equal(closed.code, 2, recipe);
    assert.match(closed.stderr, wrong);
  }
  await using project = await Project.create({
    "a.yaml": file(
      `type: csv, path: ${env("X")}, partition_by: [a], columns: {a: ${env("Y")}}`,
      `type: postgres, host: h, user: u, password: ${env("Z")}, table: "a.t", schema: b`,
    ),
  });
  const called = await project.call(["validate", "a.yaml"]);
  assert.match(called.stderr, /partition_by has no meaning when reading/);
  assert.match(called.stderr, /needs a database[^]*schema "a", but schema says "b"/);
});

Deno.test("a base recipe that is named by itself is no error", async () => {
  await using project = await Project.create({
    "base.yaml": "name: base\nsource: {type: duckdb, database: a.duckdb, table: t}\n",
  });
  const called = await project.call(["validate", "base.yaml"]);
  assert.equal(called.code, 0);
  assert.match(called.stdout, /has no destination: can only be extended/);
});

Deno.test("validate --only-recipes passes over named files that are none, and finds all errors of the others", async () => {
  await using project = await Project.create({
    ...FILES,
    "docker-compose.yaml": "services: {db: {image: postgres}}\n",
  });
  const files = ["docker-compose.yaml", "recipes/deep/good.yaml", "recipes/bad.yaml", "recipes/broken.yaml"];
  const called = await project.call(["validate", "--only-recipes", ...files]);
  assert.equal(called.code, 2);
  assert.match(called.stdout, /1 recipe valid, 2 not valid \(5 errors\), 1 file skipped: no recipe/);
  assert.equal(
    (await project.call(["validate", files[0]!])).code,
    2,
    "a file that is named by itself is meant",
  );
  assert.equal((await project.call(["validate", "--only-recipes", files[0]!])).code, 0);
});

Deno.test("a base recipe leaves keys and variables to those that extend it; what is wrong in it stays wrong", async () => {
  await using project = await Project.create({
    "base.yaml": "source: {type: csv}\nvars: {region: eu}\nruntime: {batch_size: \"{{ var('size') }}\"}\n",
    "wrong.yaml": `source: {type: csv, colums: {}}\nvars: {region: eu}\nname: "{{ var('regoin') }}"\n`,
  });
  const called = await project.call(["validate", "base.yaml"]);
  assert.deepEqual([called.code, called.stderr], [0, ""]);
  const wrong = await project.call(["validate", "wrong.yaml"]);
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /UNKNOWN_KEY[\s\S]*did you mean "columns"/);
  assert.match(wrong.stderr, /UNRESOLVED_VARIABLE[\s\S]*did you mean "region"/);
  assert.doesNotMatch(wrong.stderr, /MISSING_KEY/);
});
