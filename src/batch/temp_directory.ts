/** The directory a session spills to: its own, removed when it closes, and by the next session if it never did. */
import { join } from "node:path";
import { tmpdir } from "node:os";
import { isFsError } from "./fs_error.ts";

const PREFIX = "dataloader-";
const LOCK = "lock";

/** A directory that this process holds by a file lock, which the system drops when the process dies. */
export class TempDirectory {
  readonly path: string;
  readonly #lock: Deno.FsFile;

  private constructor(path: string, lock: Deno.FsFile) {
    this.path = path;
    this.#lock = lock;
  }

  /** Makes a fresh one under `parent` (default: the system's), and removes those of dead processes. */
  static async create(parent: string = tmpdir()): Promise<TempDirectory> {
    await Deno.mkdir(parent, { recursive: true });
    await removeAbandoned(parent);
    const path = await Deno.makeTempDir({ dir: parent, prefix: PREFIX });
    // Under another name until it is held: a session that begins just now would take the directory for abandoned.
    const fresh = join(path, `${LOCK}.new`);
    const lock = await Deno.open(fresh, { create: true, write: true });
    await lock.lock(true);
    await Deno.rename(fresh, join(path, LOCK));
    return new TempDirectory(path, lock);
  }

  async remove(): Promise<void> {
    this.#lock.close();
    await removeQuietly(this.path);
  }
}

async function removeAbandoned(parent: string): Promise<void> {
  try {
    for await (const entry of Deno.readDir(parent)) {
      if (!entry.isDirectory || !entry.name.startsWith(PREFIX)) continue;
      const path = join(parent, entry.name);
      if (await isAbandoned(path)) await removeQuietly(path);
    }
  } catch (error) {
    // Cleaning up after others is a courtesy: a directory we may not list is no reason to stop.
    if (!isFsError(error)) throw error;
  }
}

/** True where there is a lock file that nobody holds. One without is just being made. */
async function isAbandoned(path: string): Promise<boolean> {
  try {
    using lock = await Deno.open(join(path, LOCK), { write: true });
    return await lock.tryLock(true);
  } catch (error) {
    if (!isFsError(error)) throw error;
    return false;
  }
}

async function removeQuietly(path: string): Promise<void> {
  try {
    await Deno.remove(path, { recursive: true });
  } catch (error) {
    // Another process may have removed it, or (Windows) still hold a file of it: the next session tries again.
    if (!isFsError(error)) throw error;
  }
}
