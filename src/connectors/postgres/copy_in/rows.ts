/** Record batches as the rows of binary COPY, in CopyData messages. */
import type { RecordBatch } from "apache-arrow";
import { type FieldEncoder, FieldError, putInt32 } from "./field.ts";

/** A column to encode: `index` is its place in the record batches. */
export interface EncodedColumn {
  readonly name: string;
  readonly index: number;
  readonly encoder: FieldEncoder;
}

/** A value that its column can't hold. `row` counts from 0 within the record batch. */
export class RowError extends Error {
  readonly row: number;
  readonly column: string;
  readonly value: string | undefined;

  constructor(row: number, column: string, cause: FieldError) {
    super(cause.message, { cause });
    this.row = row;
    this.column = column;
    this.value = cause.value;
  }
}

/** Bytes that a message should have: few enough for the processor's cache, since each column passes over all of them. */
const MESSAGE_BYTES = 384 * 1024;
const MOST_ROWS = 8_192;
/** The head of a CopyData message: its type and length. */
const MESSAGE_HEAD = 5;

/** The first message: signature, flags, no extension. */
export function copyHeader(): Uint8Array {
  const signature = [0x50, 0x47, 0x43, 0x4f, 0x50, 0x59, 0x0a, 0xff, 0x0d, 0x0a, 0x00];
  const content = [...signature, 0, 0, 0, 0, 0, 0, 0, 0];
  return Uint8Array.from([0x64, 0, 0, 0, content.length + 4, ...content]);
}

/** The last one: -1 in place of a number of fields. */
export function copyTrailer(): Uint8Array {
  return Uint8Array.from([0x64, 0, 0, 0, 6, 0xff, 0xff]);
}

export class RowEncoder {
  readonly #columns: readonly EncodedColumn[];
  #sizes = new Int32Array(0);
  #at = new Int32Array(0);
  /** Found from the rows so far. */
  #bytesPerRow: number;

  constructor(columns: readonly EncodedColumn[]) {
    this.#columns = columns;
    this.#bytesPerRow = columns.length * 16 + 2;
  }

  /**
   * The messages of a record batch. `buffer(size)` gives the bytes to write one into, which may be more than asked for.
   * @throws {RowError} where a value can't be put into its column; the messages before it have been given.
   */
  *encode(batch: RecordBatch, buffer: (size: number) => Uint8Array): Generator<Uint8Array> {
    for (let start = 0; start < batch.numRows;) {
      const wanted = Math.floor(MESSAGE_BYTES / this.#bytesPerRow);
      const count = Math.min(batch.numRows - start, Math.max(1, Math.min(MOST_ROWS, wanted)));
      yield this.#message(batch, { start, count }, buffer);
      start += count;
    }
  }

  #message(
    batch: RecordBatch,
    range: { start: number; count: number },
    buffer: (size: number) => Uint8Array,
  ): Uint8Array {
    const { count } = range;
    if (this.#sizes.length < count) {
      this.#sizes = new Int32Array(count);
      this.#at = new Int32Array(count);
    }
    const sizes = this.#sizes.subarray(0, count);
    const at = this.#at.subarray(0, count);
    sizes.fill(0);
    let same = 2;
    for (const column of this.#columns) same += this.#load(batch, column, { range, sizes });
    let end = MESSAGE_HEAD;
    for (let i = 0; i < count; i++) {
      at[i] = end;
      end += same + sizes[i]!;
    }
    const out = buffer(end);
    out[0] = 0x64;
    putInt32(out, 1, end - 1);
    const fields = this.#columns.length;
    for (let i = 0; i < count; i++) {
      const p = at[i]!;
      out[p] = fields >> 8;
      out[p + 1] = fields;
      at[i] = p + 2;
    }
    for (const { encoder } of this.#columns) encoder.write(out, at);
    this.#bytesPerRow = (end - MESSAGE_HEAD) / count;
    return out.subarray(0, end);
  }

  #load(
    batch: RecordBatch,
    column: EncodedColumn,
    of: { range: { start: number; count: number }; sizes: Int32Array },
  ): number {
    try {
      return column.encoder.load(batch.data.children[column.index]!, of.range, of.sizes);
    } catch (error) {
      if (!(error instanceof FieldError)) throw error;
      throw new RowError(of.range.start + error.row, column.name, error);
    }
  }
}
