/** Reading files whose columns are known: through the embedded engine, or as columns that the format decodes. */
import {
  type Batch,
  type Compression,
  ConnectorError,
  DataLoaderError,
  type FormatDefinition,
  type JsonObject,
  type OpenContext,
  type OpenedScan,
  type ReadDescription,
  type ReadRequest,
  type SourceBatch,
  type SourceState,
  type Storage,
  type StoredFile,
} from "../../sdk/mod.ts";
import { decompress, nameOf, verifyCompressed } from "../../storage/mod.ts";
import { describeIncremental, readIncremental } from "../_sql/incremental.ts";
import type { FileBatch } from "./file_batches.ts";

/** Files that are read, one way or the other. */
export interface FileScan {
  readonly warnings: readonly string[];
  read(batch: FileBatch): AsyncIterable<SourceBatch>;
  /** A batch over one file, for its schema. */
  first(file: StoredFile): Promise<Batch>;
  /** By a cursor column, over all files at once. */
  readIncremental(request: ReadRequest, of: FilesAndState): AsyncIterable<SourceBatch>;
  describeIncremental(request: ReadRequest, of: FilesAndState): Promise<ReadDescription>;
}

/** What a read by a column looks at. */
export interface FilesAndState {
  readonly files: readonly StoredFile[];
  readonly state: SourceState;
}

/** What both ways need. */
export interface ScanParts {
  readonly context: OpenContext;
  readonly storage: Storage;
  readonly metadata: JsonObject;
  readonly compression: (path: string) => Compression | undefined;
}

/** The embedded engine reads the files itself. */
export class EngineScan implements FileScan {
  readonly #scan: OpenedScan;
  readonly #of: ScanParts;

  constructor(scan: OpenedScan, of: ScanParts) {
    this.#scan = scan;
    this.#of = of;
  }

  get warnings(): readonly string[] {
    return this.#scan.warnings;
  }

  async *read(batch: FileBatch): AsyncGenerator<SourceBatch> {
    const { context, metadata } = this.#of;
    const paths = batch.files.map((file) => file.path);
    await this.#verify(paths);
    yield {
      batch: await context.session.relation(await this.#scan.sql(paths), { ...metadata, files: paths }),
      state: batch.state,
      label: labelOf(batch.files),
      bytes: batch.bytes,
      ...(this.#scan.untyped === true ? { untyped: true } : {}),
      leftOut: async () => await this.#scan.skipped?.(),
      diagnose: (error) => this.#scan.diagnose?.(paths, error) ?? Promise.resolve(undefined),
    };
  }

  async *readIncremental(request: ReadRequest, of: FilesAndState): AsyncGenerator<SourceBatch> {
    const paths = of.files.map((file) => file.path);
    await this.#verify(paths);
    for await (const batch of readIncremental(await this.#incremental(request, of))) {
      yield {
        ...batch,
        leftOut: async () => await this.#scan.skipped?.(),
        diagnose: (error) => this.#scan.diagnose?.(paths, error) ?? Promise.resolve(undefined),
      };
    }
  }

  async describeIncremental(request: ReadRequest, of: FilesAndState): Promise<ReadDescription> {
    const description = await describeIncremental(await this.#incremental(request, of));
    return {
      ...description,
      files: of.files.length,
      warnings: [...this.warnings, ...description.warnings],
    };
  }

  async #incremental(request: ReadRequest, { files, state }: FilesAndState) {
    return {
      session: this.#of.context.session,
      relation: await this.#scan.sql(files.map((file) => file.path)),
      request,
      state,
      metadata: this.#of.metadata,
      bytes: files.reduce((sum, file) => sum + file.size, 0),
    };
  }

  async #verify(paths: readonly string[]): Promise<void> {
    const { context, storage, compression } = this.#of;
    for (const path of paths) {
      const codec = compression(path);
      if (codec !== "gzip" && codec !== "zstd") continue;
      await verifyCompressed(await storage.open(path), { compression: codec, path, signal: context.signal });
    }
  }

  async first(file: StoredFile): Promise<Batch> {
    return await this.#of.context.session.relation(await this.#scan.sql([file.path]), this.#of.metadata);
  }
}

/** The format decodes files to columns: one batch a file. */
export class ArrowScan implements FileScan {
  readonly #format: FormatDefinition;
  readonly #of: ScanParts & { readonly options: unknown };
  readonly warnings: readonly string[] = [];

  constructor(format: FormatDefinition, of: ScanParts & { options: unknown }) {
    this.#format = format;
    this.#of = of;
  }

  async *read(batch: FileBatch): AsyncGenerator<SourceBatch> {
    // Planned with one file a batch.
    const file = batch.files[0]!;
    yield { batch: await this.first(file), state: batch.state, label: labelOf([file]), bytes: file.size };
  }

  readIncremental(): never {
    throw this.#byColumn();
  }

  describeIncremental(): never {
    throw this.#byColumn();
  }

  #byColumn(): ConnectorError {
    return new ConnectorError(
      "UNSUPPORTED",
      `Files of format "${this.#format.name}" can't be read by a cursor column.`,
      {
        hint: "use strategy: modified_time",
      },
    );
  }

  async first(file: StoredFile): Promise<Batch> {
    const { context, storage, options, metadata, compression } = this.#of;
    const bytes = decompress(await storage.open(file.path), compression(file.path), file.path);
    try {
      return await context.session.fromArrow(this.#format.readArrow!(bytes, options, { path: file.path }), {
        metadata: { ...metadata, files: [file.path] },
      });
    } catch (error) {
      if (error instanceof DataLoaderError) throw error;
      const why = error instanceof Error ? error.message : String(error);
      throw new ConnectorError("FORMAT_ERROR", `${file.path} can't be read as ${this.#format.name}: ${why}`, {
        hint: "check that the file is complete and of that format",
        context: { file: file.path },
        cause: error,
      });
    }
  }
}

function labelOf(files: readonly StoredFile[]): string {
  const first = nameOf(files[0]!.path);
  return files.length === 1 ? first : `${first} and ${files.length - 1} more files`;
}
