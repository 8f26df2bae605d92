/** Integers and booleans, into int2, int4, int8 and boolean. */
import type { Data } from "apache-arrow";
import {
  type FieldEncoder,
  FieldError,
  int64Text,
  putInt32,
  putNull,
  type Range,
  Validity,
  wordsOf,
} from "./field.ts";

/** Numbers of at most 32 bits. */
type SmallValues = Int8Array | Int16Array | Int32Array | Uint8Array | Uint16Array | Uint32Array;

const RANGE = { 2: [-0x8000, 0x7fff], 4: [-0x80000000, 0x7fffffff] } as const;

/** Integers of 8 to 32 bits, signed or not, into an integer of `width` bytes. A value out of range is an error. */
export class SmallIntegerEncoder implements FieldEncoder {
  readonly #width: 2 | 4 | 8;
  readonly #validity = new Validity();
  #values!: SmallValues;
  #count = 0;

  constructor(width: 2 | 4 | 8) {
    this.#width = width;
  }

  load(data: Data, { start, count }: Range, sizes: Int32Array): number {
    this.#validity.load(data, start);
    this.#values = (data.values as SmallValues).subarray(start, start + count);
    this.#count = count;
    if (this.#width !== 8) this.#checkRange(this.#width);
    return this.#validity.fixedSizes(this.#width, count, sizes);
  }

  #checkRange(width: 2 | 4): void {
    const values = this.#values;
    if (values.BYTES_PER_ELEMENT < width || (values.BYTES_PER_ELEMENT === width && isSigned(values))) return;
    const [low, high] = RANGE[width];
    for (let i = 0; i < values.length; i++) {
      const value = values[i]!;
      if ((value < low || value > high) && this.#validity.has(i)) throw outOfRange(i, String(value), width);
    }
  }

  write(out: Uint8Array, at: Int32Array): void {
    const values = this.#values;
    const width = this.#width;
    const validity = this.#validity;
    const nulls = validity.bits !== undefined;
    const signed = isSigned(values);
    for (let i = 0; i < this.#count; i++) {
      let p = at[i]!;
      if (nulls && !validity.has(i)) {
        at[i] = putNull(out, p);
        continue;
      }
      const value = values[i]!;
      out[p] = out[p + 1] = out[p + 2] = 0;
      out[p + 3] = width;
      p += 4;
      if (width === 8) {
        out[p] =
          out[p + 1] =
          out[p + 2] =
          out[p + 3] =
            signed && value < 0 ? 0xff : 0;
        p += 4;
      }
      if (width !== 2) {
        out[p] = value >> 24;
        out[p + 1] = value >> 16;
        p += 2;
      }
      out[p] = value >> 8;
      out[p + 1] = value;
      at[i] = p + 2;
    }
  }
}

function isSigned(values: SmallValues): boolean {
  return values instanceof Int32Array || values instanceof Int16Array || values instanceof Int8Array;
}

/** Integers of 64 bits into an integer of `width` bytes. A value out of range is an error. */
export class WideIntegerEncoder implements FieldEncoder {
  readonly #width: 2 | 4 | 8;
  readonly #unsigned: boolean;
  readonly #validity = new Validity();
  #words!: Int32Array;
  #count = 0;

  constructor(width: 2 | 4 | 8, options: { unsigned: boolean }) {
    this.#width = width;
    this.#unsigned = options.unsigned;
  }

  load(data: Data, { start, count }: Range, sizes: Int32Array): number {
    this.#validity.load(data, start);
    this.#words = wordsOf(data, start, count);
    this.#count = count;
    if (this.#width !== 8 || this.#unsigned) this.#checkRange();
    return this.#validity.fixedSizes(this.#width, count, sizes);
  }

  #checkRange(): void {
    const words = this.#words;
    const width = this.#width;
    for (let i = 0; i < this.#count; i++) {
      const low = words[i * 2]!;
      const high = words[i * 2 + 1]!;
      // A high word of -1 is a negative number, or, unsigned, one far above.
      const fits = width === 8 ? high >= 0 : high === low >> 31 && !(this.#unsigned && high < 0) &&
        (width === 4 || (low >= -0x8000 && low <= 0x7fff));
      if (!fits && this.#validity.has(i)) throw outOfRange(i, int64Text(low, high, this.#unsigned), width);
    }
  }

  write(out: Uint8Array, at: Int32Array): void {
    const words = this.#words;
    const width = this.#width;
    const validity = this.#validity;
    const nulls = validity.bits !== undefined;
    for (let i = 0; i < this.#count; i++) {
      let p = at[i]!;
      if (nulls && !validity.has(i)) {
        at[i] = putNull(out, p);
        continue;
      }
      const low = words[i * 2]!;
      out[p] = out[p + 1] = out[p + 2] = 0;
      out[p + 3] = width;
      p += 4;
      if (width === 8) {
        putInt32(out, p, words[i * 2 + 1]!);
        p += 4;
      }
      if (width !== 2) {
        out[p] = low >> 24;
        out[p + 1] = low >> 16;
        p += 2;
      }
      out[p] = low >> 8;
      out[p + 1] = low;
      at[i] = p + 2;
    }
  }
}

function outOfRange(row: number, value: string, width: 2 | 4 | 8): FieldError {
  const name = { 2: "smallint", 4: "integer", 8: "bigint" }[width];
  return new FieldError(row, `the number is out of the range of ${name}`, value);
}

export class BooleanEncoder implements FieldEncoder {
  readonly #validity = new Validity();
  #bits!: Uint8Array;
  #first = 0;
  #count = 0;

  load(data: Data, { start, count }: Range, sizes: Int32Array): number {
    this.#validity.load(data, start);
    this.#bits = data.values as Uint8Array;
    this.#first = data.offset + start;
    this.#count = count;
    return this.#validity.fixedSizes(1, count, sizes);
  }

  write(out: Uint8Array, at: Int32Array): void {
    const bits = this.#bits;
    const validity = this.#validity;
    const nulls = validity.bits !== undefined;
    for (let i = 0; i < this.#count; i++) {
      const p = at[i]!;
      if (nulls && !validity.has(i)) {
        at[i] = putNull(out, p);
        continue;
      }
      const bit = this.#first + i;
      out[p] = out[p + 1] = out[p + 2] = 0;
      out[p + 3] = 1;
      out[p + 4] = (bits[bit >> 3]! >> (bit & 7)) & 1;
      at[i] = p + 5;
    }
  }
}
