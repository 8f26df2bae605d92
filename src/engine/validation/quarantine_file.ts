/** Quarantined rows in files: one JSON object a line, in the form of the quarantine table. */
import { EngineError, type Position } from "../../sdk/mod.ts";
import { ignoreMissing, readLines, rewriteLines } from "../keyed_lines.ts";
import { splitKept } from "./collector.ts";
import type { TextSpool } from "./text_spool.ts";

export interface QuarantineFileOptions {
  /** One file, or, with `/` at the end, a folder with a file for each batch. */
  readonly path: string;
  readonly recipe: string;
  readonly resource: string;
}

/** What all rows of a batch have in common. */
export interface BatchIdentity {
  readonly position: Position;
  /** What the batch was read from, for people. */
  readonly source?: string;
  /** RFC 3339, UTC. */
  readonly time: string;
}

/**
 * Rows are written before the batch they were left out of is committed. A batch that is replayed has the same sequence, and
 * its rows take the place of those it wrote before: a crash between the two leaves nothing twice.
 */
export class QuarantineFile {
  readonly #options: QuarantineFileOptions;

  constructor(options: QuarantineFileOptions) {
    this.#options = options;
  }

  get #folder(): boolean {
    return /[/\\]$/.test(this.#options.path);
  }

  get #stem(): string {
    return `${this.#options.recipe}.${this.#options.resource}.`;
  }

  /** The beginning of each line of this recipe and resource. */
  get #owner(): string {
    const { recipe, resource } = this.#options;
    return `{"recipe":${JSON.stringify(recipe)},"resource":${JSON.stringify(resource)},`;
  }

  /** @throws {EngineError} `QUARANTINE_FAILED`: the batch must then not be committed. */
  async write(rows: TextSpool, batch: BatchIdentity): Promise<void> {
    const { sequence, runId } = batch.position;
    const key = `${this.#owner}"sequence":${sequence},`;
    const head = `${key}"run_id":${JSON.stringify(runId)},"source":${JSON.stringify(batch.source ?? null)},` +
      `"rejected_at":${JSON.stringify(batch.time)},`;
    const add = async function* () {
      for await (const some of rows.read()) {
        yield some.map((text) => {
          const [broken, row] = splitKept(text);
          return `${head}"broken":${broken},"row":${row}}`;
        });
      }
    };
    await this.#doing(async () => {
      const path = this.#folder ? this.#file(sequence) : this.#options.path;
      if (rows.count === 0 && !await hasLine(path, (line) => line.startsWith(key))) return;
      await rewriteLines(path, {
        keep: (line) => !this.#folder && !line.startsWith(key),
        add: add(),
      });
    });
  }

  /** Removes what runs before this one have left: all rows were replaced, and with them those that were left out. */
  async keepOnly(runId: string): Promise<void> {
    const ours = `"run_id":${JSON.stringify(runId)}`;
    const old = (line: string) => line.startsWith(this.#owner) && !line.slice(0, 2_000).includes(ours);
    await this.#doing(async () => {
      if (!this.#folder) {
        if (await hasLine(this.#options.path, old)) {
          await rewriteLines(this.#options.path, { keep: (line) => !old(line) });
        }
        return;
      }
      for await (const name of filesIn(this.#options.path)) {
        if (!name.startsWith(this.#stem) || !name.endsWith(".jsonl")) continue;
        if (await hasLine(this.#options.path + name, old)) await Deno.remove(this.#options.path + name);
      }
    });
  }

  #file(sequence: number): string {
    return `${this.#options.path}${this.#stem}${String(sequence).padStart(8, "0")}.jsonl`;
  }

  async #doing<T>(body: () => Promise<T>): Promise<T> {
    try {
      return await body();
    } catch (cause) {
      if (cause instanceof EngineError) throw cause;
      throw new EngineError(
        "QUARANTINE_FAILED",
        `Quarantined rows can't be written to "${this.#options.path}".`,
        {
          hint: "check validation.quarantine, its rights and the free space",
          context: { path: this.#options.path },
          cause,
        },
      );
    }
  }
}

async function hasLine(path: string, test: (line: string) => boolean): Promise<boolean> {
  for await (const lines of readLines(path)) if (lines.some(test)) return true;
  return false;
}

async function* filesIn(folder: string): AsyncGenerator<string> {
  try {
    for await (const { name, isFile } of Deno.readDir(folder)) if (isFile) yield name;
  } catch (error) {
    ignoreMissing(error);
  }
}
