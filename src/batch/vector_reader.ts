/** DuckDB's vectors as Arrow columns: whole buffers are copied, no value is made. */
import type engine from "@duckdb/node-bindings";
import { type Data, type DataType, List, makeData, Struct } from "apache-arrow";
import { EngineError, formatType, type LogicalType } from "../sdk/mod.ts";
import { arrowType } from "./arrow_types.ts";
import { GrowingBytes, GrowingValidity, isValid } from "./column_buffer.ts";
import { decimalLayout, type FixedLayout, nanoIntervals, uuidBytes } from "./fixed_layouts.ts";
import { StringReader } from "./string_reader.ts";
import { takeNative } from "./native.ts";

const duckdb = takeNative();

/** Collects one column, chunk by chunk. */
export interface ColumnReader {
  /** Turns to the vector of the next chunk, which has `rows` rows. */
  load(vector: engine.Vector, rows: number): void;
  /** Appends rows `start` to `start + count` of the loaded vector. */
  append(start: number, count: number): void;
  /** Bytes collected so far, roughly. */
  readonly byteLength: number;
  /** The column collected; starts anew. */
  finish(): Data;
}

/** The reader of a column of `type`, stored as `engineType(type)` says. */
export function columnReader(type: LogicalType): ColumnReader {
  const arrow = arrowType(type);
  switch (type.kind) {
    case "string":
    case "json":
    case "binary":
      return new StringReader(arrow);
    case "integer":
    case "float":
      return new FixedReader(arrow, { width: type.bits / 8 });
    case "boolean":
      return new BooleanReader(arrow);
    case "date":
      return new FixedReader(arrow, { width: 4 });
    case "time":
    case "datetime":
      return new FixedReader(arrow, { width: 8 });
    case "decimal":
      return new FixedReader(arrow, decimalLayout(type.precision));
    case "uuid":
      return new FixedReader(arrow, { width: 16, map: uuidBytes });
    case "interval":
      return new FixedReader(arrow, { width: 16, map: nanoIntervals });
    case "array":
      return new ListReader(arrow as List, columnReader(type.items));
    case "struct":
      if (type.fields.length === 0) {
        throw new EngineError("UNSUPPORTED_TYPE", `The type ${formatType(type)} has no fields.`);
      }
      return new StructReader(arrow as Struct, type.fields.map((field) => columnReader(field.type)));
  }
}

/** Reads `byteCount` bytes of a vector; they are a copy. */
export function vectorBytes(vector: engine.Vector, byteCount: number): Uint8Array {
  if (byteCount === 0) return new Uint8Array(0);
  const bytes = duckdb.vector_get_data(vector, byteCount);
  // Typed arrays of 8 bytes need to start on 8 bytes.
  return bytes.byteOffset % 8 === 0 ? bytes : new Uint8Array(bytes);
}

/** The validity bits of a vector, or null where no row is NULL. */
export function vectorValidity(vector: engine.Vector, rows: number): Uint8Array | null {
  if (rows === 0) return null;
  // The package's type leaves out that there may be none.
  return duckdb.vector_get_validity(vector, Math.ceil(rows / 64) * 8) as Uint8Array | null;
}

class FixedReader implements ColumnReader {
  readonly #type: DataType;
  readonly #layout: FixedLayout;
  readonly #width: number;
  readonly #bytes = new GrowingBytes();
  readonly #validity = new GrowingValidity();
  #length = 0;
  #loaded: Uint8Array = new Uint8Array(0);
  #loadedValidity: Uint8Array | null = null;

  constructor(type: DataType, layout: FixedLayout) {
    this.#type = type;
    this.#layout = layout;
    this.#width = layout.map === undefined ? layout.width : 16;
  }

  get byteLength(): number {
    return this.#bytes.length;
  }

  load(vector: engine.Vector, rows: number): void {
    const bytes = vectorBytes(vector, rows * this.#layout.width);
    this.#loadedValidity = vectorValidity(vector, rows);
    this.#loaded = this.#layout.map?.(bytes, this.#loadedValidity) ?? bytes;
  }

  append(start: number, count: number): void {
    this.#bytes.append(this.#loaded.subarray(start * this.#width, (start + count) * this.#width));
    this.#validity.append(this.#loadedValidity, start, count);
    this.#length += count;
  }

  finish(): Data {
    const bytes = this.#bytes.take();
    const length = this.#length;
    this.#length = 0;
    const Values = this.#type.ArrayType as new (buffer: ArrayBuffer, offset: number, length: number) => never;
    const size = (this.#type.ArrayType as { BYTES_PER_ELEMENT: number }).BYTES_PER_ELEMENT;
    const data = new Values(bytes.buffer, bytes.byteOffset, bytes.byteLength / size);
    return makeData({ type: this.#type, length, data, nullBitmap: this.#validity.take() } as never);
  }
}

class BooleanReader implements ColumnReader {
  readonly #type: DataType;
  readonly #bytes = new GrowingBytes();
  readonly #validity = new GrowingValidity();
  #loaded: Uint8Array = new Uint8Array(0);
  #loadedValidity: Uint8Array | null = null;

  constructor(type: DataType) {
    this.#type = type;
  }

  get byteLength(): number {
    return this.#bytes.length;
  }

  load(vector: engine.Vector, rows: number): void {
    this.#loaded = vectorBytes(vector, rows);
    this.#loadedValidity = vectorValidity(vector, rows);
  }

  append(start: number, count: number): void {
    this.#bytes.append(this.#loaded.subarray(start, start + count));
    this.#validity.append(this.#loadedValidity, start, count);
  }

  finish(): Data {
    const bytes = this.#bytes.take();
    const bits = new Uint8Array((bytes.length + 7) >> 3);
    for (let i = 0; i < bytes.length; i++) {
      if (bytes[i] !== 0) bits[i >> 3]! |= 1 << (i & 7);
    }
    const length = bytes.length;
    return makeData({ type: this.#type, length, data: bits, nullBitmap: this.#validity.take() } as never);
  }
}

/** DuckDB's lists are pairs (offset, length) into the child, in any order; Arrow's follow one another. */
class ListReader implements ColumnReader {
  readonly #type: List;
  readonly #items: ColumnReader;
  readonly #validity = new GrowingValidity();
  readonly #offsets = new GrowingBytes();
  #itemCount = 0;
  #length = 0;
  #entries: Uint32Array = new Uint32Array(0);
  #loadedValidity: Uint8Array | null = null;

  constructor(type: List, items: ColumnReader) {
    this.#type = type;
    this.#items = items;
  }

  get byteLength(): number {
    return this.#offsets.length + this.#items.byteLength;
  }

  load(vector: engine.Vector, rows: number): void {
    const bytes = vectorBytes(vector, rows * 16);
    this.#entries = new Uint32Array(bytes.buffer, bytes.byteOffset, rows * 4);
    this.#loadedValidity = vectorValidity(vector, rows);
    this.#items.load(duckdb.list_vector_get_child(vector), duckdb.list_vector_get_size(vector));
  }

  append(start: number, count: number): void {
    const at = this.#offsets.grow(count * 4);
    const offsets = new Int32Array(this.#offsets.bytes.buffer, at, count);
    const entries = this.#entries;
    let runStart = 0;
    let runEnd = 0;
    for (let i = 0; i < count; i++) {
      const row = start + i;
      // A NULL row's pair means nothing.
      if (isValid(this.#loadedValidity, row)) {
        const offset = entries[row * 4]!;
        const length = entries[row * 4 + 2]!;
        if (length > 0 && offset !== runEnd) {
          if (runEnd > runStart) this.#items.append(runStart, runEnd - runStart);
          runStart = offset;
          runEnd = offset;
        }
        runEnd += length;
        this.#itemCount += length;
      }
      offsets[i] = this.#itemCount;
    }
    if (runEnd > runStart) this.#items.append(runStart, runEnd - runStart);
    if (this.#itemCount > 0x7fffffff) tooLarge();
    this.#validity.append(this.#loadedValidity, start, count);
    this.#length += count;
  }

  finish(): Data {
    const ends = this.#offsets.take();
    const valueOffsets = new Int32Array(this.#length + 1);
    valueOffsets.set(new Int32Array(ends.buffer, ends.byteOffset, this.#length), 1);
    const length = this.#length;
    this.#length = 0;
    this.#itemCount = 0;
    const nullBitmap = this.#validity.take();
    return makeData({ type: this.#type, length, nullBitmap, valueOffsets, child: this.#items.finish() });
  }
}

class StructReader implements ColumnReader {
  readonly #type: Struct;
  readonly #children: readonly ColumnReader[];
  readonly #validity = new GrowingValidity();
  #length = 0;
  #loadedValidity: Uint8Array | null = null;

  constructor(type: Struct, children: readonly ColumnReader[]) {
    this.#type = type;
    this.#children = children;
  }

  get byteLength(): number {
    return this.#children.reduce((sum, child) => sum + child.byteLength, 0);
  }

  load(vector: engine.Vector, rows: number): void {
    this.#loadedValidity = vectorValidity(vector, rows);
    this.#children.forEach((child, index) => child.load(duckdb.struct_vector_get_child(vector, index), rows));
  }

  append(start: number, count: number): void {
    for (const child of this.#children) child.append(start, count);
    this.#validity.append(this.#loadedValidity, start, count);
    this.#length += count;
  }

  finish(): Data {
    const length = this.#length;
    this.#length = 0;
    const children = this.#children.map((child) => child.finish());
    return makeData({ type: this.#type, length, nullBitmap: this.#validity.take(), children });
  }
}

/** Arrow's offsets are 32 bits. */
export function tooLarge(): never {
  throw new EngineError("VALUE_TOO_LARGE", "A column has more than 2 GiB in one record batch.", {
    hint: "the values of 2,048 neighbouring rows must fit into 2 GiB",
  });
}
