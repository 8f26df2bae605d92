/** Values that are bytes: text, binary, JSON, UUID. */
import type { Data } from "apache-arrow";
import { type FieldEncoder, FieldError, putInt32, putNull, type Range, Validity } from "./field.ts";

/** Below so many bytes a loop copies faster than a call does. */
const SHORT = 48;
const NUL = "PostgreSQL does not take the NUL character (\\u0000) in text";

export interface TextOptions {
  /** True where the bytes are text, which may hold no NUL. */
  readonly text: boolean;
  /** Most characters that the column takes, `varchar(n)`. */
  readonly maxLength?: number;
  /** A byte before each value: jsonb has the version of its format, 1. */
  readonly prefix?: number;
}

/** Utf8, LargeUtf8, Binary, LargeBinary into text, varchar, json, jsonb, bytea, enums: their bytes as they are. */
export class TextEncoder implements FieldEncoder {
  readonly #options: TextOptions;
  readonly #extra: number;
  readonly #validity = new Validity();
  #bytes!: Uint8Array;
  #offsets!: Int32Array;
  #count = 0;

  constructor(options: TextOptions) {
    this.#options = options;
    this.#extra = options.prefix === undefined ? 0 : 1;
  }

  load(data: Data, range: Range, sizes: Int32Array): number {
    const { start, count } = range;
    const validity = this.#validity;
    validity.load(data, start);
    const offsets = this.#offsets = offsetsOf(data, range);
    const bytes = this.#bytes = (data.values as Uint8Array | undefined) ?? new Uint8Array(0);
    this.#count = count;
    const fixed = 4 + this.#extra;
    for (let i = 0; i < count; i++) {
      sizes[i]! += validity.has(i) ? fixed + offsets[i + 1]! - offsets[i]! : 4;
    }
    if (this.#options.text) this.#refuseNul(bytes, offsets);
    if (this.#options.maxLength !== undefined) this.#checkLength(this.#options.maxLength);
    return 0;
  }

  /** One native search a column; most have none. */
  #refuseNul(bytes: Uint8Array, offsets: Int32Array): void {
    const all = bytes.subarray(offsets[0]!, offsets[this.#count]!);
    let at = all.indexOf(0);
    for (let row = 0; at >= 0; at = all.indexOf(0, at + 1)) {
      while (offsets[row + 1]! - offsets[0]! <= at) row++;
      if (this.#validity.has(row)) throw new FieldError(row, NUL, this.#value(row));
    }
  }

  #checkLength(most: number): void {
    const offsets = this.#offsets;
    for (let i = 0; i < this.#count; i++) {
      const length = offsets[i + 1]! - offsets[i]!;
      if (length <= most || !this.#validity.has(i)) continue;
      let characters = 0;
      for (let at = offsets[i]!; at < offsets[i + 1]!; at++) {
        if ((this.#bytes[at]! & 0xc0) !== 0x80) characters++;
      }
      if (characters > most) {
        throw new FieldError(
          i,
          `the text has ${characters} characters and the column takes ${most}`,
          this.#value(i),
        );
      }
    }
  }

  #value(row: number): string {
    const bytes = this.#bytes.subarray(this.#offsets[row]!, this.#offsets[row + 1]!);
    return new TextDecoder().decode(bytes.subarray(0, 200));
  }

  write(out: Uint8Array, at: Int32Array): void {
    const { prefix } = this.#options;
    const extra = this.#extra;
    const bytes = this.#bytes;
    const offsets = this.#offsets;
    const validity = this.#validity;
    const nulls = validity.bits !== undefined;
    for (let i = 0; i < this.#count; i++) {
      let p = at[i]!;
      if (nulls && !validity.has(i)) {
        at[i] = putNull(out, p);
        continue;
      }
      const from = offsets[i]!;
      const length = offsets[i + 1]! - from;
      putInt32(out, p, length + extra);
      p += 4;
      if (prefix !== undefined) out[p++] = prefix;
      if (length < SHORT) {
        for (let j = 0; j < length; j++) out[p + j] = bytes[from + j]!;
      } else out.set(bytes.subarray(from, from + length), p);
      at[i] = p + length;
    }
  }
}

/** Offsets of a list or text of the range, both ends. Columns have at most 2 GiB. */
export function offsetsOf(data: Data, { start, count }: Range): Int32Array {
  const offsets = data.valueOffsets as unknown as Int32Array | BigInt64Array;
  if (offsets === undefined || offsets.length < start + count + 1) return new Int32Array(count + 1);
  if (offsets instanceof Int32Array) return offsets.subarray(start, start + count + 1);
  const words = new Int32Array(offsets.buffer, offsets.byteOffset + start * 8, (count + 1) * 2);
  const result = new Int32Array(count + 1);
  for (let i = 0; i <= count; i++) result[i] = words[i * 2]!;
  return result;
}

/** FixedSizeBinary(16) into uuid. */
export class UuidEncoder implements FieldEncoder {
  readonly #validity = new Validity();
  #bytes!: Uint8Array;
  #count = 0;

  load(data: Data, { start, count }: Range, sizes: Int32Array): number {
    this.#validity.load(data, start);
    this.#bytes = (data.values as Uint8Array).subarray(start * 16, (start + count) * 16);
    this.#count = count;
    return this.#validity.fixedSizes(16, count, sizes);
  }

  write(out: Uint8Array, at: Int32Array): void {
    putUuids(this.#bytes, { validity: this.#validity, count: this.#count }, out, at);
  }
}

function putUuids(
  bytes: Uint8Array,
  rows: { validity: Validity; count: number },
  out: Uint8Array,
  at: Int32Array,
): void {
  for (let i = 0; i < rows.count; i++) {
    const p = at[i]!;
    if (!rows.validity.has(i)) {
      at[i] = putNull(out, p);
      continue;
    }
    out[p] = out[p + 1] = out[p + 2] = 0;
    out[p + 3] = 16;
    for (let j = 0; j < 16; j++) out[p + 4 + j] = bytes[i * 16 + j]!;
    at[i] = p + 20;
  }
}

/** Text into uuid: 32 hexadecimal digits, with hyphens after each group of four or more, or none, as the server reads it. */
export class UuidTextEncoder implements FieldEncoder {
  readonly #validity = new Validity();
  #bytes = new Uint8Array(0);
  #count = 0;

  load(data: Data, range: Range, sizes: Int32Array): number {
    const { start, count } = range;
    this.#validity.load(data, start);
    this.#count = count;
    this.#bytes = new Uint8Array(count * 16);
    const offsets = offsetsOf(data, range);
    const text = (data.values as Uint8Array | undefined) ?? new Uint8Array(0);
    for (let i = 0; i < count; i++) {
      if (!this.#validity.has(i)) continue;
      if (!this.#read(text, { from: offsets[i]!, to: offsets[i + 1]!, row: i })) {
        const value = new TextDecoder().decode(text.subarray(offsets[i]!, offsets[i + 1]!).subarray(0, 200));
        throw new FieldError(i, "the text is no UUID", value);
      }
    }
    return this.#validity.fixedSizes(16, count, sizes);
  }

  #read(text: Uint8Array, at: { from: number; to: number; row: number }): boolean {
    let { from, to } = at;
    if (text[from] === 0x7b && text[to - 1] === 0x7d) {
      from++;
      to--;
    }
    let digits = 0;
    let byte = 0;
    for (let i = from; i < to; i++) {
      const char = text[i]!;
      // A hyphen is fine after every fourth digit.
      if (char === 0x2d && digits > 0 && digits < 32 && digits % 4 === 0 && text[i - 1] !== 0x2d) continue;
      const lower = char | 0x20;
      const digit = char >= 0x30 && char <= 0x39
        ? char - 0x30
        : lower >= 0x61 && lower <= 0x66
        ? lower - 0x57
        : -1;
      if (digit < 0 || digits === 32) return false;
      byte = (byte << 4) | digit;
      if (digits % 2 === 1) {
        this.#bytes[at.row * 16 + (digits >> 1)] = byte;
        byte = 0;
      }
      digits++;
    }
    return digits === 32;
  }

  write(out: Uint8Array, at: Int32Array): void {
    putUuids(this.#bytes, { validity: this.#validity, count: this.#count }, out, at);
  }
}
