/** Folders of files that keep no types: rows are held against what the registry has recorded last. */
import assert from "node:assert/strict";
import { createSession } from "../../../src/batch/mod.ts";
import { withHome } from "../home.ts";
import { load } from "./run.ts";
import type { EvolutionTarget } from "./targets.ts";

const READERS: Readonly<Record<string, string>> = {
  csv: "read_csv",
  jsonl: "read_ndjson",
  json: "read_json",
};

function target(format: string): EvolutionTarget {
  return {
    name: format,
    table: false,
    destination: (folder) => `  type: ${format}\n  path: ${folder}/out/\n`,
    prepare: async () => {},
    read: async (folder) => {
      const session = await createSession({ threads: 1, memoryLimit: "512MB" });
      try {
        const rows = await session.query<{ row: string }>(
          `SELECT to_json(t)::VARCHAR AS "row" FROM ${READERS[format]}('${folder}/out/*.${format}',
             union_by_name = true) AS t ORDER BY 1`,
        );
        return { columns: [], rows: rows.map(({ row }) => [row]) };
      } finally {
        await session.close();
      }
    },
  };
}

const FIRST = { rows: "SELECT 1 AS id, 5 AS a", schema: "  mode: infer" };

for (const format of Object.keys(READERS)) {
  Deno.test(`a folder of ${format}: new columns, other types and missing columns are known from the registry`, () =>
    withHome(async (folder) => {
      const to = target(format);
      assert.equal((await load(to, folder, FIRST)).error, undefined);
      const before = await to.read(folder);
      const frozen = "  evolution: {allow_new_columns: false, allow_column_deletion: false}";
      const refused: [string, string][] = [
        ["SELECT 2 AS id, 6 AS a, 'x' AS b", "SCHEMA_NEW_COLUMN"],
        ["SELECT 2 AS id, 'x' AS a", "SCHEMA_TYPE_CHANGED"],
        ["SELECT 2 AS id", "SCHEMA_MISSING_COLUMN"],
      ];
      for (const [rows, code] of refused) {
        const { error, rows_written } = await load(to, folder, { rows, schema: frozen });
        assert.deepEqual([error?.code, rows_written], [code, 0], rows);
        assert.deepEqual(await to.read(folder), before, "nothing was written");
      }
      const evolve =
        "  evolution: {allow_new_columns: true, allow_column_deletion: true, allow_type_changes: true}";
      const wider = await load(to, folder, { rows: "SELECT 2 AS id, 'x' AS a, 7 AS b", schema: evolve });
      assert.equal(wider.error, undefined, wider.error?.message);
      assert.deepEqual(wider.schema_changes.map(({ kind, column }) => `${kind} ${column}`).sort(), [
        "add_column b",
        "change_type a",
      ]);
      // What was widened is what later rows are written as.
      const next = await load(to, folder, { rows: "SELECT 3 AS id, 8 AS a, 9 AS b", schema: evolve });
      assert.deepEqual([next.error, next.schema_changes], [undefined, []]);
      const missing = await load(to, folder, { rows: "SELECT 4 AS id, 'y' AS a", schema: evolve });
      assert.equal(missing.error, undefined);
      assert.deepEqual(missing.schema_changes.map(({ kind }) => kind), ["missing_column"]);
      const rows = (await to.read(folder)).rows.map(([row]) => JSON.parse(row!) as Record<string, unknown>);
      assert.deepEqual(rows.map(({ id, a, b }) => [Number(id), String(a), b === null ? null : Number(b)]), [
        [1, "5", null],
        [2, "x", 7],
        [3, "8", 9],
        [4, "y", null],
      ]);
    }));
}

Deno.test("a folder of csv without its registry: the first load again, and the registry begins anew", () =>
  withHome(async (folder) => {
    const to = target("csv");
    await load(to, folder, FIRST);
    await Deno.remove(`${folder}/state/schemas`, { recursive: true });
    const summary = await load(to, folder, {
      rows: "SELECT 2 AS id, 'x' AS a, 1 AS b",
      schema: "  evolution: {allow_new_columns: false}",
    });
    assert.equal(summary.error, undefined, "there is nothing to hold the rows against");
    const text = await Deno.readTextFile(`${folder}/state/schemas/evolution.json`);
    assert.match(text, /"version": ?1/);
    assert.doesNotMatch(text, /"version": ?2/);
  }));
