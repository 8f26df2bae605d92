/** Rules for sources: S1…. What holds for incremental reading is in `source_incremental.ts`. */
import assert from "node:assert/strict";
import { EMPTY_SOURCE_STATE, formatType } from "../../src/sdk/mod.ts";
import { INCREMENTAL_RULES } from "./source_incremental.ts";
import { readStream, streamNames } from "./stream.ts";
import { type Rule, testRules } from "./suite.ts";
import { type Bed, Reader, readRequest, type System, typesOf } from "./system.ts";

/** Streams that have a rule of their own. */
const ELSEWHERE = new Set(["empty", "odd_names", "spaced_names"]);

const ROWS = "SELECT i::INTEGER AS id, 'v' || i AS name FROM range(1000) r(i)";

export const SOURCE_RULES: readonly Rule[] = [
  {
    id: "S1",
    title: "every value is read as it is, with its type",
    run: async (bed, step) => {
      for (const name of streamNames().filter((name) => !ELSEWHERE.has(name))) {
        await step(name, () => readBack(bed, name));
      }
    },
  },
  {
    id: "S2",
    title: "NULL and the empty text are two things",
    run: async (bed) => {
      const name = bed.name();
      const rows = await bed.stream("SELECT * FROM (VALUES (1, ''), (2, NULL), (3, 'x')) AS v(id, text)");
      await bed.seed(name, rows);
      assert.deepEqual(await bed.rows(name, rows.schema), ['["1",""]', '["2",null]', '["3","x"]']);
    },
  },
  {
    id: "S3",
    title: "an empty source gives no batch, or one without rows, and its columns are known",
    run: async (bed) => {
      const name = bed.name();
      const empty = readStream("empty");
      await bed.seed(name, empty);
      const batches: number[] = [];
      await bed.client(async (client) => {
        const source = await client.source(name, empty.schema);
        const { schema } = await source.describe(readRequest(), EMPTY_SOURCE_STATE);
        assert.deepEqual(schema.fields.map((field) => field.name), ["id", "name", "at"]);
        for await (const { batch } of source.readBatches(readRequest(), EMPTY_SOURCE_STATE)) {
          batches.push(await batch.rowCount());
        }
      });
      assert.ok(batches.length === 0 || (batches.length === 1 && batches[0] === 0), `batches: ${batches}`);
    },
  },
  {
    id: "S4",
    title: "names of columns that need care are read as they are",
    run: async (bed, step) => {
      for (const name of ["odd_names", "spaced_names"]) await step(name, () => readBack(bed, name));
    },
  },
  {
    id: "S5",
    title: "`describe` tells the columns that are then read, what would be done, and reads no rows for it",
    run: async (bed) => {
      const name = bed.name();
      const rows = await bed.stream(ROWS);
      await bed.seed(name, rows);
      await bed.client(async (client) => {
        const source = await client.source(name, rows.schema);
        const said = await source.describe(readRequest(), EMPTY_SOURCE_STATE);
        bed.show(said);
        assert.ok(said.statements.length > 0);
        for await (const { batch } of source.readBatches(readRequest(), EMPTY_SOURCE_STATE)) {
          assert.deepEqual(typesOf(batch.schema), typesOf(said.schema));
        }
      });
    },
  },
  {
    id: "S6",
    title: "all rows are read, each once, by few or many readers and in batches of any size",
    run: async (bed) => {
      const name = bed.name();
      const rows = await bed.stream(ROWS);
      await bed.seed(name, rows);
      const expected = await bed.expected(rows);
      for (
        const more of [{}, { batchSize: 100 }, { batchSize: 100, parallelism: 4 }, {
          batchSize: 7,
          parallelism: 2,
        }]
      ) {
        const reader = new Reader(bed, name, more, rows.schema);
        const { rows: read } = await reader.run({
          each: ({ batch }) => assert.equal(batch.columns.join(), "id,name"),
        });
        assert.deepEqual(read, expected, JSON.stringify(more));
      }
    },
  },
  {
    id: "S7",
    title: "a run that ends after any of its batches is taken up behind it",
    run: async (bed) => {
      const name = bed.name();
      const rows = await bed.stream(ROWS);
      await bed.seed(name, rows);
      await bed.seed(
        name,
        await bed.stream("SELECT i::INTEGER AS id, 'v' || i AS name FROM range(1000, 1500) r(i)"),
      );
      const all = await bed.expected("SELECT i::INTEGER AS id, 'v' || i AS name FROM range(1500) r(i)");
      const whole = await new Reader(bed, name, { batchSize: 400 }, rows.schema).run();
      assert.deepEqual(whole.rows, all);
      for (let stopAfter = 0; stopAfter <= whole.batches; stopAfter++) {
        const reader = new Reader(bed, name, { batchSize: 400 }, rows.schema);
        const first = await reader.run({ stopAfter });
        const rest = await reader.run();
        assert.deepEqual(
          [...first.rows, ...rest.rows].sort(),
          all,
          `stopped after ${stopAfter} of ${whole.batches}`,
        );
      }
    },
  },
  {
    id: "S8",
    title: "the state of a run that has ended holds no checkpoints, and a new run reads everything again",
    run: async (bed) => {
      const name = bed.name();
      const rows = await bed.stream(ROWS);
      await bed.seed(name, rows);
      const reader = new Reader(bed, name, {}, rows.schema);
      const first = await reader.run();
      assert.deepEqual(reader.state.checkpoints, []);
      // As the engine does for a source that is not incremental.
      reader.state = EMPTY_SOURCE_STATE;
      assert.deepEqual((await reader.run()).rows, first.rows);
    },
  },
  {
    id: "S9",
    title: "`discover` lists what can be read, with columns and keys",
    run: async (bed) => {
      const name = bed.name();
      await bed.seed(name, "SELECT 1::BIGINT AS id, 'x' AS name, 1.5::DECIMAL(10,2) AS amount", {
        keys: ["id"],
      });
      await bed.client(async (client) => {
        const source = await client.source(name);
        assert.ok(source.discover !== undefined, "the source has `discover`");
        const found = (await source.discover()).find((one) =>
          one.name === name || one.name.endsWith(`.${name}`)
        );
        assert.ok(found !== undefined, `${name} is listed`);
        assert.deepEqual(found.schema.fields.map((field) => [field.name, formatType(field.type)]), [
          ["id", "int64"],
          ["name", "string"],
          ["amount", "decimal(10,2)"],
        ]);
        assert.deepEqual(found.primaryKey, ["id"]);
      });
    },
  },
  {
    id: "S10",
    title: "a reader that stops early leaves nothing open, and another can begin",
    run: async (bed) => {
      const name = bed.name();
      const rows = await bed.stream(
        "SELECT i::INTEGER AS id, repeat('x', 200) AS name FROM range(50000) r(i)",
      );
      await bed.seed(name, rows);
      await bed.client(async (client) => {
        const source = await client.source(name, rows.schema);
        for await (
          const { batch } of source.readBatches(readRequest({ batchSize: 1000 }), EMPTY_SOURCE_STATE)
        ) {
          assert.ok(batch.columns.length === 2);
          break;
        }
      });
      assert.deepEqual(await bed.place.leftovers?.() ?? [], []);
      assert.equal((await bed.rows(name, rows.schema)).length, 50_000);
    },
  },
  {
    id: "S11",
    title: "a run sees the rows as they were at one moment, whatever is written while it reads",
    unless: (system) => !system.connector.capabilities.parallelRead && "one reader, or none of its own",
    run: async (bed) => {
      const name = bed.name();
      const rows = await bed.stream("SELECT i::INTEGER AS id, 'v' || i AS name FROM range(5000) r(i)");
      await bed.seed(name, rows, { keys: ["id"] });
      const expected = await bed.expected(rows);
      for (const parallelism of [1, 3]) {
        let written = false;
        await bed.client(async (client) => {
          const source = await client.source(name);
          const read: number[] = [];
          const request = readRequest({ batchSize: 500, parallelism });
          for await (const { batch } of source.readBatches(request, EMPTY_SOURCE_STATE)) {
            if (!written) {
              await bed.seed(name, `SELECT ${90_000 + parallelism}::INTEGER AS id, 'late' AS name`);
            }
            written = true;
            read.push(...(await batch.toObjects()).map((row) => Number(row.id)));
            await client.session.release(batch);
          }
          const late = [90_001, 90_003].filter((id) => id < 90_000 + parallelism);
          assert.deepEqual(read.sort((a, b) => a - b), [...Array(expected.length).keys(), ...late]);
        });
        assert.ok(written, "something was written while it read");
      }
    },
  },
  ...INCREMENTAL_RULES,
];

/** Seeds a stream without the connector, reads it and compares values and types. */
async function readBack(bed: Bed, stream: string): Promise<void> {
  const name = bed.name();
  const rows = readStream(stream);
  await bed.seed(name, rows);
  const found = await bed.read(name, rows.schema);
  assert.deepEqual(Object.keys(typesOf(found.schema)), Object.keys(typesOf(rows.schema)), "names");
  assert.deepEqual(found.rows, await bed.expected(rows));
  const { becomes = {} } = bed.system;
  const expected = Object.entries(typesOf(rows.schema)).map((
    [column, type],
  ) => [column, becomes[type] ?? type]);
  assert.deepEqual(typesOf(found.schema), Object.fromEntries(expected), "types");
}

/** Runs the rules for sources. */
export function testSource(system: System): void {
  testRules("source", SOURCE_RULES, system);
}
