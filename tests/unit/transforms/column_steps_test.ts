import { deepEqual, equal, match } from "node:assert/strict";
import { apply, failure, texts, withSession } from "./_session.ts";

type Config = Record<string, unknown> & { type: string };

/** Steps that work: what they make of a row. The order of the columns counts. */
const WORKS: readonly [
  title: string,
  select: string,
  step: Config,
  expected: [name: string, value: string | null][],
][] = [
  [
    "rename_columns renames and keeps the order",
    "SELECT 1 AS a, 2 AS b, 3 AS c",
    { type: "rename_columns", mapping: { b: "x" } },
    [["a", "1"], ["x", "2"], ["c", "3"]],
  ],
  [
    "rename_columns swaps",
    "SELECT 1 AS a, 2 AS b",
    { type: "rename_columns", mapping: { a: "b", b: "a" } },
    [["b", "1"], ["a", "2"]],
  ],
  [
    "rename_columns moves names round",
    "SELECT 1 AS a, 2 AS b, 3 AS c",
    { type: "rename_columns", mapping: { a: "b", b: "c", c: "a" } },
    [["b", "1"], ["c", "2"], ["a", "3"]],
  ],
  [
    "rename_columns changes case only",
    "SELECT 1 AS name",
    { type: "rename_columns", mapping: { name: "Name" } },
    [["Name", "1"]],
  ],
  [
    "rename_columns finds names without regard to case",
    'SELECT 1 AS "Name"',
    { type: "rename_columns", mapping: { NAME: "n" } },
    [["n", "1"]],
  ],
  [
    "rename_columns takes weird names",
    'SELECT 1 AS "a ""b\'", 2 AS "select", 3 AS "名 前", 4 AS "x.y"',
    {
      type: "rename_columns",
      mapping: { "a \"b'": "from", select: '"', "名 前": "é;--", "x.y": "constructor" },
    },
    [["from", "1"], ['"', "2"], ["é;--", "3"], ["constructor", "4"]],
  ],
  [
    "rename_columns leaves missing names out when told",
    "SELECT 1 AS a",
    { type: "rename_columns", mapping: { zzz: "x" }, ignore_missing: true },
    [["a", "1"]],
  ],
  [
    "drop_columns",
    'SELECT 1 AS a, 2 AS "B b", 3 AS c',
    { type: "drop_columns", columns: ["b B".split(" ").reverse().join(" "), "c"] },
    [["a", "1"]],
  ],
  [
    "drop_columns leaves missing names out when told",
    "SELECT 1 AS a",
    { type: "drop_columns", columns: ["zzz"], ignore_missing: true },
    [["a", "1"]],
  ],
  [
    "select_columns gives the order",
    "SELECT 1 AS a, 2 AS b, NULL AS c",
    { type: "select_columns", columns: ["c", "a"] },
    [["c", null], ["a", "1"]],
  ],
  [
    "add_column puts a text last",
    "SELECT 1 AS a",
    { type: "add_column", name: 'from "x"', value: "it's {{ }} {input}" },
    [["a", "1"], ['from "x"', "it's {{ }} {input}"]],
  ],
  ["add_column: a whole number", "SELECT 1 AS a", { type: "add_column", name: "n", value: 5 }, [["a", "1"], [
    "n",
    "5",
  ]]],
  ["add_column: a fraction", "SELECT 1 AS a", { type: "add_column", name: "n", value: 0.1 }, [["a", "1"], [
    "n",
    "0.1",
  ]]],
  ["add_column: true", "SELECT 1 AS a", { type: "add_column", name: "n", value: true }, [["a", "1"], [
    "n",
    "true",
  ]]],
  ["add_column: null", "SELECT 1 AS a", { type: "add_column", name: "n", value: null }, [["a", "1"], [
    "n",
    null,
  ]]],
  [
    "add_column: a typed text",
    "SELECT 1 AS a",
    { type: "add_column", name: "n", value: "12.5", value_type: "decimal(5,2)" },
    [["a", "1"], ["n", "12.50"]],
  ],
  [
    "add_column: an expression with a comment",
    "SELECT 2 AS a, 3 AS b",
    { type: "add_column", name: "n", expression: "a * b -- product" },
    [["a", "2"], ["b", "3"], ["n", "6"]],
  ],
  [
    "add_column replaces in place when told",
    "SELECT 1 AS a, 2 AS b",
    { type: "add_column", name: "A", expression: "a + 10", replace: true },
    [["a", "11"], ["b", "2"]],
  ],
  [
    "filter keeps what is true",
    "SELECT * FROM (VALUES (1), (2), (NULL)) AS t(a)",
    { type: "filter", where: "a > 1 -- ; not )" },
    [["a", "2"]],
  ],
  [
    "filter: a subquery and a text with brackets",
    "SELECT * FROM (VALUES ('a)'), ('b;')) AS t(a)",
    { type: "filter", where: "a IN (SELECT 'b;') AND a <> $$x;)$$" },
    [["a", "b;"]],
  ],
  [
    "sql: {input} once, a struct literal, a closing semicolon",
    "SELECT 1 AS a",
    {
      type: "sql",
      query: "SELECT a + 1 AS a, {'input': 1, 'x': '{input}'}::VARCHAR AS s FROM {input} WHERE a = 1; -- end",
    },
    [["a", "2"], ["s", "{'input': 1, 'x': '{input}'}"]],
  ],
  [
    "sql: {input} with aliases, twice, in a CTE",
    "SELECT * FROM (VALUES (1, 'x'), (2, 'y')) AS t(a, b)",
    {
      type: "sql",
      query:
        "WITH m AS (SELECT max(a) AS a FROM {input}) SELECT i.b FROM { input } AS i JOIN m USING (a) -- {input}",
    },
    [["b", "y"]],
  ],
  [
    "sql: a comment, a recursive CTE",
    "SELECT 3 AS n",
    {
      type: "sql",
      query:
        "-- counts\nWITH RECURSIVE c AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM c, {input} WHERE i < n) SELECT max(i) AS m FROM c",
    },
    [["m", "3"]],
  ],
  [
    "sql: a union in brackets",
    "SELECT 1 AS a",
    { type: "sql", query: "(SELECT a FROM {input}) EXCEPT (SELECT 2 AS a)" },
    [["a", "1"]],
  ],
  [
    "sql: PIVOT",
    "SELECT 1 AS a, 'x' AS k, 5 AS v",
    { type: "sql", query: "PIVOT {input} ON k IN ('x') USING sum(v)" },
    [["a", "1"], ["x", "5"]],
  ],
  [
    "sql: FROM first, qualified by the input's name",
    "SELECT 1 AS a",
    { type: "sql", query: "FROM {input} SELECT {input}.a AS b" },
    [["b", "1"]],
  ],
];

Deno.test("steps that change columns and rows", async (test) => {
  await withSession(async (session) => {
    for (const [title, select, step, expected] of WORKS) {
      await test.step(title, async () => {
        const applied = await apply(session, select, step);
        deepEqual(applied.batch.columns, expected.map(([name]) => name));
        deepEqual(await texts(session, applied), [Object.fromEntries(expected)]);
        deepEqual(applied.batch.metadata, { file: "x.csv" });
        const empty = await apply(session, `SELECT * FROM (${select}) WHERE false`, step);
        deepEqual(empty.batch.schema, applied.batch.schema);
      });
    }
  });
});

/** Steps that fail before a row is read. */
const FAILS: readonly [step: Config, code: string, message: string, hint?: RegExp][] = [
  [
    { type: "rename_columns", mapping: { fist_name: "x" } },
    "UNKNOWN_COLUMN",
    'there is no column "fist_name"',
    /^did you mean "first_name"\?$/,
  ],
  [
    { type: "rename_columns", mapping: { zzzzzz: "x" } },
    "UNKNOWN_COLUMN",
    'there is no column "zzzzzz"',
    /^the columns are: id, first_name, age$/,
  ],
  [
    { type: "rename_columns", mapping: { id: "AGE" } },
    "COLUMN_EXISTS",
    'column "id" can\'t be named "AGE": there is one already',
    /choose another name/,
  ],
  [
    { type: "rename_columns", mapping: { id: "x", age: "X" } },
    "COLUMN_EXISTS",
    'columns "id" and "age" would both be named "X"',
  ],
  [
    { type: "rename_columns", mapping: { id: "x", ID: "y" } },
    "DUPLICATE_COLUMN",
    'column "id" is renamed twice',
  ],
  [{ type: "rename_columns", mapping: {} }, "INVALID_CONFIG", "mapping: name at least one column"],
  [{ type: "rename_columns", maping: { id: "x" } }, "INVALID_CONFIG", ""],
  [
    { type: "rename_columns", mapping: { id: "x" }, maping: 1 },
    "UNKNOWN_KEY",
    'there is no key "maping"',
    /"mapping"/,
  ],
  [{ type: "drop_columns", columns: ["agee"] }, "UNKNOWN_COLUMN", 'there is no column "agee"', /"age"/],
  [
    { type: "drop_columns", columns: ["id", "first_name", "age"] },
    "NO_COLUMNS",
    "the step drops every column",
    /keep at least one/,
  ],
  [{ type: "drop_columns", columns: ["id", "id"] }, "INVALID_CONFIG", 'columns: column "id" is named twice'],
  [{ type: "select_columns", columns: ["agee"] }, "UNKNOWN_COLUMN", 'there is no column "agee"', /"age"/],
  [{ type: "select_columns", columns: ["age", "AGE"] }, "DUPLICATE_COLUMN", 'column "age" is selected twice'],
  [
    { type: "select_columns", columns: ["x"], ignore_missing: true },
    "NO_COLUMNS",
    "none of the selected columns is there",
  ],
  [
    { type: "add_column", name: "Age", value: 1 },
    "COLUMN_EXISTS",
    'there is a column "Age" already',
    /replace: true/,
  ],
  [{ type: "add_column", name: "n" }, "INVALID_CONFIG", "value: give either `value` or `expression`"],
  [
    { type: "add_column", name: "n", value: 2 ** 60 },
    "INVALID_CONFIG",
    "value: the value has more digits than",
  ],
  [
    { type: "add_column", name: "n", expression: "agee + 1" },
    "UNKNOWN_COLUMN",
    'there is no column "agee"',
    /"age"/,
  ],
  [
    { type: "add_column", name: "n", expression: "1, 2" },
    "INVALID_SQL",
    "`expression` has more than one expression",
  ],
  [
    { type: "add_column", name: "n", expression: "unnest([1, 2])" },
    "INVALID_SQL",
    "`expression` uses unnest()",
  ],
  [
    { type: "filter", where: "agee > 1" },
    "UNKNOWN_COLUMN",
    'there is no column "agee"',
    /^did you mean "age"\?$/,
  ],
  [{ type: "filter", where: "age > 1; DROP TABLE x" }, "INVALID_SQL", "`where` has more than one statement"],
  [
    { type: "filter", where: "age > 1) OR (true" },
    "INVALID_SQL",
    "`where` closes a bracket that it did not open",
  ],
  [{ type: "filter", where: "(age > 1" }, "INVALID_SQL", "`where` opens a bracket that it does not close"],
  [{ type: "filter", where: "first_name = 'x" }, "INVALID_SQL", "the SQL has a ' that does not end"],
  [{ type: "filter", where: "-- nothing" }, "INVALID_SQL", "`where` is empty"],
  [{ type: "filter", where: "age >" }, "INVALID_SQL", "syntax error"],
  [{ type: "filter", where: "sum(age) > 1" }, "INVALID_SQL", "WHERE clause cannot contain aggregates"],
  [{ type: "sql", query: "SELECT 1" }, "INVALID_SQL", "`query` does not use {input}", /FROM \{input\}/],
  [{ type: "sql", query: "SELECT '{input}' -- {input}" }, "INVALID_SQL", "`query` does not use {input}"],
  [
    { type: "sql", query: "SELECT * FROM {input}; DROP TABLE x" },
    "INVALID_SQL",
    "`query` has more than one statement",
  ],
  [
    { type: "sql", query: "SELECT * FROM {input}) AS a; SELECT * FROM (SELECT 1" },
    "INVALID_SQL",
    "`query` has more than one statement",
  ],
  [{ type: "sql", query: "DELETE FROM {input}" }, "INVALID_SQL", "`query` has to be a SELECT, not DELETE"],
  [
    { type: "sql", query: "COPY (SELECT * FROM {input}) TO 'x'" },
    "INVALID_SQL",
    "`query` has to be a SELECT, not COPY",
  ],
  [
    { type: "sql", query: "SELECT agee FROM {input}" },
    "UNKNOWN_COLUMN",
    'there is no column "agee"',
    /"age"/,
  ],
  [{ type: "sql", query: "SELECT a.x FROM {input} a" }, "UNKNOWN_COLUMN", 'there is no column "x"'],
  [{ type: "sql", query: "SELECT * FROM {input}, zz" }, "INVALID_SQL", "table with name zz does not exist"],
  [{ type: "sql", query: "SELECT id, id FROM {input}" }, "INVALID_SQL", ""],
  [{ type: "sql", query: "WITH x AS (SELECT * FROM {input}) SELECT id, id FROM x" }, "INVALID_SQL", ""],
  [{ type: "sql", query: "SELECT ? FROM {input}" }, "INVALID_SQL", ""],
  [
    { type: "rename_colums", mapping: {} },
    "UNKNOWN_TRANSFORM",
    'Transform "rename_colums" is not known.',
    /rename_columns/,
  ],
];

Deno.test("steps that can't be done fail before a row is read, and say where", async (test) => {
  await withSession(async (session) => {
    // Reading a row would fail otherwise than binding does.
    const select = "SELECT error('read') AS id, 'x' AS first_name, 5 AS age";
    for (const [step, code, message, hint] of FAILS) {
      await test.step(`${step.type} ${JSON.stringify(step)}`, async () => {
        const error = await failure(apply(session, select, { type: "filter", where: "true" }, step));
        equal(error.name, "TransformError", error.message);
        equal(error.code, code, error.message);
        equal(error.message.startsWith(`step 2 (${step.type}): ${message}`), true, error.message);
        if (hint !== undefined) match(error.hint ?? "", hint);
        deepEqual((error as { location?: unknown }).location, { file: "recipe.yaml", line: 11, column: 7 });
        equal(error.context?.step, 2);
        equal(error.context?.type, step.type);
      });
    }
  });
});

Deno.test("add_column checks constants against their type", async (test) => {
  const cases: [value: unknown, type: string, expected: string | undefined][] = [
    ["12", "int", "12"],
    ["12.0", "int", undefined],
    ["128", "int8", undefined],
    ["-128", "int8", "-128"],
    ["9223372036854775808", "int", undefined],
    ["12.50", "decimal(10,1)", "12.5"],
    ["12.55", "decimal(10,1)", undefined],
    ["1e3", "float", "1000.0"],
    ["x", "float", undefined],
    [1, "bool", "true"],
    ["2024-02-29", "date", "2024-02-29"],
    ["2023-02-29", "date", undefined],
    ["2024-01-02T03:04:05", "datetime", "2024-01-02 03:04:05"],
    ["2024-01-02T03:04:05+02:00", "datetime", undefined],
    ["2024-01-02T03:04:05+02:00", "datetime(tz)", "2024-01-02 01:04:05+00"],
    ["25:00", "time", undefined],
    ['{"a": 1}', "json", '{"a": 1}'],
    ["{", "json", undefined],
    ["é", "binary", "\\xC3\\xA9"],
    [null, "date", null as unknown as string],
  ];
  await withSession(async (session) => {
    for (const [value, type, expected] of cases) {
      await test.step(`${JSON.stringify(value)} as ${type}`, async () => {
        const applied = apply(session, "SELECT 1 AS a", {
          type: "add_column",
          name: "n",
          value,
          value_type: type,
        });
        if (expected === undefined) equal((await failure(applied)).code, "INVALID_CONFIG");
        else deepEqual(await texts(session, await applied), [{ a: "1", n: expected }]);
      });
    }
  });
});
