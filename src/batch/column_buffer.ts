/** Buffers that grow while a record batch is put together. */
import { copyBits, getBit, setBits } from "./bits.ts";

/** Bytes that grow. Starts on 8 bytes, so that every typed array fits on it. */
export class GrowingBytes {
  bytes: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  length = 0;

  /** Makes room for `count` more bytes and returns where they start. The caller writes them. */
  grow(count: number): number {
    const start = this.length;
    const needed = start + count;
    if (needed > this.bytes.length) {
      const larger = new Uint8Array(Math.ceil(Math.max(needed, this.bytes.length * 2, 1024) / 8) * 8);
      larger.set(this.bytes.subarray(0, start));
      this.bytes = larger;
    }
    this.length = needed;
    return start;
  }

  append(source: Uint8Array): void {
    const start = this.grow(source.length);
    this.bytes.set(source, start);
  }

  /** The buffer from its start to what was written; gives it away. A buffer that is mostly empty is copied. */
  take(): Uint8Array<ArrayBuffer> {
    const full = this.length * 2 >= this.bytes.length
      ? this.bytes.subarray(0, this.length)
      : this.bytes.slice(0, this.length);
    this.bytes = new Uint8Array(0);
    this.length = 0;
    return full;
  }
}

/** Validity bits that are only kept once there is a NULL. */
export class GrowingValidity {
  #bits: Uint8Array | undefined;
  #length = 0;

  /** Appends `count` bits of `validity` from `from` on; null means that all are valid. */
  append(validity: Uint8Array | null, from: number, count: number): void {
    const start = this.#length;
    this.#length += count;
    if (validity === null) {
      if (this.#bits !== undefined) setBits(this.#room(), start, count);
      return;
    }
    if (this.#bits === undefined) {
      this.#bits = new Uint8Array(0);
      setBits(this.#room(), 0, start);
    }
    copyBits(this.#room(), start, { bits: validity, from, count });
  }

  #room(): Uint8Array {
    const needed = (this.#length + 7) >> 3;
    if (this.#bits!.length < needed) {
      const larger = new Uint8Array(Math.max(needed, this.#bits!.length * 2));
      larger.set(this.#bits!);
      this.#bits = larger;
    }
    return this.#bits!;
  }

  /** The bitmap, or undefined where all are valid; starts anew. */
  take(): Uint8Array | undefined {
    const bits = this.#bits?.subarray(0, (this.#length + 7) >> 3);
    this.#bits = undefined;
    this.#length = 0;
    return bits;
  }
}

/** True where the row is not NULL. */
export function isValid(validity: Uint8Array | null, row: number): boolean {
  return validity === null || getBit(validity, row);
}
