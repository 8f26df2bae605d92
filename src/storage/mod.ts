/** Where files are: one implementation per URL scheme. */
import { ConnectorError, type Storage } from "../sdk/mod.ts";
import { LocalStorage } from "./local.ts";
import { schemeOf } from "./paths.ts";

export { compress, decompress, verifyCompressed } from "./compression.ts";
export { fileError } from "./errors.ts";
export { expandBraces, globBase, hasGlob } from "./glob.ts";
export { LocalStorage, makeFolder, namesNear, noFiles, syncFile, syncFolder } from "./local.ts";
export {
  compressionOf,
  extensionOf,
  isOwnFile,
  joinPath,
  nameOf,
  normalizePath,
  parentOf,
  relativeTo,
  schemeOf,
} from "./paths.ts";

const LATER: Record<string, string> = {
  s3: "S3",
  gs: "Google Cloud Storage",
  gcs: "Google Cloud Storage",
  az: "Azure Blob Storage",
  abfs: "Azure Blob Storage",
  abfss: "Azure Blob Storage",
  sftp: "SFTP",
};

/**
 * The storage that a path or URL is in.
 * @throws {ConnectorError} `NOT_BUILT_YET` for remote storage, `UNKNOWN_SCHEME` for any other URL.
 */
export function storageFor(path: string): Storage {
  const scheme = schemeOf(path);
  if (scheme === undefined || scheme === "file") return new LocalStorage();
  const later = LATER[scheme];
  if (later !== undefined) {
    throw new ConnectorError(
      "NOT_BUILT_YET",
      `Files in ${later} (${scheme}://) can't be read or written yet.`,
      {
        hint: "use a local path for now",
        context: { scheme },
      },
    );
  }
  throw new ConnectorError("UNKNOWN_SCHEME", `Paths that begin with "${scheme}://" are not known.`, {
    hint: "use a local path",
    context: { scheme },
  });
}
