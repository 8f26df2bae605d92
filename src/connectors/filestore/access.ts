/** What a `type: filestore` block reaches. Pure. */
import { type Access, readWrite } from "../../sdk/mod.ts";
import {
  expandBraces,
  globBase,
  hasGlob,
  joinPath,
  normalizePath,
  parentOf,
  schemeOf,
} from "../../storage/mod.ts";
import { type FilestoreConfig, isFolder } from "./config.ts";
import { WORK_FOLDER } from "./naming.ts";

const KEY = ["path"];

/**
 * To read: the file, or the folder that stands before the first glob character. To write: the folder of part files; or one
 * file, and the work folder beside it.
 */
export function accessOf(config: FilestoreConfig, use: "read" | "write"): Access[] {
  const scheme = schemeOf(config.path);
  if (scheme !== undefined && scheme !== "file") return [];
  const path = normalizePath(config.path, Deno.build.os === "windows");
  const folder = path.replace(/\/+$/, "") || "/";
  if (use === "read") return readAccess(path);
  if (isFolder(path)) return readWrite([folder], { key: KEY });
  return [
    ...readWrite([path], { key: KEY }),
    ...readWrite([joinPath(parentOf(path), WORK_FOLDER)], {
      key: KEY,
      why: "journal, lock and unfinished files",
    }),
  ];
}

function readAccess(path: string): Access[] {
  const read = (value: string, why?: string): Access => ({
    kind: "read",
    value,
    key: KEY,
    ...(why === undefined ? {} : { why }),
  });
  if (path.endsWith("/")) return [read(path.replace(/\/+$/, "") || "/")];
  if (!hasGlob(path)) return [read(path)];
  const paths = expandBraces(path).map((choice) => hasGlob(choice) ? globBase(choice) : choice);
  return [...[...new Set(paths)].map((value) => read(value)), read(path, "a file of just that name")];
}
