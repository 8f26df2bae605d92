/**
 * Values in PostgreSQL's binary format as Arrow columns, a column at a time. Numbers are big-endian there and little-endian
 * here; 64 bits are taken as two words of 32, because a BigInt per value costs more than all the rest.
 */
import {
  Binary,
  Bool,
  type Data,
  type DataType,
  DateDay,
  FixedSizeBinary,
  Float32,
  Float64,
  Int16,
  Int32,
  Int64,
  IntervalMonthDayNano,
  makeData,
  TimeMicrosecond,
  Timestamp,
  TimeUnit,
  Uint32,
  Utf8,
} from "apache-arrow";
import { ConnectorError } from "../../sdk/mod.ts";
import { broken, type Cells, int32 } from "./cells.ts";

/** Makes an Arrow column of some values. */
export type Decoder = (cells: Cells) => Data;

/** The validity bitmap, where there are NULLs. */
export function validity(cells: Cells): { nullCount: number; nullBitmap?: Uint8Array } {
  const { lengths, from, count } = cells;
  let nullCount = 0;
  for (let i = from; i < from + count; i++) if (lengths[i]! < 0) nullCount++;
  if (nullCount === 0) return { nullCount };
  const nullBitmap = new Uint8Array(((count + 63) >> 6) << 3);
  for (let i = 0; i < count; i++) {
    if (lengths[from + i]! >= 0) nullBitmap[i >> 3]! |= 1 << (i & 7);
  }
  return { nullCount, nullBitmap };
}

function make(type: DataType, cells: Cells, data: unknown): Data {
  return makeData({ type, length: cells.count, data, ...validity(cells) } as never) as Data;
}

function wrongWidth(): never {
  return broken("a value has another length than its type");
}

export function outOfRange(what: string, hint: string): never {
  throw new ConnectorError("VALUE_OUT_OF_RANGE", what, { hint });
}

/** Values of 4 bytes, each changed by `map`. */
function words(
  type: DataType,
  wrap: (buffer: ArrayBuffer) => unknown,
  map?: (word: number) => number,
): Decoder {
  return (cells) => {
    const { bytes, starts, lengths, from, count } = cells;
    const out = new Int32Array(count);
    for (let i = 0; i < count; i++) {
      const length = lengths[from + i]!;
      if (length < 0) continue;
      if (length !== 4) wrongWidth();
      const word = int32(bytes, starts[from + i]!);
      out[i] = map === undefined ? word : map(word);
    }
    return make(type, cells, wrap(out.buffer));
  };
}

/** Values of 8 bytes as they are. */
function longs(type: DataType, wrap: (buffer: ArrayBuffer) => unknown): Decoder {
  return (cells) => {
    const { bytes, starts, lengths, from, count } = cells;
    const out = new Int32Array(count * 2);
    for (let i = 0; i < count; i++) {
      const length = lengths[from + i]!;
      if (length < 0) continue;
      if (length !== 8) wrongWidth();
      const at = starts[from + i]!;
      out[i * 2] = int32(bytes, at + 4);
      out[i * 2 + 1] = int32(bytes, at);
    }
    return make(type, cells, wrap(out.buffer));
  };
}

const asLongs = (buffer: ArrayBuffer) => new BigInt64Array(buffer);
const asInts = (buffer: ArrayBuffer) => new Int32Array(buffer);

export const int4: Decoder = words(new Int32(), asInts);
export const oid: Decoder = words(new Uint32(), (buffer) => new Uint32Array(buffer));
export const float4: Decoder = words(new Float32(), (buffer) => new Float32Array(buffer));
export const int8: Decoder = longs(new Int64(), asLongs);
export const float8: Decoder = longs(new Float64(), (buffer) => new Float64Array(buffer));
/** Microseconds since midnight; 24:00:00 is one. */
export const time: Decoder = longs(new TimeMicrosecond(), asLongs);

export const int2: Decoder = (cells) => {
  const { bytes, starts, lengths, from, count } = cells;
  const out = new Int16Array(count);
  for (let i = 0; i < count; i++) {
    const length = lengths[from + i]!;
    if (length < 0) continue;
    if (length !== 2) wrongWidth();
    const at = starts[from + i]!;
    out[i] = bytes[at]! << 8 | bytes[at + 1]!;
  }
  return make(new Int16(), cells, out);
};

export const bool: Decoder = (cells) => {
  const { bytes, starts, lengths, from, count } = cells;
  const out = new Uint8Array(((count + 63) >> 6) << 3);
  for (let i = 0; i < count; i++) {
    const length = lengths[from + i]!;
    if (length < 0) continue;
    if (length !== 1) wrongWidth();
    if (bytes[starts[from + i]!] !== 0) out[i >> 3]! |= 1 << (i & 7);
  }
  return make(new Bool(), cells, out);
};

/** Days from 2000-01-01 to 1970-01-01. */
const DATE_EPOCH = 10_957;
const INFINITE_DATE = 0x7fffffff;

/** Days since 1970. `infinity` and `-infinity` are the largest and the smallest number but one, as the engine has them. */
export const date: Decoder = words(
  new DateDay(),
  asInts,
  (days) =>
    days === INFINITE_DATE ? INFINITE_DATE : days === -INFINITE_DATE - 1 ? -INFINITE_DATE : days + DATE_EPOCH,
);

/** Microseconds from 2000-01-01 to 1970-01-01, in two words. */
const EPOCH_HIGH = 220_417;
const EPOCH_LOW = 0x3b37e000;

/** Microseconds since 1970, as int64; infinities as for dates. */
function timestamps(type: DataType): Decoder {
  return (cells) => {
    const { bytes, starts, lengths, from, count } = cells;
    const out = new Int32Array(count * 2);
    for (let i = 0; i < count; i++) {
      const length = lengths[from + i]!;
      if (length < 0) continue;
      if (length !== 8) wrongWidth();
      const at = starts[from + i]!;
      const high = int32(bytes, at);
      const low = int32(bytes, at + 4) >>> 0;
      if (high === 0x7fffffff && low === 0xffffffff) {
        out[i * 2] = -1;
        out[i * 2 + 1] = 0x7fffffff;
      } else if (high === -0x80000000 && low === 0) {
        out[i * 2] = 1;
        out[i * 2 + 1] = -0x80000000;
      } else {
        const sum = low + EPOCH_LOW;
        const top = high + EPOCH_HIGH + (sum > 0xffffffff ? 1 : 0);
        if (top > 0x7fffffff) {
          outOfRange(
            "A time lies after 294247-01-10 04:00:54.775806, the last that columns here can hold",
            "mend the value, or read it as text: cast the column in a query",
          );
        }
        out[i * 2] = sum | 0;
        out[i * 2 + 1] = top;
      }
    }
    return make(type, cells, new BigInt64Array(out.buffer));
  };
}

export const timestamp: Decoder = timestamps(new Timestamp(TimeUnit.MICROSECOND, null));
export const timestamptz: Decoder = timestamps(new Timestamp(TimeUnit.MICROSECOND, "UTC"));

/** Microseconds, days and months, each on its own; Arrow has nanoseconds. */
export const interval: Decoder = (cells) => {
  const { bytes, starts, lengths, from, count } = cells;
  const out = new Int32Array(count * 4);
  for (let i = 0; i < count; i++) {
    const length = lengths[from + i]!;
    if (length < 0) continue;
    if (length !== 16) wrongWidth();
    const at = starts[from + i]!;
    const low = (int32(bytes, at + 4) >>> 0) * 1000;
    const carry = Math.floor(low / 0x100000000);
    const high = int32(bytes, at) * 1000 + carry;
    if (high > 0x7fffffff || high < -0x80000000) {
      outOfRange(
        "The time part of an interval is longer than 292 years, which columns here can't hold",
        "use justify_interval(column) in a query, or cast the column to text there",
      );
    }
    out[i * 4] = int32(bytes, at + 12);
    out[i * 4 + 1] = int32(bytes, at + 8);
    out[i * 4 + 2] = (low - carry * 0x100000000) | 0;
    out[i * 4 + 3] = high;
  }
  return make(new IntervalMonthDayNano(), cells, out);
};

export const uuid: Decoder = (cells) => {
  const { bytes, starts, lengths, from, count } = cells;
  const out = new Uint8Array(count * 16);
  for (let i = 0; i < count; i++) {
    const length = lengths[from + i]!;
    if (length < 0) continue;
    if (length !== 16) wrongWidth();
    const at = starts[from + i]!;
    for (let j = 0; j < 16; j++) out[i * 16 + j] = bytes[at + j]!;
  }
  return make(new FixedSizeBinary(16), cells, out);
};

/** Up to here bytes are copied in a loop: a call for so few costs more. */
const SHORT = 48;

/** Values of any length, less the first `skip` bytes of each. */
function varied(type: DataType, skip: number): Decoder {
  return (cells) => {
    const { bytes, starts, lengths, from, count } = cells;
    const valueOffsets = new Int32Array(count + 1);
    let total = 0;
    for (let i = 0; i < count; i++) {
      const length = lengths[from + i]!;
      if (length >= 0) total += length - skip;
      valueOffsets[i + 1] = total;
    }
    const data = new Uint8Array(total);
    for (let i = 0; i < count; i++) {
      const to = valueOffsets[i]!;
      const length = valueOffsets[i + 1]! - to;
      const at = starts[from + i]! + skip;
      if (length <= SHORT) { for (let j = 0; j < length; j++) data[to + j] = bytes[at + j]!; }
      else data.set(bytes.subarray(at, at + length), to);
    }
    return makeData(
      { type, length: count, data, valueOffsets, ...validity(cells) } as never,
    ) as Data;
  };
}

export const text: Decoder = varied(new Utf8(), 0);
export const bytea: Decoder = varied(new Binary(), 0);

/** jsonb sends the number of its format first, which is 1, and then the same text as json. */
export const jsonb: Decoder = (cells) => {
  const { bytes, starts, lengths, from, count } = cells;
  for (let i = from; i < from + count; i++) {
    if (lengths[i]! >= 0 && bytes[starts[i]!] !== 1) broken("a jsonb is of another version than 1");
  }
  return JSONB(cells);
};

const JSONB = varied(new Utf8(), 1);
