/** Files of text that come one after the other: what is known from those before, and from rules, decides their types. */
import assert from "node:assert/strict";
import { cli } from "./cli.ts";
import { queryFile, sql } from "./database.ts";
import { withHome } from "./home.ts";

interface Case {
  readonly name: string;
  /** Default `csv`. */
  readonly format?: "jsonl";
  /** One file a run. */
  readonly files: readonly string[];
  /** Other keys of the source. */
  readonly source?: string;
  /** More of the recipe. */
  readonly recipe?: string;
  /** Type of each column of the table, and its rows in order of `id`. */
  readonly types: Readonly<Record<string, string>>;
  readonly rows: readonly (readonly unknown[])[];
  /** The error of the last run. */
  readonly error?: { readonly code: string; readonly says: RegExp };
}

const CASES: readonly Case[] = [
  {
    name: "a day without rows makes no table",
    files: ["id,amount\n", "id,amount\n1,2.5\n"],
    types: { id: "BIGINT", amount: "DOUBLE" },
    rows: [["1", 2.5]],
  },
  {
    name: "a day without rows in between",
    files: ["id,amount\n1,2.5\n", "id,amount\n", "id,amount\n2,3.5\n"],
    types: { id: "BIGINT", amount: "DOUBLE" },
    rows: [["1", 2.5], ["2", 3.5]],
  },
  {
    name: "a column that is empty for a day",
    files: ["id,amount,on\n1,2.5,2024-01-01\n", "id,amount,on\n2,,\n"],
    types: { id: "BIGINT", amount: "DOUBLE", on: "DATE" },
    rows: [["1", 2.5, "2024-01-01"], ["2", null, null]],
  },
  {
    name: "whole numbers where fractions were before",
    files: ["id,amount\n1,2.5\n", "id,amount\n2,3\n"],
    types: { id: "BIGINT", amount: "DOUBLE" },
    rows: [["1", 2.5], ["2", 3]],
  },
  {
    name: "days where moments were before",
    files: ["id,at\n1,2024-01-01 10:00:00\n", "id,at\n2,2024-01-02\n"],
    types: { id: "BIGINT", at: "TIMESTAMP" },
    rows: [["1", "2024-01-01 10:00:00"], ["2", "2024-01-02 00:00:00"]],
  },
  {
    name: "numbers where texts were before: they stay as they are written",
    files: ["id,code\n1,a7\n", "id,code\n2,1.50\n3,007\n"],
    types: { id: "BIGINT", code: "VARCHAR" },
    rows: [["1", "a7"], ["2", "1.50"], ["3", "007"]],
  },
  {
    name: "a text where numbers were before",
    files: ["id,amount\n1,2.5\n", "id,amount\n2,n/a\n"],
    types: { id: "BIGINT", amount: "DOUBLE" },
    rows: [["1", 2.5]],
    error: {
      code: "CSV_ERROR",
      says: /line 2: "n\/a" in column "amount" is no float, which the column is at the dest/,
    },
  },
  {
    name: "a text behind the sample where numbers were before",
    files: ["id,amount\n1,2.5\n", `id,amount\n${"2,3\n".repeat(25_000)}4,n/a\n`],
    types: { id: "BIGINT", amount: "DOUBLE" },
    rows: [["1", 2.5]],
    error: {
      code: "CSV_ERROR",
      says: /line 25002: "n\/a" in column "amount" is no float, which the column is at the dest/,
    },
  },
  {
    name: "a whole number that no float is",
    files: ["id,amount\n1,2.5\n", "id,amount\n2,9007199254740993\n"],
    types: { id: "BIGINT", amount: "DOUBLE" },
    rows: [["1", 2.5]],
    error: { code: "CSV_ERROR", says: /"9007199254740993" in column "amount" is no float/ },
  },
  {
    name: "columns that are renamed and left out",
    files: ["id,a,b\n1,x,2.5\n", "id,a,b\n2,7,3\n"],
    recipe: `transform:
  steps:
    - {type: rename_columns, mapping: {a: b, b: a}}
    - {type: filter, where: "id > 0"}
`,
    types: { id: "BIGINT", b: "VARCHAR", a: "DOUBLE" },
    rows: [["1", "x", 2.5], ["2", "7", 3]],
  },
  {
    name: "dates in a form of the recipe's own",
    files: ["id,d\n1,31/01/2024\n", "id,d\n2,\n", "id,d\n3,01/02/2024\n"],
    source: 'date_format: "%d/%m/%Y", path: "in/*.csv", incremental: {strategy: modified_time}',
    types: { id: "BIGINT", d: "DATE" },
    rows: [["1", "2024-01-31"], ["2", null], ["3", "2024-02-01"]],
  },
  {
    name: "a column that is given away by a rename has nothing of the table's column of its old name",
    files: ["id,a\n1,x\n", "id,c\n2,5\n"],
    recipe: `transform:
  steps: [{type: rename_columns, mapping: {c: d}, ignore_missing: true}, {type: rename_columns, mapping: {a: c}, ignore_missing: true}]
`,
    types: { id: "BIGINT", c: "VARCHAR", d: "BIGINT" },
    rows: [["1", "x", null], ["2", null, "5"]],
  },
  {
    name: "a rule of type: bad values are quarantined, good ones are of that type",
    files: ["id,age\n1,30\n2,abc\n", "id,age\n3,x\n4,\n"],
    recipe: `validation:
  on_error: quarantine
  quarantine_table: bad
  rules: [{column: age, type: integer}]
`,
    types: { id: "BIGINT", age: "BIGINT" },
    rows: [["1", "30"], ["4", null]],
  },
  {
    name: "a rule of type: a bad value behind the sample is left out too",
    files: [`id,age\n${"0,7\n".repeat(25_000)}1,late\n`, "id,age\n2,8\n"],
    recipe: `transform:
  steps: [{type: filter, where: "id > 0"}]
validation: {on_error: skip, rules: [{column: age, type: integer}]}
`,
    types: { id: "BIGINT", age: "BIGINT" },
    rows: [["2", "8"]],
  },
  {
    name: "a rule of type beside an expression that reckons with the column: the type found is kept",
    files: ["id,age\n1,30\n", `id,age\n${"2,7\n".repeat(25_000)}3,late\n`],
    recipe: `validation:
  on_error: skip
  rules: [{column: age, type: integer}, {name: sane, expression: "age * 2 < 300"}]
`,
    types: { id: "BIGINT", age: "BIGINT" },
    rows: [["1", "30"]],
    error: { code: "CSV_ERROR", says: /line 25002: "late"/ },
  },
  {
    name: "JSON: what is null for a day, whole numbers where fractions were",
    format: "jsonl",
    files: [
      '{"id": 1, "o": {"x": 1, "y": "a"}, "l": [1], "a": 2.5, "t": "x", "b": true}\n',
      '{"id": 2, "o": null, "l": null, "a": null, "t": null, "b": null}\n',
      '{"id": 3, "o": {"x": null, "y": null}, "l": [], "a": 3, "t": 7, "b": false}\n',
    ],
    types: {
      id: "BIGINT",
      o: "STRUCT(x BIGINT, y VARCHAR)",
      l: "BIGINT[]",
      a: "DOUBLE",
      t: "VARCHAR",
      b: "BOOLEAN",
    },
    rows: [
      ["1", { x: "1", y: "a" }, ["1"], 2.5, "x", true],
      ["2", null, null, null, null, null],
      ["3", { x: null, y: null }, [], 3, "7", false],
    ],
  },
  {
    name: "JSON: fields in another order, some of them missing",
    format: "jsonl",
    files: [
      '{"id": 1, "o": {"x": 1, "y": "a"}}\n',
      '{"id": 2, "o": {"y": "b"}}\n',
      '{"id": 3, "o": {"y": "c", "x": 3}}\n',
    ],
    types: { id: "BIGINT", o: "STRUCT(x BIGINT, y VARCHAR)" },
    rows: [["1", { x: "1", y: "a" }], ["2", { x: null, y: "b" }], ["3", { x: "3", y: "c" }]],
  },
  {
    name: "JSON: fields that are new, in records, records in records and lists of them",
    format: "jsonl",
    files: [
      '{"id": 1, "o": {"x": 1, "i": {"a": 1}}, "l": [{"q": 1}]}\n',
      '{"id": 2, "o": {"x": 2, "i": {"a": 2, "b": true}, "z": "new"}, "l": [{"q": 2, "r": "new"}]}\n',
    ],
    types: {
      id: "BIGINT",
      o: "STRUCT(x BIGINT, i STRUCT(a BIGINT, b BOOLEAN), z VARCHAR)",
      l: "STRUCT(q BIGINT, r VARCHAR)[]",
    },
    rows: [
      ["1", { x: "1", i: { a: "1", b: null }, z: null }, [{ q: "1", r: null }]],
      ["2", { x: "2", i: { a: "2", b: true }, z: "new" }, [{ q: "2", r: "new" }]],
    ],
  },
  {
    name: "JSON: a text that is no boolean, within a record",
    format: "jsonl",
    files: ['{"id": 1, "o": {"b": true}}\n', '{"id": 2, "o": {"b": false}}\n{"id": 3, "o": {"b": "y"}}\n'],
    types: { id: "BIGINT", o: "STRUCT(b BOOLEAN)" },
    rows: [["1", { b: true }]],
    error: { code: "JSON_ERROR", says: /line 2/ },
  },
  {
    name: "JSON: a whole number that no float is, within a record",
    format: "jsonl",
    files: [
      '{"id": 1, "o": {"f": 1.5}, "l": [1.5]}\n',
      '{"id": 2, "o": {"f": 9007199254740993}, "l": [3]}\n',
    ],
    types: { id: "BIGINT", o: "STRUCT(f DOUBLE)", l: "DOUBLE[]" },
    rows: [["1", { f: 1.5 }, [1.5]]],
    error: { code: "JSON_ERROR", says: /9007199254740993/ },
  },
  {
    name: "JSON: whole numbers where floats were, within records and lists",
    format: "jsonl",
    files: ['{"id": 1, "o": {"f": 1.5}, "l": [1.5]}\n', '{"id": 2, "o": {"f": 3}, "l": [4, null]}\n'],
    types: { id: "BIGINT", o: "STRUCT(f DOUBLE)", l: "DOUBLE[]" },
    rows: [["1", { f: 1.5 }, [1.5]], ["2", { f: 3 }, [4, null]]],
  },
  {
    name: "a rule of type on the cursor column changes nothing of its order",
    files: ["id,v\n8,a\n9,b\n", "id,v\n8,a\n9,b\n10,c\n11,d\n"],
    source: "incremental: {strategy: cursor, cursor_column: id}, path: in/last.csv",
    recipe: "validation: {on_error: skip, rules: [{column: id, type: integer}]}\n",
    types: { id: "BIGINT", v: "VARCHAR" },
    rows: [["8", "a"], ["9", "b"], ["10", "c"], ["11", "d"]],
  },
  {
    name: "JSON: a text where numbers were before",
    format: "jsonl",
    files: ['{"id": 1, "a": 2.5}\n', '{"id": 2, "a": 3.5}\n{"id": 3, "a": "n/a"}\n'],
    types: { id: "BIGINT", a: "DOUBLE" },
    rows: [["1", 2.5]],
    error: { code: "JSON_ERROR", says: /line 2/ },
  },
  {
    name: "a table whose types change on purpose is not held to them",
    files: ["id,a\n1,2\n", "id,a\n2,x\n"],
    recipe: "schema: {mode: infer, evolution: {on_type_change: evolve}}\n",
    types: { id: "BIGINT", a: "VARCHAR" },
    rows: [["1", "2"], ["2", "x"]],
  },
  {
    name: "an empty day changes no table, though its types may change",
    files: ["id,a\n1,2\n", "id,a\n2,\n", "id,a\n"],
    recipe: "schema: {mode: infer, evolution: {on_type_change: evolve}}\n",
    types: { id: "BIGINT", a: "BIGINT" },
    rows: [["1", "2"], ["2", null]],
  },
];

for (const one of CASES) {
  Deno.test(`types of files that follow others: ${one.name}`, () =>
    withHome(async (home) => {
      const { format = "csv" } = one;
      await Deno.writeTextFile(
        `${home}/r.yaml`,
        `name: r
source: {type: ${format}, ${one.source ?? `path: "in/*.${format}", incremental: {strategy: modified_time}`}}
destination: {type: duckdb, database: d.duckdb, table: t}
${one.recipe ?? ""}`,
      );
      await Deno.mkdir(`${home}/in`);
      for (const [i, text] of one.files.entries()) {
        await Deno.writeTextFile(`${home}/in/${one.source?.includes("last") ? "last" : i}.${format}`, text);
        const { code, stdout } = await cli(["run", "r.yaml", "--json"], { cwd: home });
        const last = i === one.files.length - 1;
        const { error } = JSON.parse(stdout);
        assert.equal(code, last && one.error !== undefined ? 1 : 0, stdout);
        if (last && one.error !== undefined) {
          assert.equal(error.code, one.error.code);
          assert.match(error.message, one.error.says);
        }
      }
      const database = `${home}/d.duckdb`;
      const columns = await queryFile(
        database,
        "SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = 't'",
      );
      assert.deepEqual(Object.fromEntries(columns.map((c) => [c.column_name, c.data_type])), one.types);
      const rows = await queryFile(database, "SELECT * FROM t ORDER BY id");
      assert.deepEqual(rows.map((row) => Object.values(row)), one.rows);
    }));
}

Deno.test("a rule of type changes no column of Parquet, which has types of its own", () =>
  withHome(async (home) => {
    await sql(`COPY (SELECT 2 AS id, '007' AS code) TO '${home}/a.parquet'`);
    for (const source of ["{type: parquet, path: a.parquet}", "{type: filestore, path: a.parquet}"]) {
      await Deno.writeTextFile(
        `${home}/r.yaml`,
        `name: r
source: ${source}
destination: {type: duckdb, database: d.duckdb, table: t, write_mode: overwrite}
validation: {on_error: skip, rules: [{column: code, type: integer}]}
`,
      );
      assert.equal((await cli(["run", "r.yaml"], { cwd: home })).code, 0);
      assert.deepEqual(await queryFile(`${home}/d.duckdb`, "SELECT code FROM t"), [{ code: "007" }]);
    }
  }));

Deno.test("a cursor of numbers is compared as such where the table keeps it as text", () =>
  withHome(async (home) => {
    await sql(`ATTACH '${home}/d.duckdb' AS d`, "CREATE TABLE d.t (id VARCHAR, a VARCHAR)", "DETACH d");
    await Deno.writeTextFile(
      `${home}/r.yaml`,
      `name: r
source: {type: csv, path: in.csv, incremental: {strategy: cursor, cursor_column: id}}
destination: {type: duckdb, database: d.duckdb, table: t}
`,
    );
    for (const text of ["id,a\n8,x\n9,y\n", "id,a\n8,x\n9,y\n10,z\n"]) {
      await Deno.writeTextFile(`${home}/in.csv`, text);
      assert.equal((await cli(["run", "r.yaml"], { cwd: home })).code, 0);
    }
    const rows = await queryFile(`${home}/d.duckdb`, "SELECT id FROM t ORDER BY id");
    assert.deepEqual(rows, [{ id: "10" }, { id: "8" }, { id: "9" }]);
  }));

Deno.test("a full refresh of a day without rows makes no table of texts", () =>
  withHome(async (home) => {
    await Deno.writeTextFile(
      `${home}/r.yaml`,
      `name: r
source: {type: csv, path: in.csv, incremental: {strategy: cursor, cursor_column: id}}
destination: {type: duckdb, database: d.duckdb, table: t}
`,
    );
    const days = ["id,a\n", "id,a\n8,x\n9,y\n", "id,a\n8,x\n9,y\n10,z\n"];
    for (const [i, text] of days.entries()) {
      await Deno.writeTextFile(`${home}/in.csv`, text);
      const { code, stdout } = await cli(["run", "r.yaml", ...(i === 0 ? ["--full-refresh"] : [])], {
        cwd: home,
      });
      assert.equal(code, 0, stdout);
    }
    assert.deepEqual(await queryFile(`${home}/d.duckdb`, "SELECT id FROM t ORDER BY id"), [
      { id: "8" },
      { id: "9" },
      { id: "10" },
    ]);
    await Deno.writeTextFile(`${home}/in.csv`, "id,a\n");
    assert.equal((await cli(["run", "r.yaml", "--full-refresh"], { cwd: home })).code, 0);
    const types = await queryFile(
      `${home}/d.duckdb`,
      "SELECT count(*)::INTEGER AS n, any_value(typeof(id)) AS t FROM t",
    );
    assert.equal(types[0]!.n, 0, "no rows replace those that were there");
  }));

Deno.test("types of files that follow others: a folder of Parquet, which has no table", () =>
  withHome(async (home) => {
    await Deno.writeTextFile(
      `${home}/r.yaml`,
      `name: r
source: {type: csv, path: "in/*.csv", incremental: {strategy: modified_time}}
destination: {type: parquet, path: out/}
`,
    );
    await Deno.mkdir(`${home}/in`);
    for (const [i, text] of ["id,amount\n1,2.5\n", "id,amount\n2,\n", "id,amount\n3,4\n"].entries()) {
      await Deno.writeTextFile(`${home}/in/${i}.csv`, text);
      assert.equal((await cli(["run", "r.yaml"], { cwd: home })).code, 0);
    }
    const found = await sql(
      `SELECT DISTINCT type FROM parquet_schema('${home}/out/*.parquet') WHERE name = 'amount'`,
    );
    assert.deepEqual(found, [{ type: "DOUBLE" }]);
  }));
