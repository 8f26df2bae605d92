import assert from "node:assert/strict";
import { ConnectorError } from "../../../../src/sdk/mod.ts";
import {
  load,
  loadRequest,
  onFile,
  openDestination,
  openSource,
  position,
  stateAt,
  type TestRequest,
  withDirectory,
  withSession,
  write,
} from "./helpers.ts";

const ALL = "SELECT * FROM t ORDER BY ALL";
const MERGE = { mode: "merge", mergeKeys: ["id"] } as const;

/** What a new process finds. */
function resumed(config: Record<string, unknown>, request: TestRequest = {}, recipe?: string) {
  return withSession(async (session) => {
    const destination = await openDestination(session, config, recipe === undefined ? {} : { recipe });
    return await (await destination.openLoad(loadRequest(request))).resume();
  });
}

Deno.test("the position is committed with the rows", async (t) => {
  for (const request of [{}, MERGE, { mode: "overwrite" }] as TestRequest[]) {
    await t.step(request.mode ?? "append", () =>
      withDirectory(async (directory) => {
        const config = { database: `${directory}/a.duckdb`, table: "s.t" };
        assert.equal(await resumed(config, request), undefined);
        const first = position(1, { state: stateAt("7"), plan: "p" });
        const last = position(2, { complete: true, state: stateAt("7") });
        await withSession(async (session) => {
          const opened = await (await openDestination(session, config)).openLoad(loadRequest(request));
          await write(session, opened, "SELECT 1 AS id", first);
        });
        assert.deepEqual(await resumed(config, request), first, "after the batch");
        const visible = await onFile(
          config.database,
          "SELECT count(*) AS n FROM duckdb_tables() WHERE table_name = 't'",
        );
        assert.deepEqual(visible, [request.mode === "overwrite" ? "0" : "1"]);
        await withSession(async (session) => {
          const opened = await (await openDestination(session, config)).openLoad(loadRequest(request));
          await opened.resume();
          await opened.commit(last);
        });
        assert.deepEqual(await resumed(config, request), last, "after the commit");
        assert.deepEqual(await onFile(config.database, "SELECT id FROM s.t"), ["1"]);
        assert.deepEqual(
          await onFile(
            config.database,
            "SELECT recipe, resource, run_id, sequence, rows, staged, position IS NOT NULL AS p FROM s._dataloader_loads ORDER BY sequence",
          ),
          ["r, main, run-1, 1, 1, false, false", "r, main, run-1, 2, 0, false, true"],
          "history stays, one position is kept",
        );
      }));
  }
});

Deno.test("positions are of one recipe and resource, and of one table", () =>
  withDirectory(async (directory) => {
    const config = { database: `${directory}/a.duckdb`, table: "t" };
    await load(config, ["SELECT 1 AS id"]);
    await load(config, ["SELECT 2 AS id"], {}, { recipe: "other's" });
    assert.equal((await resumed(config))!.sequence, 2);
    assert.equal((await resumed(config, {}, "other's"))!.sequence, 2);
    assert.equal(await resumed(config, {}, "third"), undefined);
    assert.equal(await resumed({ ...config, table: "u" }), undefined, "another table has none of the rows");
    await onFile(config.database, "DROP TABLE t");
    assert.equal(await resumed(config), undefined, "rows that were dropped are not loaded");
  }));

Deno.test("a batch that fails leaves nothing: no rows, no columns, no position", async (t) => {
  const cases: [name: string, request: TestRequest, select: string, code: string][] = [
    ["append", {}, "SELECT 5 AS id, 1 AS fresh UNION ALL SELECT 1, 1", "CONSTRAINT_VIOLATED"],
    [
      "append, read error halfway",
      {},
      "SELECT CASE WHEN range = 150000 THEN CAST(error('stop') AS INTEGER) ELSE 100 + range END::INTEGER AS id, 1 AS fresh FROM range(200000)",
      "ENGINE_ERROR",
    ],
    ["merge", MERGE, "SELECT 5 AS id, 1 AS fresh UNION ALL SELECT NULL, 1", "NULL_KEY"],
    [
      "overwrite",
      { mode: "overwrite" },
      "SELECT 5 AS id, 1 AS fresh UNION ALL SELECT 5, 2",
      "CONSTRAINT_VIOLATED",
    ],
  ];
  for (const [name, request, select, code] of cases) {
    await t.step(name, () =>
      withDirectory(async (directory) => {
        const config = { database: `${directory}/a.duckdb`, table: "t" };
        await onFile(config.database, "CREATE TABLE t (id INTEGER PRIMARY KEY)");
        await load(config, ["SELECT 1 AS id"]);
        const before = await resumed(config, request);
        await withSession(async (session) => {
          const opened = await (await openDestination(session, config)).openLoad(loadRequest(request));
          await opened.resume();
          await assert.rejects(write(session, opened, select, position(3)), (error) =>
            (error as ConnectorError).code.startsWith(code.slice(0, 6)));
          // The load goes on after a retry.
          await write(session, opened, "SELECT 6 AS id", position(3));
          await opened.commit(position(4, { complete: true }));
        });
        assert.equal(before!.sequence, 2);
        assert.deepEqual(
          await onFile(config.database, ALL),
          request.mode === "overwrite" ? ["6"] : ["1", "6"],
        );
      }));
  }
});

Deno.test("an overwrite that was cut off", async (t) => {
  await t.step("is gone on with by the same run", () =>
    withDirectory(async (directory) => {
      const config = { database: `${directory}/a.duckdb`, table: "t" };
      await load(config, ["SELECT 0 AS id"], { mode: "overwrite", runId: "old" });
      const run = { mode: "overwrite", runId: "new" } as const;
      await load(config, ["SELECT 1 AS id", "SELECT 2 AS id"], run, { commit: false });
      assert.deepEqual(await onFile(config.database, ALL), ["0"], "readers see the old rows");
      assert.equal((await resumed(config, run))!.sequence, 4);
      await load(config, ["SELECT 3 AS id"], run);
      assert.deepEqual(await onFile(config.database, ALL), ["1", "2", "3"]);
    }));
  await t.step("is discarded when another run writes", () =>
    withDirectory(async (directory) => {
      const config = { database: `${directory}/a.duckdb`, table: "t" };
      await load(config, ["SELECT 0 AS id"], { mode: "overwrite", runId: "old" });
      await load(config, ["SELECT 1 AS id"], { mode: "overwrite", runId: "new" }, { commit: false });
      await load(config, ["SELECT 2 AS id"], { mode: "overwrite", runId: "third" });
      assert.deepEqual(await onFile(config.database, ALL), ["2"]);
      assert.equal((await resumed(config))!.runId, "third");
      const runs = "SELECT DISTINCT run_id FROM _dataloader_loads ORDER BY ALL";
      assert.deepEqual(await onFile(config.database, runs), ["old", "third"]);
    }));
  await t.step("does not count for an append, which discards it", () =>
    withDirectory(async (directory) => {
      const config = { database: `${directory}/a.duckdb`, table: "t" };
      await load(config, ["SELECT 0 AS id"], { mode: "overwrite", runId: "old" });
      await load(config, ["SELECT 1 AS id"], { mode: "overwrite", runId: "new" }, { commit: false });
      const visible = await resumed(config);
      assert.deepEqual([visible!.runId, visible!.complete, visible!.sequence], ["old", true, 2]);
      const tables = "SELECT table_name FROM duckdb_tables() ORDER BY ALL";
      assert.deepEqual(await onFile(config.database, tables), ["_dataloader_loads", "t"]);
      await load(config, ["SELECT 5 AS id"], { runId: "new" });
      assert.deepEqual(await onFile(config.database, ALL), ["0", "5"]);
    }));
  await t.step("of two recipes into one table keeps both apart", () =>
    withDirectory(async (directory) => {
      const config = { database: `${directory}/a.duckdb`, table: "t" };
      await load(config, ["SELECT 1 AS id"], { mode: "overwrite" }, { commit: false, recipe: "a" });
      await load(config, ["SELECT 2 AS id"], { mode: "overwrite" }, { recipe: "b" });
      assert.deepEqual(await onFile(config.database, ALL), ["2"]);
      await load(config, [], { mode: "overwrite" }, { recipe: "a" });
      assert.deepEqual(await onFile(config.database, ALL), ["1"]);
    }));
});

Deno.test("a full refresh replaces all rows at the commit, whatever the mode", async (t) => {
  const cases: [TestRequest, string[]][] = [
    [{}, ["7, a", "7, b"]],
    [MERGE, ["7, b"]],
    [{ ...MERGE, strategy: "insert_only" }, ["7, a"]],
    [{ mode: "overwrite" }, ["7, a", "7, b"]],
  ];
  for (const [request, rows] of cases) {
    await t.step(
      `${request.mode ?? "append"} ${request.strategy ?? ""}`,
      () =>
        withDirectory(async (directory) => {
          const config = { database: `${directory}/a.duckdb`, table: "t" };
          await load(config, ["SELECT 1 AS id, 'old' AS v"], request);
          const refresh = { ...request, fullRefresh: true, runId: "refresh" };
          await load(config, ["SELECT 7 AS id, 'a' AS v"], refresh, { commit: false });
          assert.deepEqual(await onFile(config.database, ALL), ["1, old"]);
          await load(config, ["SELECT 7 AS id, 'b' AS v"], refresh);
          assert.deepEqual(await onFile(config.database, ALL), rows);
          assert.equal((await resumed(config, request))!.runId, "refresh");
        }),
    );
  }
});

Deno.test("two runs can't both win", () =>
  withDirectory(async (directory) => {
    const config = { database: `${directory}/a.duckdb`, table: "t" };
    await load(config, ["SELECT 1 AS id"]);
    await withSession(async (session) => {
      const opened = await (await openDestination(session, config)).openLoad(loadRequest());
      await opened.resume();
      await assert.rejects(write(session, opened, "SELECT 2 AS id", position(2, { runId: "late" })), {
        code: "POSITION_CONFLICT",
      });
    });
    assert.deepEqual(await onFile(config.database, ALL), ["1"]);
  }));

Deno.test("a position that someone has changed is never a silent restart", () =>
  withDirectory(async (directory) => {
    const config = { database: `${directory}/a.duckdb`, table: "t" };
    await load(config, ["SELECT 1 AS id"]);
    await onFile(
      config.database,
      `UPDATE _dataloader_loads SET position = '{"runId": 5}' WHERE position IS NOT NULL`,
    );
    await assert.rejects(resumed(config), { code: "POSITION_CORRUPTED" });
  }));

Deno.test("probe says what writeBatch would, and leaves nothing", async (t) => {
  for (
    const request of [{}, MERGE, { ...MERGE, strategy: "scd2" }, { mode: "overwrite" }] as TestRequest[]
  ) {
    await t.step(
      `${request.mode ?? "append"} ${request.strategy ?? ""}`,
      () =>
        withDirectory(async (directory) => {
          const config = { database: `${directory}/a.duckdb`, table: "t" };
          await onFile(config.database, "CREATE TABLE t (id INTEGER, v INTEGER NOT NULL)");
          await withSession(async (session) => {
            const opened = await (await openDestination(session, config)).openLoad(loadRequest(request));
            const probe = async (select: string) => await opened.probe!(await session.relation(select));
            await probe("SELECT 1 AS id, 1 AS v, 2 AS fresh");
            await assert.rejects(probe("SELECT 1 AS id, NULL::INTEGER AS v"), {
              code: "CONSTRAINT_VIOLATED",
            });
            if (request.mode === "merge") {
              await assert.rejects(probe("SELECT NULL::INTEGER AS id, 1 AS v"), { code: "NULL_KEY" });
            }
          });
          assert.deepEqual(
            await onFile(config.database, "SELECT table_name, column_count FROM duckdb_tables()"),
            ["t, 2"],
          );
          assert.deepEqual(await onFile(config.database, ALL), []);
        }),
    );
  }
});

Deno.test("lookup finds the rows with a value, in the table's type", async (t) => {
  const cases: [type: string, stored: string, value: string, found: number | undefined][] = [
    ["INTEGER", "5", "5", 1],
    ["INTEGER", "5", "6", 0],
    ["INTEGER", "5", "x", undefined],
    ["TIMESTAMPTZ", "'2024-01-01 00:00:00+02'", "2023-12-31 22:00:00+00", 1],
    ["VARCHAR", "'it''s'", "it's", 1],
  ];
  for (const [type, stored, value, found] of cases) {
    await t.step(`${type} ${value}`, () =>
      withDirectory(async (directory) => {
        const config = { database: `${directory}/a.duckdb`, table: "t" };
        await onFile(config.database, `CREATE TABLE t ("C" ${type})`, `INSERT INTO t VALUES (${stored})`);
        await withSession(async (session) => {
          const opened = await (await openDestination(session, config)).openLoad(loadRequest());
          const sql = await opened.lookup!("c", value);
          const rows = sql === undefined ? undefined : (await session.query(sql)).length;
          assert.equal(rows, found);
          assert.equal(await opened.lookup!("nope", value), undefined);
        });
      }));
  }
});

Deno.test("source and destination may be the same file", () =>
  withDirectory(async (directory) => {
    const database = `${directory}/a.duckdb`;
    await onFile(database, "CREATE TABLE t AS SELECT range AS id FROM range(3)");
    const through = (table: string, request: TestRequest) =>
      withSession(async (session) => {
        const source = await openSource(session, { database, table: "t" });
        const opened = await (await openDestination(session, { database, table })).openLoad(
          loadRequest(request),
        );
        const before = await opened.resume();
        let sequence = before?.sequence ?? 0;
        for await (
          const { batch } of source.readBatches(
            {
              runId: "x",
              writeMode: "append",
              batchSize: 1,
              parallelism: 1,
              startedAt: "2024-01-01T00:00:00Z",
            },
            stateAt("0"),
          )
        ) await opened.writeBatch(batch, position(++sequence));
        await opened.commit(position(++sequence, { complete: true }));
      });
    await through("copy", {});
    assert.deepEqual(await onFile(database, "SELECT count(*) AS n FROM copy"), ["3"]);
    await assert.rejects(through("t", {}), { code: "SAME_TABLE" });
    await through("t", { mode: "overwrite" });
    await through("T", MERGE);
    assert.deepEqual(await onFile(database, ALL), ["0", "1", "2"]);
  }));

Deno.test("an in-memory database takes a load and gives it back", () =>
  withSession(async (session) => {
    const config = { database: ":memory:", table: "t" };
    const opened = await (await openDestination(session, config)).openLoad(loadRequest());
    await write(session, opened, "SELECT 1 AS id", position(1));
    await opened.commit(position(2, { complete: true }));
    const source = await openSource(session, config);
    assert.match((await source.check())[1]!, /main\.t has 1 column/);
  }));
