import assert from "node:assert/strict";
import { ConnectorError } from "../../../../src/sdk/mod.ts";
import { load, onFile, withDirectory } from "./helpers.ts";

const ALL = "SELECT * FROM t ORDER BY ALL";

Deno.test("append makes the table, then adds to it", () =>
  withDirectory(async (directory) => {
    const config = { database: `${directory}/new/folder/a.duckdb`, table: "t" };
    const [first] = await load(config, ["SELECT 1 AS id, 'a' AS v"]);
    assert.deepEqual([first!.rowsReceived, first!.rowsWritten], [1, 1]);
    assert.deepEqual(first!.changes!.map((c) => c.kind), ["create_table"]);
    const [second] = await load(config, ["SELECT 1 AS id, 'a' AS v UNION ALL SELECT 2, NULL"]);
    assert.deepEqual([second!.rowsWritten, second!.changes], [2, []]);
    assert.deepEqual(await onFile(config.database, ALL), ["1, a", "1, a", "2, NULL"]);
  }));

Deno.test("a schema is made where it is missing, names may be odd", () =>
  withDirectory(async (directory) => {
    const database = `${directory}/a.duckdb`;
    await load({ database, table: 's p."a.b ""c"""' }, [`SELECT 1 AS "x ""y"`]);
    await load({ database, table: "u", schema: "other" }, ["SELECT 2 AS x"]);
    assert.deepEqual(await onFile(database, `SELECT "x ""y" FROM "s p"."a.b ""c"""`), ["1"]);
    assert.deepEqual(await onFile(database, "SELECT x FROM other.u"), ["2"]);
  }));

Deno.test("overwrite replaces all rows, and keeps what belongs to the table", () =>
  withDirectory(async (directory) => {
    const database = `${directory}/a.duckdb`;
    await onFile(
      database,
      `CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER NOT NULL DEFAULT 3, s VARCHAR CHECK (length(s) < 5), u INTEGER UNIQUE)`,
      "CREATE INDEX ix ON t (n)",
      "CREATE VIEW v AS SELECT id FROM t",
      "COMMENT ON TABLE t IS 'it''s mine'",
      "COMMENT ON COLUMN t.s IS 'text'",
      "INSERT INTO t VALUES (1, 1, 'old', 1)",
    );
    await load({ database, table: "T" }, ["SELECT 7 AS id, 'new' AS S", "SELECT 8 AS id, 'two' AS s"], {
      mode: "overwrite",
    });
    assert.deepEqual(await onFile(database, ALL), ["7, 3, new, NULL", "8, 3, two, NULL"]);
    assert.deepEqual(await onFile(database, "SELECT * FROM v ORDER BY ALL"), ["7", "8"]);
    assert.deepEqual(
      await onFile(database, "SELECT index_name FROM duckdb_indexes() WHERE table_name = 't'"),
      ["ix"],
    );
    assert.deepEqual(
      await onFile(
        database,
        "SELECT constraint_type FROM duckdb_constraints() WHERE table_name = 't' ORDER BY ALL",
      ),
      ["CHECK", "NOT NULL", "NOT NULL", "PRIMARY KEY", "UNIQUE"],
    );
    assert.deepEqual(
      await onFile(database, "SELECT comment FROM duckdb_tables() WHERE table_name = 't'"),
      ["it's mine"],
    );
    assert.deepEqual(await onFile(database, "SELECT table_name FROM duckdb_tables() ORDER BY ALL"), [
      "_dataloader_loads",
      "t",
    ]);
    await assert.rejects(
      load({ database, table: "t" }, ["SELECT 9 AS id, 'too long' AS s"], { mode: "overwrite" }),
      {
        code: "CONSTRAINT_VIOLATED",
      },
    );
    await assert.rejects(
      load({ database, table: "t" }, ["SELECT 9 AS id, 'a' AS s UNION ALL SELECT 9, 'b'"], {
        mode: "overwrite",
      }),
      (error) =>
        error instanceof ConnectorError && error.code === "CONSTRAINT_VIOLATED" && /9/.test(error.message),
    );
    assert.deepEqual(await onFile(database, "SELECT count(*) AS n FROM t"), ["2"], "the table is as it was");
  }));

Deno.test("overwrite makes a missing table, and an empty batch empties it", () =>
  withDirectory(async (directory) => {
    const config = { database: `${directory}/a.duckdb`, table: "t" };
    await load(config, ["SELECT 1 AS id"], { mode: "overwrite" });
    assert.deepEqual(await onFile(config.database, ALL), ["1"]);
    await load(config, ["SELECT 1 AS id WHERE false"], { mode: "overwrite" });
    assert.deepEqual(await onFile(config.database, ALL), []);
    await load(config, ["SELECT 2 AS id"], { mode: "overwrite" });
    await load(config, [], { mode: "overwrite" });
    assert.deepEqual(await onFile(config.database, ALL), ["2"], "no batch says nothing of the rows");
  }));

Deno.test("overwrite: the columns of the new rows", async (t) => {
  const cases: [name: string, old: string, select: string, rows: string[], changes: string[]][] = [
    ["a new column", "id INTEGER", "SELECT 1 AS id, 'x' AS v", ["1, x"], ["add_column v"]],
    ["a column less", "id INTEGER, v VARCHAR", "SELECT 1 AS id", ["1, NULL"], []],
    ["a narrower type goes into the wider", "id BIGINT", "SELECT 1::INTEGER AS id", ["1"], []],
    ["a wider type is taken over", "id INTEGER", "SELECT 3000000000 AS id", ["3000000000"], [
      "change_type id",
    ]],
    ["another type altogether", "id DATE", "SELECT 'x' AS id", ["x"], ["change_type id"]],
  ];
  for (const [name, old, select, rows, changes] of cases) {
    await t.step(name, () =>
      withDirectory(async (directory) => {
        const config = { database: `${directory}/a.duckdb`, table: "t" };
        await onFile(config.database, `CREATE TABLE t (${old})`);
        const [result] = await load(config, [select], { mode: "overwrite" });
        assert.deepEqual(result!.changes!.map((c) => `${c.kind} ${c.column}`), changes);
        assert.ok(result!.changes!.every((c) => !c.description.includes("stage")));
        assert.deepEqual(await onFile(config.database, ALL), rows);
      }));
  }
  await t.step("a key that holds on to its type", () =>
    withDirectory(async (directory) => {
      const config = { database: `${directory}/a.duckdb`, table: "t" };
      await onFile(config.database, "CREATE TABLE t (id INTEGER PRIMARY KEY)", "INSERT INTO t VALUES (1)");
      await assert.rejects(load(config, ["SELECT 'x' AS id"], { mode: "overwrite" }), {
        code: "TYPE_MISMATCH",
      });
      assert.deepEqual(await onFile(config.database, ALL), ["1"]);
    }));
});

Deno.test("overwrite is refused where a foreign key points at the table", () =>
  withDirectory(async (directory) => {
    const database = `${directory}/a.duckdb`;
    await onFile(
      database,
      "CREATE TABLE t (id INTEGER PRIMARY KEY)",
      "CREATE TABLE child (t_id INTEGER REFERENCES t (id))",
      "INSERT INTO t VALUES (1)",
    );
    await assert.rejects(
      load({ database, table: "t" }, ["SELECT 2 AS id"], { mode: "overwrite" }),
      (error) =>
        error instanceof ConnectorError && error.code === "FOREIGN_KEY_REFERENCE" &&
        /child/.test(error.message),
    );
    assert.deepEqual(await onFile(database, ALL), ["1"]);
    // The other way round it can be replaced, and keeps its reference.
    await load({ database, table: "child" }, ["SELECT 1 AS t_id"], { mode: "overwrite" });
    await assert.rejects(load({ database, table: "child" }, ["SELECT 5 AS t_id"]), {
      code: "CONSTRAINT_VIOLATED",
    });
  }));

Deno.test("append and merge: the columns of an existing table", async (t) => {
  const cases: [name: string, old: string, select: string, rows: string[] | string, changes?: string[]][] = [
    ["by name, not by place", "b VARCHAR, a INTEGER", "SELECT 1 AS a, 'x' AS b", ["x, 1"]],
    ["regardless of case", "Id INTEGER", "SELECT 1 AS iD", ["1"]],
    ["a new column", "a INTEGER", "SELECT 1 AS a, 2.5::DECIMAL(5,2) AS b", ["1, 2.50"], ["add_column b"]],
    ["a missing column gets its default", "a INTEGER, b INTEGER DEFAULT 7, c INTEGER", "SELECT 1 AS a", [
      "1, 7, NULL",
    ]],
    ["int32 into int64", "a BIGINT", "SELECT 1::INTEGER AS a", ["1"]],
    ["int into decimal", "a DECIMAL(12,2)", "SELECT 1::INTEGER AS a", ["1.00"]],
    ["date into timestamp", "a TIMESTAMP", "SELECT '2024-01-01'::DATE AS a", ["2024-01-01 00:00:00"]],
    ["number into text", "a VARCHAR", "SELECT 1.10::DECIMAL(5,2) AS a", ["1.10"]],
    ["text into an enum", "a ENUM('x', 'y')", "SELECT 'x' AS a", ["x"]],
    ["text that is none of an enum's", "a ENUM('x', 'y')", "SELECT 'z' AS a", "CONVERSION_FAILED"],
    ["pairs into a map", "a MAP(VARCHAR, INTEGER)", "SELECT MAP {'k': 1} AS a", ["{k=1}"]],
    ["double into int", "a INTEGER", "SELECT 1.5::DOUBLE AS a", "TYPE_MISMATCH"],
    ["text into int", "a INTEGER", "SELECT '007' AS a", "TYPE_MISMATCH"],
    ["text into date", "a DATE", "SELECT '2024-01-01' AS a", "TYPE_MISMATCH"],
    ["int64 into int32", "a INTEGER", "SELECT 1::BIGINT AS a", "TYPE_MISMATCH"],
    ["int64 into double", "a DOUBLE", "SELECT 1::BIGINT AS a", "TYPE_MISMATCH"],
    ["decimal into a smaller scale", "a DECIMAL(10,1)", "SELECT 1.25::DECIMAL(5,2) AS a", "TYPE_MISMATCH"],
    ["with a zone into without", "a TIMESTAMP", "SELECT now() AS a", "TYPE_MISMATCH"],
    ["without a zone into with", "a TIMESTAMPTZ", "SELECT '2024-01-01'::TIMESTAMP AS a", "TYPE_MISMATCH"],
    ["NULL into NOT NULL", "a INTEGER NOT NULL", "SELECT NULL::INTEGER AS a", "CONSTRAINT_VIOLATED"],
    ["nothing into NOT NULL", "a INTEGER, b INTEGER NOT NULL", "SELECT 1 AS a", "CONSTRAINT_VIOLATED"],
  ];
  for (const [name, old, select, rows, changes = []] of cases) {
    await t.step(name, () =>
      withDirectory(async (directory) => {
        const config = { database: `${directory}/a.duckdb`, table: "t" };
        await onFile(config.database, `CREATE TABLE t (${old})`);
        if (typeof rows === "string") {
          await assert.rejects(load(config, [select]), { code: rows });
          assert.deepEqual(await onFile(config.database, ALL), []);
        } else {
          const [result] = await load(config, [select]);
          assert.deepEqual(await onFile(config.database, ALL), rows);
          assert.deepEqual(result!.changes!.map((c) => `${c.kind} ${c.column}`), changes);
        }
      }));
  }
  await t.step(
    "a mismatch names the columns, both types, and what to do",
    () =>
      withDirectory(async (directory) => {
        const config = { database: `${directory}/a.duckdb`, table: "t" };
        await onFile(config.database, "CREATE TABLE t (a INTEGER, b DATE)");
        await assert.rejects(
          load(config, ["SELECT 'x' AS a, 'y' AS b"]),
          (error) =>
            error instanceof ConnectorError && /Column "a" holds VARCHAR.*INTEGER/.test(error.message) &&
            /cast, columns: \{ a: int32 \}/.test(error.hint ?? "") &&
            JSON.stringify(error.context.columns) === '["a","b"]',
        );
      }),
  );
});

Deno.test("merge strategies", async (t) => {
  const table = "CREATE TABLE t (id INTEGER, v VARCHAR, extra INTEGER DEFAULT 5)";
  const old = "INSERT INTO t VALUES (1, 'a', 1), (2, 'b', 2)";
  const batch = "SELECT * FROM (VALUES (2, 'B'), (3, 'c')) AS x(id, v)";
  const cases: ["upsert" | "delete_insert" | "insert_only", string[], number][] = [
    ["upsert", ["1, a, 1", "2, B, 2", "3, c, 5"], 2],
    ["delete_insert", ["1, a, 1", "2, B, 5", "3, c, 5"], 2],
    ["insert_only", ["1, a, 1", "2, b, 2", "3, c, 5"], 1],
  ];
  for (const [strategy, rows, written] of cases) {
    for (const key of ["", ", PRIMARY KEY (id)"]) {
      await t.step(`${strategy}${key}`, () =>
        withDirectory(async (directory) => {
          const config = { database: `${directory}/a.duckdb`, table: "t" };
          await onFile(config.database, table.replace(/\)$/, `${key})`), old);
          const request = { mode: "merge", mergeKeys: ["ID"], strategy } as const;
          const [result] = await load(config, [batch], request);
          assert.deepEqual(await onFile(config.database, ALL), rows);
          assert.deepEqual([result!.rowsReceived, result!.rowsWritten], [2, written]);
          const [again] = await load(config, [batch], request);
          assert.deepEqual(await onFile(config.database, ALL), rows, "applied twice is applied once");
          assert.equal(again!.rowsWritten, strategy === "delete_insert" ? 2 : 0);
        }));
    }
    await t.step(
      `${strategy} into a missing table, then with a new column`,
      () =>
        withDirectory(async (directory) => {
          const config = { database: `${directory}/a.duckdb`, table: "t" };
          const request = { mode: "merge", mergeKeys: ["id"], strategy } as const;
          await load(config, [batch], request);
          assert.deepEqual(await onFile(config.database, ALL), ["2, B", "3, c"]);
          await load(config, ["SELECT 4 AS id, 'd' AS v, true AS flag"], request);
          assert.deepEqual(await onFile(config.database, ALL), ["2, B, NULL", "3, c, NULL", "4, d, true"]);
        }),
    );
  }
  await t.step("two keys, lists, all columns keys", () =>
    withDirectory(async (directory) => {
      const config = { database: `${directory}/a.duckdb`, table: "t" };
      const request = { mode: "merge", mergeKeys: ["a", "b"] } as const;
      await load(config, ["SELECT * FROM (VALUES (1, 'x', [1]), (1, 'y', [2])) AS v(a, b, l)"], request);
      await load(config, ["SELECT * FROM (VALUES (1, 'y', [3]), (2, 'y', NULL)) AS v(a, b, l)"], request);
      assert.deepEqual(await onFile(config.database, ALL), ["1, x, [1]", "1, y, [3]", "2, y, NULL"]);
      const [result] = await load(
        { ...config, table: "k" },
        ["SELECT 1 AS a, 2 AS b UNION ALL SELECT 1, 2"],
        request,
      );
      assert.deepEqual([result!.rowsReceived, result!.rowsWritten], [2, 1]);
    }));
  await t.step(
    "rows of the table that share a key are all updated",
    () =>
      withDirectory(async (directory) => {
        const config = { database: `${directory}/a.duckdb`, table: "t" };
        await onFile(
          config.database,
          "CREATE TABLE t (id INTEGER, v VARCHAR)",
          "INSERT INTO t VALUES (1, 'a'), (1, 'b')",
        );
        await load(config, ["SELECT 1 AS id, 'z' AS v"], { mode: "merge", mergeKeys: ["id"] });
        assert.deepEqual(await onFile(config.database, ALL), ["1, z", "1, z"]);
      }),
  );
});

Deno.test("of rows with one key the latest is kept", async (t) => {
  const rows =
    "SELECT * FROM (VALUES (1, 'late', 9), (1, 'early', 3), (1, 'none', NULL), (2, 'x', 1)) AS v(id, v, seen)";
  const cases: [name: string, orderBy: string | undefined, kept: string][] = [
    ["by the cursor", "SEEN", "late"],
    ["by order, without one", undefined, "none"],
    ["by order, where it is no column of the batch", "updated_at", "none"],
  ];
  for (const [name, orderBy, kept] of cases) {
    for (const strategy of ["upsert", "delete_insert", "insert_only"] as const) {
      await t.step(`${strategy} ${name}`, () =>
        withDirectory(async (directory) => {
          const config = { database: `${directory}/a.duckdb`, table: "t" };
          const [result] = await load(config, [rows], {
            mode: "merge",
            mergeKeys: ["id"],
            strategy,
            orderBy,
          });
          assert.deepEqual(await onFile(config.database, "SELECT id, v FROM t ORDER BY ALL"), [
            `1, ${kept}`,
            "2, x",
          ]);
          assert.deepEqual([result!.rowsReceived, result!.rowsWritten], [4, 2]);
        }));
    }
  }
  await t.step("of many rows the last, whatever the threads", () =>
    withDirectory(async (directory) => {
      const config = { database: `${directory}/a.duckdb`, table: "t" };
      await load(config, ["SELECT range % 1000 AS id, range AS n FROM range(300000)"], {
        mode: "merge",
        mergeKeys: ["id"],
      });
      assert.deepEqual(
        await onFile(config.database, "SELECT count(*) AS n, min(n) AS a, max(n) AS b FROM t"),
        ["1000, 299000, 299999"],
      );
    }));
});

Deno.test("a merge that can't be is refused before anything is written", async (t) => {
  const cases: [name: string, select: string, keys: string[], code: string, text: RegExp][] = [
    [
      "a NULL key",
      "SELECT 1 AS id, 'a' AS v UNION ALL SELECT NULL, 'b' UNION ALL SELECT NULL, 'c'",
      ["id"],
      "NULL_KEY",
      /2 rows have NULL/,
    ],
    ["a missing key", "SELECT 1 AS id, 'a' AS v", ["idd"], "MERGE_KEY_MISSING", /"idd"/],
    ["no keys", "SELECT 1 AS id", [], "MERGE_WITHOUT_KEYS", /merge_keys/],
    ["a key that the table has not", "SELECT 1 AS k, 'a' AS v", ["k"], "MERGE_KEY_MISSING", /main\.t/],
  ];
  for (const strategy of ["upsert", "delete_insert", "insert_only", "scd2"] as const) {
    for (const [name, select, mergeKeys, code, text] of cases) {
      await t.step(`${strategy}: ${name}`, () =>
        withDirectory(async (directory) => {
          const config = { database: `${directory}/a.duckdb`, table: "t" };
          await onFile(
            config.database,
            "CREATE TABLE t (id INTEGER, v VARCHAR)",
            "INSERT INTO t VALUES (1, 'old')",
          );
          await assert.rejects(
            load(config, [select], { mode: "merge", mergeKeys, strategy }),
            (error) => error instanceof ConnectorError && error.code === code && text.test(error.message),
          );
          assert.deepEqual(await onFile(config.database, ALL), ["1, old"]);
        }));
    }
  }
});
