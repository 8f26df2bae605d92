/** Rows as JavaScript objects from Arrow columns and back, exactly. */
import * as arrow from "apache-arrow";
import {
  engineType,
  type Field,
  formatType,
  type LogicalType,
  quoteIdent,
  type Row,
  type RowValue,
  type Schema,
  TransformError,
} from "../sdk/mod.ts";
import { showName } from "./columns.ts";
import { textFits } from "./constant.ts";

/** SQL of a column as functions get it: what JavaScript would round is text. */
export function asRowSql(field: Field): string {
  const name = quoteIdent(field.name);
  const type = readable(field.type);
  return type === field.type ? name : `CAST(${name} AS ${engineType(type)}) AS ${name}`;
}

/** The rows of a record batch whose columns were read by `asRowSql`. */
export function toRows(batch: arrow.RecordBatch, schema: Schema): Row[] {
  const columns = schema.fields.map((field, i) => {
    const vector = batch.getChildAt(i)!;
    return Array.from({ length: batch.numRows }, (_, row) => fromArrow(vector.get(row), field.type));
  });
  const names = schema.fields.map((field) => field.name);
  return Array.from(
    { length: batch.numRows },
    (_, row) => Object.fromEntries(names.map((name, i) => [name, columns[i]![row]!])),
  );
}

/** The type of a new column, told from its first value that is not NULL. */
export function typeOf(value: unknown): LogicalType {
  switch (typeof value) {
    case "number":
      return { kind: "float", bits: 64 };
    case "bigint":
      return { kind: "integer", bits: 64 };
    case "boolean":
      return { kind: "boolean" };
    case "object":
      if (value instanceof Date) return { kind: "datetime", tz: true };
      return value instanceof Uint8Array
        ? { kind: "binary" }
        : value === null
        ? { kind: "string" }
        : { kind: "json" };
    default:
      return { kind: "string" };
  }
}

/** The type a column is carried in, before SQL makes it what it shall be. */
export function carrier(type: LogicalType): LogicalType {
  switch (type.kind) {
    case "integer":
      return { kind: "integer", bits: 64, unsigned: type.unsigned };
    case "float":
      return { kind: "float", bits: 64 };
    case "boolean":
    case "binary":
      return { kind: type.kind };
    default:
      return { kind: "string" };
  }
}

/**
 * Rows to a record batch of carrier types. `firstRow` is the number of the first one, for errors.
 * @throws {TransformError} `FUNCTION_RESULT` for a value that does not fit its column.
 */
export function toRecordBatch(rows: readonly Row[], schema: Schema, firstRow: number): arrow.RecordBatch {
  const columns = schema.fields.map((field) => {
    const values = rows.map((row, i) => {
      const value = row[field.name];
      if (value === undefined || value === null) return null;
      const carried = toCarrier(value, field.type);
      if (carried === undefined) throw badValue(field, value, firstRow + i);
      return carried;
    });
    return arrow.vectorFromArray(values, arrowCarrier(carrier(field.type)));
  });
  const fields = schema.fields.map((field) =>
    new arrow.Field(field.name, arrowCarrier(carrier(field.type)), true)
  );
  const struct = new arrow.Struct(fields);
  const data = arrow.makeData({
    type: struct,
    length: rows.length,
    nullCount: 0,
    children: columns.map((column) => column.data[0] ?? arrow.makeData({ type: column.type })),
  });
  return new arrow.RecordBatch(new arrow.Schema(fields), data);
}

function readable(type: LogicalType): LogicalType {
  switch (type.kind) {
    case "decimal":
    case "date":
    case "time":
    case "datetime":
    case "interval":
    case "uuid":
    case "json":
      return { kind: "string" };
    case "array": {
      const items = readable(type.items);
      return items === type.items ? type : { kind: "array", items };
    }
    case "struct": {
      const fields = type.fields.map((field) => ({ name: field.name, type: readable(field.type) }));
      return fields.every((field, i) => field.type === type.fields[i]!.type)
        ? type
        : { kind: "struct", fields };
    }
    default:
      return type;
  }
}

// deno-lint-ignore no-explicit-any -- what an Arrow vector gives depends on its type at run time.
function fromArrow(value: any, type: LogicalType): RowValue {
  if (value === null || value === undefined) return null;
  switch (type.kind) {
    case "datetime":
      return isoText(value, type.tz);
    case "binary":
      // The vector's memory is the engine's, and may be used again.
      return value.slice();
    case "array":
      return Array.from(value, (item) => fromArrow(item, type.items));
    case "struct":
      return Object.fromEntries(
        type.fields.map((field) => [field.name, fromArrow(value[field.name], field.type)]),
      );
    default:
      return value;
  }
}

/** `2024-01-31 12:30:00+00` as ISO 8601 has it. */
function isoText(text: string, tz: boolean): string {
  const iso = text.replace(" ", "T");
  return tz ? iso.replace(/\+00$/, "Z") : iso;
}

/** The value as its carrier has it; undefined where it does not fit. */
function toCarrier(
  value: unknown,
  type: LogicalType,
): string | number | bigint | boolean | Uint8Array | undefined {
  switch (type.kind) {
    case "integer":
      return integer(value, type);
    case "float":
      return typeof value === "number" ? value : undefined;
    case "boolean":
      return typeof value === "boolean" ? value : undefined;
    case "binary":
      return value instanceof Uint8Array ? value : undefined;
    case "string":
      return typeof value === "string" ? value : undefined;
    case "array":
      return Array.isArray(value) ? jsonText(value) : undefined;
    case "struct":
      return isPlainObject(value) ? jsonText(value) : undefined;
    case "json":
      return typeof value === "string" ? fitting(value, type) : jsonText(value);
    case "date":
    case "datetime":
      return fitting(value instanceof Date ? dateText(value, type) : value, type);
    case "decimal":
      return fitting(typeof value === "bigint" || typeof value === "number" ? String(value) : value, type);
    default:
      return fitting(value, type);
  }
}

function fitting(value: unknown, type: LogicalType): string | undefined {
  return typeof value === "string" && textFits(value, type) ? value : undefined;
}

function integer(value: unknown, type: Extract<LogicalType, { kind: "integer" }>): bigint | undefined {
  if (typeof value !== "bigint" && !(typeof value === "number" && Number.isSafeInteger(value))) {
    return undefined;
  }
  return textFits(String(value), type) ? BigInt(value) : undefined;
}

function dateText(value: Date, type: LogicalType): string | undefined {
  if (Number.isNaN(value.getTime())) return undefined;
  const text = value.toISOString();
  if (type.kind === "date") return text.endsWith("T00:00:00.000Z") ? text.slice(0, 10) : undefined;
  return type.kind === "datetime" && type.tz ? text : text.slice(0, -1);
}

function isPlainObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    !(value instanceof Uint8Array) &&
    !(value instanceof Date);
}

/** JSON that keeps 64-bit integers; undefined where the value holds what JSON can't. */
function jsonText(value: unknown): string | undefined {
  if (value === null || value === undefined) return "null";
  switch (typeof value) {
    case "string":
    case "boolean":
      return JSON.stringify(value);
    case "number":
      return Number.isFinite(value) ? JSON.stringify(value) : undefined;
    case "bigint":
      return String(value);
    case "object": {
      if (value instanceof Date) return Number.isNaN(value.getTime()) ? undefined : JSON.stringify(value);
      if (value instanceof Uint8Array) return undefined;
      const parts = Array.isArray(value) ? value.map(jsonText) : Object.entries(value).map(([key, item]) => {
        const text = jsonText(item);
        return text === undefined ? undefined : `${JSON.stringify(key)}:${text}`;
      });
      if (parts.includes(undefined)) return undefined;
      return Array.isArray(value) ? `[${parts.join(",")}]` : `{${parts.join(",")}}`;
    }
    default:
      return undefined;
  }
}

function arrowCarrier(type: LogicalType): arrow.DataType {
  switch (type.kind) {
    case "integer":
      return type.unsigned ? new arrow.Uint64() : new arrow.Int64();
    case "float":
      return new arrow.Float64();
    case "boolean":
      return new arrow.Bool();
    case "binary":
      return new arrow.Binary();
    default:
      return new arrow.Utf8();
  }
}

function badValue(field: Field, value: unknown, row: number): TransformError {
  const shown = typeof value === "string" ? JSON.stringify(value.slice(0, 200)) : describe(value);
  return new TransformError(
    "FUNCTION_RESULT",
    `column ${showName(field.name)}, row ${row} of the result: ${shown} is no ${formatType(field.type)}`,
    {
      hint: "return a value of that type, or declare the column's type in `columns`",
      context: { column: field.name, row, expected: formatType(field.type) },
    },
  );
}

/** A value that is no text, short. */
function describe(value: unknown): string {
  if (Array.isArray(value)) return "an array";
  if (value instanceof Date) return "a Date";
  if (typeof value === "object" || typeof value === "function") {
    return `a ${value?.constructor?.name ?? "value"}`;
  }
  return `${String(value)} (${typeof value})`;
}
