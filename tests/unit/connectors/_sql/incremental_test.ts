import assert from "node:assert/strict";
import fc from "fast-check";
import {
  ConnectorError,
  EMPTY_SOURCE_STATE,
  type JsonObject,
  type SourceState,
} from "../../../../src/sdk/mod.ts";
import { incremental, run, values, withSession } from "./helpers.ts";

const COLUMNS = "c INTEGER, v VARCHAR";

Deno.test("a cursor read takes everything, then what is new, then nothing", async (t) => {
  for (const writeMode of ["append", "merge", "overwrite"] as const) {
    await t.step(writeMode, () =>
      withSession(async (session) => {
        const first = await run(session, values(COLUMNS, "(1, 'a'), (2, 'b')"), { request: { writeMode } });
        assert.deepEqual(first.rows, ["1|a", "2|b"]);
        assert.equal(first.state.cursor_values.c, "2");
        assert.deepEqual(first.state.metadata.cursor_types, { c: "INTEGER" });
        const more = values(COLUMNS, "(1, 'a'), (2, 'b'), (3, 'c')");
        const second = await run(session, more, { state: first.state, request: { writeMode } });
        // merge and overwrite read the boundary row again; append has it.
        assert.deepEqual(second.rows, writeMode === "append" ? ["3|c"] : ["2|b", "3|c"]);
        assert.equal(second.state.cursor_values.c, "3");
        const third = await run(session, more, { state: second.state, request: { writeMode } });
        assert.deepEqual(third.rows, writeMode === "append" ? [] : ["3|c"]);
        assert.equal(third.batches, writeMode === "append" ? 0 : 1);
      }));
  }
});

Deno.test("append takes of the rows at the last value exactly the new ones", async (t) => {
  const before = "(1, 'a'), (2, 'b'), (2, 'b'), (2, 'd')";
  const cases: [name: string, now: string, fresh: string[]][] = [
    ["nothing new", before, []],
    ["a row more", `${before}, (2, 'e')`, ["2|e"]],
    ["an identical row more", `${before}, (2, 'b')`, ["2|b"]],
    ["two identical and one other", `${before}, (2, 'b'), (2, 'b'), (2, 'x')`, ["2|b", "2|b", "2|x"]],
    ["a changed row is another row", "(1, 'a'), (2, 'b'), (2, 'b'), (2, 'D')", ["2|D"]],
    ["rows gone are nothing", "(2, 'b')", []],
    ["late and higher ones", `${before}, (2, 'e'), (3, 'f')`, ["2|e", "3|f"]],
    ["rows below are never seen again", `${before}, (1, 'late')`, []],
    ["a NULL is not an empty text", `${before}, (2, NULL), (2, '')`, ["2|", "2|NULL"]],
  ];
  for (const [name, now, fresh] of cases) {
    await t.step(name, () =>
      withSession(async (session) => {
        const first = await run(session, values(COLUMNS, before));
        const second = await run(session, values(COLUMNS, now), { state: first.state });
        assert.deepEqual(second.rows, fresh);
        const third = await run(session, values(COLUMNS, now), { state: second.state });
        assert.deepEqual(third.rows, [], "a run more finds nothing");
      }));
  }
});

Deno.test("append never loses or doubles a row, however runs fall among insertions", () =>
  withSession(async (session) => {
    const step = fc.record({
      rows: fc.array(fc.record({ up: fc.integer({ min: 0, max: 2 }), v: fc.constantFrom("a", "b", null) }), {
        maxLength: 5,
      }),
      runs: fc.integer({ min: 0, max: 2 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 6 }), async (steps) => {
        const table: string[] = [];
        const loaded: string[] = [];
        let state: SourceState = EMPTY_SOURCE_STATE;
        let top = 0;
        for (const { rows, runs } of steps) {
          for (const { up, v } of rows) {
            // Never below what is there: that is what makes it a cursor.
            top += up;
            table.push(`(${top}, ${v === null ? "NULL" : `'${v}'`})`);
          }
          for (let i = 0; i < runs; i++) {
            const result = await run(session, values(COLUMNS, table.join(", ")), { state });
            loaded.push(...result.rows);
            state = result.state;
          }
        }
        loaded.push(...(await run(session, values(COLUMNS, table.join(", ")), { state })).rows);
        const all = table.map((row) => row.slice(1, -1).replace(", ", "|").replaceAll("'", ""));
        assert.deepEqual(loaded.sort(), all.sort());
      }),
      { numRuns: 60 },
    );
  }));

Deno.test("a column that is added, or moved, does not make loaded rows new", () =>
  withSession(async (session) => {
    const first = await run(session, values(COLUMNS, "(2, 'a'), (2, 'b')"));
    const wider = values("z INTEGER, v VARCHAR, c INTEGER", "(9, 'a', 2), (9, 'b', 2), (9, 'x', 2)");
    const second = await run(session, wider, { state: first.state });
    assert.deepEqual(second.rows, ["9|x|2"]);
    const third = await run(session, wider, { state: second.state });
    assert.deepEqual(third.rows, []);
  }));

Deno.test("cursor values of every type come back exactly", async (t) => {
  const cases: [type: string, low: string, high: string, between: string, text: string][] = [
    ["BIGINT", "9007199254740992", "9223372036854775807", "9223372036854775806", "9223372036854775807"],
    ["UBIGINT", "1", "18446744073709551615", "18446744073709551614", "18446744073709551615"],
    [
      "HUGEINT",
      "1",
      "99999999999999999999999999999999999999",
      "99999999999999999999999999999999999998",
      "99999999999999999999999999999999999999",
    ],
    [
      "DECIMAL(38,10)",
      "0.1",
      "1234567890123456789012345678.0123456789",
      "5",
      "1234567890123456789012345678.0123456789",
    ],
    ["DOUBLE", "0.1", "0.30000000000000004", "0.3", "0.30000000000000004"],
    ["FLOAT", "0.1", "0.7", "0.2", "0.7"],
    ["DATE", "'1900-01-01'", "'2024-02-29'", "'2024-02-28'", "2024-02-29"],
    [
      "TIMESTAMP",
      "'2024-01-01'",
      "'2024-01-01 00:00:00.000002'",
      "'2024-01-01 00:00:00.000001'",
      "2024-01-01 00:00:00.000002",
    ],
    [
      "TIMESTAMP_NS",
      "'2024-01-01'",
      "'2024-01-01 00:00:00.000000002'",
      "'2024-01-01 00:00:00.000000001'",
      "2024-01-01 00:00:00.000000002",
    ],
    [
      "TIMESTAMPTZ",
      "'2024-01-01 00:00:00+02'",
      "'2024-01-01 00:00:00.5-07'",
      "'2024-01-01 00:00:00+00'",
      "2024-01-01 07:00:00.5+00",
    ],
    ["VARCHAR", "'a'", "'it''s ü \\ \"'", "'b'", "it's ü \\ \""],
    [
      "UUID",
      "'00000000-0000-0000-0000-000000000001'",
      "'ffffffff-0000-0000-0000-000000000000'",
      "'10000000-0000-0000-0000-000000000000'",
      "ffffffff-0000-0000-0000-000000000000",
    ],
  ];
  for (const [type, low, high, middle, text] of cases) {
    await t.step(type, () =>
      withSession(async (session) => {
        const rows = `(${low}), (${middle}), (${high})`;
        const first = await run(session, values(`c ${type}`, rows));
        assert.equal(first.rows.length, 3);
        assert.equal(first.state.cursor_values.c, text);
        const again = await run(session, values(`c ${type}`, rows), { state: first.state });
        assert.deepEqual(again.rows, []);
        const merged = await run(session, values(`c ${type}`, rows), {
          state: first.state,
          request: { writeMode: "merge" },
        });
        assert.equal(merged.rows.length, 1, "the boundary row, and it alone");
      }));
  }
});

Deno.test("initial_value is inclusive, end_value exclusive", async (t) => {
  const rows = "(1, 'a'), (2, 'b'), (3, 'c'), (4, 'd')";
  const cases: [name: string, options: { initialValue?: string; endValue?: string }, expected: string[]][] = [
    ["from 2", { initialValue: "2" }, ["2|b", "3|c", "4|d"]],
    ["below 3", { endValue: "3" }, ["1|a", "2|b"]],
    ["from 2 below 3", { initialValue: "2", endValue: "3" }, ["2|b"]],
    ["nothing there", { initialValue: "5" }, []],
  ];
  for (const strategy of ["cursor", "watermark"] as const) {
    for (const [name, options, expected] of cases) {
      await t.step(`${strategy}: ${name}`, () =>
        withSession(async (session) => {
          const read = () =>
            run(session, values(COLUMNS, rows), {
              request: { incremental: incremental({ strategy, ...options }) },
            });
          // A watermark on numbers leaves the highest value for later, unless the end shows that it is reached.
          const waiting = strategy === "watermark" && options.endValue === undefined;
          assert.deepEqual((await read()).rows, waiting ? expected.filter((r) => r !== "4|d") : expected);
        }));
    }
  }
  await t.step("a backfill that has reached its end stops for good", () =>
    withSession(async (session) => {
      const request = { incremental: incremental({ endValue: "3" }) };
      const first = await run(session, values(COLUMNS, rows), { request });
      assert.equal(first.state.cursor_values.c, "2");
      const second = await run(session, values(COLUMNS, `${rows}, (5, 'e')`), {
        state: first.state,
        request,
      });
      assert.deepEqual(second.rows, []);
    }));
  await t.step(
    "a date column compared with a time of day takes the next day on",
    () =>
      withSession(async (session) => {
        const dates = values("c DATE", "('2024-01-01'), ('2024-01-02'), ('2024-01-03')");
        const request = {
          incremental: incremental({ initialValue: "2024-01-01 12:00:00", endValue: "2024-01-02T00:00:01Z" }),
        };
        assert.deepEqual((await run(session, dates, { request })).rows, ["2024-01-02"]);
      }),
  );
});

Deno.test("values that can't be compared with the column are refused before anything is read", async (t) => {
  const cases: [
    name: string,
    column: string,
    rows: string,
    options: Record<string, string>,
    code: string,
    text: RegExp,
  ][] = [
    ["no such column", "d INTEGER", "(1)", {}, "CURSOR_COLUMN_MISSING", /"c" is not in the source/],
    ["a boolean", "c BOOLEAN", "(true)", {}, "CURSOR_TYPE", /can't be a cursor/],
    ["json", "c JSON", "('1')", {}, "CURSOR_TYPE", /JSON/],
    ["a struct", "c STRUCT(a INTEGER)", "({'a': 1})", {}, "CURSOR_TYPE", /STRUCT/],
    ["a list", "c INTEGER[]", "([1])", {}, "CURSOR_TYPE", /INTEGER\[\]/],
    ["a blob", "c BLOB", "('a')", {}, "CURSOR_TYPE", /BLOB/],
    ["NaN", "c DOUBLE", "('1.0'), ('nan')", {}, "CURSOR_NOT_FINITE", /in 1 rows/],
    ["infinity", "c TIMESTAMP", "('infinity'), ('2024-01-01')", {}, "CURSOR_NOT_FINITE", /infinite/],
    [
      "text for a number",
      "c INTEGER",
      "(1)",
      { initialValue: "abc" },
      "CURSOR_VALUE",
      /initial_value "abc" is no INTEGER/,
    ],
    [
      "a fraction for a whole number",
      "c INTEGER",
      "(1)",
      { initialValue: "1.4" },
      "CURSOR_VALUE",
      /more decimals/,
    ],
    ["too many decimals", "c DECIMAL(9,2)", "(1)", { endValue: "1.001" }, "CURSOR_VALUE", /more decimals/],
    [
      "a zone for a column without one",
      "c TIMESTAMP",
      "('2024-01-01')",
      { initialValue: "2024-01-01T00:00:00+02:00" },
      "CURSOR_VALUE",
      /names a time zone/,
    ],
    ["an interval lag on a number", "c INTEGER", "(1)", { lag: "1 hour" }, "CURSOR_VALUE", /lag/],
    ["a number lag on a time", "c TIMESTAMP", "('2024-01-01')", { lag: "5" }, "CURSOR_VALUE", /lag/],
    ["a lag on text", "c VARCHAR", "('a')", { lag: "5" }, "CURSOR_VALUE", /lag/],
    [
      "timestamp over a number",
      "c INTEGER",
      "(1)",
      { strategy: "timestamp" },
      "CURSOR_TYPE",
      /needs a date or time/,
    ],
    ["watermark over text", "c VARCHAR", "('a')", { strategy: "watermark" }, "CURSOR_TYPE", /exact number/],
  ];
  for (const [name, column, rows, options, code, text] of cases) {
    await t.step(name, () =>
      withSession(async (session) => {
        const cursor_values: JsonObject = options.lag ? { c: rows.replace(/[()']/g, "") } : {};
        const state = { ...EMPTY_SOURCE_STATE, cursor_values };
        await assert.rejects(
          run(session, values(column, rows), {
            state,
            request: { writeMode: "merge", incremental: incremental(options) },
          }),
          (error) => error instanceof ConnectorError && error.code === code && text.test(error.message),
        );
      }));
  }
  await t.step("a missing column names its neighbour", () =>
    withSession(async (session) => {
      await assert.rejects(
        run(session, values("updated_at DATE", "('2024-01-01')"), {
          request: { incremental: incremental({ cursorColumn: "update_at" }) },
        }),
        (error) => error instanceof ConnectorError && error.hint === 'did you mean "updated_at"?',
      );
    }));
});

Deno.test("rows without a cursor value", async (t) => {
  const rows = "(1, 'a'), (NULL, 'n'), (NULL, 'n'), (NULL, 'm')";
  await t.step(
    "error: nothing is read, the count and the way out are told",
    () =>
      withSession(async (session) => {
        await assert.rejects(
          run(session, values(COLUMNS, rows)),
          (error) =>
            error instanceof ConnectorError && error.code === "CURSOR_NULL" &&
            /in 3 rows/.test(error.message) &&
            /exclude/.test(error.hint ?? ""),
        );
      }),
  );
  await t.step("error: a NULL below the window counts too", () =>
    withSession(async (session) => {
      const first = await run(session, values(COLUMNS, "(1, 'a')"));
      await assert.rejects(
        run(session, values(COLUMNS, "(1, 'a'), (NULL, 'n')"), { state: first.state }),
        { code: "CURSOR_NULL" },
      );
    }));
  await t.step("exclude", () =>
    withSession(async (session) => {
      const request = { incremental: incremental({ onNull: "exclude" }) };
      assert.deepEqual((await run(session, values(COLUMNS, rows), { request })).rows, ["1|a"]);
    }));
  await t.step("include with merge reads them in every run", () =>
    withSession(async (session) => {
      const request = { writeMode: "merge" as const, incremental: incremental({ onNull: "include" }) };
      const first = await run(session, values(COLUMNS, rows), { request });
      assert.deepEqual(first.rows, ["1|a", "NULL|m", "NULL|n", "NULL|n"]);
      const second = await run(session, values(COLUMNS, rows), { request, state: first.state });
      assert.deepEqual(second.rows, ["1|a", "NULL|m", "NULL|n", "NULL|n"]);
    }));
  await t.step("include with append takes each of them once", () =>
    withSession(async (session) => {
      for (const strategy of ["cursor", "watermark"] as const) {
        const request = { incremental: incremental({ onNull: "include", strategy }) };
        const first = await run(session, values(COLUMNS, rows), { request });
        assert.deepEqual(first.rows.filter((r) => r.startsWith("NULL")), ["NULL|m", "NULL|n", "NULL|n"]);
        const more = `${rows}, (NULL, 'n'), (NULL, 'x')`;
        const second = await run(session, values(COLUMNS, more), { request, state: first.state });
        assert.deepEqual(second.rows, ["NULL|n", "NULL|x"]);
        assert.deepEqual(
          (await run(session, values(COLUMNS, more), { request, state: second.state })).rows,
          [],
        );
      }
    }));
  await t.step(
    "include with append: too many to keep is an error, not a doubling",
    () =>
      withSession(async (session) => {
        const many = `SELECT CAST(NULL AS INTEGER) AS c, range AS v FROM range(10001)`;
        const request = { incremental: incremental({ onNull: "include" }) };
        const first = await run(session, many, { request });
        assert.equal(first.rows.length, 10001);
        await assert.rejects(run(session, many, { request, state: first.state }), {
          code: "BOUNDARY_TOO_LARGE",
        });
      }),
  );
  await t.step("all NULL, none, and an empty relation give no batch", () =>
    withSession(async (session) => {
      const request = { incremental: incremental({ onNull: "exclude" }) };
      assert.equal((await run(session, values(COLUMNS, "(NULL, 'a')"), { request })).batches, 0);
      assert.equal((await run(session, values(COLUMNS, ""), { request })).batches, 0);
      const state = {
        ...EMPTY_SOURCE_STATE,
        cursor_values: { c: "7" },
        metadata: { cursor_types: { c: "DATE" } },
      };
      const empty = await run(session, values("c VARCHAR", ""), { request, state });
      assert.deepEqual(
        [empty.batches, empty.state],
        [0, state],
        "a column without values has no type to speak of",
      );
    }));
});

Deno.test("lag reads again what lies behind the last value", async (t) => {
  const cases: [name: string, type: string, rows: string[], lag: string, expected: number][] = [
    [
      "minutes",
      "TIMESTAMP",
      ["'2024-01-01 00:00'", "'2024-01-01 00:50'", "'2024-01-01 01:00'"],
      "15 minutes",
      2,
    ],
    [
      "with a zone",
      "TIMESTAMPTZ",
      ["'2024-01-01 00:00:00Z'", "'2024-01-01 00:50:00Z'", "'2024-01-01 01:00:00Z'"],
      "15 minutes",
      2,
    ],
    ["days on dates", "DATE", ["'2024-01-01'", "'2024-01-30'", "'2024-01-31'"], "1 day", 2],
    ["a number", "BIGINT", ["1", "90", "100"], "10", 2],
    ["a fraction on whole numbers", "BIGINT", ["1", "90", "100"], "9.5", 2],
    ["on decimals", "DECIMAL(9,2)", ["1", "99.51", "100"], "0.5", 2],
    ["below what the type holds", "UTINYINT", ["1", "2", "3"], "100", 3],
  ];
  for (const [name, type, rows, lag, expected] of cases) {
    await t.step(name, () =>
      withSession(async (session) => {
        const table = values(`c ${type}`, rows.map((r) => `(${r})`).join(", "));
        const request = { writeMode: "merge" as const, incremental: incremental({ lag }) };
        const first = await run(session, table, { request });
        assert.equal(first.rows.length, 3);
        const second = await run(session, table, { request, state: first.state });
        assert.equal(second.rows.length, expected);
        assert.deepEqual(second.state.cursor_values, first.state.cursor_values);
      }));
  }
});

Deno.test("a watermark window is [low, start of the run)", async (t) => {
  const rows = [
    "'2024-05-31 10:00:00'",
    "'2024-06-01 11:59:59.999999'",
    "'2024-06-01 12:00:00'",
    "'2024-07-01 00:00:00'",
  ];
  for (const type of ["TIMESTAMP", "TIMESTAMPTZ", "TIMESTAMP_NS"]) {
    await t.step(type, () =>
      withSession(async (session) => {
        const table = values(`c ${type}`, rows.map((r) => `(${r})`).join(", "));
        const request = { incremental: incremental({ strategy: "watermark" }) };
        const first = await run(session, table, { request });
        assert.equal(first.rows.length, 2);
        assert.match(String(first.state.watermarks.c), /^2024-06-01 12:00:00/);
        assert.deepEqual(first.state.cursor_values, {});
        const same = await run(session, table, { request, state: first.state });
        assert.equal(same.batches, 0);
        const later = { ...request, startedAt: "2024-08-01T00:00:00Z" };
        const second = await run(session, table, { request: later, state: first.state });
        assert.equal(second.rows.length, 2, "the row at the bound is read once, by the later run");
      }));
  }
  await t.step("days before today", () =>
    withSession(async (session) => {
      const table = values("c DATE", "('2024-05-30'), ('2024-05-31'), ('2024-06-01')");
      const request = { incremental: incremental({ strategy: "watermark" }) };
      const first = await run(session, table, { request });
      assert.deepEqual(first.rows, ["2024-05-30", "2024-05-31"]);
      assert.equal(first.state.watermarks.c, "2024-06-01");
    }));
  await t.step("numbers: the highest value waits for a higher one", () =>
    withSession(async (session) => {
      const request = { incremental: incremental({ strategy: "watermark" }) };
      const first = await run(session, values("c INTEGER", "(1), (2), (2), (3)"), { request });
      assert.deepEqual(first.rows, ["1", "2", "2"]);
      const second = await run(session, values("c INTEGER", "(1), (2), (2), (3), (3)"), {
        request,
        state: first.state,
      });
      assert.equal(second.batches, 0);
      const third = await run(session, values("c INTEGER", "(3), (3), (5)"), { request, state: first.state });
      assert.deepEqual(third.rows, ["3", "3"]);
    }));
});

Deno.test("a cursor column that changes its type", async (t) => {
  const cases: [
    from: string,
    low: string,
    to: string,
    now: string,
    expected: string[] | "CURSOR_TYPE_CHANGED",
  ][] = [
    ["INTEGER", "9", "BIGINT", "(9), (10)", ["10"]],
    ["BIGINT", "3000000000", "INTEGER", "(1)", []],
    ["INTEGER", "9", "DECIMAL(9,2)", "(9), (9.01)", ["9.00", "9.01"]],
    ["DATE", "'2024-01-02'", "TIMESTAMP", "('2024-01-01 10:00'), ('2024-01-02 10:00')", [
      "2024-01-02 10:00:00",
    ]],
    ["INTEGER", "9", "VARCHAR", "('9'), ('10')", "CURSOR_TYPE_CHANGED"],
    ["TIMESTAMP", "'2024-01-01'", "TIMESTAMPTZ", "('2024-01-01')", "CURSOR_TYPE_CHANGED"],
  ];
  for (const [from, low, to, now, expected] of cases) {
    await t.step(`${from} to ${to}`, () =>
      withSession(async (session) => {
        const first = await run(session, values(`c ${from}`, `(${low})`));
        const second = () => run(session, values(`c ${to}`, now), { state: first.state });
        if (typeof expected === "string") await assert.rejects(second, { code: expected });
        else assert.deepEqual((await second()).rows, expected);
      }));
  }
});

Deno.test("order: asc gives the rows in order of the cursor", () =>
  withSession(async (session) => {
    const { readIncremental } = await import("../../../../src/connectors/_sql/incremental.ts");
    const { request } = await import("./helpers.ts");
    const relation = "SELECT (range * 7919) % 1000 AS c FROM range(1000)";
    for await (
      const { batch } of readIncremental({
        session,
        relation,
        request: request({ incremental: incremental({ order: "asc" }) }),
        state: EMPTY_SOURCE_STATE,
      })
    ) {
      const got = (await batch.rows()).map((row) => Number(row[0]));
      assert.deepEqual(got, Array.from({ length: 1000 }, (_, i) => i));
    }
  }));

Deno.test("the filter reaches the scan", () =>
  withSession(async (session) => {
    await session.run("CREATE TEMP TABLE big AS SELECT range AS c, 'x' AS v FROM range(1000)");
    const { readIncremental } = await import("../../../../src/connectors/_sql/incremental.ts");
    const { request } = await import("./helpers.ts");
    const state = { ...EMPTY_SOURCE_STATE, cursor_values: { c: "900" } };
    for (const writeMode of ["append", "merge"] as const) {
      for await (
        const { batch } of readIncremental({
          session,
          relation: "SELECT * FROM big",
          request: request({ writeMode }),
          state,
        })
      ) {
        const plan = await session.query<{ explain_value: string }>(`EXPLAIN ${batch.sql}`);
        assert.doesNotMatch(plan[0]!.explain_value, /│\s+FILTER\s+│/);
        assert.match(plan[0]!.explain_value, /Filters:/);
      }
    }
  }));
