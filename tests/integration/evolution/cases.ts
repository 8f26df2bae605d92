/**
 * What becomes of a table when the rows change. Each case loads once or several times; the last load is what it is about. Rows
 * are SELECTs, values are compared as text. What differs for files is said in the case.
 */
import { shortenName } from "../../../src/schema/names.ts";
import type { LoadSpec } from "./run.ts";

type Row = readonly (string | null)[];

interface Outcome {
  /** Type by column. */
  readonly columns?: Readonly<Record<string, string>>;
  /** In the order of `columns`. */
  readonly rows?: readonly Row[];
  /** Kinds and columns of the changes that the last load tells: `add_column b`. */
  readonly changes?: readonly string[];
  /** Code of the error that stops the last load. Nothing must have changed then. */
  readonly error?: string;
  /** What the message must say. */
  readonly says?: RegExp;
  readonly rejected?: number;
  /** `column changed/lost/moved`. */
  readonly coerced?: readonly string[];
}

export interface EvolutionCase extends Outcome {
  readonly name: string;
  readonly loads: readonly LoadSpec[];
  readonly prepare?: readonly string[];
  readonly only?: "tables" | "files";
  /** What is otherwise for files. */
  readonly files?: Outcome;
  /** What is otherwise for PostgreSQL, which has no records and no integers of 8 bits. */
  readonly postgres?: Outcome;
}

const on = (actions: string, columns = "") =>
  `  evolution: {${actions}}${columns === "" ? "" : `\n${columns}`}`;
const cols = (...list: string[]) => `  columns:\n${list.map((c) => `    - {${c}}`).join("\n")}`;
const EVOLVE = on("allow_new_columns: true, allow_column_deletion: true, allow_type_changes: true");
const NONE = "  mode: infer";
const first = (rows: string, schema: string = NONE, write?: string): LoadSpec => ({ rows, schema, write });
const LONG = "a_name_of_a_column_that_goes_on_and_on_and_is_longer_than_63_bytes";
const A = "SELECT 1::BIGINT AS id, 5::BIGINT AS a";
const MERGE = "write_mode: merge\n  merge_keys: [id]";
const OVERWRITE = "write_mode: overwrite";

export const EVOLUTION_CASES: readonly EvolutionCase[] = [
  // New columns.
  {
    name: "a new column is added, NULL in old rows",
    loads: [first(A), first(`${A.replace("1", "2")}, 'x' AS b`)],
    columns: { id: "int64", a: "int64", b: "string" },
    rows: [["1", "5", null], ["2", "5", "x"]],
    changes: ["add_column b"],
  },
  {
    name: "a new column is refused where columns are frozen",
    loads: [first(A), first(`${A}, 1 AS b`, on("allow_new_columns: false"))],
    error: "SCHEMA_NEW_COLUMN",
    says: /"b"/,
  },
  {
    name: "several new columns are refused at once",
    loads: [first(A), first(`${A}, 1 AS b, 2 AS c`, on("on_new_column: freeze"))],
    error: "SCHEMA_NEW_COLUMN",
    says: /2 new columns.*"b", "c"/,
  },
  {
    name: "a new column is left out",
    loads: [
      first(A),
      first(`SELECT 2::BIGINT AS id, 6::BIGINT AS a, 1 AS b`, on("on_new_column: discard_column")),
    ],
    columns: { id: "int64", a: "int64" },
    rows: [["1", "5"], ["2", "6"]],
    changes: ["discard_column b"],
  },
  {
    name: "rows with a value in a new column are left out",
    loads: [
      first(A),
      first(
        "SELECT id::BIGINT AS id, 6::BIGINT AS a, b FROM (VALUES (2, NULL), (3, 'x')) AS v(id, b)",
        on("on_new_column: discard_row"),
      ),
    ],
    columns: { id: "int64", a: "int64" },
    rows: [["1", "5"], ["2", "6"]],
    rejected: 1,
  },
  {
    name: "a new column with a default fills old rows",
    loads: [
      first(A),
      first(`SELECT 2::BIGINT AS id, 6::BIGINT AS a, 9 AS b`, cols("name: b, type: int, default: 7")),
    ],
    columns: { id: "int64", a: "int64", b: "int64" },
    rows: [["1", "5", "7"], ["2", "6", "9"]],
    files: { rows: [["1", "5", null], ["2", "6", "9"]] },
  },
  {
    name: "a new column without NULL, with a default",
    loads: [
      first(A),
      first(
        "SELECT 2::BIGINT AS id, 6::BIGINT AS a, NULL::BIGINT AS b",
        cols("name: b, type: int, nullable: false, default: 7"),
      ),
    ],
    columns: { id: "int64", a: "int64", b: "int64" },
    rows: [["1", "5", "7"], ["2", "6", "7"]],
    files: { rows: [["1", "5", null], ["2", "6", "7"]] },
  },
  {
    name: "strict takes no column that is not listed",
    loads: [first(A, "  mode: strict\n" + cols("name: id, type: int"))],
    error: "SCHEMA_NEW_COLUMN",
    says: /"a"/,
  },
  {
    name: "strict takes new columns where the recipe allows them",
    loads: [first(A, "  mode: strict\n" + on("allow_new_columns: true", cols("name: id, type: int")))],
    columns: { id: "int64", a: "int64" },
    rows: [["1", "5"]],
  },
  {
    name: "strict without columns takes the first load as it is, and then nothing new",
    loads: [first(A, "  mode: strict"), first(`${A}, 1 AS b`, "  mode: strict")],
    error: "SCHEMA_NEW_COLUMN",
  },
  {
    name: "infer takes the first load as it is, though columns are frozen",
    loads: [first(A, on("on_new_column: freeze", cols("name: id, type: int")))],
    columns: { id: "int64", a: "int64" },
    rows: [["1", "5"]],
  },
  {
    name: "lenient adds new columns",
    loads: [
      first(A, "  mode: lenient"),
      first("SELECT 2::BIGINT AS id, 6::BIGINT AS a, true AS b", "  mode: lenient"),
    ],
    columns: { id: "int64", a: "int64", b: "boolean" },
    rows: [["1", "5", null], ["2", "6", "true"]],
  },
  {
    name: "a listed column is left out where it says so itself",
    loads: [first(`${A}, 's' AS ssn`, cols("name: ssn, evolution: {on_new_column: discard_column}"))],
    columns: { id: "int64", a: "int64" },
    rows: [["1", "5"]],
  },
  {
    name: "a new nested column",
    loads: [first(A), first("SELECT 2::BIGINT AS id, 6::BIGINT AS a, {x: 1, y: ['p', 'q']} AS b")],
    columns: { id: "int64", a: "int64", b: "struct<x: int32, y: array<string>>" },
    rows: [["1", "5", null], ["2", "6", "{'x': 1, 'y': [p, q]}"]],
    postgres: {
      columns: { id: "int64", a: "int64", b: "json" },
      rows: [["1", "5", null], ["2", "6", '{"x": 1, "y": ["p", "q"]}']],
    },
  },
  {
    name: "a new JSON column",
    loads: [first(A), first(`SELECT 2::BIGINT AS id, 6::BIGINT AS a, '{"k": 1}'::JSON AS b`)],
    columns: { id: "int64", a: "int64", b: "json" },
    rows: [["1", "5", null], ["2", "6", '{"k": 1}']],
    files: { columns: { id: "int64", a: "int64", b: "json" } },
  },
  {
    name: "a new column of an overwrite",
    loads: [
      first(A, NONE, OVERWRITE),
      first("SELECT 2::BIGINT AS id, 6::BIGINT AS a, 1::SMALLINT AS b", NONE, OVERWRITE),
    ],
    columns: { id: "int64", a: "int64", b: "int16" },
    rows: [["2", "6", "1"]],
  },
  {
    name: "a new column of a merge",
    only: "tables",
    loads: [
      first("SELECT * FROM (VALUES (1, 5), (2, 6)) AS v(id, a)", NONE, MERGE),
      first("SELECT 2 AS id, 7 AS a, 'new' AS b", NONE, MERGE),
    ],
    columns: { id: "int32", a: "int32", b: "string" },
    rows: [["1", "5", null], ["2", "7", "new"]],
  },
  {
    name: "without `schema`, columns are added as ever",
    only: "tables",
    loads: [{ rows: A }, { rows: "SELECT 2::BIGINT AS id, 6::BIGINT AS a, 'x' AS b" }],
    columns: { id: "int64", a: "int64", b: "string" },
    rows: [["1", "5", null], ["2", "6", "x"]],
    changes: ["add_column b"],
  },
  // Missing columns.
  {
    name: "a column that is gone stops the load",
    loads: [first(A), first("SELECT 2::BIGINT AS id")],
    error: "SCHEMA_MISSING_COLUMN",
    says: /"a"/,
  },
  {
    name: "a column that is gone is NULL in new rows where the recipe allows it",
    loads: [first(A), first("SELECT 2::BIGINT AS id", on("allow_column_deletion: true"))],
    columns: { id: "int64", a: "int64" },
    rows: [["1", "5"], ["2", null]],
    changes: ["missing_column a"],
  },
  {
    name: "a listed column that is missing gets its default",
    loads: [first(A), first("SELECT 2::BIGINT AS id", cols("name: a, type: int, default: 0"))],
    columns: { id: "int64", a: "int64" },
    rows: [["1", "5"], ["2", "0"]],
  },
  {
    name: "strict misses a listed column",
    loads: [
      first(A, "  mode: strict\n" + cols("name: id, type: int", "name: a, type: int", "name: b, type: date")),
    ],
    error: "SCHEMA_MISSING_COLUMN",
    says: /"b"/,
  },
  {
    name: "strict makes a listed column that is missing where deletions are allowed",
    loads: [
      first(
        A,
        "  mode: strict\n" +
          on(
            "allow_column_deletion: true",
            cols("name: id, type: int", "name: a, type: int", "name: b, type: date"),
          ),
      ),
    ],
    columns: { id: "int64", a: "int64", b: "date" },
    rows: [["1", "5", null]],
  },
  {
    name: "a missing column without NULL and without a default always stops the load",
    loads: [first(A, on("allow_column_deletion: true", cols("name: b, type: int, nullable: false")))],
    error: "SCHEMA_MISSING_COLUMN",
    says: /"b"/,
  },
  {
    name: "a merge leaves a missing column as it is",
    only: "tables",
    loads: [
      first("SELECT 1 AS id, 5 AS a, 'old' AS b", NONE, MERGE),
      first("SELECT 1 AS id, 7 AS a", on("on_missing_column: evolve"), MERGE),
    ],
    columns: { id: "int32", a: "int32", b: "string" },
    rows: [["1", "7", "old"]],
  },
  {
    name: "an overwrite has NULL in a missing column",
    loads: [
      first(A, NONE, OVERWRITE),
      first("SELECT 2::BIGINT AS id", on("on_missing_column: evolve"), OVERWRITE),
    ],
    columns: { id: "int64", a: "int64" },
    rows: [["2", null]],
  },
  {
    name: "one column may go where the others may not",
    loads: [
      first(A),
      first("SELECT 2::BIGINT AS id", cols("name: a, evolution: {on_missing_column: evolve}")),
    ],
    columns: { id: "int64", a: "int64" },
    rows: [["1", "5"], ["2", null]],
  },
  // Wider types.
  {
    name: "int32 becomes int64",
    loads: [first("SELECT 1 AS id, 5::INTEGER AS a"), first("SELECT 2 AS id, 5000000000 AS a", EVOLVE)],
    columns: { id: "int32", a: "int64" },
    rows: [["1", "5"], ["2", "5000000000"]],
    changes: ["change_type a"],
  },
  {
    name: "int64 becomes decimal",
    loads: [first(A), first("SELECT 2::BIGINT AS id, 1.50::DECIMAL(5,2) AS a", EVOLVE)],
    columns: { id: "int64", a: "decimal(21,2)" },
    rows: [["1", "5.00"], ["2", "1.50"]],
  },
  {
    name: "decimal(5,2) becomes wide enough for decimal(6,4)",
    loads: [
      first("SELECT 1 AS id, 123.45::DECIMAL(5,2) AS a"),
      first("SELECT 2 AS id, 12.3456::DECIMAL(6,4) AS a", EVOLVE),
    ],
    columns: { id: "int32", a: "decimal(7,4)" },
    rows: [["1", "123.4500"], ["2", "12.3456"]],
  },
  {
    name: "a wider type is refused where types are frozen, which they are by default",
    loads: [first("SELECT 1 AS id, 5::INTEGER AS a"), first("SELECT 2 AS id, 5000000000 AS a")],
    error: "SCHEMA_TYPE_CHANGED",
    says: /"a" holds int64, and the destination's column is int32/,
  },
  {
    name: "a narrower type changes nothing",
    loads: [first(A), first("SELECT 2::BIGINT AS id, 6::TINYINT AS a")],
    columns: { id: "int64", a: "int64" },
    rows: [["1", "5"], ["2", "6"]],
    changes: [],
  },
  {
    name: "int64 becomes float where every value has an exact one",
    loads: [first(A), first("SELECT 2::BIGINT AS id, 1.5::DOUBLE AS a", EVOLVE)],
    columns: { id: "int64", a: "float" },
    rows: [["1", "5.0"], ["2", "1.5"]],
  },
  {
    name: "int64 does not become float where a value would change",
    only: "tables",
    loads: [
      first("SELECT 1::BIGINT AS id, 9007199254740993::BIGINT AS a"),
      first("SELECT 2::BIGINT AS id, 1.5::DOUBLE AS a", EVOLVE),
    ],
    error: "SCHEMA_CHANGE_REFUSED",
    says: /9007199254740993/,
  },
  {
    name: "a float column takes integers that are exact in it",
    loads: [first("SELECT 1 AS id, 1.5::DOUBLE AS a"), first("SELECT 2 AS id, 7::BIGINT AS a", EVOLVE)],
    columns: { id: "int32", a: "float" },
    rows: [["1", "1.5"], ["2", "7.0"]],
  },
  {
    name: "a float column takes no integer that would change",
    loads: [
      first("SELECT 1 AS id, 1.5::DOUBLE AS a"),
      first("SELECT 2 AS id, 9007199254740993::BIGINT AS a", EVOLVE),
    ],
    error: "SCHEMA_VALUE",
    says: /9007199254740993/,
  },
  {
    name: "an integer column becomes text",
    loads: [first(A), first("SELECT 2::BIGINT AS id, '007' AS a", EVOLVE)],
    columns: { id: "int64", a: "string" },
    rows: [["1", "5"], ["2", "007"]],
    changes: ["change_type a"],
  },
  {
    name: "date becomes datetime",
    loads: [
      first("SELECT 1 AS id, DATE '2024-01-02' AS a"),
      first("SELECT 2 AS id, TIMESTAMP '2024-01-03 04:05:06' AS a", EVOLVE),
    ],
    columns: { id: "int32", a: "datetime" },
    rows: [["1", "2024-01-02 00:00:00"], ["2", "2024-01-03 04:05:06"]],
  },
  {
    name: "a datetime column takes dates",
    loads: [
      first("SELECT 1 AS id, TIMESTAMP '2024-01-03 04:05:06' AS a"),
      first("SELECT 2 AS id, DATE '2024-01-04' AS a"),
    ],
    columns: { id: "int32", a: "datetime" },
    rows: [["1", "2024-01-03 04:05:06"], ["2", "2024-01-04 00:00:00"]],
  },
  {
    name: "datetimes with and without a zone become text",
    loads: [
      first("SELECT 1 AS id, TIMESTAMP '2024-01-03 04:05:06' AS a"),
      first("SELECT 2 AS id, TIMESTAMPTZ '2024-01-03 04:05:06+00' AS a", EVOLVE),
    ],
    columns: { id: "int32", a: "string" },
    rows: [["1", "2024-01-03 04:05:06"], ["2", "2024-01-03 04:05:06+00"]],
  },
  {
    name: "boolean and integer become text",
    loads: [first("SELECT 1 AS id, true AS a"), first("SELECT 2 AS id, 3 AS a", EVOLVE)],
    columns: { id: "int32", a: "string" },
    rows: [["1", "true"], ["2", "3"]],
  },
  {
    name: "uuid and text become text",
    // DuckDB reads Parquet files of both only where it is told a type.
    only: "tables",
    loads: [
      first("SELECT 1 AS id, '5b6f3a44-1c1e-4f5e-9b1a-0d7e3a0c1f00'::UUID AS a"),
      first("SELECT 2 AS id, 'none' AS a", EVOLVE),
    ],
    columns: { id: "int32", a: "string" },
    rows: [["1", "5b6f3a44-1c1e-4f5e-9b1a-0d7e3a0c1f00"], ["2", "none"]],
  },
  {
    name: "time and date become text",
    loads: [
      first("SELECT 1 AS id, TIME '01:02:03' AS a"),
      first("SELECT 2 AS id, DATE '2024-01-02' AS a", EVOLVE),
    ],
    columns: { id: "int32", a: "string" },
    rows: [["1", "01:02:03"], ["2", "2024-01-02"]],
  },
  {
    name: "float32 becomes float",
    loads: [first("SELECT 1 AS id, 0.5::FLOAT AS a"), first("SELECT 2 AS id, 0.25::DOUBLE AS a", EVOLVE)],
    columns: { id: "int32", a: "float" },
    rows: [["1", "0.5"], ["2", "0.25"]],
  },
  {
    name: "uint64 and int64 become decimal",
    loads: [
      first("SELECT 1 AS id, 18446744073709551615::UBIGINT AS a"),
      first("SELECT 2 AS id, -1::BIGINT AS a", EVOLVE),
    ],
    columns: { id: "int32", a: "decimal(20,0)" },
    rows: [["1", "18446744073709551615"], ["2", "-1"]],
    files: { columns: { id: "int32", a: "decimal(20,0)" } },
  },
  {
    name: "items of a list become wider",
    loads: [first("SELECT 1 AS id, [1, 2] AS a"), first("SELECT 2 AS id, [5000000000] AS a", EVOLVE)],
    columns: { id: "int32", a: "array<int64>" },
    rows: [["1", "[1, 2]"], ["2", "[5000000000]"]],
  },
  {
    name: "a record gets a field",
    loads: [first("SELECT 1 AS id, {x: 1} AS a"), first("SELECT 2 AS id, {x: 2, y: 'q'} AS a", EVOLVE)],
    columns: { id: "int32", a: "struct<x: int32, y: string>" },
    rows: [["1", "{'x': 1, 'y': NULL}"], ["2", "{'x': 2, 'y': q}"]],
    postgres: {
      columns: { id: "int32", a: "json" },
      rows: [["1", '{"x": 1}'], ["2", '{"x": 2, "y": "q"}']],
    },
  },
  {
    name: "a record that lacks a field fits the column",
    loads: [first("SELECT 1 AS id, {x: 1, y: 'q'} AS a"), first("SELECT 2 AS id, {x: 2} AS a")],
    columns: { id: "int32", a: "struct<x: int32, y: string>" },
    rows: [["1", "{'x': 1, 'y': q}"], ["2", "{'x': 2, 'y': NULL}"]],
    postgres: {
      columns: { id: "int32", a: "json" },
      rows: [["1", '{"x": 1, "y": "q"}'], ["2", '{"x": 2}']],
    },
  },
  {
    name: "a record and a list become JSON",
    only: "tables",
    loads: [first("SELECT 1 AS id, {x: 1} AS a"), first("SELECT 2 AS id, [1, 2] AS a", EVOLVE)],
    columns: { id: "int32", a: "json" },
    rows: [["1", '{"x":1}'], ["2", "[1,2]"]],
    postgres: { rows: [["1", '{"x": 1}'], ["2", "[1, 2]"]] },
  },
  {
    name: "a text column takes numbers",
    loads: [first("SELECT 1 AS id, 'x' AS a"), first("SELECT 2 AS id, 7 AS a")],
    columns: { id: "int32", a: "string" },
    rows: [["1", "x"], ["2", "7"]],
    changes: [],
  },
  {
    name: "an overwrite takes the type of the new rows, not one for both",
    loads: [
      first("SELECT 1 AS id, 5 AS a", NONE, OVERWRITE),
      first("SELECT 2 AS id, 'x' AS a", EVOLVE, OVERWRITE),
    ],
    columns: { id: "int32", a: "string" },
    rows: [["2", "x"]],
  },
  {
    name: "an overwrite does not change a frozen type",
    loads: [
      first("SELECT 1 AS id, 5 AS a", NONE, OVERWRITE),
      first("SELECT 2 AS id, 'x' AS a", NONE, OVERWRITE),
    ],
    error: "SCHEMA_TYPE_CHANGED",
  },
  {
    name: "a merge widens",
    only: "tables",
    loads: [
      first("SELECT * FROM (VALUES (1, 5), (2, 6)) AS v(id, a)", NONE, MERGE),
      first("SELECT 2 AS id, 7.25::DECIMAL(5,2) AS a", EVOLVE, MERGE),
    ],
    columns: { id: "int32", a: "decimal(21,2)" },
    rows: [["1", "5.00"], ["2", "7.25"]],
  },
  {
    name: "a type that the recipe declares anew",
    loads: [
      first(A),
      first(
        "SELECT 2::BIGINT AS id, 6::BIGINT AS a",
        on("allow_type_changes: true", cols("name: a, type: string")),
      ),
    ],
    columns: { id: "int64", a: "string" },
    rows: [["1", "5"], ["2", "6"]],
  },
  {
    name: "bytes have no wider type",
    loads: [first("SELECT 1 AS id, 'ab'::BLOB AS a"), first("SELECT 2 AS id, 'x' AS a", EVOLVE)],
    error: "SCHEMA_TYPE_CHANGED",
  },
  // Values that fit no more.
  {
    name: "variant: values of another type go beside",
    loads: [
      first(A),
      first(
        "SELECT * FROM (VALUES (2::BIGINT, '6'), (3::BIGINT, 'n/a')) AS v(id, a)",
        on("on_type_change: variant"),
      ),
    ],
    columns: { id: "int64", a: "int64", a__v_text: "string" },
    rows: [["1", "5", null], ["2", "6", null], ["3", null, "n/a"]],
    changes: ["add_column a__v_text"],
    coerced: ["a 0/0/1"],
  },
  {
    name: "variant: leading zeros are no number",
    loads: [first(A), first("SELECT 2::BIGINT AS id, '007' AS a", on("on_type_change: variant"))],
    columns: { id: "int64", a: "int64", a__v_text: "string" },
    rows: [["1", "5", null], ["2", null, "007"]],
  },
  {
    name: "variant: once there, the column is used again",
    loads: [
      first(A),
      first("SELECT 2::BIGINT AS id, 'x' AS a", on("on_type_change: variant")),
      first("SELECT 3::BIGINT AS id, 'y' AS a", on("on_type_change: variant")),
    ],
    columns: { id: "int64", a: "int64", a__v_text: "string" },
    rows: [["1", "5", null], ["2", null, "x"], ["3", null, "y"]],
    changes: [],
  },
  {
    name: "variant: the next load of the first type needs no variant",
    loads: [
      first(A),
      first("SELECT 2::BIGINT AS id, 'x' AS a", on("on_type_change: variant")),
      first("SELECT 3::BIGINT AS id, 9::BIGINT AS a"),
    ],
    columns: { id: "int64", a: "int64", a__v_text: "string" },
    rows: [["1", "5", null], ["2", null, "x"], ["3", "9", null]],
    changes: [],
  },
  {
    name: "variant: its name is cut where it is too long, and is known again",
    loads: [
      first(`SELECT 1::BIGINT AS id, 5::BIGINT AS "${LONG}"`),
      first(`SELECT 2::BIGINT AS id, 'x' AS "${LONG}"`, on("on_type_change: variant")),
      first(
        `SELECT 3::BIGINT AS id, 9::BIGINT AS "${LONG}"`,
        on("on_type_change: variant, on_missing_column: freeze"),
      ),
    ],
    columns: { id: "int64", [LONG]: "int64", [`${LONG}__v_text`]: "string" },
    rows: [["1", "5", null], ["2", null, "x"], ["3", "9", null]],
    changes: [],
    postgres: {
      columns: {
        id: "int64",
        [shortenName(LONG, 63)]: "int64",
        [`${shortenName(shortenName(LONG, 63), 63 - "__v_text".length)}__v_text`]: "string",
      },
    },
  },
  {
    name: "variant: dates among integers",
    loads: [first(A), first("SELECT 2::BIGINT AS id, DATE '2024-01-02' AS a", on("on_type_change: variant"))],
    columns: { id: "int64", a: "int64", a__v_date: "date" },
    rows: [["1", "5", null], ["2", null, "2024-01-02"]],
  },
  {
    name: "variant: decimals among integers, wider the second time",
    loads: [
      first(A),
      first("SELECT 2::BIGINT AS id, 1.5::DECIMAL(3,1) AS a", on("on_type_change: variant")),
      first("SELECT 3::BIGINT AS id, 2.25::DECIMAL(5,2) AS a", on("on_type_change: variant")),
    ],
    columns: { id: "int64", a: "int64", a__v_decimal: "decimal(5,2)" },
    rows: [["1", "5", null], ["2", null, "1.50"], ["3", null, "2.25"]],
  },
  {
    name: "variant: whole decimals are integers",
    loads: [first(A), first("SELECT 2::BIGINT AS id, 6.0::DECIMAL(3,1) AS a", on("on_type_change: variant"))],
    columns: { id: "int64", a: "int64", a__v_decimal: "decimal(3,1)" },
    rows: [["1", "5", null], ["2", "6", null]],
  },
  {
    name: "variant for one column, the others are frozen",
    loads: [
      first(`${A}, 1 AS b`),
      first(
        "SELECT 2::BIGINT AS id, 'x' AS a, 2 AS b",
        cols("name: a, evolution: {on_type_change: variant}"),
      ),
    ],
    columns: { id: "int64", a: "int64", b: "int32", a__v_text: "string" },
    rows: [["1", "5", "1", null], ["2", null, "2", "x"]],
  },
  {
    name: "text for an integer stops the load",
    loads: [first(A), first("SELECT 2::BIGINT AS id, 'x' AS a", on("allow_type_changes: false"))],
    error: "SCHEMA_TYPE_CHANGED",
  },
  {
    name: "discard_column: a column whose type has changed is left out",
    loads: [first(A), first("SELECT 2::BIGINT AS id, 'x' AS a", on("on_type_change: discard_column"))],
    columns: { id: "int64", a: "int64" },
    rows: [["1", "5"], ["2", null]],
    changes: ["discard_column a"],
  },
  {
    name: "discard_row: rows whose value does not fit are left out",
    loads: [
      first(A),
      first(
        "SELECT * FROM (VALUES (2::BIGINT, '6'), (3::BIGINT, 'n/a')) AS v(id, a)",
        on("on_type_change: discard_row"),
      ),
    ],
    columns: { id: "int64", a: "int64" },
    rows: [["1", "5"], ["2", "6"]],
    rejected: 1,
  },
  {
    name: "lenient: what can be converted to the destination's type is",
    loads: [
      first(A),
      first(
        "SELECT * FROM (VALUES (2::BIGINT, '6'), (3::BIGINT, 'n/a'), (4, '1.5')) AS v(id, a)",
        "  mode: lenient",
      ),
    ],
    columns: { id: "int64", a: "int64" },
    rows: [["1", "5"], ["2", "6"], ["3", null], ["4", "2"]],
    coerced: ["a 1/1/0"],
  },
  {
    name: "a declared type narrower than the table's is checked and the table left alone",
    loads: [
      first("SELECT 1 AS id, 'x' AS a"),
      first("SELECT 2 AS id, '12' AS a", cols("name: a, type: int")),
    ],
    columns: { id: "int32", a: "string" },
    rows: [["1", "x"], ["2", "12"]],
  },
  {
    name: "a value that is not of the declared type stops the load though the table would take it",
    loads: [first("SELECT 1 AS id, 'x' AS a"), first("SELECT 2 AS id, 'y' AS a", cols("name: a, type: int"))],
    error: "SCHEMA_VALUE",
    says: /Column "a", row 1: "y" is no int64/,
  },
  // Renamed columns.
  {
    name: "a column of the source gets another name",
    loads: [first("SELECT 1 AS id, 'Ada' AS fname", cols("name: first_name, rename_from: fname"))],
    columns: { id: "int32", first_name: "string" },
    rows: [["1", "Ada"]],
  },
  {
    name: "a column of the table gets another name",
    loads: [
      first("SELECT 1 AS id, 'Ada' AS fname"),
      first("SELECT 2 AS id, 'Grace' AS first_name", cols("name: first_name, rename_from: fname")),
    ],
    columns: { id: "int32", first_name: "string" },
    rows: [["1", "Ada"], ["2", "Grace"]],
    changes: ["rename_column fname"],
    files: {
      columns: { id: "int32", first_name: "string", fname: "string" },
      rows: [["1", null, "Ada"], ["2", "Grace", null]],
      changes: ["rename_column fname"],
    },
  },
  {
    name: "a renamed column is not renamed twice",
    only: "tables",
    loads: [
      first("SELECT 1 AS id, 'Ada' AS fname"),
      first("SELECT 2 AS id, 'Grace' AS fname", cols("name: first_name, rename_from: fname")),
      first("SELECT 3 AS id, 'Alan' AS fname", cols("name: first_name, rename_from: fname")),
    ],
    columns: { id: "int32", first_name: "string" },
    rows: [["1", "Ada"], ["2", "Grace"], ["3", "Alan"]],
    changes: [],
  },
  {
    name: "a column with its old and its new name stops the load",
    loads: [
      first("SELECT 1 AS id, 'a' AS fname, 'b' AS first_name", cols("name: first_name, rename_from: fname")),
    ],
    error: "SCHEMA_RENAME",
  },
  {
    name: "renamed and wider at once",
    only: "tables",
    loads: [
      first("SELECT 1 AS id, 5::INTEGER AS old"),
      first(
        "SELECT 2 AS id, 5000000000 AS new",
        on("allow_type_changes: true", cols("name: new, rename_from: old")),
      ),
    ],
    columns: { id: "int32", new: "int64" },
    rows: [["1", "5"], ["2", "5000000000"]],
    changes: ["rename_column old", "change_type new"],
  },
  // Names, NULL and overwrite: they change with the rows.
  {
    name: "overwrite: a column of the table gets another name",
    only: "tables",
    loads: [
      first("SELECT 1 AS id, 'Ada' AS fname", NONE, OVERWRITE),
      first("SELECT 2 AS id, 'Grace' AS first_name", cols("name: first_name, rename_from: fname"), OVERWRITE),
    ],
    columns: { id: "int32", first_name: "string" },
    rows: [["2", "Grace"]],
    changes: ["rename_column fname"],
  },
  {
    name: "overwrite: a column of the table gets another name and a wider type",
    only: "tables",
    loads: [
      first("SELECT 1 AS old, 'Ada' AS a", NONE, OVERWRITE),
      first(
        "SELECT 5000000000 AS new, 'Grace' AS a",
        on("allow_type_changes: true", cols("name: new, rename_from: old")),
        OVERWRITE,
      ),
    ],
    columns: { new: "int64", a: "string" },
    rows: [["5000000000", "Grace"]],
    changes: ["rename_column old", "change_type new"],
  },
  {
    name: "overwrite: a key of the table gets another name",
    only: "tables",
    loads: [
      first("SELECT 1 AS old, 'Ada' AS a", cols("name: old, primary_key: true"), OVERWRITE),
      first(
        "SELECT 2 AS new, 'Grace' AS a",
        cols("name: new, rename_from: old, primary_key: true"),
        OVERWRITE,
      ),
    ],
    columns: { new: "int32", a: "string" },
    rows: [["2", "Grace"]],
    changes: ["rename_column old"],
  },
  {
    name: "overwrite: NULL comes where there was none",
    only: "tables",
    loads: [
      first("SELECT 1 AS id, 'x' AS a", cols("name: a, nullable: false"), OVERWRITE),
      first("SELECT 2 AS id, NULL::VARCHAR AS a", on("on_nullability_change: evolve"), OVERWRITE),
    ],
    columns: { id: "int32", a: "string" },
    rows: [["2", null]],
    changes: ["drop_not_null a"],
  },
  {
    name: "overwrite: no NULL any more, where the rows that are replaced have some",
    only: "tables",
    loads: [
      first("SELECT 1 AS id, NULL::VARCHAR AS a", NONE, OVERWRITE),
      first(
        "SELECT 2 AS id, 'x' AS a",
        on("on_nullability_change: evolve", cols("name: a, nullable: false")),
        OVERWRITE,
      ),
    ],
    columns: { id: "int32", a: "string" },
    rows: [["2", "x"]],
    changes: ["set_not_null a"],
  },
  // NULL.
  {
    name: "NULL in a column that has none stops the load, with its row",
    loads: [
      first(
        "SELECT * FROM (VALUES (1, 'x'), (2, NULL)) AS v(id, a)",
        cols("name: a, type: string, nullable: false"),
      ),
    ],
    error: "SCHEMA_NULL",
    says: /Column "a", row 2: NULL/,
  },
  {
    name: "NULL in a column that has none gets the default",
    loads: [
      first(
        "SELECT * FROM (VALUES (1, 'x'), (2, NULL)) AS v(id, a)",
        cols("name: a, type: string, nullable: false, default: none"),
      ),
    ],
    columns: { id: "int32", a: "string" },
    rows: [["1", "x"], ["2", "none"]],
  },
  {
    name: "rows with NULL in a column that has none are left out",
    loads: [
      first(
        "SELECT * FROM (VALUES (1, 'x'), (2, NULL)) AS v(id, a)",
        on("on_nullability_change: discard_row", cols("name: a, type: string, nullable: false")),
      ),
    ],
    columns: { id: "int32", a: "string" },
    rows: [["1", "x"]],
    rejected: 1,
  },
  {
    name: "a NULL for a table that has none stops the load",
    only: "tables",
    loads: [
      first("SELECT 1 AS id, 'x' AS a", cols("name: a, type: string, nullable: false")),
      first("SELECT 2 AS id, NULL::VARCHAR AS a"),
    ],
    error: "SCHEMA_NULL",
  },
  {
    name: "a column takes NULL from now on, when the first one comes",
    only: "tables",
    loads: [
      first("SELECT 1 AS id, 'x' AS a", cols("name: a, type: string, nullable: false")),
      first("SELECT 2 AS id, NULL::VARCHAR AS a", on("on_nullability_change: evolve")),
    ],
    columns: { id: "int32", a: "string" },
    rows: [["1", "x"], ["2", null]],
    changes: ["drop_not_null a"],
  },
  {
    name: "a column does not take NULL from now on while none comes",
    only: "tables",
    loads: [
      first("SELECT 1 AS id, 'x' AS a", cols("name: a, type: string, nullable: false")),
      first("SELECT 2 AS id, 'y' AS a", on("on_nullability_change: evolve")),
    ],
    columns: { id: "int32", a: "string" },
    rows: [["1", "x"], ["2", "y"]],
    changes: [],
  },
  {
    name: "a column takes no NULL from now on",
    only: "tables",
    loads: [
      first("SELECT 1 AS id, 'x' AS a"),
      first(
        "SELECT 2 AS id, 'y' AS a",
        on("on_nullability_change: evolve", cols("name: a, nullable: false")),
      ),
    ],
    columns: { id: "int32", a: "string" },
    rows: [["1", "x"], ["2", "y"]],
    changes: ["set_not_null a"],
  },
  {
    name: "a column with NULL in old rows can't refuse NULL",
    only: "tables",
    loads: [
      first("SELECT 1 AS id, NULL::VARCHAR AS a"),
      first(
        "SELECT 2 AS id, 'y' AS a",
        on("on_nullability_change: evolve", cols("name: a, nullable: false")),
      ),
    ],
    error: "SCHEMA_CHANGE_REFUSED",
  },
  // Keys.
  {
    name: "a primary key that comes twice stops the load",
    loads: [
      first(
        "SELECT * FROM (VALUES (1, 'x'), (1, 'y')) AS v(id, a)",
        cols("name: id, type: int, primary_key: true"),
      ),
    ],
    error: "SCHEMA_DUPLICATE",
    says: /row 2: "1"/,
  },
  {
    name: "a unique value that comes twice stops the load",
    loads: [
      first(
        "SELECT * FROM (VALUES (1, 'x'), (2, 'x')) AS v(id, a)",
        cols("name: a, type: string, unique: true"),
      ),
    ],
    error: "SCHEMA_DUPLICATE",
    says: /"x"/,
  },
  {
    name: "a unique value that is there stops the load",
    only: "tables",
    loads: [
      first("SELECT 1 AS id, 'x' AS a", cols("name: a, type: string, unique: true")),
      first("SELECT 2 AS id, 'x' AS a", cols("name: a, type: string, unique: true")),
    ],
    error: "CONSTRAINT_VIOLATED",
  },
  {
    name: "a merge on the primary key",
    only: "tables",
    loads: [
      first("SELECT 1 AS id, 'x' AS a", cols("name: id, type: int, primary_key: true"), MERGE),
      first(
        "SELECT * FROM (VALUES (1, 'y'), (2, 'z')) AS v(id, a)",
        cols("name: id, type: int, primary_key: true"),
        MERGE,
      ),
    ],
    columns: { id: "int64", a: "string" },
    rows: [["1", "y"], ["2", "z"]],
  },
  // Names.
  {
    name: "case does not tell columns apart, and the destination's spelling stays",
    loads: [first("SELECT 1 AS id, 5 AS Amount"), first("SELECT 2 AS ID, 6 AS aMOUNT")],
    columns: { id: "int32", Amount: "int32" },
    rows: [["1", "5"], ["2", "6"]],
    changes: [],
  },
  {
    name: "columns in another order",
    loads: [first("SELECT 1 AS id, 'x' AS a, 5 AS b"), first("SELECT 6 AS b, 'y' AS a, 2 AS id")],
    columns: { id: "int32", a: "string", b: "int32" },
    rows: [["1", "x", "5"], ["2", "y", "6"]],
    changes: [],
  },
  {
    name: "reserved words are names like others",
    loads: [
      first('SELECT 1 AS id, 2 AS "select", 3 AS "from"'),
      first('SELECT 2 AS id, 3 AS "select", 4 AS "from", 5 AS "order"'),
    ],
    columns: { id: "int32", select: "int32", from: "int32", order: "int32" },
    rows: [["1", "2", "3", null], ["2", "3", "4", "5"]],
  },
  {
    name: "odd names",
    loads: [
      first(`SELECT 1 AS id, 2 AS "a ""b"" c", 3 AS "é.日本"`),
      first(`SELECT 2 AS id, 3 AS "a ""b"" c", 4 AS "é.日本", 5 AS "x;--"`),
    ],
    columns: { id: "int32", 'a "b" c': "int32", "é.日本": "int32", "x;--": "int32" },
    rows: [["1", "2", "3", null], ["2", "3", "4", "5"]],
  },
  {
    name: "names beyond the destination's limit are cut the same way every time",
    only: "tables",
    loads: [
      first(`SELECT 1 AS id, 'x' AS "${LONG}_a", 'y' AS "${LONG}_b"`),
      first(`SELECT 2 AS id, 'v' AS "${LONG}_b", 'w' AS "${LONG}_a"`),
    ],
    columns: { id: "int32", [`${LONG}_a`]: "string", [`${LONG}_b`]: "string" },
    rows: [["1", "x", "y"], ["2", "w", "v"]],
    changes: [],
    postgres: {
      columns: {
        id: "int32",
        [shortenName(`${LONG}_a`, 63)]: "string",
        [shortenName(`${LONG}_b`, 63)]: "string",
      },
    },
  },
  // Modes.
  {
    name: "strict: a text that is no number",
    loads: [
      first(
        "SELECT * FROM (VALUES (1, '12'), (2, 'abc')) AS v(id, a)",
        "  mode: strict\n" + cols("name: id, type: int", "name: a, type: int"),
      ),
    ],
    error: "SCHEMA_VALUE",
    says: /Column "a", row 2: "abc" is no int64/,
  },
  {
    name: "strict: a text with leading zeros is no number",
    loads: [first("SELECT 1 AS id, '007' AS a", "  mode: strict\n" + cols("name: id", "name: a, type: int"))],
    error: "SCHEMA_VALUE",
    says: /"007"/,
  },
  {
    name: "strict: a zone is not taken for granted",
    loads: [
      first(
        "SELECT 1 AS id, TIMESTAMPTZ '2024-01-02 03:04:05+00' AS a",
        "  mode: strict\n" + cols("name: id", "name: a, type: datetime"),
      ),
    ],
    error: "SCHEMA_LOSSY",
  },
  {
    name: "strict: what the source's mapping of types loses",
    loads: [first("SELECT 1 AS id, TIMESTAMP_NS '2024-01-02 03:04:05.123456789' AS a", "  mode: strict")],
    error: "SCHEMA_LOSSY",
    says: /nanoseconds/,
  },
  {
    name: "strict: what the destination's mapping of types loses",
    only: "files",
    loads: [first("SELECT 1 AS id, INTERVAL '1.5 seconds' AS a", "  mode: strict")],
    error: "SCHEMA_LOSSY",
    says: /intervals/,
  },
  {
    name: "lenient: leading zeros are dropped and counted",
    loads: [first("SELECT 1 AS id, '007' AS a", "  mode: lenient\n" + cols("name: a, type: int"))],
    columns: { id: "int32", a: "int64" },
    rows: [["1", "7"]],
    coerced: ["a 1/0/0"],
  },
  {
    name: "lenient: what is no number becomes NULL and is counted",
    loads: [
      first(
        "SELECT * FROM (VALUES (1, '12'), (2, 'abc'), (3, '1e400')) AS v(id, a)",
        "  mode: lenient\n" + cols("name: a, type: float"),
      ),
    ],
    columns: { id: "int32", a: "float" },
    rows: [["1", "12.0"], ["2", null], ["3", null]],
    coerced: ["a 0/2/0"],
  },
  {
    name: "lenient: what is no number in a column without NULL stops the load",
    loads: [
      first(
        "SELECT * FROM (VALUES (1, '12'), (2, 'abc')) AS v(id, a)",
        "  mode: lenient\n" + cols("name: a, type: int, nullable: false"),
      ),
    ],
    error: "SCHEMA_VALUE",
    says: /"abc"/,
  },
  {
    name: "infer: a declared type wins over the one found",
    loads: [first("SELECT 1 AS id, '12.50' AS a", cols('name: a, type: "decimal(10,2)"'))],
    columns: { id: "int32", a: "decimal(10,2)" },
    rows: [["1", "12.50"]],
  },
];
