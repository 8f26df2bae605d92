/** Arrow's scalars whose unit or layout differs from DuckDB's. A value that would change is an error. */
import {
  type Data,
  type Date_,
  DateUnit,
  type Decimal,
  type Duration,
  type Interval,
  IntervalUnit,
  type Time,
  type Timestamp,
  TimeUnit,
} from "apache-arrow";
import { broken, fixedWriter, lossy, mappedWriter, valueBytes, type VectorWriter } from "./vector_writer.ts";

const words = (width: number) => (data: Data, start: number, count: number): Int32Array => {
  const bytes = valueBytes(data, start, width);
  if (bytes.byteLength < count * width) broken("a buffer of values is too short");
  return new Int32Array(aligned(bytes, 4).buffer, aligned(bytes, 4).byteOffset, count * width / 4);
};

const longs = (data: Data, start: number, count: number): BigInt64Array => {
  const bytes = valueBytes(data, start, 8);
  if (bytes.byteLength < count * 8) broken("a buffer of values is too short");
  const whole = aligned(bytes, 8);
  return new BigInt64Array(whole.buffer, whole.byteOffset, count);
};

function aligned(bytes: Uint8Array, width: number): Uint8Array {
  return bytes.byteOffset % width === 0 ? bytes : new Uint8Array(bytes);
}

function int64(value: bigint, type: { toString(): string }): bigint {
  if (value !== BigInt.asIntN(64, value)) {
    lossy(type as never, "is out of range", "times must lie between the years 290308 BC and 294247");
  }
  return value;
}

/** Microseconds from a count of `unit`. */
function toMicros(value: bigint, unit: TimeUnit, type: { toString(): string }): bigint {
  switch (unit) {
    case TimeUnit.SECOND:
      return int64(value * 1_000_000n, type);
    case TimeUnit.MILLISECOND:
      return int64(value * 1000n, type);
    case TimeUnit.MICROSECOND:
      return value;
    case TimeUnit.NANOSECOND:
      if (value % 1000n !== 0n) {
        lossy(
          type as never,
          `(${value}) has nanoseconds, which would be lost`,
          "round the column to microseconds first",
        );
      }
      return value / 1000n;
  }
}

/** Days: as they are. Milliseconds: whole days only. */
export function dateWriter(type: Date_): VectorWriter {
  if (type.unit === DateUnit.DAY) return fixedWriter(4);
  return mappedWriter({
    source: longs,
    target: (count) => new Int32Array(count),
    map: (source, row, target) => {
      const millis = source[row]!;
      if (millis % 86_400_000n !== 0n) {
        lossy(type, `(${millis} ms) is not a whole day`, "make the column a timestamp");
      }
      const days = millis / 86_400_000n;
      if (days !== BigInt.asIntN(32, days)) lossy(type, `(${millis} ms) is out of range`, "mend the value");
      target[row] = Number(days);
    },
  });
}

const DAY = 86_400_000_000n;

/** 0 to 24:00:00, both included, as in SQL. */
export function timeWriter(type: Time): VectorWriter {
  const check = (micros: bigint): bigint =>
    micros < 0n || micros > DAY
      ? lossy(type, `(${micros} µs) is not a time of day`, "mend the value")
      : micros;
  if (type.bitWidth === 32) {
    return mappedWriter({
      source: words(4),
      target: (count) => new BigInt64Array(count),
      map: (source, row, target) => {
        target[row] = check(toMicros(BigInt(source[row]!), type.unit, type));
      },
    });
  }
  return mappedWriter({
    source: longs,
    target: (count) => new BigInt64Array(count),
    map: (source, row, target) => {
      target[row] = check(toMicros(source[row]!, type.unit, type));
    },
  });
}

/** Instants and wall-clock times alike; a time zone's name other than UTC is dropped, the instant stays. */
export function timestampWriter(type: Timestamp): VectorWriter {
  if (type.unit === TimeUnit.MICROSECOND) return fixedWriter(8);
  return mappedWriter({
    source: longs,
    target: (count) => new BigInt64Array(count),
    map: (source, row, target) => {
      target[row] = toMicros(source[row]!, type.unit, type);
    },
  });
}

/** DuckDB's interval: months and days as int32, then microseconds as int64. */
interface IntervalCells {
  readonly months: Int32Array;
  readonly micros: BigInt64Array;
  readonly buffer: ArrayBufferLike;
  readonly byteOffset: number;
  readonly byteLength: number;
}

function intervals(count: number): IntervalCells {
  const buffer = new ArrayBuffer(count * 16);
  return {
    months: new Int32Array(buffer),
    micros: new BigInt64Array(buffer),
    buffer,
    byteOffset: 0,
    byteLength: buffer.byteLength,
  };
}

export function intervalWriter(type: Interval): VectorWriter {
  switch (type.unit) {
    case IntervalUnit.YEAR_MONTH:
      return mappedWriter({
        source: words(4),
        target: intervals,
        map: (source, row, target) => {
          target.months[row * 4] = source[row]!;
        },
      });
    case IntervalUnit.DAY_TIME:
      return mappedWriter({
        source: words(8),
        target: intervals,
        map: (source, row, target) => {
          target.months[row * 4 + 1] = source[row * 2]!;
          target.micros[row * 2 + 1] = BigInt(source[row * 2 + 1]!) * 1000n;
        },
      });
    case IntervalUnit.MONTH_DAY_NANO:
      return mappedWriter({
        source: words(16),
        target: intervals,
        map: (source, row, target) => {
          target.months[row * 4] = source[row * 4]!;
          target.months[row * 4 + 1] = source[row * 4 + 1]!;
          const nanos = (BigInt(source[row * 4 + 3]!) << 32n) | BigInt(source[row * 4 + 2]! >>> 0);
          target.micros[row * 2 + 1] = toMicros(nanos, TimeUnit.NANOSECOND, type);
        },
      });
  }
}

/** A length of time becomes an interval of microseconds. */
export function durationWriter(type: Duration): VectorWriter {
  return mappedWriter({
    source: longs,
    target: intervals,
    map: (source, row, target) => {
      target.micros[row * 2 + 1] = toMicros(source[row]!, type.unit, type);
    },
  });
}

/** Bytes as they are written become a number of 128 bits, low bytes first, with the first bit flipped. */
export const uuidWriter: VectorWriter = mappedWriter({
  source: (data, start, count) => {
    const bytes = valueBytes(data, start, 16);
    return bytes.byteLength < count * 16 ? broken("a buffer of values is too short") : bytes;
  },
  target: (count) => new Uint8Array(count * 16),
  map: (source, row, target) => {
    const at = row * 16;
    for (let i = 0; i < 16; i++) target[at + 15 - i] = source[at + i]!;
    target[at + 15]! ^= 0x80;
  },
});

/** DuckDB keeps a decimal in 2, 4, 8 or 16 bytes, by its precision. */
export function decimalWriter(type: Decimal): VectorWriter {
  const given = type.bitWidth / 32;
  const width = type.precision > 18 ? 16 : type.precision > 9 ? 8 : type.precision > 4 ? 4 : 2;
  if (width === type.bitWidth / 8) return fixedWriter(width);
  const kept = Math.max(1, width / 4);
  return mappedWriter({
    source: words(given * 4),
    target: (count) => width === 2 ? new Int16Array(count) : new Int32Array(count * kept),
    map: (source, row, target) => {
      const at = row * given;
      const top = Math.min(kept, given) - 1;
      const low = width === 2 ? source[at]! << 16 >> 16 : source[at]!;
      const sign = (top === 0 ? low : source[at + top]!) >> 31;
      let fits = width !== 2 || low === source[at];
      for (let i = top + 1; i < given; i++) fits &&= source[at + i] === sign;
      if (!fits) lossy(type, `has more than ${type.precision} digits`, "give the column more digits");
      if (width === 2) {
        target[row] = low;
      } else {
        for (let i = 0; i < kept; i++) target[row * kept + i] = i < given ? source[at + i]! : sign;
      }
    },
  });
}

/** IEEE 754 half precision: 1 bit sign, 5 bits exponent, 10 bits fraction; each is a float of 32 bits too. */
export const halfWriter: VectorWriter = mappedWriter({
  source: (data, start, count) => {
    const bytes = valueBytes(data, start, 2);
    if (bytes.byteLength < count * 2) broken("a buffer of values is too short");
    const whole = aligned(bytes, 2);
    return new Uint16Array(whole.buffer, whole.byteOffset, count);
  },
  target: (count) => new Float32Array(count),
  map: (source, row, target) => {
    const half = source[row]!;
    const sign = half & 0x8000 ? -1 : 1;
    const exponent = (half >> 10) & 31;
    const fraction = half & 1023;
    if (exponent === 31) target[row] = fraction === 0 ? sign * Infinity : NaN;
    else if (exponent === 0) target[row] = sign * fraction * 2 ** -24;
    else target[row] = sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  },
});
