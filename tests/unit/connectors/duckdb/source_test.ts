import assert from "node:assert/strict";
import {
  ConnectorError,
  EMPTY_SOURCE_STATE,
  formatType,
  type Incremental,
  type ReadRequest,
  type SourceState,
} from "../../../../src/sdk/mod.ts";
import type { DuckSession } from "../../../../src/batch/mod.ts";
import {
  load,
  loadRequest,
  onFile,
  openDestination,
  openSource,
  position,
  withDirectory,
  withSession,
} from "./helpers.ts";

function request(more: Partial<ReadRequest> = {}): ReadRequest {
  return {
    runId: "run-1",
    writeMode: "append",
    batchSize: 1000,
    parallelism: 1,
    startedAt: "2024-06-01T12:00:00Z",
    ...more,
  };
}

async function read(
  session: DuckSession,
  config: Record<string, unknown>,
  state: SourceState = EMPTY_SOURCE_STATE,
  more: Partial<ReadRequest> = {},
): Promise<{ rows: string[]; state: SourceState }> {
  const source = await openSource(session, config);
  const rows: string[] = [];
  let last = state;
  for await (const { batch, state: next } of source.readBatches(request(more), state)) {
    for (const row of await batch.rows()) rows.push(row.join(", "));
    last = next;
  }
  await source.close();
  return { rows: rows.sort(), state: last };
}

async function shop(directory: string): Promise<string> {
  const database = `${directory}/shop.duckdb`;
  await onFile(
    database,
    "CREATE TABLE orders (id INTEGER PRIMARY KEY, g INTEGER NOT NULL, seen TIMESTAMP)",
    "INSERT INTO orders SELECT range, range % 2, TIMESTAMP '2024-01-01' + INTERVAL 1 DAY * range FROM range(4)",
    "CREATE SCHEMA s2",
    "CREATE TABLE s2.items AS SELECT 42 AS i",
    "CREATE VIEW big AS SELECT id FROM orders WHERE id > 2",
    "CREATE MACRO plus(x) AS x + 100",
  );
  return database;
}

Deno.test("tables, views, schemas and odd names are read", async (t) => {
  const cases: [Record<string, unknown>, string[]][] = [
    [{ table: "ORDERS", schema: "main" }, ["0", "1", "2", "3"]],
    [{ table: "big" }, ["3"]],
    [{ table: "s2.items" }, ["42"]],
    [{ table: "items", schema: "s2" }, ["42"]],
    [{ table: '"s2"."items"' }, ["42"]],
  ];
  await withDirectory(async (directory) => {
    const database = await shop(directory);
    for (const [config, rows] of cases) {
      await t.step(JSON.stringify(config), () =>
        withSession(async (session) => {
          const got = await read(session, { database, ...config });
          assert.deepEqual(got.rows.map((r) => r.split(",")[0]), rows);
        }));
    }
  });
});

Deno.test("a query sees the file as its owner does, wherever it is run", async (t) => {
  const cases: [query: string, rows: string[] | string][] = [
    ["SELECT id FROM orders WHERE id > 2", ["3"]],
    ["select count(*) from main.orders, s2.items;", ["4"]],
    ["SELECT id FROM shop.main.orders WHERE id = 1", ["1"]],
    ["SELECT id FROM shop.orders WHERE id = 1", ["1"]],
    ["SELECT i FROM shop.s2.items", ["42"]],
    ["FROM big", ["3"]],
    ["SELECT plus(id) FROM big", ["103"]],
    ["WITH orders AS (SELECT * FROM orders WHERE id = 2) SELECT id FROM orders", ["2"]],
    ["WITH orders AS (SELECT 7 AS id) SELECT id FROM orders", ["7"]],
    [
      "WITH RECURSIVE orders(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM orders WHERE n < 3) SELECT n FROM orders",
      ["1", "2", "3"],
    ],
    ["SELECT id FROM orders WHERE id IN (SELECT id FROM big)", ["3"]],
    ["SELECT (SELECT max(i) FROM s2.items) AS m", ["42"]],
    ["SELECT 9223372036854775807 AS n, 0.1 AS d, 'it''s' AS s", ["9223372036854775807, 0.1, it's"]],
    ["PIVOT (SELECT g FROM orders) ON g IN (0, 1) USING count(*)", ["2, 2"]],
    ["SELECT o.id FROM orders AS o SEMI JOIN big USING (id)", ["3"]],
    ["SELECT id FROM orders UNION ALL SELECT i FROM s2.items ORDER BY ALL LIMIT 1", ["0"]],
    ["VALUES (1)", ["1"]],
    ["SELECT id FROM ordrs", "CATALOG"],
    ["SELECT idd FROM orders", "BINDER"],
    ["SELEC 1", "SQL_SYNTAX"],
    ["SELECT 1; SELECT 2", "NOT_A_QUERY"],
    ["DELETE FROM orders", "NOT_A_QUERY"],
    ["PIVOT orders ON g USING count(*)", "NOT_A_QUERY"],
    ["SELECT id FROM orders WHERE id > $1", "UNBOUND_PARAMETER"],
    ["SELECT 1 AS a, 2 AS A", "DUPLICATE_COLUMN"],
  ];
  await withDirectory(async (directory) => {
    const database = await shop(directory);
    for (const [query, rows] of cases) {
      await t.step(query, () =>
        withSession(async (session) => {
          // A table of that name elsewhere in the session is not meant.
          await session.run("CREATE TABLE memory.main.orders AS SELECT -1 AS id");
          await session.run("CREATE TABLE memory.main.big AS SELECT -1 AS id");
          if (typeof rows === "string") {
            await assert.rejects(read(session, { database, query }), { code: rows });
          } else assert.deepEqual((await read(session, { database, query })).rows, rows);
        }));
    }
    await t.step(
      "columns keep the names they have as the query is written",
      () =>
        withSession(async (session) => {
          const source = await openSource(session, {
            database,
            query: "SELECT plus(id), count(*) FROM orders GROUP BY 1",
          });
          const { schema } = await source.describe(request(), EMPTY_SOURCE_STATE);
          assert.deepEqual(schema.fields.map((f) => f.name), ["plus(id)", "count_star()"]);
        }),
    );
    await t.step("names without a schema are of the config's", () =>
      withSession(async (session) => {
        assert.deepEqual(
          (await read(session, { database, schema: "s2", query: "SELECT i FROM items" })).rows,
          ["42"],
        );
      }));
    await t.step(
      "and stays bound when the file is attached again for writing",
      () =>
        withSession(async (session) => {
          const source = await openSource(session, { database, query: "SELECT id FROM orders" });
          for await (const { batch } of source.readBatches(request(), EMPTY_SOURCE_STATE)) {
            const destination = await openDestination(session, { database, table: "copy" });
            const opened = await destination.openLoad(loadRequest());
            assert.equal((await opened.writeBatch(batch, position(1))).rowsWritten, 4);
          }
        }),
    );
  });
});

Deno.test("what is not there is named, and never made", async (t) => {
  await withDirectory(async (directory) => {
    const database = await shop(directory);
    const cases: [Record<string, unknown>, code: string, hint: RegExp][] = [
      [{ database: `${directory}/none.duckdb`, table: "t" }, "FILE_NOT_FOUND", /relative to the recipe/],
      [{ database: directory, table: "t" }, "NOT_A_DATABASE", /DuckDB file/],
      [{ database, table: "ordres" }, "TABLE_NOT_FOUND", /did you mean "orders"/],
      [{ database, table: "items" }, "TABLE_NOT_FOUND", /did you mean "s2.items"/],
      [{ database, table: "zzz" }, "TABLE_NOT_FOUND", /there are: big, orders, s2.items/],
    ];
    for (const [config, code, hint] of cases) {
      await t.step(`${code} ${hint}`, () =>
        withSession(async (session) => {
          const source = await openSource(session, config);
          const wrong = (error: unknown) =>
            error instanceof ConnectorError && error.code === code && hint.test(error.hint ?? "");
          await assert.rejects(source.check(), wrong);
          await assert.rejects(source.describe(request(), EMPTY_SOURCE_STATE), wrong);
        }));
    }
    await assert.rejects(Deno.stat(`${directory}/none.duckdb`), Deno.errors.NotFound);
  });
});

Deno.test("reading leaves the file as it was, to the byte", () =>
  withDirectory(async (directory) => {
    const database = await shop(directory);
    const before = await Deno.readFile(database);
    await withSession(async (session) => {
      await read(session, { database, query: "SELECT plus(id) FROM orders" });
      await (await openSource(session, { database, table: "orders" })).discover!();
    });
    assert.deepEqual(await Deno.readFile(database), before);
    assert.deepEqual([...Deno.readDirSync(directory)].map((e) => e.name), ["shop.duckdb"]);
  }));

Deno.test("discover lists tables, columns, keys and sizes", () =>
  withDirectory(async (directory) => {
    const database = await shop(directory);
    await load({ database, table: "loaded" }, ["SELECT 1 AS x"]);
    await withSession(async (session) => {
      const found = await (await openSource(session, { database, table: "orders" })).discover!();
      assert.deepEqual(found.map((d) => d.name), ["big", "loaded", "orders", "s2.items"]);
      const orders = found[2]!;
      assert.deepEqual(orders.schema.fields.map((f) => [f.name, formatType(f.type), f.nullable]), [
        ["id", "int32", false],
        ["g", "int32", false],
        ["seen", "datetime", true],
      ]);
      assert.deepEqual([orders.primaryKey, orders.estimatedRows], [["id"], 4]);
    });
  }));

Deno.test("a run cut off after its only commit has nothing left to read", () =>
  withDirectory(async (directory) => {
    const database = await shop(directory);
    await withSession(async (session) => {
      const config = { database, table: "orders" };
      const first = await read(session, config);
      assert.equal(first.rows.length, 4);
      assert.deepEqual((await read(session, config, first.state)).rows, [], "the same run");
      assert.equal(
        (await read(session, config, first.state, { runId: "run-2" })).rows.length,
        4,
        "the next run",
      );
      const source = await openSource(session, config);
      assert.deepEqual(source.finalState!(first.state).checkpoints, []);
    });
  }));

Deno.test("an empty table gives one batch without rows, with its columns", () =>
  withDirectory(async (directory) => {
    const database = `${directory}/a.duckdb`;
    await onFile(database, "CREATE TABLE t (a INTEGER)");
    await withSession(async (session) => {
      const source = await openSource(session, { database, table: "t" });
      const batches = [];
      for await (const { batch } of source.readBatches(request(), EMPTY_SOURCE_STATE)) batches.push(batch);
      assert.deepEqual(batches.map((b) => b.columns), [["a"]]);
    });
  }));

Deno.test("incremental reads go on from the state, over tables and queries", async (t) => {
  const incremental: Incremental = {
    strategy: "cursor",
    cursorColumn: "seen",
    onNull: "error",
    order: "none",
  };
  await withDirectory(async (directory) => {
    const database = await shop(directory);
    for (const what of [{ table: "orders" }, { query: "SELECT id, seen FROM orders" }]) {
      await t.step(Object.keys(what)[0]!, () =>
        withSession(async (session) => {
          const config = { database, ...what };
          const first = await read(session, config, EMPTY_SOURCE_STATE, {
            incremental: { ...incremental, endValue: "2024-01-04" },
          });
          assert.equal(first.rows.length, 3);
          const second = await read(session, config, first.state, { incremental });
          assert.equal(second.rows.length, 1);
          const source = await openSource(session, config);
          const plan = await source.describe(request({ incremental }), second.state);
          assert.equal(plan.resumesFrom, "seen >= 2024-01-04 00:00:00");
          assert.match(plan.statements[0]!, /"seen" >= CAST\('2024-01-04 00:00:00' AS TIMESTAMP\)/);
        }));
    }
  });
});

Deno.test("many rows at one value: the destination tells which it has", () =>
  withDirectory(async (directory) => {
    const from = `${directory}/from.duckdb`;
    const to = { database: `${directory}/to.duckdb`, table: "t" };
    const incremental: Incremental = {
      strategy: "cursor",
      cursorColumn: "day",
      onNull: "error",
      order: "none",
    };
    await onFile(
      from,
      "CREATE TABLE t AS SELECT DATE '2024-01-01' AS day, range AS n, 0.1 * range AS d FROM range(10001)",
    );
    let state = EMPTY_SOURCE_STATE;
    const run = () =>
      withSession(async (session) => {
        const source = await openSource(session, { database: from, table: "t" });
        const opened = await (await openDestination(session, to)).openLoad(loadRequest());
        let sequence = (await opened.resume())?.sequence ?? 0;
        const lookup = opened.lookup!.bind(opened);
        let written = 0;
        for await (const read of source.readBatches(request({ incremental, lookup }), state)) {
          written += (await opened.writeBatch(read.batch, position(++sequence))).rowsWritten;
          state = read.state;
        }
        return written;
      });
    assert.equal(await run(), 10001);
    assert.equal(await run(), 0);
    await onFile(from, "INSERT INTO t VALUES ('2024-01-01', 5, 0.5), ('2024-01-01', -1, 0)");
    assert.equal(await run(), 2, "one identical to a loaded row, one not");
    assert.equal(await run(), 0);
  }));
