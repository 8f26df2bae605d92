/** Rows of a table as they are written in a recipe. */
import { stringify } from "yaml";
import type { Table } from "../app/testing/mod.ts";
import type { LogicalType } from "../sdk/mod.ts";

/** Texts without quotes are YAML's alone. */
export type RowForm = "yaml" | "json";

/** Longest a row is made on one line. */
export const LINE = 110;

/** A row as an item of a block list: on one line where it fits, else a key a line. */
export function rowLines(table: Table, row: readonly (string | null)[], column: number): string[] {
  const indent = " ".repeat(column);
  const flow = `${indent}- ${rowText(table, row, "yaml")}`;
  if (flow.length <= LINE) return [flow];
  return cellsOf(table, row, "yaml").map(([name, value], i) =>
    `${indent}${i === 0 ? "- " : "  "}${name}: ${value}`
  );
}

/** A row as a mapping within braces. */
export function rowText(table: Table, row: readonly (string | null)[], form: RowForm): string {
  const cells = cellsOf(table, row, form).map(([name, value]) => `${name}: ${value}`).join(", ");
  return form === "json" ? `{ ${cells} }` : `{${cells}}`;
}

/** Whether a mapping, as a recipe's reader gives it, is this row. */
export function isSame(
  written: Readonly<Record<string, unknown>>,
  row: readonly (string | null)[],
  table: Table,
): boolean {
  return table.fields.every(({ name, type }, i) => {
    const value = written[name];
    const cell = row[i]!;
    if (value === null || value === undefined) return cell === null;
    if (cell === null) return false;
    if (typeof value === "object") return JSON.stringify(value, shortIntegers) === compact(cell);
    if (String(value) === cell) return true;
    const isNumber = ["integer", "decimal", "float"].includes(type.kind);
    return isNumber && (isExact(cell) || type.kind === "float") && Number(value) === Number(cell);
  });
}

function cellsOf(table: Table, row: readonly (string | null)[], form: RowForm): [string, string][] {
  const text = form === "json" ? (value: string) => JSON.stringify(value) : scalar;
  return table.fields.map(({ name, type }, i) => {
    const value = row[i]!;
    return [text(name), value === null ? "null" : cellText(value, type, text)];
  });
}

function cellText(value: string, type: LogicalType, text: (value: string) => string): string {
  switch (type.kind) {
    case "integer":
    case "decimal":
      // A number without quotes goes through a float: it must come back as it was.
      return isExact(value) ? value : JSON.stringify(value);
    case "boolean":
      return value;
    case "float":
      return /^-?\d/.test(value) ? value : text(value);
    case "array":
    case "struct":
    case "json":
      // JSON is YAML.
      return value;
    default:
      return text(value);
  }
}

/** Whether a float holds all digits of a number: any 15 of them, https://en.wikipedia.org/wiki/IEEE_754#Decimal. */
function isExact(number: string): boolean {
  return number.replaceAll(/[^0-9]/g, "").replace(/^0+/, "").length <= 15;
}

/** Whole numbers as JSON has them; one that is too long for it is not the number that was meant. */
function shortIntegers(_: string, value: unknown): unknown {
  return typeof value !== "bigint" ? value : isExact(String(value)) ? Number(value) : String(value);
}

/** JSON without the spaces between its parts. */
function compact(json: string): string {
  try {
    return JSON.stringify(JSON.parse(json));
  } catch {
    return json;
  }
}

/** A text as YAML takes it for that text, on one line and within a mapping on one line. */
function scalar(text: string): string {
  // deno-lint-ignore no-control-regex -- what would break the line, or be lost, is escaped.
  if (/[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]/.test(text)) {
    return JSON.stringify(text).replaceAll(
      /[\x7f-\x9f\u2028\u2029\ufeff]/g,
      (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
    );
  }
  // In a list on one line, what would end it is quoted too.
  const line = stringify([text], { collectionStyle: "flow", lineWidth: 0, flowCollectionPadding: false });
  return line.trimEnd().slice(1, -1);
}
