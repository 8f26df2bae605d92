/** The first lines of CSV files: whatever they look like, every row comes through, or an error says why not. */
import assert from "node:assert/strict";
import { DataLoaderError } from "../../../src/sdk/mod.ts";
import { lab, type ReadOptions } from "./support.ts";

const ROWS = [{ id: "1", name: "x" }, { id: "2", name: "y" }];
const TEXT = { all_text: true };

Deno.test(
  "headers that are read: all rows come through",
  lab(async (l) => {
    const cases: [string, string, ReadOptions["options"]?][] = [
      ["plain", "id,name\n1,x\n2,y\n"],
      ["quoted", '"id","name"\n1,x\n2,y\n'],
      ["blank before a quote", 'id, "name"\n1,x\n2,y\n'],
      ["blank behind a quote", '"id" ,"name" \n1,x\n2,y\n'],
      ["blank before a name", "id, name\n1,x\n2,y\n"],
      ["blanks around all", " id , name \n1,x\n2,y\n"],
      ["custom quote", "id,'name'\n1,x\n2,'y'\n", { quote: "'" }],
      ["CR only", "id,name\r1,x\r2,y\r"],
      ["CR only, quoted", '"id","name"\r1,x\r2,y\r'],
      ["CR LF", "id,name\r\n1,x\r\n2,y\r\n"],
      ["byte order mark", "\ufeffid,name\n1,x\n2,y\n"],
      ["byte order mark and quote", '\ufeff"id","name"\n1,x\n2,y\n'],
      ["blank lines above", "\n\nid,name\n1,x\n2,y\n"],
      ["blank lines above, CR LF", "\r\n\r\nid,name\r\n1,x\r\n2,y\r\n"],
      ["comments above", "#a\n# b, c\nid,name\n1,x\n2,y\n", { comment: "#" }],
      ["comment with quotes", '#"is" so\nid,name\n1,x\n2,y\n', { comment: "#" }],
      ["comment, blank line, comment", "#a\n\n#b\nid,name\n1,x\n2,y\n", { comment: "#" }],
      ["comments below", "id,name\n#a\n1,x\n#b\n2,y\n", { comment: "#" }],
      ["skipped lines", "Report\n\nid,name\n1,x\n2,y\n", { skip_lines: 1 }],
      ["skipped blank line", "\nReport\nid,name\n1,x\n2,y\n", { skip_lines: 2 }],
      ["skipped comment and line", "#c\nReport\nid,name\n1,x\n2,y\n", { skip_lines: 2, comment: "#" }],
      ["skipped line with quotes", 'Report "May"\nid,name\n1,x\n2,y\n', { skip_lines: 1 }],
      ["skipped wide line", "a,b,c,d\nid,name\n1,x\n2,y\n", { skip_lines: 1 }],
    ];
    for (const [index, [name, content, options]] of cases.entries()) {
      const path = await l.put(`ok${index}.csv`, content);
      const { rows } = await l.read(path, { options: { ...TEXT, ...options } });
      assert.deepEqual(rows, ROWS, name);
    }
    const odd = await l.put("odd.csv", 'id,"na\nme"\n1,x\n');
    assert.deepEqual((await l.read(odd, { options: TEXT })).rows, [{ id: "1", "na\nme": "x" }]);
    const other = await l.put("other.csv", 'id,na"me\n1,x\n');
    for (const quote of ["", "'"]) {
      const { rows } = await l.read(other, { options: { ...TEXT, quote } });
      assert.deepEqual(rows, [{ id: "1", 'na"me': "x" }], `quote ${quote}`);
    }
    const alone = await l.put("alone.csv", '"id","name"');
    assert.deepEqual((await l.read(alone, { options: TEXT })).rows, []);
    const bare = await l.put("bare.csv", "\n\n1,x\n2,y\n");
    assert.equal((await l.read(bare, { options: { header: false } })).rows.length, 2);
  }),
);

Deno.test(
  "headers that would lose rows are refused, naming file and line",
  lab(async (l) => {
    const cases: [string, string, ReadOptions["options"], number | undefined, RegExp][] = [
      ["text behind a quote", 'id,"na"me\n1,a\n2,b\n', {}, 1, /`quote: ""`/],
      ["a quote within quotes", 'id, "t a"b",c\n1,a,b\n', {}, 1, /`quote: ""`/],
      ["a quote within a name", 'id,na"me\n1,a\n', {}, 1, /`quote: ""`/],
      ["JSON lines", '{"id": 1, "v": "a"}\n{"id": 2, "v": "b"}\n', {}, 1, /type: jsonl/],
      ["below other lines", '#c\n\nid,"na"me\n1,a\n', { comment: "#" }, 3, /quote/],
      ["below skipped lines", 'T\nid,"na"me\n1,a\n', { skip_lines: 1 }, 2, /quote/],
      [
        "skipped line that the engine can't pass",
        '"T" x\nid,v\n1,a\n',
        { skip_lines: 1 },
        undefined,
        /above the header/,
      ],
      ["line ends of two kinds", "id,v\n1,a\r\n2,b\r\n", {}, undefined, /./],
    ];
    for (const [index, [name, content, options, line, hint]] of cases.entries()) {
      const path = await l.put(`bad${index}.csv`, content);
      const error = await l.read(path, { options }).then(() => undefined, (e) => e);
      assert.ok(error instanceof DataLoaderError, `${name}: taken`);
      assert.equal(error.code, "CSV_ERROR", `${name}: ${error.message}`);
      assert.ok(error.message.includes(path), `${name}: ${error.message}`);
      if (line !== undefined) assert.equal(error.context.line, line, name);
      assert.match(error.hint ?? "", hint, `${name}: ${error.hint}`);
    }
    const path = await l.put("short.csv", "id,v\n1,a\n");
    const error = await l.read(path, { options: { skip_lines: 9 } }).then(() => undefined, (e) => e);
    assert.deepEqual([error.code, error.hint], ["EMPTY_FILE", "lower `skip_lines`"]);
  }),
);
