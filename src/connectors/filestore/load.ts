/** A load into files: what a folder and a file have in common. */
import {
  type Batch,
  ConnectorError,
  DataLoaderError,
  type Load,
  type LoadRequest,
  type Position,
  type WriteOptions,
  type WriteResult,
} from "../../sdk/mod.ts";
import { fileError, joinPath, nameOf } from "../../storage/mod.ts";
import type { StagedPart } from "./journal.ts";
import { isPartOf } from "./naming.ts";
import { changesOfFiles } from "./table.ts";
import type { WorkFolder } from "./work_folder.ts";
import { writeParts, type Writer, type WrittenPart } from "./write_parts.ts";

/** A load. What differs between targets is in `finalName` and `publishAll`. */
export abstract class FileLoad implements Load {
  protected readonly work: WorkFolder;
  protected readonly writer: Writer;
  protected readonly request: LoadRequest;
  /** Rows stay hidden until `commit`. */
  protected readonly replace: boolean;
  #closed = false;

  constructor(work: WorkFolder, options: { writer: Writer; request: LoadRequest }) {
    this.work = work;
    this.writer = options.writer;
    this.request = options.request;
    this.replace = options.request.mode === "overwrite" || options.request.fullRefresh;
  }

  /** The final name of a part, relative to the target folder. */
  protected abstract finalName(part: WrittenPart, number: { sequence: number; part: number }): string;
  /** Makes all staged parts visible, in place of what was there. */
  protected abstract publishAll(position: Position): Promise<void>;
  /** True where nothing needs to be remembered once the load is committed. */
  protected abstract readonly forgets: boolean;
  /** The one file that is written, as a source would name it. */
  protected readonly target?: string;
  /** How a staged batch is written. */
  protected stageWriter(_number: number): Writer & { part?: number } {
    return this.writer;
  }

  async resume(): Promise<Position | undefined> {
    return await this.#files("write", async () => {
      const committed = await this.work.rollForward();
      const { staged, ...rest } = this.work.journal;
      if (staged !== undefined && !this.replace) await this.work.save(rest);
      await this.work.removeOrphans();
      return this.work.journal.staged?.position ?? committed;
    });
  }

  async writeBatch(batch: Batch, position: Position, options: WriteOptions = {}): Promise<WriteResult> {
    return await this.#files("write", async () => {
      this.writer.context.signal.throwIfAborted();
      this.#refuseOld(position);
      this.#refuseItself(batch);
      const sequence = Math.max(position.sequence, this.work.journal.sequence + 1);
      const schema = JSON.stringify(batch.schema.fields.map(({ name, type }) => [name, type]));
      await this.#discardOther(position.runId);
      if (this.replace) this.#assertSameSchema(batch, schema);
      const { rows, parts } = await this.#stage(batch, sequence);
      const rowsScanned = this.writer.context.session.rowsScanned?.();
      try {
        await options.settle?.(rows);
        if (this.replace) await this.#keepStaged(parts, { position, sequence, schema });
        else await this.#append(parts, { position, sequence, rows });
      } catch (error) {
        // What the journal has decided on is still to be put in place.
        if (!this.work.publishing) await this.work.removeStage(sequence);
        throw error;
      }
      if (!this.replace) await this.work.removeStage(sequence);
      return {
        rowsReceived: rows,
        rowsWritten: rows,
        rowsScanned,
        bytes: parts.reduce((sum, part) => sum + part.bytes, 0),
        changes: changesOfFiles(options.changes ?? []),
      };
    });
  }

  /** @throws {ConnectorError} `POSITION_CONFLICT` where that commit, or a later one, is there already. */
  #refuseOld(position: Position): void {
    const newest = Math.max(
      this.work.journal.entry?.position.sequence ?? 0,
      this.work.journal.staged?.position.sequence ?? 0,
    );
    if (position.sequence > newest) return;
    const { recipe, resource } = this.writer.context;
    throw new ConnectorError(
      "POSITION_CONFLICT",
      `Commit ${position.sequence} of recipe "${recipe}" can't be written: the destination already has commit ${newest}.`,
      {
        hint: "another run of the recipe is loading the same files: wait for it, then run again",
        context: { recipe, resource, sequence: position.sequence, newest },
      },
    );
  }

  /** @throws {ConnectorError} `READS_ITSELF` where the batch is read from a file that this recipe has appended. */
  #refuseItself(batch: Batch): void {
    const { files } = batch.metadata;
    if (!Array.isArray(files)) return;
    if (files.some((file) => file === this.target)) {
      throw new ConnectorError(
        "READS_ITSELF",
        `${this.target} is both source and destination: what the steps leave out of it would be lost.`,
        { hint: "write another file", context: { file: this.target! } },
      );
    }
    if (this.replace) return;
    const folder = this.work.path("");
    const own = files.find((file) =>
      typeof file === "string" && file.startsWith(folder) && isPartOf(nameOf(file), this.writer.context)
    );
    if (own === undefined) return;
    throw new ConnectorError(
      "READS_ITSELF",
      `${own} was written by this recipe, which now reads it: its rows would be loaded again and again.`,
      {
        hint: "load into a folder that the source's path does not reach, or narrow `path` of the source",
        context: { file: String(own) },
      },
    );
  }

  async probe(batch: Batch): Promise<void> {
    await this.#files("write", async () => {
      // A number that no batch gets.
      await this.work.removeStage(0);
      await writeParts(batch, this.work.path(this.work.stageOf(0)), this.stageWriter(0));
      await this.work.removeStage(0);
    });
  }

  async commit(position: Position): Promise<void> {
    await this.#files("write", async () => {
      await this.#discardOther(position.runId);
      if (this.replace) await this.publishAll(position);
      else await this.publishPosition(position);
    });
    await this.#close({ clean: this.forgets });
  }

  async abort(options: { discard?: boolean } = {}): Promise<void> {
    if (options.discard && this.work.journal.staged !== undefined) {
      const { staged: _staged, ...rest } = this.work.journal;
      await this.work.save(rest);
      await this.work.removeOrphans();
    }
    const { staged } = this.work.journal;
    await this.#close({ clean: this.forgets && staged === undefined && !this.work.publishing });
  }

  async #close(options: { clean: boolean }): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.work.close(options);
  }

  /** Records a position without files. */
  protected async publishPosition(position: Position): Promise<void> {
    const { staged: _staged, ...journal } = this.work.journal;
    await this.work.save({
      ...journal,
      entry: { ...entryOf(position, { rows: 0 }), state: "published" },
    });
  }

  /** Throws away what another run has staged. */
  async #discardOther(runId: string): Promise<void> {
    const { staged, ...rest } = this.work.journal;
    if (staged === undefined || staged.position.runId === runId) return;
    await this.work.save(rest);
    await this.work.removeOrphans();
  }

  async #stage(batch: Batch, sequence: number): Promise<{ rows: number; parts: StagedPart[] }> {
    const folder = this.work.stageOf(sequence);
    await this.work.removeStage(sequence);
    const { rows, parts } = await writeParts(batch, this.work.path(folder), this.stageWriter(sequence));
    return {
      rows,
      parts: parts.map((part, index) => ({
        tmp: joinPath(folder, part.name),
        final: this.finalName(part, { sequence, part: index }),
        bytes: part.bytes,
        rows: index === 0 ? rows : 0,
      })),
    };
  }

  async #keepStaged(
    parts: readonly StagedPart[],
    at: { position: Position; sequence: number; schema: string },
  ): Promise<void> {
    const { journal } = this.work;
    await this.work.save({
      ...journal,
      sequence: at.sequence,
      staged: {
        position: at.position,
        parts: [...journal.staged?.parts ?? [], ...parts],
        schema: journal.staged?.schema ?? at.schema,
      },
    });
  }

  async #append(
    parts: readonly StagedPart[],
    at: { position: Position; sequence: number; rows: number },
  ): Promise<void> {
    const { journal } = this.work;
    const files = at.rows === 0 ? [] : parts;
    const ours = new Set(journal.files);
    for (const { final } of files) if (!ours.has(final)) await this.assertFree(final);
    const position = { ...at.position };
    await this.work.save({ ...journal, sequence: at.sequence });
    await this.work.publish(
      entryOf(position, { files, rows: at.rows }),
      [...new Set([...journal.files, ...files.map((file) => file.final)])],
    );
  }

  /** @throws {ConnectorError} `FILE_EXISTS` where a name is taken by something that this load has not written. */
  protected async assertFree(final: string): Promise<void> {
    const path = this.work.path(final);
    try {
      await Deno.lstat(path);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return;
      throw error;
    }
    throw new ConnectorError(
      "FILE_EXISTS",
      `"${path}" is there already, and this recipe has not written it.`,
      {
        hint: "move it away, or load into another folder",
        context: { path },
      },
    );
  }

  #assertSameSchema(batch: Batch, schema: string): void {
    const before = this.work.journal.staged?.schema;
    if (before === undefined || before === schema || !this.oneSchema) return;
    const names = (JSON.parse(before) as [string, unknown][]).map(([name]) => name);
    const now = batch.schema.fields.map((field) => field.name);
    const odd = now.find((name) => !names.includes(name)) ?? names.find((name) => !now.includes(name));
    throw new ConnectorError(
      "SCHEMA_CHANGED",
      odd === undefined
        ? "A later batch has columns of other types than the first, and one file holds one schema."
        : `Column "${odd}" is not in all batches, and one file holds one schema.`,
      { hint: "load into a folder (end the path with /), or select and cast columns in a transform" },
    );
  }

  /** True where all batches end up in one file. */
  protected readonly oneSchema: boolean = false;

  async #files<T>(doing: string, body: () => Promise<T>): Promise<T> {
    try {
      return await body();
    } catch (error) {
      // What the file system says; errors of ours and of the embedded engine say enough.
      if (error instanceof DataLoaderError || this.writer.context.signal.aborted) throw error;
      throw fileError(error, doing, this.work.path(""));
    }
  }
}

/** An entry to be published. */
export function entryOf(
  position: Position,
  of: { files?: readonly StagedPart[]; remove?: readonly string[]; rows: number },
) {
  return {
    state: "publishing" as const,
    position,
    files: of.files ?? [],
    remove: of.remove ?? [],
    rows: of.rows,
    committed_at: new Date().toISOString(),
  };
}
