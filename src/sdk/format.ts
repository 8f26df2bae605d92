/** The format contract: how files of one kind become a relation and back. */
import type { RecordBatch } from "apache-arrow";
import type { z } from "zod";
import type { Example } from "./connector.ts";
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
}

export type Compression = "none" | "gzip" | "zstd" | "snappy" | "lz4" | "brotli";

export interface FormatDefinition<O = unknown> {
  readonly name: string;
  readonly summary: string;
  /** With the dot, lower case, without a compression ending: `[".csv", ".tsv"]`. */
  readonly extensions: readonly string[];
  /** Object schema of the options a recipe may give for reading and writing; every key described and optional. */
  readonly options: z.ZodType<O>;
  readonly compressions: readonly Compression[];
  readonly examples?: readonly Example[];
  /** Reading, when the embedded engine can: the SELECT over the files. Pure. */
  readonly scan?: (input: FormatInput, options: O) => string;
  /** Reading, when it can't: one file's bytes to Arrow columns. */
  readonly readArrow?: (
    bytes: ReadableStream<Uint8Array>,
    options: O,
    info: { path: string },
  ) => AsyncIterable<RecordBatch>;
  /** Writing, when the embedded engine can: the options of `COPY … TO 'file' (…)`, each `NAME value`. Pure. */
  readonly copyOptions?: (options: O, compression: Compression | undefined) => readonly string[];
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
