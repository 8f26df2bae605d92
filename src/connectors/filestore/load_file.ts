/** Loading into one file, which is replaced as a whole. */
import { getFormat, type LoadRequest, type Position } from "../../sdk/mod.ts";
import { joinPath, syncFile } from "../../storage/mod.ts";
import type { StagedPart } from "./journal.ts";
import { joinParts } from "./join_parts.ts";
import { entryOf, FileLoad } from "./load.ts";
import type { WorkFolder } from "./work_folder.ts";
import type { Writer, WrittenPart } from "./write_parts.ts";

/** What batches are kept as where the format's files can't be joined. */
const STAGING_FORMAT = "parquet";

/** One file. Nothing is left beside it once it is written. */
export class SingleFileLoad extends FileLoad {
  readonly #file: string;
  readonly #staging: Writer | undefined;
  protected readonly forgets = true;
  protected override readonly oneSchema = true;
  protected override readonly target: string;

  constructor(work: WorkFolder, options: { writer: Writer; request: LoadRequest; file: string }) {
    super(work, options);
    this.#file = options.file;
    this.target = work.path(options.file);
    const { format } = options.writer;
    this.#staging = format.joinParts !== undefined
      ? undefined
      : { ...options.writer, format: getFormat(STAGING_FORMAT), options: {}, compression: undefined };
  }

  protected finalName(_part: WrittenPart): string {
    return this.#file;
  }

  protected override stageWriter(_number: number): Writer & { part?: number } {
    const part = this.work.journal.staged?.parts.length ?? 0;
    return { ...this.#staging ?? this.writer, part };
  }

  protected async publishAll(position: Position): Promise<void> {
    const parts = this.work.journal.staged?.parts ?? [];
    // Without a batch no column is known: the file stays as it is.
    if (parts.length === 0) return;
    const part = await this.#onePart(parts);
    await this.work.publish(entryOf(position, { files: [part], rows: part.rows }), []);
  }

  async #onePart(parts: readonly StagedPart[]): Promise<StagedPart> {
    const rows = parts.reduce((sum, part) => sum + part.rows, 0);
    // The first part has the header; one without rows behind it adds nothing.
    const [first, ...others] = parts;
    const filled = [first!, ...others.filter((part) => part.rows > 0)];
    if (filled.length === 1 && this.#staging === undefined) return first!;
    const tmp = joinPath(this.work.stageOf(this.work.journal.sequence), "joined.tmp");
    const target = this.work.path(tmp);
    await joinParts(filled.map((part) => this.work.path(part.tmp)), target, this.writer);
    await syncFile(target);
    return { tmp, final: this.#file, bytes: (await Deno.stat(target)).size, rows };
  }
}
