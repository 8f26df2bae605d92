/** The format contract: how files of one kind become a relation and back. */
import type { RecordBatch } from "apache-arrow";
import type { z } from "zod";
import type { Session } from "./batch.ts";
import type { Example, LeftOut, TypeHints } from "./connector.ts";
import type { DataLoaderError } from "./errors.ts";
import type { Schema } from "./schema.ts";
import type { LogicalType } from "./types.ts";

/** What every format gets beside its own options. */
export interface FormatInput {
  /** Local paths, `/` between parts. */
  readonly files: readonly string[];
  /** `columns:` of the recipe: types to use instead of what the format would find. */
  readonly columns?: ReadonlyMap<string, LogicalType>;
  readonly compression?: Compression;
  /** Take `key=value` folders of the path as columns. */
  readonly hivePartitioning: boolean;
  /** Those columns and their types, where `hivePartitioning`. */
  readonly partitions?: ReadonlyMap<string, LogicalType>;
  /** Add a text column of this name: the file each row comes from. */
  readonly filenameColumn?: string;
  /** Find types from all rows, where a sample would do else. */
  readonly wholeColumns?: boolean;
  readonly hints?: TypeHints;
  /** What to make of a column that later files don't have: refuse (the default), or read NULL. */
  readonly missingColumns?: "error" | "null";
}

/** What a format may use to look at files before they are read. */
export interface ScanContext {
  readonly session: Session;
  readonly signal: AbortSignal;
  /** A file's bytes from the start, decompressed. Cancel it when enough is read. */
  open(path: string): Promise<ReadableStream<Uint8Array>>;
  /** Bytes `start` (inclusive) to `end` (exclusive) of a file as they are on disk, where the storage can give them. */
  openRange?(path: string, start: number, end: number): Promise<ReadableStream<Uint8Array>>;
  /** Bytes on disk. */
  size(path: string): number;
  /** A directory for temporary files; it is removed when the source is closed. */
  temporaryDirectory(): Promise<string>;
}

/** A scan whose columns and types have been found. */
export interface OpenedScan {
  /** The SELECT over some of the files it was opened with. All give the same columns and types. */
  sql(files: readonly string[]): Promise<string>;
  /** What people should know before they load this: columns that were renamed, are missing or new. */
  readonly warnings: readonly string[];
  /** No row was found, and nothing that shows of which types they would be. */
  readonly untyped?: boolean;
  /** After reading those files failed: names the file, line, column and value at fault, where it can be told. */
  diagnose?(files: readonly string[], error: DataLoaderError): Promise<DataLoaderError | undefined>;
  /** Rows left out of what was read since the last call, where a recipe asks to skip bad ones. */
  skipped?(): Promise<LeftOut | undefined>;
}

export type Compression = "none" | "gzip" | "zstd" | "snappy" | "lz4" | "brotli";

/** A file to be joined with others. */
export interface PartFile {
  /** Bytes. */
  readonly size: number;
  /** Bytes `start` (inclusive) to `end` (exclusive). */
  open(start: number, end: number): Promise<ReadableStream<Uint8Array>>;
}

export interface FormatDefinition<O = unknown> {
  readonly name: string;
  readonly summary: string;
  /** With the dot, lower case, without a compression ending: `[".csv", ".tsv"]`. */
  readonly extensions: readonly string[];
  /** Object schema of the options a recipe may give for reading and writing; every key described and optional. */
  readonly options: z.ZodType<O>;
  readonly compressions: readonly Compression[];
  /** True: the codec is applied within the file, as Parquet does, and the file's name has no ending for it. */
  readonly compressesWithin?: boolean;
  /** True: files are text, in which types are found; `FormatInput.hints` is taken. Default false. */
  readonly findsTypes?: boolean;
  readonly examples?: readonly Example[];
  /** Reading, when the embedded engine can: the SELECT over the files. Pure. */
  readonly scan?: (input: FormatInput, options: O) => string;
  /** Instead of `scan`, where names and types must first be found in the files. Reads no more than samples. */
  readonly openScan?: (input: FormatInput, options: O, context: ScanContext) => Promise<OpenedScan>;
  /** Reading, when it can't: one file's bytes to Arrow columns. */
  readonly readArrow?: (
    bytes: ReadableStream<Uint8Array>,
    options: O,
    info: { path: string },
  ) => AsyncIterable<RecordBatch>;
  /**
   * Writing, when the embedded engine can: the options of `COPY … TO 'file' (…)`, each `NAME value`. Pure. `part` counts
   * from 0 where several files are written to be joined (`joinParts`): all but the first go without a header.
   */
  readonly copyOptions?: (
    options: O,
    compression: Compression | undefined,
    target?: { part: number },
  ) => readonly string[];
  /** The SELECT that makes values the format can hold of a relation's: binary as text, and the like. Pure. */
  readonly encode?: (relation: string, schema: Schema, options: O) => string;
  /**
   * The columns of all of the files, by name, each with a type that holds it in all of them. For formats whose files keep
   * types: what is in a folder is then known from the files. Reads no rows.
   */
  readonly columnsOf?: (files: readonly string[], session: Session) => Promise<Schema>;
  /** What rows of a schema lose in this format, a sentence each. */
  readonly losses?: (schema: Schema, options: O) => readonly string[];
  /**
   * How several files written one after the other become one: their bytes in a row, JSON arrays made one, or what a function
   * makes of them. Where it gives undefined, they are read with `scan` and written again. Without it, batches are kept as
   * Parquet until the file is written whole.
   */
  readonly joinParts?:
    | "bytes"
    | "json_array"
    | ((parts: readonly PartFile[], options: O) => Promise<ReadableStream<Uint8Array> | undefined>);
  /** Writing, when it can't: Arrow columns to one file's bytes. */
  readonly writeArrow?: (
    batches: AsyncIterable<RecordBatch>,
    options: O,
  ) => ReadableStream<Uint8Array> | Promise<ReadableStream<Uint8Array>>;
}

/** Types a definition; the options' type is inferred from the schema. */
export function defineFormat<O>(definition: FormatDefinition<O>): FormatDefinition<O> {
  return definition;
}
