/** Floating point numbers into real and double precision. */
import type { Data } from "apache-arrow";
import { type FieldEncoder, putNull, type Range, Validity } from "./field.ts";

/**
 * Numbers as IEEE 754 of `width` bytes. Only for values that are the same in that width: a float32 in a double, an integer
 * of 32 bits in a double.
 */
export class FloatEncoder implements FieldEncoder {
  readonly #width: 4 | 8;
  readonly #validity = new Validity();
  #bytes!: Uint8Array;
  #count = 0;

  constructor(width: 4 | 8) {
    this.#width = width;
  }

  load(data: Data, { start, count }: Range, sizes: Int32Array): number {
    this.#validity.load(data, start);
    const values = (data.values as Float64Array).subarray(start, start + count);
    const Values = this.#width === 8 ? Float64Array : Float32Array;
    const same = values instanceof Values ? values : Values.from(values);
    this.#bytes = new Uint8Array(same.buffer, same.byteOffset, same.byteLength);
    this.#count = count;
    return this.#validity.fixedSizes(this.#width, count, sizes);
  }

  write(out: Uint8Array, at: Int32Array): void {
    const bytes = this.#bytes;
    const width = this.#width;
    const validity = this.#validity;
    const nulls = validity.bits !== undefined;
    for (let i = 0; i < this.#count; i++) {
      let p = at[i]!;
      if (nulls && !validity.has(i)) {
        at[i] = putNull(out, p);
        continue;
      }
      out[p] = out[p + 1] = out[p + 2] = 0;
      out[p + 3] = width;
      p += 4;
      for (let from = i * width + width - 1; from >= i * width; from--) out[p++] = bytes[from]!;
      at[i] = p;
    }
  }
}
