import { deepEqual, equal, match, ok } from "node:assert/strict";
import {
  type Batch,
  ConnectorError,
  EngineError,
  registerTransform,
  TransformError,
} from "../../../src/sdk/mod.ts";
import { applySteps, describeStep, planSteps } from "../../../src/transforms/mod.ts";
import { apply, context, failure, stepsOf, texts, withSession } from "./_session.ts";
import { z } from "zod";

const TEN = [
  { type: "rename_columns", mapping: { fname: "first_name" } },
  { type: "cast", columns: { age: "int", day: "date" } },
  { type: "add_column", name: "source", value: "crm" },
  { type: "filter", where: "age >= 18" },
  { type: "drop_columns", columns: ["junk"] },
  { type: "sql", query: "SELECT *, extract(year FROM day) AS year FROM {input}" },
  { type: "add_column", name: "next", expression: "age + 1" },
  { type: "filter", where: "year > 2000" },
  { type: "cast", columns: { next: "decimal(10,2)" } },
  { type: "select_columns", columns: ["next", "first_name", "year"] },
];

Deno.test("ten steps are one statement that the engine flattens to a scan", async () => {
  await withSession(async (session) => {
    await session.run(
      "CREATE TEMP TABLE people AS SELECT 'p' || i AS fname, (i % 90)::VARCHAR AS age, '2001-01-01' AS day, i AS junk, i AS more FROM range(1000) t(i)",
    );
    const applied = await apply(session, "SELECT * FROM people", ...TEN);
    deepEqual(applied.batch.columns, ["next", "first_name", "year"]);
    equal(applied.keepsRows, false);
    equal(await applied.batch.rowCount(), 792);
    const [plan] = await session.query<{ explain_value: string }>(`EXPLAIN ${applied.batch.sql}`);
    ok(!/\bCTE|WINDOW|JOIN\b/.test(plan!.explain_value), plan!.explain_value);
    // The first filter stands on the scan, below the casts.
    match(plan!.explain_value, /FILTER[^┴]*┘\n┌─+┴─+┐\n│\s+SEQ_SCAN/);
    // Columns that no step needs are not read.
    ok(!/\bmore\b|\bjunk\b/.test(plan!.explain_value), plan!.explain_value);
  });
});

Deno.test("a filter behind a cast is moved into the scan", async () => {
  await withSession(async (session) => {
    const file = await Deno.makeTempFile({ suffix: ".parquet" });
    await session.run(
      `COPY (SELECT i, (i % 7)::VARCHAR AS s FROM range(10) t(i)) TO '${file}' (FORMAT parquet)`,
    );
    const applied = await apply(
      session,
      `SELECT * FROM read_parquet('${file}')`,
      { type: "cast", columns: { s: "int" } },
      { type: "filter", where: "i = 3" },
    );
    const [plan] = await session.query<{ explain_value: string }>(`EXPLAIN ${applied.batch.sql}`);
    match(plan!.explain_value, /PARQUET[\s\S]*Filters:[\s\S]*i=3/);
    ok(!/FILTER/.test(plan!.explain_value), plan!.explain_value);
    await Deno.remove(file);
  });
});

Deno.test("a thousand columns with weird names go through every step", async () => {
  await withSession(async (session) => {
    const names = Array.from({ length: 1000 }, (_, i) => `c"${i} é`);
    const select = `SELECT ${names.map((name, i) => `'${i}' AS "${name.replaceAll('"', '""')}"`).join(", ")}`;
    const applied = await apply(
      session,
      select,
      { type: "rename_columns", mapping: Object.fromEntries(names.map((name, i) => [name, `d'${i}`])) },
      { type: "cast", columns: Object.fromEntries(names.map((_, i) => [`d'${i}`, "int16"])) },
      { type: "drop_columns", columns: ["d'0"] },
      { type: "select_columns", columns: names.map((_, i) => `d'${i}`).slice(1).reverse() },
    );
    equal(applied.batch.columns.length, 999);
    const [row] = await applied.batch.session.query<Record<string, unknown>>(applied.batch.sql);
    equal(row!["d'999"], 999);
  });
});

Deno.test("diagnose finds the step, the column and the row in the source", async (test) => {
  const rows =
    "SELECT * FROM (VALUES (1, 'a', '10'), (2, 'b', '20'), (3, 'c', 'x'), (4, 'd', 'y')) AS t(id, name, n)";
  type Steps = (Record<string, unknown> & { type: string })[];
  const cases: [title: string, steps: Steps, message: string | undefined][] = [
    [
      "after steps that keep rows",
      [
        { type: "rename_columns", mapping: { n: "number" } },
        { type: "select_columns", columns: ["number"] },
        { type: "cast", columns: { number: "int" } },
      ],
      'step 3 (cast): column "number", row 3: "x" is not an integer',
    ],
    [
      "after a filter, by the row in the source",
      [{ type: "filter", where: "id > 2" }, { type: "select_columns", columns: ["n"] }, {
        type: "cast",
        columns: { n: "int" },
      }],
      'step 3 (cast): column "n", row 3: "x" is not an integer',
    ],
    [
      "after a query that keeps the rows' numbers",
      [{ type: "sql", query: "SELECT * FROM {input} ORDER BY id DESC" }, {
        type: "cast",
        columns: { n: "int" },
      }],
      'step 2 (cast): column "n", row 4: "y" is not an integer',
    ],
    [
      "after a query that does not",
      [{ type: "sql", query: "SELECT n FROM {input} WHERE id > 1" }, { type: "cast", columns: { n: "int" } }],
      'step 2 (cast): column "n", row 2 of the rows that reach the step: "x" is not an integer',
    ],
    [
      "after a query that can't have one column more",
      [
        { type: "sql", query: "SELECT * FROM {input} UNION ALL SELECT 9, 'z', 'zz'" },
        { type: "cast", columns: { n: "int" } },
      ],
      'step 2 (cast): column "n", row 3 of the rows that reach the step: "x" is not an integer',
    ],
    [
      "the first of two casts",
      [{ type: "cast", columns: { id: "int8" } }, { type: "cast", columns: { name: "int" } }, {
        type: "cast",
        columns: { n: "int" },
      }],
      'step 2 (cast): column "name", row 1: "a" is not an integer',
    ],
    [
      "a query that fails on a value",
      [{ type: "add_column", name: "x", value: 1 }, {
        type: "sql",
        query: "SELECT CAST(n AS INT) AS n FROM {input}",
      }],
      "step 2 (sql): ",
    ],
    [
      "an expression that fails, before a cast that would not",
      [{ type: "add_column", name: "x", expression: "n::INT" }, { type: "cast", columns: { x: "string" } }],
      "step 1 (add_column): ",
    ],
    ["a filter on what is no boolean", [{ type: "filter", where: "name" }], "step 1 (filter): "],
  ];
  await withSession(async (session) => {
    for (const [title, steps, message] of cases) {
      await test.step(title, async () => {
        await session.run(`CREATE OR REPLACE TEMP TABLE source AS ${rows}`);
        const applied = await apply(session, "SELECT * FROM source", ...steps);
        const error = await applied.diagnose(await failure(texts(session, applied)));
        ok(error instanceof TransformError);
        ok(error.message.startsWith(message!), error.message);
        equal(error.code, error.message.includes("(cast)") ? "CAST_FAILED" : "VALUE_ERROR");
        ok(error.location);
        ok(error.hint);
      });
    }
    await test.step("a source that fails is not the steps' fault", async () => {
      const source = "SELECT CAST(n AS INT) AS n FROM source";
      const applied = await apply(session, source, { type: "cast", columns: { n: "string" } }, {
        type: "filter",
        where: "n <> ''",
      });
      equal(await applied.diagnose(await failure(texts(session, applied))), undefined);
    });
    await test.step("nor is what a value can't be the reason of", async () => {
      const applied = await apply(session, "SELECT 'x' AS n", { type: "cast", columns: { n: "int" } });
      equal(await applied.diagnose(new EngineError("DISK_FULL", "full")), undefined);
      equal(await applied.diagnose(new Error("else")), undefined);
    });
    await test.step("a destination's error is read to its cause", async () => {
      const applied = await apply(session, "SELECT 'x' AS n", { type: "cast", columns: { n: "int" } });
      const cause = await failure(texts(session, applied));
      const error = await applied.diagnose(new ConnectorError("WRITE_FAILED", "failed", { cause }));
      equal(error?.message, 'step 1 (cast): column "n", row 1: "x" is not an integer');
    });
    await test.step("values are cut, and context is for machines", async () => {
      const applied = await apply(session, "SELECT repeat('x', 100000) AS n", {
        type: "cast",
        columns: { n: "int" },
      });
      const error = await applied.diagnose(await failure(texts(session, applied)));
      ok(error!.message.length < 400);
      equal(error!.context.row, 1);
      equal(error!.context.column, "n");
      equal(error!.context.reason, "is not an integer");
    });
  });
});

Deno.test("row numbers are the source's at any size", async () => {
  await withSession(async (session) => {
    const applied = await apply(
      session,
      "SELECT CASE WHEN i = 765432 THEN 'bad' ELSE i::VARCHAR END AS n FROM range(1000000) t(i)",
      { type: "filter", where: "n <> '17'" },
      { type: "cast", columns: { n: "int" } },
    );
    const error = await applied.diagnose(
      await failure(session.run(`CREATE TEMP TABLE x AS ${applied.batch.sql}`)),
    );
    equal(error?.message, 'step 2 (cast): column "n", row 765433: "bad" is not an integer');
  });
});

Deno.test("no steps leave the batch as it is", async () => {
  await withSession(async (session) => {
    const batch = await session.relation("SELECT 1 AS a");
    const applied = await applySteps(batch, [], context);
    equal(applied.batch, batch);
    equal(applied.keepsRows, true);
    equal(await applied.diagnose(new EngineError("CONVERSION_FAILED", "x")), undefined);
    await applied.release();
  });
});

Deno.test("steps of users' own: sql, run, check and errors", async (test) => {
  const none = z.strictObject({});
  registerTransform("test_upper", {
    name: "test_upper",
    summary: "Upper case",
    config: z.strictObject({ column: z.string() }),
    examples: [],
    keepsRows: true,
    sql: (input, { column }) =>
      `SELECT * REPLACE (upper("${column}") AS "${column}") FROM ${input.relation} WHERE input.a > ''`,
  });
  registerTransform("test_run", {
    name: "test_run",
    summary: "Runs",
    config: none,
    examples: [],
    keepsRows: true,
    run: async (batch, _config, { session }) => {
      await session.run(`CREATE OR REPLACE TEMP TABLE ran AS ${batch.sql}`);
      return await session.relation("SELECT * FROM ran", { mine: 1 });
    },
  });
  registerTransform("test_throws", {
    name: "test_throws",
    summary: "Throws",
    config: none,
    examples: [],
    keepsRows: true,
    sql: () => {
      throw new TypeError("oops");
    },
  });
  registerTransform("test_checks", {
    name: "test_checks",
    summary: "Checks",
    config: none,
    examples: [],
    keepsRows: true,
    check: () => Promise.reject(new TransformError("NOT_THERE", "not there")),
    sql: (input) => `SELECT * FROM ${input.relation}`,
  });
  await withSession(async (session) => {
    await test.step("sql, with the input's alias", async () => {
      const applied = await apply(session, "SELECT 'x' AS a", { type: "test_upper", column: "a" });
      deepEqual(await texts(session, applied), [{ a: "X" }]);
      equal(describeStep(stepsOf({ type: "test_upper", column: "a" })[0]!), "test_upper: column");
    });
    await test.step("run between sql steps keeps metadata", async () => {
      const applied = await apply(session, "SELECT '5' AS a", { type: "cast", columns: { a: "int" } }, {
        type: "test_run",
      }, {
        type: "add_column",
        name: "b",
        value: 1,
      });
      deepEqual(await texts(session, applied), [{ a: "5", b: "1" }]);
      deepEqual(applied.batch.metadata, { file: "x.csv", mine: 1 });
    });
    await test.step("a value that fails while a step runs is the step's before it", async () => {
      const error = await failure(
        apply(session, "SELECT 'x' AS a", { type: "cast", columns: { a: "int" } }, { type: "test_run" }),
      );
      equal(error.message, 'step 1 (cast): column "a", row 1: "x" is not an integer');
    });
    await test.step("an error that is not ours", async () => {
      const error = await failure(apply(session, "SELECT 'x' AS a", { type: "test_throws" }));
      equal(error.message, "step 1 (test_throws): oops");
      equal(error.code, "STEP_FAILED");
      ok(error.cause instanceof TypeError);
    });
    await test.step("checks come before anything is bound", async () => {
      const error = await failure(
        apply(session, "SELECT 'x' AS a", { type: "drop_columns", columns: ["zz"] }, { type: "test_checks" }),
      );
      equal(error.message, "step 2 (test_checks): not there");
    });
  });
});

Deno.test("planSteps tells schemas and lines without running", async () => {
  await withSession(async (session) => {
    const batch: Batch = await session.relation("SELECT 'a' AS fname, '1' AS n");
    const steps = stepsOf(
      { type: "rename_columns", mapping: { fname: "name" } },
      { type: "function", module: "nowhere.ts", columns: { name: "string", n: "int" } },
      { type: "filter", where: "n\n  > 1" },
      { type: "function", module: "nowhere.ts", export: "enrich" },
      { type: "sql", query: `SELECT ${"x".repeat(300)} FROM {input}` },
    );
    const planned = await planSteps(batch, steps, context);
    deepEqual(
      planned.map((
        { number, description, schema },
      ) => [number, description.slice(0, 60), schema?.fields.length]),
      [
        [1, "rename_columns: fname to name", 2],
        [2, "function: default of nowhere.ts", 2],
        [3, "filter: n > 1", 2],
        [4, "function: enrich of nowhere.ts", undefined],
        [5, `sql: SELECT ${"x".repeat(48)}`, undefined],
      ],
    );
    ok(planned.every((step) => step.description.length < 140));
    const wrong = stepsOf({ type: "filter", where: "zz > 1" });
    equal((await failure(planSteps(batch, wrong, context))).code, "UNKNOWN_COLUMN");
  });
});
