/** Locks between processes. The system frees them when their process ends, however it ends. */
import { type JsonObject, StateError, type StateLock } from "../sdk/mod.ts";
import { readIfThere, removeIfThere } from "./atomic_file.ts";

/** Who holds a lock, as far as it is known. */
export interface Holder {
  readonly pid: number;
  readonly host?: string;
  /** RFC 3339, UTC. */
  readonly since: string;
}

/** Takes the lock on a file that exists for nothing else; undefined where another has it. */
export async function tryLockFile(path: string): Promise<Deno.FsFile | undefined> {
  const file = await Deno.open(path, { read: true, write: true, create: true });
  try {
    if (await file.tryLock(true)) return file;
  } catch (error) {
    file.close();
    throw error;
  }
  file.close();
  return undefined;
}

/** Runs `body` while no other process runs one under the same path. @throws {StateError} `STATE_LOCKED` after `waitMs`. */
export async function withFileLock<T>(
  path: string,
  body: () => Promise<T>,
  options: { waitMs: number },
): Promise<T> {
  const deadline = performance.now() + options.waitMs;
  let file = await tryLockFile(path);
  while (file === undefined) {
    if (performance.now() >= deadline) {
      throw new StateError(
        "STATE_LOCKED",
        `Another process has been holding ${path} for ${options.waitMs} ms.`,
        {
          hint: "look for a process that hangs, and run this again when it is gone",
          context: { path },
          retryable: true,
        },
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 5 + Math.random() * 20));
    file = await tryLockFile(path);
  }
  try {
    return await body();
  } finally {
    file.close();
  }
}

/**
 * The lock that a run holds. The holder is noted in a file beside the locked one, because Windows lets nobody read a
 * locked file. The locked file stays when the lock is released: to remove it would let two processes lock two files
 * of one name.
 */
export class RunLock implements StateLock {
  readonly #file: Deno.FsFile;
  readonly #holderPath: string;
  #released = false;

  private constructor(file: Deno.FsFile, holderPath: string) {
    this.#file = file;
    this.#holderPath = holderPath;
  }

  /** Takes the lock, or tells who holds it. */
  static async take(path: string, holderPath: string): Promise<RunLock | { heldBy: Holder | undefined }> {
    const file = await tryLockFile(path);
    if (file === undefined) return { heldBy: await readHolder(holderPath) };
    try {
      await Deno.writeTextFile(holderPath, `${JSON.stringify(ourselves())}\n`);
    } catch (error) {
      file.close();
      throw error;
    }
    return new RunLock(file, holderPath);
  }

  async release(): Promise<void> {
    if (this.#released) return;
    this.#released = true;
    try {
      await removeIfThere(this.#holderPath);
    } finally {
      this.#file.close();
    }
  }
}

function ourselves(): Holder {
  return { pid: Deno.pid, host: hostName(), since: new Date().toISOString() };
}

/** The machine's name, where the process may know it. */
function hostName(): string | undefined {
  try {
    return Deno.hostname();
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) return undefined;
    throw error;
  }
}

/** Undefined where the holder has not written its name yet, or just went away. */
async function readHolder(path: string): Promise<Holder | undefined> {
  const bytes = await readIfThere(path);
  if (bytes === undefined) return undefined;
  try {
    const holder: Partial<Holder> & JsonObject = JSON.parse(new TextDecoder().decode(bytes));
    const { pid, host, since } = holder;
    return typeof pid === "number" && typeof since === "string" ? { pid, host, since } : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
