import assert from "node:assert/strict";
import { widen } from "../../../src/formats/parquet_scan.ts";
import { DataLoaderError, formatType, parseType } from "../../../src/sdk/mod.ts";
import { type Lab, lab, type ReadOptions } from "./support.ts";

async function make(l: Lab, name: string, select: string): Promise<string> {
  const path = `${l.folder}/${name}`;
  await l.session.run(`COPY (${select}) TO '${path}' (FORMAT parquet)`);
  return path;
}

async function failure(l: Lab, files: string | string[], options?: ReadOptions): Promise<DataLoaderError> {
  const error = await l.read(files, options).then(() => undefined, (e) => e);
  assert.ok(error instanceof DataLoaderError, `expected a DataLoaderError, got ${error}`);
  return error;
}

Deno.test(
  "files whose columns differ",
  lab(async (l) => {
    const a = await make(l, "a.parquet", "SELECT 1::INTEGER AS id, 'x' AS name");
    const swapped = await make(l, "b.parquet", "SELECT 'y' AS name, 2::BIGINT AS id");
    const lacking = await make(l, "c.parquet", "SELECT 3::INTEGER AS id");
    const more = await make(l, "d.parquet", "SELECT 4::INTEGER AS id, 'z' AS name, DATE '2024-01-01' AS day");
    const other = await make(l, "e.parquet", "SELECT DATE '2024-01-01' AS id, 'z' AS name");
    assert.deepEqual((await l.read([a, swapped])).types, { id: "int64", name: "string" });
    assert.deepEqual((await l.read([a, swapped])).rows, [{ id: 1n, name: "x" }, { id: 2n, name: "y" }]);
    const missing = await failure(l, [a, lacking]);
    assert.deepEqual([missing.code, missing.context.file, missing.context.column], [
      "MISSING_COLUMN",
      lacking,
      "name",
    ]);
    assert.deepEqual((await l.read([a, lacking], { input: { missingColumns: "null" } })).rows, [
      { id: 1, name: "x" },
      { id: 3, name: null },
    ]);
    assert.match((await l.read([a, more])).warnings.join(), /"day" is new in .*d\.parquet/);
    const mismatch = await failure(l, [a, other]);
    assert.deepEqual([mismatch.code, mismatch.context.column, mismatch.context.file], [
      "TYPE_MISMATCH",
      "id",
      other,
    ]);
    assert.deepEqual((await l.read([a, other], { columns: { id: "string" } })).rows, [
      { id: "1", name: "x" },
      { id: "2024-01-01", name: "z" },
    ]);
    const half = await make(l, "f.parquet", "SELECT 1.5::DOUBLE AS id, 'z' AS name");
    assert.deepEqual((await l.read([a, half])).types, { id: "float", name: "string" });
    assert.equal((await failure(l, [a, half], { columns: { id: "int" } })).code, "CONVERSION_FAILED");
    const exact = await make(l, "g.parquet", "SELECT 9007199254740993 AS id, 'z' AS name");
    assert.equal((await failure(l, [half, exact])).code, "CONVERSION_FAILED");
    assert.equal((await failure(l, a, { columns: { nmae: "string" } })).code, "UNKNOWN_COLUMN");
  }),
);

Deno.test(
  "bad files are named",
  lab(async (l) => {
    const whole = await make(l, "a.parquet", "SELECT range AS i FROM range(1000)");
    const bytes = await Deno.readFile(whole);
    const cases: [string, Uint8Array][] = [
      ["empty", new Uint8Array()],
      ["text", new TextEncoder().encode("id,name\n1,x\n")],
      ["cut off", bytes.subarray(0, bytes.length / 2)],
      ["tail only", bytes.subarray(bytes.length / 2)],
    ];
    for (const [name, content] of cases) {
      const path = await l.put(`${name}.parquet`, content);
      const error = await failure(l, [whole, path]);
      assert.equal(error.code, "CORRUPT_FILE", `${name}: ${error.message}`);
      assert.ok(error.message.includes(path), `${name}: ${error.message}`);
    }
  }),
);

Deno.test(
  "names with glob characters, file names, no rows, 10,000 columns",
  lab(async (l) => {
    const odd = await make(l, "a[1].parquet", "SELECT 1 AS i");
    await make(l, "a1.parquet", "SELECT 9 AS i");
    const none = await make(l, "b.parquet", "SELECT 1 AS i WHERE false");
    const { rows } = await l.read([odd, none], { input: { filenameColumn: "f" } });
    assert.deepEqual(rows, [{ i: 1, f: odd }]);
    assert.deepEqual((await l.read(none)).types, { i: "int32" });
    const wide = Array.from({ length: 10_000 }, (_, i) => `${i} AS c${i}`).join(", ");
    assert.equal(
      Object.keys((await l.read(await make(l, "wide.parquet", `SELECT ${wide}`))).types).length,
      10_000,
    );
  }),
);

Deno.test("widen: the type that holds all values of both", () => {
  const cases: [string, string, string | undefined][] = [
    ["int32", "int64", "int64"],
    ["uint8", "int8", "int16"],
    ["uint32", "int64", "int64"],
    ["uint64", "int64", "decimal(20,0)"],
    ["float32", "float", "float"],
    ["int64", "float", "float"],
    ["int32", "decimal(10,2)", "decimal(21,2)"],
    ["decimal(10,2)", "decimal(12,4)", "decimal(12,4)"],
    ["decimal(38,2)", "decimal(38,10)", "float"],
    ["string", "int64", undefined],
    ["date", "datetime", "datetime"],
    ["date", "datetime(tz)", undefined],
  ];
  for (const [a, b, expected] of cases) {
    const wider = widen(parseType(a)!, parseType(b)!);
    assert.equal(wider && formatType(wider), expected, `${a} ${b}`);
    const swapped = widen(parseType(b)!, parseType(a)!);
    assert.equal(swapped && formatType(swapped), expected, `${b} ${a}`);
  }
});
