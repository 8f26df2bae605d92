/**
 * One Parquet file of several: their row groups one after the other as they are, under one footer. Nothing is decoded.
 * https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift
 */
import type { PartFile } from "../sdk/mod.ts";
import {
  Kind,
  readStruct,
  type ThriftField,
  type ThriftList,
  type ThriftStruct,
  writeStruct,
} from "./thrift.ts";

const MAGIC = Uint8Array.of(0x50, 0x41, 0x52, 0x31);
/** The length of the footer, and the magic number. */
const TAIL_BYTES = 8;
/** A footer that long is read; a longer one is no reason to fill the memory. */
const MOST_FOOTER_BYTES = 256 << 20;
/** Rows of a row group as the engine writes them. */
const ROW_GROUP_ROWS = 122_880;
/** Row groups of so many bytes are large enough, however few rows they have. */
const ENOUGH_BYTES = 16 << 20;

// Field numbers of FileMetaData, RowGroup, ColumnChunk and ColumnMetaData.
const FILE = { numRows: 3, rowGroups: 4 } as const;
const GROUP = { columns: 1, fileOffset: 5, ordinal: 7 } as const;
const CHUNK = { filePath: 1, fileOffset: 2, metadata: 3, offsetIndex: 4, columnIndex: 6 } as const;
const METADATA = { dataPage: 9, indexPage: 10, dictionaryPage: 11, bloomFilter: 14 } as const;

interface Part {
  readonly file: PartFile;
  /** Where the footer begins. */
  readonly end: number;
  readonly footer: ThriftStruct;
}

/**
 * The bytes of one file with the rows of all parts, in order. Undefined where they must be read and written again: their
 * columns or metadata are not the same, their row groups are so small that reading would suffer, or they are nothing that
 * can be taken apart here.
 */
export async function joinParquet(
  files: readonly PartFile[],
  options: { rowGroupSize?: number } = {},
): Promise<ReadableStream<Uint8Array> | undefined> {
  const parts: Part[] = [];
  for (const file of files) {
    const part = await readFooter(file);
    if (part === undefined) return undefined;
    parts.push(part);
  }
  const footer = joined(parts);
  if (footer === undefined || tooSmall(parts, footer, options.rowGroupSize ?? ROW_GROUP_ROWS)) {
    return undefined;
  }
  return ReadableStream.from(content(parts, writeStruct(footer)));
}

async function readFooter(file: PartFile): Promise<Part | undefined> {
  if (file.size < MAGIC.length + TAIL_BYTES) return undefined;
  const tail = await bytesOf(file, file.size - TAIL_BYTES, file.size);
  // Another magic number is an encrypted footer, or no Parquet.
  if (MAGIC.some((byte, index) => tail[4 + index] !== byte)) return undefined;
  const length = new DataView(tail.buffer, tail.byteOffset).getUint32(0, true);
  const end = file.size - TAIL_BYTES - length;
  if (end < MAGIC.length || length > MOST_FOOTER_BYTES) return undefined;
  try {
    return { file, end, footer: readStruct(await bytesOf(file, end, end + length)) };
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

async function bytesOf(file: PartFile, start: number, end: number): Promise<Uint8Array> {
  return new Uint8Array(await new Response(await file.open(start, end)).arrayBuffer());
}

/** The footer of all row groups; undefined where the parts differ in anything else. */
function joined(parts: readonly Part[]): ThriftStruct | undefined {
  const first = parts[0]!.footer;
  const same = sameness(first);
  const groups: ThriftStruct[] = [];
  let rows = 0n;
  let shift = 0;
  for (const { footer, end } of parts) {
    if (sameness(footer) !== same) return undefined;
    const own = fieldOf(footer, FILE.rowGroups);
    const count = fieldOf(footer, FILE.numRows);
    if (own?.kind !== Kind.LIST || count?.kind !== Kind.I64) return undefined;
    for (const group of (own.value as ThriftList).items as ThriftStruct[]) {
      if (!moveGroup(group, { shift: BigInt(shift), ordinal: groups.length })) return undefined;
      groups.push(group);
    }
    rows += count.value as bigint;
    shift += end - MAGIC.length;
  }
  return {
    fields: first.fields.map((field): ThriftField => {
      if (field.id === FILE.numRows) return { ...field, value: rows };
      if (field.id === FILE.rowGroups) return { ...field, value: { of: Kind.STRUCT, items: groups } };
      return field;
    }),
  };
}

/** Everything of a footer but its rows: columns, metadata of the writer's, the order of values. */
function sameness({ fields }: ThriftStruct): string {
  const others = fields.filter(({ id }) => id !== FILE.numRows && id !== FILE.rowGroups);
  return String(writeStruct({ fields: others }));
}

/** Moves the places of a row group within the file. False where a column is kept in another file. */
function moveGroup(group: ThriftStruct, to: { shift: bigint; ordinal: number }): boolean {
  move(group, [GROUP.fileOffset], to.shift);
  const ordinal = fieldOf(group, GROUP.ordinal);
  // 16 bits: more row groups than that go without numbers, which are for encryption only.
  if (ordinal !== undefined && to.ordinal > 0x7fff) group.fields.splice(group.fields.indexOf(ordinal), 1);
  else if (ordinal !== undefined) ordinal.value = BigInt(to.ordinal);
  const columns = fieldOf(group, GROUP.columns)?.value as ThriftList | undefined;
  for (const chunk of (columns?.items ?? []) as ThriftStruct[]) {
    if (fieldOf(chunk, CHUNK.filePath) !== undefined) return false;
    move(chunk, [CHUNK.fileOffset, CHUNK.offsetIndex, CHUNK.columnIndex], to.shift);
    const metadata = fieldOf(chunk, CHUNK.metadata)?.value as ThriftStruct | undefined;
    if (metadata === undefined) return false;
    move(metadata, Object.values(METADATA), to.shift);
  }
  return true;
}

/** Some writers leave a place out by writing 0, where the magic number is. */
function move(struct: ThriftStruct, ids: readonly number[], shift: bigint): void {
  for (const field of struct.fields) {
    if (ids.includes(field.id) && field.value !== 0n) field.value = (field.value as bigint) + shift;
  }
}

function fieldOf(struct: ThriftStruct, id: number): ThriftField | undefined {
  return struct.fields.find((field) => field.id === id);
}

/** Many small row groups make a file that is large and slow to read. */
function tooSmall(parts: readonly Part[], footer: ThriftStruct, wanted: number): boolean {
  const groups = (fieldOf(footer, FILE.rowGroups)!.value as ThriftList).items.length;
  const rows = Number(fieldOf(footer, FILE.numRows)!.value);
  const bytes = parts.reduce((sum, part) => sum + part.end, 0);
  return rows < groups * wanted / 4 && bytes < groups * ENOUGH_BYTES;
}

async function* content(parts: readonly Part[], footer: Uint8Array): AsyncGenerator<Uint8Array> {
  yield MAGIC;
  for (const { file, end } of parts) {
    if (end > MAGIC.length) yield* await file.open(MAGIC.length, end);
  }
  yield footer;
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, footer.length, true);
  yield length;
  yield MAGIC;
}
