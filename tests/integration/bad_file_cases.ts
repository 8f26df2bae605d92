/** Files that are missing, broken or not what they should be: exit code 1, and nothing is loaded. */
import { type BadCase, gzip, parquet, truncated } from "./bad_input.ts";

const from = (path: string, options: Record<string, unknown> = {}) => ({
  source: { type: "filestore", path, ...options },
});

const lines = (count: number, line: (n: number) => string) =>
  Array.from({ length: count }, (_, i) => line(i + 1) + "\n").join("");

export const BAD_FILES: readonly BadCase[] = [
  {
    name: "missing file",
    recipe: from("nowhere/orders.csv"),
    expected: { exit: 1, code: "FILE_NOT_FOUND", says: ["orders.csv"], hint: "folder" },
  },
  {
    name: "empty glob",
    recipe: from("nowhere/*.csv"),
    expected: { exit: 1, code: "NO_FILES", says: ["nowhere/*.csv"], hint: /\w/ },
  },
  {
    name: "empty file",
    files: { "in.csv": "" },
    recipe: from("in.csv"),
    expected: { exit: 1, code: "EMPTY_FILE", says: ["in.csv"], hint: /\w/ },
  },
  {
    name: "empty Parquet file",
    files: { "in.parquet": "" },
    recipe: from("in.parquet"),
    expected: { exit: 1, code: "CORRUPT_FILE", says: ["in.parquet"], hint: /\w/ },
  },
  {
    name: "ragged CSV",
    files: { "in.csv": `id,name,city\n${lines(3000, (n) => `${n},name ${n},x`)}3001,short\n` },
    recipe: from("in.csv"),
    expected: { exit: 1, code: "CSV_ERROR", says: ["in.csv", "line 3002"], hint: "ragged" },
  },
  {
    name: "unterminated quote",
    files: {
      "in.csv": `id,name\n${lines(3000, (n) => `${n},"name ${n}"`)}3001,"open\n${lines(50, (n) => `${n},x`)}`,
    },
    recipe: from("in.csv"),
    expected: { exit: 1, code: "CSV_ERROR", says: ["in.csv", /quote/], hint: "quote" },
  },
  {
    name: "wrong encoding",
    files: {
      "in.csv": new Uint8Array([...new TextEncoder().encode("id,name\n1,caf"), 0xe9, 0x0a]),
    },
    recipe: from("in.csv"),
    expected: { exit: 1, code: "ENCODING_ERROR", says: ["in.csv", /UTF-8/i], hint: "encoding" },
  },
  {
    name: "truncated Parquet",
    files: {
      "in.parquet": truncated(parquet("SELECT i AS id, 'name ' || i AS name FROM range(50000) r(i)")),
    },
    recipe: from("in.parquet"),
    expected: { exit: 1, code: "CORRUPT_FILE", says: ["in.parquet"], hint: "completely" },
  },
  {
    name: "truncated gzip",
    files: {
      "in.csv.gz": truncated(gzip(`id,name\n${lines(200_000, (n) => `${n},name ${n * 7919 % 10007}`)}`)),
    },
    recipe: from("in.csv.gz"),
    expected: { exit: 1, code: "CORRUPT_FILE", says: ["in.csv.gz"], hint: "again" },
  },
  {
    name: "not gzip at all",
    files: { "in.csv.gz": "id,name\n1,one\n" },
    recipe: from("in.csv.gz"),
    expected: { exit: 1, code: "CORRUPT_FILE", says: ["in.csv.gz"], hint: "compression" },
  },
  {
    name: "JSON with a bad line",
    files: {
      "in.jsonl": `${lines(3000, (n) => `{"id": ${n}, "name": "n${n}"}`)}{"id": 3001, "name"\n${
        lines(10, (n) => `{"id": ${n}, "name": "m"}`)
      }`,
    },
    recipe: from("in.jsonl"),
    expected: { exit: 1, code: "JSON_ERROR", says: ["in.jsonl", "line 3001"], hint: /\w/ },
  },
  {
    name: "a column that disappears between files",
    files: { "in/a.csv": "id,name,city\n1,one,x\n", "in/b.csv": "id,name\n2,two\n" },
    recipe: from("in/*.csv"),
    expected: { exit: 1, code: "MISSING_COLUMN", says: ["city", "b.csv"], hint: /\w/ },
  },
  {
    name: "int64 past its limit",
    files: { "in.csv": "id,name\n9223372036854775807,last\n9223372036854775808,past\n" },
    recipe: from("in.csv", { columns: { id: "int64" } }),
    expected: { exit: 1, code: "CSV_ERROR", says: ["id", "9223372036854775808", "line 3"], hint: "columns" },
  },
  {
    name: "int64 past its limit in a cast",
    files: { "in.csv": "id,name\n9223372036854775807,last\n9223372036854775808,past\n" },
    recipe: {
      ...from("in.csv", { columns: { id: "string" } }),
      transform: { steps: [{ type: "cast", columns: { id: "int64" } }] },
    },
    expected: {
      exit: 1,
      code: "CAST_FAILED",
      says: ["step 1", "id", "9223372036854775808", "row 2"],
      hint: /\w/,
    },
  },
  {
    name: "decimal past its limit",
    files: { "in.csv": "id,amount\n1,99999999.99\n2,100000000.00\n" },
    recipe: {
      ...from("in.csv", { columns: { amount: "string" } }),
      transform: { steps: [{ type: "cast", columns: { amount: "decimal(10,2)" } }] },
    },
    expected: {
      exit: 1,
      code: "CAST_FAILED",
      says: ["step 1", "amount", "100000000.00", "row 2"],
      hint: /\w/,
    },
  },
  {
    name: "a 50 MB value in JSON lines",
    files: { "in.jsonl": `{"id": 1}\n{"id": 2, "name": "${"x".repeat(50_000_000)}"}\n{"id": 3}\n` },
    recipe: from("in.jsonl"),
    expected: { exit: 1, code: "JSON_ERROR", says: ["in.jsonl"], hint: "maximum_object_size" },
  },
  {
    name: "a 50 MB value in the last JSON line",
    files: { "in.jsonl": `{"id": 1}\n{"id": 2, "name": "${"x".repeat(50_000_000)}"}\n` },
    recipe: from("in.jsonl"),
    expected: { exit: 1, code: "JSON_ERROR", says: ["in.jsonl"], hint: "maximum_object_size" },
  },
  {
    name: "a 50 MB value",
    files: { "in.csv": `id,name\n1,${"x".repeat(50_000_000)}\n2,two\n` },
    recipe: from("in.csv"),
    expected: { exit: 1, code: "CSV_ERROR", says: [/longer|too large|maximum/i], hint: "max_line_size" },
  },
  {
    name: "a 50 MB value in quotes",
    files: { "in.csv": `id,name\n1,"${"x".repeat(50_000_000)}"\n2,two\n` },
    recipe: from("in.csv"),
    expected: { exit: 1, code: "CSV_ERROR", says: ["line 2"], hint: "max_line_size" },
  },
  {
    name: "a 50 MB value in the last line",
    files: { "in.csv": `id,name\n1,${"x".repeat(50_000_000)}\n` },
    recipe: from("in.csv"),
    expected: { exit: 1, code: "CSV_ERROR", says: ["in.csv", "line 2"], hint: "max_line_size" },
  },
];
