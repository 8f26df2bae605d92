/** The folder beside a target in which a load works: journal, lock, and files that are not published yet. */
import { ConnectorError, type Position } from "../../sdk/mod.ts";
import { fileError, joinPath, makeFolder, parentOf, syncFolder } from "../../storage/mod.ts";
import {
  emptyJournal,
  type Entry,
  type Journal,
  readJournal,
  type StagedPart,
  writeJournal,
} from "./journal.ts";
import { TargetLock } from "./lock.ts";
import { fileNamePart, WORK_FOLDER } from "./naming.ts";

/** What a load's work folder belongs to. */
export interface WorkTarget {
  /** The folder of part files, or the one that the file is in. */
  readonly folder: string;
  /** The file's name, for a target that is one file. */
  readonly file?: string;
  readonly recipe: string;
  readonly resource: string;
}

/** The work folder of one target, locked. */
export class WorkFolder {
  readonly #target: WorkTarget;
  readonly #path: string;
  readonly #key: string;
  readonly #lock: TargetLock;
  #journal: Journal;

  private constructor(
    target: WorkTarget,
    of: { path: string; key: string; lock: TargetLock; journal: Journal },
  ) {
    this.#target = target;
    this.#path = of.path;
    this.#key = of.key;
    this.#lock = of.lock;
    this.#journal = of.journal;
  }

  /** @throws {ConnectorError} `DESTINATION_LOCKED`, `JOURNAL_CORRUPTED`, `PERMISSION_DENIED`, `READ_ONLY`, `DISK_FULL`. */
  static async open(target: WorkTarget): Promise<WorkFolder> {
    const path = joinPath(target.folder, WORK_FOLDER);
    const key = target.file === undefined
      ? `${fileNamePart(target.recipe)}.${fileNamePart(target.resource)}`
      : `file.${fileNamePart(target.file)}`;
    await makeFolder(path);
    const shown = target.file === undefined ? `${target.folder}/` : joinPath(target.folder, target.file);
    const lock = await TargetLock.take(joinPath(path, `${key}.lock`), shown);
    try {
      const found = await readJournal(joinPath(path, `${key}.json`));
      const ours = found?.recipe === target.recipe && found.resource === target.resource;
      const journal = found !== undefined && ours ? found : emptyJournal(target.recipe, target.resource);
      const folder = new WorkFolder(target, { path, key, lock, journal });
      // Another recipe's unfinished write of this very file: what it had decided is done first.
      if (found !== undefined && !ours) await folder.#finishOther(found);
      return folder;
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  get journal(): Journal {
    return this.#journal;
  }

  /** True where something is committed and not all in place. */
  get publishing(): boolean {
    return this.#journal.entry?.state === "publishing";
  }

  /** A path below the target folder. */
  path(relative: string): string {
    return joinPath(this.#target.folder, relative);
  }

  /** The folder for the files of one batch, relative to the target folder; `.tmp` keeps readers away. */
  stageOf(number: number): string {
    return `${WORK_FOLDER}/${this.#key}.stage.tmp/${String(number).padStart(8, "0")}`;
  }

  get #stage(): string {
    return joinPath(this.#path, `${this.#key}.stage.tmp`);
  }

  async save(journal: Journal): Promise<void> {
    await writeJournal(joinPath(this.#path, `${this.#key}.json`), journal);
    this.#journal = journal;
  }

  /**
   * Commits: writes what is decided into the journal, then does it. Once it stands in the journal there is no way back: files
   * may be replaced or removed already. What can't be done now is done by the next run (`rollForward`), just as if the process
   * had ended there.
   * @throws {ConnectorError} `PUBLISH_INCOMPLETE` where the rows are committed and not all in their place yet.
   */
  async publish(entry: Entry, files: readonly string[]): Promise<void> {
    const { staged: _staged, ...rest } = this.#journal;
    const sequence = Math.max(rest.sequence, entry.position.sequence);
    await this.save({ ...rest, sequence, entry });
    try {
      await this.#apply(entry, files);
    } catch (cause) {
      const error = fileError(cause, "write", this.#target.folder);
      throw new ConnectorError(
        "PUBLISH_INCOMPLETE",
        `The rows are written and committed, but not all of their files could be put in place: ${error.message}`,
        {
          hint: `${
            error.hint ?? "mend that"
          }; then run again: it puts the rest in place first, and loads nothing twice`,
          context: error.context,
          cause,
        },
      );
    }
  }

  /** Finishes what a process that is gone had decided. Returns the last position committed. */
  async rollForward(): Promise<Position | undefined> {
    const { entry, files } = this.#journal;
    if (entry !== undefined && this.publishing) {
      const removed = new Set(entry.remove);
      const kept = files.filter((file) => !removed.has(file));
      await this.#apply(entry, [...new Set([...kept, ...entry.files.map((file) => file.final)])]);
    }
    return this.#journal.entry?.position;
  }

  async #apply(entry: Entry, files: readonly string[]): Promise<void> {
    await this.#rename(entry.files);
    for (const file of entry.remove) await removeIfThere(this.path(file));
    await this.#syncFolders([...entry.files.map((file) => file.final), ...entry.remove]);
    await this.save({
      ...this.#journal,
      files,
      entry: { ...entry, state: "published", files: [], remove: [] },
    });
    for (const file of entry.remove) await this.#removeEmptyFolders(file);
  }

  async #rename(parts: readonly StagedPart[]): Promise<void> {
    for (const { tmp, final } of parts) {
      const to = this.path(final);
      try {
        await Deno.rename(this.path(tmp), to);
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
        // Renamed already before the last process ended, or its folder is to be made.
        if (await exists(this.path(tmp))) {
          await makeFolder(parentOf(to));
          await Deno.rename(this.path(tmp), to);
        } else if (!(await exists(to))) throw error;
      }
    }
  }

  /** Removes files of batches that the journal does not know. */
  async removeOrphans(): Promise<void> {
    const known = new Set<string>();
    for (const part of this.#journal.staged?.parts ?? []) known.add(parentFolderOfStage(part.tmp));
    for await (const { name } of entriesOf(this.#path)) {
      const halfWritten = name.startsWith(`${this.#key}.json.`) && name.endsWith(".tmp");
      if (halfWritten) await Deno.remove(joinPath(this.#path, name));
    }
    for await (const entry of entriesOf(this.#stage)) {
      if (!known.has(entry.name)) await Deno.remove(joinPath(this.#stage, entry.name), { recursive: true });
    }
  }

  /** Removes one batch's files. */
  async removeStage(number: number): Promise<void> {
    await removeTree(this.path(this.stageOf(number)));
  }

  /** Lets go. With `clean` the journal goes too; what is empty then goes in any case. */
  async close(options: { clean: boolean }): Promise<void> {
    try {
      if (options.clean) {
        await removeTree(this.#stage);
        await removeIfThere(joinPath(this.#path, `${this.#key}.json`));
      }
      await removeIfEmpty(this.#stage);
    } finally {
      await this.#lock.release();
    }
    await removeIfEmpty(this.#path);
  }

  async #finishOther(journal: Journal): Promise<void> {
    if (journal.entry?.state === "publishing") await this.#rename(journal.entry.files);
    await removeTree(this.#stage);
  }

  async #syncFolders(files: readonly string[]): Promise<void> {
    for (const folder of new Set(files.map((file) => parentOf(this.path(file))))) {
      if (await exists(folder)) await syncFolder(folder);
    }
  }

  /** `key=value` folders that held only files that were replaced. */
  async #removeEmptyFolders(file: string): Promise<void> {
    for (let at = parentOf(file); at !== "."; at = parentOf(at)) {
      if (!(await removeIfEmpty(this.path(at)))) return;
    }
  }
}

function parentFolderOfStage(tmp: string): string {
  return tmp.split("/")[2]!;
}

async function* entriesOf(folder: string): AsyncGenerator<Deno.DirEntry> {
  try {
    yield* Deno.readDir(folder);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    // The folder that one file is written into may not be looked at, only what is named in it: it was made beforehand.
    if (error instanceof Deno.errors.NotCapable) return true;
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

async function removeIfThere(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

async function removeTree(path: string): Promise<void> {
  try {
    await Deno.remove(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** True where the folder was empty and is gone. */
async function removeIfEmpty(path: string): Promise<boolean> {
  for await (const _ of entriesOf(path)) return false;
  try {
    await Deno.remove(path);
    return true;
  } catch (error) {
    // Gone already, or another load has put something there just now.
    if (error instanceof Deno.errors.NotFound) return true;
    if (error instanceof Error && /os error (39|66|145)\b|not empty/i.test(error.message)) return false;
    throw error;
  }
}
