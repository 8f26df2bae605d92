/** The errors of states in files: what failed, which file, and the exact way out. */
import { type Json, StateError } from "../sdk/mod.ts";

/** Where a state and its backup are, and what the backup is worth. */
export interface CorruptedFile {
  readonly recipe: string;
  readonly directory: string;
  readonly path: string;
  readonly backupPath: string;
  readonly reason: string;
  readonly backup:
    | { readonly kind: "usable"; readonly revision: number; readonly savedAt: string }
    | { readonly kind: "missing" | "corrupted" };
}

/** A state that is there and can't be read: the run stops, and the person chooses how to go on. */
export function corruptedError(file: CorruptedFile): StateError {
  const reset = resetCommand(file.recipe, file.directory);
  const { backup } = file;
  const hint = backup.kind === "usable"
    ? `go back to the save before it (revision ${backup.revision} of ${backup.savedAt}) with \`${
      moveCommand(file.backupPath, file.path)
    }\`, or start from the beginning with \`${reset}\``
    : `${
      backup.kind === "missing" ? "there is no backup" : `the backup ${file.backupPath} can't be read either`
    }: put back a copy of the file, or start from the beginning with \`${reset}\``;
  return new StateError(
    "STATE_CORRUPTED",
    `The state of "${file.recipe}" in ${file.path} can't be read: ${file.reason}. The backup is ${file.backupPath}.`,
    {
      hint,
      context: { recipe: file.recipe, path: file.path, backup: file.backupPath, reason: file.reason },
    },
  );
}

/** The command that starts a recipe from the beginning. */
export function resetCommand(recipe: string, directory: string): string {
  const place = directory === ".state" ? "" : ` --state-dir ${shellWord(directory)}`;
  return `dataloader state reset ${shellWord(recipe)}${place}`;
}

function moveCommand(from: string, to: string): string {
  return Deno.build.os === "windows" ? `move /Y "${from}" "${to}"` : `mv ${shellWord(from)} ${shellWord(to)}`;
}

function shellWord(text: string): string {
  if (/^[\w@%+=:,./-]+$/.test(text)) return text;
  return Deno.build.os === "windows" ? `"${text}"` : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Turns what the file system refused into an error that a person can act on. Errors of ours pass through. */
export function fileError(error: unknown, verb: "read" | "write", path: string): StateError {
  if (error instanceof StateError) return error;
  const code = errorCode(error);
  const context: Record<string, Json> = { path, ...(code === undefined ? {} : { reason: code }) };
  return new StateError(
    verb === "read" ? "STATE_UNREADABLE" : "STATE_UNWRITABLE",
    `Can't ${verb} the state in ${path}: ${reasonOf(error, code)}.`,
    { hint: hintFor(error, code, verb), context, cause: error },
  );
}

function reasonOf(error: unknown, code: string | undefined): string {
  switch (code) {
    case "ENOSPC":
    case "EDQUOT":
      return "the disk is full";
    case "EROFS":
      return "the file system is read-only";
    case "EACCES":
    case "EPERM":
      return "permission denied";
    case "ENOTDIR":
    case "EEXIST":
      return "a file stands where the directory should be";
    case "EISDIR":
      return "a directory stands where the file should be";
    default:
      return error instanceof Error ? error.message : String(error);
  }
}

function hintFor(error: unknown, code: string | undefined, verb: "read" | "write"): string {
  if (code === "ENOSPC" || code === "EDQUOT") {
    return "free some space and run again: the state saved last is still there";
  }
  if (error instanceof Deno.errors.NotCapable) {
    return `let the program ${verb} the directory of states, or choose another with --state-dir`;
  }
  return `make sure this user may ${verb} there, or choose another directory with --state-dir`;
}

function errorCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}
