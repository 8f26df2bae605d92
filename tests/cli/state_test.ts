import assert from "node:assert/strict";
import { emptyState } from "../../src/sdk/mod.ts";
import { LocalStateBackend } from "../../src/state/mod.ts";
import { Project, transcript } from "./harness.ts";
import { assertSnapshot } from "./snapshot.ts";

const RECIPE = `name: orders
source:
  type: duckdb
  database: shop.duckdb
  table: orders
  incremental: {strategy: cursor, cursor_column: updated_at}
destination: {type: duckdb, database: out.duckdb, table: orders, write_mode: merge, merge_keys: [id]}
`;

/** A project whose recipe has loaded up to a position. */
async function loaded(): Promise<Project> {
  const project = await Project.create({ "orders.yaml": RECIPE });
  await backend(project).save("orders", {
    ...emptyState("orders"),
    sequence: 41,
    cursor_values: { updated_at: "2024-05-01 12:00:00" },
    watermarks: { loaded_on: "2024-05-02" },
    checkpoints: [{ partition: 1 }],
    metadata: { files: { "a.csv": 1, "b.csv": 2 } },
    in_flight: { run_id: crypto.randomUUID(), started_at: "2024-05-01T12:00:00Z", plan: "x" },
  });
  return project;
}

const backend = (project: Project) => new LocalStateBackend(project.path(".state"));

Deno.test("show-state by file and by name, for people and as JSON", async () => {
  await using project = await loaded();
  const args = ["show-state", "orders.yaml"];
  const byFile = await project.call(args);
  assert.equal(byFile.code, 0);
  assert.deepEqual(await project.call(["show-state", "orders"]), byFile);
  await assertSnapshot("show_state", transcript(args, byFile), { dir: project.dir });
  const json = await project.call(["show-state", "orders", "--json"]);
  assert.deepEqual(JSON.parse(json.stdout), await backend(project).load("orders"));
});

Deno.test("show-state without a state says why that may be, exit 1", async () => {
  await using project = await Project.create({ "orders.yaml": RECIPE });
  const args = ["show-state", "orders.yaml"];
  const called = await project.call(args);
  assert.equal(called.code, 1);
  await assertSnapshot("show_state_none", transcript(args, called), { dir: project.dir });
});

Deno.test("show-state looks where --state-dir says", async () => {
  await using project = await loaded();
  assert.equal((await project.call(["show-state", "orders", "--state-dir", "elsewhere"])).code, 1);
  await Deno.rename(project.path(".state"), project.path("elsewhere"));
  assert.equal((await project.call(["show-state", "orders", "--state-dir", "elsewhere"])).code, 0);
});

Deno.test("state reset asks first, and forgets the position for good", async () => {
  await using project = await loaded();
  const before = await backend(project).load("orders");
  const unasked = await project.call(["state", "reset", "orders"]);
  assert.equal(unasked.code, 2);
  assert.match(unasked.stderr, /NOT_CONFIRMED[\s\S]*--yes/);
  assert.equal((await project.call(["state", "reset", "orders"], { answer: false })).code, 1);
  assert.deepEqual(await backend(project).load("orders"), before);

  assert.equal((await project.call(["state", "reset", "orders"], { answer: true })).code, 0);
  const after = await backend(project).load("orders");
  assert.deepEqual(
    { ...after, updated_at: "" },
    { ...emptyState("orders"), origin: "user", revision: 2, sequence: 41, updated_at: "" },
  );
});

Deno.test("state reset puts a state aside that can't be read", async () => {
  await using project = await loaded();
  await project.write(".state/orders.json", "{broken");
  const show = await project.call(["show-state", "orders"]);
  assert.equal(show.code, 1);
  assert.match(show.stderr, /STATE_CORRUPTED/);
  const reset = await project.call(["state", "reset", "orders", "--yes"]);
  assert.equal(reset.code, 0, reset.stderr);
  assert.match(reset.stdout, /kept as \.state[/\\]orders\.json\.\d/);
  assert.equal((await backend(project).load("orders"))?.origin, "user");
});

Deno.test("state set changes what is named, drops what belonged to the old position", async () => {
  await using project = await loaded();
  const called = await project.call(
    [
      "state",
      "set",
      "orders",
      "--cursor",
      "updated_at=2024-06-01 00:00:00",
      "--cursor",
      "id=9223372036854775807",
    ],
  );
  assert.equal(called.code, 0, called.stderr);
  const state = (await backend(project).load("orders"))!;
  assert.deepEqual(state.cursor_values, { updated_at: "2024-06-01 00:00:00", id: "9223372036854775807" });
  assert.deepEqual(state.watermarks, { loaded_on: "2024-05-02" });
  assert.deepEqual([state.checkpoints, state.metadata, state.in_flight], [[], {}, null]);
  assert.deepEqual([state.origin, state.sequence], ["user", 41]);
});

Deno.test("state set with nothing named accepts the position as it is", async () => {
  await using project = await loaded();
  const before = (await backend(project).load("orders"))!;
  assert.equal((await project.call(["state", "set", "orders"])).code, 0);
  const after = (await backend(project).load("orders"))!;
  assert.deepEqual(after.cursor_values, before.cursor_values);
  assert.deepEqual(after.metadata, before.metadata);
  assert.equal(after.origin, "user");
});

Deno.test("state set works before the first run of a recipe's file, not for a mistyped name", async () => {
  await using project = await Project.create({ "orders.yaml": RECIPE });
  assert.equal((await project.call(["state", "set", "ordres", "--cursor", "updated_at=2024-01-01"])).code, 1);
  assert.equal(
    (await project.call(["state", "set", "orders.yaml", "--cursor", "updated_at=2024-01-01"])).code,
    0,
  );
  assert.deepEqual((await backend(project).load("orders"))?.cursor_values, { updated_at: "2024-01-01" });
});

Deno.test("state export and import give back the same position", async () => {
  await using project = await loaded();
  const exported = await project.call(["state", "export", "orders"]);
  assert.deepEqual(JSON.parse(exported.stdout), await backend(project).load("orders"));
  assert.equal((await project.call(["state", "export", "orders", "saved.json"])).code, 0);
  assert.equal(await project.read("saved.json"), exported.stdout);
  assert.equal((await project.call(["state", "export", "orders", "saved.json"])).code, 2);
  assert.equal((await project.call(["state", "export", "orders", "saved.json", "--force"])).code, 0);

  await project.call(["state", "reset", "orders", "--yes"]);
  const imported = await project.call(["state", "import", "orders", "saved.json", "--yes"]);
  assert.equal(imported.code, 0, imported.stderr);
  const state = (await backend(project).load("orders"))!;
  assert.deepEqual(state.cursor_values, { updated_at: "2024-05-01 12:00:00" });
  assert.deepEqual([state.origin, state.revision, state.in_flight], ["user", 3, null]);
});

Deno.test("state import refuses what is no state, or another recipe's", async () => {
  await using project = await loaded();
  await project.call(["state", "export", "orders", "saved.json"]);
  await project.write("other.yaml", RECIPE.replace("name: orders", "name: other"));
  const cases: [string[], number, RegExp][] = [
    [["other.yaml", "saved.json", "--yes"], 1, /STATE_OF_OTHER_RECIPE[\s\S]*--rename/],
    [["orders", "none.json", "--yes"], 2, /FILE_UNREADABLE/],
    [["orders", "orders.yaml", "--yes"], 1, /STATE_CORRUPTED/],
    [["orders", "saved.json"], 2, /NOT_CONFIRMED/],
  ];
  for (const [args, code, message] of cases) {
    const called = await project.call(["state", "import", ...args]);
    assert.equal(called.code, code, args.join(" "));
    assert.match(called.stderr, message);
  }
  assert.equal((await project.call(["state", "import", "other.yaml", "saved.json", "--rename"])).code, 0);
  assert.equal((await backend(project).load("other"))?.recipe, "other");
});

Deno.test("states are not changed under a run", async () => {
  await using project = await loaded();
  const lock = await backend(project).lock("orders");
  try {
    const called = await project.call(["state", "reset", "orders", "--yes"]);
    assert.equal(called.code, 1);
    assert.match(called.stderr, /STATE_LOCKED/);
  } finally {
    await lock.release();
  }
});

Deno.test("state set refuses a column that the recipe does not go by, and a value that it can't have", async () => {
  const recipe = RECIPE.replace(
    /incremental: .*/,
    "incremental: {strategy: cursor, cursor_column: order_id}",
  );
  assert.notEqual(recipe, RECIPE);
  await using project = await Project.create({ "orders.yaml": recipe });
  const set = async (...args: string[]) => await project.call(["state", "set", "orders.yaml", ...args]);
  for (const args of [["--cursor", "id=1"], ["--watermark", "order_id=1"]]) {
    const called = await set(...args);
    assert.equal(called.code, 2);
    assert.match(called.stderr, /CURSOR_UNKNOWN.*--cursor order_id/s);
  }
  assert.equal(await backend(project).load("orders"), undefined);
  assert.equal((await set("--cursor", "order_id=7")).code, 0);
  const saved = (await backend(project).load("orders"))!;
  const types: [string, string, string][] = [
    ["BIGINT", "12", "1.5"],
    ["timestamp without time zone", "2024-05-01 00:00:00", "yesterday"],
    ["DECIMAL(10,2)", "-1.5", "x"],
    ["uuid", "0b8e8f52-5a1e-4c43-9d0c-1d3c1c5a2f10", "12"],
  ];
  for (const [type, good, bad] of types) {
    const before = (await backend(project).load("orders"))!;
    await backend(project).save("orders", {
      ...saved,
      revision: before.revision,
      metadata: { cursor_types: { order_id: type } },
    });
    const refused = await set("--cursor", `order_id=${bad}`);
    assert.equal(refused.code, 2, type);
    assert.match(refused.stderr, /CURSOR_VALUE/);
    assert.equal((await set("--cursor", `order_id=${good}`)).code, 0, type);
  }
});

Deno.test("a position set by hand holds until rows are loaded from it, whatever runs come before", async () => {
  await using project = await Project.create({
    "m.yaml": `name: m
source: {type: csv, path: in.csv, incremental: {strategy: cursor, cursor_column: id}}
destination: {type: duckdb, database: d.duckdb, table: t}
`,
    "in.csv": "id,v\n1,a\n2,b\n",
  });
  const run = async () => JSON.parse((await project.call(["run", "m.yaml", "--json"])).stdout).rows_written;
  assert.equal(await run(), 2);
  assert.equal((await project.call(["state", "set", "m.yaml", "--cursor", "id=5"])).code, 0);
  assert.equal(await run(), 0);
  assert.equal(await run(), 0);
  await Deno.writeTextFile(project.path("in.csv"), "id,v\n1,a\n2,b\n3,c\n6,d\n");
  assert.equal(await run(), 1, "the row below the position is left out");
  assert.equal(await run(), 0);
});
