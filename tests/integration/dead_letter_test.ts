/** Rows that can't be loaded, and columns whose names DuckDB has a use for. */
import assert from "node:assert/strict";
import { executePlan, prepareRecipe } from "../../src/app/mod.ts";
import { sql } from "./database.ts";

async function run(
  files: Record<string, string>,
  env: Record<string, string> = {},
): Promise<{ directory: string; summary: Awaited<ReturnType<typeof executePlan>> }> {
  const directory = await Deno.makeTempDir();
  for (const [name, text] of Object.entries(files)) await Deno.writeTextFile(`${directory}/${name}`, text);
  const { plan } = await prepareRecipe(`${directory}/r.yaml`, { env: (name) => env[name] });
  return { directory, summary: await executePlan(plan, { stateDirectory: `${directory}/.state` }) };
}

const rows = (directory: string, select: string) =>
  sql(`ATTACH '${directory}/o.duckdb' AS db (READ_ONLY)`, select).then((found) => found.map(Object.values));

Deno.test("a source column named rowid is a column like others: merge", async () => {
  const { directory, summary } = await run({
    "in.csv": "id,rowid,v\n1,5,a\n2,5,b\n2,7,c\n",
    "r.yaml": "name: r\nsource: {type: csv, path: in.csv}\n" +
      "destination: {type: duckdb, database: o.duckdb, table: t, write_mode: merge, merge_keys: [id]}\n",
  });
  try {
    assert.equal(summary.error, undefined);
    assert.deepEqual(await rows(directory, "SELECT CAST(id AS VARCHAR), v FROM db.t ORDER BY id"), [[
      "1",
      "a",
    ], [
      "2",
      "c",
    ]]);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("a source column named rowid is a column like others: dead letter", async () => {
  const { directory, summary } = await run({
    "in.csv": "id,rowid,v\n1,3,1\n2,0,x\n3,,3\n4,0,4\n5,7,5\n",
    "r.yaml": "name: r\nsource: {type: csv, path: in.csv, columns: {v: string}}\n" +
      "transform: {steps: [{type: cast, columns: {v: int}}]}\nruntime: {dead_letter: {path: dead.jsonl}}\n" +
      "destination: {type: duckdb, database: o.duckdb, table: t}\n",
  });
  try {
    assert.equal(summary.error, undefined);
    assert.deepEqual([summary.rows_read, summary.rows_written, summary.rows_rejected], [5, 4, 1]);
    assert.deepEqual(
      await rows(directory, "SELECT string_agg(CAST(id AS VARCHAR), ',' ORDER BY id) FROM db.t"),
      [["1,3,4,5"]],
    );
    const [line] = (await Deno.readTextFile(`${directory}/dead.jsonl`)).trim().split("\n");
    const { row, row_number, error } = JSON.parse(line!);
    assert.deepEqual([row.id, row_number, error.code], [2, 2, "CAST_FAILED"]);
    assert.match(error.message, /column "v", row 2: "x"/);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("a secret that can't be loaded is masked in the dead letter and in the summary", async () => {
  const { directory, summary } = await run({
    "in.csv": "id\n1\n",
    "r.yaml": "name: r\nsource: {type: csv, path: in.csv}\ntransform:\n  steps:\n" +
      "    - {type: add_column, name: p, value: \"{{ env_var('DB_PASSWORD') }}\"}\n" +
      "    - {type: cast, columns: {p: int}}\nruntime: {dead_letter: {path: dead.jsonl}}\n" +
      "destination: {type: duckdb, database: o.duckdb, table: t}\n",
  }, { DB_PASSWORD: "hunter2secret" });
  try {
    const text = await Deno.readTextFile(`${directory}/dead.jsonl`);
    assert.match(text, /CAST_FAILED/);
    assert.doesNotMatch(text + JSON.stringify(summary), /hunter2/);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("runs with states of their own do not replace each other's dead letters", async () => {
  const directory = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${directory}/in.csv`, "id,v\n1,1\n2,x\n");
    await Deno.writeTextFile(
      `${directory}/r.yaml`,
      "name: r\nsource: {type: csv, path: in.csv, columns: {v: string}}\n" +
        "transform: {steps: [{type: cast, columns: {v: int}}]}\nruntime: {dead_letter: {path: dead.jsonl}}\n" +
        "destination: {type: duckdb, database: \"{{ var('to') }}.duckdb\", table: t}\n",
    );
    for (const to of ["one", "two"]) {
      const { plan } = await prepareRecipe(`${directory}/r.yaml`, { vars: { to } });
      const summary = await executePlan(plan, { stateDirectory: `${directory}/.${to}` });
      assert.equal(summary.rows_rejected, 1, summary.error?.message);
    }
    const lines = (await Deno.readTextFile(`${directory}/dead.jsonl`)).trim().split("\n").map((line) =>
      JSON.parse(line)
    );
    assert.deepEqual(lines.map(({ sequence, row }) => [sequence, row.id]), [[1, 2], [1, 2]]);
    assert.notEqual(lines[0].run_id, lines[1].run_id);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
