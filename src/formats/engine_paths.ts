/** Paths as the embedded engine's readers take them. */
import { quoteList } from "../sdk/mod.ts";

/** A list literal of paths, in which the engine must find no globs: it would read other files than those named. */
export function pathList(files: readonly string[]): string {
  return quoteList(files.map((file) => file.replace(/[*?[]/g, "[$&]")));
}

/** The engine's own name for a file it found by an escaped path: relative ones begin with `./`. */
export function engineName(file: string): string {
  return /[*?[]/.test(file) && !/^([a-z]:)?\//i.test(file) && !file.startsWith("./") ? `./${file}` : file;
}
