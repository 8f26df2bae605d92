import assert from "node:assert/strict";
import { transcript } from "./harness.ts";
import { RECIPE, shop } from "./shop.ts";
import { assertSnapshot } from "./snapshot.ts";

for (const format of ["text", "json", "mermaid"]) {
  Deno.test(`plan as ${format}, before and after the first run`, async () => {
    await using project = await shop();
    const args = ["plan", "orders.yaml", "--format", format];
    const before = await project.call(args);
    assert.equal(before.code, 0, before.stderr);
    await assertSnapshot(`plan_${format}`, transcript(args, before), { dir: project.dir });
    assert.equal((await project.call(["run", "orders.yaml"])).code, 0);
    const after = await project.call(args);
    await assertSnapshot(`plan_${format}_after`, transcript(args, after), { dir: project.dir });
  });
}

Deno.test("plan offline opens nothing", async () => {
  await using project = await shop();
  await Deno.remove(project.path("data"), { recursive: true });
  const args = ["plan", "orders.yaml", "--offline"];
  const called = await project.call(args);
  assert.equal(called.code, 0);
  await assertSnapshot("plan_offline", transcript(args, called), { dir: project.dir });
});

Deno.test("plan in colour and narrow", async () => {
  await using project = await shop();
  const args = ["plan", "orders.yaml"];
  const called = await project.call(args, { color: true, columns: 60 });
  await assertSnapshot("plan_colored_narrow", transcript(args, called), { dir: project.dir });
});

Deno.test("plan shows the error of an end that can't be reached at its place, exit 1", async () => {
  await using project = await shop();
  await Deno.remove(project.path("data"), { recursive: true });
  const args = ["plan", "orders.yaml"];
  const called = await project.call(args);
  assert.equal(called.code, 1);
  await assertSnapshot("plan_unreachable", transcript(args, called), { dir: project.dir });
});

Deno.test("plan never shows a secret", async () => {
  await using project = await shop({
    "secret.yaml": RECIPE.replace("status <> 'cancelled'", `status <> '{{ env_var("MY_PASSWORD") }}'`),
  });
  for (const format of ["text", "json", "mermaid"]) {
    const called = await project.call(["plan", "secret.yaml", "--format", format], {
      env: { MY_PASSWORD: "hunter2hunter2" },
    });
    assert.equal(called.code, 0, called.stderr);
    assert.doesNotMatch(called.stdout, /hunter2/, format);
  }
});

Deno.test("preview wide and narrow, as CSV and JSON", async () => {
  await using project = await shop();
  const cases: [string, string[], number][] = [
    ["preview_wide", [], 120],
    ["preview_narrow", [], 50],
    ["preview_limit", ["--limit", "2"], 100],
    ["preview_csv", ["--format", "csv"], 100],
    ["preview_json", ["--format", "json"], 100],
  ];
  for (const [name, options, columns] of cases) {
    const args = ["preview", "orders.yaml", ...options];
    const called = await project.call(args, { columns });
    assert.equal(called.code, 0, called.stderr);
    await assertSnapshot(name, transcript(args, called), { dir: project.dir });
  }
});

Deno.test("--json is --format json, of every command that has forms", async () => {
  await using project = await shop();
  const commands = [["validate"], ["plan", "--offline"], ["preview"], ["permissions"], ["contract"]];
  for (const [command, ...options] of commands) {
    const args = [command!, "orders.yaml", ...options];
    const form = command === "contract" ? "json-schema" : "json";
    const short = await project.call([...args, "--json"]);
    assert.equal(short.code, 0, short.stderr);
    for (const line of command === "preview" ? short.stdout.trim().split("\n") : [short.stdout]) {
      assert.equal(typeof JSON.parse(line), "object");
    }
    assert.deepEqual(await project.call([...args, "--format", form]), short, command);
  }
  const table = await project.call(["preview", "orders.yaml", "--json", "--format", "csv"]);
  assert.deepEqual(table, await project.call(["preview", "orders.yaml", "--format", "csv"]));
});

Deno.test("preview writes nothing, and after a run begins where the next would", async () => {
  await using project = await shop();
  await project.call(["preview", "orders.yaml"]);
  assert.deepEqual(await Array.fromAsync(Deno.readDir(project.path("out"))), []);
  await project.call(["run", "orders.yaml"]);
  const called = await project.call(["preview", "orders.yaml"]);
  assert.match(called.stderr, /--from-start/);
  const fromStart = await project.call(["preview", "orders.yaml", "--from-start"]);
  assert.match(fromStart.stdout, /Grace/);
});

Deno.test("check lists what was proved; exit 1 with what is wrong", async () => {
  await using project = await shop();
  const args = ["check", "orders.yaml"];
  const good = await project.call(args);
  assert.equal(good.code, 0, good.stderr);
  await assertSnapshot("check", transcript(args, good), { dir: project.dir });
  await Deno.remove(project.path("data"), { recursive: true });
  const bad = await project.call(args);
  assert.equal(bad.code, 1);
  await assertSnapshot("check_failed", transcript(args, bad), { dir: project.dir });
  const json = JSON.parse((await project.call([...args, "--json"])).stdout);
  assert.deepEqual(json.map((end: { ok: boolean }) => end.ok), [false, true]);
  assert.equal(typeof json[0].error.code, "string");
});

Deno.test("schema gives the columns after the steps", async () => {
  await using project = await shop();
  const args = ["schema", "orders.yaml"];
  await assertSnapshot("schema", transcript(args, await project.call(args)), { dir: project.dir });
  assert.deepEqual(JSON.parse((await project.call([...args, "--json"])).stdout)[1], {
    name: "buyer",
    type: "string",
    nullable: true,
  });
});

Deno.test("schema --json-schema is the JSON Schema of recipes", async () => {
  await using project = await shop();
  const schema = JSON.parse((await project.call(["schema", "--json-schema"])).stdout);
  assert.match(schema.$schema, /json-schema\.org/);
  assert.ok("source" in schema.properties);
});

Deno.test("list-connectors and connector", async () => {
  await using project = await shop();
  for (const args of [["list-connectors", "--all"], ["connector", "cast"]]) {
    const called = await project.call(args);
    assert.equal(called.code, 0);
    const name = args.join("_").replaceAll(/[-_]+/g, "_");
    await assertSnapshot(name, transcript(args, called));
  }
  const listed = JSON.parse((await project.call(["list-connectors", "--json"])).stdout);
  assert.ok(listed.some((one: { name: string }) => one.name === "duckdb"));
  const page = JSON.parse((await project.call(["connector", "duckdb", "--json"])).stdout);
  assert.equal(page.kind, "connector");
  assert.ok(
    page.keys.some((key: { name: string; required: boolean }) => key.name === "database" && key.required),
  );
});
