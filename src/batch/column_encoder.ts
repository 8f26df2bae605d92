/** JavaScript values as Arrow columns of a given type. A value that the type can't hold exactly is an error. */
import { type Data, makeData } from "apache-arrow";
import { EngineError, formatType, type LogicalType } from "../sdk/mod.ts";
import { arrowType } from "./arrow_types.ts";
import { setBit } from "./bits.ts";
import { cut } from "./error_text.ts";
import { describe } from "./infer_types.ts";
import {
  type IntervalParts,
  parseDate,
  parseDatetime,
  parseDecimal,
  parseInterval,
  parseTime,
  parseUuid,
} from "./text_values.ts";

/** Where a value stands, for errors. */
export interface Place {
  readonly column: string;
  /** 0-based row of the first value. */
  readonly firstRow: number;
}

/** Encodes values; null and undefined are NULL. */
export function encodeColumn(type: LogicalType, values: readonly unknown[], place: Place): Data {
  const arrow = arrowType(type);
  const length = values.length;
  const nullBitmap = validity(values);
  const made = (props: Record<string, unknown>): Data =>
    makeData({ type: arrow, length, nullBitmap, ...props } as never);
  const encode = <T>(read: (value: unknown) => T | undefined, write: (value: T, row: number) => void) => {
    for (let row = 0; row < length; row++) {
      const value = values[row];
      if (value === null || value === undefined) continue;
      const found = read(value);
      if (found === undefined) throw unfit(value, type, { ...place, firstRow: place.firstRow + row });
      write(found, row);
    }
  };
  switch (type.kind) {
    case "string":
      return made(encodeTexts(encode, length, textBytes));
    case "json":
      return made(encodeTexts(encode, length, jsonBytes));
    case "binary":
      return made(encodeTexts(encode, length, bytesOf));
    case "integer":
    case "float": {
      // Made from the Arrow type, so that it is the array its width needs; a bigint goes into 64 bits only.
      const data = new (arrow.ArrayType as new (length: number) => Record<number, number | bigint>)(length);
      encode(type.kind === "float" ? floatOf : integerOf(type.bits, type.unsigned === true), (value, row) => {
        data[row] = value;
      });
      return made({ data });
    }
    case "boolean": {
      const data = new Uint8Array((length + 7) >> 3);
      encode(
        (value) => typeof value === "boolean" ? value : undefined,
        (value, row) => setBit(data, row, value),
      );
      return made({ data });
    }
    case "decimal": {
      const words = new BigInt64Array(length * 2);
      encode((value) => decimalOf(value, type.precision, type.scale), (value, row) => {
        words[row * 2] = BigInt.asIntN(64, value);
        words[row * 2 + 1] = value >> 64n;
      });
      return made({ data: new Uint32Array(words.buffer) });
    }
    case "date": {
      const data = new Int32Array(length);
      encode(dateOf, (value, row) => data[row] = value);
      return made({ data });
    }
    case "time":
    case "datetime": {
      const data = new BigInt64Array(length);
      const read = type.kind === "time"
        ? (value: unknown) => typeof value === "string" ? parseTime(value) : undefined
        : (value: unknown) => datetimeOf(value, type.tz);
      encode(read, (value, row) => data[row] = value);
      return made({ data });
    }
    case "interval": {
      const data = new Int32Array(length * 4);
      encode(intervalOf, (value, row) => {
        const nanos = value.micros * 1000n;
        data.set([value.months, value.days, Number(BigInt.asIntN(32, nanos)), Number(nanos >> 32n)], row * 4);
      });
      return made({ data });
    }
    case "uuid": {
      const data = new Uint8Array(length * 16);
      encode((value) => typeof value === "string" ? parseUuid(value) : undefined, (value, row) => {
        data.set(value, row * 16);
      });
      return made({ data });
    }
    case "array": {
      const valueOffsets = new Int32Array(length + 1);
      const items: unknown[] = [];
      const ends = new Map<number, number>();
      encode(listOf, (value, row) => {
        for (const item of value) items.push(item);
        ends.set(row, items.length);
      });
      for (let row = 0; row < length; row++) valueOffsets[row + 1] = ends.get(row) ?? valueOffsets[row]!;
      // An item's row can't be told any more: the first row of the column stands for all.
      const child = encodeColumn(type.items, items, { ...place, column: `${place.column}[]` });
      return made({ valueOffsets, child });
    }
    case "struct": {
      const names = new Set(type.fields.map((field) => field.name));
      encode((value) => structOf(value, names), () => {});
      const children = type.fields.map(({ name, type: fieldType }) =>
        encodeColumn(fieldType, values.map((value) => fieldOf(value, name)), {
          ...place,
          column: `${place.column}.${name}`,
        })
      );
      return made({ children });
    }
  }
}

type Encode = <T>(read: (value: unknown) => T | undefined, write: (value: T, row: number) => void) => void;

function encodeTexts(encode: Encode, length: number, read: (value: unknown) => Uint8Array | undefined) {
  const parts = new Array<Uint8Array | undefined>(length);
  encode(read, (value, row) => parts[row] = value);
  const valueOffsets = new Int32Array(length + 1);
  let total = 0;
  for (let row = 0; row < length; row++) {
    total += parts[row]?.length ?? 0;
    if (total > 0x7fffffff) {
      throw new EngineError("VALUE_TOO_LARGE", "A column of the rows has more than 2 GiB of text.");
    }
    valueOffsets[row + 1] = total;
  }
  const data = new Uint8Array(total);
  for (let row = 0; row < length; row++) {
    const part = parts[row];
    if (part !== undefined) data.set(part, valueOffsets[row]!);
  }
  return { data, valueOffsets };
}

function validity(values: readonly unknown[]): Uint8Array | undefined {
  let bits: Uint8Array | undefined;
  for (let row = 0; row < values.length; row++) {
    if (values[row] !== null && values[row] !== undefined) continue;
    bits ??= new Uint8Array((values.length + 7) >> 3).fill(255);
    setBit(bits, row, false);
  }
  return bits;
}

const encoder = new TextEncoder();

function textBytes(value: unknown): Uint8Array | undefined {
  // A lone surrogate has no UTF-8; the encoder would write a replacement character.
  return typeof value === "string" && value.isWellFormed() ? encoder.encode(value) : undefined;
}

/** Text is JSON already; anything else becomes JSON. */
function jsonBytes(value: unknown): Uint8Array | undefined {
  try {
    if (typeof value !== "string") return textBytes(JSON.stringify(value));
    JSON.parse(value);
    return textBytes(value);
  } catch (error) {
    // A bigint or a circle (TypeError), or text that is no JSON (SyntaxError).
    if (!(error instanceof TypeError || error instanceof SyntaxError)) throw error;
    return undefined;
  }
}

function bytesOf(value: unknown): Uint8Array | undefined {
  if (value instanceof Uint8Array) return value;
  return value instanceof ArrayBuffer ? new Uint8Array(value) : undefined;
}

function integerOf(
  bits: 8 | 16 | 32 | 64,
  unsigned: boolean,
): (value: unknown) => number | bigint | undefined {
  return (value) => {
    const isInteger = typeof value === "bigint" || Number.isSafeInteger(value) ||
      (typeof value === "string" && /^-?\d{1,20}$/.test(value));
    if (!isInteger) return undefined;
    const integer = BigInt(value as bigint | number | string);
    const fits = integer === (unsigned ? BigInt.asUintN(bits, integer) : BigInt.asIntN(bits, integer));
    if (!fits) return undefined;
    return bits === 64 ? integer : Number(integer);
  };
}

function floatOf(value: unknown): number | undefined {
  if (typeof value === "number") return value;
  return typeof value === "bigint" && BigInt(Number(value)) === value ? Number(value) : undefined;
}

function decimalOf(value: unknown, precision: number, scale: number): bigint | undefined {
  if (typeof value === "number" && !Number.isFinite(value)) return undefined;
  return typeof value === "string" || typeof value === "number" || typeof value === "bigint"
    ? parseDecimal(String(value), precision, scale)
    : undefined;
}

function dateOf(value: unknown): number | undefined {
  if (typeof value === "string") return parseDate(value);
  const days = value instanceof Date ? value.getTime() / 86_400_000 : NaN;
  return Number.isInteger(days) ? days : undefined;
}

function datetimeOf(value: unknown, tz: boolean): bigint | undefined {
  if (typeof value === "string") return parseDatetime(value, tz);
  return value instanceof Date && !Number.isNaN(value.getTime())
    ? BigInt(value.getTime()) * 1000n
    : undefined;
}

function intervalOf(value: unknown): IntervalParts | undefined {
  const parts = typeof value === "string" ? parseInterval(value) : value as Partial<IntervalParts>;
  if (
    typeof parts?.months !== "number" || typeof parts.days !== "number" || typeof parts.micros !== "bigint"
  ) {
    return undefined;
  }
  const { months, days, micros } = parts;
  const fits = months === (months | 0) && days === (days | 0) &&
    micros * 1000n === BigInt.asIntN(64, micros * 1000n);
  return fits ? { months, days, micros } : undefined;
}

function listOf(value: unknown): Iterable<unknown> | undefined {
  if (Array.isArray(value)) return value;
  return ArrayBuffer.isView(value) && !(value instanceof DataView)
    ? value as unknown as Iterable<unknown>
    : undefined;
}

function structOf(value: unknown, names: ReadonlySet<string>): object | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value) || value instanceof Date) {
    return undefined;
  }
  return Object.keys(value).every((name) => names.has(name)) ? value : undefined;
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : null;
}

function unfit(value: unknown, type: LogicalType, place: Place): EngineError {
  const shown = typeof value === "object" || typeof value === "function" || typeof value === "symbol"
    ? describe(value)
    : `${typeof value} ${cut(typeof value === "string" ? JSON.stringify(value) : String(value))}`;
  return new EngineError(
    "CONVERSION_FAILED",
    `Row ${place.firstRow + 1}, column "${place.column}": ${shown} is not a ${
      formatType(type)
    }, or does not fit into it.`,
    {
      hint: "mend the value or give the column another type",
      context: { column: place.column, row: place.firstRow + 1 },
    },
  );
}
