/** Dictionary-encoded columns: the values that the indices name are put together, then written like any column. */
import {
  Binary,
  type Data,
  type DataType,
  type FixedSizeList,
  makeData,
  Type,
  Utf8,
  type Vector,
  vectorFromArray,
} from "apache-arrow";
import { EngineError } from "../sdk/mod.ts";
import { fixedSizeOffsets, offsetsOf, textsOf, viewTexts } from "./arrow_buffers.ts";
import { setBit } from "./bits.ts";
import { broken, valueBytes, type VectorWriter } from "./vector_writer.ts";

/** A writer of the column that the dictionary's values make. */
export function dictionaryWriter(values: VectorWriter): VectorWriter {
  return (vector, rows) => {
    const { data, start, count, around } = rows;
    const dictionary = oneChunk(data.dictionary as Vector);
    const indices = data.values as ArrayLike<number | bigint>;
    const picked = new Int32Array(count);
    for (let i = 0; i < count; i++) {
      const index = data.getValid(start + i) ? Number(indices[start + i]!) : -1;
      if (index >= dictionary.length) broken("an index points outside its dictionary");
      picked[i] = index;
    }
    values(vector, { data: pick(dictionary, picked), start: 0, count, around });
  };
}

const MERGED = new WeakMap<Vector, Data>();

/** A dictionary that came in several parts, as one. */
function oneChunk(dictionary: Vector): Data {
  if (dictionary.data.length === 1) return dictionary.data[0]!;
  let merged = MERGED.get(dictionary);
  if (merged === undefined) {
    const type = dictionary.type as DataType;
    if (type.typeId !== Type.Utf8 && type.typeId !== Type.Int && type.typeId !== Type.Float) {
      throw new EngineError(
        "UNSUPPORTED_TYPE",
        `A dictionary of Arrow type ${type} that comes in parts is not supported.`,
        {
          hint: "write the column without dictionary encoding",
        },
      );
    }
    merged = vectorFromArray([...dictionary], type).data[0]!;
    MERGED.set(dictionary, merged);
  }
  return merged;
}

/** Rows of `data` in the order of `rows`; -1 is NULL. */
function pick(data: Data, rows: Int32Array): Data {
  const type = pickedType(data.type as DataType);
  const length = rows.length;
  const nullBitmap = new Uint8Array((length + 7) >> 3);
  for (let i = 0; i < length; i++) setBit(nullBitmap, i, rows[i]! >= 0 && data.getValid(rows[i]!));
  const made = (props: Record<string, unknown>): Data =>
    makeData({ type, length, nullBitmap, ...props } as never);
  switch (type.typeId as Type) {
    case Type.Null:
      return made({});
    case Type.Bool: {
      const bits = new Uint8Array((length + 7) >> 3);
      const source = data.values as Uint8Array;
      for (let i = 0; i < length; i++) {
        const at = data.offset + Math.max(0, rows[i]!);
        setBit(bits, i, rows[i]! >= 0 && ((source[at >> 3]! >> (at & 7)) & 1) !== 0);
      }
      return made({ data: bits });
    }
    case Type.Struct:
      return made({ children: data.children.map((child) => pick(child, rows)) });
    case Type.List:
    case Type.LargeList:
    case Type.Map:
    case Type.FixedSizeList:
      return pickLists(data, { rows, made });
    case Type.Utf8:
    case Type.LargeUtf8:
    case Type.Binary:
    case Type.LargeBinary:
      return pickTexts(data, { rows, made });
    case Type.Dictionary:
    case Type.Union:
      throw new EngineError("UNSUPPORTED_TYPE", `A dictionary of Arrow type ${type} is not supported.`);
    default:
      return made({ data: pickFixed(data, rows) });
  }
}

function pickFixed(data: Data, rows: Int32Array): unknown {
  const values = data.values as { BYTES_PER_ELEMENT: number } & ArrayBufferView;
  const width = data.stride * values.BYTES_PER_ELEMENT;
  const source = valueBytes(data, 0, width);
  const target = new Uint8Array(rows.length * width);
  for (let i = 0; i < rows.length; i++) {
    const from = rows[i]! * width;
    if (from >= 0) target.set(source.subarray(from, from + width), i * width);
  }
  const Values = values.constructor as new (buffer: ArrayBuffer) => unknown;
  return new Values(target.buffer);
}

interface Picking {
  readonly rows: Int32Array;
  readonly made: (props: Record<string, unknown>) => Data;
}

function pickTexts(data: Data, { rows, made }: Picking): Data {
  const view = data.typeId === Type.Utf8View || data.typeId === Type.BinaryView;
  const texts = (view ? viewTexts : textsOf)(data, 0, data.length);
  const parts = Array.from(
    rows,
    (row) => row < 0 ? new Uint8Array(0) : texts.bytes.subarray(texts.offsets[row]!, texts.offsets[row + 1]!),
  );
  const ends = new Int32Array(rows.length + 1);
  parts.forEach((part, i) => ends[i + 1] = ends[i]! + part.length);
  const bytes = new Uint8Array(ends[rows.length]!);
  parts.forEach((part, i) => bytes.set(part, ends[i]!));
  const large = data.typeId === Type.LargeUtf8 || data.typeId === Type.LargeBinary;
  const valueOffsets = large ? BigInt64Array.from(ends, BigInt) : ends;
  return made({ data: bytes, valueOffsets });
}

function pickLists(data: Data, { rows, made }: Picking): Data {
  const size = data.typeId === Type.FixedSizeList ? (data.type as FixedSizeList).listSize : undefined;
  const offsets = (size === undefined ? offsetsOf : fixedSizeOffsets(size))(data, 0, data.length);
  const items: number[] = [];
  const ends = new Int32Array(rows.length + 1);
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!;
    if (row >= 0) {
      for (let item = offsets[row]!; item < offsets[row + 1]!; item++) items.push(item);
    } else {
      for (let j = 0; j < (size ?? 0); j++) items.push(-1);
    }
    ends[i + 1] = items.length;
  }
  const child = pick(data.children[0]!, Int32Array.from(items));
  if (size !== undefined) return made({ child });
  return made({
    child,
    valueOffsets: data.typeId === Type.LargeList ? BigInt64Array.from(ends, BigInt) : ends,
  });
}

/** Picked texts are never views, so a dictionary of views is planned as one of plain texts. */
export function pickedType(type: DataType): DataType {
  if (type.typeId === Type.Utf8View) return new Utf8();
  if (type.typeId === Type.BinaryView) return new Binary();
  return type;
}
