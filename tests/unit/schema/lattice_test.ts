import assert from "node:assert/strict";
import fc from "fast-check";
import { createSession } from "../../../src/batch/mod.ts";
import { converter } from "../../../src/engine/converter.ts";
import { fits, join, keepsKind } from "../../../src/schema/mod.ts";
import { engineType, formatType, type LogicalType, parseType } from "../../../src/sdk/mod.ts";

const type = (text: string): LogicalType => parseType(text)!;

/** Types as text, fields of records in one order: a record is a set of fields. */
function canonical(of: LogicalType): string {
  if (of.kind === "array") return `array<${canonical(of.items)}>`;
  if (of.kind !== "struct") return formatType(of);
  return `struct<${of.fields.map((f) => `${f.name}: ${canonical(f.type)}`).sort().join(", ")}>`;
}

const integer = fc.record({
  kind: fc.constant("integer" as const),
  bits: fc.constantFrom(8 as const, 16 as const, 32 as const, 64 as const),
  unsigned: fc.boolean(),
}).map(({ unsigned, ...rest }): LogicalType => unsigned ? { ...rest, unsigned } : rest);
const decimal = fc.tuple(fc.integer({ min: 1, max: 38 }), fc.nat(38)).map((
  [precision, scale],
): LogicalType => ({
  kind: "decimal",
  precision,
  scale: Math.min(scale, precision),
}));
const simple = fc.constantFrom(
  ...[
    "string",
    "float",
    "float32",
    "boolean",
    "date",
    "time",
    "datetime",
    "datetime(tz)",
    "interval",
    "uuid",
    "binary",
    "json",
  ]
    .map(type),
);
const { any } = fc.letrec<{ any: LogicalType; array: LogicalType; struct: LogicalType }>((tie) => ({
  any: fc.oneof({ depthSize: "small" }, integer, decimal, simple, tie("array"), tie("struct")),
  array: tie("any").map((items) => ({ kind: "array", items })),
  struct: fc.uniqueArray(fc.tuple(fc.constantFrom("a", "b", "c"), tie("any")), {
    minLength: 1,
    maxLength: 3,
    selector: ([name]) => name,
  }).map((fields) => ({ kind: "struct", fields: fields.map(([name, type]) => ({ name, type })) })),
}));

Deno.test("join is commutative, associative and idempotent", () => {
  fc.assert(
    fc.property(any, any, any, (a, b, c) => {
      assert.equal(canonical(join(a, a)), canonical(a));
      assert.equal(canonical(join(a, b)), canonical(join(b, a)));
      assert.equal(canonical(join(join(a, b), c)), canonical(join(a, join(b, c))));
    }),
    { numRuns: 5000 },
  );
});

Deno.test("a join is above both: joined again it stays what it is", () => {
  fc.assert(
    fc.property(any, any, (a, b) => {
      const both = join(a, b);
      assert.equal(canonical(join(a, both)), canonical(both));
      assert.equal(canonical(join(both, b)), canonical(both));
    }),
    { numRuns: 3000 },
  );
});

Deno.test("what fits a type fits all that is above it, but for floats, whose values are checked, and bytes", () => {
  const odd = (t: LogicalType): boolean =>
    t.kind === "array"
      ? odd(t.items)
      : t.kind === "struct"
      ? t.fields.some((f) => odd(f.type))
      : t.kind === "float" || t.kind === "binary";
  fc.assert(
    fc.property(any, any, (a, b) => {
      const both = join(a, b);
      assert.ok(fits(a, both) || odd(a) || odd(both), `${formatType(a)} fits ${formatType(both)}`);
      assert.ok(fits(a, a));
    }),
    { numRuns: 3000 },
  );
});

Deno.test("fits is transitive", () => {
  fc.assert(
    fc.property(any, any, any, (a, b, c) => {
      fc.pre(fits(a, b) && fits(b, c));
      assert.ok(fits(a, c), `${formatType(a)} → ${formatType(b)} → ${formatType(c)}`);
    }),
    { numRuns: 200, maxSkipsPerRun: 1000 },
  );
});

Deno.test("joins as the table in the docs has them", async (t) => {
  const cases: [string, string, string][] = [
    ["int8", "int32", "int32"],
    ["uint8", "int8", "int16"],
    ["uint32", "int32", "int64"],
    ["uint64", "int64", "decimal(20,0)"],
    ["int64", "decimal(5,2)", "decimal(21,2)"],
    ["uint64", "decimal(5,2)", "decimal(22,2)"],
    ["decimal(5,2)", "decimal(6,4)", "decimal(7,4)"],
    ["decimal(38,0)", "decimal(38,38)", "float"],
    ["int64", "float", "float"],
    ["decimal(5,2)", "float", "float"],
    ["float32", "int8", "float"],
    ["float32", "float", "float"],
    ["date", "datetime", "datetime"],
    ["date", "datetime(tz)", "string"],
    ["datetime", "datetime(tz)", "string"],
    ["date", "time", "string"],
    ["boolean", "int64", "string"],
    ["uuid", "string", "string"],
    ["json", "string", "string"],
    ["json", "int64", "string"],
    ["array<int32>", "array<int64>", "array<int64>"],
    ["array<int32>", "struct<a: int32>", "json"],
    ["struct<a: int32>", "struct<b: date>", "struct<a: int32, b: date>"],
    ["struct<a: int32>", "struct<a: decimal(3,1)>", "struct<a: decimal(20,1)>"],
    ["struct<a: int32>", "json", "json"],
    ["array<int32>", "int32", "string"],
    ["interval", "int64", "string"],
  ];
  for (const [a, b, joined] of cases) {
    await t.step(`${a} and ${b}`, () => assert.equal(formatType(join(type(a), type(b))), joined));
  }
  const docs = await Deno.readTextFile(new URL("../../../docs/types.md", import.meta.url));
  await t.step("the docs name each of them", () => {
    for (const [a, b, joined] of cases) {
      const row = new RegExp(
        `^\\| \`${RegExp.escape(a)}\`\\s*\\| \`${RegExp.escape(b)}\`\\s*\\| \`${RegExp.escape(joined)}\``,
        "m",
      );
      assert.match(docs, row, `docs/types.md: ${a} and ${b}`);
    }
  });
});

Deno.test("numbers stay numbers and times times, or it is told", () => {
  assert.ok(keepsKind(type("int64"), type("decimal(21,2)")));
  assert.ok(keepsKind(type("date"), type("datetime")));
  assert.ok(keepsKind(type("struct<a: int8>"), type("struct<a: int64, b: date>")));
  assert.ok(!keepsKind(type("int64"), type("string")));
  assert.ok(!keepsKind(type("struct<a: int8>"), type("json")));
});

/** Values at the ends of each type, as SQL. */
const VALUES: Record<string, readonly string[]> = {
  int8: ["-128", "127"],
  int16: ["-32768", "32767"],
  int32: ["-2147483648", "2147483647"],
  int64: ["-9223372036854775808", "9223372036854775807", "9007199254740993"],
  uint8: ["255"],
  uint16: ["65535"],
  uint32: ["4294967295"],
  uint64: ["18446744073709551615"],
  "decimal(5,2)": ["999.99", "-0.01"],
  "decimal(38,0)": ["99999999999999999999999999999999999999"],
  float32: ["1.5", "'-inf'"],
  float: ["0.1", "1e300", "'nan'"],
  boolean: ["true"],
  date: ["'0001-01-01'", "'9999-12-31'"],
  datetime: ["'2024-01-02 03:04:05.000001'"],
  "datetime(tz)": ["'2024-01-02 03:04:05.000001+00'"],
  time: ["'23:59:59.999999'"],
  uuid: ["'5b6f3a44-1c1e-4f5e-9b1a-0d7e3a0c1f00'"],
  json: [`'{"a": 1.50}'`],
  string: ["'007'", "''"],
};

Deno.test("values survive the way into the join and back, or are refused", async () => {
  const session = await createSession();
  try {
    const names = Object.keys(VALUES);
    const tests: string[] = [];
    for (const a of names) {
      for (const b of names) {
        const [from, to] = [type(a), join(type(a), type(b))];
        const there = converter(from, to, { lossy: false });
        const back = converter(to, from, { lossy: false });
        assert.ok(there !== undefined, `${a} becomes ${formatType(to)}`);
        // A conversion back is not always there (text is no interval again); where it is, it gives the value.
        if (back === undefined) continue;
        for (const value of VALUES[a]!) {
          const x = `CAST(${value} AS ${engineType(from)})`;
          const text = `CAST(${x} AS VARCHAR)`;
          const again = `CAST(${back.tolerant(there.tolerant(x))} AS VARCHAR)`;
          tests.push(
            `SELECT '${a} and ${b}: ' || ${text} AS what, ${
              there.unfit(x)
            } AS refused, ${again} = ${text} AS same`,
          );
        }
      }
    }
    const rows = await session.query<{ what: string; refused: boolean; same: boolean | null }>(
      tests.join(" UNION ALL "),
    );
    assert.ok(rows.length > 300, `${rows.length} values`);
    const wrong = rows.filter(({ refused, same }) => !refused && same !== true).map(({ what }) => what);
    assert.deepEqual(wrong, []);
    // Only a float may have to refuse.
    assert.ok(
      rows.filter(({ refused }) => refused).every(({ what }) =>
        / (float|float32):|^float|decimal\(38,0\)/.test(what)
      ),
    );
  } finally {
    await session.close();
  }
});
