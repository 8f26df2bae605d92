/** What stands beside a file that is not there: a run in its Worker may not look into folders, and this thread may. */
import { errorFromData, errorToData } from "../sandbox/mod.ts";
import { DataLoaderError, type ErrorData, hintOfPaths, pathsIn } from "../sdk/mod.ts";

/** The error with the names that are there in its hint, where it is about a file that is missing. */
export async function withNamesNear(error: ErrorData): Promise<ErrorData> {
  const { path, folder, near } = error.context ?? {};
  const missing = error.code === "FILE_NOT_FOUND" || error.code === "NO_FILES";
  if (!missing || typeof path !== "string" || typeof folder !== "string" || near !== undefined) return error;
  const paths = await pathsIn(folder, { like: path.slice(path.lastIndexOf("/") + 1) });
  if (paths === undefined) return error;
  return { ...error, hint: hintOfPaths(paths), context: { ...error.context, near: paths } };
}

/** The same of an error that is thrown. */
export async function thrownWithNamesNear(error: unknown): Promise<unknown> {
  if (!(error instanceof DataLoaderError)) return error;
  const data = errorToData(error);
  const told = await withNamesNear(data);
  return told === data ? error : errorFromData(told);
}
