/** Values of every type come back from the server exactly as they were sent. */
import assert from "node:assert/strict";
import { ConnectorError } from "../../../src/sdk/mod.ts";
import { postgresTest } from "../../servers/postgres_test_case.ts";
import { Place, withSession } from "./helpers.ts";

interface TypeCase {
  /** The type in the engine. */
  readonly type: string;
  /** The new column's type at the server. */
  readonly column: string;
  /** Values that are easily got wrong. SQL of the engine. */
  readonly edges: readonly string[];
  /** Any value, from `h`, a random BIGINT of at least 0, and `i`, the row's number. */
  readonly random: string;
  /** Both as the same text. */
  readonly engineText?: string;
  readonly serverText?: string;
}

const DIGITS38 = "99999999999999999999999999999999999999";
const micros = {
  engineText: "epoch_us(v)::VARCHAR",
  serverText: "(extract(epoch FROM v) * 1000000)::numeric(30,0)::text",
};

const CASES: readonly TypeCase[] = [
  { type: "TINYINT", column: "smallint", edges: ["-128", "127", "0", "-1"], random: "h % 256 - 128" },
  {
    type: "SMALLINT",
    column: "smallint",
    edges: ["-32768", "32767", "255", "-256"],
    random: "h % 65536 - 32768",
  },
  {
    type: "INTEGER",
    column: "integer",
    edges: ["-2147483648", "2147483647", "65536", "-65537"],
    random: "h % 4294967296 - 2147483648",
  },
  {
    type: "BIGINT",
    column: "bigint",
    edges: [
      "-9223372036854775808",
      "9223372036854775807",
      "4294967296",
      "-4294967297",
      "9007199254740993",
      "2147483648",
      "-2147483649",
    ],
    random: "CASE WHEN h % 2 = 0 THEN h ELSE -h END",
  },
  { type: "UTINYINT", column: "smallint", edges: ["0", "128", "255"], random: "h % 256" },
  { type: "USMALLINT", column: "integer", edges: ["0", "32768", "65535"], random: "h % 65536" },
  { type: "UINTEGER", column: "bigint", edges: ["0", "2147483648", "4294967295"], random: "h % 4294967296" },
  {
    type: "UBIGINT",
    column: "numeric(20,0)",
    edges: [
      "0",
      "9223372036854775808",
      "18446744073709551615",
      "9999",
      "10000",
      "100000000",
      "9007199254740991",
      "9007199254740992",
    ],
    random: "h",
  },
  ...[[4, 2], [4, 0], [9, 3], [9, 9], [18, 1], [18, 6], [18, 18], [38, 0], [38, 10], [38, 37], [38, 38]].map(
    ([precision, scale]): TypeCase => ({
      type: `DECIMAL(${precision},${scale})`,
      column: `numeric(${precision},${scale})`,
      edges: ["0", ...edgesOf(precision!, scale!)],
      random: `CASE WHEN h % 2 = 0 THEN 1 ELSE -1 END * ((h::HUGEINT * (i * 7919 + 13)) % ${
        "9".repeat(precision!)
      }::HUGEINT)::DECIMAL(38,0) ${
        scale === 0 ? "" : `* ${scale! < 19 ? `(1 / power(10, ${scale}))` : "0"}`
      }`,
    }),
  ),
  {
    type: "DOUBLE",
    column: "double precision",
    edges: [
      "'NaN'",
      "'Infinity'",
      "'-Infinity'",
      "'-0.0'",
      "0.1",
      "1.7976931348623157e308",
      "5e-324",
      "2.2250738585072014e-308",
    ],
    random: "(h / 977.0) * pow(10, (i % 300) - 150)",
  },
  {
    type: "FLOAT",
    column: "real",
    edges: ["'NaN'", "'Infinity'", "'-Infinity'", "0.1", "3.4028235e38", "1e-45"],
    random: "(h / 977.0)",
  },
  {
    type: "BOOLEAN",
    column: "boolean",
    edges: ["true", "false"],
    random: "h % 2 = 0",
  },
  {
    type: "DATE",
    column: "date",
    edges: [
      "'1970-01-01'",
      "'2000-01-01'",
      "'1999-12-31'",
      "'0001-01-01'",
      "'4714-11-24 (BC)'",
      "'9999-12-31'",
      "'infinity'",
      "'-infinity'",
      "DATE '1970-01-01' + 2145042905",
    ],
    random: "DATE '1970-01-01' + (h % 200000 - 100000)::INTEGER",
    engineText: "CASE WHEN isinf(v) THEN v::VARCHAR ELSE (v - DATE '1970-01-01')::VARCHAR END",
    serverText: "CASE WHEN NOT isfinite(v) THEN v::text ELSE (v - DATE '1970-01-01')::text END",
  },
  {
    type: "TIME",
    column: "time",
    edges: ["'00:00:00'", "'23:59:59.999999'", "'24:00:00'", "'12:34:56.000001'"],
    random: "TIME '00:00:00' + to_microseconds(h % 86400000000)",
    ...micros,
  },
  ...(["TIMESTAMP", "TIMESTAMPTZ"] as const).map((type): TypeCase => ({
    type,
    column: type.toLowerCase(),
    edges: [
      "'1970-01-01 00:00:00'",
      "'2000-01-01 00:00:00'",
      "'1999-12-31 23:59:59.999999'",
      "'294246-12-31 23:59:59.999999'",
      "'4714-11-24 (BC) 00:00:00'",
      "'0001-01-01 00:00:00.000001'",
      "'infinity'",
      "'-infinity'",
    ],
    random: "make_timestamp(CASE WHEN h % 2 = 0 THEN h % 4102444800000000 ELSE -(h % 4102444800000000) END)",
    engineText: "CASE WHEN isinf(v) THEN v::VARCHAR ELSE epoch_us(v)::VARCHAR END",
    serverText:
      "CASE WHEN NOT isfinite(v) THEN v::text ELSE (extract(epoch FROM v) * 1000000)::numeric(30,0)::text END",
  })),
  {
    type: "INTERVAL",
    column: "interval",
    edges: [
      "INTERVAL 0 SECOND",
      "INTERVAL '-1 month 3 days -00:00:00.000001'",
      "to_microseconds(9223372036854775)",
      "to_microseconds(-9223372036854775)",
      "to_months(-2147483648)",
      "to_days(2147483647)",
    ],
    random:
      "to_months((h % 1000 - 500)::INTEGER) + to_days((h % 777 - 300)::INTEGER) + to_microseconds(h % 999999999999 - 499999999999)",
    engineText:
      "datepart('year', v) * 12 + datepart('month', v) || ' ' || datepart('day', v) || ' ' || (epoch_us(v - to_days(datepart('day', v)::INTEGER) - to_months((datepart('year', v) * 12 + datepart('month', v))::INTEGER)))",
    serverText:
      "(extract(year FROM v) * 12 + extract(month FROM v))::bigint || ' ' || extract(day FROM v) || ' ' || (extract(epoch FROM v - make_interval(years => extract(year FROM v)::int, months => extract(month FROM v)::int, days => extract(day FROM v)::int)) * 1000000)::numeric(30,0)",
  },
  {
    type: "UUID",
    column: "uuid",
    edges: [
      "'00000000-0000-0000-0000-000000000000'",
      "'ffffffff-ffff-ffff-ffff-ffffffffffff'",
      "'80000000-0000-0000-0000-000000000001'",
    ],
    random: "md5(i::VARCHAR)::UUID",
  },
  {
    type: "BLOB",
    column: "bytea",
    edges: ["''::BLOB", "'\\x00\\xFF\\x80'::BLOB", "repeat('x', 100000)::BLOB"],
    random: "unhex(md5(i::VARCHAR))",
    engineText: "md5(v)",
    serverText: "md5(v)",
  },
  {
    type: "VARCHAR",
    column: "text",
    edges: [
      "''",
      "' '",
      "chr(1)",
      "'größe 東京都 🚀'",
      "repeat('🚀', 30000)",
      "'a' || chr(10) || '\\N' || chr(9)",
      "'NULL'",
    ],
    random: "repeat(chr((h % 5000 + 1)::INTEGER), (i % 90)::INTEGER)",
    engineText: "md5(v) || length(v)",
    serverText: "md5(v) || length(v)",
  },
  {
    type: "JSON",
    column: "jsonb",
    edges: [`'{"a":{"b":[1,null,"x"]}}'`, "'null'", "'\"text\"'", "'12345678901234567890.123'", "'[]'"],
    random: "('{\"i\":' || i || '}')",
    engineText: "v->>'$.i' || '' || length(v::VARCHAR)",
    serverText: "(v->>'i') || '' || length(replace(v::text, ' ', ''))",
  },
  {
    type: "INTEGER[]",
    column: "integer[]",
    edges: ["[]", "[NULL]", "[1, NULL, -1]", "range(1000)"],
    random: "list_transform(range(h % 5), lambda x: (x * i)::INTEGER)",
    engineText:
      "coalesce(array_to_string(list_transform(v, lambda x: coalesce(x::VARCHAR, 'N')), ','), '') || ':' || len(v)",
    serverText: "array_to_string(v, ',', 'N') || ':' || cardinality(v)",
  },
  {
    type: "VARCHAR[]",
    column: "text[]",
    edges: ["['']", "['a,b', '\"', '{}', NULL, 'NULL']", "[]"],
    random: "[i::VARCHAR, 'größe', repeat('x', (i % 100)::INTEGER)]",
    engineText: "md5(coalesce(array_to_string(list_transform(v, lambda x: coalesce(x, '~')), '|'), ''))",
    serverText: "md5(array_to_string(v, '|', '~'))",
  },
  {
    type: "DECIMAL(18,4)[]",
    column: "numeric(18,4)[]",
    edges: ["[1.5, -0.0001, NULL]", "[]"],
    random: "[(h % 100000000000) / 10000.0, 0]",
    engineText: "coalesce(array_to_string(list_transform(v, lambda x: coalesce(x::VARCHAR, 'N')), ','), '')",
    serverText: "array_to_string(v, ',', 'N')",
  },
];

function edgesOf(precision: number, scale: number): string[] {
  const most = DIGITS38.slice(0, precision);
  const point = (digits: string) =>
    scale === 0 ? digits : `${digits.slice(0, -scale) || "0"}.${digits.slice(-scale).padStart(scale, "0")}`;
  const texts = [most, "1", "9999", "10000", "10001", "9007199254740993", "100000000", "18446744073709551616"]
    .filter((digits) => digits.length <= precision);
  return texts.flatMap((digits) => [`'${point(digits)}'`, `'-${point(digits)}'`]);
}

const ROWS = 20_000;

for (const each of CASES) {
  postgresTest(`${each.type} is written as ${each.column} and comes back`, async (server) => {
    const place = await Place.make(server);
    const { type, edges } = each;
    const list = edges.map((edge, i) => `SELECT ${i} AS i, CAST(${edge} AS ${type}) AS v`).join(
      " UNION ALL ",
    );
    const random =
      `SELECT i + 1000 AS i, CASE WHEN i % 10 = 0 THEN NULL ELSE CAST(${each.random} AS ${type}) END AS v
      FROM (SELECT i, (hash(i) >> 1)::BIGINT AS h FROM range(${ROWS}) AS r(i))`;
    await withSession(async (session) => {
      await session.run(`CREATE TEMP TABLE given AS ${list} UNION ALL ${random}`);
      const destination = await place.open(session, "t");
      const load = await destination.openLoad({
        mode: "append",
        mergeKeys: [],
        strategy: "upsert",
        fullRefresh: false,
        startedAt: new Date().toISOString(),
      });
      const batch = await session.relation("SELECT i, v FROM given ORDER BY i");
      const result = await load.writeBatch(batch, {
        runId: "1",
        sequence: 1,
        complete: false,
        state: { cursor_values: {}, watermarks: {}, checkpoints: [], metadata: {} },
      });
      assert.equal(result.rowsReceived, ROWS + edges.length);
      await destination.close();
      // The engine leaves out a zero that is all there is before the point.
      const plainText = type.startsWith("DECIMAL")
        ? "regexp_replace(v::VARCHAR, '^(-?)[.]', '\\10.')"
        : "v::VARCHAR";
      const text = each.engineText ?? plainText;
      const given = await session.query<{ t: string | null }>(
        `SELECT CASE WHEN v IS NULL THEN NULL ELSE ${text} END AS t FROM given ORDER BY i`,
      );
      const [{ type: made }] = await place.select<{ type: string }>(
        `SELECT format_type(atttypid, atttypmod) AS type FROM pg_attribute WHERE attrelid = 't'::regclass AND attname = 'v'`,
      ) as [{ type: string }];
      assert.equal(
        made.replace("timestamp without time zone", "timestamp").replace(
          "timestamp with time zone",
          "timestamptz",
        )
          .replace("time without time zone", "time"),
        each.column,
      );
      const got = await place.select<{ t: string | null }>(
        `SELECT CASE WHEN v IS NULL THEN NULL ELSE (${
          each.serverText ?? "v::text"
        }) END AS t FROM t ORDER BY i`,
      );
      const isFloat = ["DOUBLE", "FLOAT"].includes(type);
      const plain = (value: string | null) =>
        value === null ? null : isFloat ? Number(value.replace(/^(-?)inf(inity)?$/i, "$1Infinity")) : value;
      assert.equal(got.length, given.length);
      for (let i = 0; i < given.length; i++) {
        const [expected, actual] = [plain(given[i]!.t), plain(got[i]!.t)];
        const same = type === "FLOAT" && typeof expected === "number" && typeof actual === "number"
          ? Object.is(Math.fround(expected), Math.fround(actual))
          : Object.is(expected, actual);
        assert.ok(same, `row ${i}: sent ${expected}, got ${actual}`);
      }
    });
  });
}

interface FaultCase {
  readonly table: string;
  readonly select: string;
  readonly message: RegExp;
  readonly row: number;
  readonly value?: string;
}

const FAULTS: Record<string, FaultCase> = {
  "NUL in text": {
    table: "v text",
    select:
      "SELECT CASE WHEN i = 40000 THEN 'a' || chr(0) || 'b' ELSE 'x' || i END AS v FROM range(50000) r(i)",
    message: /NUL character .*row 40001 of the batch, column "v"/,
    row: 40001,
    value: "a\0b",
  },
  "bigint into integer": {
    table: "v integer",
    select: "SELECT CASE WHEN i = 3 THEN 2147483648 ELSE i END AS v FROM range(5) r(i)",
    message: /out of the range of integer \(row 4 of the batch, column "v", value "2147483648"\)/,
    row: 4,
    value: "2147483648",
  },
  "uint64 into bigint": {
    table: "v bigint",
    select: "SELECT CASE WHEN i = 1 THEN 9223372036854775808 ELSE 7 END::UBIGINT AS v FROM range(5) r(i)",
    message: /out of the range of bigint/,
    row: 2,
    value: "9223372036854775808",
  },
  "negative bigint into smallint": {
    table: "v smallint",
    select: "SELECT (-32769)::BIGINT AS v",
    message: /out of the range of smallint/,
    row: 1,
    value: "-32769",
  },
  "too long for varchar": {
    table: "v varchar(3)",
    select: "SELECT 'größ' AS v",
    message: /4 characters and the column takes 3/,
    row: 1,
    value: "größ",
  },
  "a time that would be rounded": {
    table: "v timestamp(3)",
    select:
      "SELECT TIMESTAMP '2020-01-01 00:00:00.123' AS v UNION ALL SELECT TIMESTAMP '2020-01-01 00:00:00.1234'",
    message: /would be rounded/,
    row: 2,
  },
  "a year beyond PostgreSQL's": {
    table: "v date",
    select: "SELECT DATE '1970-01-01' + 2145042906 AS v",
    message: /out of the range of date/,
    row: 1,
  },
  "no UUID": { table: "v uuid", select: "SELECT 'abc' AS v", message: /no UUID/, row: 1, value: "abc" },
  "no JSON": { table: "v json", select: "SELECT '{' AS v", message: /json/i, row: 1, value: "{" },
  "no label of an enum": {
    table: "v mood",
    select: "SELECT CASE WHEN i = 123456 THEN 'blue' ELSE 'sad' END AS v FROM range(150000) r(i)",
    message: /invalid input value for enum mood.*row 123457 of the batch, column "v", value "blue"/,
    row: 123457,
    value: "blue",
  },
  "too many digits": {
    table: "v numeric(5,2)",
    select: "SELECT (-1000)::DECIMAL(18,2) AS v",
    message: /numeric field overflow; .*row 1 of the batch, column "v", value "-1000.00"/,
    row: 1,
  },
  "no address, read by the server": {
    table: "v inet",
    select: "SELECT CASE WHEN i = 71 THEN 'nowhere' ELSE '10.0.0.' || i END AS v FROM range(100) r(i)",
    message:
      /invalid input syntax for type inet: "nowhere" \(row 72 of the batch, column "v", value "nowhere"\)/,
    row: 72,
    value: "nowhere",
  },
  "too long for bit(3)": {
    table: "v bit(3)",
    select: "SELECT '1010' AS v",
    message: /does not match type bit\(3\)/,
    row: 1,
  },
  "a domain's check": {
    table: "v positive",
    select: "SELECT i - 2 AS v FROM range(5, 0, -1) r(i)",
    message: /value for domain positive violates.*row 4 of the batch, column "v", value "0"\)/,
    row: 4,
  },
};

for (const [name, fault] of Object.entries(FAULTS)) {
  postgresTest(`refused with row, column and value: ${name}`, async (server) => {
    const place = await Place.make(server);
    await place.run(
      `CREATE TYPE mood AS ENUM ('sad', 'happy'); CREATE DOMAIN positive AS bigint CHECK (VALUE > 0); CREATE TABLE t (${fault.table})`,
    );
    await assert.rejects(place.load("t", [fault.select]), (error: ConnectorError) => {
      assert.match(error.message, fault.message);
      assert.ok(["VALUE_ERROR", "CONSTRAINT_VIOLATED"].includes(error.code), error.code);
      assert.equal(error.context.row, fault.row);
      if (fault.value !== undefined) assert.equal(error.context.value, fault.value);
      return true;
    });
    assert.deepEqual(await place.rows("SELECT * FROM t"), []);
    await place.load("t", [`SELECT * FROM (${fault.select}) LIMIT 0`]);
  });
}

postgresTest("columns of other types take what fits", async (server) => {
  const place = await Place.make(server);
  await place.run(`CREATE TYPE mood AS ENUM ('sad', 'happy'); CREATE DOMAIN id AS integer CHECK (VALUE > 0);
    CREATE DOMAIN ids AS id[];
    CREATE TABLE t (i2 smallint, i4 integer, n numeric, n2 numeric(20,3), f double precision, vc varchar(5), c char(4),
      j json, jb jsonb, u uuid, m mood, ip inet, mac macaddr, r int4range, tv tsvector, b bit(4), x xml, d id, ds ids,
      ms mood[], vcs varchar(3)[], ts0 timestamp(0), ts timestamp, t text, "Odd ""name" bigint, p point, s jsonb, l json)`);
  await place.load("t", [
    `SELECT 7::BIGINT AS i2, 8::BIGINT AS I4, 9::UBIGINT AS n, 1.25::DECIMAL(9,2) AS n2, 5::INTEGER AS f, 'größe' AS vc, 'ab' AS c,
      '{"b": 1, "b":2}' AS j, '{"b": 1, "a":2}' AS jb, 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11' AS u, 'sad' AS m, '10.0.0.0/8' AS ip,
      '08:00:2b:01:02:03' AS mac, '[1,5)' AS r, 'a fat cat' AS tv, '1010' AS b, '<a/>' AS x, 3::BIGINT AS d, [4, 5]::BIGINT[] AS ds,
      ['sad', NULL] AS ms, ['abc'] AS vcs, TIMESTAMP '2020-01-01 00:00:01' AS ts0, DATE '2020-02-03' AS ts, 12.50::DECIMAL(9,2) AS t,
      1 AS "odd ""name", '(1,2)' AS p, {'a': 1, 'b': {'c': [1.5]}} AS s, [[1, 2], [3]] AS l`,
  ]);
  assert.deepEqual(await place.rows("SELECT * FROM t"), [
    `(7,8,9,1.250,5,größe,"ab  ","{""b"": 1, ""b"":2}","{""a"": 2, ""b"": 1}",a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11,sad,10.0.0.0/8,` +
    `08:00:2b:01:02:03,"[1,5)","'a' 'cat' 'fat'",1010,<a/>,3,"{4,5}","{sad,NULL}",{abc},"2020-01-01 00:00:01","2020-02-03 00:00:00",` +
    `12.50,1,"(1,2)","{""a"": 1, ""b"": {""c"": [1.5]}}","[[1,2],[3]]")`,
  ]);
});

const MISFITS: Record<string, [column: string, value: string]> = {
  "text into a number": ["integer", "'7'"],
  "text into a date": ["date", "'2020-01-01'"],
  "a double into numeric": ["numeric(10,2)", "1.5::DOUBLE"],
  "a double into real": ["real", "1.5::DOUBLE"],
  "decimals into fewer decimals": ["numeric(10,1)", "1.55::DECIMAL(10,2)"],
  "an instant into a time without a zone": ["timestamp", "TIMESTAMPTZ '2020-01-01 00:00:00+00'"],
  "a time without a zone into an instant": ["timestamptz", "TIMESTAMP '2020-01-01 00:00:00'"],
  "bytes into text": ["text", "'a'::BLOB"],
  "text into a name, which is cut": ["name", "'a'"],
  "bigint into a double": ["double precision", "1::BIGINT"],
  "lists of lists into an array": ["integer[]", "[[1]]"],
};

for (const [name, [column, value]] of Object.entries(MISFITS)) {
  postgresTest(`type mismatch: ${name}`, async (server) => {
    const place = await Place.make(server);
    await place.run(`CREATE TABLE t (v ${column})`);
    await assert.rejects(place.load("t", [`SELECT ${value} AS v`]), { code: "TYPE_MISMATCH" });
    assert.deepEqual(await place.rows("SELECT * FROM t"), []);
  });
}
