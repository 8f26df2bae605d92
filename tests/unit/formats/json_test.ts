import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { DataLoaderError } from "../../../src/sdk/mod.ts";
import { type Lab, lab, type ReadOptions } from "./support.ts";

async function failure(l: Lab, files: string | string[], options?: ReadOptions): Promise<DataLoaderError> {
  const error = await l.read(files, options).then(() => undefined, (e) => e);
  assert.ok(error instanceof DataLoaderError, `expected a DataLoaderError, got ${error}`);
  return error;
}

const lines = (...records: unknown[]) =>
  records.map((r) => typeof r === "string" ? r : JSON.stringify(r)).join("\n") + "\n";

Deno.test(
  "types of JSON Lines",
  lab(async (l) => {
    const cases: [string, string[], string, unknown[]][] = [
      ["int", ["1", "-5"], "int64", [1n, -5n]],
      ["int64 limits", ["9223372036854775807", "-9223372036854775808"], "int64", [
        2n ** 63n - 1n,
        -(2n ** 63n),
      ]],
      ["beyond int64", ["9223372036854775808", "1"], "decimal(38,0)", ["9223372036854775808", "1"]],
      ["30 digits", ["123456789012345678901234567890", "1"], "decimal(38,0)", [
        "123456789012345678901234567890",
        "1",
      ]],
      ["float", ["1.5", "2"], "float", [1.5, 2]],
      ["bool", ["true", "null"], "boolean", [true, null]],
      ["text that is a number", ['"007"', '"1"'], "string", ["007", "1"]],
      ["date", ['"2024-01-01"', "null"], "date", ["2024-01-01", null]],
      ["zone", ['"2024-01-01T10:00:00+02:00"', "null"], "datetime(tz)", ["2024-01-01 08:00:00+00", null]],
      ["no zone", ['"2024-01-01T10:00:00"', "null"], "datetime", ["2024-01-01 10:00:00", null]],
      ["mixed zones", ['"2024-01-01T10:00:00Z"', '"2024-01-01T10:00:00"'], "string", [
        "2024-01-01T10:00:00Z",
        "2024-01-01T10:00:00",
      ]],
      ["other date form", ['"01/02/2024"', "null"], "string", ["01/02/2024", null]],
      ["uuid", ['"6BA7B810-9dad-11d1-80b4-00c04fd430c8"', "null"], "string", [
        "6BA7B810-9dad-11d1-80b4-00c04fd430c8",
        null,
      ]],
      ["conflict", ["1", '"x"'], "json", ["1", '"x"']],
      ["list", ["[1,2]", "[]"], "array<int64>", [[1n, 2n], []]],
      ["struct", ['{"a":1}', '{"b":"x"}'], "struct<a: int64, b: string>", [{ a: 1n, b: null }, {
        a: null,
        b: "x",
      }]],
      ["nested dates stay text", ['{"a":"2024-01-01"}', "null"], "struct<a: string>", [
        { a: "2024-01-01" },
        null,
      ]],
      ["only null", ["null", "null"], "json", [null, null]],
      ["empty text", ['""', "null"], "string", ["", null]],
    ];
    for (const [index, [name, values, type, expected]] of cases.entries()) {
      const path = await l.put(`${index}.jsonl`, values.map((value) => `{"v":${value},"w":1}\n`).join(""));
      const { types, rows } = await l.read(path);
      assert.equal(types.v, type, name);
      assert.deepEqual(rows.map((row) => row.v), expected, name);
    }
  }),
);

Deno.test(
  "documents: arrays, one object, records deeper down",
  lab(async (l) => {
    const cases: [string, string, Record<string, unknown>, unknown[]][] = [
      ["array", '[{"a":1},\n {"a":2}]', {}, [{ a: 1n }, { a: 2n }]],
      ["one object over lines", '{\n  "a": 1,\n  "b": [\n 1 ]\n}', {}, [{ a: 1n, b: [1n] }]],
      ["lines in .json", '{"a":1}\n{"a":2}\n', {}, [{ a: 1n }, { a: 2n }]],
      ["byte order mark", '\ufeff[{"a":1}]', {}, [{ a: 1n }]],
      ["list at a path", '{"n":2,"data":{"items":[{"id":1,"s":{"k":1}},{"id":2}]}}', {
        records_path: "data.items",
      }, [
        { id: 1n, s: { k: 1n } },
        { id: 2n, s: null },
      ]],
      ["object at a path", '{"data":{"id":1}}', { records_path: "data" }, [{ id: 1n }]],
      ["lists on the way", '{"pages":[{"rows":[{"id":1}]},{"rows":[{"id":2},{"id":3}]}]}', {
        records_path: "pages.rows",
      }, [
        { id: 1n },
        { id: 2n },
        { id: 3n },
      ]],
      ["a key named json", '[{"json":1}]', {}, [{ json: 1n }]],
      ["date format", '[{"d":"31.12.2024","t":"x"}]', { date_format: "%d.%m.%Y" }, [{
        d: "2024-12-31",
        t: "x",
      }]],
    ];
    for (const [index, [name, content, options, rows]] of cases.entries()) {
      assert.deepEqual((await l.read(await l.put(`${index}.json`, content), { options })).rows, rows, name);
    }
  }),
);

Deno.test(
  "bad input: the error names file and line",
  lab(async (l) => {
    const cases: [
      string,
      string,
      string | Uint8Array,
      Record<string, unknown>,
      string,
      number | undefined,
    ][] = [
      ["bad line", "a.jsonl", lines({ a: 1 }, { a: 2 }, '{"a":}', { a: 4 }), {}, "JSON_ERROR", 3],
      ["first line", "b.jsonl", lines('{"a":', { a: 2 }), {}, "JSON_ERROR", 1],
      ["cut off", "c.jsonl", `${lines({ a: 1 }, { a: 2 })}{"a":3`, {}, "JSON_ERROR", 3],
      ["blank lines before", "d.jsonl", `{"a":1}\n\n\n{"a":}\n`, {}, "JSON_ERROR", 4],
      ["array cut off", "e.json", '[{"a":1},{"a"', {}, "JSON_ERROR", undefined],
      ["no records", "f.json", "[1,2]", {}, "JSON_ERROR", undefined],
      ["key twice", "g.jsonl", lines('{"a":1,"a":2}'), {}, "JSON_ERROR", 1],
      ["empty", "h.jsonl", "", {}, "EMPTY_FILE", undefined],
      ["empty array", "i.json", "[]", {}, "EMPTY_FILE", undefined],
      [
        "no such path",
        "j.json",
        '{"data":{"items":[]}}',
        { records_path: "data.itmes" },
        "RECORDS_PATH",
        undefined,
      ],
      ["path to no records", "k.json", '{"data":[1]}', { records_path: "data" }, "RECORDS_PATH", undefined],
      ["gzip without ending", "l.jsonl", gzipSync('{"a":1}'), {}, "CORRUPT_FILE", undefined],
      ["utf-16", "m.json", new Uint8Array([0xff, 0xfe, 91, 0]), {}, "ENCODING_ERROR", undefined],
    ];
    for (const [name, file, content, options, code, line] of cases) {
      const path = await l.put(file, content);
      const error = await failure(l, path, { options });
      assert.equal(error.code, code, `${name}: ${error.message}`);
      assert.ok(error.message.includes(path), `${name}: ${error.message}`);
      if (line !== undefined) assert.equal(error.context.line, line, `${name}: ${error.message}`);
    }
  }),
);

Deno.test(
  "what no sample had is found: a broken line, another type, a new key",
  lab(async (l) => {
    const sample = '{"a":1,"n":{"x":1},"l":[{"y":1}]}\n'.repeat(21_000);
    const cases: [string, string, Record<string, unknown>][] = [
      ["broken", '{"a":', { line: 21_001 }],
      ["fraction for a whole number", '{"a":1.7}', { line: 21_001, column: "a", value: "1.7" }],
      ["text for a number", '{"a":"x"}', { line: 21_001, column: "a", value: "x" }],
      ["nested fraction", '{"n":{"x":1.7}}', { line: 21_001, column: "n" }],
      ["fraction in a list of records", '{"l":[{"y":1.7}]}', { line: 21_001, column: "l" }],
      ["new key", '{"a":1,"b":2}', { key: "b", line: 21_001 }],
      ["new nested key", '{"n":{"x":1,"z":2}}', { key: "n.z" }],
      ["new key in a list of records", '{"l":[{"y":1},{"z":2}]}', { key: "l[].z" }],
    ];
    for (const [index, [name, last, context]] of cases.entries()) {
      const path = await l.put(`late${index}.jsonl`, `${sample}${last}\n`);
      const scan = await l.open(path);
      const error = await (async () => {
        const sql = await scan.sql([path]);
        const raw = await l.session.run(`CREATE OR REPLACE TABLE t AS ${sql}`).then(
          () => undefined,
          (e) => e,
        );
        assert.ok(raw instanceof DataLoaderError, `${name} was taken`);
        return await scan.diagnose!([path], raw) ?? raw;
      })().catch((e) => e);
      assert.ok(error instanceof DataLoaderError, name);
      assert.equal(error.code, "JSON_ERROR", `${name}: ${error.message}`);
      for (const [key, value] of Object.entries(context)) {
        assert.equal(error.context[key], value, `${name}: ${error.message}`);
      }
      if (name === "broken") continue;
      const all = await l.read(path, { options: { sample_size: -1 } });
      assert.equal(all.rows.length, 21_001, `${name}: with every record looked at first it loads`);
    }
  }),
);

Deno.test(
  "columns: given types, and files without a record",
  lab(async (l) => {
    const path = await l.put("a.jsonl", lines({ i: 5, d: "1.25", t: { k: 1 }, z: "2024-01-01" }));
    const { types, rows } = await l.read(path, {
      columns: { i: "string", d: "decimal(10,2)", t: "json", z: "string" },
    });
    assert.deepEqual(types, { i: "string", d: "decimal(10,2)", t: "json", z: "string" });
    assert.deepEqual(rows, [{ i: "5", d: "1.25", t: '{"k":1}', z: "2024-01-01" }]);
    const empty = await l.put("b.jsonl", "");
    const none = await l.read(empty, { columns: { i: "int" } });
    assert.deepEqual([none.types, none.rows], [{ i: "int64" }, []]);
    assert.equal((await failure(l, path, { columns: { dd: "int" } })).code, "UNKNOWN_COLUMN");
  }),
);

Deno.test(
  "several files: keys may be absent; names, compression, a value of 50 MB, 10,000 keys",
  lab(async (l) => {
    const a = await l.put("a[1].jsonl", lines({ a: 1 }));
    const b = await l.put("b.jsonl.gz", gzipSync(lines({ b: "x" })));
    assert.deepEqual((await l.read([a, b], { input: { filenameColumn: "f" } })).rows, [
      { a: 1n, b: null, f: a },
      { a: null, b: "x", f: b },
    ]);
    const fat = await l.put("fat.jsonl", lines({ id: 1, v: "x".repeat(50_000_000) }, { id: 2, v: "y" }));
    await assert.rejects(l.open(fat), (error: Error & { hint?: string }) => {
      assert.match(error.message, /fat\.jsonl: one value is larger than 16777216 bytes/);
      assert.match(error.hint!, /maximum_object_size/);
      return true;
    });
    const scan = await l.open(fat, { options: { maximum_object_size: 64_000_000 } });
    assert.deepEqual(
      await l.session.query(`SELECT id, strlen(v) AS n FROM (${await scan.sql([fat])}) ORDER BY id`),
      [{ id: 1n, n: 50_000_000n }, { id: 2n, n: 1n }],
    );
    const record = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`c${i}`, i]));
    const wide = await l.read(await l.put("wide.jsonl", lines(record, record)));
    assert.equal(Object.keys(wide.types).length, 10_000);
    assert.equal(wide.rows[1]!.c9999, 9999n);
  }),
);

Deno.test(
  "a late value that a double or a boolean does not hold stops the load; asked for by name, it is taken",
  lab(async (l) => {
    const sample = '{"f":1.5,"b":true}\n'.repeat(21_000);
    const cases: [string, string, string, Record<string, string>][] = [
      ["infinite", '{"f":1e400}', "f", { f: "string" }],
      ["a whole number that no double holds", '{"f":9007199254740993}', "f", { f: "decimal(20,2)" }],
      ["a number for a boolean", '{"b":1}', "b", { b: "string" }],
    ];
    for (const [index, [name, last, column, columns]] of cases.entries()) {
      const path = await l.put(`held${index}.jsonl`, `${sample}${last}\n`);
      const error = await failure(l, path);
      assert.equal(error.code, "JSON_ERROR", `${name}: ${error.message}`);
      assert.deepEqual([error.context.column, error.context.line], [column, 21_001], name);
      const { rows } = await l.read(path, { columns });
      assert.match(String(rows.at(-1)![column]), /^(1e400|9007199254740993(\.0+)?|1)$/, name);
    }
  }),
);

Deno.test(
  "a key that no sample had is refused also where its column, or another, is not asked for",
  lab(async (l) => {
    const path = await l.put("late.jsonl", '{"a":1,"f":"x"}\n'.repeat(21_000) + '{"a":1,"z":2}\n');
    const scan = await l.open(path, { input: { filenameColumn: "from" } });
    const sql = await scan.sql([path]);
    await assert.rejects(l.session.query(`SELECT max(a) FROM (${sql})`), /unknown key "z"/);
    const whole = await l.put("whole.jsonl", '{"a":1,"f":"x"}\n'.repeat(21_000));
    const read = await l.open(whole, { input: { filenameColumn: "from" } });
    const rows = await l.session.query(
      `SELECT "from", count(*) AS n FROM (${await read.sql([whole])}) GROUP BY 1`,
    );
    assert.deepEqual(rows, [{ from: whole, n: 21_000n }]);
  }),
);
