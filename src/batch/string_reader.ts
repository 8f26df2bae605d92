/** Text and binary vectors of DuckDB's as Arrow columns. */
import type engine from "@duckdb/node-bindings";
import { type Data, type DataType, makeData } from "apache-arrow";
import { GrowingBytes, GrowingValidity, isValid } from "./column_buffer.ts";
import { type ColumnReader, tooLarge, vectorBytes, vectorValidity } from "./vector_reader.ts";
import { takeNative } from "./native.ts";

const duckdb = takeNative();

/** Up to this length a `duckdb_string_t` holds the bytes itself; else a prefix of 4 bytes and a pointer. */
const INLINE = 12;

/**
 * Bytes between two strings that are read along with them. Must be less than a page (4,096): then the gap lies on
 * the pages of the two strings, so it can be read whatever it holds.
 */
const GAP = 1024;

export class StringReader implements ColumnReader {
  readonly #type: DataType;
  readonly #validity = new GrowingValidity();
  readonly #offsets = new GrowingBytes();
  readonly #bytes = new GrowingBytes();
  #length = 0;
  #loaded: Uint8Array = new Uint8Array(0);
  #entries: Uint32Array = new Uint32Array(0);
  #loadedValidity: Uint8Array | null = null;

  constructor(type: DataType) {
    this.#type = type;
  }

  get byteLength(): number {
    return this.#offsets.length + this.#bytes.length;
  }

  load(vector: engine.Vector, rows: number): void {
    this.#loaded = vectorBytes(vector, rows * 16);
    this.#entries = new Uint32Array(this.#loaded.buffer, this.#loaded.byteOffset, rows * 4);
    this.#loadedValidity = vectorValidity(vector, rows);
  }

  append(start: number, count: number): void {
    const entries = this.#entries;
    const at = this.#offsets.grow(count * 4);
    const ends = new Int32Array(this.#offsets.bytes.buffer, at, count);
    const rows: number[] = [];
    let end = this.#bytes.length;
    const first = end;
    for (let i = 0; i < count; i++) {
      const row = start + i;
      if (isValid(this.#loadedValidity, row)) {
        const length = entries[row * 4]!;
        if (length > INLINE) rows.push(row);
        end += length;
      }
      ends[i] = end;
    }
    if (end > 0x7fffffff) tooLarge();
    this.#bytes.grow(end - first);
    this.#copyInline(start, { count, ends });
    if (rows.length > 0) this.#copyPointed(rows, { start, ends });
    this.#validity.append(this.#loadedValidity, start, count);
    this.#length += count;
  }

  #copyInline(start: number, { count, ends }: { count: number; ends: Int32Array }): void {
    const source = this.#loaded;
    const target = this.#bytes.bytes;
    for (let i = 0; i < count; i++) {
      const row = start + i;
      if (!isValid(this.#loadedValidity, row)) continue;
      const length = this.#entries[row * 4]!;
      if (length > INLINE) continue;
      let to = ends[i]! - length;
      const from = row * 16 + 4;
      for (let j = 0; j < length; j++) target[to++] = source[from + j]!;
    }
  }

  /** Reads strings that lie near one another by one call, since each call costs as much as hundreds of bytes. */
  #copyPointed(rows: number[], { start, ends }: { start: number; ends: Int32Array }): void {
    const entries = this.#entries;
    const addresses = new Float64Array(rows.length);
    let ascending = true;
    for (let i = 0; i < rows.length; i++) {
      const entry = rows[i]! * 4;
      // An address has 48 bits, which a double holds exactly.
      addresses[i] = entries[entry + 2]! + entries[entry + 3]! * 0x100000000;
      if (i > 0 && addresses[i]! < addresses[i - 1]!) ascending = false;
    }
    let order: number[] | undefined;
    if (!ascending) order = rows.map((_, i) => i).sort((a, b) => addresses[a]! - addresses[b]!);
    const pointer = new Uint32Array(2);
    const target = this.#bytes.bytes;
    for (let i = 0; i < rows.length;) {
      const runStart = addresses[order?.[i] ?? i]!;
      let runEnd = runStart;
      let next = i;
      for (; next < rows.length; next++) {
        const index = order?.[next] ?? next;
        const address = addresses[index]!;
        if (address - runEnd > GAP) break;
        runEnd = Math.max(runEnd, address + entries[rows[index]! * 4]!);
      }
      pointer[0] = runStart % 0x100000000;
      pointer[1] = Math.floor(runStart / 0x100000000);
      const run = duckdb.get_data_from_pointer(pointer.buffer, 0, runEnd - runStart);
      for (; i < next; i++) {
        const index = order?.[i] ?? i;
        const row = rows[index]!;
        const length = entries[row * 4]!;
        const from = addresses[index]! - runStart;
        copyBytes(target, ends[row - start]! - length, { bytes: run, from, length });
      }
    }
  }

  finish(): Data {
    const ends = this.#offsets.take();
    const valueOffsets = new Int32Array(this.#length + 1);
    valueOffsets.set(new Int32Array(ends.buffer, ends.byteOffset, this.#length), 1);
    const length = this.#length;
    this.#length = 0;
    const nullBitmap = this.#validity.take();
    return makeData(
      { type: this.#type, length, nullBitmap, valueOffsets, data: this.#bytes.take() } as never,
    );
  }
}

function copyBytes(
  target: Uint8Array,
  to: number,
  source: { bytes: Uint8Array; from: number; length: number },
): void {
  const { bytes, from, length } = source;
  if (length > 48) {
    target.set(bytes.subarray(from, from + length), to);
  } else {
    for (let i = 0; i < length; i++) target[to + i] = bytes[from + i]!;
  }
}
