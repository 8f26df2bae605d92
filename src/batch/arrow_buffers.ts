/** Reading the buffers of Arrow's variable-length layouts. Offsets come as numbers that may pass 2^31. */
import type { Data } from "apache-arrow";
import type { Texts } from "./string_writer.ts";
import { broken, valueBytes } from "./vector_writer.ts";

/** Offsets `start` to `start + count` (both ends) of a list or text. */
export function offsetsOf(data: Data, start: number, count: number): Float64Array {
  const offsets = data.valueOffsets as unknown as Int32Array | BigInt64Array;
  if (offsets.length < start + count + 1) {
    // Columns without rows may come without offsets.
    if (count === 0) return new Float64Array(1);
    broken("a buffer of offsets is too short");
  }
  if (offsets instanceof Int32Array) return new Float64Array(offsets.subarray(start, start + count + 1));
  const words = new Int32Array(offsets.buffer, offsets.byteOffset + start * 8, (count + 1) * 2);
  const result = new Float64Array(count + 1);
  for (let i = 0; i <= count; i++) result[i] = (words[i * 2]! >>> 0) + words[i * 2 + 1]! * 0x100000000;
  return result;
}

/** Offsets of lists that all have `size` items. */
export function fixedSizeOffsets(size: number): (data: Data, start: number, count: number) => Float64Array {
  return (_data, start, count) => Float64Array.from({ length: count + 1 }, (_, i) => (start + i) * size);
}

/** Utf8, LargeUtf8, Binary, LargeBinary. */
export function textsOf(data: Data, start: number, count: number): Texts {
  const offsets = data.valueOffsets as unknown as Int32Array | BigInt64Array;
  const bytes = (data.values as Uint8Array | undefined) ?? new Uint8Array(0);
  return offsets instanceof Int32Array && offsets.length > start + count
    ? { bytes, offsets: offsets.subarray(start, start + count + 1) }
    : { bytes, offsets: offsetsOf(data, start, count) };
}

/** FixedSizeBinary. */
export function fixedTexts(width: number): (data: Data, start: number, count: number) => Texts {
  return (data, start, count) => ({
    bytes: valueBytes(data, start, width),
    offsets: Float64Array.from({ length: count + 1 }, (_, i) => i * width),
  });
}

/** Utf8View, BinaryView: 16 bytes a row, the length and then the bytes themselves or where they are. */
export function viewTexts(data: Data, start: number, count: number): Texts {
  const views = valueBytes(data, start, 16);
  if (views.length < count * 16) broken("a buffer of views is too short");
  const view = new DataView(views.buffer, views.byteOffset, views.byteLength);
  const buffers = (data as unknown as { variadicBuffers: readonly Uint8Array[] }).variadicBuffers;
  const offsets = new Float64Array(count + 1);
  const parts: Uint8Array[] = [];
  for (let i = 0; i < count; i++) {
    const at = i * 16;
    const length = data.getValid(start + i) ? view.getInt32(at, true) : 0;
    let part: Uint8Array;
    if (length <= 12) {
      part = views.subarray(at + 4, at + 4 + length);
    } else {
      const from = view.getInt32(at + 12, true);
      part = buffers[view.getInt32(at + 8, true)]?.subarray(from, from + length) ??
        broken("a view points nowhere");
    }
    if (part.length !== length) broken("a view points outside its buffer");
    parts.push(part);
    offsets[i + 1] = offsets[i]! + length;
  }
  const bytes = new Uint8Array(offsets[count]!);
  parts.forEach((part, i) => bytes.set(part, offsets[i]!));
  return { bytes, offsets };
}
