/** Arrow columns as DuckDB's vectors: whole buffers are copied where the layouts agree. */
import type engine from "@duckdb/node-bindings";
import type { Data, DataType } from "apache-arrow";
import { EngineError } from "../sdk/mod.ts";
import { andBits, copyBits, getBit } from "./bits.ts";
import { takeNative } from "./native.ts";

const duckdb = takeNative();

/** A part of an Arrow column: rows `start` to `start + count` of `data`. */
export interface Rows {
  readonly data: Data;
  readonly start: number;
  readonly count: number;
  /** Validity of the struct around, from bit 0 on: DuckDB wants the fields of a NULL struct to be NULL too. */
  readonly around?: Uint8Array;
}

/** Writes a part of a column into a vector, from the vector's first row on. */
export type VectorWriter = (vector: engine.Vector, rows: Rows) => void;

/** The bits of the rows from bit 0 on, or undefined where all are valid. */
export function validityOf({ data, start, count, around }: Rows): Uint8Array | undefined {
  const bitmap = data.nullBitmap;
  if (data.nullCount === 0 || bitmap === undefined || bitmap.length === 0) return around;
  const bits = new Uint8Array(Math.ceil(count / 64) * 8);
  const from = data.offset + start;
  if ((from + count + 7) >> 3 > bitmap.length) broken("a validity bitmap is too short");
  copyBits(bits, 0, { bits: bitmap, from, count });
  if (around !== undefined) andBits(bits, around);
  return bits;
}

/** Writes validity and returns it. */
export function writeValidity(vector: engine.Vector, rows: Rows): Uint8Array | undefined {
  const bits = validityOf(rows);
  if (bits !== undefined) writeBits(vector, bits);
  return bits;
}

/** Makes the rows whose bit is 0 NULL. */
export function writeBits(vector: engine.Vector, bits: Uint8Array): void {
  duckdb.vector_ensure_validity_writable(vector);
  duckdb.copy_data_to_vector_validity(
    vector,
    0,
    bits.buffer as ArrayBuffer,
    bits.byteOffset,
    bits.byteLength,
  );
}

/** Copies bytes to the start of a vector. The native copy checks nothing, so it is checked here. */
export function writeBytes(vector: engine.Vector, bytes: Uint8Array, needed: number): void {
  if (bytes.byteLength < needed) broken("a buffer of values is too short");
  if (needed === 0) return;
  const owned = bytes.buffer instanceof ArrayBuffer ? bytes : new Uint8Array(bytes);
  duckdb.copy_data_to_vector(vector, 0, owned.buffer as ArrayBuffer, owned.byteOffset, needed);
}

/** The bytes of a buffer of Arrow's, from `start` values of `width` bytes on. */
export function valueBytes(data: Data, start: number, width: number): Uint8Array {
  const values = data.values as ArrayBufferView | undefined;
  if (values === undefined) return new Uint8Array(0);
  const skipped = Math.min(start * width, values.byteLength);
  return new Uint8Array(values.buffer, values.byteOffset + skipped, values.byteLength - skipped);
}

/** Values of one width that both sides lay out alike. */
export function fixedWriter(width: number): VectorWriter {
  return (vector, rows) => {
    writeBytes(vector, valueBytes(rows.data, rows.start, width), rows.count * width);
    writeValidity(vector, rows);
  };
}

/** Values that are mapped one by one; NULL rows are left out. */
export function mappedWriter<S, T extends ArrayBufferView>(options: {
  source: (data: Data, start: number, count: number) => S;
  target: (count: number) => T;
  map: (source: S, row: number, target: T) => void;
}): VectorWriter {
  return (vector, rows) => {
    const source = options.source(rows.data, rows.start, rows.count);
    const target = options.target(rows.count);
    const validity = writeValidity(vector, rows);
    for (let row = 0; row < rows.count; row++) {
      if (validity === undefined || getBit(validity, row)) options.map(source, row, target);
    }
    writeBytes(
      vector,
      new Uint8Array(target.buffer, target.byteOffset, target.byteLength),
      target.byteLength,
    );
  };
}

/** Arrow keeps booleans as bits, DuckDB as bytes. */
export const booleanWriter: VectorWriter = (vector, rows) => {
  const { data, start, count } = rows;
  const bits = data.values as Uint8Array;
  const from = data.offset + start;
  if ((from + count + 7) >> 3 > bits.length) broken("a buffer of booleans is too short");
  const bytes = new Uint8Array(count);
  for (let i = 0; i < count; i++) bytes[i] = (bits[(from + i) >> 3]! >> ((from + i) & 7)) & 1;
  writeBytes(vector, bytes, count);
  writeValidity(vector, rows);
};

/** Every row NULL. */
export const nullWriter: VectorWriter = (vector, { count }) => {
  writeBits(vector, new Uint8Array(Math.ceil(count / 64) * 8));
};

/** `offsets(i)` and `offsets(i + 1)` bound the items of row `i`. */
export function listWriter(
  items: VectorWriter,
  offsetsOf: (data: Data, start: number, count: number) => Float64Array,
): VectorWriter {
  return (vector, rows) => {
    const { data, start, count } = rows;
    const offsets = offsetsOf(data, start, count);
    const child = data.children[0]!;
    const first = offsets[0]!;
    const total = offsets[count]! - first;
    if (first < 0 || first + total > child.length) broken("a list points outside its items");
    const entries = new Uint32Array(count * 4);
    for (let i = 0; i < count; i++) {
      const length = offsets[i + 1]! - offsets[i]!;
      if (length < 0) broken("the offsets of a list go backwards");
      entries[i * 4] = offsets[i]! - first;
      entries[i * 4 + 2] = length;
    }
    duckdb.list_vector_reserve(vector, total);
    duckdb.list_vector_set_size(vector, total);
    if (total > 0) items(duckdb.list_vector_get_child(vector), { data: child, start: first, count: total });
    writeBytes(vector, new Uint8Array(entries.buffer), entries.byteLength);
    writeValidity(vector, rows);
  };
}

export function structWriter(fields: readonly VectorWriter[]): VectorWriter {
  return (vector, rows) => {
    const around = writeValidity(vector, rows);
    fields.forEach((write, index) => {
      const data = rows.data.children[index]!;
      write(duckdb.struct_vector_get_child(vector, index), {
        data,
        start: rows.start,
        count: rows.count,
        around,
      });
    });
  };
}

/** Throws for Arrow data that contradicts itself. */
export function broken(what: string): never {
  throw new EngineError("INVALID_ARROW", `The Arrow data is damaged: ${what}.`);
}

/** Throws for a value that the column's type can't hold without losing something. */
export function lossy(type: DataType, what: string, hint: string): never {
  throw new EngineError("CONVERSION_FAILED", `A value of Arrow type ${type} ${what}.`, { hint });
}
