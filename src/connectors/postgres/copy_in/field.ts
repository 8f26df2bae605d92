/**
 * What the encoders of columns share. A row of binary COPY is the number of its fields (int16) and, for each, its length in
 * bytes (int32, -1 for NULL) and its value; numbers are big-endian.
 * https://www.postgresql.org/docs/current/sql-copy.html#id-1.9.3.55.9.4
 */
import type { Data } from "apache-arrow";

/** Writes the values of one column. Used by turns: `load` a range of rows, then `write` them once. */
export interface FieldEncoder {
  /**
   * Turns to rows `start` to `start + count` of a column. Returns the bytes each of them takes, its length word
   * included, where all take the same; else 0, having added each row's to `sizes`.
   * @throws {FieldError} where a value can't be put into the column.
   */
  load(data: Data, range: Range, sizes: Int32Array): number;
  /** Writes the loaded rows: row `i` at `at[i]`, which is moved behind it. */
  write(out: Uint8Array, at: Int32Array): void;
}

/** Rows of a column. */
export interface Range {
  readonly start: number;
  readonly count: number;
}

/** A value that its column can't hold. `row` counts from 0 within the loaded range. */
export class FieldError extends Error {
  readonly row: number;
  /** The value as text, where it can be told. */
  readonly value: string | undefined;

  constructor(row: number, problem: string, value?: string) {
    super(problem);
    this.row = row;
    this.value = value;
  }
}

/** The validity bits of a column, and the bit of the range's first row; no bits where no row is NULL. */
export class Validity {
  bits: Uint8Array | undefined;
  first = 0;

  load(data: Data, start: number): void {
    const bits = data.nullBitmap as Uint8Array | null | undefined;
    this.bits = bits === null || bits === undefined || bits.byteLength === 0 || data.nullCount === 0
      ? undefined
      : bits;
    this.first = data.offset + start;
  }

  /** Whether row `i` of the range has a value. */
  has(i: number): boolean {
    const { bits, first } = this;
    return bits === undefined || ((bits[(first + i) >> 3]! >> ((first + i) & 7)) & 1) === 1;
  }

  /** Adds the size of each row of a column whose values all have `width` bytes; as `FieldEncoder.load` returns it. */
  fixedSizes(width: number, count: number, sizes: Int32Array): number {
    if (this.bits === undefined) return 4 + width;
    for (let i = 0; i < count; i++) sizes[i]! += this.has(i) ? 4 + width : 4;
    return 0;
  }
}

/** Writes a big-endian int32. */
export function putInt32(out: Uint8Array, at: number, value: number): void {
  out[at] = value >> 24;
  out[at + 1] = value >> 16;
  out[at + 2] = value >> 8;
  out[at + 3] = value;
}

/** Writes the field of a NULL and returns where the next one begins. */
export function putNull(out: Uint8Array, at: number): number {
  out[at] =
    out[at + 1] =
    out[at + 2] =
    out[at + 3] =
      0xff;
  return at + 4;
}

/** 64-bit values as pairs of words, the low one first; `start` is the first value wanted. */
export function wordsOf(data: Data, start: number, count: number): Int32Array {
  const values = data.values as { buffer: ArrayBuffer; byteOffset: number };
  return new Int32Array(values.buffer, values.byteOffset + start * 8, count * 2);
}

/** A 64-bit integer as text, for errors only. */
export function int64Text(low: number, high: number, unsigned = false): string {
  const value = (BigInt(high) << 32n) | BigInt(low >>> 0);
  return String(unsigned ? BigInt.asUintN(64, value) : value);
}
