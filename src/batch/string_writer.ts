/** Text and binary columns of Arrow's as DuckDB's vectors. */
import type engine from "@duckdb/node-bindings";
import type { Data } from "apache-arrow";
import { EngineError } from "../sdk/mod.ts";
import { getBit } from "./bits.ts";
import { broken, validityOf, type VectorWriter, writeBits, writeBytes } from "./vector_writer.ts";
import { takeNative } from "./native.ts";

const duckdb = takeNative();

const INLINE = 12;

/** The texts of some rows: row `i` is `bytes` from `offsets[i]` to `offsets[i + 1]`. */
export interface Texts {
  readonly bytes: Uint8Array;
  readonly offsets: Int32Array | Float64Array;
}

/**
 * Writes texts by one native call: all bytes go in as one long string, and the 16-byte `duckdb_string_t` of each row
 * (length, then up to 12 bytes, or 4 bytes and a pointer) is written here, pointing into it.
 */
export function stringWriter(
  textsOf: (data: Data, start: number, count: number) => Texts,
  options: { utf8: boolean },
): VectorWriter {
  return (vector, rows) => {
    const texts = textsOf(rows.data, rows.start, rows.count);
    const part = { texts: checked(texts, rows.count), count: rows.count, validity: validityOf(rows) };
    if (options.utf8 && !startsAreWhole(part)) invalidText(part);
    // A row that is NULL may hold anything, so what it holds is left out before the text is called invalid.
    const written = writeEntries(vector, part) ||
      (part.validity !== undefined && writeEntries(vector, { ...part, texts: compact(part) }));
    if (!written) invalidText(part);
    if (part.validity !== undefined) writeBits(vector, part.validity);
  };
}

interface Part {
  readonly texts: Texts;
  readonly count: number;
  readonly validity: Uint8Array | undefined;
}

function checked(texts: Texts, count: number): Texts {
  const { bytes, offsets } = texts;
  for (let i = 0; i < count; i++) {
    if (offsets[i]! > offsets[i + 1]!) broken("the offsets of a text go backwards");
  }
  if (offsets[0]! < 0 || offsets[count]! > bytes.length) broken("a text points outside its bytes");
  return texts;
}

/** False where a text begins inside a character: together the bytes may be valid, on its own it is not. */
function startsAreWhole({ texts: { bytes, offsets }, count, validity }: Part): boolean {
  for (let i = 0; i < count; i++) {
    const start = offsets[i]!;
    const isText = start < offsets[i + 1]! && (validity === undefined || getBit(validity, i));
    if (isText && (bytes[start]! & 0xc0) === 0x80) return false;
  }
  return true;
}

/** Writes the rows; false where the bytes are not valid UTF-8 and the vector is one of text. */
function writeEntries(vector: engine.Vector, { texts, count, validity }: Part): boolean {
  const { bytes, offsets } = texts;
  const first = offsets[0]!;
  const all = bytes.subarray(first, offsets[count]!);
  let low = 0;
  let high = 0;
  if (all.length > 0) {
    // DuckDB answers invalid UTF-8 by making the row NULL and leaving its entry as it was, without an error.
    writeBytes(vector, new Uint8Array(16), 16);
    duckdb.vector_assign_string_element_len(vector, 0, all);
    const entry = duckdb.vector_get_data(vector, 16);
    const view = new DataView(entry.buffer, entry.byteOffset, 16);
    if (view.getUint32(0, true) !== all.length) return false;
    low = view.getUint32(8, true);
    high = view.getUint32(12, true);
  }
  const entries = new Uint32Array(count * 4);
  const inline = new Uint8Array(entries.buffer);
  for (let i = 0; i < count; i++) {
    if (validity !== undefined && !getBit(validity, i)) continue;
    const start = offsets[i]!;
    const length = offsets[i + 1]! - start;
    const at = i * 4;
    entries[at] = length;
    const kept = length <= INLINE ? length : 4;
    for (let j = 0; j < kept; j++) inline[at * 4 + 4 + j] = bytes[start + j]!;
    if (length > INLINE) {
      const address = low + (start - first);
      entries[at + 2] = address;
      entries[at + 3] = address > 0xffffffff ? high + 1 : high;
    }
  }
  writeBytes(vector, inline, inline.length);
  return true;
}

/** The same texts without the bytes of NULL rows. */
function compact({ texts, count, validity }: Part): Texts {
  const offsets = new Float64Array(count + 1);
  const parts: Uint8Array[] = [];
  for (let i = 0; i < count; i++) {
    const valid = validity === undefined || getBit(validity, i);
    const part = valid ? texts.bytes.subarray(texts.offsets[i]!, texts.offsets[i + 1]!) : new Uint8Array(0);
    parts.push(part);
    offsets[i + 1] = offsets[i]! + part.length;
  }
  const bytes = new Uint8Array(offsets[count]!);
  parts.forEach((part, i) => bytes.set(part, offsets[i]!));
  return { bytes, offsets };
}

function invalidText({ texts, count, validity }: Part): never {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  for (let i = 0; i < count; i++) {
    if (validity !== undefined && !getBit(validity, i)) continue;
    const bytes = texts.bytes.subarray(texts.offsets[i]!, texts.offsets[i + 1]!);
    try {
      decoder.decode(bytes);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      const start = [...bytes.subarray(0, 32)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
      throw new EngineError("ENCODING_ERROR", `A text is not valid UTF-8: its bytes begin with ${start}.`, {
        hint: "decode the text from the encoding it has, or load the column as binary",
      });
    }
  }
  throw new EngineError("ENCODING_ERROR", "A text is not valid UTF-8.");
}
