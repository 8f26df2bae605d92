/** Keeping two loads of one target apart. */
import { ConnectorError } from "../../sdk/mod.ts";
import { fileError } from "../../storage/mod.ts";

/** A lock on a file that exists while it is held. The system frees it when the process ends, however it ends. */
export class TargetLock {
  readonly #file: Deno.FsFile;
  readonly #path: string;

  private constructor(file: Deno.FsFile, path: string) {
    this.#file = file;
    this.#path = path;
  }

  /** @throws {ConnectorError} `DESTINATION_LOCKED` where another load has it. `target` is for the message. */
  static async take(path: string, target: string): Promise<TargetLock> {
    while (true) {
      const file = await open(path);
      try {
        if (!(await file.tryLock(true))) throw locked(target);
        // The holder before us may have removed the file between our opening and our locking it.
        if (await isSameFile(file, path)) return new TargetLock(file, path);
      } catch (error) {
        file.close();
        throw error;
      }
      file.close();
    }
  }

  /** Frees the lock and removes its file. */
  async release(): Promise<void> {
    try {
      // First the name, then the lock: whoever locks a file without a name finds out.
      await Deno.remove(this.#path);
    } catch (error) {
      // Windows may not remove an open file; it stays, and is taken again.
      if (!(error instanceof Deno.errors.NotFound || error instanceof Deno.errors.PermissionDenied)) {
        throw error;
      }
    } finally {
      this.#file.close();
    }
  }
}

async function open(path: string): Promise<Deno.FsFile> {
  try {
    return await Deno.open(path, { read: true, write: true, create: true });
  } catch (error) {
    throw fileError(error, "lock", path);
  }
}

async function isSameFile(file: Deno.FsFile, path: string): Promise<boolean> {
  const ours = await file.stat();
  try {
    const named = await Deno.stat(path);
    return ours.ino === named.ino && ours.dev === named.dev;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function locked(target: string): ConnectorError {
  return new ConnectorError("DESTINATION_LOCKED", `Another load is writing "${target}" now.`, {
    hint: "wait until it is done; two loads of one target can't run at the same time",
    context: { path: target },
    retryable: true,
  });
}
