/** Pure path functions: local paths on every system, written with `/` between parts. */

/** The scheme of a URL, lower case, or `undefined` for a local path. `c:\x` and `C:/x` are paths, not URLs. */
export function schemeOf(path: string): string | undefined {
  return /^([a-z][a-z0-9+.-]+):\/\//i.exec(path)?.[1]?.toLowerCase();
}

/**
 * A local path with `/` between parts. `file://` URLs become paths; `\` separates parts on Windows only, because
 * elsewhere it is a character that a name may hold.
 */
export function normalizePath(path: string, windows: boolean): string {
  let result = path;
  if (schemeOf(path) === "file") {
    result = decodeURIComponent(path.slice("file://".length));
    if (windows && /^\/[a-z]:/i.test(result)) result = result.slice(1);
  }
  if (windows) result = result.replaceAll("\\", "/");
  const rooted = windows && result.startsWith("//") ? "/" : "";
  return rooted + result.replace(/\/{2,}/g, "/").replace(/(^|\/)(?:\.\/)+/g, "$1") || ".";
}

/** The folder a path stands in: `a/b` of `a/b/c.csv`, `.` of `c.csv`, `/` of `/c.csv`, `C:/` of `C:/c.csv`. */
export function parentOf(path: string): string {
  const trimmed = path.length > 1 ? path.replace(/\/+$/, "") : path;
  const at = trimmed.lastIndexOf("/");
  if (at < 0) return ".";
  const parent = trimmed.slice(0, at);
  if (parent === "") return "/";
  return /^[a-z]:$/i.test(parent) ? `${parent}/` : parent;
}

/** The last part of a path. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** `folder` and `name` with one `/` between; `.` adds nothing. */
export function joinPath(folder: string, name: string): string {
  if (folder === "." || folder === "") return name;
  return folder.endsWith("/") ? folder + name : `${folder}/${name}`;
}

/** `path` as seen from `folder`, or the path itself where it does not stand under it. */
export function relativeTo(folder: string, path: string): string {
  if (folder === "." || folder === "") return path;
  const prefix = folder.endsWith("/") ? folder : `${folder}/`;
  return path.startsWith(prefix) ? path.slice(prefix.length) : path;
}

/** True for what dataloader itself leaves in folders: unfinished files, journals and locks. */
export function isOwnFile(path: string): boolean {
  return path.split("/").some((part) => part === "_dataloader_loads" || part.endsWith(".tmp"));
}

/** The ending of a file name without a compression ending, lower case with the dot: `.csv` of `A.CSV.gz`; "" without. */
export function extensionOf(path: string): string {
  const name = nameOf(path).toLowerCase().replace(/\.(gz|gzip|zst|zstd)$/, "");
  const at = name.lastIndexOf(".");
  return at <= 0 ? "" : name.slice(at);
}

/** The compression a file name's ending tells. */
export function compressionOf(path: string): "gzip" | "zstd" | undefined {
  const ending = /\.(gz|gzip|zst|zstd)$/i.exec(nameOf(path))?.[1]?.toLowerCase();
  if (ending === undefined) return undefined;
  return ending.startsWith("g") ? "gzip" : "zstd";
}
