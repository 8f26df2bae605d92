/** Rules for destinations that merge: D30…. */
import assert from "node:assert/strict";
import type { MergeStrategy } from "../../src/sdk/mod.ts";
import { readStream } from "./stream.ts";
import type { Rule } from "./suite.ts";
import { type Bed, modesOf, position, type System } from "./system.ts";

const OLD = "SELECT * FROM (VALUES (1, 'one', 10), (2, 'two', 20)) AS v(id, name, n)";
const NEW = "SELECT * FROM (VALUES (2, 'TWO', NULL), (3, 'three', 30)) AS v(id, name, n)";

const merges = (system: System) => !modesOf(system).includes("merge") && "no merge";
const strategy = (name: MergeStrategy) => (system: System) =>
  merges(system) || !system.connector.capabilities.mergeStrategies.includes(name) && `no ${name}`;
const merge = { mode: "merge", mergeKeys: ["id"] } as const;

/** Two loads by a strategy, and the rows that there are then. */
async function twoLoads(bed: Bed, by: MergeStrategy): Promise<string[]> {
  const name = bed.name();
  await bed.load(name, [OLD], { ...merge, strategy: by });
  await bed.load(name, [NEW], { ...merge, strategy: by, runId: "run-2" });
  return await bed.rows(name);
}

export const MERGE_RULES: readonly Rule[] = [
  {
    id: "D30",
    title: "upsert updates the rows that are there and inserts the others",
    unless: strategy("upsert"),
    run: async (bed) => {
      assert.deepEqual(await twoLoads(bed, "upsert"), [
        '["1","one","10"]',
        '["2","TWO",null]',
        '["3","three","30"]',
      ]);
    },
  },
  {
    id: "D31",
    title: "upsert leaves columns that do not come as they are",
    unless: strategy("upsert"),
    run: async (bed) => {
      const name = bed.name();
      await bed.load(name, [OLD], merge);
      await bed.load(name, ["SELECT 2::INTEGER AS id, 'TWO' AS name"], { ...merge, runId: "run-2" });
      assert.deepEqual(await bed.rows(name), ['["1","one","10"]', '["2","TWO","20"]']);
    },
  },
  {
    id: "D32",
    title: "delete_insert replaces whole rows",
    unless: strategy("delete_insert"),
    run: async (bed) => {
      assert.deepEqual(await twoLoads(bed, "delete_insert"), [
        '["1","one","10"]',
        '["2","TWO",null]',
        '["3","three","30"]',
      ]);
      const name = bed.name();
      await bed.load(name, [OLD], { ...merge, strategy: "delete_insert" });
      await bed.load(name, ["SELECT 2::INTEGER AS id, 'TWO' AS name"], {
        ...merge,
        strategy: "delete_insert",
        runId: "run-2",
      });
      assert.deepEqual(await bed.rows(name), ['["1","one","10"]', '["2","TWO",null]']);
    },
  },
  {
    id: "D33",
    title: "insert_only leaves the rows that are there alone",
    unless: strategy("insert_only"),
    run: async (bed) => {
      assert.deepEqual(await twoLoads(bed, "insert_only"), [
        '["1","one","10"]',
        '["2","two","20"]',
        '["3","three","30"]',
      ]);
    },
  },
  {
    id: "D34",
    title: "scd2 keeps every version: the old one is closed, the new one is current, what is the same stays",
    unless: strategy("scd2"),
    run: async (bed) => {
      const name = bed.name();
      const at = (day: number) => ({ startedAt: `2024-06-0${day}T12:00:00.000Z`, runId: `run-${day}` });
      await bed.load(name, [OLD], { ...merge, strategy: "scd2", ...at(1) });
      await bed.load(name, [NEW], { ...merge, strategy: "scd2", ...at(2) });
      await bed.load(name, [NEW], { ...merge, strategy: "scd2", ...at(3) });
      const first = "2024-06-01 12:00:00+00", second = "2024-06-02 12:00:00+00";
      assert.deepEqual(
        await bed.rows(name),
        [
          ["1", "one", "10", first, null],
          ["2", "TWO", null, second, null],
          ["2", "two", "20", first, second],
          ["3", "three", "30", second, null],
        ].map((row) => JSON.stringify(row)).sort(),
      );
    },
  },
  {
    id: "D35",
    title: "of rows with one key in a batch the one with the highest cursor value is kept, else the last",
    unless: merges,
    run: async (bed) => {
      const rows = readStream("keys_twice");
      for (const by of bed.system.connector.capabilities.mergeStrategies.filter((one) => one !== "scd2")) {
        const name = bed.name();
        const { results } = await bed.load(name, [rows], { ...merge, strategy: by, orderBy: "version" });
        assert.equal(results[0]!.rowsReceived, 5);
        assert.deepEqual(await bed.rows(name), [
          '["1","2","last"]',
          '["2","5","kept by number"]',
          '["3","1","alone"]',
        ], by);
        const other = bed.name();
        await bed.load(other, [rows], { ...merge, strategy: by });
        assert.deepEqual(await bed.rows(other), [
          '["1","2","last"]',
          '["2","3","kept by order"]',
          '["3","1","alone"]',
        ], by);
      }
    },
  },
  {
    id: "D36",
    title: "a NULL in a key is an error before anything is written",
    unless: merges,
    run: async (bed) => {
      for (const by of bed.system.connector.capabilities.mergeStrategies) {
        const name = bed.name();
        await bed.load(name, ["SELECT 7::INTEGER AS id, 'seven' AS name"], { ...merge, strategy: by });
        const before = await bed.rows(name);
        const load = bed.load(name, [readStream("keys_null")], { ...merge, strategy: by, runId: "run-2" });
        const error = await bed.refused(load, { code: "NULL_KEY", retryable: false, says: /\bid\b/ });
        assert.equal(error.context.rows, 1);
        assert.deepEqual(await bed.rows(name), before, by);
      }
    },
  },
  {
    id: "D37",
    title: "a key that the rows or the table do not have is named",
    unless: merges,
    run: async (bed) => {
      const name = bed.name();
      await bed.load(name, [OLD], merge);
      const wrong = bed.load(name, [NEW], { ...merge, mergeKeys: ["idd"], runId: "run-2" });
      const error = await bed.refused(wrong, { code: "MERGE_KEY_MISSING", retryable: false, says: /idd/ });
      assert.match(error.hint ?? "", /\bid\b/);
      const fresh = bed.load(name, ["SELECT 1::INTEGER AS id, 2::INTEGER AS other"], {
        ...merge,
        mergeKeys: ["other"],
        runId: "run-2",
      });
      await bed.refused(fresh, { code: "MERGE_KEY_MISSING", says: /other/ });
      assert.deepEqual(await bed.rows(name), ['["1","one","10"]', '["2","two","20"]']);
    },
  },
  {
    id: "D38",
    title: "keys of several columns, and of every type that has an order, match",
    unless: merges,
    run: async (bed) => {
      const name = bed.name();
      const rows = (note: string) =>
        `SELECT * FROM (VALUES
           (9007199254740993::BIGINT, 'a', DATE '2024-01-01', TIMESTAMP '2024-01-01 00:00:00.000001', 1.10::DECIMAL(10,2),
            '123e4567-e89b-12d3-a456-426614174000'::UUID, true, '${note}'),
           (9007199254740993::BIGINT, 'A', DATE '2024-01-01', TIMESTAMP '2024-01-01 00:00:00.000001', 1.10::DECIMAL(10,2),
            '123e4567-e89b-12d3-a456-426614174000'::UUID, true, '${note}'),
           (9007199254740992::BIGINT, 'a', DATE '2024-01-01', TIMESTAMP '2024-01-01 00:00:00.000002', 1.10::DECIMAL(10,2),
            '123e4567-e89b-12d3-a456-426614174000'::UUID, false, '${note}')) AS v(a, b, c, d, e, f, g, note)`;
      const by = { mode: "merge", mergeKeys: ["a", "b", "c", "d", "e", "f", "g"] } as const;
      await bed.load(name, [rows("old")], by);
      const { results } = await bed.load(name, [rows("new")], { ...by, runId: "run-2" });
      assert.equal(results[0]!.rowsReceived, 3);
      assert.deepEqual(await bed.rows(name), await bed.expected(rows("new")));
    },
  },
  {
    id: "D39",
    title: "a merge that vanished is repeated without harm",
    unless: (system) =>
      merges(system) || system.connector.capabilities.positionless === true && "keeps no position",
    run: async (bed) => {
      const name = bed.name();
      await bed.load(name, [OLD], { ...merge, end: "vanish" });
      await bed.client(async (client) => {
        const load = await client.openLoad(name, merge);
        const at = (await load.resume())!.sequence;
        await client.write(load, OLD, position(at + 1));
        await client.write(load, NEW, position(at + 2));
        await load.commit(position(at + 3, { complete: true }));
      });
      assert.deepEqual(await bed.rows(name), ['["1","one","10"]', '["2","TWO",null]', '["3","three","30"]']);
    },
  },
];
