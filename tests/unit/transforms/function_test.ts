import { deepEqual, equal, match, ok } from "node:assert/strict";
import fc from "fast-check";
import { join } from "node:path";
import { formatType } from "../../../src/sdk/mod.ts";
import { applySteps } from "../../../src/transforms/mod.ts";
import { apply, context, failure, stepsOf, texts, withSession } from "./_session.ts";

/** Runs a body with a folder of modules. */
async function withModules(body: (write: (code: string) => Promise<string>) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  let count = 0;
  try {
    await body(async (code) => {
      // Names with what URLs escape.
      const path = join(folder, `module ${++count} #é%.ts`);
      await Deno.writeTextFile(path, code);
      return path;
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const ALL_TYPES =
  `SELECT 'é'::VARCHAR AS s, 1::TINYINT AS i8, 9007199254740993::BIGINT AS i64, 18446744073709551615::UBIGINT AS u64,
  0.1::DOUBLE AS f, 0.5::FLOAT AS f32, 12.50::DECIMAL(10,2) AS dec, true AS b, DATE '2024-01-31' AS d, TIME '12:30:00.5' AS t,
  TIMESTAMP '2024-01-31 12:30:00.123456' AS ts, TIMESTAMPTZ '2024-01-31 12:30:00+02' AS tz, INTERVAL 3 DAY AS iv,
  '0e984725-c51c-4bf4-9960-e1c80e27aba0'::UUID AS u, '\\x41\\xFF'::BLOB AS bin, '{"a": 9007199254740993}'::JSON AS j,
  [1::BIGINT, NULL] AS li, [12.5::DECIMAL(4,1)] AS ld, {'a': DATE '2024-01-31', 'b c': [TIMESTAMP '2024-01-31 00:00:00']} AS st`;

Deno.test("function: rows have exact values, and come back as they were", async (test) => {
  await withModules(async (write) => {
    const same = await write("export default (rows) => rows;");
    const seen = await write(`export default (rows, { params }) => {
      globalThis[params.key] = rows;
      return rows;
    }`);
    await withSession(async (session) => {
      await test.step("values", async () => {
        const applied = await apply(session, ALL_TYPES, {
          type: "function",
          module: seen,
          params: { key: "testRows" },
        });
        await applied.release();
        deepEqual((globalThis as Record<string, unknown>).testRows, [{
          s: "é",
          i8: 1,
          i64: 9007199254740993n,
          u64: 18446744073709551615n,
          f: 0.1,
          f32: 0.5,
          dec: "12.50",
          b: true,
          d: "2024-01-31",
          t: "12:30:00.5",
          ts: "2024-01-31T12:30:00.123456",
          tz: "2024-01-31T10:30:00Z",
          iv: "3 days",
          u: "0e984725-c51c-4bf4-9960-e1c80e27aba0",
          bin: new Uint8Array([0x41, 0xff]),
          j: '{"a": 9007199254740993}',
          li: [1n, null],
          ld: ["12.5"],
          st: { a: "2024-01-31", "b c": ["2024-01-31T00:00:00"] },
        }]);
      });
      for (
        const [title, select] of [["a row", ALL_TYPES], [
          "NULLs",
          `SELECT * REPLACE (${nulls()}) FROM (${ALL_TYPES})`,
        ], ["no rows", `${ALL_TYPES} WHERE false`]]
      ) {
        await test.step(`and back: ${title}`, async () => {
          const before = await apply(session, select!);
          const after = await apply(session, select!, { type: "function", module: same });
          deepEqual(after.batch.schema, before.batch.schema);
          deepEqual(await texts(session, after), await texts(session, before));
          deepEqual(after.batch.metadata, { file: "x.csv" });
          await after.release();
        });
      }
    });
  });
});

function nulls(): string {
  const names = "s i8 i64 u64 f f32 dec b d t ts tz iv u bin j li ld st".split(" ");
  return names.map((name) => `CASE WHEN false THEN ${name} END AS ${name}`).join(", ");
}

Deno.test("function: what modules may do", async (test) => {
  const select = "SELECT i AS id, 'n' || i AS name FROM range(5) t(i)";
  const cases: [
    title: string,
    code: string,
    config: Record<string, unknown>,
    schema: string[],
    rows: number,
    first: unknown,
  ][] = [
    [
      "add a column, async, with params",
      "export default async (rows, { params }) => rows.map((row) => ({ ...row, tag: params.tag }));",
      { params: { tag: "x" } },
      ["id int64", "name string", "tag string"],
      5,
      { id: "0", name: "n0", tag: "x" },
    ],
    [
      "drop rows and a column, by a named export",
      "export function odd(rows) { return rows.filter((row) => row.id % 2n === 1n).map(({ name }) => ({ name })); }",
      { export: "odd" },
      ["name string"],
      2,
      { name: "n1" },
    ],
    [
      "give more rows",
      "export default (rows) => rows.flatMap((row) => [row, row]);",
      {},
      ["id int64", "name string"],
      10,
      { id: "0", name: "n0" },
    ],
    [
      "new columns of every JavaScript type",
      `export default (rows) => rows.map(() => ({ f: 1, i: 2n, b: true, s: "", d: new Date(0), x: new Uint8Array([1]), a: [1, { b: 3n }], o: { "q\\"": null }, n: null }));`,
      {},
      [
        "f float",
        "i int64",
        "b boolean",
        "s string",
        "d datetime(tz)",
        "x binary",
        "a json",
        "o json",
        "n string",
      ],
      5,
      {
        f: "1.0",
        i: "2",
        b: "true",
        s: "",
        d: "1970-01-01 00:00:00+00",
        x: "\\x01",
        a: '[1,{"b":3}]',
        o: '{"q\\"":null}',
        n: null,
      },
    ],
    [
      "declared columns",
      `export default (rows) => rows.map((row) => ({ price: "1.50", day: new Date("2024-01-31T00:00:00Z"), tags: ["a"], n: Number(row.id) }));`,
      {
        columns: {
          n: "int8",
          price: "decimal(5,2)",
          day: "date",
          tags: "array<string>",
          none: "struct<a: int>",
        },
      },
      ["n int8", "price decimal(5,2)", "day date", "tags array<string>", "none struct<a: int64>"],
      5,
      { n: "0", price: "1.50", day: "2024-01-31", tags: "[a]", none: null },
    ],
    [
      "arrow: a record batch",
      "export default (batch) => batch.slice(0, 1);",
      { mode: "arrow" },
      ["id int64", "name string"],
      1,
      { id: "0", name: "n0" },
    ],
    [
      "arrow: a table of other columns",
      "export default (batch, { arrow }) => arrow.tableFromArrays({ n: Int32Array.from(batch.getChild('id'), Number) });",
      { mode: "arrow" },
      ["n int32"],
      5,
      { n: "0" },
    ],
    [
      "arrow: declared columns",
      "export default (batch, { arrow }) => arrow.tableFromArrays({ n: Int32Array.from(batch.getChild('id'), Number) });",
      { mode: "arrow", columns: { n: "decimal(5,1)" } },
      ["n decimal(5,1)"],
      5,
      { n: "0.0" },
    ],
  ];
  await withModules(async (write) => {
    await withSession(async (session) => {
      for (const [title, code, config, schema, rows, first] of cases) {
        await test.step(title, async () => {
          const module = await write(code);
          const applied = await apply(session, select, { type: "function", module, ...config });
          deepEqual(
            applied.batch.schema.fields.map((field) => `${field.name} ${formatType(field.type)}`),
            schema,
          );
          const result = await texts(session, applied);
          equal(result.length, rows);
          deepEqual(result[0], first);
          equal(applied.keepsRows, false);
          await applied.release();
        });
      }
    });
  });
});

Deno.test("function: pieces are small, in order, and the steps around see all rows", async (test) => {
  await withModules(async (write) => {
    const module = await write(`export default (rows, { call, params }) => {
      (globalThis[params.key] ??= []).push([call, Array.isArray(rows) ? rows.length : rows.numRows]);
      return rows;
    }`);
    await withSession(async (session) => {
      for (const mode of ["rows", "arrow"]) {
        await test.step(mode, async () => {
          const key = `testSizes_${mode}`;
          const applied = await apply(
            session,
            "SELECT i::VARCHAR AS i FROM range(25000) t(i)",
            { type: "cast", columns: { i: "int" } },
            { type: "function", module, mode, params: { key } },
            { type: "filter", where: "i % 2 = 0" },
          );
          const sizes = (globalThis as Record<string, unknown>)[key];
          deepEqual(sizes, [[0, 10000], [1, 10000], [2, 5000]]);
          deepEqual(
            await session.query(`SELECT count(*)::INT AS n, sum(i)::BIGINT AS s FROM (${applied.batch.sql})`),
            [
              { n: 12500, s: 156237500n },
            ],
          );
          const [row] = await session.query<{ i: bigint }>(
            `SELECT i FROM (${applied.batch.sql}) LIMIT 1 OFFSET 10000`,
          );
          equal(row!.i, 20000n);
          await applied.release();
        });
      }
    });
  });
});

Deno.test("function: empty input keeps the schema, and calls once", async (test) => {
  const empty = "SELECT 1 AS id, DATE '2024-01-01' AS d WHERE false";
  const cases: [
    title: string,
    code: string,
    config: Record<string, unknown>,
    schema: string[],
    rows: number,
  ][] = [
    ["rows", "export default (rows) => rows;", {}, ["id int32", "d date"], 0],
    ["rows, declared", "export default (rows) => rows;", { columns: { x: "int8" } }, ["x int8"], 0],
    ["rows of its own", "export default () => [{ x: 1n }];", {}, ["x int64"], 1],
    ["arrow", "export default (batch) => batch;", { mode: "arrow" }, ["id int32", "d date"], 0],
    [
      "arrow, other columns",
      "export default (batch, { arrow }) => arrow.tableFromArrays({ n: new Int32Array(batch.numRows) });",
      { mode: "arrow" },
      ["n int32"],
      0,
    ],
  ];
  await withModules(async (write) => {
    await withSession(async (session) => {
      for (const [title, code, config, schema, rows] of cases) {
        await test.step(title, async () => {
          const applied = await apply(session, empty, {
            type: "function",
            module: await write(code),
            ...config,
          });
          deepEqual(
            applied.batch.schema.fields.map((field) => `${field.name} ${formatType(field.type)}`),
            schema,
          );
          equal(await applied.batch.rowCount(), rows);
          await applied.release();
        });
      }
    });
  });
});

Deno.test("function: errors say what and where", async (test) => {
  const cases: [
    title: string,
    code: string,
    config: Record<string, unknown>,
    error: string,
    message: RegExp,
    hint?: RegExp,
  ][] = [
    [
      "throws",
      "export default (rows) => {\n  if (rows.length > 0) {\n    throw new Error('no luck');\n  }\n};",
      {},
      "FUNCTION_FAILED",
      /^step 1 \(function\): "default" of ".*" threw: no luck \(line 3:11\)$/,
    ],
    [
      "rejects with what is no error",
      "export default () => Promise.reject('text');",
      {},
      "FUNCTION_FAILED",
      /threw: text$/,
    ],
    [
      "no export",
      "export const a = 1; export function enrich() {}",
      { export: "enrihc" },
      "FUNCTION_NOT_FOUND",
      /has no export "enrihc"/,
      /did you mean `export: enrich`\?/,
    ],
    [
      "no default",
      "export function one() {} export function two() {}",
      {},
      "FUNCTION_NOT_FOUND",
      /has no export "default"/,
      /its functions are: one, two/,
    ],
    [
      "an export that is no function",
      "export default 5;",
      {},
      "FUNCTION_NOT_FOUND",
      /exports no function "default"/,
      /export default function/,
    ],
    ["does not parse", "export default (rows => {", {}, "FUNCTION_FAILED", /can't be loaded: /],
    [
      "fails while it is loaded",
      "\nthrow new Error('early');",
      {},
      "FUNCTION_FAILED",
      /can't be loaded: early \(line 2:7\)/,
    ],
    [
      "imports what is not there",
      "import './nowhere.ts'; export default (r) => r;",
      {},
      "FUNCTION_FAILED",
      /can't be loaded: .*nowhere/,
    ],
    [
      "returns nothing",
      "export default (rows) => { rows.map((r) => r); };",
      {},
      "FUNCTION_RESULT",
      /returned undefined, not an array of rows/,
      /`return`/,
    ],
    ["returns a number", "export default () => 5;", {}, "FUNCTION_RESULT", /returned a number, not an array/],
    [
      "returns a row that is none",
      "export default () => [{ a: 1 }, null];",
      {},
      "FUNCTION_RESULT",
      /returned null as row 2, not an object/,
    ],
    [
      "a value that does not fit",
      "export default (rows) => rows.map((row, i) => ({ ...row, id: i === 2 ? 'x' : row.id }));",
      {},
      "FUNCTION_RESULT",
      /column "id", row 3 of the result: "x" is no int64/,
      /declare the column's type/,
    ],
    [
      "a fraction in an integer",
      "export default (rows) => rows.map((row) => ({ ...row, id: 1.5 }));",
      {},
      "FUNCTION_RESULT",
      /row 1 of the result: 1.5 \(number\) is no int64/,
    ],
    [
      "a number out of range",
      "export default () => [{ a: 300 }];",
      { columns: { a: "int8" } },
      "FUNCTION_RESULT",
      /300 \(number\) is no int8/,
    ],
    [
      "a date that is none",
      "export default () => [{ a: '2023-02-29' }];",
      { columns: { a: "date" } },
      "FUNCTION_RESULT",
      /"2023-02-29" is no date/,
    ],
    [
      "a column only later rows have",
      "export default (rows, { call }) => rows.map((row) => (call > 0 ? { ...row, late: 1 } : row));",
      { batch_size: 2 },
      "FUNCTION_RESULT",
      /row 3 of the result has a column "late" that the first rows did not have/,
      /declare all columns/,
    ],
    [
      "a column that is not declared",
      "export default () => [{ b: 1 }];",
      { columns: { a: "int" } },
      "FUNCTION_RESULT",
      /has a column "b" that `columns` does not name/,
    ],
    [
      "columns that differ in case only",
      "export default () => [{ a: 1, A: 2 }];",
      {},
      "FUNCTION_RESULT",
      /returned columns "a" and "A"/,
    ],
    ["rows without columns", "export default () => [{}];", {}, "FUNCTION_RESULT", /rows without columns/],
    [
      "arrow: no batch",
      "export default () => [];",
      { mode: "arrow" },
      "FUNCTION_RESULT",
      /returned an array, not an Arrow record batch or table/,
      /mode: rows/,
    ],
    [
      "arrow: other columns later",
      "export default (batch, { arrow, call }) => call === 0 ? batch : arrow.tableFromArrays({ n: [1] });",
      { mode: "arrow", batch_size: 2 },
      "FUNCTION_RESULT",
      /record batches with different columns/,
    ],
    [
      "arrow: a declared column is not there",
      "export default (batch) => batch;",
      { mode: "arrow", columns: { id: "int", name: "string", z: "int" } },
      "FUNCTION_RESULT",
      /has no column "z"/,
    ],
    [
      "arrow: a column is not declared",
      "export default (batch) => batch;",
      { mode: "arrow", columns: { id: "int" } },
      "FUNCTION_RESULT",
      /has a column "name" that `columns` does not name/,
    ],
  ];
  await withModules(async (write) => {
    await withSession(async (session) => {
      for (const [title, code, config, errorCode, message, hint] of cases) {
        await test.step(title, async () => {
          const step = { type: "function", module: await write(code), ...config };
          const error = await failure(apply(session, "SELECT i AS id, 'n' AS name FROM range(5) t(i)", step));
          equal(error.name, "TransformError", error.message);
          equal(error.code, errorCode, error.message);
          match(error.message, message);
          if (hint !== undefined) match(error.hint ?? "", hint);
          deepEqual((error as { location?: unknown }).location, { file: "recipe.yaml", line: 10, column: 7 });
          deepEqual(await tablesLeft(session), []);
        });
      }
      await test.step("no module, found before a row is read", async () => {
        const error = await failure(
          apply(session, "SELECT error('read') AS a", { type: "filter", where: "true" }, {
            type: "function",
            module: "/nowhere/at all.ts",
          }),
        );
        equal(error.message, 'step 2 (function): there is no module "/nowhere/at all.ts"');
        equal(error.code, "FUNCTION_NOT_FOUND");
      });
      await test.step("stopped", async () => {
        const controller = new AbortController();
        const module = await write(
          "export default (rows, { params }) => { globalThis[params.key](); return rows; };",
        );
        (globalThis as Record<string, unknown>).testStop = () => controller.abort(new Error("stopped"));
        const batch = await session.relation("SELECT * FROM range(100) t(i)");
        const steps = stepsOf({ type: "function", module, batch_size: 10, params: { key: "testStop" } });
        const error = await failure(applySteps(batch, steps, { ...context, signal: controller.signal }));
        match(error.message, /stopped/);
      });
    });
  });
});

/** Tables that steps made and did not drop. */
async function tablesLeft(session: Parameters<typeof apply>[0]): Promise<unknown[]> {
  return await session.query("SELECT table_name FROM duckdb_tables()");
}

Deno.test("function: what it made is dropped with the applied steps", async () => {
  await withModules(async (write) => {
    await withSession(async (session) => {
      const module = await write("export default (rows) => rows;");
      const step = { type: "function", module };
      const applied = await apply(session, "SELECT 1 AS a", step, { type: "filter", where: "true" }, {
        ...step,
        mode: "arrow",
      });
      ok((await tablesLeft(session)).length > 0);
      await applied.release();
      deepEqual(await tablesLeft(session), []);
      const error = await failure(apply(session, "SELECT 1 AS a", step, { type: "filter", where: "zz" }));
      equal(error.code, "UNKNOWN_COLUMN");
      deepEqual(await tablesLeft(session), []);
    });
  });
});

Deno.test("function: any text, number and name survives the way through rows", async () => {
  await withModules(async (write) => {
    const module = await write(
      "export default (rows) => rows.map((row) => Object.fromEntries(Object.entries(row)));",
    );
    await withSession(async (session) => {
      const cell = fc.record({
        s: fc.option(fc.string({ unit: "binary" }).filter((text) => !text.includes("\0"))),
        i: fc.option(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n)),
        f: fc.option(fc.double()),
      });
      await fc.assert(
        fc.asyncProperty(fc.array(cell, { minLength: 1, maxLength: 20 }), async (rows) => {
          const { tableFromArrays, vectorFromArray, Utf8, Int64, Float64, Table } = await import(
            "apache-arrow"
          );
          void tableFromArrays;
          const table = new Table({
            "__proto__ ": vectorFromArray(rows.map((row) => row.s), new Utf8()),
            i: vectorFromArray(rows.map((row) => row.i), new Int64()),
            f: vectorFromArray(rows.map((row) => row.f), new Float64()),
          });
          const batch = await session.fromArrow(table);
          const applied = await applySteps(batch, stepsOf({ type: "function", module }), context);
          deepEqual(await applied.batch.rows(), await batch.rows());
          await applied.release();
          await session.release(batch);
        }),
        { numRuns: 30 },
      );
    });
  });
});
