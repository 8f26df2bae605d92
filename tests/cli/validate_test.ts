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
