/** Paths in recipes: pure, for POSIX and Windows alike, never asking the file system. */
import { isAbsolutePath } from "../sdk/mod.ts";

/** True for a file name as Windows writes it: `C:\x`, `C:/x`, `\\server\share`, or `a\b` without any `/`. */
function isWindowsStyle(file: string): boolean {
  return /^([a-z]:[\\/]|\\\\)/i.test(file) || (file.includes("\\") && !file.includes("/"));
}

/**
 * Resolves a path written in a recipe against the folder of that recipe. Absolute paths, URLs and `:memory:` stay
 * as they are; a trailing `/` and globs are kept. Beside a Windows recipe `\` separates parts and the result has `/`.
 */
export function resolvePath(recipe: string, path: string): string {
  if (path === "" || isAbsolutePath(path)) return path;
  const windows = isWindowsStyle(recipe);
  const slashes = (text: string) => windows ? text.replaceAll("\\", "/") : text;
  const base = slashes(recipe);
  const folder = base.slice(0, base.lastIndexOf("/") + 1);
  return folder === "" ? normalizePath(path) : normalizePath(folder + slashes(path));
}

/** Takes `.` and `..` out where that can be done by the letters alone. */
export function normalizePath(path: string): string {
  const root = /^([a-z]:\/|\/\/?|)/i.exec(path)![0];
  const parts: string[] = [];
  for (const part of path.slice(root.length).split("/")) {
    if (part === "..") {
      if (parts.length > 0 && parts.at(-1) !== "..") parts.pop();
      else if (root === "") parts.push(part);
    } else if (part !== "." && part !== "") {
      parts.push(part);
    }
  }
  const joined = root + parts.join("/");
  if (joined === "") return path.endsWith("/") ? "./" : ".";
  return path.endsWith("/") && !joined.endsWith("/") ? `${joined}/` : joined;
}
