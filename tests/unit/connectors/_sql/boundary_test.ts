import assert from "node:assert/strict";
import fc from "fast-check";
import {
  BOUNDARY_LIMIT,
  packHashes,
  rowHash,
  unpackHashes,
} from "../../../../src/connectors/_sql/boundary.ts";
import { ConnectorError, EMPTY_SOURCE_STATE, type JsonObject } from "../../../../src/sdk/mod.ts";
import { checkIncremental, incremental, run, values, withSession } from "./helpers.ts";

Deno.test("packed hashes are the same multiset when unpacked", () => {
  const hash = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
  fc.assert(fc.property(fc.array(fc.tuple(hash, fc.integer({ min: 1, max: 3 }))), (entries) => {
    const hashes = new Map(entries);
    assert.deepEqual(unpackHashes(packHashes(hashes)), new Map([...hashes].sort()));
  }));
});

Deno.test("the hash of a row is fixed: a state outlives a version of the engine", () =>
  withSession(async (session) => {
    const columns = [
      { name: "a", type: "INTEGER" },
      { name: "b", type: "DECIMAL(10,2)" },
      { name: "c", type: "STRUCT(x INTEGER)" },
      { name: "d", type: "VARCHAR" },
    ];
    const [row] = await session.query<{ hash: string }>(
      `SELECT CAST(${rowHash(columns, "r")} AS VARCHAR) AS hash
       FROM (SELECT 1 AS a, 1.50::DECIMAL(10,2) AS b, {'x': 1} AS c, NULL::VARCHAR AS d) AS r`,
    );
    // The low half of the MD5 of ["1","1.50","{\"x\":1}",null], little-endian.
    const { createHash } = await import("node:crypto");
    const digest = createHash("md5").update('["1","1.50","{\\"x\\":1}",null]').digest();
    assert.equal(row!.hash, String(digest.readBigUInt64LE(8)));
  }));

const COLUMNS = "c INTEGER, v BIGINT";
const many = (n: number) => `SELECT 5::INTEGER AS c, range AS v FROM range(${n})`;

Deno.test("up to the limit the state tells rows apart, past it the destination does", async (t) => {
  await t.step(`${BOUNDARY_LIMIT} rows are kept`, () =>
    withSession(async (session) => {
      const first = await run(session, many(BOUNDARY_LIMIT));
      assert.ok(JSON.stringify(first.state).length < 120_000);
      const second = await run(session, many(BOUNDARY_LIMIT + 2), { state: first.state });
      assert.deepEqual(second.rows, ["5|10000", "5|10001"]);
      assert.equal(
        (second.state.metadata.boundary as JsonObject & { c: JsonObject }).c.overflow,
        BOUNDARY_LIMIT + 2,
      );
    }));
  await t.step("one more, without a destination that can tell", () =>
    withSession(async (session) => {
      const first = await run(session, many(BOUNDARY_LIMIT + 1));
      await assert.rejects(
        run(session, many(BOUNDARY_LIMIT + 2), { state: first.state }),
        (error) =>
          error instanceof ConnectorError && error.code === "BOUNDARY_TOO_LARGE" &&
          /write_mode: merge/.test(error.hint ?? ""),
      );
      const higher = `${many(BOUNDARY_LIMIT + 1)} UNION ALL SELECT 6, 0`;
      await assert.rejects(run(session, higher, { state: first.state }), { code: "BOUNDARY_TOO_LARGE" });
    }));
  const cases: [name: string, loaded: string, expected: string[] | "BOUNDARY_TOO_LARGE"][] = [
    ["the same columns", "SELECT * FROM dest", ["5|10001"]],
    ["other names in another order, one type wider", "SELECT v::BIGINT AS V, c::BIGINT AS C FROM dest", [
      "5|10001",
    ]],
    ["a column more there", "SELECT *, now() AS loaded_at FROM dest", ["5|10001"]],
    ["a row there that is not here", "SELECT * FROM dest UNION ALL SELECT 5, -1", "BOUNDARY_TOO_LARGE"],
    ["values changed on the way", "SELECT c, v + 100000 AS v FROM dest", "BOUNDARY_TOO_LARGE"],
    ["nothing there any more", "SELECT * FROM dest WHERE false", "BOUNDARY_TOO_LARGE"],
    ["without the cursor column", "SELECT v FROM dest", "BOUNDARY_TOO_LARGE"],
  ];
  for (const [name, loaded, expected] of cases) {
    await t.step(`a destination with ${name}`, () =>
      withSession(async (session) => {
        await session.run(`CREATE TEMP TABLE dest AS ${many(BOUNDARY_LIMIT + 1)}`);
        const first = await run(session, many(BOUNDARY_LIMIT + 1));
        const asked: string[] = [];
        const lookup = (column: string, value: string) => {
          asked.push(`${column}=${value}`);
          return Promise.resolve(loaded);
        };
        const second = () =>
          run(session, many(BOUNDARY_LIMIT + 2), { state: first.state, request: { lookup } });
        if (typeof expected === "string") await assert.rejects(second, { code: expected });
        else assert.deepEqual((await second()).rows, expected);
        assert.deepEqual(asked, ["c=5"]);
      }));
  }
});

Deno.test("a position set by hand includes its own value, unless the destination has the rows", () =>
  withSession(async (session) => {
    const state = { ...EMPTY_SOURCE_STATE, cursor_values: { c: 5 } };
    const table = values(COLUMNS, "(4, 1), (5, 1), (5, 2), (6, 1)");
    assert.deepEqual((await run(session, table, { state })).rows, ["5|1", "5|2", "6|1"]);
    const lookup = () => Promise.resolve("SELECT 5 AS c, 1 AS v");
    assert.deepEqual((await run(session, table, { state, request: { lookup } })).rows, ["5|2", "6|1"]);
  }));

Deno.test("what can be said of an incremental block beforehand", async (t) => {
  const cases: [
    name: string,
    block: Parameters<typeof incremental>[0],
    mode: "append" | "merge" | undefined,
    keys: string[],
  ][] = [
    ["nothing wrong", {}, "append", []],
    ["no column", { cursorColumn: undefined }, "append", ["incremental.cursor_column"]],
    ["a lag with merge", { lag: "15 minutes" }, "merge", []],
    ["several units", { lag: "1 day 2 hours" }, "merge", []],
    ["a number", { lag: "1.5" }, "merge", []],
    ["a lag with append", { lag: "15 minutes" }, "append", ["incremental.lag"]],
    ["a lag that is none", { lag: "soon" }, "merge", ["incremental.lag"]],
    ["a negative lag", { lag: "-5" }, undefined, ["incremental.lag"]],
    ["no column by files", { strategy: "modified_time", cursorColumn: undefined }, "append", []],
    ["a lag by files", { strategy: "modified_time", lag: "5" }, "merge", ["incremental.lag"]],
    ["an end below the start", { initialValue: "10", endValue: "9" }, "append", ["incremental.end_value"]],
    ["dates in order", { initialValue: "2024-01-01", endValue: "2024-01-01T10:00:00Z" }, "append", []],
    ["dates out of order", { initialValue: "2024-02-01", endValue: "2024-01-01" }, "append", [
      "incremental.end_value",
    ]],
    [
      "zones are left to the engine",
      { initialValue: "2024-01-01T01:00:00+02:00", endValue: "2024-01-01T00:00:00Z" },
      "append",
      [],
    ],
  ];
  for (const [name, block, mode, keys] of cases) {
    await t.step(name, () => {
      assert.deepEqual(checkIncremental(incremental(block), mode).map((p) => p.key.join(".")), keys);
    });
  }
});
