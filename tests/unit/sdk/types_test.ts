import assert from "node:assert/strict";
import fc from "fast-check";
import {
  engineType,
  formatType,
  type LogicalType,
  nearest,
  parseType,
  sameType,
  TYPE_NAMES,
} from "../../../src/sdk/mod.ts";

Deno.test("parseType: what recipes write", () => {
  const cases: [string, string | undefined][] = [
    ["str", "string"],
    ["  Integer ", "int64"],
    ["int", "int64"],
    ["integer(16)", "int16"],
    ["uint32", "uint32"],
    ["float", "float"],
    ["float(32)", "float32"],
    ["decimal", "decimal(38,9)"],
    ["decimal(10)", "decimal(10,0)"],
    ["decimal( 10 , 2 )", "decimal(10,2)"],
    ["decimal(39,2)", undefined],
    ["decimal(4,5)", undefined],
    ["integer(12)", undefined],
    ["datetime", "datetime"],
    ["datetime(tz)", "datetime(tz)"],
    ["timestamptz", "datetime(tz)"],
    ["array<array<int>>", "array<array<int64>>"],
    ["list<date>", "array<date>"],
    ['struct<a: int, "b c": array<date>>', 'struct<a: int64, "b c": array<date>>'],
    ["struct<a int>", undefined],
    ["array<int", undefined],
    ["int)", undefined],
    ["strng", undefined],
    ["", undefined],
  ];
  for (const [text, expected] of cases) {
    const type = parseType(text);
    assert.equal(type && formatType(type), expected, `parseType(${JSON.stringify(text)})`);
  }
});

Deno.test("parseType reads each name of TYPE_NAMES", () => {
  for (const name of TYPE_NAMES) assert.notEqual(parseType(name), undefined, name);
});

const scalar: fc.Arbitrary<LogicalType> = fc.oneof(
  fc.constantFrom("string", "boolean", "date", "time", "interval", "uuid", "binary", "json").map((kind) =>
    ({ kind }) as LogicalType
  ),
  fc.record({
    kind: fc.constant("integer" as const),
    bits: fc.constantFrom(8 as const, 16 as const, 32 as const, 64 as const),
    unsigned: fc.boolean(),
  }),
  fc.record({ kind: fc.constant("float" as const), bits: fc.constantFrom(32 as const, 64 as const) }),
  fc.integer({ min: 1, max: 38 }).chain((precision) =>
    fc.integer({ min: 0, max: precision }).map((scale) => ({ kind: "decimal" as const, precision, scale }))
  ),
  fc.boolean().map((tz) => ({ kind: "datetime" as const, tz })),
);

const anyType = fc.letrec<{ type: LogicalType }>((tie) => ({
  type: fc.oneof(
    { depthSize: "small" },
    scalar,
    tie("type").map((items) => ({ kind: "array" as const, items })),
    fc.array(fc.record({ name: fc.string({ minLength: 1 }), type: tie("type") }), {
      minLength: 1,
      maxLength: 3,
    })
      .map((fields) => ({ kind: "struct" as const, fields })),
  ),
})).type;

Deno.test("formatType and parseType are each other's inverse", () => {
  fc.assert(fc.property(anyType, (type) => {
    const back = parseType(formatType(type));
    assert.ok(back !== undefined && sameType(back, type), formatType(type));
    assert.ok(engineType(type).length > 0);
  }));
});

Deno.test("nearest: what was meant", () => {
  const known = ["postgres", "duckdb", "filestore", "csv", "source", "destination"];
  const cases: [string, string | undefined][] = [
    ["postgress", "postgres"],
    ["DuckDB", "duckdb"],
    ["ducdkb", "duckdb"],
    ["destnation", "destination"],
    ["csw", "csv"],
    ["kafka", undefined],
    ["x", undefined],
  ];
  for (const [word, expected] of cases) assert.equal(nearest(word, known), expected, word);
});
