/** Rules for destinations: D1…. What holds for merges is in `destination_merge.ts`. */
import assert from "node:assert/strict";
import { DataLoaderError, type SourceState } from "../../src/sdk/mod.ts";
import { MERGE_RULES } from "./destination_merge.ts";
import { readStream, type Stream, streamNames } from "./stream.ts";
import { type Rule, testRules } from "./suite.ts";
import { type Bed, modesOf, position, type System, typesOf } from "./system.ts";

/** Streams that have a rule of their own, or are no rows to write as they are. */
const ELSEWHERE = new Set([
  "empty",
  "odd_names",
  "spaced_names",
  "system_names",
  "long_names",
  "texts_nul",
  "keys_null",
]);

const without = (mode: "append" | "overwrite" | "merge") => (system: System) =>
  !modesOf(system).includes(mode) && `no ${mode}`;

/** Numbers from `from`, so many, with a text each. */
export const numbers = (from: number, count: number) =>
  `SELECT i::INTEGER AS id, 'v' || i AS name FROM range(${from}, ${from + count}) r(i)`;

/** The same, and an error once the engine has come to the last of them. */
const failing = (from: number, count: number) =>
  `SELECT i::INTEGER AS id, CASE WHEN i = ${
    from + count - 1
  } THEN error('broken at the last row') ELSE 'v' || i END AS name
   FROM range(${from}, ${from + count}) r(i)`;

const state = (value: string): SourceState => ({
  cursor_values: { at: value },
  watermarks: { w: "9223372036854775807" },
  checkpoints: [{ run_id: "run-1", part: 3 }],
  metadata: { "odd \"key'": ["ü", null, 1.5, { deep: true }], empty: "" },
});

export const DESTINATION_RULES: readonly Rule[] = [
  {
    id: "D1",
    title: "every value comes back as it was, of its type",
    run: async (bed, step) => {
      for (const name of streamNames().filter((name) => !ELSEWHERE.has(name))) {
        await step(name, () => roundTrip(bed, readStream(name)));
      }
    },
  },
  {
    id: "D2",
    title: "NULL and the empty text stay two things",
    run: async (bed) => {
      const name = bed.name();
      const rows = await bed.stream("SELECT * FROM (VALUES (1, ''), (2, NULL), (3, 'x')) AS v(id, text)");
      await bed.load(name, [rows]);
      assert.deepEqual(await bed.rows(name, rows.schema), ['["1",""]', '["2",null]', '["3","x"]']);
    },
  },
  {
    id: "D3",
    title: "a batch without rows writes none, and a load of nothing succeeds",
    run: async (bed) => {
      const empty = readStream("empty");
      const { results } = await bed.load(bed.name(), [empty]);
      assert.deepEqual([results[0]!.rowsReceived, results[0]!.rowsWritten], [0, 0]);
      await bed.load(bed.name(), []);
    },
  },
  {
    id: "D4",
    title: "names that need care are kept, or refused before anything is written",
    run: async (bed, step) => {
      await step("odd_names", () => roundTrip(bed, readStream("odd_names")));
      for (const name of ["spaced_names", "system_names", "long_names", "texts_nul"]) {
        await step(name, () => roundTripOrRefused(bed, readStream(name)));
      }
    },
  },
  {
    id: "D5",
    title: "a new load has no position; a committed one is given back as it was, to the last letter",
    unless: positionless,
    run: async (bed) => {
      const name = bed.name();
      const { resumed } = await bed.load(name, [], { end: "abort" });
      assert.equal(resumed, undefined);
      const written = position(7, {
        runId: "run-ü",
        complete: true,
        plan: "abc",
        basis: 3,
        source: "somewhere",
        state: state("2024-05-01 12:00:00.000001"),
      });
      await bed.client(async (client) => {
        const load = await client.openLoad(name);
        await load.resume();
        await client.write(load, numbers(0, 3), { ...written, sequence: 6, complete: false });
        await load.commit(written);
      });
      assert.deepEqual((await bed.load(name, [], { end: "abort" })).resumed, written);
    },
  },
  {
    id: "D6",
    title: "rows and position are there together: a load that vanishes after a batch goes on behind it",
    unless: (system) => positionless(system) || without("append")(system),
    run: async (bed) => {
      const name = bed.name();
      await bed.load(name, [numbers(0, 10), numbers(10, 10)], { mode: "append", end: "vanish" });
      assert.deepEqual(await bed.rows(name), await bed.expected(numbers(0, 20)));
      const { resumed } = await bed.load(name, [numbers(20, 10)], { mode: "append" });
      assert.equal(resumed?.sequence, 2);
      assert.equal(resumed?.complete, false);
      assert.deepEqual(await bed.rows(name), await bed.expected(numbers(0, 30)));
    },
  },
  {
    id: "D7",
    title: "a batch written again under the number it had is there once",
    unless: (system) => positionless(system) || without("append")(system),
    run: async (bed) => {
      const name = bed.name();
      for (let time = 0; time < 2; time++) {
        await bed.client(async (client) => {
          const load = await client.openLoad(name, { mode: "append" });
          await load.resume();
          const again = client.write(load, numbers(0, 10), position(1));
          if (time === 0) await again;
          else {await again.catch((error) =>
              assert.equal((error as DataLoaderError).code, "POSITION_CONFLICT")
            );}
        });
      }
      assert.deepEqual(await bed.rows(name), await bed.expected(numbers(0, 10)));
    },
  },
  {
    id: "D8",
    title: "of a batch that fails nothing stays, and the same load can write it again",
    run: async (bed, step) => {
      for (const mode of modesOf(bed.system)) {
        await step(mode, async () => {
          const name = bed.name();
          const keys = mode === "merge" ? { mergeKeys: ["id"] } : {};
          const staged = mode === "overwrite" ? { staged: true } : {};
          await bed.load(name, [numbers(0, 10)], { mode, ...keys });
          await bed.client(async (client) => {
            const load = await client.openLoad(name, { mode, ...keys });
            const before = await load.resume();
            const next = (before?.sequence ?? 0) + 1;
            const at = position(next, { runId: "run-2", ...staged });
            await bed.refused(client.write(load, failing(10, 200_000), at));
            assert.deepEqual(
              await bed.rowsBeside(client, name),
              await bed.expected(numbers(0, 10)),
              "as it was",
            );
            await client.write(load, numbers(10, 10), at);
            await load.commit(position(next + 1, { runId: "run-2", complete: true }));
          });
          const all = mode === "overwrite" ? numbers(10, 10) : numbers(0, 20);
          assert.deepEqual(await bed.rows(name), await bed.expected(all));
        });
      }
    },
  },
  {
    id: "D9",
    title: "append adds rows; several batches and loads add up",
    unless: without("append"),
    run: async (bed) => {
      const name = bed.name();
      const first = await bed.load(name, [numbers(0, 100_000), numbers(100_000, 1)], { mode: "append" });
      assert.deepEqual(first.results.map((r) => [r.rowsReceived, r.rowsWritten]), [[100_000, 100_000], [
        1,
        1,
      ]]);
      await bed.load(name, [numbers(0, 1)], { mode: "append", runId: "run-2" });
      const expected = [...await bed.expected(numbers(0, 100_001)), ...await bed.expected(numbers(0, 1))]
        .sort();
      assert.deepEqual(await bed.rows(name), expected);
    },
  },
  {
    id: "D10",
    title: "an overwrite is hidden until it is committed, and then all there is",
    unless: without("overwrite"),
    run: async (bed) => {
      const name = bed.name();
      await bed.load(name, [numbers(0, 10)], { mode: "overwrite" });
      await bed.client(async (client) => {
        const load = await client.openLoad(name, { mode: "overwrite" });
        const at = (await load.resume())?.sequence ?? 0;
        await client.write(load, numbers(50, 5), position(at + 1, { runId: "run-2", staged: true }));
        assert.deepEqual(
          await bed.rowsBeside(client, name),
          await bed.expected(numbers(0, 10)),
          "the old rows",
        );
        await client.write(load, numbers(60, 5), position(at + 2, { runId: "run-2", staged: true }));
        await load.commit(position(at + 3, { runId: "run-2", complete: true }));
      });
      const expected = [...await bed.expected(numbers(50, 5)), ...await bed.expected(numbers(60, 5))].sort();
      assert.deepEqual(await bed.rows(name), expected);
    },
  },
  {
    id: "D11",
    title: "an overwrite that vanished is given to the next one as a staged position, and goes on from there",
    unless: (system) => positionless(system) || without("overwrite")(system),
    run: async (bed) => {
      const name = bed.name();
      await bed.load(name, [numbers(0, 10)], { mode: "overwrite" });
      const { last } = await bed.load(name, [numbers(20, 5)], {
        mode: "overwrite",
        runId: "run-2",
        end: "vanish",
      });
      assert.deepEqual(await bed.rows(name), await bed.expected(numbers(0, 10)));
      const done = await bed.load(name, [numbers(25, 5)], { mode: "overwrite", runId: "run-2" });
      assert.deepEqual([done.resumed?.sequence, done.resumed?.staged, done.resumed?.runId], [
        last,
        true,
        "run-2",
      ]);
      assert.deepEqual(await bed.rows(name), await bed.expected(numbers(20, 10)));
    },
  },
  {
    id: "D12",
    title: "what one run has staged is no part of another's overwrite",
    unless: without("overwrite"),
    run: async (bed) => {
      const name = bed.name();
      await bed.load(name, [numbers(0, 10)], { mode: "overwrite" });
      await bed.load(name, [numbers(20, 5)], { mode: "overwrite", runId: "run-2", end: "vanish" });
      await bed.load(name, [numbers(30, 5)], { mode: "overwrite", runId: "run-3" });
      assert.deepEqual(await bed.rows(name), await bed.expected(numbers(30, 5)));
    },
  },
  {
    id: "D13",
    title: "a load that does not replace discards what is staged, and goes by the last visible position",
    unless: (system) => positionless(system) || without("overwrite")(system) || without("append")(system),
    run: async (bed) => {
      const name = bed.name();
      const { last } = await bed.load(name, [numbers(0, 10)], { mode: "append" });
      await bed.load(name, [numbers(20, 5)], { mode: "overwrite", runId: "run-2", end: "vanish" });
      const { resumed } = await bed.load(name, [numbers(10, 5)], { mode: "append", runId: "run-3" });
      assert.deepEqual([resumed?.sequence, resumed?.runId], [last, "run-1"]);
      assert.deepEqual(await bed.rows(name), await bed.expected(numbers(0, 15)));
    },
  },
  {
    id: "D14",
    title: "an overwrite without a batch replaces nothing; one whose batches are empty empties",
    unless: without("overwrite"),
    run: async (bed) => {
      const name = bed.name();
      const rows = await bed.stream(numbers(0, 3));
      await bed.load(name, [rows], { mode: "overwrite" });
      await bed.load(name, [], { mode: "overwrite", runId: "run-2" });
      assert.deepEqual(await bed.rows(name, rows.schema), await bed.expected(rows));
      await bed.load(name, [`${numbers(0, 3)} WHERE false`], { mode: "overwrite", runId: "run-3" });
      assert.deepEqual(await bed.rows(name, rows.schema), []);
    },
  },
  {
    id: "D15",
    title: "a full refresh replaces all rows, whatever the mode, hidden until it is committed",
    unless: without("append"),
    run: async (bed, step) => {
      for (const mode of modesOf(bed.system).filter((mode) => mode !== "overwrite")) {
        await step(mode, async () => {
          const name = bed.name();
          const keys = mode === "merge" ? { mergeKeys: ["id"] } : {};
          await bed.load(name, [numbers(0, 10)], { mode, ...keys });
          await bed.load(name, [numbers(5, 10)], {
            mode,
            ...keys,
            fullRefresh: true,
            runId: "run-2",
            end: "vanish",
          });
          assert.deepEqual(await bed.rows(name), await bed.expected(numbers(0, 10)));
          await bed.load(name, [numbers(15, 5)], { mode, ...keys, fullRefresh: true, runId: "run-3" });
          assert.deepEqual(await bed.rows(name), await bed.expected(numbers(15, 5)));
        });
      }
    },
  },
  {
    id: "D16",
    title: "giving up leaves nothing half: what was committed stays, what was staged stays hidden",
    run: async (bed, step) => {
      for (const mode of modesOf(bed.system)) {
        await step(mode, async () => {
          const name = bed.name();
          const keys = mode === "merge" ? { mergeKeys: ["id"] } : {};
          await bed.load(name, [numbers(0, 5)], { mode, ...keys });
          await bed.load(name, [numbers(5, 5)], { mode, ...keys, runId: "run-2", end: "abort" });
          const seen = mode === "overwrite" ? numbers(0, 5) : numbers(0, 10);
          assert.deepEqual(await bed.rows(name), await bed.expected(seen));
          await bed.load(name, [numbers(10, 5)], { mode, ...keys, runId: "run-3" });
          const after = mode === "overwrite" ? numbers(10, 5) : numbers(0, 15);
          assert.deepEqual(await bed.rows(name), await bed.expected(after));
        });
      }
    },
  },
  {
    id: "D17",
    title: "of two runs of one recipe at a time, one is refused and nothing is doubled",
    unless: (system) => positionless(system) || without("append")(system),
    run: async (bed) => {
      const name = bed.name();
      await bed.load(name, [numbers(0, 10)], { mode: "append" });
      await bed.client(async (first) => {
        const one = await first.openLoad(name, { mode: "append" });
        const at = (await one.resume())!.sequence;
        // A system that one load has for itself refuses the second at once, the others when it writes.
        const second = bed.beside(first, async (client) => {
          const two = await client.openLoad(name, { mode: "append" });
          const seen = (await two.resume())!.sequence;
          await first.write(one, numbers(10, 5), position(at + 1, { runId: "run-2" }));
          written = true;
          await client.write(two, numbers(10, 5), position(seen + 1, { runId: "run-3" }));
        });
        let written = false;
        await bed.refused(second, { code: /^(POSITION_CONFLICT|TRANSACTION_CONFLICT|[A-Z_]*LOCKED)$/ });
        if (!written) await first.write(one, numbers(10, 5), position(at + 1, { runId: "run-2" }));
        await one.commit(position(at + 2, { runId: "run-2", complete: true }));
      });
      assert.deepEqual(await bed.rows(name), await bed.expected(numbers(0, 15)));
    },
  },
  {
    id: "D18",
    title: "two recipes, and two resources of one, keep their positions apart",
    unless: (system) => positionless(system) || without("append")(system),
    run: async (bed) => {
      const name = bed.name();
      await bed.load(name, [numbers(0, 5)], { mode: "append", recipe: "one" });
      const others = [{ recipe: "two" }, { recipe: "one", resource: "second" }];
      for (const [nth, other] of others.entries()) {
        const { resumed } = await bed.load(name, [numbers(5 * nth + 5, 5)], { mode: "append", ...other });
        assert.equal(resumed, undefined, JSON.stringify(other));
      }
      const { resumed } = await bed.load(name, [], { mode: "append", recipe: "one", end: "abort" });
      assert.equal(resumed?.complete, true);
      assert.deepEqual(await bed.rows(name), await bed.expected(numbers(0, 15)));
    },
  },
  {
    id: "D19",
    title: "columns that are new are added and reported; columns that no longer come stay",
    unless: (system) =>
      without("append")(system) || !system.connector.capabilities.transactions && "no tables",
    run: async (bed) => {
      const name = bed.name();
      await bed.load(name, ["SELECT 1::INTEGER AS id, 'a' AS gone"], { mode: "append" });
      const { results } = await bed.load(name, ["SELECT 2::INTEGER AS id, 1.5::DECIMAL(5,1) AS fresh"], {
        mode: "append",
        runId: "run-2",
      });
      assert.deepEqual(results[0]!.changes?.map((c) => [c.kind, c.column]), [["add_column", "fresh"]]);
      assert.deepEqual(await bed.rows(name), ['["1","a",null]', '["2",null,"1.5"]']);
    },
  },
  {
    id: "D20",
    title: "a value that another type would change is refused before anything is written",
    unless: (system) =>
      without("append")(system) || !system.connector.capabilities.transactions && "no tables",
    run: async (bed) => {
      const name = bed.name();
      await bed.load(name, ["SELECT 1::INTEGER AS id, 10::INTEGER AS n"], { mode: "append" });
      for (const value of ["2.5::DOUBLE", "'12'", "TIMESTAMP '2024-01-01'"]) {
        const load = bed.load(name, [`SELECT 2::INTEGER AS id, ${value} AS n`], {
          mode: "append",
          runId: "run-2",
        });
        await bed.refused(load, { code: "TYPE_MISMATCH", retryable: false, says: /\bn\b/ });
      }
      assert.deepEqual(await bed.rows(name), ['["1","10"]']);
    },
  },
  {
    id: "D21",
    title: "`describe` says what would be done and does none of it",
    run: async (bed) => {
      const name = bed.name();
      const { schema } = await bed.stream(numbers(0, 1));
      await bed.client(async (client) => {
        const destination = await client.destination(name);
        for (const mode of modesOf(bed.system)) {
          const said = await destination.describe(schema, {
            mode,
            mergeKeys: mode === "merge" ? ["id"] : [],
            strategy: "upsert",
            fullRefresh: false,
            startedAt: "2024-06-01T12:00:00.000Z",
          });
          assert.ok(said.statements.length > 0, mode);
          bed.show(said);
          if (bed.system.connector.capabilities.transactions) {
            assert.ok(said.changes.some((change) => change.kind === "create_table"), "a table would be made");
          }
        }
      });
      assert.deepEqual(await bed.rows(name), []);
    },
  },
  {
    id: "D22",
    title: "`probe` throws what writing would, and leaves nothing",
    run: async (bed) => {
      const name = bed.name();
      await bed.load(name, [numbers(0, 3)]);
      await bed.client(async (client) => {
        const load = await client.openLoad(name);
        await load.resume();
        assert.ok(load.probe !== undefined, "the load has `probe`: without it bad rows can't be found");
        await load.probe(await client.session.relation(numbers(3, 3)));
        await bed.refused(load.probe(await client.session.relation(failing(0, 10))));
        await load.abort();
      });
      assert.deepEqual(await bed.rows(name), await bed.expected(numbers(0, 3)));
    },
  },
  {
    id: "D23",
    title: "`lookup` gives the rows in which a column has a value",
    unless: (system) => !system.connector.capabilities.lookup && "no lookup",
    run: async (bed) => {
      const name = bed.name();
      const rows =
        "SELECT i::INTEGER AS id, (9007199254740993 + i // 2)::BIGINT AS at, 'it''s ' || i % 2 AS text FROM range(6) r(i)";
      await bed.load(name, [rows]);
      await bed.client(async (client) => {
        const load = await client.openLoad(name);
        await load.resume();
        const found = async (column: string, value: string) => {
          const select = await load.lookup!(column, value);
          if (select === undefined) return undefined;
          const rows = await client.session.query<{ id: number }>(`SELECT id FROM (${select}) ORDER BY id`);
          return rows.map((row) => Number(row.id));
        };
        assert.deepEqual(await found("at", "9007199254740994"), [2, 3]);
        assert.deepEqual(await found("AT", "9007199254740993"), [0, 1]);
        assert.deepEqual(await found("text", "it's 1"), [1, 3, 5]);
        assert.deepEqual(await found("at", "1"), []);
        assert.equal(await found("no_such", "1"), undefined);
        assert.equal(await found("at", "no number"), undefined);
        await load.abort();
      });
    },
  },
  {
    id: "D24",
    title: "names of tables that need care are kept",
    run: async (bed) => {
      for (const name of ['odd "name', "select", "Ünïcödé"]) {
        await bed.load(name, [numbers(0, 2)]);
        assert.deepEqual(await bed.rows(name), await bed.expected(numbers(0, 2)), name);
      }
    },
  },
  {
    id: "D25",
    title:
      "`settle` is awaited once, when all rows were pulled; where it throws, nothing of the batch is there",
    unless: (system) => system.connector.capabilities.settles !== true && "does not await settle",
    run: async (bed, step) => {
      for (const mode of modesOf(bed.system)) {
        await step(mode, async () => {
          const name = bed.name();
          await bed.client(async (client) => {
            const keys = mode === "merge" ? { mergeKeys: ["id"] } : {};
            const load = await client.openLoad(name, { mode, ...keys });
            const at = (await load.resume())?.sequence ?? 0;
            const staged = mode === "overwrite" ? { staged: true } : {};
            const batch = await client.session.relation(numbers(0, 10));
            const no = new DataLoaderError("NO", "not to be committed");
            const refused = load.writeBatch(batch, position(at + 1, staged), {
              settle: () => Promise.reject(no),
            });
            await assert.rejects(refused, (error) => error instanceof DataLoaderError && error.code === "NO");
            const seen: number[] = [];
            const next = position(at + 1, staged);
            const result = await load.writeBatch(batch, next, {
              settle: (accepted) => {
                seen.push(accepted);
                next.tally = { settled: true };
                return Promise.resolve(undefined);
              },
            });
            assert.deepEqual(seen, [10]);
            assert.equal(result.rowsReceived, 10);
            await load.commit(position(at + 2, { complete: true }));
          });
          assert.deepEqual(await bed.rows(name), await bed.expected(numbers(0, 10)));
        });
      }
    },
  },
  {
    id: "D26",
    title:
      "rows that `settle` gives are added to their table in the same transaction; a load that replaces all rows replaces them",
    unless: (system) => system.connector.capabilities.quarantine !== true && "no quarantine table",
    run: async (bed) => {
      const name = bed.name();
      const table = bed.name();
      const bad = (run: string) =>
        `SELECT 'contract' AS recipe, 'main' AS resource, '${run}' AS run_id, i AS id FROM range(3) r(i)`;
      const load = async (mode: "append" | "overwrite", run: string, fail = false) => {
        await bed.client(async (client) => {
          const load = await client.openLoad(name, { mode, quarantineTable: table });
          const at = (await load.resume())?.sequence ?? 0;
          const batch = await client.session.relation(numbers(0, 10));
          // What comes behind the pull fails where the rows are no relation.
          const rows = await client.session.relation(
            fail ? `SELECT error('broken') AS id FROM range(1)` : bad(run),
          );
          const written = load.writeBatch(
            batch,
            position(at + 1, { runId: run, ...(mode === "overwrite" ? { staged: true } : {}) }),
            { settle: () => Promise.resolve({ table, rows }) },
          );
          if (fail) await assert.rejects(written);
          else {
            await written;
            await load.commit(position(at + 2, { runId: run, complete: true }));
          }
        }, { recipe: "contract", resource: "main" });
      };
      if (without("append")(bed.system) === false) {
        await load("append", "run-1");
        await load("append", "run-2", true);
        assert.equal((await bed.rows(name)).length, 10, "the batch that failed");
        await load("append", "run-3");
        assert.equal((await bed.rows(table)).length, 6);
      }
      if (without("overwrite")(bed.system) === false) {
        await load("overwrite", "run-4");
        assert.equal((await bed.rows(table)).length, 3);
      }
    },
  },
  {
    id: "D27",
    title: "`abort` with `discard` throws away what is staged",
    unless: (system) => positionless(system) || without("overwrite")(system),
    run: async (bed) => {
      const name = bed.name();
      await bed.load(name, [numbers(0, 5)], { mode: "overwrite" });
      await bed.client(async (client) => {
        const load = await client.openLoad(name, { mode: "overwrite" });
        const at = (await load.resume())?.sequence ?? 0;
        await client.write(load, numbers(50, 5), position(at + 1, { runId: "run-2", staged: true }));
        await load.abort({ discard: true });
      });
      await bed.client(async (client) => {
        const load = await client.openLoad(name, { mode: "overwrite" });
        assert.notEqual((await load.resume())?.staged, true);
        await load.abort();
      });
      assert.deepEqual(await bed.rows(name), await bed.expected(numbers(0, 5)));
    },
  },
  ...MERGE_RULES,
];

function positionless(system: System): string | false {
  return system.connector.capabilities.positionless === true && "keeps no position";
}

/** Writes a stream in the first mode there is, reads it back and compares values and types. */
async function roundTrip(bed: Bed, stream: Stream): Promise<void> {
  const name = bed.name();
  await bed.load(name, [stream]);
  const { rows, schema } = await bed.read(name, stream.schema);
  assert.deepEqual(Object.keys(typesOf(schema)), Object.keys(typesOf(stream.schema)), "names");
  assert.deepEqual(rows, await bed.expected(stream));
  const { becomes = {} } = bed.system;
  const expected = Object.entries(typesOf(stream.schema)).map((
    [column, type],
  ) => [column, becomes[type] ?? type]);
  assert.deepEqual(typesOf(schema), Object.fromEntries(expected), "types");
}

/** The same, or an error of the connector's that leaves nothing. */
async function roundTripOrRefused(bed: Bed, stream: Stream): Promise<void> {
  try {
    await roundTrip(bed, stream);
  } catch (error) {
    if (!(error instanceof DataLoaderError)) throw error;
    const name = bed.name();
    const refused = await bed.refused(bed.load(name, [stream]), { retryable: false });
    assert.ok(refused.hint !== undefined, "a hint");
    assert.deepEqual(await bed.rows(name), []);
  }
}

/** Runs the rules for destinations, and those for both ends where the system can't be read. */
export function testDestination(system: System): void {
  testRules("destination", DESTINATION_RULES, system);
}
