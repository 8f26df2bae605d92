/** Listing the project's files. */
import { join } from "node:path";

/** Folders that hold nothing of ours. */
const NOT_OURS = new Set([".git", "node_modules", ".state", "out", "dist", "coverage", ".tmp"]);

/** The root of the project. */
export const ROOT = new URL("..", import.meta.url);

/** Files under `root` whose path (relative, with `/`) matches, sorted. */
export async function listFiles(root: string, matches: RegExp): Promise<string[]> {
  const found: string[] = [];
  const folders = [""];
  for (const folder of folders) {
    for await (const entry of Deno.readDir(join(root, folder))) {
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory && !NOT_OURS.has(entry.name)) folders.push(path);
      else if (entry.isFile && matches.test(path)) found.push(path);
    }
  }
  return found.sort();
}

/** The text of a file, or undefined where there is none. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
