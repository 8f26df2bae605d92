/** Folders of files that a run writes. In a sandbox it may use those files, and not the folders they lie in. */
import { nearest } from "./nearest.ts";

type Sync = (folder: string) => Promise<void>;

let elsewhere: Sync | undefined;

/** For the sandbox, once: how folders that this thread may not open are brought to the disk. */
export function syncFoldersBy(sync: Sync): void {
  elsewhere ??= sync;
}

/**
 * Brings a folder's entries (renames, new files, removals) to the disk. Windows has no such call and needs none.
 * @throws what the system says; `Deno.errors.NotCapable` where neither this thread nor another may open the folder.
 */
export async function syncFolderEntries(folder: string): Promise<void> {
  if (Deno.build.os === "windows") return;
  try {
    using directory = await Deno.open(folder === "" ? "." : folder, { read: true });
    await directory.sync();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotCapable) || elsewhere === undefined) throw error;
    await elsewhere(folder);
  }
}

/**
 * What a folder holds: paths, at most `limit`, the one whose name is most like `like` first; folders end with `/`. Hidden
 * files and those that a load leaves beside its own are left out. Undefined where it may not be looked into.
 */
export async function pathsIn(
  folder: string,
  { like, limit = 5 }: { like: string; limit?: number },
): Promise<string[] | undefined> {
  const names: string[] = [];
  try {
    for await (const { name, isDirectory } of Deno.readDir(folder === "" ? "." : folder)) {
      if (!/^(\.|_dataloader)/.test(name)) names.push(isDirectory ? `${name}/` : name);
    }
  } catch (error) {
    const isNone = error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory;
    return isNone ? [] : undefined;
  }
  names.sort();
  const best = nearest(like, names);
  const ordered = best === undefined ? names : [best, ...names.filter((name) => name !== best)];
  const base = folder === "" || folder.endsWith("/") ? folder : `${folder}/`;
  return ordered.slice(0, limit).map((name) => base + name);
}

/** The hint that names them. */
export function hintOfPaths(paths: readonly string[]): string {
  return paths.length === 0 ? "its folder is empty or not there" : `there are: ${paths.join(", ")}`;
}

/** Makes a folder and those above it. One that may not be made was made beforehand, or what is written in it will tell. */
export async function makeFolders(folder: string): Promise<void> {
  try {
    await Deno.mkdir(folder, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotCapable)) throw error;
  }
}
