/** How values of one width lie in DuckDB's vectors, and how they become Arrow's. */
import { EngineError } from "../sdk/mod.ts";
import { isValid } from "./column_buffer.ts";

export interface FixedLayout {
  /** Bytes a value has in DuckDB. */
  readonly width: number;
  /** From DuckDB's bytes to Arrow's, 16 a value; NULL rows hold anything. */
  readonly map?: (bytes: Uint8Array, validity: Uint8Array | null) => Uint8Array;
}

/** DuckDB keeps a decimal in 2, 4, 8 or 16 bytes, by its precision; Arrow in 16. */
export function decimalLayout(precision: number): FixedLayout {
  if (precision > 18) return { width: 16 };
  if (precision > 9) {
    return {
      width: 8,
      map: (bytes) => {
        const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
        const wide = new Int32Array(words.length * 2);
        for (let i = 0, j = 0; i < words.length; i += 2, j += 4) {
          const high = words[i + 1]!;
          wide[j] = words[i]!;
          wide[j + 1] = high;
          wide[j + 2] = wide[j + 3] = high >> 31;
        }
        return new Uint8Array(wide.buffer);
      },
    };
  }
  return {
    width: precision > 4 ? 4 : 2,
    map: (bytes) => {
      const values = precision > 4
        ? new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4)
        : new Int16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);
      const wide = new Int32Array(values.length * 4);
      for (let i = 0, j = 0; i < values.length; i++, j += 4) {
        const value = values[i]!;
        wide[j] = value;
        wide[j + 1] = wide[j + 2] = wide[j + 3] = value >> 31;
      }
      return new Uint8Array(wide.buffer);
    },
  };
}

/** DuckDB keeps a UUID as a number of 128 bits, low bytes first, with the first bit flipped so that it sorts. */
export function uuidBytes(bytes: Uint8Array): Uint8Array {
  const result = new Uint8Array(bytes.length);
  for (let i = 0; i < bytes.length; i += 16) {
    for (let j = 0; j < 16; j++) result[i + j] = bytes[i + 15 - j]!;
    result[i]! ^= 0x80;
  }
  return result;
}

/** Months and days stay; Arrow has nanoseconds where DuckDB has microseconds. */
export function nanoIntervals(bytes: Uint8Array, validity: Uint8Array | null): Uint8Array {
  const result = new Uint8Array(bytes);
  const times = new BigInt64Array(result.buffer, 0, result.length / 8);
  for (let row = 0; row * 2 < times.length; row++) {
    if (!isValid(validity, row)) continue;
    const nanos = times[row * 2 + 1]! * 1000n;
    if (nanos !== BigInt.asIntN(64, nanos)) {
      throw new EngineError(
        "VALUE_OUT_OF_RANGE",
        "An interval has more than 292 years in its time part, which Arrow can't hold.",
        { hint: "cast the column to VARCHAR, or give the interval in months and days" },
      );
    }
    times[row * 2 + 1] = nanos;
  }
  return result;
}
