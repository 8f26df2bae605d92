/** Edits of recipes in all the ways that recipes are written: what comes out says what was meant, or is not written. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { parse } from "yaml";
import type { Table } from "../../../src/app/testing/mod.ts";
import { editLines, replaceText, whyNotMeant } from "../../../src/cli/recipe_edit.ts";
import { hasSchema, whyNotWithBlock, withBlock } from "../../../src/cli/schema_block.ts";
import { applyEdit } from "../../../src/cli/test_update.ts";
import type { LogicalType } from "../../../src/sdk/mod.ts";

const field = (name: string, type: LogicalType) => ({ name, type, nullable: true });
const TABLE: Table = {
  fields: [
    field("id", { kind: "integer", bits: 64 }),
    field("big", { kind: "decimal", precision: 20, scale: 0 }),
    field("a: b", { kind: "string" }),
    field("on", { kind: "date" }),
    field("o", { kind: "json" }),
  ],
  rows: [
    ["1", "12345678901234567890", 'x\ny\t"z" # {no} \u2028 end ', "2024-01-01", '{"k":[1,"a\\nb"]}'],
    ["9007199254740993", null, "007", null, null],
  ],
};
const MEANT = [
  {
    id: 1,
    big: "12345678901234567890",
    "a: b": 'x\ny\t"z" # {no} \u2028 end ',
    on: "2024-01-01",
    o: { k: [1, "a\nb"] },
  },
  { id: "9007199254740993", big: null, "a: b": "007", on: null, o: null },
];

const FORMS: Record<string, string> = {
  "flow mapping": "name: a # c\ntests:\n  - name: t\n    expect: { rows: [] } # keep\n",
  "flow mapping with the dash": "tests:\n  - expect: { row_count: 1, rows: [ { id: 5 } ] } # keep\n",
  "flow all over": "{name: a, tests: [{name: t, expect: {rows: [{id: 5}]}}]}\n",
  "flow list": "tests:\n  - name: t\n    expect:\n      rows: [] # keep\n      row_count: 2\n",
  "flow list on two lines": "tests:\n- name: t\n  expect:\n    rows: [\n      {id: 1}]\n    row_count: 2\n",
  "block list":
    "tests:\n  - expect:\n      rows:\n        - {id: 9} # keep\n      # more\n      row_count: 2\n",
  "block list, not indented": "tests:\n- expect:\n    rows:\n    - id: 9\n    - id: 10\n# end\n",
  "JSON on one line": `{"name": "a", "tests": [{"expect": {"rows": []}}]}`,
  "JSON indented":
    `{\n  "tests": [\n    {\n      "expect": {\n        "rows": [{"id": 1}]\n      }\n    }\n  ]\n}\n`,
};

Deno.test("rows are written in the form that stands around them, in files of both line ends", () => {
  const path = ["tests", 0, "expect", "rows"];
  for (const [name, lines] of Object.entries(FORMS)) {
    for (const text of [lines, lines.replaceAll("\n", "\r\n")]) {
      for (const rows of [TABLE.rows, []]) {
        const form = name.startsWith("JSON") ? "json" : "yaml";
        const after = applyEdit(text, { path, value: { ...TABLE, rows } }, form);
        const meant = rows.length === 0 ? [] : MEANT;
        const why = whyNotMeant(text, after, {
          path,
          isMeant: (value) => (assert.deepEqual(jsonOf(value), meant, `${name}\n${after}`), true),
        });
        assert.equal(why, undefined, `${name}\n${after}`);
        if (form === "json") JSON.parse(after);
        if (text.includes("\r")) assert.doesNotMatch(after, /(?<!\r)\n/, name);
        if (text.includes("# keep") && !name.startsWith("block")) assert.match(after, /# keep/);
      }
    }
  }
});

/** Whole numbers come as bigints: they are compared by all their digits. */
function jsonOf(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (_, v) => typeof v === "bigint" ? Number(v) : v));
}

Deno.test("an edit that breaks the file, misses or changes more is told", () => {
  const isMeant = (value: unknown) => Number(value) === 2;
  const why = (after: string) => whyNotMeant("a: 1\nb: &x [1]\nc: *x\n", after, { path: ["a"], isMeant });
  assert.equal(why("a: 2\nb: &x [1]\nc: *x\n"), undefined);
  assert.match(why("a: { 2\nb: &x [1]\nc: *x\n")!, /could not be read/);
  assert.equal(why("a: 1\nb: &x [1]\nc: *x\n"), "`a` would not say what is meant");
  assert.equal(why("a: 2\nb: &x [2]\nc: *x\n"), "more than `a` would change");
});

const BLOCK = { mode: "strict", columns: [{ name: "id", type: "integer" }, { name: 'a "b"', type: "text" }] };

Deno.test("a schema block goes into recipes within braces, before comments, and between `\\r\\n`", () => {
  const recipes = [
    "{name: fl, source: {type: csv}, destination: {type: duckdb}}\n",
    "{ name: fl,\n  destination: {type: duckdb} # c\n}\n",
    "{name: fl}",
    "name: fl\nschema: {mode: infer} # old\n# about the destination\ndestination: {type: duckdb}\n",
    "name: fl\nschema:\n  mode: infer\n\n  # inside\n# about the destination\ndestination: {type: duckdb}\n",
    "name: fl\nschema:\ndestination: {type: duckdb}",
  ];
  for (const lines of recipes) {
    for (const text of [lines, lines.replaceAll("\n", "\r\n")]) {
      const after = withBlock(text, BLOCK, "yaml");
      assert.equal(whyNotWithBlock(text, after, BLOCK), undefined, after);
      assert.deepEqual(parse(after).schema, BLOCK);
      assert.ok(hasSchema(after));
      if (text.includes("\r")) assert.doesNotMatch(after, /(?<!\r)\n/);
      if (text.includes("# about")) assert.match(after, /# about the destination\r?\ndestination/);
      assert.equal(withBlock(after, BLOCK, "yaml"), after, "again");
    }
  }
});

Deno.test("lines of two kinds are left as they are", () => {
  assert.equal(editLines("a\r\nb\nc", (text) => text.replace("b", "x\ny")), "a\r\nx\ny\nc");
});

Deno.test({
  name: "a file is replaced as a whole: links and rights stay, and nothing is left beside it",
  ignore: Deno.build.os === "windows",
  async fn() {
    const dir = await Deno.makeTempDir();
    try {
      await Deno.writeTextFile(join(dir, "a.yaml"), "a: 1\n", { mode: 0o640 });
      await Deno.symlink("a.yaml", join(dir, "link.yaml"));
      await replaceText(join(dir, "link.yaml"), "a: 2\n");
      assert.equal(await Deno.readTextFile(join(dir, "a.yaml")), "a: 2\n");
      assert.equal((await Deno.stat(join(dir, "a.yaml"))).mode! & 0o777, 0o640);
      assert.ok((await Deno.lstat(join(dir, "link.yaml"))).isSymlink);
      assert.equal([...Deno.readDirSync(dir)].length, 2);
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  },
});
