/** Which files are read now, in which batches, and what the state says after each. Pure. */
import { isJsonObject, type JsonObject, type SourceState, type StoredFile } from "../../sdk/mod.ts";
import { relativeTo } from "../../storage/mod.ts";

/**
 * Bytes of files in a batch. A batch is what is read again after a crash, so it should be small; it is also what makes
 * one file at a folder destination and costs a few disk flushes, so it should be large. 1 GiB is seconds of reading.
 */
export const BATCH_BYTES = 1024 ** 3;
/** Files that are gone and still remembered, should they come back: the newest of them. */
const REMEMBERED_GONE = 10_000;

/** Files of one batch. */
export interface FileBatch {
  readonly files: readonly StoredFile[];
  readonly bytes: number;
  /** The state once they are committed. */
  readonly state: SourceState;
}

/** Splits files (sorted by path) into batches of about `BATCH_BYTES`. */
export function groupFiles(files: readonly StoredFile[], limit = BATCH_BYTES): StoredFile[][] {
  const groups: StoredFile[][] = [];
  let size = Infinity;
  for (const file of files) {
    if (size + file.size > limit && size > 0) {
      groups.push([]);
      size = 0;
    }
    groups.at(-1)!.push(file);
    size += file.size;
  }
  return groups;
}

/** Everything there is. A run that was cut off goes on behind the last file it had committed. */
export function planFullRead(
  files: readonly StoredFile[],
  state: SourceState,
  options: { base: string; runId: string; limit?: number },
): FileBatch[] {
  const through = readThrough(state);
  const open = through === undefined
    ? files
    : files.filter((file) => relativeTo(options.base, file.path) > through);
  const groups = groupFiles(open, options.limit);
  return groups.map((group) => ({
    files: group,
    bytes: sizeOf(group),
    state: {
      ...state,
      // Files are read in the order of their paths: the last one says it all. The last batch has a checkpoint too: until the
      // run is complete, a run that takes it up must know that there is nothing left to read.
      checkpoints: [{ run: options.runId, through: relativeTo(options.base, group.at(-1)!.path) }],
    },
  }));
}

/** The path behind which a cut-off run goes on. */
export function readThrough(state: SourceState): string | undefined {
  const through = state.checkpoints[0]?.through;
  return typeof through === "string" ? through : undefined;
}

/** Files that are new, or whose time or size is another than when they were loaded. */
export function planModifiedTime(
  files: readonly StoredFile[],
  state: SourceState,
  options: { base: string; runId: string; limit?: number },
): FileBatch[] {
  const seen = filesSeen(state);
  const changed = files.filter((file) => {
    const known = seen[relativeTo(options.base, file.path)];
    return !(Array.isArray(known) && known[0] === file.modified && known[1] === file.size);
  });
  const there = new Set(files.map((file) => relativeTo(options.base, file.path)));
  let now = forgetOldest(seen, there);
  const groups = groupFiles(changed, options.limit);
  return groups.map((group) => {
    now = { ...now };
    for (const file of group) now[relativeTo(options.base, file.path)] = [file.modified, file.size];
    return {
      files: group,
      bytes: sizeOf(group),
      state: {
        ...state,
        checkpoints: [{ run: options.runId }],
        metadata: { ...state.metadata, files: now },
      },
    };
  });
}

/** What people should know where rows are appended: files that were loaded before and have changed since. */
export function warningOfChanged(
  files: readonly StoredFile[],
  state: SourceState,
  base: string,
): string | undefined {
  const seen = filesSeen(state);
  const again = files.map((file) => relativeTo(base, file.path)).filter((path) => seen[path] !== undefined);
  if (again.length === 0) return undefined;
  const names = again.slice(0, 5).join(", ");
  const more = again.length > 5 ? ` and ${again.length - 5} more` : "";
  return `Files that were loaded before have changed, and all of their rows are appended again: ${names}${more}.`;
}

/** Files of the state: modification time in milliseconds and size in bytes by path, relative to the path's fixed part. */
export function filesSeen(state: SourceState): JsonObject {
  return isJsonObject(state.metadata.files) ? state.metadata.files : {};
}

function forgetOldest(seen: JsonObject, there: ReadonlySet<string>): JsonObject {
  const modified = (path: string) => {
    const entry = seen[path];
    return Array.isArray(entry) && typeof entry[0] === "number" ? entry[0] : 0;
  };
  const gone = Object.keys(seen).filter((path) => !there.has(path));
  if (gone.length <= REMEMBERED_GONE) return seen;
  const forgotten = new Set(
    gone.sort((a, b) => modified(a) - modified(b)).slice(0, gone.length - REMEMBERED_GONE),
  );
  return Object.fromEntries(Object.entries(seen).filter(([path]) => !forgotten.has(path)));
}

function sizeOf(files: readonly StoredFile[]): number {
  return files.reduce((sum, file) => sum + file.size, 0);
}
