/** Reading files. */
import {
  type Compression,
  ConnectorError,
  type FormatDefinition,
  type FormatInput,
  getFormat,
  type JsonObject,
  type OpenContext,
  type OpenedScan,
  type ReadDescription,
  type ReadRequest,
  type ScanContext,
  type Source,
  type SourceBatch,
  type SourceState,
  type Storage,
  type StoredFile,
} from "../../sdk/mod.ts";
import {
  compressionOf,
  decompress,
  extensionOf,
  fileError,
  globBase,
  hasGlob,
  namesNear,
  noFiles,
  normalizePath,
  parentOf,
  storageFor,
} from "../../storage/mod.ts";
import { columnTypes, type FilestoreConfig, formatOf, formatOptions, isFolder } from "./config.ts";
import {
  type FileBatch,
  filesSeen,
  planFullRead,
  planModifiedTime,
  readThrough,
  warningOfChanged,
} from "./file_batches.ts";
import { ArrowScan, EngineScan, type FileScan } from "./file_scan.ts";
import { findPartitions } from "./partitions.ts";

/** Opens a source over files; nothing is read yet. */
// deno-lint-ignore require-await -- the contract is asynchronous.
export async function openSource(config: FilestoreConfig, context: OpenContext): Promise<Source> {
  return new FileSource(config, context);
}

class FileSource implements Source {
  readonly #config: FilestoreConfig;
  readonly #context: OpenContext;
  readonly #storage: Storage;
  readonly #format: FormatDefinition;
  readonly #options: unknown;
  readonly #path: string;
  /** Names in the state are relative to this, so that a project can be moved. */
  readonly #base: string;
  #temporary: string | undefined;
  #sizes = new Map<string, number>();

  constructor(config: FilestoreConfig, context: OpenContext) {
    this.#config = config;
    this.#context = context;
    this.#storage = storageFor(config.path);
    this.#format = getFormat(formatOf(config)!);
    this.#options = formatOptions(config, this.#format);
    this.#path = normalizePath(config.path, Deno.build.os === "windows");
    this.#base = isFolder(this.#path)
      ? this.#path.replace(/\/+$/, "") || "/"
      : hasGlob(this.#path)
      ? globBase(this.#path)
      : parentOf(this.#path);
  }

  async check(): Promise<string[]> {
    const files = await this.#list();
    if (files.length === 0) await noFiles(this.#path);
    for (const { path } of files) {
      const reader = (await this.#storage.open(path, { start: 0, end: 1 })).getReader();
      try {
        await reader.read();
      } catch (error) {
        throw fileError(error, "read", path);
      } finally {
        await reader.cancel();
      }
    }
    const bytes = files.reduce((sum, file) => sum + file.size, 0);
    return [
      `${files.length} ${
        files.length === 1 ? "file" : "files"
      } of format ${this.#format.name}, ${bytes} bytes`,
    ];
  }

  async describe(request: ReadRequest, state: SourceState): Promise<ReadDescription> {
    const files = await this.#files(request, state);
    const batches = this.#plan(request, state, files);
    const planned = batches.flatMap((batch) => batch.files);
    const scan = await this.#open(files.length === 0 ? [] : files, request);
    const statements = planned.map((file) => `read ${file.path}`);
    if (isByColumn(request)) {
      return { ...await scan.describeIncremental(request, { files, state }), statements };
    }
    const sample = planned[0] ?? files[0];
    const batch = sample === undefined ? undefined : await scan.first(sample);
    const schema = batch?.schema ?? { fields: [] };
    if (batch !== undefined) await this.#context.session.release(batch);
    const seen = Object.keys(filesSeen(state)).length;
    const through = readThrough(state);
    return {
      schema,
      statements,
      resumesFrom: request.incremental === undefined
        ? through === undefined ? undefined : `behind ${through}`
        : seen === 0
        ? undefined
        : `${seen === 1 ? "1 file is" : `${seen} files are`} known; new and changed ones are read`,
      files: planned.length,
      bytes: planned.reduce((sum, file) => sum + file.size, 0),
      warnings: [...scan.warnings, ...this.#changed(request, state, planned)],
    };
  }

  #changed(request: ReadRequest, state: SourceState, files: readonly StoredFile[]): string[] {
    if (request.incremental?.strategy !== "modified_time" || request.writeMode !== "append") return [];
    return [warningOfChanged(files, state, this.#base) ?? []].flat();
  }

  async *readBatches(request: ReadRequest, state: SourceState): AsyncGenerator<SourceBatch> {
    const files = await this.#files(request, state);
    const batches = this.#plan(request, state, files);
    if (batches.length === 0) return;
    // Types are found over all files of the run, also when it is taken up again, so that batches agree.
    const scan = await this.#open(
      request.incremental === undefined ? files : batches.flatMap((b) => b.files),
      request,
    );
    const changed = this.#changed(request, state, batches.flatMap((batch) => batch.files));
    for (const warning of [...scan.warnings, ...changed]) this.#context.log.log("warning", warning);
    if (isByColumn(request)) return yield* scan.readIncremental(request, { files, state });
    for (const batch of batches) {
      this.#context.signal.throwIfAborted();
      yield* scan.read(batch);
    }
  }

  async close(): Promise<void> {
    const folder = this.#temporary;
    this.#temporary = undefined;
    if (folder !== undefined) await Deno.remove(folder, { recursive: true });
  }

  /**
   * @throws {ConnectorError} `FILE_NOT_FOUND`, `NO_FILES`, unless the files of earlier runs were taken out of a folder that is
   * still there.
   */
  async #files(request: ReadRequest, state: SourceState): Promise<StoredFile[]> {
    const files = await this.#list();
    if (files.length === 0) {
      if (!await this.#wasEmptied(request, state)) await this.#refuseNothing();
      this.#context.log.log(
        "warning",
        `No file matches "${this.#config.path}"; those of earlier runs are gone.`,
      );
    }
    this.#sizes = new Map(files.map((file) => [file.path, file.size]));
    return files;
  }

  /** A folder that is gone (a share that is not mounted, a path that was changed) has not been emptied. */
  async #wasEmptied(request: ReadRequest, state: SourceState): Promise<boolean> {
    const known = request.incremental?.strategy === "modified_time" &&
      Object.keys(filesSeen(state)).length > 0;
    if (!known || !(isFolder(this.#path) || hasGlob(this.#path))) return false;
    return (await Deno.stat(this.#base).catch(() => undefined))?.isDirectory === true;
  }

  async #list(): Promise<StoredFile[]> {
    const files = await this.#storage.list(this.#path);
    if (!isFolder(this.#path)) return files;
    return files.filter((file) => this.#format.extensions.includes(extensionOf(file.path)));
  }

  async #refuseNothing(): Promise<never> {
    if (!isFolder(this.#path)) return await noFiles(this.#path);
    const near = await namesNear(`${this.#path}*`) ?? [];
    const endings = this.#format.extensions.map((ending) => `*${ending}`).join(", ");
    throw new ConnectorError("NO_FILES", `No ${endings} file is in "${this.#path}".`, {
      hint: near.length === 0
        ? "the folder is empty or not there"
        : `there are: ${near.join(", ")}; use a glob for other names: ${this.#path}*`,
      context: { path: this.#path, near },
    });
  }

  #plan(request: ReadRequest, state: SourceState, files: readonly StoredFile[]): FileBatch[] {
    const { scan, openScan } = this.#format;
    // Columns that pass through here are held in memory for the batch: one file at a time.
    const limit = scan === undefined && openScan === undefined ? 0 : undefined;
    const options = { base: this.#base, runId: request.runId, limit };
    return request.incremental?.strategy === "modified_time"
      ? planModifiedTime(files, state, options)
      : planFullRead(files, state, options);
  }

  /** Finds columns and types of the files. */
  async #open(
    files: readonly StoredFile[],
    { wholeColumns, hints }: Pick<ReadRequest, "wholeColumns" | "hints">,
  ): Promise<FileScan> {
    const paths = files.map((file) => file.path);
    const partitions = findPartitions(paths, {
      base: this.#base,
      mode: this.#config.hive_partitioning ?? "auto",
      columns: columnTypes(this.#config),
    });
    const input: FormatInput = {
      files: paths,
      columns: columnTypes(this.#config),
      compression: this.#config.compression,
      hivePartitioning: partitions !== undefined,
      partitions,
      filenameColumn: this.#config.filename_column,
      missingColumns: this.#config.missing_columns,
      ...(wholeColumns === true ? { wholeColumns } : {}),
      ...(hints === undefined ? {} : { hints }),
    };
    const at = { context: this.#context, storage: this.#storage, metadata: this.#metadata() };
    if (this.#format.openScan !== undefined && paths.length > 0) {
      const scan = await this.#format.openScan(input, this.#options, this.#scanContext());
      return new EngineScan(scan, { ...at, compression: (path) => this.#compression(path) });
    }
    const pure = this.#format.scan;
    if (pure !== undefined) {
      const scan: OpenedScan = {
        // deno-lint-ignore require-await -- the contract is asynchronous.
        sql: async (chosen) => pure({ ...input, files: chosen }, this.#options),
        warnings: [],
      };
      return new EngineScan(scan, { ...at, compression: (path) => this.#compression(path) });
    }
    return new ArrowScan(this.#format, {
      ...at,
      options: this.#options,
      compression: (path) => this.#compression(path),
    });
  }

  #scanContext(): ScanContext {
    return {
      session: this.#context.session,
      signal: this.#context.signal,
      open: async (path) => {
        // A copy that a format has made in the temporary directory is plain text.
        const copy = this.#temporary !== undefined && path.startsWith(this.#temporary);
        return decompress(await this.#storage.open(path), copy ? undefined : this.#compression(path), path);
      },
      openRange: (path, start, end) => this.#storage.open(path, { start, end }),
      size: (path) => this.#sizes.get(path) ?? 0,
      temporaryDirectory: async () => {
        const dir = this.#context.session.temporaryDirectory;
        this.#temporary ??= (await Deno.makeTempDir({ dir, prefix: "dataloader-" })).replaceAll("\\", "/");
        return this.#temporary;
      },
    };
  }

  #compression(path: string): Compression | undefined {
    return this.#format.compressesWithin ? undefined : this.#config.compression ?? compressionOf(path);
  }

  #metadata(): JsonObject {
    return { format: this.#format.name, path: this.#config.path };
  }
}

/** Reading goes by a column, not by files. */
function isByColumn(request: ReadRequest): boolean {
  return request.incremental !== undefined && request.incremental.strategy !== "modified_time";
}
