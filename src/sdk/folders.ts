/** Folders of files that a run writes. In a sandbox it may use those files, and not the folders they lie in. */

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

/** Makes a folder and those above it. One that may not be made was made beforehand, or what is written in it will tell. */
export async function makeFolders(folder: string): Promise<void> {
  try {
    await Deno.mkdir(folder, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotCapable)) throw error;
  }
}
