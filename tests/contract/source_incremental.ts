/** Rules for sources that read incrementally: S20…. */
import assert from "node:assert/strict";
import { type IncrementalStrategy, parseType, type ReadRequest } from "../../src/sdk/mod.ts";
import type { Stream } from "./stream.ts";
import type { Rule } from "./suite.ts";
import { type Bed, incremental, Reader, type System } from "./system.ts";

const strategy = (name: IncrementalStrategy) => (system: System) =>
  !system.connector.capabilities.incremental.includes(name) && `no ${name}`;
const cursor = strategy("cursor"), watermark = strategy("watermark"), modified = strategy("modified_time");

const byC = incremental({ strategy: "cursor", cursorColumn: "c" });

/** Rows `(id, c)` as a stream: `rows("int64", [[1, "10"], [2, null]])`. */
function rows(type: string, values: readonly (readonly [number, string | null])[]): Stream {
  const logical = parseType(type)!;
  const engine = {
    int64: "BIGINT",
    string: "VARCHAR",
    date: "DATE",
    datetime: "TIMESTAMP",
    "datetime(tz)": "TIMESTAMPTZ",
  };
  const sql = engine[type as keyof typeof engine] ?? type.toUpperCase();
  const list = values.map(([id, c]) => `(${id}, CAST(${c === null ? "NULL" : `'${c}'`} AS ${sql}))`);
  return {
    name: "made",
    select: `SELECT id::INTEGER AS id, c FROM (VALUES ${list.join(", ")}) AS v(id, c)`,
    schema: {
      fields: [
        { name: "id", type: { kind: "integer", bits: 32 }, nullable: true },
        { name: "c", type: logical, nullable: true },
      ],
    },
  };
}

/** A seeded table and a reader of it. */
async function started(
  bed: Bed,
  stream: Stream,
  request: Partial<ReadRequest>,
): Promise<{ name: string; reader: Reader }> {
  const name = bed.name();
  await bed.seed(name, stream);
  return { name, reader: new Reader(bed, name, request, stream.schema) };
}

const ids = (read: { rows: string[] }) =>
  read.rows.map((row) => Number(JSON.parse(row)[0])).sort((a, b) => a - b);

/** Values of a type in order, close to each other where a float or a cut would confuse them. */
const ORDERED: Record<string, readonly string[]> = {
  int64: ["9007199254740992", "9007199254740993", "9007199254740994"],
  "decimal(38,10)": [
    "12345678901234567890.0000000001",
    "12345678901234567890.0000000002",
    "12345678901234567890.1",
  ],
  date: ["2024-02-28", "2024-02-29", "2024-03-01"],
  datetime: ["2024-03-31 01:59:59.999999", "2024-03-31 02:30:00", "2024-03-31 02:30:00.000001"],
  "datetime(tz)": ["2024-10-27 00:30:00+00", "2024-10-27 01:30:00+00", "2024-10-27 01:30:00.000001+00"],
  string: ["B", "a", "ä"],
};

export const INCREMENTAL_RULES: readonly Rule[] = [
  {
    id: "S20",
    title: "cursor: a second run reads only what is above the last value, to the last digit of every type",
    unless: cursor,
    run: async (bed, step) => {
      for (const [type, [low, middle, high]] of Object.entries(ORDERED)) {
        await step(type, async () => {
          for (const writeMode of ["append", "merge"] as const) {
            const { name, reader } = await started(bed, rows(type, [[1, low!], [2, middle!]]), {
              incremental: byC,
              writeMode,
            });
            assert.deepEqual(ids(await reader.run()), [1, 2]);
            // With merge the rows at the last value are applied again: one of them may have changed.
            assert.deepEqual(ids(await reader.run()), writeMode === "merge" ? [2] : []);
            await bed.seed(name, rows(type, [[3, high!]]));
            assert.deepEqual(
              ids(await reader.run()),
              writeMode === "merge" ? [2, 3] : [3],
              `${writeMode}, ${type}`,
            );
          }
        });
      }
    },
  },
  {
    id: "S21",
    title: "cursor: rows that come late at the last value are neither lost nor doubled",
    unless: cursor,
    run: async (bed) => {
      const { name, reader } = await started(bed, rows("int64", [[1, "1"], [2, "2"], [3, "2"]]), {
        incremental: byC,
      });
      assert.deepEqual(ids(await reader.run()), [1, 2, 3]);
      await bed.seed(name, rows("int64", [[4, "2"]]));
      assert.deepEqual(ids(await reader.run()), [4]);
      // The very same row once more is another row.
      await bed.seed(name, rows("int64", [[4, "2"], [5, "3"]]));
      assert.deepEqual(ids(await reader.run()), [4, 5]);
      assert.deepEqual(ids(await reader.run()), []);
    },
  },
  {
    id: "S22",
    title: "cursor: `initial_value` is inclusive, `end_value` exclusive",
    unless: cursor,
    run: async (bed) => {
      const table = rows("int64", [[1, "1"], [2, "2"], [3, "3"], [4, "4"]]);
      const within = incremental({ strategy: "cursor", cursorColumn: "c", initialValue: "2", endValue: "4" });
      const { reader } = await started(bed, table, { incremental: within });
      assert.deepEqual(ids(await reader.run()), [2, 3]);
      assert.deepEqual(ids(await reader.run()), []);
    },
  },
  {
    id: "S23",
    title: "rows without a cursor value: an error with their number, left out, or read once",
    unless: cursor,
    run: async (bed) => {
      const table = rows("int64", [[1, "1"], [2, null], [3, null]]);
      const onNull = (how: "error" | "exclude" | "include") =>
        incremental({ strategy: "cursor", cursorColumn: "c", onNull: how });
      const strict = (await started(bed, table, { incremental: onNull("error") })).reader;
      const error = await bed.refused(strict.run(), { code: "CURSOR_NULL", retryable: false, says: /\b2\b/ });
      assert.ok(error.hint !== undefined);
      assert.deepEqual(
        ids(await (await started(bed, table, { incremental: onNull("exclude") })).reader.run()),
        [1],
      );
      const { name, reader } = await started(bed, table, { incremental: onNull("include") });
      assert.deepEqual(ids(await reader.run()), [1, 2, 3]);
      assert.deepEqual(ids(await reader.run()), []);
      await bed.seed(name, rows("int64", [[4, null]]));
      assert.deepEqual(ids(await reader.run()), [4]);
    },
  },
  {
    id: "S24",
    title: "watermark: the window ends where the run starts; the next begins there",
    unless: watermark,
    run: async (bed) => {
      const byW = incremental({ strategy: "watermark", cursorColumn: "c" });
      const table = rows("datetime", [[1, "2024-06-01 11:59:59.999999"], [2, "2024-06-01 12:00:00"], [
        3,
        "2024-06-02 00:00:00",
      ]]);
      const { name, reader } = await started(bed, table, { incremental: byW });
      assert.deepEqual(ids(await reader.run({ more: { startedAt: "2024-06-01T12:00:00.000Z" } })), [1]);
      await bed.seed(name, rows("datetime", [[4, "2024-06-01 12:00:00"], [5, "2024-06-01 11:00:00"]]));
      // What comes with a value below the window is late for good.
      assert.deepEqual(ids(await reader.run({ more: { startedAt: "2024-06-02T00:00:00.000Z" } })), [2, 4]);
      assert.deepEqual(ids(await reader.run({ more: { startedAt: "2024-06-03T00:00:00.000Z" } })), [3]);
    },
  },
  {
    id: "S25",
    title: "a lag steps back behind the last value",
    unless: cursor,
    run: async (bed) => {
      const table = rows("datetime", [[1, "2024-06-01 10:00:00"], [2, "2024-06-01 11:50:00"], [
        3,
        "2024-06-01 12:00:00",
      ]]);
      const lag = incremental({ strategy: "cursor", cursorColumn: "c", lag: "15 minutes" });
      const { reader } = await started(bed, table, { incremental: lag, writeMode: "merge" });
      assert.deepEqual(ids(await reader.run()), [1, 2, 3]);
      assert.deepEqual(ids(await reader.run()), [2, 3]);
    },
  },
  {
    id: "S26",
    title: "a run that ends after any of its batches loses and doubles nothing",
    unless: cursor,
    run: async (bed) => {
      const values = Array.from({ length: 60 }, (_, i) => [i, String(Math.floor(i / 4))] as const);
      const table = rows("int64", values);
      const request = { incremental: byC, batchSize: 7 };
      const name = bed.name();
      await bed.seed(name, table);
      const { batches } = await new Reader(bed, name, request, table.schema).run();
      for (let stopAfter = 0; stopAfter <= batches; stopAfter++) {
        const reader = new Reader(bed, name, request, table.schema);
        const first = ids(await reader.run({ stopAfter }));
        const rest = ids(await reader.run());
        assert.deepEqual(
          [...first, ...rest].sort((a, b) => a - b),
          values.map(([id]) => id),
          `after ${stopAfter}`,
        );
        assert.deepEqual(ids(await reader.run()), []);
      }
    },
  },
  {
    id: "S27",
    title: "a cursor column that is not there, or can't be one, is named",
    unless: cursor,
    run: async (bed) => {
      const table = rows("int64", [[1, "1"]]);
      const by = (column: string, more = {}) => ({
        incremental: incremental({ strategy: "cursor", cursorColumn: column, ...more }),
      });
      const missing = (await started(bed, table, by("cc"))).reader;
      const error = await bed.refused(missing.run(), {
        code: "CURSOR_COLUMN_MISSING",
        retryable: false,
        says: /cc/,
      });
      assert.ok(error.hint !== undefined);
      const value = (await started(bed, table, by("c", { initialValue: "yesterday" }))).reader;
      await bed.refused(value.run(), { code: "CURSOR_VALUE", retryable: false, says: /yesterday/ });
    },
  },
  {
    id: "S28",
    title: "modified_time: only files that are new or have changed are read, each whole",
    unless: modified,
    run: async (bed) => {
      const byTime = incremental({ strategy: "modified_time" });
      const { name, reader } = await started(bed, rows("int64", [[1, "1"]]), { incremental: byTime });
      assert.deepEqual(ids(await reader.run()), [1]);
      assert.deepEqual(ids(await reader.run()), []);
      await bed.seed(name, rows("int64", [[2, "1"], [3, "2"]]));
      assert.deepEqual(ids(await reader.run()), [2, 3]);
      assert.deepEqual(ids(await reader.run()), []);
    },
  },
];
