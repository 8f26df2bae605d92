import assert from "node:assert/strict";
import { mergeColumns } from "../../../src/formats/columns.ts";
import { firstRecords, headerNames, lineOfRecord, sniffDelimiter } from "../../../src/formats/csv_records.ts";
import { withoutLines } from "../../../src/formats/csv_head.ts";
import { spread, unusedName } from "../../../src/formats/csv_select.ts";
import { engineName, pathList } from "../../../src/formats/engine_paths.ts";
import { sampleRows } from "../../../src/formats/infer.ts";
import { unknownKey } from "../../../src/formats/json_types.ts";
import { parseType } from "../../../src/sdk/mod.ts";
import { lab } from "./support.ts";

const plain = { delimiter: ",", quote: '"', escape: '"', comment: "" };

Deno.test("firstRecords: quotes, line ends, cut-off heads", () => {
  const cases: [string, boolean, string[][], boolean][] = [
    ["a,b\n1,2\n", true, [["a", "b"], ["1", "2"]], true],
    ["a,b\r\n1,2", true, [["a", "b"], ["1", "2"]], true],
    ["a,b\n1,2", false, [["a", "b"]], false],
    ['a,"b', false, [], false],
    ['a,"b', true, [], false],
    ['"a ""x""","b\nc"\n', true, [['a "x"', "b\nc"]], true],
    ["\n\n a,\n", true, [[" a", ""]], true],
    ["", true, [], true],
  ];
  for (const [text, atEnd, records, complete] of cases) {
    const found = firstRecords(text, plain, { limit: 5, atEnd });
    assert.deepEqual([found.records, found.complete], [records, complete], JSON.stringify(text));
  }
});

Deno.test("sniffDelimiter: comma unless header and lines speak for another", () => {
  const cases: [string, string][] = [
    ["a,b\n1,2\n", ","],
    ["a;b\n1;2\n", ";"],
    ["a|b\n", "|"],
    ["a\tb\n1\t2\n", "\t"],
    ["a\n1\n", ","],
    ["a;b,c\n1;2,3\n", ","],
    ["a;b c,d\n1;2\n3;4\n", ";"],
    ["name;x|y\n1;2|3\n", ","],
  ];
  for (const [text, delimiter] of cases) {
    assert.equal(sniffDelimiter(text, plain, { atEnd: true }), delimiter, JSON.stringify(text));
  }
});

Deno.test("headerNames: unique whatever their case, never empty, none taken from another", () => {
  const cases: [string[], string[]][] = [
    [["a", "b"], ["a", "b"]],
    [["a", "a"], ["a", "a_2"]],
    [["a", "A", "a"], ["a", "A_2", "a_3"]],
    [["a", "a", "a_2"], ["a", "a_3", "a_2"]],
    [["", "x", ""], ["column_1", "x", "column_3"]],
    [["", "column_1"], ["column_1_2", "column_1"]],
  ];
  for (const [cells, names] of cases) assert.deepEqual(headerNames(cells).names, names, cells.join());
});

Deno.test("lineOfRecord counts as the engine's reader does", async () => {
  const find = async (
    text: string,
    record: number,
    options: Partial<Parameters<typeof lineOfRecord>[2]> = {},
  ) =>
    await lineOfRecord(ReadableStream.from([...text].map((char) => new TextEncoder().encode(char))), record, {
      dialect: plain,
      skipLines: 0,
      blankIsRecord: false,
      ...options,
    });
  const cases: [string, number, number | undefined, Partial<Parameters<typeof lineOfRecord>[2]>?][] = [
    ["a\nb\nc\n", 3, 3],
    ["a\r\nb\r\nc", 3, 3],
    ["a\rb\rc", 3, 3],
    ["a\n\n\nb\n", 2, 4],
    ["a\n\nb\n", 2, 2, { blankIsRecord: true }],
    ['a\n"x\n\ny",1\nb\n', 3, 5],
    ['a\n"x""y\n",1\nb\n', 3, 4],
    ["skip\nskip\na\nb\n", 2, 4, { skipLines: 2 }],
    ["#c\na\n#d\nb\n", 2, 4, { dialect: { ...plain, comment: "#" } }],
    ["a\n'x\\'\n',1\nb\n", 3, 4, { dialect: { ...plain, quote: "'", escape: "\\" } }],
    ['a\nx"y\nb\n', 3, 3],
    ["a\n", 9, undefined],
  ];
  for (const [text, record, line, options] of cases) {
    assert.equal(await find(text, record, options), line, JSON.stringify(text));
  }
});

Deno.test("small helpers", () => {
  assert.equal(withoutLines("a\r\nb\nc", 2), "c");
  assert.equal(withoutLines("a", 2), "");
  assert.deepEqual(spread([1, 2, 3, 4, 5, 6, 7], 3), [1, 4, 7]);
  assert.deepEqual(spread([1, 2], 3), [1, 2]);
  assert.equal(unusedName("_file", ["_FILE", "x"]), "__file");
  assert.equal(pathList(["a[1]*?.csv", "it's.csv"]), "['a[[]1][*][?].csv', 'it''s.csv']");
  assert.equal(engineName("a[1].csv"), "./a[1].csv");
  assert.equal(engineName("/x/a[1].csv"), "/x/a[1].csv");
  assert.equal(engineName("a.csv"), "a.csv");
  assert.equal(sampleRows(-1, 10), undefined);
  assert.equal(sampleRows(7, 10_000), 7);
  assert.equal(sampleRows(undefined, 3), 20_480);
  assert.equal(sampleRows(undefined, 10_000), 100);
});

Deno.test("mergeColumns: later files may add columns, not lose them", () => {
  const files = (...names: string[][]) => names.map((n, i) => ({ path: `f${i}`, names: n }));
  assert.deepEqual(mergeColumns(files(["a"], ["b", "a"]), { missing: "error" }).names, ["a", "b"]);
  assert.throws(() => mergeColumns(files(["a", "b"], ["a"]), { missing: "error" }), {
    code: "MISSING_COLUMN",
  });
  // A column that came up in the second file is missing in the third, which looks like the first.
  assert.throws(() => mergeColumns(files(["a"], ["a", "b"], ["a"]), { missing: "error" }), {
    code: "MISSING_COLUMN",
  });
  const lenient = mergeColumns(files(["a"], ["a", "b"], ["a"]), { missing: "null" });
  assert.deepEqual(lenient.names, ["a", "b"]);
  assert.equal(lenient.warnings.length, 2);
});

Deno.test("unknownKey walks structures", () => {
  const type = parseType("struct<a: int, l: array<struct<x: int>>, j: json>")!;
  const cases: [unknown, string | undefined][] = [
    [{ a: "BIGINT" }, undefined],
    [{ b: "BIGINT" }, "b"],
    [{ l: [{ x: "BIGINT", y: "BIGINT" }] }, "l[].y"],
    [{ l: ["BIGINT"] }, undefined],
    [{ j: { anything: "BIGINT" } }, undefined],
    ["NULL", undefined],
  ];
  for (const [structure, key] of cases) {
    assert.equal(unknownKey(structure, type), key, JSON.stringify(structure));
  }
});

Deno.test(
  "encode: what text formats have no form for",
  lab(async (l) => {
    const select =
      "SELECT '\\x00\\xFF'::BLOB AS bin, ['a'::BLOB] AS bins, {'b': 'a'::BLOB, 'n': 1} AS s, [1, 2] AS list, " +
      "'NaN'::DOUBLE AS f, NULL::BLOB AS none, INTERVAL 1 DAY AS iv, 1 AS i";
    const { schema } = await l.session.relation(select);
    const { encodeText, textLosses } = await import("../../../src/formats/text_encode.ts");
    const csv = (await (await l.session.relation(encodeText(`(${select})`, schema, "csv"))).toObjects())[0]!;
    assert.deepEqual([csv.bin, csv.bins, csv.s, csv.list, csv.none], [
      "AP8=",
      '["YQ=="]',
      '{"b":"YQ==","n":1}',
      "[1,2]",
      null,
    ]);
    assert.ok(Number.isNaN(csv.f));
    const json =
      (await (await l.session.relation(encodeText(`(${select})`, schema, "json"))).toObjects())[0]!;
    assert.deepEqual([json.bin, json.bins, json.s, json.f], ["AP8=", ["YQ=="], { b: "YQ==", n: 1 }, null]);
    assert.match(textLosses(schema, "csv").join(), /"bin", "bins", "s", "none": binary/);
    assert.match(textLosses(schema, "csv").join(), /"iv": intervals/);
    assert.match(textLosses(schema, "json").join(), /"f": NaN/);
    assert.deepEqual(textLosses({ fields: [schema.fields[7]!] }, "csv"), []);
  }),
);
