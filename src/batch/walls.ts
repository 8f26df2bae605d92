/** What the embedded engine may open, whichever statement asks for it. Set once, before anybody's code runs. */

let lists: { readonly paths: string; readonly temporary: string } | undefined;
let sessions = 0;

/**
 * From now on a session opens only these files and folders (each path stands for both) and the temporary directory, loads
 * nothing, and takes no other setting than a limit on memory. There is no way back.
 */
export function setEngineWalls(paths: readonly string[], temporaryDirectory: string): void {
  if (lists !== undefined) throw new Error("The walls of the embedded engine are set already.");
  lists = { paths: paths.map(literal).join(", "), temporary: temporaryDirectory };
}

/**
 * Statements that close a session that has just been opened; empty where no walls are set. Made by nothing but
 * concatenation: code of users may have put something else in the place of the methods of strings and arrays.
 */
export function wallStatements(): string {
  if (lists === undefined) return "";
  const { paths, temporary } = lists;
  const more = paths === "" ? "" : ", " + paths;
  return "SET temp_directory = " + literal(temporary + "/spill" + ++sessions) + ";" +
    "SET allowed_paths = [" + paths + "];" +
    "SET allowed_directories = [" + literal(temporary) + more + "];" +
    "SET allowed_configs = ['memory_limit'];" +
    "SET enable_external_access = false;" +
    "SET lock_configuration = true;";
}

function literal(text: string): string {
  let quoted = "'";
  for (let i = 0; i < text.length; i++) quoted += text[i] === "'" ? "''" : text[i];
  return quoted + "'";
}
