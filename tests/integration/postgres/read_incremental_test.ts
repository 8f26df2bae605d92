/** Incremental reads of a real server: what is read, in what batches, and what the positions say. */
import assert from "node:assert/strict";
import { EMPTY_SOURCE_STATE, type ReadRequest, type SourceState } from "../../../src/sdk/mod.ts";
import { ConnectorError } from "../../../src/sdk/mod.ts";
import { PostgresConfig } from "../../../src/connectors/postgres/config.ts";
import { connect } from "../../../src/connectors/postgres/connection.ts";
import { postgresTest } from "../../servers/postgres_test_case.ts";
import { incremental, Reading, request } from "./read_helpers.ts";

const cursor = (more: Partial<ReadRequest> = {}): Partial<ReadRequest> => ({
  incremental: incremental({ strategy: "cursor" }),
  ...more,
});

const ids = (rows: readonly unknown[][]) => rows.map((row) => Number(row[0])).sort((a, b) => a - b);

async function events(reading: Reading): Promise<void> {
  await reading.run(
    "CREATE TABLE e (id int PRIMARY KEY, at timestamp); CREATE INDEX e_at ON e (at);" +
      "INSERT INTO e SELECT i, timestamp '2024-01-01' + i / 3 * interval '1.000001 seconds' FROM generate_series(1, 1000) i",
  );
}

postgresTest(
  "a cursor goes on where it was; rows late at the last value are read once, with append",
  async (server) => {
    await using reading = await Reading.make(server);
    await events(reading);
    const first = await reading.read({ table: "e" }, { request: cursor() });
    assert.equal(first.rows.length, 1000);
    assert.equal(first.state.cursor_values.at, "2024-01-01 00:05:33.000333");
    const nothing = await reading.read({ table: "e" }, { request: cursor(), state: first.state });
    assert.deepEqual(nothing.sizes, []);
    await reading.run(
      "INSERT INTO e VALUES (1001, '2024-01-01 00:05:33.000333'), (1002, '2024-01-01 00:05:33.000334'), (1003, '2020-01-01')",
    );
    const second = await reading.read({ table: "e" }, { request: cursor(), state: first.state });
    assert.deepEqual(ids(second.rows), [1001, 1002]);
    const third = await reading.read({ table: "e" }, { request: cursor(), state: second.state });
    assert.deepEqual(third.sizes, []);
  },
);

postgresTest("with merge the rows at the last value are read again", async (server) => {
  await using reading = await Reading.make(server);
  await events(reading);
  const merge = cursor({ writeMode: "merge" });
  const first = await reading.read({ table: "e" }, { request: merge });
  const second = await reading.read({ table: "e" }, { request: merge, state: first.state });
  assert.deepEqual(ids(second.rows), [999, 1000]);
  assert.deepEqual(second.state.cursor_values, first.state.cursor_values);
});

postgresTest(
  "a run that is cut off after any batch is gone on with: no row is lost, and none doubled",
  async (server, t) => {
    await using reading = await Reading.make(server);
    await events(reading);
    await reading.run(
      "INSERT INTO e SELECT 2000 + i, '2024-01-01 00:01:00.00006' FROM generate_series(1, 300) i",
    );
    for (
      const [name, more] of [["append", cursor({ batchSize: 90 })], ["ordered merge", {
        incremental: incremental({ strategy: "cursor", order: "asc" }),
        batchSize: 90,
        writeMode: "merge",
      }], ["merge in no order", cursor({ batchSize: 90, writeMode: "merge" })]] as [
        string,
        Partial<ReadRequest>,
      ][]
    ) {
      await t.step(name, async () => {
        const whole = await reading.read({ table: "e" }, { request: more });
        assert.equal(new Set(ids(whole.rows)).size, 1300);
        assert.ok(whole.sizes.length > 10 && whole.sizes.every((size) => size <= 90), String(whole.sizes));
        for (let stopAfter = 1; stopAfter < whole.sizes.length; stopAfter += 2) {
          const first = await reading.read({ table: "e" }, { request: more, stopAfter });
          const rest = await reading.read({ table: "e" }, { request: more, state: first.state });
          const all = [...ids(first.rows), ...ids(rest.rows)];
          assert.equal(new Set(all).size, 1300, `stopped after ${stopAfter}`);
          if (more.writeMode === undefined) assert.equal(all.length, 1300, `stopped after ${stopAfter}`);
          assert.deepEqual(rest.state.cursor_values, whole.state.cursor_values);
          assert.deepEqual(rest.state.checkpoints, []);
        }
      });
    }
  },
);

postgresTest("every kind of cursor: the value in the state leads to what is above it", async (server, t) => {
  await using reading = await Reading.make(server);
  const kinds: [string, string, string][] = [
    ["int2", "1", "32000"],
    ["int4", "-5", "2147483647"],
    ["int8", "9007199254740993", "9223372036854775807"],
    ["oid", "1", "4294967295"],
    ["numeric(20,5)", "1.00001", "999999999999999.99999"],
    ["numeric", "0.000000000000000000000000000000000001", "1e300"],
    ["float4", "0.1", "3e38"],
    ["float8", "0.1", "0.30000000000000004"],
    ["date", "0044-03-15 BC", "9999-12-31"],
    ["time", "00:00:00.000001", "24:00:00"],
    ["timestamp", "0044-03-15 12:00:00.123456 BC", "2024-02-29 23:59:59.999999"],
    ["timestamp(0)", "2024-01-01 00:00:01", "12024-02-29 23:59:59"],
    ["timestamptz", "2024-01-01 00:00:00.000001+05", "2024-02-29 23:59:59.999999+00"],
    ["text", "a'\\b", "ü"],
    ["varchar(10)", "A", "b"],
    ["char(4)", "ab", "abc"],
    ["uuid", "00000000-0000-0000-0000-000000000001", "ffffffff-ffff-ffff-ffff-ffffffffffff"],
    ["positive", "1", "2"],
  ];
  await reading.run("CREATE DOMAIN positive AS int CHECK (value > 0)");
  for (const [type, low, high] of kinds) {
    await t.step(type, async () => {
      await reading.run(`DROP TABLE IF EXISTS k; CREATE TABLE k (id int, at ${type})`);
      const lit = (text: string) => `'${text.replaceAll("'", "''")}'`;
      await reading.run(`INSERT INTO k VALUES (1, ${lit(low)}), (2, ${lit(low)})`);
      const first = await reading.read({ table: "k" }, { request: cursor() });
      assert.deepEqual(ids(first.rows), [1, 2]);
      await reading.run(`INSERT INTO k VALUES (3, ${lit(low)}), (4, ${lit(high)})`);
      const second = await reading.read({ table: "k" }, { request: cursor(), state: first.state });
      assert.deepEqual(ids(second.rows), [3, 4]);
      const merged = await reading.read({ table: "k" }, {
        request: cursor({ writeMode: "merge" }),
        state: first.state,
      });
      assert.deepEqual(ids(merged.rows), [1, 2, 3, 4]);
      const third = await reading.read({ table: "k" }, { request: cursor(), state: second.state });
      assert.deepEqual(third.rows, []);
    });
  }
});

postgresTest("initial_value, end_value, lag, and values that are none", async (server, t) => {
  await using reading = await Reading.make(server);
  await reading.run(
    "CREATE TABLE d AS SELECT i AS id, timestamp '2024-01-01' + i * interval '1 hour' AS at, date '2024-01-01' + i AS day, i * 10 AS n " +
      "FROM generate_series(0, 99) i",
  );
  const read = async (
    more: Parameters<typeof incremental>[0],
    state?: SourceState,
    rest: Partial<ReadRequest> = {},
  ) =>
    ids(
      (await reading.read({ table: "d" }, { request: { incremental: incremental(more), ...rest }, state }))
        .rows,
    );
  await t.step("from and to", async () => {
    assert.deepEqual(
      await read({ strategy: "cursor", initialValue: "2024-01-01 05:00", endValue: "2024-01-01T08:00:00" }),
      [5, 6, 7],
    );
    assert.deepEqual(
      await read({ strategy: "cursor", cursorColumn: "n", initialValue: "25", endValue: "50" }),
      [3, 4],
    );
    // A date compared with a time of day: the next date.
    assert.deepEqual(
      await read({
        strategy: "cursor",
        cursorColumn: "day",
        initialValue: "2024-01-03 01:00",
        endValue: "2024-01-06",
      }),
      [3, 4],
    );
  });
  await t.step("lag", async () => {
    const state = {
      ...EMPTY_SOURCE_STATE,
      cursor_values: { at: "2024-01-05 03:00:00" },
      metadata: { cursor_types: { at: "TIMESTAMP" } },
    };
    assert.deepEqual(await read({ strategy: "cursor", lag: "2 hours" }, state, { writeMode: "merge" }), [
      97,
      98,
      99,
    ]);
    const day = {
      ...EMPTY_SOURCE_STATE,
      cursor_values: { day: "2024-04-09" },
      metadata: { cursor_types: { day: "DATE" } },
    };
    assert.deepEqual(
      await read({ strategy: "cursor", cursorColumn: "day", lag: "36 hours" }, day, { writeMode: "merge" }),
      [98, 99],
    );
    const n = {
      ...EMPTY_SOURCE_STATE,
      cursor_values: { n: "990" },
      metadata: { cursor_types: { n: "BIGINT" } },
    };
    assert.deepEqual(
      await read({ strategy: "cursor", cursorColumn: "n", lag: "15" }, n, { writeMode: "merge" }),
      [98, 99],
    );
  });
  const refused: [string, Parameters<typeof incremental>[0], string][] = [
    ["no column", { strategy: "cursor", cursorColumn: "att" }, "CURSOR_COLUMN_MISSING"],
    ["no time", { strategy: "cursor", initialValue: "soon" }, "CURSOR_VALUE"],
    ["a zone", { strategy: "cursor", initialValue: "2024-01-01 00:00:00+02" }, "CURSOR_VALUE"],
    ["a fraction", { strategy: "cursor", cursorColumn: "n", initialValue: "1.5" }, "CURSOR_VALUE"],
    ["a number as a time", { strategy: "timestamp", cursorColumn: "n" }, "CURSOR_TYPE"],
  ];
  for (const [name, more, code] of refused) {
    await t.step(name, async () => {
      await assert.rejects(
        () => read(more),
        (error) => error instanceof ConnectorError && error.code === code && error.hint !== undefined,
      );
    });
  }
  await t.step("another type than before", async () => {
    const state = {
      ...EMPTY_SOURCE_STATE,
      cursor_values: { at: "17" },
      metadata: { cursor_types: { at: "BIGINT" } },
    };
    await assert.rejects(
      () => read({ strategy: "cursor" }, state),
      (error) => error instanceof ConnectorError && error.code === "CURSOR_TYPE_CHANGED",
    );
  });
});

postgresTest("NULL cursors: refused with their number, left out, or read", async (server, t) => {
  await using reading = await Reading.make(server);
  await reading.run(
    "CREATE TABLE n (id int, at date); INSERT INTO n VALUES (1, '2024-01-01'), (2, NULL), (3, NULL)",
  );
  const by = (onNull: "error" | "exclude" | "include", writeMode: "append" | "merge" = "append") => ({
    incremental: incremental({ strategy: "cursor", onNull }),
    writeMode,
  });
  await assert.rejects(() => reading.read({ table: "n" }, { request: by("error") }), (error) => {
    assert.ok(error instanceof ConnectorError);
    assert.equal(error.code, "CURSOR_NULL");
    assert.equal(error.context.rows, 2);
    return true;
  });
  await t.step("exclude", async () => {
    assert.deepEqual(ids((await reading.read({ table: "n" }, { request: by("exclude") })).rows), [1]);
  });
  await t.step("include: with append each once", async () => {
    const first = await reading.read({ table: "n" }, { request: by("include") });
    assert.deepEqual(ids(first.rows), [1, 2, 3]);
    await reading.run("INSERT INTO n VALUES (4, NULL)");
    const second = await reading.read({ table: "n" }, { request: by("include"), state: first.state });
    assert.deepEqual(ids(second.rows), [4]);
  });
  await t.step("include: with merge each time", async () => {
    const first = await reading.read({ table: "n" }, { request: by("include", "merge") });
    const second = await reading.read({ table: "n" }, {
      request: by("include", "merge"),
      state: first.state,
    });
    assert.deepEqual(ids(second.rows), [1, 2, 3, 4]);
  });
});

postgresTest("infinity and NaN as a cursor are refused", async (server) => {
  await using reading = await Reading.make(server);
  for (
    const [type, value] of [["timestamp", "infinity"], ["float8", "NaN"], ["date", "infinity"], [
      "numeric",
      "NaN",
    ]]
  ) {
    await reading.run(
      `DROP TABLE IF EXISTS x; CREATE TABLE x (id int, at ${type}); INSERT INTO x VALUES (1, '${value}')`,
    );
    await assert.rejects(
      () => reading.read({ table: "x" }, { request: cursor() }),
      (error) =>
        error instanceof ConnectorError && error.code === "CURSOR_NOT_FINITE" && error.context.rows === 1,
    );
  }
});

postgresTest(
  "a watermark reads up to the start of the run, and numbers up to the highest",
  async (server, t) => {
    await using reading = await Reading.make(server);
    await reading.run(
      "CREATE TABLE w (id int, at timestamptz, n int); INSERT INTO w SELECT i, timestamptz '2024-06-01 11:00Z' + i * interval '10 minutes', i FROM generate_series(1, 12) i",
    );
    const by = (more: Partial<ReadRequest> = {}) => ({
      incremental: incremental({ strategy: "watermark" }),
      ...more,
    });
    for (const writeMode of ["append", "merge"] as const) {
      await t.step(writeMode, async () => {
        const first = await reading.read({ table: "w" }, { request: by({ writeMode, batchSize: 2 }) });
        assert.deepEqual(ids(first.rows), [1, 2, 3, 4, 5]);
        assert.equal(first.state.watermarks.at, "2024-06-01 12:00:00+00");
        const second = await reading.read({ table: "w" }, {
          request: by({ writeMode, startedAt: "2024-06-01T12:30:00Z" }),
          state: first.state,
        });
        assert.deepEqual(ids(second.rows), [6, 7, 8]);
      });
    }
    await t.step("numbers", async () => {
      const number = { incremental: incremental({ strategy: "watermark", cursorColumn: "n" }) };
      const first = await reading.read({ table: "w" }, { request: number });
      assert.deepEqual([ids(first.rows).at(-1), first.state.watermarks.n], [11, "12"]);
      await reading.run("INSERT INTO w VALUES (13, now(), 12), (14, now(), 13)");
      const second = await reading.read({ table: "w" }, { request: number, state: first.state });
      assert.deepEqual(ids(second.rows), [12, 13]);
    });
  },
);

postgresTest("the server uses the index on the cursor", async (server) => {
  await using reading = await Reading.make(server);
  await reading.run(
    "CREATE TABLE ix AS SELECT i AS id, i % 30000 AS small, i::int8 AS big, timestamp '2024-01-01' + i * interval '1 second' AS at, " +
      "(date '2024-01-01' + i / 10) AS day, i::numeric(12,2) AS dec, md5(i::text) AS t FROM generate_series(1, 50000) i;" +
      ["id", "big", "at", "day", "dec", "t"].map((c) => `CREATE INDEX ON ix (${c});`).join("") + "ANALYZE ix",
  );
  const last: Record<string, [string, string]> = {
    id: ["49990", "BIGINT"],
    big: ["49990", "BIGINT"],
    at: ["2024-01-01 13:53:10", "TIMESTAMP"],
    day: ["2037-09-08", "DATE"],
    dec: ["49990.00", "DECIMAL(38,12)"],
    t: ["fff0", "VARCHAR"],
  };
  const config = PostgresConfig.parse(reading.server.connection({ database: reading.database }));
  const connection = await connect(config, { signal: reading.abort.signal });
  for (const [column, [value, type]] of Object.entries(last)) {
    const source = await reading.source({ table: "ix" });
    const said = await source.describe(
      request({
        incremental: incremental({ strategy: "cursor", cursorColumn: column, order: "asc" }),
        writeMode: "merge",
      }),
      {
        ...EMPTY_SOURCE_STATE,
        cursor_values: { [column]: value },
        metadata: { cursor_types: { [column]: type } },
      },
    );
    assert.equal(said.resumesFrom, `${column} >= ${value}`);
    const plan = await connection.query<{ "QUERY PLAN": string }>(`EXPLAIN ${said.statements[0]}`);
    const text = plan.map((line) => line["QUERY PLAN"]).join("\n");
    assert.match(text, /Index Cond: .*>=/, `${column}: ${text}`);
    assert.ok(said.rows! < 5000, `${column}: ${said.rows} rows are expected`);
  }
  await connection.close();
});

postgresTest("a query can be read by cursor too", async (server) => {
  await using reading = await Reading.make(server);
  await events(reading);
  const block = { query: "SELECT id, at FROM e -- the events\n;" };
  const first = await reading.read(block, { request: cursor({ batchSize: 300 }) });
  assert.equal(first.rows.length, 1000);
  await reading.run("INSERT INTO e VALUES (5000, '2025-01-01')");
  const second = await reading.read(block, { request: cursor(), state: first.state });
  assert.deepEqual(ids(second.rows), [5000]);
});

postgresTest(
  "more rows at one value than the state keeps: told apart by the destination, or refused",
  async (server, t) => {
    await using reading = await Reading.make(server);
    await reading.run(
      "CREATE TABLE b AS SELECT i AS id, date '2024-01-01' AS at FROM generate_series(1, 10500) i",
    );
    const first = await reading.read({ table: "b" }, { request: cursor({ batchSize: 4000 }) });
    assert.equal(first.rows.length, 10_500);
    await reading.run("INSERT INTO b VALUES (20000, '2024-01-01')");
    await t.step("refused", async () => {
      await assert.rejects(
        () => reading.read({ table: "b" }, { request: cursor(), state: first.state }),
        (error) => error instanceof ConnectorError && error.code === "BOUNDARY_TOO_LARGE",
      );
    });
    await t.step("told apart", async () => {
      await reading.session.run(
        "CREATE TABLE there AS SELECT CAST(i AS INTEGER) AS id, DATE '2024-01-01' AS at FROM range(1, 10501) t(i)",
      );
      const lookup = () => Promise.resolve("SELECT * FROM there");
      const second = await reading.read({ table: "b" }, { request: cursor({ lookup }), state: first.state });
      assert.deepEqual(ids(second.rows), [20_000]);
    });
  },
);
