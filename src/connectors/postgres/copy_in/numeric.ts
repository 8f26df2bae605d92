/**
 * Decimals and integers into numeric: digits to the base of 10,000, the first of them worth 10,000^weight.
 * https://github.com/postgres/postgres/blob/master/src/backend/utils/adt/numeric.c (numeric_recv)
 */
import type { Data } from "apache-arrow";
import { type FieldEncoder, putInt32, putNull, type Range, Validity } from "./field.ts";

/** Most bytes a field takes: the length, 8 of head, and 11 digits of 2 bytes for 39 decimal ones. */
const MOST_BYTES = 4 + 8 + 11 * 2;
const TWO_32 = 0x100000000;

/** How the numbers lie in memory: words of 32 bits, the low one first, two's complement where signed. */
export interface NumericSource {
  /** 1, 2 or 4; integers of 8 and 16 bits are widened to 1. */
  readonly words: 1 | 2 | 4;
  readonly signed: boolean;
  /** Digits after the point. */
  readonly scale: number;
}

export class NumericEncoder implements FieldEncoder {
  readonly #source: NumericSource;
  /** Digits of the last group after the point, where they are fewer than four: ten to their number. */
  readonly #lastGroup: number;
  readonly #fractionGroups: number;
  readonly #validity = new Validity();
  readonly #digits = new Int32Array(12);
  readonly #value = new Float64Array(4);
  #fields = new Uint8Array(0);
  #lengths = new Uint8Array(0);
  #count = 0;

  constructor(source: NumericSource) {
    this.#source = source;
    this.#lastGroup = 10 ** (source.scale % 4);
    this.#fractionGroups = Math.ceil(source.scale / 4);
  }

  load(data: Data, { start, count }: Range, sizes: Int32Array): number {
    const validity = this.#validity;
    validity.load(data, start);
    this.#count = count;
    if (this.#lengths.length < count) {
      this.#lengths = new Uint8Array(count);
      this.#fields = new Uint8Array(count * MOST_BYTES);
    }
    const words = this.#wordsOf(data, start, count);
    for (let i = 0; i < count; i++) {
      const length = validity.has(i) ? this.#encode(words, i) : 4;
      this.#lengths[i] = length;
      sizes[i]! += length;
    }
    return 0;
  }

  #wordsOf(data: Data, start: number, count: number): Int32Array {
    const { words } = this.#source;
    const values = data.values as Int32Array;
    if (words === 1) {
      const some = values.subarray(start, start + count);
      return some instanceof Int32Array ? some : Int32Array.from(some);
    }
    return new Int32Array(values.buffer, values.byteOffset + start * words * 4, count * words);
  }

  /** Writes the field of row `i` and returns its length. */
  #encode(all: Int32Array, i: number): number {
    const { words, signed } = this.#source;
    const value = this.#value;
    value.fill(0);
    for (let j = 0; j < words; j++) value[j] = all[i * words + j]! >>> 0;
    const negative = signed && all[i * words + words - 1]! < 0;
    if (negative) {
      let carry = 1;
      for (let j = 0; j < words; j++) {
        const word = TWO_32 - 1 - value[j]! + carry;
        carry = word >= TWO_32 ? 1 : 0;
        value[j] = word - carry * TWO_32;
      }
    }
    return this.#put(i, { negative, groups: this.#split() });
  }

  /** Splits the value into groups of four decimal digits, the last one first, and returns how many there are. */
  #split(): number {
    const digits = this.#digits;
    const value = this.#value;
    let groups = 0;
    // Up to 2^53 a number is enough; above, words are divided until it is.
    while (value[3] !== 0 || value[2] !== 0 || value[1]! >= 0x200000) {
      digits[groups] = groups === 0 && this.#lastGroup > 1
        ? this.#divide(this.#lastGroup) * (10_000 / this.#lastGroup)
        : this.#divide(10_000);
      groups++;
    }
    let rest = value[1]! * TWO_32 + value[0]!;
    if (groups === 0 && this.#lastGroup > 1) {
      const by = this.#lastGroup;
      let quotient = Math.floor(rest / by);
      // Near 2^53 the division may round up to the next whole number.
      if (quotient * by > rest) quotient--;
      digits[groups++] = (rest - quotient * by) * (10_000 / by);
      rest = quotient;
    }
    while (rest > 0) {
      let quotient = Math.floor(rest / 10_000);
      if (quotient * 10_000 > rest) quotient--;
      digits[groups++] = rest - quotient * 10_000;
      rest = quotient;
    }
    return groups;
  }

  /** Divides the value and returns the remainder. */
  #divide(by: number): number {
    const value = this.#value;
    let rest = 0;
    for (let j = 3; j >= 0; j--) {
      const part = rest * TWO_32 + value[j]!;
      const quotient = Math.floor(part / by);
      value[j] = quotient;
      rest = part - quotient * by;
    }
    return rest;
  }

  #put(i: number, number: { negative: boolean; groups: number }): number {
    const digits = this.#digits;
    const out = this.#fields;
    let last = 0;
    let { groups } = number;
    while (groups > 0 && digits[groups - 1] === 0) groups--;
    while (last < groups && digits[last] === 0) last++;
    const start = i * MOST_BYTES;
    const count = groups - last;
    putInt32(out, start, 8 + count * 2);
    let p = start + 4;
    out[p] = 0;
    out[p + 1] = count;
    const weight = count === 0 ? 0 : groups - 1 - this.#fractionGroups;
    out[p + 2] = weight >> 8;
    out[p + 3] = weight;
    out[p + 4] = number.negative && count > 0 ? 0x40 : 0;
    out[p + 5] = 0;
    out[p + 6] = 0;
    out[p + 7] = this.#source.scale;
    p += 8;
    for (let group = groups - 1; group >= last; group--) {
      const digit = digits[group]!;
      out[p] = digit >> 8;
      out[p + 1] = digit;
      p += 2;
    }
    return p - start;
  }

  write(out: Uint8Array, at: Int32Array): void {
    const fields = this.#fields;
    const lengths = this.#lengths;
    const validity = this.#validity;
    const nulls = validity.bits !== undefined;
    for (let i = 0; i < this.#count; i++) {
      const p = at[i]!;
      if (nulls && !validity.has(i)) {
        at[i] = putNull(out, p);
        continue;
      }
      const from = i * MOST_BYTES;
      const length = lengths[i]!;
      for (let j = 0; j < length; j++) out[p + j] = fields[from + j]!;
      at[i] = p + length;
    }
  }
}
