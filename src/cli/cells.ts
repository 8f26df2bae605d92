/** Values of rows as text: in a table, in CSV, in JSON. */
import type { Json, LogicalType } from "../sdk/mod.ts";
import { visible } from "./width.ts";

/** Characters looked at before a text is cut: a 50 MB value must not be worked through to show 60 cells of it. */
const ENOUGH = 4;

/** A value on one line. With `widest` no more of it than that is made. */
export function cellText(value: unknown, type: LogicalType, widest?: number): string {
  if (value === null || value === undefined) return "NULL";
  const limit = widest === undefined ? undefined : widest * ENOUGH;
  const text = plainText(value, type, limit);
  if (widest === undefined) return text;
  const characters = [...visible(text.slice(0, limit))];
  return characters.length > widest ? `${characters.slice(0, widest - 1).join("")}…` : characters.join("");
}

function plainText(value: unknown, type: LogicalType, limit?: number): string {
  if (value instanceof Uint8Array) return `0x${hex(limit === undefined ? value : value.subarray(0, limit))}`;
  if (typeof value === "string") return value;
  if (typeof value === "object") return JSON.stringify(jsonCell(value, type));
  return String(value);
}

/**
 * A value as JSON has it. What JSON's numbers can't hold exactly (int64 beyond 2^53, infinity, NaN) is text; bytes are
 * hexadecimal text.
 */
export function jsonCell(value: unknown, type?: LogicalType): Json {
  if (value === null || value === undefined) return null;
  switch (typeof value) {
    case "bigint":
      return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER
        ? Number(value)
        : String(value);
    case "number":
      return Number.isFinite(value) ? value : String(value);
    case "boolean":
      return value;
    case "string":
      return type?.kind === "json" ? parsed(value) : value;
    default:
      return jsonObject(value);
  }
}

function jsonObject(value: unknown): Json {
  if (value instanceof Uint8Array) return hex(value);
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map((item) => jsonCell(item));
  if (value instanceof Map) return [...value].map(([key, item]) => [jsonCell(key), jsonCell(item)]);
  return Object.fromEntries(Object.entries(value as object).map(([key, item]) => [key, jsonCell(item)]));
}

/** The JSON in a json column; the text itself where its numbers would lose digits. */
function parsed(text: string): Json {
  if (/\d{16}/.test(text)) return text;
  try {
    return JSON.parse(text);
  } catch {
    // A value of type json that is none is shown as it is.
    return text;
  }
}

function hex(bytes: Uint8Array): string {
  return bytes.toHex();
}

/** A text as a cell of CSV (RFC 4180). An empty text is quoted, so that it is told from NULL. */
export function csvCell(text: string): string {
  return text === "" || /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
