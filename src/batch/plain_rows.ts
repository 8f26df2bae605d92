/** Rows for people: plain values, exact, from Arrow columns as `toArrow` gives them. */
import type { Data } from "apache-arrow";
import { type Batch, EngineError, type LogicalType } from "../sdk/mod.ts";
import { getBit } from "./bits.ts";
import {
  formatDate,
  formatDatetime,
  formatDecimal,
  formatInterval,
  formatTime,
  formatUuid,
} from "./text_values.ts";

/**
 * The rows of a batch. NULL is null, int64 a bigint, smaller integers and floats numbers, binary a Uint8Array, arrays
 * and structs arrays and objects; decimals, dates, times, intervals, UUIDs and JSON are text.
 */
export async function readRows(batch: Batch, options: { limit?: number }): Promise<unknown[][]> {
  const { limit } = options;
  if (limit !== undefined && (!Number.isInteger(limit) || limit < 0)) {
    throw new EngineError("INVALID_LIMIT", `The limit ${limit} is not a number of rows.`);
  }
  const limited = limit === undefined
    ? batch
    : await batch.session.relation(`SELECT * FROM (${batch.sql}) LIMIT ${limit}`);
  const rows: unknown[][] = [];
  for await (const part of limited.toArrow()) {
    const columns = batch.schema.fields.map((field, index) =>
      plainReader(field.type, part.data.children[index]!)
    );
    for (let row = 0; row < part.numRows; row++) rows.push(columns.map((read) => read(row)));
  }
  return rows;
}

type PlainReader = (row: number) => unknown;

/** Reads single values of a column. */
export function plainReader(type: LogicalType, data: Data): PlainReader {
  const read = valueReader(type, data);
  const bitmap = data.nullBitmap;
  if (bitmap === undefined || bitmap === null || bitmap.length === 0) return read;
  const offset = data.offset;
  return (row) => getBit(bitmap, offset + row) ? read(row) : null;
}

function valueReader(type: LogicalType, data: Data): PlainReader {
  // Arrow's classes type each column by its own type, which is only known here.
  const values = data.values as never;
  switch (type.kind) {
    case "integer":
    case "float":
      return (row) => (values as ArrayLike<unknown>)[row];
    case "boolean":
      return (row) => getBit(values, data.offset + row);
    case "decimal":
      return (row) => formatDecimal(int128(values, row), type.scale);
    case "date":
      return (row) => formatDate((values as Int32Array)[row]!);
    case "time":
      return (row) => formatTime((values as BigInt64Array)[row]!);
    case "datetime":
      return (row) => formatDatetime((values as BigInt64Array)[row]!, type.tz);
    case "interval":
      return (row) => formatInterval(intervalAt(values, row));
    case "uuid":
      return (row) => formatUuid((values as Uint8Array).subarray(row * 16, row * 16 + 16));
    case "binary": {
      const offsets = data.valueOffsets;
      return (row) => (values as Uint8Array).slice(offsets[row]!, offsets[row + 1]!);
    }
    case "string":
    case "json": {
      const offsets = data.valueOffsets;
      const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
      return (row) => decoder.decode((values as Uint8Array).subarray(offsets[row]!, offsets[row + 1]!));
    }
    case "array": {
      const offsets = data.valueOffsets;
      const item = plainReader(type.items, data.children[0]!);
      return (row) => {
        const start = offsets[row]!;
        return Array.from({ length: offsets[row + 1]! - start }, (_, index) => item(start + index));
      };
    }
    case "struct": {
      const fields = type.fields.map((field, index) => ({
        name: field.name,
        read: plainReader(field.type, data.children[index]!),
      }));
      return (row) => plainObject(fields.map(({ name, read }) => [name, read(row)]));
    }
  }
}

/** An object of any names, `__proto__` among them. */
export function plainObject(entries: Iterable<[string, unknown]>): Record<string, unknown> {
  return Object.fromEntries(entries);
}

function int128(words: Uint32Array, row: number): bigint {
  const at = row * 4;
  const bits = (BigInt(words[at + 3]!) << 96n) | (BigInt(words[at + 2]!) << 64n) |
    (BigInt(words[at + 1]!) << 32n) | BigInt(words[at]!);
  return BigInt.asIntN(128, bits);
}

function intervalAt(words: Int32Array, row: number): { months: number; days: number; micros: bigint } {
  const at = row * 4;
  const nanos = (BigInt(words[at + 3]!) << 32n) | BigInt(words[at + 2]! >>> 0);
  return { months: words[at]!, days: words[at + 1]!, micros: nanos / 1000n };
}
