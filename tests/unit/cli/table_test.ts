import assert from "node:assert/strict";
import fc from "fast-check";
import { renderTable } from "../../../src/cli/table.ts";
import { displayWidth } from "../../../src/cli/width.ts";

Deno.test("renderTable aligns columns, numbers to the right", () => {
  const { lines, hidden } = renderTable(
    [{ title: "id", subtitle: "int64", align: "right" }, { title: "name", subtitle: "string" }],
    [["1", "Ada"], ["12", "日本"]],
    { width: 40 },
  );
  assert.deepEqual(lines, [
    "   id  name",
    "int64  string",
    "    1  Ada",
    "   12  日本",
  ]);
  assert.deepEqual(hidden, []);
});

Deno.test("renderTable narrows the widest column first", () => {
  const { lines } = renderTable([{ title: "a" }, { title: "b" }], [["short", "x".repeat(50)]], { width: 20 });
  assert.equal(lines[1], "short  xxxxxxxxxxxx…");
});

Deno.test("renderTable leaves columns out from the right and says which", () => {
  const columns = Array.from({ length: 10 }, (_, i) => ({ title: `column_${i}` }));
  const { lines, hidden } = renderTable(columns, [], { width: 30 });
  assert.deepEqual(hidden, columns.slice(4).map((column) => column.title));
  assert.ok(displayWidth(lines[0]!) <= 30, lines[0]);
});

Deno.test("renderTable never makes a line wider than asked", () => {
  const cell = fc.oneof(fc.string({ maxLength: 40 }), fc.constantFrom("日本語日本語", "", "a".repeat(100)))
    // Cells are one-line texts: see `visible`.
    .map((text) => text.replaceAll(/\p{C}/gu, "?"));
  fc.assert(fc.property(
    fc.integer({ min: 1, max: 8 }).chain((count) =>
      fc.tuple(
        fc.array(cell, { minLength: count, maxLength: count }),
        fc.array(fc.array(cell, { minLength: count, maxLength: count }), { maxLength: 5 }),
        fc.integer({ min: 8, max: 120 }),
      )
    ),
    ([titles, rows, width]) => {
      const { lines, hidden } = renderTable(titles.map((title) => ({ title })), rows, { width });
      for (const line of lines) {
        assert.ok(displayWidth(line) <= width, `${displayWidth(line)} > ${width}: ${line}`);
      }
      assert.equal(lines.length, rows.length + 1);
      assert.ok(hidden.length < titles.length);
    },
  ));
});
