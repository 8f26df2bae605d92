/** Files that are there whole or not at all, also after a power cut. */

/**
 * Replaces the content of a file: writes it beside, flushes it to the disk, renames it over. The new name lasts once
 * `syncFolderEntries` has run. Only one process at a time may write the same path.
 */
export async function replaceFile(path: string, content: Uint8Array): Promise<void> {
  // The name is fixed, so what a killed process left is overwritten by the next save.
  const temporary = `${path}.tmp`;
  try {
    await writeSynced(temporary, content);
    await renameOver(temporary, path);
  } catch (error) {
    await removeIfThere(temporary);
    throw error;
  }
}

/** The content of a file, or undefined where there is none. */
export async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return await Deno.readFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Removes a file; one that is not there is no error. */
export async function removeIfThere(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

async function writeSynced(path: string, content: Uint8Array): Promise<void> {
  using file = await Deno.open(path, { write: true, create: true, truncate: true });
  let written = 0;
  while (written < content.length) written += await file.write(content.subarray(written));
  await file.sync();
}

/** Windows refuses a rename while a reader or a virus scanner has the file open: it passes within moments. */
async function renameOver(from: string, to: string): Promise<void> {
  const attempts = Deno.build.os === "windows" ? 10 : 1;
  for (let attempt = 1;; attempt++) {
    try {
      return await Deno.rename(from, to);
    } catch (error) {
      const held = error instanceof Deno.errors.PermissionDenied || error instanceof Deno.errors.Busy;
      if (!held || attempt >= attempts) throw error;
      await new Promise((resolve) => setTimeout(resolve, attempt * 20));
    }
  }
}
