import assert from "node:assert/strict";
import {
  load,
  loadRequest,
  onFile,
  openDestination,
  position,
  withDirectory,
  withSession,
  write,
} from "./helpers.ts";

const VERSIONS =
  `SELECT id, v, strftime(_valid_from AT TIME ZONE 'UTC', '%d.%f') AS f, strftime(_valid_to AT TIME ZONE 'UTC', '%d.%f') AS u
  FROM t ORDER BY id, _valid_from NULLS FIRST`;
const request = (day: number, more = {}) => ({
  mode: "merge",
  mergeKeys: ["id"],
  strategy: "scd2",
  startedAt: `2024-06-0${day}T00:00:00.000Z`,
  runId: `run-${day}`,
  ...more,
} as const);

Deno.test("scd2 keeps every version", () =>
  withDirectory(async (directory) => {
    const config = { database: `${directory}/a.duckdb`, table: "t" };
    const rows = (...list: string[]) => `SELECT * FROM (VALUES ${list.join(", ")}) AS x(id, v)`;
    await load(config, [rows("(1, 'a')", "(2, 'b')")], request(1));
    const [second] = await load(config, [rows("(1, 'a')", "(2, 'B')", "(3, 'c')")], request(2));
    assert.equal(second!.rowsWritten, 3, "one closed, two opened");
    const expected = [
      "1, a, 01.000000, NULL",
      "2, b, 01.000000, 02.000000",
      "2, B, 02.000000, NULL",
      "3, c, 02.000000, NULL",
    ];
    assert.deepEqual(await onFile(config.database, VERSIONS), expected);
    const [again] = await load(config, [rows("(1, 'a')", "(2, 'B')", "(3, 'c')")], request(3));
    assert.equal(again!.rowsWritten, 0);
    assert.deepEqual(
      await onFile(config.database, VERSIONS),
      expected,
      "the same batch again changes nothing",
    );
    await load(config, [rows("(2, 'b')")], request(4));
    assert.deepEqual((await onFile(config.database, VERSIONS)).filter((r) => r.startsWith("2")), [
      "2, b, 01.000000, 02.000000",
      "2, B, 02.000000, 04.000000",
      "2, b, 04.000000, NULL",
    ]);
    assert.deepEqual(
      await onFile(
        config.database,
        "SELECT count(*) AS n, count(DISTINCT id) AS d FROM t WHERE _valid_to IS NULL",
      ),
      ["3, 3"],
      "one current version a key",
    );
  }));

Deno.test("scd2: NULL values are values", () =>
  withDirectory(async (directory) => {
    const config = { database: `${directory}/a.duckdb`, table: "t" };
    await load(config, ["SELECT 1 AS id, NULL::VARCHAR AS v"], request(1));
    await load(config, ["SELECT 1 AS id, NULL::VARCHAR AS v"], request(2));
    await load(config, ["SELECT 1 AS id, '' AS v"], request(3));
    assert.deepEqual(await onFile(config.database, VERSIONS), [
      "1, NULL, 01.000000, 03.000000",
      "1, , 03.000000, NULL",
    ]);
  }));

Deno.test("scd2: a key that changes twice in one run has one version of it", () =>
  withDirectory(async (directory) => {
    const config = { database: `${directory}/a.duckdb`, table: "t" };
    await load(config, ["SELECT 1 AS id, 'a' AS v"], request(1));
    await load(
      config,
      ["SELECT 1 AS id, 'b' AS v", "SELECT 1 AS id, 'c' AS v", "SELECT 1 AS id, 'c' AS v"],
      request(2),
    );
    assert.deepEqual(await onFile(config.database, VERSIONS), [
      "1, a, 01.000000, 02.000000",
      "1, c, 02.000000, NULL",
    ]);
  }));

Deno.test("scd2: a clock that went back does not turn time around", () =>
  withDirectory(async (directory) => {
    const config = { database: `${directory}/a.duckdb`, table: "t" };
    await load(config, ["SELECT 1 AS id, 'a' AS v"], request(5));
    await load(config, ["SELECT 1 AS id, 'b' AS v"], request(2));
    assert.deepEqual(await onFile(config.database, VERSIONS), [
      "1, a, 05.000000, 05.000001",
      "1, b, 05.000001, NULL",
    ]);
  }));

Deno.test("scd2 over a table that is there: rows began at an unknown time, columns that don't come go on", () =>
  withDirectory(async (directory) => {
    const config = { database: `${directory}/a.duckdb`, table: "t" };
    await onFile(
      config.database,
      "CREATE TABLE t (id INTEGER, v VARCHAR, note VARCHAR)",
      "INSERT INTO t VALUES (1, 'a', 'mine')",
    );
    await load(config, ["SELECT 1 AS id, 'b' AS v, true AS fresh"], request(2));
    assert.deepEqual(await onFile(config.database, VERSIONS), [
      "1, a, NULL, 02.000000",
      "1, b, 02.000000, NULL",
    ]);
    assert.deepEqual(await onFile(config.database, "SELECT note, fresh FROM t ORDER BY v"), [
      "mine, NULL",
      "mine, true",
    ]);
  }));

Deno.test("scd2 is refused where it can't work", () =>
  withDirectory(async (directory) => {
    const config = { database: `${directory}/a.duckdb`, table: "t" };
    await assert.rejects(load(config, ["SELECT 1 AS id, now() AS _valid_from"], request(1)), {
      code: "RESERVED_COLUMN",
    });
    await onFile(config.database, "CREATE TABLE t (id INTEGER PRIMARY KEY, v VARCHAR)");
    await assert.rejects(load(config, ["SELECT 1 AS id, 'a' AS v"], request(1)), { code: "SCD2_UNIQUE_KEY" });
  }));

Deno.test("scd2: a batch cut off and replayed is applied once", () =>
  withDirectory(async (directory) => {
    const config = { database: `${directory}/a.duckdb`, table: "t" };
    await load(config, ["SELECT 1 AS id, 'a' AS v"], request(1));
    for (let i = 0; i < 2; i++) {
      await withSession(async (session) => {
        const opened = await (await openDestination(session, config)).openLoad(loadRequest(request(2)));
        const at = (await opened.resume())!.sequence + 1;
        await write(session, opened, "SELECT 1 AS id, 'b' AS v", position(at, { runId: "run-2" }));
      });
    }
    assert.deepEqual(await onFile(config.database, VERSIONS), [
      "1, a, 01.000000, 02.000000",
      "1, b, 02.000000, NULL",
    ]);
  }));
