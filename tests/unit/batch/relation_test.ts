import assert from "node:assert/strict";
import { createSession, typeLoss } from "../../../src/batch/mod.ts";
import { asSubquery } from "../../../src/batch/sql_text.ts";
import { scannedRows } from "../../../src/batch/profile.ts";
import { EngineError, formatType } from "../../../src/sdk/mod.ts";

Deno.test("a column of any type of DuckDB's becomes a logical type and keeps its value", async (t) => {
  await using session = await createSession();
  // Expression, logical type, value, and what is lost.
  const cases: [string, string, unknown, string?][] = [
    ["12345678901234567890::HUGEINT", "decimal(38,0)", "12345678901234567890"],
    ["7::UHUGEINT", "decimal(38,0)", "7"],
    ["170141183460469231731687303715884105727::BIGNUM * 2", "float", 3.402823669209385e38],
    [
      "CAST('340282366920938463463374607431768211456' AS BIGNUM)",
      "string",
      "340282366920938463463374607431768211456",
    ],
    ["18446744073709551615::UBIGINT", "uint64", 18446744073709551615n],
    ["'b'::ENUM ('a', 'b''c', 'b')", "string", "b"],
    ["'10110'::BIT", "string", "10110"],
    ["'12:00:00+02'::TIMETZ", "string", "12:00:00+02"],
    ["'2024-01-02 03:04:05'::TIMESTAMP_S", "datetime", "2024-01-02 03:04:05"],
    ["'2024-01-02 03:04:05.678'::TIMESTAMP_MS", "datetime", "2024-01-02 03:04:05.678"],
    [
      "'2024-01-02 03:04:05.123456789'::TIMESTAMP_NS",
      "datetime",
      "2024-01-02 03:04:05.123456",
      "nanoseconds are cut to microseconds",
    ],
    ["'03:04:05.123456789'::TIME_NS", "time", "03:04:05.123457", "nanoseconds are rounded to microseconds"],
    ["union_value(k := 1)::UNION(k INT, s VARCHAR)", "json", '{"k":1}'],
    ["{'a': [1, 2]}::VARIANT", "json", '{"a":[1,2]}'],
    ["'POINT (1 2)'::GEOMETRY", "string", "POINT (1 2)"],
    ["MAP {'a': 1, 'b': NULL}", "array<struct<key: string, value: int32>>", [{ key: "a", value: 1 }, {
      key: "b",
      value: null,
    }]],
    ["MAP {}::MAP(VARCHAR, INT)", "array<struct<key: string, value: int32>>", []],
    ["[1, 2]::TINYINT[2]", "array<int8>", [1, 2]],
    ["[[1], NULL]::INT[1][2]", "array<array<int32>>", [[1], null]],
    ["['a'::ENUM('a')]::ENUM('a')[1]", "array<string>", ["a"]],
    ["row(1, 'x')", "struct<element1: int32, element2: string>", { element1: 1, element2: "x" }],
    [
      `{'weird "name': MAP {1: ['x'::ENUM('x'), NULL]}, 'l': [[{'b': '1'::BIT}]], 'n': NULL::HUGEINT}`,
      `struct<"weird \\"name": array<struct<key: int32, value: array<string>>>, l: array<array<struct<b: string>>>, n: decimal(38,0)>`,
      { 'weird "name': [{ key: 1, value: ["x", null] }], l: [[{ b: "1" }]], n: null },
    ],
    ["{'a': 'x'::ENUM('x')}::STRUCT(a ENUM('x'))", "struct<a: string>", { a: "x" }],
    [`'{"a": 1.0}'::JSON`, "json", '{"a": 1.0}'],
    ["['1'::JSON, NULL]", "array<json>", ["1", null]],
    ["NULL", "int32", null],
    ["'x'::VARCHAR COLLATE NOCASE", "string", "x"],
    ["1.5::DECIMAL(4,2)", "decimal(4,2)", "1.50"],
  ];
  for (const [expression, type, value, loss] of cases) {
    await t.step(expression, async () => {
      const column = `a "b'`;
      const batch = await session.relation(`SELECT ${expression} AS "a ""b'" UNION ALL SELECT NULL`);
      assert.deepEqual(batch.columns, [column]);
      assert.equal(formatType(batch.schema.fields[0]!.type), type);
      const rows = await batch.rows();
      assert.deepEqual(rows, [[value], [null]]);
      // What the schema says is what the SQL gives.
      const again = await session.relation(batch.sql);
      assert.deepEqual(again.schema, batch.schema);
      assert.equal(again.sql, batch.sql);
      assert.equal(batch.warnings.length, loss === undefined ? 0 : 1);
      if (loss !== undefined) assert.ok(batch.warnings[0]!.endsWith(`: ${loss}.`), batch.warnings[0]);
    });
  }
});

Deno.test("a HUGEINT that no decimal holds is an error, not another number", async () => {
  await using session = await createSession();
  const batch = await session.relation("SELECT '170141183460469231731687303715884105727'::HUGEINT AS h");
  await assert.rejects(
    batch.rows(),
    (error) => error instanceof EngineError && error.code === "CONVERSION_FAILED",
  );
});

Deno.test("only one SELECT with columns of different names is a relation", async (t) => {
  await using session = await createSession();
  await session.run("CREATE TABLE t (i INTEGER)");
  const cases: [string, string | undefined][] = [
    ["SELECT 1 AS a, 2 AS A", "DUPLICATE_COLUMN"],
    ["SELECT i, i FROM t", "DUPLICATE_COLUMN"],
    ["SELECT 1 AS ä, 2 AS Ä", undefined],
    ["SELECT $1", "UNBOUND_PARAMETER"],
    ["INSERT INTO t VALUES (1)", "NOT_A_QUERY"],
    ["SELECT 1; SELECT 2", "NOT_A_QUERY"],
    ["SELECT 1; DROP TABLE t", "NOT_A_QUERY"],
    ["", "NOT_A_QUERY"],
    ["-- nothing", "NOT_A_QUERY"],
    ["SELECT nope FROM t", "BINDER"],
    ["FROM nowhere", "CATALOG"],
    ["FROM t; -- done", undefined],
    ["WITH x AS (FROM t) FROM x -- done", undefined],
    ["(SELECT 1 AS a)", undefined],
    ["VALUES (1)", undefined],
    ["DESCRIBE t", undefined],
  ];
  for (const [sql, code] of cases) {
    await t.step(sql, async () => {
      if (code === undefined) {
        const batch = await session.relation(sql);
        await batch.rowCount();
        await batch.rows({ limit: 1 });
        return;
      }
      await assert.rejects(
        session.relation(sql),
        (error) => error instanceof EngineError && error.code === code,
      );
    });
  }
  assert.deepEqual(await session.query("SELECT count(*) AS n FROM t"), [{ n: 0n }]);
});

Deno.test("binding reads no rows", async () => {
  await using session = await createSession();
  const batch = await session.relation("SELECT error('read') AS a FROM range(1)");
  assert.deepEqual(batch.columns, ["a"]);
  await assert.rejects(batch.rows(), EngineError);
});

Deno.test("rows, toObjects and rowCount", async () => {
  await using session = await createSession();
  const batch = await session.relation("SELECT i, 'n' || i AS name FROM range(5) r(i) ORDER BY i DESC", {
    from: "test",
  });
  assert.deepEqual(batch.metadata, { from: "test" });
  assert.equal(await batch.rowCount(), 5);
  assert.deepEqual(await batch.rows({ limit: 2 }), [[4n, "n4"], [3n, "n3"]]);
  assert.deepEqual(await batch.rows({ limit: 0 }), []);
  assert.deepEqual(await batch.toObjects({ limit: 1 }), [{ i: 4n, name: "n4" }]);
  assert.equal((await batch.rows()).length, 5);
  for (const limit of [-1, 1.5, NaN]) {
    await assert.rejects(
      batch.rows({ limit }),
      (error) => error instanceof EngineError && error.code === "INVALID_LIMIT",
    );
  }
  const [odd] = await (await session.relation(`SELECT 1 AS "__proto__", {'__proto__': 2} AS s`)).toObjects();
  assert.deepEqual(Object.entries(odd!).map(([name]) => name), ["__proto__", "s"]);
});

Deno.test("toArrow gives batches of the size asked for, in order, none for no rows", async () => {
  await using session = await createSession();
  const batch = await session.relation("SELECT i FROM range(10000) r(i)");
  for (
    const [rowsPerBatch, sizes] of [[4096, [4096, 4096, 1808]], [1, undefined], [10000, [10000]], [
      undefined,
      [10000],
    ]] as const
  ) {
    const parts = await Array.fromAsync(batch.toArrow({ rowsPerBatch }));
    if (sizes !== undefined) assert.deepEqual(parts.map((part) => part.numRows), sizes);
    assert.deepEqual(
      parts.flatMap((part) => [...part.getChildAt(0)!]),
      Array.from({ length: 10000 }, (_, i) => BigInt(i)),
    );
  }
  assert.deepEqual(
    await Array.fromAsync((await session.relation("SELECT 1 AS a WHERE false")).toArrow()),
    [],
  );
  const nothing = await session.fromArrow((await session.relation("SELECT 1 AS a WHERE false")).toArrow(), {
    schema: batch.schema,
  });
  assert.deepEqual(await nothing.rows(), []);
});

Deno.test("statements are trimmed to what can stand in parentheses", () => {
  const cases: [string, string][] = [
    ["SELECT 1", "SELECT 1"],
    [" SELECT 1 ; \n;", "SELECT 1"],
    ["SELECT 1; -- done\n/* really; */", "SELECT 1"],
    ["SELECT ';' -- a;b", "SELECT ';' -- a;b\n"],
    ["SELECT 'it''s; --'", "SELECT 'it''s; --'"],
    ['SELECT 1 AS "a;--b";', 'SELECT 1 AS "a;--b"'],
    ["SELECT $$a;--$$;", "SELECT $$a;--$$"],
    ["SELECT $x$ $$; $x$", "SELECT $x$ $$; $x$"],
    ["SELECT 1; SELECT 2;", "SELECT 1; SELECT 2"],
    ["-- first;\nSELECT 1;", "-- first;\nSELECT 1"],
    [";", ""],
    ["SELECT 1 /* a */", "SELECT 1 /* a */"],
  ];
  for (const [sql, expected] of cases) assert.equal(asSubquery(sql), expected, sql);
});

Deno.test("what a type's text says is lost", () => {
  const cases: [string, string | undefined][] = [
    ["TIMESTAMP_NS", "nanoseconds are cut to microseconds"],
    ['STRUCT("a" TIMESTAMP_NS[], b INTEGER)', "nanoseconds are cut to microseconds"],
    ["TIME_NS", "nanoseconds are rounded to microseconds"],
    ['STRUCT("TIMESTAMP_NS" INTEGER)', undefined],
    ["ENUM('TIME_NS', 'it''s')", undefined],
    ["TIMESTAMP WITH TIME ZONE", undefined],
    ["HUGEINT", undefined],
  ];
  for (const [type, expected] of cases) assert.equal(typeLoss(type), expected, type);
});

Deno.test("scanned rows are told for one scan only", () => {
  const leaf = (type: string, rows: number) => ({
    operator_type: type,
    operator_cardinality: rows,
    children: [],
  });
  const scan = leaf("TABLE_SCAN", 7);
  const cases: [unknown, number | undefined][] = [
    [{ children: [{ operator_type: "FILTER", children: [scan] }] }, 7],
    [{ children: [scan, scan] }, undefined],
    [{ children: [leaf("DUMMY_SCAN", 1)] }, undefined],
    [{ children: [] }, undefined],
    [{}, undefined],
  ];
  for (const [profile, expected] of cases) assert.equal(scannedRows(profile), expected);
});
