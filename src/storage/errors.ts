/** What goes wrong with local files, as errors that say which file and what to do. */
import { ConnectorError } from "../sdk/mod.ts";

/**
 * Turns what the system threw into a `ConnectorError` that names the path: `PERMISSION_DENIED`, `FILE_NOT_FOUND`,
 * `DISK_FULL`, `READ_ONLY`, `NOT_A_FOLDER`, else `FILE_ERROR`. Our own errors come back as they are.
 * `doing` is what was tried: `read`, `write`, `list`, `rename`, `remove`, `lock`.
 */
export function fileError(error: unknown, doing: string, path: string): ConnectorError {
  if (error instanceof ConnectorError) return error;
  const context = { path };
  const text = error instanceof Error ? error.message : String(error);
  if (error instanceof Deno.errors.NotCapable) {
    return new ConnectorError(
      "PERMISSION_DENIED",
      `This run was not given permission to ${doing} "${path}".`,
      {
        context,
        cause: error,
        hint: "only the paths that the recipe names may be used",
      },
    );
  }
  if (error instanceof Deno.errors.NotFound) {
    return new ConnectorError("FILE_NOT_FOUND", `Can't ${doing} "${path}": it is not there.`, {
      context,
      cause: error,
      hint: "check the path; a relative one starts at the recipe's folder",
    });
  }
  if (/os error 28\b|no space left|ENOSPC|os error 112\b|disk quota|os error 122\b/i.test(text)) {
    return new ConnectorError("DISK_FULL", `Can't ${doing} "${path}": the disk is full.`, {
      context,
      cause: error,
      hint: "free some space, or write to another disk",
    });
  }
  if (/os error 30\b|read-only file system|EROFS/i.test(text)) {
    return new ConnectorError("READ_ONLY", `Can't ${doing} "${path}": the file system is read-only.`, {
      context,
      cause: error,
      hint: "choose a path that can be written",
    });
  }
  if (error instanceof Deno.errors.PermissionDenied || /os error (1|5|13)\b|EACCES|EPERM/i.test(text)) {
    return new ConnectorError("PERMISSION_DENIED", `Can't ${doing} "${path}": permission denied.`, {
      context,
      cause: error,
      hint: "check the owner and mode of the file and its folder",
    });
  }
  if (error instanceof Deno.errors.NotADirectory || /os error 20\b|ENOTDIR/.test(text)) {
    return new ConnectorError("NOT_A_FOLDER", `Can't ${doing} "${path}": a part of the path is a file.`, {
      context,
      cause: error,
      hint: "files can only lie in folders: choose another path",
    });
  }
  return new ConnectorError("FILE_ERROR", `Can't ${doing} "${path}": ${text}`, {
    context,
    cause: error,
    retryable: /os error (4|11|16|23|24|110|116)\b/.test(text),
  });
}
