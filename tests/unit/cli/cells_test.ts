import assert from "node:assert/strict";
import { cellText, csvCell, jsonCell } from "../../../src/cli/cells.ts";
import type { LogicalType } from "../../../src/sdk/mod.ts";

const string: LogicalType = { kind: "string" };

Deno.test("cellText gives a value on one line", () => {
  const cases: [unknown, LogicalType, string][] = [
    [null, string, "NULL"],
    ["", string, ""],
    ["a\nb", string, "a\\nb"],
    [9007199254740993n, { kind: "integer", bits: 64 }, "9007199254740993"],
    [true, { kind: "boolean" }, "true"],
    [1.5, { kind: "float", bits: 64 }, "1.5"],
    [new Uint8Array([1, 255]), { kind: "binary" }, "0x01ff"],
    [[1n, null, "x"], { kind: "array", items: string }, '[1,null,"x"]'],
    [{ a: 1, b: [2n] }, { kind: "struct", fields: [] }, '{"a":1,"b":[2]}'],
    ["x".repeat(50_000_000), string, `${"x".repeat(29)}…`],
  ];
  for (const [value, type, text] of cases) assert.equal(cellText(value, type, 30), text);
  assert.equal(cellText("a\nb", string), "a\nb");
});

Deno.test("jsonCell keeps what JSON's numbers can't hold as text", () => {
  assert.equal(jsonCell(42n), 42);
  assert.equal(jsonCell(9007199254740993n), "9007199254740993");
  assert.equal(jsonCell(NaN), "NaN");
  assert.equal(jsonCell(-Infinity), "-Infinity");
  assert.deepEqual(jsonCell('{"a": 1}', { kind: "json" }), { a: 1 });
  assert.equal(jsonCell('{"a": 12345678901234567890}', { kind: "json" }), '{"a": 12345678901234567890}');
  assert.equal(jsonCell("{not json", { kind: "json" }), "{not json");
  assert.equal(jsonCell('{"a": 1}', string), '{"a": 1}');
});

Deno.test("csvCell quotes what CSV needs quoted, and the empty text", () => {
  const cases: [string, string][] = [
    ["a", "a"],
    ["", '""'],
    ["a,b", '"a,b"'],
    ['say "x"', '"say ""x"""'],
    ["a\nb", '"a\nb"'],
    [" a", '" a"'],
  ];
  for (const [text, cell] of cases) assert.equal(csvCell(text), cell);
});
