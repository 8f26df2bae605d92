import { deepEqual, equal, match, ok } from "node:assert/strict";
import fc from "fast-check";
import { formatType, quoteLiteral } from "../../../src/sdk/mod.ts";
import { apply, failure, texts, withSession } from "./_session.ts";

const FAILS = Symbol("fails");

/** From a SQL value, to a type: the text of the result, null for NULL, or FAILS. */
type Case = [value: string, type: string, expected: string | null | typeof FAILS];

const t = (text: string) => quoteLiteral(text);

const CASES: readonly Case[] = [
  // Texts to integers
  [t("12"), "int", "12"],
  [t(" 12 "), "int", "12"],
  [t("+5"), "int", "5"],
  [t("-0"), "int", "0"],
  [t("007"), "int", "7"],
  [t("12.0"), "int", "12"],
  [t("12."), "int", "12"],
  [t("1e3"), "int", "1000"],
  [t("1.5e1"), "int", "15"],
  [t("1.5"), "int", FAILS],
  [t("1.5e0"), "int", FAILS],
  [t("1e-1"), "int", FAILS],
  [t("0.4"), "int", FAILS],
  [t("0x1F"), "int", FAILS],
  [t("0b11"), "int", FAILS],
  [t("1_000"), "int", FAILS],
  [t("1,000"), "int", FAILS],
  [t(""), "int", FAILS],
  [t(" "), "int", FAILS],
  [t("abc"), "int", FAILS],
  [t("9223372036854775807"), "int", "9223372036854775807"],
  [t("9223372036854775808"), "int", FAILS],
  [t("9223372036854775807.5"), "int", FAILS],
  [t("128"), "int8", FAILS],
  [t("-128"), "int8", "-128"],
  [t("-1"), "uint8", FAILS],
  [t("18446744073709551615"), "uint64", "18446744073709551615"],
  ["NULL::VARCHAR", "int", null],
  // Texts to decimals
  [t("12.50"), "decimal(10,2)", "12.50"],
  [t("12.5"), "decimal(10,2)", "12.50"],
  [t(".5"), "decimal(10,2)", "0.50"],
  [t("12.500"), "decimal(10,2)", "12.50"],
  [t("12.505"), "decimal(10,2)", FAILS],
  [t("1e2"), "decimal(10,2)", "100.00"],
  [t("15e-1"), "decimal(10,0)", FAILS],
  [t("15e-1"), "decimal(10,1)", "1.5"],
  [t("1_0"), "decimal(10,2)", FAILS],
  [t("12345678901"), "decimal(10,2)", FAILS],
  [t("1.0"), "decimal(10,0)", "1"],
  [t("12345678901234567890123456789012345678"), "decimal(38,0)", "12345678901234567890123456789012345678"],
  // Texts to floats
  [t("1.5"), "float", "1.5"],
  [t("0.1234567890123456789"), "float", "0.12345678901234568"],
  [t("9007199254740993"), "float", FAILS],
  [t("9007199254740994"), "float", "9007199254740994.0"],
  [t("1e400"), "float", FAILS],
  [t("-1e400"), "float", FAILS],
  [t("inf"), "float", "inf"],
  [t("NaN"), "float", "nan"],
  [t("1_0"), "float", FAILS],
  [t("1,5"), "float", FAILS],
  [t("3.14159265358979"), "float32", FAILS],
  [t("0.1"), "float32", "0.1"],
  // Texts to booleans
  ...["true", "T", "yes", "Y", "1", " TRUE "].map((text): Case => [t(text), "bool", "true"]),
  ...["false", "f", "No", "n", "0"].map((text): Case => [t(text), "bool", "false"]),
  ...["", "2", "maybe", "on"].map((text): Case => [t(text), "bool", FAILS]),
  // Texts to dates
  [t("2024-01-31"), "date", "2024-01-31"],
  [t(" 2024-1-2 "), "date", "2024-01-02"],
  [t("2024/01/02"), "date", "2024-01-02"],
  [t("2024-01-02T00:00:00"), "date", "2024-01-02"],
  [t("2024-01-02 00:00:00.000Z"), "date", "2024-01-02"],
  [t("2024-01-02T03:04:05Z"), "date", FAILS],
  [t("2024-01-02 garbage"), "date", FAILS],
  [t("2024-01-1g"), "date", FAILS],
  [t("2024-02-30"), "date", FAILS],
  [t("31/12/2024"), "date", FAILS],
  [t("epoch"), "date", FAILS],
  [t(""), "date", FAILS],
  // Texts to datetimes
  [t("2024-01-02 03:04:05"), "datetime", "2024-01-02 03:04:05"],
  [t("2024-01-02T03:04:05.123456"), "datetime", "2024-01-02 03:04:05.123456"],
  [t("2024-01-02T03:04:05.123456000"), "datetime", "2024-01-02 03:04:05.123456"],
  [t("2024-01-02T03:04:05.123456789"), "datetime", FAILS],
  [t("2024-01-02T03:04:05Z"), "datetime", "2024-01-02 03:04:05"],
  [t("2024-01-02T03:04:05+00:00"), "datetime", "2024-01-02 03:04:05"],
  [t("2024-01-02 03:04:05+02:00"), "datetime", FAILS],
  [t("2024-01-02 03:04:05.12+02"), "datetime", FAILS],
  [t("2024-01-02 03:04:05.12-05"), "datetime", FAILS],
  [t("2024-01-02 03:04"), "datetime", "2024-01-02 03:04:00"],
  [t("2024-01-02"), "datetime", "2024-01-02 00:00:00"],
  [t("2024-01-02 25:00:00"), "datetime", FAILS],
  [t("infinity"), "datetime", "infinity"],
  [t("2024-01-02 03:04:05+02:00"), "datetime(tz)", "2024-01-02 01:04:05+00"],
  [t("2024-01-02 03:04:05"), "datetime(tz)", "2024-01-02 03:04:05+00"],
  [t("2024-01-02 03:04:05 Europe/Berlin"), "datetime(tz)", "2024-01-02 02:04:05+00"],
  [t("2024-01-02 03:04:05.1234567+02"), "datetime(tz)", FAILS],
  [t("2024-01-02 3:4:5.1234567"), "datetime(tz)", FAILS],
  // Texts to times and the rest
  [t("12:30"), "time", "12:30:00"],
  [t("12:30:05.5"), "time", "12:30:05.5"],
  [t("12:00:0g"), "time", FAILS],
  [t("12:00:00.1234567"), "time", FAILS],
  [t("2024-01-02"), "time", FAILS],
  [t("3 days"), "interval", "3 days"],
  [t("soon"), "interval", FAILS],
  [t("0e984725-c51c-4bf4-9960-e1c80e27aba0"), "uuid", "0e984725-c51c-4bf4-9960-e1c80e27aba0"],
  [t(" 0E984725-C51C-4BF4-9960-E1C80E27ABA0 "), "uuid", "0e984725-c51c-4bf4-9960-e1c80e27aba0"],
  [t("0e984725"), "uuid", FAILS],
  [t('{"a":1}'), "json", '{"a":1}'],
  [t('{"a":'), "json", FAILS],
  [t(""), "json", FAILS],
  [t("é"), "binary", "\\xC3\\xA9"],
  // Numbers
  ["1.5::DOUBLE", "int", FAILS],
  ["2.0::DOUBLE", "int", "2"],
  ["'nan'::DOUBLE", "int", FAILS],
  ["1e19::DOUBLE", "int", FAILS],
  ["1.5::DECIMAL(3,1)", "int", FAILS],
  ["2.0::DECIMAL(3,1)", "int", "2"],
  ["300::INT", "uint8", FAILS],
  ["-1::INT", "uint64", FAILS],
  ["1.005::DECIMAL(5,3)", "decimal(5,2)", FAILS],
  ["1.500::DECIMAL(5,3)", "decimal(5,2)", "1.50"],
  ["1.5::DECIMAL(3,1)", "decimal(38,20)", "1.50000000000000000000"],
  ["0.1::DOUBLE", "decimal(10,2)", "0.10"],
  ["1.005::DOUBLE", "decimal(10,2)", FAILS],
  ["1.005::DOUBLE", "decimal(10,3)", "1.005"],
  ["123.456::DOUBLE", "decimal(38,20)", "123.45600000000000000000"],
  ["1e20::DOUBLE", "decimal(38,2)", "100000000000000000000.00"],
  ["1e30::DOUBLE", "decimal(10,2)", FAILS],
  ["'nan'::DOUBLE", "decimal(10,2)", FAILS],
  ["0.1::FLOAT", "decimal(10,2)", "0.10"],
  ["5::BIGINT", "decimal(10,2)", "5.00"],
  ["9007199254740993::BIGINT", "float", FAILS],
  ["9007199254740994::BIGINT", "float", "9007199254740994.0"],
  ["(-9223372036854775808)::BIGINT", "float", "-9.223372036854776e+18"],
  ["16777217::INT", "float32", FAILS],
  ["0.1::DOUBLE", "float32", "0.1"],
  ["3.14159265358979::DOUBLE", "float32", FAILS],
  ["'nan'::DOUBLE", "float32", "nan"],
  ["'inf'::DOUBLE", "float32", "inf"],
  ["1e300::DOUBLE", "float32", FAILS],
  ["0.1::FLOAT", "float", "0.10000000149011612"],
  ["0.1::DECIMAL(38,20)", "float", "0.1"],
  ["0.12345678901234567890::DECIMAL(38,20)", "float", FAILS],
  ["1::INT", "bool", "true"],
  ["2::INT", "bool", FAILS],
  ["0.5::DOUBLE", "bool", FAILS],
  ["true", "int", "1"],
  ["true", "decimal(3,1)", "1.0"],
  // Dates and times
  ["TIMESTAMP '2024-01-02 00:00:00'", "date", "2024-01-02"],
  ["TIMESTAMP '2024-01-02 03:00:00'", "date", FAILS],
  ["TIMESTAMPTZ '2024-01-02 02:00:00+02'", "date", "2024-01-02"],
  ["TIMESTAMPTZ '2024-01-02 00:00:00+02'", "date", FAILS],
  ["TIMESTAMPTZ '2024-01-02 03:04:05+02'", "datetime", "2024-01-02 01:04:05"],
  ["TIMESTAMP '2024-01-02 03:04:05'", "datetime(tz)", "2024-01-02 03:04:05+00"],
  ["DATE '2024-01-02'", "datetime", "2024-01-02 00:00:00"],
  // To text
  ["1.50::DECIMAL(5,2)", "string", "1.50"],
  ["'\\x41'::BLOB", "string", "A"],
  ["'\\xFF'::BLOB", "string", FAILS],
  ["[1, 2]", "string", "[1,2]"],
  ["{'a': DATE '2024-01-02'}", "string", '{"a":"2024-01-02"}'],
  ["{'a': 1}", "json", '{"a":1}'],
  ["1::INT", "json", "1"],
  // Nested
  [t("[1, 2, null]"), "array<int>", "[1, 2, NULL]"],
  [t("[1.5]"), "array<int>", FAILS],
  [t("{}"), "array<int>", FAILS],
  [t("null"), "array<int>", null],
  [t("[[1],[]]"), "array<array<int>>", "[[1], []]"],
  [
    t('{"a":"1","b":{"c":"2024-01-02"}}'),
    "struct<a: int, b: struct<c: date>>",
    "{'a': 1, 'b': {'c': 2024-01-02}}",
  ],
  [t('{"a":1,"x":2}'), "struct<a: int>", FAILS],
  [t('{"b":2}'), "struct<a: int, b: int>", "{'a': NULL, 'b': 2}"],
  [t('[{"a":[1,2.5]}]'), "array<struct<a: array<int>>>", FAILS],
  [t('{"a b\\"c":1,"":2,"x/y~z":3}'), 'struct<"a b\\"c": int, "x/y~z": int, d: int>', FAILS],
  [t('{"a b\\"c":1,"x/y~z":3}'), 'struct<"a b\\"c": int, "x/y~z": int>', "{'a b\"c': 1, 'x/y~z': 3}"],
  ["'{\"a\": 9007199254740993}'::JSON", "struct<a: int>", "{'a': 9007199254740993}"],
  ["'12'::JSON", "int", "12"],
  ["'\"12\"'::JSON", "int", "12"],
  ["'null'::JSON", "int", null],
  ["'1.5'::JSON", "int", FAILS],
  ["'\"x\"'::JSON", "string", '"x"'],
  ["['1', '2', NULL]", "array<int>", "[1, 2, NULL]"],
  ["['1', 'x']", "array<int>", FAILS],
  ["[1.5::DOUBLE]", "array<int>", FAILS],
  ["NULL::VARCHAR[]", "array<int>", null],
  ["{'a': '1'}", "struct<a: int, b: string>", "{'a': 1, 'b': NULL}"],
  ["{'a': 'x'}", "struct<a: int>", FAILS],
  ["NULL::STRUCT(a VARCHAR)", "struct<a: int>", null],
  ["[{'a': ['1', 'x']}]", "array<struct<a: array<int>>>", FAILS],
];

Deno.test("cast keeps values exactly, or fails, or gives NULL when asked", async (test) => {
  await withSession(async (session) => {
    // One statement for all good cases, from a table, so that nothing is folded away beforehand.
    for (const [value, type, expected] of CASES) {
      await test.step(`${value} to ${type}`, async () => {
        await session.run(`CREATE OR REPLACE TEMP TABLE input AS SELECT ${value} AS x`);
        const strict = await apply(session, "SELECT * FROM input", { type: "cast", columns: { x: type } });
        const tolerant = await apply(session, "SELECT * FROM input", {
          type: "cast",
          columns: { x: { type, on_error: null } },
        });
        deepEqual(await texts(session, tolerant), [{ x: expected === FAILS ? null : expected }]);
        if (expected !== FAILS) {
          deepEqual(await texts(session, strict), [{ x: expected }]);
          equal(await strict.diagnose(new Error("else")), undefined);
          return;
        }
        const error = await failure(texts(session, strict));
        const found = await strict.diagnose(error);
        match(found?.message ?? `not found: ${error.message}`, /^step 1 \(cast\): column "x", row 1: /);
      });
    }
  });
});

Deno.test("cast refuses pairs of types that have no one meaning", async (test) => {
  const refused: [from: string, type: string, message: RegExp][] = [
    ["1::INT", "datetime", /int32 can't be cast to datetime/],
    ["1::INT", "date", /int32 can't be cast to date/],
    ["1.5::DOUBLE", "time", /float can't be cast to time/],
    ["true", "date", /boolean can't be cast to date/],
    ["DATE '2024-01-01'", "int", /date can't be cast to int64/],
    ["TIMESTAMP '2024-01-01'", "time", /datetime can't be cast to time/],
    ["[1]", "int", /array<int32> can't be cast to int64/],
    ["[1]", "array<date>", /items: int32 can't be cast to date/],
    ["{'a': 1}", "struct<b: int>", /field "a" would be lost/],
    ["'a'::BLOB", "int", /binary can't be cast to int64/],
    ["INTERVAL 1 DAY", "int", /interval can't be cast/],
  ];
  await withSession(async (session) => {
    for (const [from, type, message] of refused) {
      await test.step(`${from} to ${type}`, async () => {
        const error = await failure(
          apply(session, `SELECT ${from} AS x`, { type: "cast", columns: { x: type } }),
        );
        equal(error.code, "CAST_UNSUPPORTED");
        match(error.message, message);
        match(error.message, /^step 1 \(cast\): column "x": /);
        ok(error.hint);
      });
    }
  });
});

Deno.test("cast names step, column, row and value of what does not fit", async (test) => {
  const messages: [values: string[], type: string, message: string][] = [
    [["1", "2", "abc"], "int", 'row 3: "abc" is not an integer'],
    [["1.5"], "int", 'row 1: "1.5" is not a whole number'],
    [["300"], "int8", 'row 1: "300" is out of range for int8 (-128 to 127)'],
    [["1.005"], "decimal(5,2)", 'row 1: "1.005" has more than 2 digits after the point'],
    [["1000"], "decimal(5,2)", 'row 1: "1000" is out of range for decimal(5,2)'],
    [["x"], "decimal(5,2)", 'row 1: "x" is not a number'],
    [["1e400"], "float", 'row 1: "1e400" is out of range for float'],
    [["9007199254740993"], "float", 'row 1: "9007199254740993" has more digits than float keeps'],
    [["maybe"], "bool", 'row 1: "maybe" is not a boolean (true/false, t/f, yes/no, y/n, 1/0)'],
    [["2024-01-02 03:00"], "date", 'row 1: "2024-01-02 03:00" has a time of day, which a date would lose'],
    [["soon"], "date", 'row 1: "soon" is not a date (YYYY-MM-DD)'],
    [
      ["2024-01-02 03:00:00+02"],
      "datetime",
      'row 1: "2024-01-02 03:00:00+02" has an offset from UTC, which datetime would lose',
    ],
    [[""], "uuid", 'row 1: "" is not a UUID'],
    [["{"], "json", 'row 1: "{" is not valid JSON'],
    [["[1.5]"], "array<int>", 'row 1: "[1.5]" does not fit array<int64>'],
  ];
  await withSession(async (session) => {
    for (const [values, type, message] of messages) {
      await test.step(message, async () => {
        const rows = values.map((value) => `(${quoteLiteral(value)})`).join(", ");
        const applied = await apply(
          session,
          `SELECT * FROM (VALUES ${rows}) AS t(age)`,
          { type: "filter", where: "true" },
          { type: "cast", columns: { age: type } },
        );
        const error = await applied.diagnose(await failure(texts(session, applied)));
        equal(error?.message, `step 2 (cast): column "age", ${message}`);
        match(error?.hint ?? "", /on_error: null/);
        deepEqual(error?.location, { file: "recipe.yaml", line: 11, column: 7 });
        equal(error?.context.step, 2);
        equal(error?.code, "CAST_FAILED");
      });
    }
  });
});

Deno.test("cast: lossy rounds numbers and cuts times, and still refuses what is no value", async (test) => {
  const cases: Case[] = [
    [t("1.5"), "int", "2"],
    [t("abc"), "int", FAILS],
    [t("0x1F"), "int", FAILS],
    [t("12.505"), "decimal(10,2)", "12.51"],
    [t("2024-01-02 03:04:05"), "date", "2024-01-02"],
    [t("2024-01-02 garbage"), "date", FAILS],
    [t("2024-01-02 03:04:05.1234567"), "datetime", "2024-01-02 03:04:05.123456"],
    [t("9007199254740993"), "float", "9007199254740992.0"],
    ["TIMESTAMP '2024-01-02 03:04:05'", "date", "2024-01-02"],
    ["TIMESTAMP '2024-01-02 03:04:05'", "time", "03:04:05"],
    ["3.14159265358979::DOUBLE", "float32", "3.1415927"],
    ["1.5::DOUBLE", "int", "2"],
    [t('{"a":1,"x":2}'), "struct<a: int>", "{'a': 1}"],
  ];
  await withSession(async (session) => {
    for (const [value, type, expected] of cases) {
      await test.step(`${value} to ${type}`, async () => {
        const cast = { type: "cast", columns: { x: type }, lossy: true };
        await session.run(`CREATE OR REPLACE TEMP TABLE input AS SELECT ${value} AS x`);
        const applied = await apply(session, "SELECT * FROM input", cast);
        if (expected === FAILS) await failure(texts(session, applied));
        else deepEqual(await texts(session, applied), [{ x: expected }]);
      });
    }
  });
});

Deno.test("cast: format reads and writes dates and times", async (test) => {
  const cases: [value: string, spec: Record<string, unknown>, expected: string | typeof FAILS][] = [
    [t("31/12/2024"), { type: "date", format: "%d/%m/%Y" }, "2024-12-31"],
    [t("2024-12-31"), { type: "date", format: "%d/%m/%Y" }, FAILS],
    [t("12/31/24"), { type: "date", format: ["%d.%m.%Y", "%m/%d/%y"] }, "2024-12-31"],
    [t("31/12/2024 10:00"), { type: "date", format: "%d/%m/%Y %H:%M" }, FAILS],
    [t("31/12/2024 10:00"), { type: "date", format: "%d/%m/%Y %H:%M", lossy: true }, "2024-12-31"],
    [
      t("31/12/2024 10:00 +0200"),
      { type: "datetime(tz)", format: "%d/%m/%Y %H:%M %z" },
      "2024-12-31 08:00:00+00",
    ],
    [t("1030"), { type: "time", format: "%H%M" }, "10:30:00"],
    ["20240131", { type: "date", format: "%Y%m%d" }, "2024-01-31"],
    ["DATE '2024-01-31'", { type: "string", format: "%d.%m.%Y" }, "31.01.2024"],
  ];
  await withSession(async (session) => {
    for (const [value, spec, expected] of cases) {
      await test.step(`${value} ${JSON.stringify(spec)}`, async () => {
        await session.run(`CREATE OR REPLACE TEMP TABLE input AS SELECT ${value} AS x`);
        const applied = await apply(session, "SELECT * FROM input", { type: "cast", columns: { x: spec } });
        if (expected !== FAILS) return deepEqual(await texts(session, applied), [{ x: expected }]);
        const error = await applied.diagnose(await failure(texts(session, applied)));
        match(error?.message ?? "", /does not match the format/);
      });
    }
    await test.step("has no meaning for numbers", async () => {
      const cast = { type: "cast", columns: { x: { type: "int", format: "%Y" } } };
      const error = await failure(apply(session, "SELECT '1' AS x", cast));
      equal(error.code, "INVALID_CONFIG");
      match(error.message, /step 1 \(cast\): column "x": `format` has no meaning for string to int64/);
    });
  });
});

Deno.test("cast names unknown columns and types with the nearest", async (test) => {
  const cases: [columns: Record<string, unknown>, code: string, message: RegExp, hint?: RegExp][] = [
    [{ agee: "int" }, "UNKNOWN_COLUMN", /step 1 \(cast\): there is no column "agee"/, /did you mean "age"\?/],
    [{ age: "integr" }, "INVALID_CONFIG", /"integr" is not a type: did you mean "integer"\?/],
    [{ age: { type: "decimal(50,2)" } }, "INVALID_CONFIG", /"decimal\(50,2\)" is not a type/],
    [{ age: "int", AGE: "string" }, "DUPLICATE_COLUMN", /column "age" is cast twice/],
    [{}, "INVALID_CONFIG", /columns: name at least one column/],
  ];
  await withSession(async (session) => {
    for (const [columns, code, message, hint] of cases) {
      await test.step(JSON.stringify(columns), async () => {
        const error = await failure(
          apply(session, "SELECT '1' AS age, 2 AS name", { type: "cast", columns }),
        );
        equal(error.code, code);
        match(error.message, message);
        if (hint !== undefined) match(error.hint ?? "", hint);
      });
    }
  });
});

Deno.test("cast leaves other columns, order, empty input and NULLs alone", async () => {
  await withSession(async (session) => {
    const applied = await apply(
      session,
      `SELECT 1 AS "a ""b", 'x' AS "select", '2' AS "Ümläut 名", NULL::VARCHAR AS n`,
      {
        type: "cast",
        columns: { "Ümläut 名": "int", 'A "B': "string", n: "date" },
      },
    );
    deepEqual(applied.batch.schema.fields.map((f) => [f.name, formatType(f.type)]), [
      ['a "b', "string"],
      ["select", "string"],
      ["Ümläut 名", "int64"],
      ["n", "date"],
    ]);
    deepEqual(await texts(session, applied), [{ 'a "b': "1", select: "x", "Ümläut 名": "2", n: null }]);
    equal(applied.keepsRows, true);
    deepEqual(applied.batch.metadata, { file: "x.csv" });
    const empty = await apply(session, "SELECT 'x' AS x WHERE false", {
      type: "cast",
      columns: { x: "int" },
    });
    deepEqual(await texts(session, empty), []);
  });
});

Deno.test("cast keeps every whole number and every decimal that a text can hold", async () => {
  await withSession(async (session) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            number: fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
            scale: fc.integer({ min: 0, max: 18 }),
          }),
          {
            minLength: 1,
            maxLength: 50,
          },
        ),
        async (rows) => {
          const decimals = rows.map(({ number, scale }) => decimalText(number, scale));
          const values = rows.map(({ number }, i) => `('${number}', '${decimals[i]}', ${number}::DOUBLE)`)
            .join(", ");
          const applied = await apply(session, `SELECT * FROM (VALUES ${values}) AS t(i, d, f)`, {
            type: "cast",
            columns: { i: "int", d: "decimal(38,18)", f: { type: "int", on_error: null } },
          });
          const result = await texts(session, applied);
          result.forEach((row, at) => {
            equal(row.i, String(rows[at]!.number));
            equal(BigInt(String(row.d).replace(".", "")), scaled(decimals[at]!, 18));
            if (row.f !== null) equal(Number(row.f), Number(rows[at]!.number));
          });
        },
      ),
      { numRuns: 20 },
    );
  });
});

function decimalText(number: bigint, scale: number): string {
  const digits = String(number < 0n ? -number : number).padStart(scale + 1, "0");
  const sign = number < 0n ? "-" : "";
  return scale === 0 ? `${sign}${digits}` : `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

function scaled(text: string, scale: number): bigint {
  const [whole = "", fraction = ""] = text.split(".");
  return BigInt(whole + fraction.padEnd(scale, "0"));
}
