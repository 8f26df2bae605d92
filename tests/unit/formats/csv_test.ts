import assert from "node:assert/strict";
import fc from "fast-check";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { DataLoaderError } from "../../../src/sdk/mod.ts";
import { type Lab, lab, type ReadOptions } from "./support.ts";

/** What reading fails with. */
async function failure(l: Lab, files: string | string[], options?: ReadOptions): Promise<DataLoaderError> {
  const error = await l.read(files, options).then(() => undefined, (e) => e);
  assert.ok(error instanceof DataLoaderError, `expected a DataLoaderError, got ${error}`);
  return error;
}

Deno.test(
  "types: each is what keeps every value of its column",
  lab(async (l) => {
    const cases: [string, string[], string][] = [
      ["int", ["1", "-5", "0"], "int64"],
      ["int64 limits", ["9223372036854775807", "-9223372036854775808"], "int64"],
      ["beyond int64", ["9223372036854775808", "1"], "decimal(38,0)"],
      ["beyond 38 digits", ["1".repeat(39), "1"], "string"],
      ["leading zero", ["007", "1"], "string"],
      ["plus", ["+49", "1"], "string"],
      ["minus zero", ["-0", "1"], "string"],
      ["blank around", [" 1", "2"], "string"],
      ["underscore", ["1_000", "1"], "string"],
      ["hex", ["0x1F", "1"], "string"],
      ["float", ["1.5", "2", "-0.25", ".5"], "float"],
      ["exponent", ["1e3", "2.5E-7"], "float"],
      ["exponent out of range", ["1e999", "1"], "string"],
      ["17 digits of a double", ["0.30000000000000004", "1.5"], "float"],
      ["more digits than a double has", ["0.1234567890123456789", "1.5"], "decimal(38,19)"],
      ["long int among floats", ["12345678901234567", "0.5"], "decimal(38,1)"],
      ["too long together", ["1".repeat(30) + ".5", `0.${"1".repeat(20)}`], "string"],
      ["NaN with floats", ["NaN", "1.5", "-inf"], "float"],
      ["NaN alone", ["NaN", "NaN"], "string"],
      ["bool", ["true", "False"], "boolean"],
      ["yes and no", ["yes", "no"], "string"],
      ["t and f", ["t", "f"], "string"],
      ["date", ["2024-02-29", "1999-12-31"], "date"],
      ["no such day", ["2024-02-30", "2024-01-01"], "string"],
      ["other date form", ["01/02/2024", "03/04/2024"], "string"],
      ["datetime", ["2024-01-01 10:00:00", "2024-01-01T10:00"], "datetime"],
      ["date and datetime", ["2024-01-01", "2024-01-01 10:00:00.123456"], "datetime"],
      ["nanoseconds", ["2024-01-01 10:00:00.1234567", "2024-01-01 10:00:00"], "string"],
      ["zone", ["2024-01-01T10:00:00Z", "2024-01-01 10:00:00+02:00"], "datetime(tz)"],
      ["with and without zone", ["2024-01-01T10:00:00Z", "2024-01-01 10:00:00"], "string"],
      ["time", ["10:00:00", "23:59:59.5"], "time"],
      ["number and text", ["1", "x"], "string"],
      ["number and date", ["1", "2024-01-01"], "string"],
      ["empty only", ["", ""], "string"],
      ["int and empty", ["1", ""], "int64"],
      ["uuid", ["6ba7b810-9dad-11d1-80b4-00c04fd430c8", "6BA7B810-9DAD-11D1-80B4-00C04FD430C8"], "string"],
    ];
    for (const [index, [name, values, type]] of cases.entries()) {
      const path = await l.put(`${index}.csv`, `v,w\n${values.map((value) => `${value},x`).join("\n")}\n`);
      assert.equal((await l.read(path)).types.v, type, name);
    }
  }),
);

Deno.test(
  "property: whatever text a file holds comes back, as text or as a type that says the same",
  lab(async (l) => {
    const value = fc.oneof(
      fc.string({ maxLength: 8 }).map((text) => text.replaceAll("\0", "")),
      fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }).map(String),
      fc.stringMatching(/^0?\d{1,4}(\.\d{1,3})?$/),
      fc.double({ noNaN: true }).map(String),
      fc.constantFrom(
        "2024-01-01",
        "2024-01-01 10:00:00",
        "2024-01-01T10:00:00Z",
        "true",
        "10:00:00",
        "",
        "NaN",
      ),
    );
    const numbers = fc.array(fc.oneof(fc.bigInt().map(String), fc.double({ noNaN: true }).map(String)), {
      maxLength: 4,
    });
    const columns = fc.array(fc.oneof(fc.array(value, { minLength: 1, maxLength: 4 }), numbers), {
      minLength: 1,
      maxLength: 4,
    });
    let n = 0;
    await fc.assert(
      fc.asyncProperty(columns, async (texts) => {
        const height = Math.max(...texts.map((column) => column.length), 1);
        const quote = (text: string) => `"${text.replaceAll('"', '""')}"`;
        const rows = Array.from(
          { length: height },
          (_, r) => texts.map((column) => quote(column[r] ?? "")).join(","),
        );
        const header = texts.map((_, c) => `c${c}`).join(",");
        const path = await l.put(`p${n++}.csv`, `${header}\n${rows.join("\n")}\n`);
        const { types, rows: read } = await l.read(path, { options: { header: true, delimiter: "," } });
        texts.forEach((column, c) =>
          read.forEach((row, r) => assertSame(row[`c${c}`], column[r] ?? "", types[`c${c}`]!))
        );
        assert.equal(read.length, height);
      }),
      { numRuns: 60 },
    );
  }),
);

/** That a typed value says what its text said. */
function assertSame(value: unknown, text: string, type: string): void {
  if (type === "string") return assert.equal(value, text);
  if (text === "") return assert.equal(value, null);
  if (type === "int64") return assert.equal(String(value), text);
  if (type === "float") {
    // The same number, and no digit of the text beyond what a double gives back.
    assert.ok(Object.is(value, Number(text)) || Number(text) === value || text === "NaN", `${value} ${text}`);
    return;
  }
  if (type.startsWith("decimal")) {
    const strip = (t: string) => t.replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "").replace(/^(-?)\./, "$10.");
    return assert.equal(strip(String(value)), strip(text));
  }
  if (type === "boolean") return assert.equal(String(value), text);
  if (type === "date" || type === "time") return assert.equal(String(value), text);
  assert.ok(type.startsWith("datetime"), type);
  const same = (t: string) => t.replace("T", " ").replace(/Z$/, "+00");
  assert.equal(
    same(String(value)).padEnd(19, " 00:00:00".slice(-9)),
    same(text.length === 10 ? `${text} 00:00:00` : text),
  );
}

Deno.test(
  "NULL, the empty text and null_strings",
  lab(async (l) => {
    const path = await l.put("n.csv", 'id,t,i\n1,,\n2,"",""\n3,NA,5\n4,"NA",6\n');
    const plain = await l.read(path);
    assert.deepEqual(plain.rows.map((row) => row.t), [null, "", "NA", "NA"]);
    assert.deepEqual(plain.rows.map((row) => row.i), [null, null, 5n, 6n]);
    const named = await l.read(path, { options: { null_strings: ["NA", ""] } });
    assert.deepEqual(named.rows.map((row) => row.t), [null, "", null, "NA"]);
  }),
);

Deno.test(
  "layouts",
  lab(async (l) => {
    const cases: [string, string, string, Record<string, unknown>, unknown[]][] = [
      ["semicolon", "a.csv", "a;b\n1;x,y\n", {}, [{ a: 1n, b: "x,y" }]],
      ["bar", "b.csv", "a|b\n1|x\n", {}, [{ a: 1n, b: "x" }]],
      ["tab in .csv", "c.csv", "a\tb\n1\tx\n", {}, [{ a: 1n, b: "x" }]],
      ["tsv keeps commas", "d.tsv", "a,1\tb\nx\ty\n", {}, [{ "a,1": "x", b: "y" }]],
      ["comma wins when lines agree", "e.csv", "a;x,b\n1;2,3\n", {}, [{ "a;x": "1;2", b: 3n }]],
      ["delimiter by name", "f.csv", "a;b,c\n1;2,3\n", { delimiter: ";" }, [{ a: 1n, "b,c": "2,3" }]],
      ["long delimiter", "g.csv", "a||b\n1||x\n", { delimiter: "||" }, [{ a: 1n, b: "x" }]],
      ["one column", "h.csv", "a\n1\n2\n", {}, [{ a: 1n }, { a: 2n }]],
      ["quotes and line breaks", "i.csv", 'a,b\n1,"x ""y""\nz"\n', {}, [{ a: 1n, b: 'x "y"\nz' }]],
      ["other quote and escape", "j.csv", "a,b\n1,'x,\\'y'\n", { quote: "'", escape: "\\" }, [{
        a: 1n,
        b: "x,'y",
      }]],
      ["no quote", "k.csv", 'a,b\n1,"x\n', { quote: "" }, [{ a: 1n, b: '"x' }]],
      ["CR LF", "l.csv", "a,b\r\n1,x\r\n", {}, [{ a: 1n, b: "x" }]],
      ["byte order mark", "m.csv", "\ufeffa,b\n1,x\n", {}, [{ a: 1n, b: "x" }]],
      ["skip lines", "n.csv", "report\nof today\na,b\n1,x\n", { skip_lines: 2 }, [{ a: 1n, b: "x" }]],
      ["comments", "o.csv", "#c\na,b\n#d\n1,x\n", { comment: "#" }, [{ a: 1n, b: "x" }]],
      ["no header", "p.csv", "1,x\n2,y\n", { header: false }, [{ column_1: 1n, column_2: "x" }, {
        column_1: 2n,
        column_2: "y",
      }]],
      ["header by order", "q.csv", "2019,2020\n1,2\n", { header: true }, [{ 2019: 1n, 2020: 2n }]],
      ["all text", "r.csv", "a,b\n1,2024-01-01\n", { all_text: true }, [{ a: "1", b: "2024-01-01" }]],
      ["decimal comma", "s.csv", "a;b\n1,5;x\n2;y\n", { decimal_separator: "," }, [{ a: 1.5, b: "x" }, {
        a: 2,
        b: "y",
      }]],
      ["date format", "t.csv", "a,b\n31.12.2024,x\n", { date_format: "%d.%m.%Y" }, [{
        a: "2024-12-31",
        b: "x",
      }]],
      ["timestamp format", "u.csv", "a,b\n31.12.2024 10:30,x\n", { timestamp_format: "%d.%m.%Y %H:%M" }, [{
        a: "2024-12-31 10:30:00",
        b: "x",
      }]],
      ["blank lines", "v.csv", "a,b\n\n1,x\n\n", {}, [{ a: 1n, b: "x" }]],
      ["no line break at the end", "w.csv", "a,b\n1,x", {}, [{ a: 1n, b: "x" }]],
      ["names twice, empty, by case", "x.csv", "a,A,,a_2\n1,2,3,4\n", {}, [{
        a: 1n,
        A_3: 2n,
        column_3: 3n,
        a_2: 4n,
      }]],
      ["header only", "y.csv", "a,b\n", {}, []],
      ["padding", "z.csv", "a,b\n1\n2,x\n", { ragged: "null_padding" }, [{ a: 1n, b: null }, {
        a: 2n,
        b: "x",
      }]],
      ["skipping", "za.csv", "a,b\n1\n2,x\n3,y,z\n", { ragged: "skip" }, [{ a: 2n, b: "x" }]],
      ["a column named as ours", "zb.csv", "_file,_record\n1,2\n", {}, [{ _file: 1n, _record: 2n }]],
    ];
    for (const [name, file, content, options, rows] of cases) {
      assert.deepEqual((await l.read(await l.put(file, content), { options })).rows, rows, name);
    }
  }),
);

Deno.test(
  "encodings",
  lab(async (l) => {
    const bytes = (...parts: (string | number[])[]) =>
      new Uint8Array(
        parts.flatMap((part) => typeof part === "string" ? [...new TextEncoder().encode(part)] : part),
      );
    const utf16 = (text: string, little: boolean) => {
      const units = [0xfeff, ...[...text].map((char) => char.charCodeAt(0))];
      return new Uint8Array(units.flatMap((u) => little ? [u & 255, u >> 8] : [u >> 8, u & 255]));
    };
    const cases: [string, Uint8Array, string, string][] = [
      ["windows-1252", bytes("a,b\n1,", [0x80, 0xe9], "\n"), "windows-1252", "€é"],
      ["latin-1", bytes("a,b\n1,", [0xe9], "\n"), "latin-1", "é"],
      ["shift_jis", bytes("a,b\n1,", [0x93, 0xfa], "\n"), "shift_jis", "日"],
      ["utf-16", utf16("a,b\n1,é€\n", true), "utf-16", "é€"],
      ["utf-16be", utf16("a,b\n1,é€\n", false), "utf-16be", "é€"],
    ];
    for (const [name, content, encoding, value] of cases) {
      const path = await l.put(`${name}.csv`, content);
      const { rows } = await l.read(path, { options: { encoding }, input: { filenameColumn: "f" } });
      assert.deepEqual(rows, [{ a: 1n, b: value, f: path }], name);
    }
    const unknown = await failure(l, `${l.folder}/latin-1.csv`, { options: { encoding: "klingon" } });
    assert.equal(unknown.code, "UNKNOWN_ENCODING");
  }),
);

Deno.test(
  "bad input: the error names file and line",
  lab(async (l) => {
    const latin = new Uint8Array([...new TextEncoder().encode("a,b\n1,x\n2,"), 0xe9, 10]);
    const cases: [string, string | Uint8Array, Record<string, unknown>, string, number | undefined][] = [
      ["ragged, too many", "a,b\n1,2\n3,4,5\n", {}, "CSV_ERROR", 3],
      ["ragged, too few", "a,b\n1,2\n3\n4,5\n", {}, "CSV_ERROR", 3],
      ["too many with padding", "a,b\n1,2\n3,4,5\n", { ragged: "null_padding" }, "CSV_ERROR", 3],
      ["open quote", 'a,b\n1,"x\n2,y\n', {}, "CSV_ERROR", 2],
      ["open quote in the header", 'a,"b\n1,x\n2,y\n', {}, "CSV_ERROR", 1],
      ["text after a quote", 'a,b\n1,"x"y\n', {}, "CSV_ERROR", 2],
      ["not UTF-8", latin, {}, "ENCODING_ERROR", 2 + 1],
      [
        "not UTF-8 in the header",
        new Uint8Array([97, 44, 0xe9, 10, 49, 44, 50, 10]),
        {},
        "ENCODING_ERROR",
        1,
      ],
      ["empty", "", {}, "EMPTY_FILE", undefined],
      ["blank", "\n\n", {}, "EMPTY_FILE", undefined],
      ["only comments", "#x\n", { comment: "#" }, "EMPTY_FILE", undefined],
      ["no header", "1,2024-01-01\n2,2024-01-02\n", {}, "HEADER_UNCLEAR", 1],
      ["gzip without ending", gzipSync("a,b\n1,2\n"), {}, "CORRUPT_FILE", undefined],
      ["utf-16 unasked", new Uint8Array([0xff, 0xfe, 97, 0, 10, 0]), {}, "ENCODING_ERROR", undefined],
      ["binary", new Uint8Array([97, 0, 1, 2, 10]), {}, "ENCODING_ERROR", undefined],
    ];
    for (const [index, [name, content, options, code, line]] of cases.entries()) {
      const path = await l.put(`bad${index}.csv`, content);
      const error = await failure(l, path, { options });
      assert.equal(error.code, code, `${name}: ${error.message}`);
      assert.ok(error.message.includes(path), `${name}: ${error.message}`);
      if (line !== undefined) assert.equal(error.context.line, line, `${name}: ${error.message}`);
    }
  }),
);

Deno.test(
  "a value that does not fit its column fails, and its line is found",
  lab(async (l) => {
    const sample = (line: string) => `${line}\n`.repeat(20_480);
    const cases: [string, string, string, Record<string, string>][] = [
      ["rounding", "1", "1.7", {}],
      ["leading zero", "1", "007", {}],
      ["text", "1", "x", {}],
      ["beyond int64", "1", "9223372036854775808", {}],
      ["time of day on a date", "2024-01-01", "2024-01-01 10:00:00", {}],
      ["zone on a datetime", "2024-01-01 10:00:00", "2024-01-01 10:00:00+02:00", {}],
      ["short zone of the same length", "2024-01-01 10:00:00", "2024-01-01 10:00-05", {}],
      ["nanoseconds", "2024-01-01 10:00:00", "2024-01-01 10:00:00.1234567", {}],
      ["no zone", "2024-01-01 10:00:00Z", "2024-01-01 10:00:00", {}],
      ["digits beyond a double", "1.5", "12345678901234567890", {}],
      ["one as true", "true", "1", {}],
      ["asked for: rounding", "1", "1.7", { v: "int" }],
      ["asked for: too wide", "1", "300", { v: "int8" }],
      ["asked for: scale", "1.25", "1.255", { v: "decimal(10,2)" }],
      ["asked for: precision", "1.25", "123456789.5", { v: "decimal(10,2)" }],
    ];
    for (const [index, [name, good, bad, columns]] of cases.entries()) {
      const path = await l.put(`fit${index}.csv`, `n,v\n"a\nb",\n\n${sample(`x,${good}`)}y,${bad}\n`);
      const scan = await l.open(path, { columns });
      const sql = await scan.sql([path]);
      const raw = await l.session.run(`CREATE OR REPLACE TABLE t AS ${sql}`).then(() => undefined, (e) => e);
      assert.ok(raw instanceof DataLoaderError, `${name} was taken`);
      assert.equal(raw.code, "CONVERSION_FAILED", name);
      const error = await scan.diagnose!([path], raw);
      assert.equal(error?.context.line, 20_480 + 5, `${name}: ${error?.message}`);
      assert.equal(error?.context.value, bad, name);
      assert.equal(error?.context.column, "v", name);
      assert.match(error!.message, /column "v"/i, name);
    }
    const blob = await l.put("blob.csv", "v,w\nAP8=,x\n");
    const [bytes] = (await l.read(blob, { columns: { v: "binary" } })).rows;
    assert.deepEqual([...bytes!.v as Uint8Array], [0, 255]);
    const lenient: [string, string, string, unknown][] = [
      ["int", "007", "int64", 7n],
      ["int", "1.0", "int64", 1n],
      ["int", " 5 ", "int64", 5n],
      ["bool", "1", "boolean", true],
      ["date", "2024-01-01 00:00:00", "date", "2024-01-01"],
      ["datetime(tz)", "2024-01-01 10:00:00", "datetime(tz)", "2024-01-01 10:00:00+00"],
      ["decimal(10,2)", "1.500", "decimal(10,2)", "1.50"],
      ["json", '"{""a"":1}"', "json", '{"a":1}'],
      ["uuid", "6BA7B810-9DAD-11D1-80B4-00C04FD430C8", "uuid", "6ba7b810-9dad-11d1-80b4-00c04fd430c8"],
      ["array<int>", '"[1,2]"', "array<int64>", [1n, 2n]],
    ];
    for (const [index, [type, text, is, value]] of lenient.entries()) {
      const path = await l.put(`len${index}.csv`, `v,w\n${text},x\n`);
      const { types, rows } = await l.read(path, { columns: { v: type } });
      assert.equal(types.v, is);
      assert.deepEqual(rows[0]!.v, value, type);
    }
  }),
);

Deno.test(
  "several files: order of columns, missing, new and empty ones",
  lab(async (l) => {
    const a = await l.put("a.csv", "id,name\n1,x\n");
    const swapped = await l.put("b.csv", "name,id\ny,2\n");
    const lacking = await l.put("c.csv", "id\n3\n");
    const more = await l.put("d.csv", "id,name,new\n4,z,5\n");
    const empty = await l.put("e.csv", "");
    assert.deepEqual((await l.read([a, swapped, empty])).rows, [{ id: 1n, name: "x" }, {
      id: 2n,
      name: "y",
    }]);
    assert.match((await l.read([a, swapped, empty])).warnings.join(), /e\.csv is empty/);
    const error = await failure(l, [a, lacking]);
    assert.equal(error.code, "MISSING_COLUMN");
    assert.deepEqual([error.context.file, error.context.column], [lacking, "name"]);
    assert.deepEqual((await l.read([a, lacking], { input: { missingColumns: "null" } })).rows, [
      { id: 1n, name: "x" },
      { id: 3n, name: null },
    ]);
    const grown = await l.read([a, more]);
    assert.deepEqual(grown.rows, [{ id: 1n, name: "x", new: null }, { id: 4n, name: "z", new: 5n }]);
    assert.match(grown.warnings.join(), /"new" is new in .*d\.csv/);
    assert.equal((await failure(l, a, { columns: { nmae: "string" } })).hint, 'did you mean "name"?');
    // One scan gives the same columns for any of its files.
    const scan = await l.open([a, more, empty]);
    for (const files of [[a], [more], [empty]]) {
      assert.deepEqual((await l.session.relation(await scan.sql(files))).columns, ["id", "name", "new"]);
    }
  }),
);

Deno.test(
  "compressed files, names with glob characters, file names as a column",
  lab(async (l) => {
    const gz = await l.put("a.csv.gz", gzipSync("a,b\n1,x\n"));
    const zst = await l.put("b.csv.zst", zstdCompressSync("a,b\n2,y\n"));
    const odd = await l.put("c[1]*?.csv", "a,b\n3,z\n");
    await l.put("c1.csv", "a,b\n9,wrong\n");
    const { rows } = await l.read([gz, zst, odd], { input: { filenameColumn: "file" } });
    assert.deepEqual(rows, [{ a: 1n, b: "x", file: gz }, { a: 2n, b: "y", file: zst }, {
      a: 3n,
      b: "z",
      file: odd,
    }]);
  }),
);

Deno.test(
  "large: 10,000 columns, a value of 50 MB",
  lab(async (l) => {
    const width = 10_000;
    const line = (f: (i: number) => string | number) =>
      Array.from({ length: width }, (_, i) => f(i)).join(",");
    const wide = await l.put(
      "wide.csv",
      `${line((i) => `c${i}`)}\n${line((i) => i)}\n${line((i) => i % 2 ? "" : i + 0.5)}\n`,
    );
    const { types, rows } = await l.read(wide);
    assert.equal(Object.keys(types).length, width);
    assert.equal(rows[0]!.c9999, 9999n);
    assert.equal(rows[1]!.c9998, 9998.5);
    const long = "x".repeat(25_000_000) + "\n" + "y".repeat(25_000_000);
    const fat = await l.put("fat.csv", `id,v\n1,"${long}"\n2,z\n`);
    const tooLong = await failure(l, fat);
    assert.equal(tooLong.code, "CSV_ERROR");
    assert.match(tooLong.message, /line 2: the line is longer than 8 MiB/);
    assert.match(tooLong.hint!, /`max_line_size: 64000000`/);
    const scan = await l.open(fat, { options: { max_line_size: 64_000_000 } });
    const lengths = await l.session.query<{ id: bigint; n: bigint }>(
      `SELECT id, strlen(v) AS n FROM (${await scan.sql([fat])}) ORDER BY id`,
    );
    assert.deepEqual(lengths, [{ id: 1n, n: 50_000_001n }, { id: 2n, n: 1n }]);
  }),
);

Deno.test(
  "lines left out are counted once, whatever was looked at before, in several files",
  lab(async (l) => {
    const many = Array.from({ length: 30_000 }, (_, i) => i % 10_000 === 7 ? "x" : `${i},a`).join("\n");
    const a = await l.put("a.csv", `id,v\n1,a\n2\n3,b,c,d\n4,d\n`);
    const b = await l.put("b.csv", `id,v\n${many}\n`);
    for (const [files, count] of [[[a], 2], [[b], 3], [[a, b], 5]] as const) {
      const scan = await l.open([...files], { options: { ragged: "skip" } });
      for (const times of [1, 2]) {
        const sql = await scan.sql(files);
        for (let i = 0; i < times; i++) await l.session.query(`SELECT count(id), max(v) FROM (${sql})`);
        const left = await scan.skipped!();
        assert.equal(left?.rows, count, `${files.length} files, read ${times} times`);
        assert.match(
          left!.reason,
          files[0] === a ? /line 3 of .*a\.csv the first/ : /line 9 of .*b\.csv the first/,
        );
      }
      assert.equal(await scan.skipped!(), undefined);
    }
  }),
);

Deno.test(
  "a late value that its type does not hold stops the load",
  lab(async (l) => {
    const cases: [sample: string, late: string][] = [
      ["1.5", "007"],
      ["1.5", "-00.5"],
      ["1.5", "1e400"],
      ["1.5", "9007199254740993"],
      ["1.5", "0.1234567890123456789"],
      ["12", "1e2"],
      ["12", "0x1F"],
      ["12", "1_0"],
      ["12", "5 "],
      ["true", "1"],
      ["2024-01-01", "2024-1-1 x"],
      ["2024-01-01 10:20:30", "2024-01-01 10:20:5Z"],
      ["2024-01-01 10:20:30.123456", "2024-01-01 10:20:30.123+02"],
      ["2024-01-01 10:20:30.123456", "2024-01-01 10:20:30.1234567"],
      ["2024-01-01 10:20:30Z", "2024-01-01 10:20:30"],
      ["0.12345678901234567890", "007.5"],
    ];
    for (const [index, [sample, late]] of cases.entries()) {
      const path = await l.put(`held${index}.csv`, `v\n${`${sample}\n`.repeat(20_500)}${late}\n`);
      const error = await failure(l, path);
      assert.equal(error.code, "CSV_ERROR", `${sample}, then ${late}: ${error.message}`);
      assert.equal(error.context.value, late);
      assert.equal(error.context.line, 20_502);
    }
    const kept: [sample: string, late: string][] = [
      ["1.5", "-0.25"],
      ["1.5", "1e300"],
      ["1.5", "9007199254740994"],
      ["12", "-9223372036854775808"],
      ["2024-01-01 10:20:30", "2024-01-01T10:20:30.5"],
      ["0.12345678901234567890", "123456789012345678.25"],
    ];
    for (const [index, [sample, late]] of kept.entries()) {
      const path = await l.put(`kept${index}.csv`, `v\n${`${sample}\n`.repeat(20_500)}${late}\n`);
      const { rows } = await l.read(path);
      const value = String(rows.at(-1)!.v).replace(/^(123456789012345678\.25)0*$/, "$1");
      assert.ok(
        [late, `${Number(late)}`, late.replace("T", " "), `${late.replace("T", " ")}`].includes(value),
        `${late}: ${value}`,
      );
    }
  }),
);
