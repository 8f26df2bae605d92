import assert from "node:assert/strict";
import { join } from "node:path";
import { createSession, toEngineError } from "../../../src/batch/mod.ts";
import { ConnectorError, EngineError, type Json } from "../../../src/sdk/mod.ts";

interface Case {
  readonly sql: string;
  readonly code: string;
  /** Part of the message. */
  readonly says?: string;
  /** Part of the hint. */
  readonly hint?: string;
  readonly context?: Record<string, Json>;
}

const directory = await Deno.makeTempDir();
const file = (name: string) => join(directory, name).replaceAll("\\", "/");

async function write(name: string, content: string | Uint8Array): Promise<void> {
  await Deno.writeFile(file(name), typeof content === "string" ? new TextEncoder().encode(content) : content);
}

const columns = (types: string) => `auto_detect=false, header=true, columns=${types}`;
const big = "x".repeat(3_000_000);

const cases: Case[] = [
  {
    sql: "SELECT CAST(x AS INT) FROM (VALUES ('1'), ('abc')) t(x)",
    code: "CONVERSION_FAILED",
    says: `Column "x": Could not convert string 'abc' to INT32.`,
    context: { column: "x", value: "abc" },
  },
  { sql: "SELECT '2024-13-01'::DATE", code: "CONVERSION_FAILED", context: { value: "2024-13-01" } },
  {
    sql: "SELECT CAST(x AS TINYINT) FROM (VALUES (300)) t(x)",
    code: "CONVERSION_FAILED",
    context: { column: "x", value: "300" },
  },
  { sql: "SELECT 12345.6::DECIMAL(4,2)", code: "CONVERSION_FAILED", context: { value: "12345.6" } },
  { sql: "SELECT strptime('x', '%Y')", code: "CONVERSION_FAILED", context: { value: "x" } },
  { sql: "SELECT 9223372036854775807 * i FROM range(3) t(i)", code: "CONVERSION_FAILED", says: "Overflow" },
  { sql: `SELECT CAST('${big}' AS INT)`, code: "CONVERSION_FAILED" },
  { sql: `SELECT CAST('${"x y\n".repeat(1_000_000)}' AS INT)`, code: "CONVERSION_FAILED" },
  {
    sql: "INSERT INTO t VALUES (1, 2, 3, 'x', 1, 'x')",
    code: "CONSTRAINT_VIOLATED",
    context: { kind: "primary_key", columns: ["id"], key: "id: 1" },
  },
  {
    sql: "INSERT INTO t VALUES (2, NULL, 1, 'b', 2, 'x')",
    code: "CONSTRAINT_VIOLATED",
    says: `Column "n" of table "t" must not be NULL.`,
    context: { kind: "not_null", table: "t", columns: ["n"] },
  },
  {
    sql: "INSERT INTO t VALUES (2, 1, -1, 'b', 2, 'x')",
    code: "CONSTRAINT_VIOLATED",
    context: { kind: "check", table: "t", expression: "CHECK((c > 0))" },
  },
  {
    sql: "INSERT INTO t VALUES (2, 1, 1, 'b', 1, 'x')",
    code: "CONSTRAINT_VIOLATED",
    hint: "merge",
    context: { kind: "unique", columns: ["k", "k2"], key: "k: 1, k2: x" },
  },
  {
    sql: "INSERT INTO t SELECT 5, 2, 1, 'c' || i, i, 'x' FROM range(10, 12) r(i)",
    code: "CONSTRAINT_VIOLATED",
    context: { kind: "unique", columns: [], key: "5" },
  },
  {
    sql: "INSERT INTO child VALUES (99)",
    code: "CONSTRAINT_VIOLATED",
    context: { kind: "foreign_key", columns: ["id"], key: "id: 99" },
  },
  {
    sql: "DELETE FROM t",
    code: "CONSTRAINT_VIOLATED",
    says: "still referred to",
    context: { kind: "foreign_key", columns: ["pid"], key: "pid: 1" },
  },
  {
    sql: "SELECT nope FROM t",
    code: "BINDER",
    says: `no column "nope"`,
    hint: `"n"`,
    context: { column: "nope", candidates: ["n"] },
  },
  {
    sql: "SELECT t.idd FROM t",
    code: "BINDER",
    context: { column: "idd", candidates: ["id", "c", "k", "n", "u"] },
  },
  {
    sql: "INSERT INTO t (zz) VALUES (1)",
    code: "BINDER",
    says: `no column "zz"`,
    hint: `"id"`,
  },
  { sql: "SELECT sum('a') + 'b'", code: "BINDER", says: "No function matches" },
  {
    sql: "SELECT * FROM tt",
    code: "CATALOG",
    hint: `did you mean "t"?`,
    context: { kind: "table", name: "tt", candidates: ["t"] },
  },
  {
    sql: "SELECT * FROM nowhere",
    code: "CATALOG",
    context: { kind: "table", name: "nowhere", candidates: [] },
  },
  { sql: "SELECT nofunc(1)", code: "CATALOG", says: "nofunc" },
  { sql: "SELEC 1", code: "SQL_SYNTAX", says: `near "SELEC"` },
  {
    sql: `FROM read_csv('${file("none.csv")}')`,
    code: "FILE_NOT_FOUND",
    context: { path: file("none.csv") },
  },
  {
    sql: `FROM read_parquet('${file("no/*.parquet")}')`,
    code: "FILE_NOT_FOUND",
    context: { path: file("no/*.parquet") },
  },
  { sql: `COPY (SELECT 1) TO '${file("no/x.csv")}'`, code: "FILE_NOT_FOUND", says: "no such file or folder" },
  { sql: `ATTACH '${file("none.duckdb")}' AS a (READ_ONLY)`, code: "FILE_NOT_FOUND" },
  { sql: `COPY (SELECT 1) TO '${file("")}'`, code: "NOT_A_FILE" },
  {
    sql: `FROM read_csv('${file("ragged.csv")}', ${columns("{'a':'INT','b':'INT'}")})`,
    code: "CSV_ERROR",
    says: "line 3: 1 columns found where 2 are expected.",
    context: { file: file("ragged.csv"), line: 3, reason: "1 columns found where 2 are expected", text: "3" },
  },
  {
    sql: `FROM read_csv('${file("value.csv")}', ${columns("{'a':'INT','b':'INT'}")})`,
    code: "CSV_ERROR",
    context: {
      file: file("value.csv"),
      line: 3,
      text: "x,5",
      column: "a",
      value: "x",
      reason: `Error when converting column "a". Could not convert string "x" to 'INTEGER'`,
    },
  },
  {
    sql: `FROM read_csv('${file("quote.csv")}', ${columns("{'a':'INT','b':'VARCHAR'}")})`,
    code: "CSV_ERROR",
    says: "line 2: Value with unterminated quote found.",
    hint: "quote",
  },
  {
    sql: `FROM read_csv('${file("big.csv")}', ${columns("{'a':'INT','b':'VARCHAR'}")})`,
    code: "CSV_ERROR",
    says: "Maximum line size",
    hint: "max_line_size",
  },
  {
    sql: `FROM read_csv('${file("big.csv")}', ${columns("{'a':'INT','b':'INT'}")}, max_line_size=5000000)`,
    code: "CSV_ERROR",
    says: `converting column "b"`,
  },
  { sql: `FROM read_csv('${file("binary.csv")}')`, code: "CSV_ERROR", hint: "delimiter" },
  {
    sql: `FROM read_csv('${file("latin.csv")}', ${columns("{'a':'INT','b':'VARCHAR'}")})`,
    code: "ENCODING_ERROR",
    says: "line 2",
    hint: "encoding",
  },
  {
    sql: `FROM read_csv(['${file("ok.csv")}', '${file("other.csv")}'])`,
    code: "FILE_SCHEMA_MISMATCH",
    context: { file: file("other.csv"), first_file: file("ok.csv"), column: "b" },
  },
  {
    sql: `FROM read_parquet(['${file("ok.parquet")}', '${file("other.parquet")}'])`,
    code: "FILE_SCHEMA_MISMATCH",
    context: { file: file("other.parquet"), first_file: file("ok.parquet"), column: "i" },
  },
  {
    sql: `FROM read_json('${file("bad.jsonl")}', format='newline_delimited', columns={'a':'INT'})`,
    code: "JSON_ERROR",
    says: "line 3: ",
    context: { file: file("bad.jsonl"), line: 3, byte: 6, reason: "unexpected character" },
  },
  {
    sql: `FROM read_json('${file("type.jsonl")}', format='newline_delimited', columns={'a':'INT'})`,
    code: "JSON_ERROR",
    says: "line 2: ",
    hint: "columns",
  },
  {
    sql: `FROM read_json('${file("cut.json")}')`,
    code: "JSON_ERROR",
    says: "record 3: unexpected end of data",
  },
  {
    sql: `FROM read_json('${file("large.jsonl")}')`,
    code: "JSON_ERROR",
    hint: "maximum_object_size",
  },
  {
    sql: `FROM read_parquet('${file("cut.parquet")}')`,
    code: "CORRUPT_FILE",
    context: { file: file("cut.parquet") },
  },
  { sql: `FROM read_parquet('${file("ok.csv")}')`, code: "CORRUPT_FILE", context: { file: file("ok.csv") } },
  { sql: `FROM read_csv('${file("fake.csv.gz")}')`, code: "CORRUPT_FILE" },
  { sql: `FROM read_csv('${file("fake.csv.zst")}')`, code: "CORRUPT_FILE" },
  {
    sql: `ATTACH '${file("fake.duckdb")}' AS a`,
    code: "CORRUPT_FILE",
    context: { file: file("fake.duckdb") },
  },
  { sql: "SELECT error('a message of the user''s')", code: "ENGINE_ERROR", says: "a message of the user's." },
];

Deno.test("DuckDB's errors are typed, short and say what to do", async (t) => {
  await using session = await createSession({ tempDirectory: directory });
  await session.run(
    `CREATE TABLE t (id INT PRIMARY KEY, n INT NOT NULL, c INT CHECK (c > 0), u VARCHAR UNIQUE, k INT, k2 VARCHAR, UNIQUE (k, k2));` +
      `CREATE TABLE child (pid INT REFERENCES t (id)); INSERT INTO t VALUES (1, 1, 1, 'a', 1, 'x'); INSERT INTO child VALUES (1);` +
      `COPY (SELECT i FROM range(1000) r(i)) TO '${file("ok.parquet")}'; COPY (SELECT 1 AS x) TO '${
        file("other.parquet")
      }'`,
  );
  await write("ragged.csv", "a,b\n1,2\n3\n4,5,6\n");
  await write("value.csv", "a,b\n1,2\nx,5\n");
  await write("quote.csv", 'a,b\n1,"abc\n2,d\n');
  await write("big.csv", `a,b\n1,${big}\n`);
  await write("binary.csv", new Uint8Array(5000).map((_, i) => i * 7 % 256));
  await write("latin.csv", new Uint8Array([97, 44, 98, 10, 49, 44, 0xe9, 0x20, 0x41, 10]));
  await write("ok.csv", "a,b\n1,2\n");
  await write("other.csv", "a,c\n1,2\n");
  await write("bad.jsonl", '{"a":1}\n{"a":2}\n{"a":,}\n');
  await write("type.jsonl", '{"a":1}\n{"a":"x"}\n');
  await write("cut.json", '[{"a":1},{"a":2},{"a":');
  await write("large.jsonl", `{"a":"${"x".repeat(40_000_000)}"}\n`);
  const parquet = await Deno.readFile(file("ok.parquet"));
  await write("cut.parquet", parquet.slice(0, parquet.length / 2));
  await write("fake.csv.gz", "not gzip at all, really not");
  await write("fake.csv.zst", "not zstandard at all, really not");
  await write("fake.duckdb", "hello this is no database at all ".repeat(1000));
  for (const { sql, code, says, hint, context } of cases) {
    await t.step(`${code}: ${sql.slice(0, 60).replaceAll("\n", " ")}`, async () => {
      const error = await session.run(sql).then(() => undefined, (error) => error);
      assert.ok(error instanceof EngineError, `no error: ${error}`);
      assert.equal(error.code, code, error.message);
      assert.equal(error.retryable, false);
      if (says !== undefined) assert.ok(error.message.includes(says), error.message);
      if (hint !== undefined) assert.ok(error.hint?.includes(hint), String(error.hint));
      if (context !== undefined) assert.deepEqual(error.context, context);
      assert.ok(JSON.stringify(error).length < 1600, `${JSON.stringify(error).length} characters`);
      assert.ok(!/LINE \d+:/.test(error.message), error.message);
    });
  }
});

Deno.test("a database file that another process holds is a retryable error with its process id", async () => {
  const path = file("locked.duckdb");
  const holder = `import { createSession } from "./src/batch/mod.ts";
    const session = await createSession();
    await session.attach(${JSON.stringify(path)}, { readOnly: false });
    console.log("ready");
    await new Promise((resolve) => setTimeout(resolve, 60000));`;
  await using child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "-"],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const stdin = child.stdin.getWriter();
  await stdin.write(new TextEncoder().encode(holder));
  await stdin.close();
  const reader = child.stdout.getReader();
  await reader.read();
  try {
    await using session = await createSession();
    const error = await session.attach(path, { readOnly: true }).then(() => undefined, (error) => error);
    assert.ok(error instanceof EngineError);
    assert.equal(error.code, "DATABASE_LOCKED");
    assert.equal(error.retryable, true);
    assert.equal(error.context.path, path);
    if (Deno.build.os === "linux") assert.equal(error.context.pid, child.pid);
  } finally {
    await reader.cancel();
    child.kill("SIGKILL");
    await child.status;
  }
});

Deno.test("memory and disk limits say which setting to raise", async (t) => {
  await using session = await createSession({ memoryLimit: "30MB", threads: 1 });
  const fill =
    "CREATE TEMP TABLE big AS SELECT i, md5(i::VARCHAR) || md5((i + 1)::VARCHAR) AS s FROM range(3000000) t(i)";
  const failure = (sql: string) => session.run(sql).then(() => undefined, (error) => error);
  await t.step("no space for spilling", async () => {
    await session.run("SET max_temp_directory_size = '10MB'");
    const error = await failure(fill);
    assert.equal(error?.code, "DISK_FULL");
    assert.match(error.hint, /temp_directory/);
  });
  await t.step("no memory", async () => {
    const error = await failure("SELECT list(i) FROM range(30000000) t(i)");
    assert.equal(error?.code, "OUT_OF_MEMORY", error?.message);
    assert.match(error.hint, /memory_limit/);
  });
  await t.step({
    name: "a full disk",
    ignore: Deno.build.os !== "linux",
    fn: async () => {
      const error = await failure("COPY (SELECT i FROM range(1000000) t(i)) TO '/dev/full' (FORMAT csv)");
      assert.equal(error?.code, "DISK_FULL");
      assert.deepEqual(error.context, { path: "/dev/full" });
    },
  });
});

Deno.test("texts that can't be provoked here", () => {
  const texts: [string, string, boolean?][] = [
    ["FATAL Error: Failed: database has been invalidated because of a previous fatal error.", "ENGINE_FATAL"],
    ["INTERNAL Error: Attempted to access index 3 within vector of size 3", "ENGINE_FATAL"],
    [`IO Error: Cannot open file "/x.csv": Permission denied`, "PERMISSION_DENIED"],
    [
      `Permission Error: Cannot access file "/x.csv" - file system operations are disabled by configuration`,
      "PERMISSION_DENIED",
    ],
    [`IO Error: Could not write file "/x": Disk quota exceeded`, "DISK_FULL"],
    [
      `IO Error: Cannot open file "c:\\x.duckdb": The process cannot access the file because it is being used by another process.`,
      "DATABASE_LOCKED",
      true,
    ],
    [`IO Error: Cannot open file "c:\\x.csv": The system cannot find the file specified.`, "FILE_NOT_FOUND"],
    [
      'TransactionContext Error: Catalog write-write conflict on alter with "t"',
      "TRANSACTION_CONFLICT",
      true,
    ],
    [
      "Conversion Error: Invalid unicode (byte sequence mismatch) detected in value construction",
      "ENCODING_ERROR",
    ],
    ["something nobody has seen", "ENGINE_ERROR"],
    ["", "ENGINE_ERROR"],
  ];
  for (const [text, code, retryable = false] of texts) {
    const error = toEngineError(new Error(text)) as EngineError;
    assert.equal(error.code, code, text);
    assert.equal(error.retryable, retryable, text);
  }
});

Deno.test("errors of ours and defects stay what they are", () => {
  for (
    const error of [new ConnectorError("X", "x"), new TypeError("x"), new DOMException("x", "AbortError")]
  ) {
    assert.equal(toEngineError(error), error);
  }
});

addEventListener("unload", () => Deno.removeSync(directory, { recursive: true }));
