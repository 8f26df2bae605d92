/** Values of a column, and the type that keeps all that they say. */
import type { Json } from "../../../src/sdk/mod.ts";

export interface TextCase {
  readonly name: string;
  /** As they stand in a CSV file; the first is repeated where the others come late. */
  readonly values: readonly string[];
  readonly type: string;
}

const text = (name: string, values: readonly string[], type: string): TextCase => ({ name, values, type });
const UUID = "5b6f3a44-1c1e-4f5e-9b1a-0d7e3a0c1f00";

export const TEXT_CASES: readonly TextCase[] = [
  // Whole numbers.
  text("integers", ["1", "-5", "0"], "int64"),
  text("the ends of int64", ["1", "9223372036854775807", "-9223372036854775808"], "int64"),
  text("beyond 2^53", ["1", "9007199254740993"], "int64"),
  text("beyond int64", ["1", "9223372036854775808"], "decimal(38,0)"),
  text("38 digits", ["1", "9".repeat(38)], "decimal(38,0)"),
  text("39 digits", ["1", "9".repeat(39)], "string"),
  text("a leading zero", ["1", "007"], "string"),
  text("only leading zeros", ["007", "012"], "string"),
  text("zero alone", ["0", "0"], "int64"),
  text("minus zero", ["1", "-0"], "string"),
  text("a plus", ["1", "+49"], "string"),
  text("a blank before", ["1", " 2"], "string"),
  text("a blank behind", ["1", "2 "], "string"),
  text("thousands", ["1", "1,000"], "string"),
  text("underscores", ["1", "1_000"], "string"),
  text("hexadecimal", ["1", "0x1F"], "string"),
  text("postal codes", ["01067", "10115"], "string"),
  text("telephone numbers", ["030123456", "+49 30 123456"], "string"),
  text("an integer among texts", ["abc", "1"], "string"),
  text("integers and a word at the end", ["1", "n/a"], "string"),
  text("integers and NULL", ["1", ""], "int64"),
  // Numbers with a point.
  text("floats", ["1.5", "2", "-0.25"], "float"),
  text("amounts", ["1.50", "12.75", "-3.00"], "decimal(18,2)"),
  text("amounts, one with three digits", ["1.50", "12.755"], "float"),
  text("amounts and a whole number", ["1.50", "2"], "float"),
  text("amounts and NULL", ["1.50", "", "2.25"], "decimal(18,2)"),
  text("a share", ["0.1", "0.2"], "decimal(18,1)"),
  text("coordinates", ["52.520008", "13.404954"], "decimal(18,6)"),
  text("without a zero before the point", ["1.5", ".5"], "decimal(18,1)"),
  text("integers and a float at the end", ["1", "1.5"], "float"),
  text("more digits than a double has", ["1.5", "0.12345678901234567890"], "decimal(38,20)"),
  text("a long integer among floats", ["1.5", "12345678901234567"], "decimal(38,1)"),
  text("exponents", ["1.5", "1e3", "2.5E-7"], "float"),
  text("an exponent out of range", ["1.5", "1e400"], "string"),
  text("an exponent below range", ["1.5", "1e-400"], "string"),
  text("zeros with an exponent", ["1.5", "0e-400", "0.0e5"], "float"),
  text("NaN among floats", ["1.5", "NaN"], "float"),
  text("infinity among floats", ["1.5", "inf"], "float"),
  text("NaN alone", ["NaN", "nan"], "string"),
  text("a decimal comma", ["1.5", "1,5"], "string"),
  text("a currency", ["1.50", "$2.50"], "string"),
  text("a percentage", ["1.5", "50%"], "string"),
  text("a leading zero before a point", ["1.5", "01.5"], "string"),
  text("two points", ["1.5", "1.2.3"], "string"),
  // Truth.
  text("booleans", ["true", "false"], "boolean"),
  text("booleans in capitals", ["TRUE", "False"], "boolean"),
  text("booleans and NULL", ["true", ""], "boolean"),
  text("booleans and numbers", ["true", "1"], "string"),
  text("yes and no", ["yes", "no"], "string"),
  text("t and f", ["t", "f"], "string"),
  // Dates and times.
  text("dates", ["2024-01-31", "1999-12-31"], "date"),
  text("29 February of a leap year", ["2024-02-29", "2000-02-29"], "date"),
  text("29 February of another year", ["2024-01-31", "2023-02-29"], "string"),
  text("a month 13", ["2024-01-31", "2024-13-01"], "string"),
  text("days first", ["31/01/2024", "01/02/2024"], "string"),
  text("dates without zeros", ["2024-01-31", "2024-1-5"], "string"),
  text("dates and NULL", ["2024-01-31", ""], "date"),
  text("datetimes", ["2024-01-31 12:30:00", "2024-01-31T12:30:00"], "datetime"),
  text("datetimes with microseconds", ["2024-01-31 12:30:00", "2024-01-31 12:30:00.123456"], "datetime"),
  text("datetimes with nanoseconds", ["2024-01-31 12:30:00", "2024-01-31 12:30:00.123456789"], "string"),
  text("datetimes without seconds", ["2024-01-31 12:30:00", "2024-01-31 12:30"], "datetime"),
  text("dates and a datetime at the end", ["2024-01-31", "2024-01-31 12:30:00"], "datetime"),
  text("datetimes with Z", ["2024-01-31T12:30:00Z", "2024-01-31T12:30:00Z"], "datetime(tz)"),
  text("datetimes with +00:00", ["2024-01-31T12:30:00+00:00", "2024-01-31T12:30:00+00:00"], "datetime(tz)"),
  text("datetimes with offsets", ["2024-01-31 12:30:00+02:00", "2024-01-31 12:30:00-0530"], "datetime(tz)"),
  text(
    "some with an offset and some without",
    ["2024-01-31 12:30:00", "2024-01-31 12:30:00+02:00"],
    "string",
  ),
  text("a date among datetimes with offsets", ["2024-01-31T12:30:00Z", "2024-01-31"], "string"),
  text("times", ["12:30:00", "23:59:59.999999"], "time"),
  text("times without seconds", ["12:30", "23:59"], "string"),
  text("24:00", ["12:30:00", "25:00:00"], "string"),
  text("a time and a date", ["12:30:00", "2024-01-31"], "string"),
  text("dates as numbers", ["20240131", "20240201"], "int64"),
  text("years", ["1999", "2024"], "int64"),
  text("seconds since 1970", ["1714600000", "1714600001"], "int64"),
  // Texts with a form of their own.
  text("UUIDs", [UUID, UUID.replace("5b", "6c")], "uuid"),
  text("UUIDs in capitals", [UUID.toUpperCase(), UUID], "uuid"),
  text("UUIDs and a word at the end", [UUID, "none"], "string"),
  text("UUIDs without hyphens", [UUID.replaceAll("-", ""), UUID.replaceAll("-", "")], "string"),
  text("UUIDs and NULL", [UUID, ""], "uuid"),
  text("JSON records", ['{"a": 1}', '{"a": [1, 2]}'], "json"),
  text("JSON lists", ["[1, 2]", "[]"], "json"),
  text("JSON and a broken record at the end", ['{"a": 1}', '{"a": 1'], "string"),
  text("JSON and a word", ['{"a": 1}', "none"], "string"),
  text("braces", ["{x}", "{y}"], "string"),
  text("texts", ["a", "größe", "東京"], "string"),
  text("nothing at all", ["", ""], "string"),
  text("the word NULL", ["1", "NULL"], "string"),
  text("networks", ["10.0.0.1", "192.168.0.1"], "string"),
  text("a version", ["1.10", "1.9.2"], "string"),
];

export interface JsonCase {
  readonly name: string;
  readonly values: readonly Json[] | readonly string[];
  /** Values are JSON texts: numbers that JavaScript can't hold. */
  readonly raw?: true;
  readonly type: string;
}

const json = (name: string, values: readonly Json[], type: string): JsonCase => ({ name, values, type });
const raw = (name: string, values: readonly string[], type: string): JsonCase => ({
  name,
  values,
  raw: true,
  type,
});

export const JSON_CASES: readonly JsonCase[] = [
  json("integers", [1, -5], "int64"),
  raw("beyond 2^53", ["1", "9007199254740993"], "int64"),
  raw("beyond int64", ["1", "9223372036854775808"], "decimal(38,0)"),
  json("integers and a float", [1, 1.5], "float"),
  json("floats", [1.5, 2.25], "float"),
  json("booleans", [true, false], "boolean"),
  json("texts", ["a", "b"], "string"),
  json("numbers in quotes", ["1", "2"], "string"),
  json("leading zeros", ["007", "012"], "string"),
  json("NULL and integers", [null, 1], "int64"),
  json("only NULL", [null, null], "json"),
  json("dates", ["2024-01-31", "2024-02-01"], "date"),
  json("datetimes with Z", ["2024-01-31T12:30:00Z", "2024-02-01T12:30:00Z"], "datetime(tz)"),
  json("datetimes with and without an offset", ["2024-01-31T12:30:00", "2024-02-01T12:30:00Z"], "string"),
  json("dates and a word", ["2024-01-31", "soon"], "string"),
  json("UUIDs", [UUID, UUID], "uuid"),
  json("lists of integers", [[1, 2], [3]], "array<int64>"),
  json("lists of texts", [["a"], []], "array<string>"),
  json("records", [{ x: 1 }, { x: 2 }], "struct<x: int64>"),
  json("records with more fields", [{ x: 1 }, { x: 2, y: "q" }], "struct<x: int64, y: string>"),
  json("records in records", [{ x: { y: [1.5] } }, { x: { y: [] } }], "struct<x: struct<y: array<float>>>"),
  json("lists of records", [[{ k: "a" }], [{ k: "b" }]], "array<struct<k: string>>"),
  json("a number and a text", [1, "a"], "json"),
  json("a number and a record", [1, { x: 1 }], "json"),
  json("a list and a record", [[1], { x: 1 }], "json"),
  json("dates in records stay texts", [{ d: "2024-01-31" }, { d: "2024-02-01" }], "struct<d: string>"),
];
