/** What stands beside a file that is not there: a run in its Worker may not look into folders, and this thread may. */
import { errorFromData, errorToData } from "../sandbox/mod.ts";
import { DataLoaderError, type ErrorData } from "../sdk/mod.ts";

/** The error with the names that are there in its hint, where it is about a file that is missing. */
export async function withNamesNear(error: ErrorData): Promise<ErrorData> {
  const path = error.context?.path;
  const missing = error.code === "FILE_NOT_FOUND" || error.code === "NO_FILES";
  if (!missing || typeof path !== "string" || (error.context?.near as string[] | undefined)?.length !== 0) {
    return error;
  }
  // Only now: most runs need it not at all.
  const { namesNear } = await import("../storage/mod.ts");
  const near = await namesNear(path) ?? [];
  if (near.length === 0) return { ...error, hint: "its folder is empty or not there" };
  return { ...error, hint: `there are: ${near.join(", ")}`, context: { ...error.context, near } };
}

/** The same of an error that is thrown. */
export async function thrownWithNamesNear(error: unknown): Promise<unknown> {
  if (!(error instanceof DataLoaderError)) return error;
  const data = errorToData(error);
  const told = await withNamesNear(data);
  return told === data ? error : errorFromData(told);
}
