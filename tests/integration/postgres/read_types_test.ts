/** Values of every type of PostgreSQL's, read from a real server: the same value as the server itself writes. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { ConnectorError, formatType } from "../../../src/sdk/mod.ts";
import { postgresTest } from "../../servers/postgres_test_case.ts";
import { Reading } from "./read_helpers.ts";

/** A type, random values of it as SQL, and SQL that makes both sides write a value alike. */
interface Case {
  readonly type: string;
  readonly logical: string;
  readonly values: fc.Arbitrary<string>;
  readonly server?: (column: string) => string;
  readonly engine?: (column: string) => string;
}

const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`;
const text = fc.string({ unit: "binary", maxLength: 40 }).filter((value) => !value.includes("\0"));
const integer = (bits: bigint) =>
  fc.bigInt({ min: -(2n ** (bits - 1n)), max: 2n ** (bits - 1n) - 1n }).map((value) => `'${value}'`);
const decimal = (digits: number, scale: number) =>
  fc.bigInt({ min: -(10n ** BigInt(digits)) + 1n, max: 10n ** BigInt(digits) - 1n }).map((value) => {
    const sign = value < 0n ? "-" : "";
    const all = String(value < 0n ? -value : value).padStart(scale + 1, "0");
    return `'${sign}${all.slice(0, all.length - scale)}${
      scale === 0 ? "" : `.${all.slice(all.length - scale)}`
    }'`;
  });
const float = fc.double().map((value) => `'${Object.is(value, -0) ? "-0" : value}'`);
const micros = (type: string) =>
  fc.bigInt({ min: -200_000_000_000_000_000n, max: 9_000_000_000_000_000_000n }).map((value) =>
    `(timestamp '1970-01-01' + make_interval(days => ${value / 86_400_000_000n}) + ` +
    `interval '${value % 86_400_000_000n} microseconds')::${
      type === "timestamptz" ? "timestamp AT TIME ZONE 'UTC'" : type
    }`
  );
const epoch = {
  server: (column: string) => `(extract(epoch from ${column}) * 1000000)::numeric(40,0)::text`,
  engine: (column: string) => `CAST(epoch_us(${column}) AS VARCHAR)`,
};
const hex = {
  server: (column: string) => `encode(${column}, 'hex')`,
  engine: (column: string) => `lower(hex(${column}))`,
};
const utf8 = {
  server: (column: string) => `encode(convert_to(${column}, 'UTF8'), 'hex')`,
  engine: (column: string) => `lower(hex(${column}))`,
};

const CASES: readonly Case[] = [
  { type: "bool", logical: "boolean", values: fc.boolean().map(String) },
  { type: "int2", logical: "int16", values: integer(16n) },
  { type: "int4", logical: "int32", values: integer(32n) },
  { type: "int8", logical: "int64", values: integer(64n) },
  { type: "oid", logical: "uint32", values: fc.nat(2 ** 31 - 1).map((value) => `'${value * 2}'`) },
  ...[[4, 2], [9, 0], [12, 2], [15, 15], [16, 5], [18, 1], [19, 4], [30, 9], [38, 0], [38, 37]].map((
    [digits, scale],
  ): Case => ({
    type: `numeric(${digits},${scale})`,
    logical: `decimal(${digits},${scale})`,
    values: decimal(digits!, scale!),
    // DuckDB leaves out the zero before the point where all digits are behind it.
    engine: (column) => `regexp_replace(CAST(${column} AS VARCHAR), '^(-?)[.]', '\\10.')`,
  })),
  {
    type: "numeric",
    logical: "string",
    values: fc.oneof(decimal(60, 30), fc.constantFrom("'NaN'", "'1e1000'", "'-Infinity'")),
  },
  { type: "numeric(60,5)", logical: "string", values: decimal(60, 5) },
  { type: "text", logical: "string", values: text.map(quoted), ...utf8 },
  {
    type: "varchar(50)",
    logical: "string",
    values: text.map((value) => quoted([...value].slice(0, 50).join(""))),
    ...utf8,
  },
  {
    type: "char(8)",
    logical: "string",
    values: fc.constantFrom("'ab'", "''", "'12345678'"),
    server: (column) => `rpad(${column}::text, 8)`,
  },
  { type: "name", logical: "string", values: fc.constantFrom("'a'", "''", "'some name'") },
  {
    type: "bytea",
    logical: "binary",
    values: fc.uint8Array({ maxLength: 60 }).map((bytes) =>
      `'\\x${[...bytes].map((b) => b.toString(16).padStart(2, "0")).join("")}'`
    ),
    ...hex,
  },
  {
    type: "date",
    logical: "date",
    values: fc.integer({ min: -700_000, max: 2_000_000 }).map((days) => `date '1970-01-01' + ${days}`),
    server: (column) => `(${column} - date '1970-01-01')::text`,
    engine: (column) => `CAST(date_diff('day', DATE '1970-01-01', ${column}) AS VARCHAR)`,
  },
  {
    type: "time",
    logical: "time",
    values: fc.oneof(
      fc.integer({ min: 0, max: 86_399_999_999 }).map((value) =>
        `time '00:00' + interval '${value} microseconds'`
      ),
      fc.constant("'24:00:00'"),
    ),
  },
  { type: "timestamp", logical: "datetime", values: micros("timestamp"), ...epoch },
  { type: "timestamptz", logical: "datetime(tz)", values: micros("timestamptz"), ...epoch },
  {
    type: "interval",
    logical: "interval",
    values: fc.tuple(
      fc.integer({ min: -5000, max: 5000 }),
      fc.integer({ min: -100_000, max: 100_000 }),
      fc.bigInt({ min: -9_000_000_000_000_000n, max: 9_000_000_000_000_000n }),
    ).map(
      ([months, days, time]) => `interval '${months} months ${days} days ${time} microseconds'`,
    ),
    server: (column) =>
      `concat_ws(' ', extract(year from ${column}) * 12 + extract(month from ${column}), extract(day from ${column}), ` +
      `(extract(hour from ${column}) * 3600000000 + extract(minute from ${column}) * 60000000 + ` +
      `extract(microseconds from ${column}))::int8)`,
    engine: (column) =>
      `concat_ws(' ', datepart('year', ${column}) * 12 + datepart('month', ${column}), datepart('day', ${column}), ` +
      `datepart('hour', ${column}) * 3600000000 + datepart('minute', ${column}) * 60000000 + ` +
      `datepart('microseconds', ${column}))`,
  },
  { type: "uuid", logical: "uuid", values: fc.uuid().map(quoted) },
  {
    type: "json",
    logical: "json",
    values: fc.json().filter((value) => !value.includes("\\u0000")).map(quoted),
  },
  {
    type: "jsonb",
    logical: "json",
    values: fc.json().filter((value) => !value.includes("\\u0000")).map(quoted),
  },
  {
    type: "int4[]",
    logical: "array<int32>",
    values: fc.array(fc.oneof(fc.integer(), fc.constant(null)), { maxLength: 5 }).map((items) =>
      `ARRAY[${items.map((item) => item ?? "NULL").join(",")}]::int4[]`
    ),
    server: (column) => `to_json(${column})::text`,
    engine: (column) => `CAST(to_json(${column}) AS VARCHAR)`,
  },
  {
    type: "text[]",
    logical: "array<string>",
    values: fc.array(fc.oneof(text, fc.constant(null)), { maxLength: 5 }).map((items) =>
      `ARRAY[${items.map((item) => item === null ? "NULL" : quoted(item)).join(",")}]::text[]`
    ),
    server: (column) =>
      `(SELECT string_agg(coalesce(encode(convert_to(x, 'UTF8'), 'hex'), 'NULL'), ',') FROM unnest(${column}) x)`,
    engine: (column) =>
      `CASE WHEN len(${column}) > 0 THEN array_to_string(list_transform(${column}, lambda x: coalesce(lower(hex(x)), 'NULL')), ',') END`,
  },
  {
    type: "numeric(10,3)[]",
    logical: "array<decimal(10,3)>",
    values: fc.array(decimal(10, 3), { maxLength: 3 }).map((items) =>
      `ARRAY[${items.join(",")}]::numeric(10,3)[]`
    ),
    server: (column) => `array_to_string(${column}, ',')`,
    engine: (column) => `array_to_string(${column}, ',')`,
  },
  { type: "mood", logical: "string", values: fc.constantFrom("'sad'", "'ok'", "'über'") },
  {
    type: "mood[]",
    logical: "array<string>",
    values: fc.constantFrom("'{}'", "'{sad,NULL,über}'"),
    server: (column) => `array_to_string(${column}, ',', 'NULL')`,
    engine: (column) => `array_to_string(list_transform(${column}, lambda x: coalesce(x, 'NULL')), ',')`,
  },
  { type: "cents", logical: "decimal(12,2)", values: decimal(12, 2) },
  { type: "inet", logical: "string", values: fc.ipV4().map(quoted), server: (column) => `host(${column})` },
  { type: "cidr", logical: "string", values: fc.constantFrom("'10.0.0.0/8'", "'::/0'") },
  { type: "macaddr", logical: "string", values: fc.constant("'08:00:2b:01:02:03'") },
  { type: "money", logical: "string", values: fc.integer().map((value) => `'${value / 100}'`) },
  { type: "bit(5)", logical: "string", values: fc.constantFrom("B'10101'", "B'00000'") },
  { type: "timetz", logical: "string", values: fc.constantFrom("'12:00:00+02'", "'23:59:59.999999-15:59'") },
  { type: "int4range", logical: "string", values: fc.constantFrom("'[1,5)'", "'empty'", "'(,)'") },
  { type: "tsvector", logical: "string", values: fc.constant("'a fat cat'") },
  { type: "point", logical: "string", values: fc.constant("'(1.5,2)'") },
  { type: "xml", logical: "string", values: fc.constant("'<a>b</a>'") },
  { type: "pair", logical: "string", values: fc.constantFrom("(1, 'a,b')", "(NULL, '')") },
  {
    type: "pair[]",
    logical: "array<string>",
    values: fc.constant("ARRAY[(1, 'x')]::pair[]"),
    server: (column) => `array_to_string(${column}::text[], ';')`,
    engine: (column) => `array_to_string(${column}, ';')`,
  },
  {
    type: "inet[]",
    logical: "array<string>",
    values: fc.constant("'{10.0.0.1,NULL}'"),
    server: (column) => `array_to_string(${column}, ';', 'NULL')`,
    engine: (column) => `array_to_string(list_transform(${column}, lambda x: coalesce(x, 'NULL')), ';')`,
  },
];

const SETUP =
  "CREATE TYPE mood AS ENUM ('sad', 'ok', 'über'); CREATE DOMAIN cents AS numeric(12,2) CHECK (value IS NOT NULL OR true);" +
  "CREATE TYPE pair AS (a int, b text);";

postgresTest("values of every type are read as the server writes them", async (server, t) => {
  await using reading = await Reading.make(server);
  await reading.run(SETUP);
  for (const [index, one] of CASES.entries()) {
    await t.step(one.type, async () => {
      const table = `t${index}`;
      await reading.run(`CREATE TABLE ${table} (n int8, v ${one.type})`);
      const values = fc.sample(fc.option(one.values, { nil: "NULL", freq: 6 }), 300);
      const rows = values.map((value, n) => `(${n}, ${value})`);
      for (let i = 0; i < rows.length; i += 50) {
        await reading.run(`INSERT INTO ${table} VALUES ${rows.slice(i, i + 50).join(",\n")}`);
      }
      const same = (column: string) => `CAST(${column} AS VARCHAR)`;
      const expected = await reading.select<{ n: number; v: string | null }>(
        `SELECT n, ${(one.server ?? ((column) => `${column}::text`))("v")} AS v FROM ${table} ORDER BY n`,
      );
      const source = await reading.source({ table });
      const got: { n: bigint; v: string | null }[] = [];
      for await (
        const { batch } of source.readBatches(readRequest(), {
          cursor_values: {},
          watermarks: {},
          checkpoints: [],
          metadata: {},
        })
      ) {
        assert.equal(formatType(batch.schema.fields[1]!.type), one.logical);
        got.push(
          ...await reading.session.query<{ n: bigint; v: string | null }>(
            `SELECT n, ${(one.engine ?? same)("v")} AS v FROM (${batch.sql})`,
          ),
        );
        await reading.session.release(batch);
      }
      got.sort((a, b) => Number(a.n - b.n));
      assert.deepEqual(got.map((row) => [Number(row.n), row.v]), expected.map((row) => [row.n, row.v]));
    });
  }
});

function readRequest() {
  return {
    runId: "r",
    writeMode: "append" as const,
    batchSize: 128,
    parallelism: 2,
    startedAt: "2024-06-01T12:00:00.000Z",
  };
}

postgresTest("floats are read bit by bit", async (server) => {
  await using reading = await Reading.make(server);
  const doubles = fc.sample(float, 400);
  await reading.run("CREATE TABLE f (n int, d float8, r float4)");
  const rows = doubles.map((value, n) => {
    const single = Math.fround(Number(value.slice(1, -1)));
    const real = Object.is(single, -0) ? "-0" : String(single);
    return `(${n}, ${value}, '${real}')`;
  });
  await reading.run(
    `INSERT INTO f VALUES ${
      rows.join(",")
    }, (-1, NULL, NULL), (-2, 'NaN', 'NaN'), (-3, '-Infinity', 'Infinity')`,
  );
  const { rows: read } = await reading.read({ table: "f" });
  const found = new Map(read.map((row) => [row[0], row]));
  doubles.forEach((value, n) => {
    const expected = Number(value.slice(1, -1));
    const [, d, r] = found.get(n)!;
    assert.ok(Object.is(d, expected), `${d} is not ${expected}`);
    assert.ok(Object.is(r, Math.fround(expected)), `${r} is not ${Math.fround(expected)}`);
  });
  assert.deepEqual(found.get(-1), [-1, null, null]);
  assert.deepEqual(found.get(-2), [-2, NaN, NaN]);
  assert.deepEqual(found.get(-3), [-3, -Infinity, Infinity]);
});

postgresTest(
  "infinite dates and times stay so in the engine; what can't be held is an error with its column",
  async (server, t) => {
    await using reading = await Reading.make(server);
    await t.step("infinity", async () => {
      await reading.run(
        "CREATE TABLE i AS SELECT 'infinity'::date AS d, '-infinity'::timestamp AS t, 'infinity'::timestamptz AS z, '294247-01-10 04:00:54.775806'::timestamp AS last",
      ).catch(() =>
        reading.run(
          "CREATE TABLE i AS SELECT 'infinity'::date AS d, '-infinity'::timestamp AS t, 'infinity'::timestamptz AS z, '294246-12-31'::timestamp AS last",
        )
      );
      const source = await reading.source({ table: "i" });
      for await (
        const { batch } of source.readBatches(readRequest(), {
          cursor_values: {},
          watermarks: {},
          checkpoints: [],
          metadata: {},
        })
      ) {
        assert.deepEqual(
          await reading.session.query(
            `SELECT CAST(d AS VARCHAR) AS d, CAST(t AS VARCHAR) AS t, CAST(z AS VARCHAR) AS z FROM (${batch.sql})`,
          ),
          [{ d: "infinity", t: "-infinity", z: "infinity" }],
        );
      }
    });
    const refused: [string, string, string, RegExp][] = [
      ["late", "'294276-12-31 23:59:59.999999'::timestamp", "VALUE_OUT_OF_RANGE", /"v".*294247/],
      ["lates", "'294276-12-31 23:59:59.999999+00'::timestamptz", "VALUE_OUT_OF_RANGE", /"v".*294247/],
      ["nan", "'NaN'::numeric(10,2)", "VALUE_OUT_OF_RANGE", /"v".*NaN/],
      ["long", "interval '9000000 hours'", "VALUE_OUT_OF_RANGE", /"v".*292 years/],
      ["dims", "'{{1,2},{3,4}}'::int[]", "MULTI_DIMENSIONAL", /"v".*2 dimensions/],
    ];
    for (const [name, value, code, says] of refused) {
      await t.step(name, async () => {
        await reading.run(`CREATE TABLE ${name} AS SELECT 1 AS n, ${value} AS v`);
        await assert.rejects(() => reading.read({ table: name }), (error) => {
          assert.ok(error instanceof ConnectorError, String(error));
          assert.equal(error.code, code);
          assert.match(error.message, says);
          assert.equal(error.context.column, "v");
          return true;
        });
      });
    }
    await t.step("declared with two dimensions", async () => {
      await reading.run(
        "CREATE TABLE dd (v int[][]); INSERT INTO dd VALUES ('{{1,2},{3,4}}'), (NULL), ('{}')",
      );
      const { rows } = await reading.read({ table: "dd" });
      assert.deepEqual(rows.map(([value]) => value === null ? null : String(value).replaceAll(" ", "")), [
        "[[1,2],[3,4]]",
        null,
        "[]",
      ]);
    });
  },
);

postgresTest("NULL and '' are two things; wide and empty tables, odd names", async (server, t) => {
  await using reading = await Reading.make(server);
  await t.step("texts", async () => {
    await reading.run("CREATE TABLE s AS SELECT * FROM (VALUES (1, ''), (2, NULL), (3, 'x')) AS v(id, t)");
    assert.deepEqual((await reading.read({ table: "s" })).rows, [[1, ""], [2, null], [3, "x"]]);
  });
  await t.step("1,600 columns", async () => {
    const columns = Array.from({ length: 1600 }, (_, i) => `c${i} int`).join(", ");
    await reading.run(
      `CREATE TABLE wide (${columns}); INSERT INTO wide (c0, c1599) SELECT i, -i FROM generate_series(1, 300) i`,
    );
    const { rows } = await reading.read({ table: "wide" });
    assert.equal(rows.length, 300);
    assert.deepEqual(rows.map((row) => [row[0], row[5], row[1599]]).at(-1), [300, null, -300]);
  });
  await t.step("no rows: one batch that has the columns", async () => {
    await reading.run("CREATE TABLE none (id int, t text)");
    for (const block of [{ table: "none" }, { query: "SELECT * FROM none" }]) {
      const { sizes } = await reading.read(block, {
        each: ({ batch }) => assert.deepEqual(batch.columns, ["id", "t"]),
      });
      assert.deepEqual(sizes, [0]);
    }
  });
  await t.step("names", async () => {
    await reading.run(
      `CREATE SCHEMA "o.dd"; CREATE TABLE "o.dd"."a ""table"" é" ("select" int, "Ünï ""x""" text)`,
    );
    await reading.run(`INSERT INTO "o.dd"."a ""table"" é" VALUES (1, 'v')`);
    const { rows } = await reading.read(
      { table: `"o.dd"."a ""table"" é"` },
      { each: ({ batch }) => assert.deepEqual(batch.columns, ["select", `Ünï "x"`]) },
    );
    assert.deepEqual(rows, [[1, "v"]]);
    const { rows: by } = await reading.read({
      table: `"a ""table"" é"`,
      schema: "o.dd",
      columns: [`Ünï "x"`],
    });
    assert.deepEqual(by, [["v"]]);
  });
  await t.step("values of a megabyte and more", async () => {
    await reading.run(
      "CREATE TABLE large AS SELECT i, repeat(chr(64 + i), 3000000) AS t FROM generate_series(1, 12) i",
    );
    const { rows, sizes } = await reading.read({ table: "large" });
    assert.deepEqual(
      rows.map(([i, value]) => [i, String(value).length, String(value)[2_999_999]]).slice(0, 2),
      [[1, 3_000_000, "A"], [2, 3_000_000, "B"]],
    );
    assert.ok(sizes.length > 1, "36 MB in several batches");
  });
});
