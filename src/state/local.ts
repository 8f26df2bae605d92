/** States as JSON files in a directory. */
import { join } from "node:path";
import {
  type Access,
  makeFolders,
  readWrite,
  type State,
  type StateBackend,
  StateError,
  type StateLock,
  syncFolderEntries,
} from "../sdk/mod.ts";
import { readIfThere, replaceFile } from "./atomic_file.ts";
import { type Decoded, decodeState, encodeState, type Migration } from "./codec.ts";
import { type Holder, RunLock, withFileLock } from "./file_lock.ts";
import { stateFileName } from "./file_name.ts";
import { corruptedError, fileError, resetCommand } from "./state_errors.ts";

/** Endings of the files by which a run keeps others out. */
const LOCKS = [".lock", ".holder"];

/** How long a save waits for another one in the same directory; a save takes some milliseconds. */
const SAVE_WAIT_MS = 10_000;

/** What `LocalStateBackend` can be told beyond its directory. */
export interface LocalStateOptions {
  /** Replaces the built-in chain: from which version a function makes the next. */
  readonly migrations?: ReadonlyMap<number, Migration>;
  /** Milliseconds that a save waits for another process that is saving. Default 10,000. */
  readonly saveWaitMs?: number;
}

/**
 * Keeps each recipe's state in `<directory>/<recipe>.json`, and the save before it in `<recipe>.json.bak`. The directory is
 * made by the first save. A save is on the disk when it returns, and a reader sees the old state or the new one,
 * never a part. Several processes may use one directory.
 *
 * @example
 * ```ts
 * import { LocalStateBackend } from "@dataloader/dataloader";
 *
 * const backend = new LocalStateBackend(".state");
 * const state = await backend.load("orders"); // undefined before the first run
 * ```
 */
export class LocalStateBackend implements StateBackend {
  readonly #directory: string;
  readonly #options: LocalStateOptions;

  constructor(directory = ".state", options: LocalStateOptions = {}) {
    this.#directory = directory;
    this.#options = options;
  }

  /** The path of the recipe's file. */
  describe(recipe: string): string {
    return this.#path(recipe, ".json");
  }

  /** The files of one recipe: its own and the lock that all saves in the directory share. */
  access(recipe: string): Access[] {
    const saved = this.#path(recipe, ".json");
    const backup = `${saved}.bak`;
    const files = [
      saved,
      `${saved}.tmp`,
      backup,
      `${backup}.tmp`,
      ...LOCKS.map((end) => this.#path(recipe, end)),
    ];
    return readWrite([...files, this.#saveLock], { key: [] });
  }

  /**
   * The saved state, or undefined where the recipe was never run.
   * @throws {StateError} `STATE_CORRUPTED` with the way to restore the backup, `STATE_TOO_NEW`, `STATE_UNREADABLE`,
   * `STATE_NAME_INVALID`.
   */
  async load(recipe: string): Promise<State | undefined> {
    const path = this.describe(recipe);
    const bytes = await this.#read(path);
    return bytes === undefined ? undefined : await this.#decode(recipe, bytes);
  }

  /**
   * Saves `state` if the saved revision is still `state.revision` (0: nothing is saved), and returns it with the next
   * revision and the time of the save.
   * @throws {StateError} `STATE_CONFLICT` where another run has saved in between, `STATE_LOCKED` where another process
   * keeps the directory locked, `STATE_UNWRITABLE`, `STATE_INVALID`, and what `load` throws.
   */
  async save(recipe: string, state: State): Promise<State> {
    const path = this.describe(recipe);
    if (state.recipe !== recipe) {
      throw new StateError(
        "STATE_INVALID",
        `A state of the recipe "${state.recipe}" can't be saved as the state of "${recipe}".`,
      );
    }
    const next: State = { ...state, revision: state.revision + 1, updated_at: new Date().toISOString() };
    const bytes = this.#encode(next);
    await this.#writing(path, async () => {
      const before = await this.#read(path);
      const saved = before === undefined ? undefined : await this.#decode(recipe, before);
      if ((saved?.revision ?? 0) !== state.revision) throw conflict(recipe, path, state, saved);
      if (before !== undefined) await replaceFile(`${path}.bak`, before);
      await replaceFile(path, bytes);
      await syncFolderEntries(this.#directory);
    });
    return next;
  }

  /**
   * Keeps other runs of the recipe out. Does not wait.
   * @throws {StateError} `STATE_LOCKED` naming the process, host and time of the holder; `STATE_UNWRITABLE`.
   */
  async lock(recipe: string): Promise<StateLock> {
    const path = this.#path(recipe, ".lock");
    try {
      await makeFolders(this.#directory);
      const taken = await RunLock.take(path, this.#path(recipe, ".holder"));
      if (taken instanceof RunLock) return taken;
      throw locked(recipe, path, taken.heldBy);
    } catch (error) {
      throw fileError(error, "write", path);
    }
  }

  /**
   * Puts the file of a state that can't be read, or that nobody wants, out of the way, so that a new one can be saved.
   * Returns where it was put, or undefined where there was none.
   */
  async setAside(recipe: string): Promise<string | undefined> {
    const path = this.describe(recipe);
    if (await this.#read(path) === undefined) return undefined;
    const aside = `${path}.${new Date().toISOString().replace(/[-:.]/g, "")}`;
    await this.#writing(path, async () => {
      await Deno.rename(path, aside);
      await syncFolderEntries(this.#directory);
    });
    return aside;
  }

  get #saveLock(): string {
    return join(this.#directory, ".lock");
  }

  #path(recipe: string, ending: string): string {
    return join(this.#directory, `${stateFileName(recipe)}${ending}`);
  }

  async #read(path: string): Promise<Uint8Array | undefined> {
    try {
      return await readIfThere(path);
    } catch (error) {
      throw fileError(error, "read", path);
    }
  }

  async #writing(path: string, body: () => Promise<void>): Promise<void> {
    try {
      await makeFolders(this.#directory);
      const waitMs = this.#options.saveWaitMs ?? SAVE_WAIT_MS;
      await withFileLock(this.#saveLock, body, { waitMs });
    } catch (error) {
      throw fileError(error, "write", path);
    }
  }

  #encode(state: State): Uint8Array<ArrayBuffer> {
    let bytes: Uint8Array<ArrayBuffer>;
    try {
      bytes = encodeState(state);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      throw new StateError(
        "STATE_INVALID",
        `The state of "${state.recipe}" can't be saved: ${error.message}.`,
        {
          cause: error,
        },
      );
    }
    const decoded = this.#parse(state.recipe, bytes);
    if (decoded.kind === "state") return bytes;
    const reason = decoded.kind === "corrupted" ? decoded.reason : `its version is ${decoded.version}`;
    throw new StateError("STATE_INVALID", `The state of "${state.recipe}" can't be saved: ${reason}.`);
  }

  #parse(recipe: string, bytes: Uint8Array): Decoded {
    return decodeState(bytes, recipe, { migrations: this.#options.migrations });
  }

  async #decode(recipe: string, bytes: Uint8Array): Promise<State> {
    const path = this.describe(recipe);
    const decoded = this.#parse(recipe, bytes);
    if (decoded.kind === "state") return decoded.state;
    if (decoded.kind === "too_new") {
      throw new StateError(
        "STATE_TOO_NEW",
        `The state of "${recipe}" in ${path} has version ${decoded.version}, written by a newer dataloader.`,
        {
          hint: `update dataloader, or start from the beginning with \`${
            resetCommand(recipe, this.#directory)
          }\``,
          context: { recipe, path, version: decoded.version },
        },
      );
    }
    const backupPath = `${path}.bak`;
    const backupBytes = await this.#read(backupPath);
    const backup = backupBytes === undefined ? undefined : this.#parse(recipe, backupBytes);
    throw corruptedError({
      recipe,
      directory: this.#directory,
      path,
      backupPath,
      reason: decoded.reason,
      backup: backup?.kind === "state"
        ? { kind: "usable", revision: backup.state.revision, savedAt: backup.state.updated_at }
        : { kind: backup === undefined ? "missing" : "corrupted" },
    });
  }
}

function conflict(recipe: string, path: string, state: State, saved: State | undefined): StateError {
  const found = saved === undefined ? "it is gone" : `it has revision ${saved.revision}`;
  return new StateError(
    "STATE_CONFLICT",
    `The state of "${recipe}" in ${path} was changed meanwhile: ${found}, ${state.revision} was expected.`,
    {
      hint: "let only one run of a recipe go on at a time, and run it again",
      context: { recipe, path, expected_revision: state.revision, found_revision: saved?.revision ?? 0 },
    },
  );
}

function locked(recipe: string, path: string, holder: Holder | undefined): StateError {
  const who = holder === undefined
    ? "another process"
    : `process ${holder.pid}${holder.host === undefined ? "" : ` on ${holder.host}`}, since ${holder.since}`;
  return new StateError("STATE_LOCKED", `The recipe "${recipe}" is being run by ${who}.`, {
    hint: "wait until that run ends, or end it: the lock goes with its process",
    context: {
      recipe,
      path,
      ...(holder === undefined ? {} : { pid: holder.pid, host: holder.host ?? null, since: holder.since }),
    },
    retryable: true,
  });
}
