/**
 * Lists into arrays of one dimension: the number of dimensions, whether there are NULLs (the server looks for itself), the type of
 * the items, their number and the first index; then the items as fields.
 * https://github.com/postgres/postgres/blob/master/src/backend/utils/adt/arrayfuncs.c (array_recv)
 */
import type { Data } from "apache-arrow";
import { offsetsOf } from "./bytes.ts";
import { type FieldEncoder, FieldError, putInt32, putNull, type Range, Validity } from "./field.ts";

const EMPTY_BYTES = 12;
const HEAD_BYTES = 20;

export class ArrayEncoder implements FieldEncoder {
  readonly #items: FieldEncoder;
  readonly #itemType: number;
  readonly #validity = new Validity();
  #offsets!: Int32Array;
  /** The fields of all items, one after the other, and where each begins. */
  #fields = new Uint8Array(0);
  #starts = new Int32Array(1);
  #count = 0;

  /** @param itemType the object id of the items' type. */
  constructor(items: FieldEncoder, itemType: number) {
    this.#items = items;
    this.#itemType = itemType;
  }

  load(data: Data, range: Range, sizes: Int32Array): number {
    this.#validity.load(data, range.start);
    this.#count = range.count;
    const offsets = this.#offsets = offsetsOf(data, range);
    this.#loadItems(data.children[0]!);
    for (let i = 0; i < range.count; i++) {
      const length = offsets[i + 1]! - offsets[i]!;
      sizes[i]! += !this.#validity.has(i)
        ? 4
        : length === 0
        ? 4 + EMPTY_BYTES
        : 4 + HEAD_BYTES + this.#bytesOf(i);
    }
    return 0;
  }

  #loadItems(child: Data): void {
    const first = this.#offsets[0]!;
    const count = this.#offsets[this.#count]! - first;
    const sizes = new Int32Array(count);
    let same: number;
    try {
      same = this.#items.load(child, { start: first, count }, sizes);
    } catch (error) {
      if (!(error instanceof FieldError)) throw error;
      let row = 0;
      while (this.#offsets[row + 1]! - first <= error.row) row++;
      throw new FieldError(
        row,
        `item ${error.row - (this.#offsets[row]! - first) + 1}: ${error.message}`,
        error.value,
      );
    }
    const starts = this.#starts = new Int32Array(count + 1);
    for (let i = 0; i < count; i++) starts[i + 1] = starts[i]! + same + sizes[i]!;
    const total = starts[count]!;
    if (this.#fields.length < total) this.#fields = new Uint8Array(total);
    this.#items.write(this.#fields, starts.slice(0, count));
  }

  #bytesOf(row: number): number {
    const first = this.#offsets[0]!;
    return this.#starts[this.#offsets[row + 1]! - first]! - this.#starts[this.#offsets[row]! - first]!;
  }

  write(out: Uint8Array, at: Int32Array): void {
    const offsets = this.#offsets;
    const first = offsets[0]!;
    for (let i = 0; i < this.#count; i++) {
      let p = at[i]!;
      if (!this.#validity.has(i)) {
        at[i] = putNull(out, p);
        continue;
      }
      const length = offsets[i + 1]! - offsets[i]!;
      const bytes = length === 0 ? 0 : this.#bytesOf(i);
      putInt32(out, p, length === 0 ? EMPTY_BYTES : HEAD_BYTES + bytes);
      putInt32(out, p + 4, length === 0 ? 0 : 1);
      putInt32(out, p + 8, 0);
      putInt32(out, p + 12, this.#itemType);
      p += 4 + EMPTY_BYTES;
      if (length > 0) {
        putInt32(out, p, length);
        putInt32(out, p + 4, 1);
        p += 8;
        const from = this.#starts[offsets[i]! - first]!;
        out.set(this.#fields.subarray(from, from + bytes), p);
        p += bytes;
      }
      at[i] = p;
    }
  }
}
