/** One list of columns for files whose columns differ. */
import { ConnectorError, type LogicalType } from "../sdk/mod.ts";

/** The type of each column. */
export type ColumnTypes = ReadonlyMap<string, ColumnType>;

export interface ColumnType {
  readonly type: LogicalType;
  /** The type is that of the column at the destination. */
  readonly hinted?: boolean;
  /** Of JSON records: their values do not look like the type, so each is held against it. */
  readonly exact?: boolean;
  /** Found in a sample, not asked for. */
  readonly inferred: boolean;
  /** A float of whose numbers the sample shows some that doubles hold only in part, or none that are finite. */
  readonly beyond?: boolean;
}

/** Why a value must be of a column's type, for an error's message; empty where the recipe says so. */
export function becauseOf({ inferred, hinted }: ColumnType): string {
  if (hinted) return ", which the column is at the destination";
  return inferred ? ", which the column looked like in the sample" : "";
}

/** What to do about a value that is not of a column's type. */
export function hintOnType(name: string, { inferred, hinted }: ColumnType): string {
  if (hinted) {
    return `mend the value; or let the column change: \`schema: {evolution: {on_type_change: evolve}}\``;
  }
  return inferred
    ? `give the column its type under \`columns:\` (${name}: string keeps all), or set \`sample_size: -1\` to look at ` +
      "every row first"
    : "mend the value, or give the column another type under `columns:`";
}

/**
 * The columns of all files, in the order they first come up. A column that is new in a later file is added, NULL in
 * the files before it, with a warning; one that an earlier file has and a later one has not is refused unless `missing` is
 * `null`.
 * @throws {ConnectorError} `MISSING_COLUMN` naming file and column.
 */
export function mergeColumns(
  files: readonly { readonly path: string; readonly names: readonly string[] }[],
  options: { missing: "error" | "null" },
): { names: string[]; warnings: string[] } {
  const from = new Map<string, string>();
  const warnings: string[] = [];
  let before: string | undefined;
  for (const file of files) {
    const layout = JSON.stringify(file.names);
    if (layout === before) continue;
    before = layout;
    const here = new Set(file.names);
    const missing = [...from.keys()].filter((name) => !here.has(name));
    if (missing.length > 0) {
      if (options.missing === "error") throw missingColumn(file, missing[0]!, from.get(missing[0]!)!);
      warnings.push(`${file.path} lacks ${list(missing)}; NULL there.`);
    }
    const added = file.names.filter((name) => !from.has(name));
    if (added.length > 0 && from.size > 0) {
      warnings.push(`${list(added)} is new in ${file.path}; NULL in the files before it.`);
    }
    for (const name of added) from.set(name, file.path);
  }
  return { names: [...from.keys()], warnings };
}

function list(names: readonly string[]): string {
  const shown = names.slice(0, 5).map((name) => `"${name}"`).join(", ");
  return names.length > 5 ? `${shown} and ${names.length - 5} more columns` : `column ${shown}`;
}

function missingColumn(
  { path, names }: { readonly path: string; readonly names: readonly string[] },
  column: string,
  from: string,
): ConnectorError {
  const other = names.find((name) => name.toLowerCase() === column.toLowerCase());
  return new ConnectorError("MISSING_COLUMN", `${path} has no column "${column}", which ${from} has.`, {
    hint: other === undefined
      ? "mend the file, or set `missing_columns: null` to read NULL where a file lacks a column"
      : `it has "${other}": in the files of one load names are compared as they are written`,
    context: { file: path, column, first: from },
  });
}

/** @throws {ConnectorError} `UNKNOWN_COLUMN` where `columns:` names one that is not there. */
export function unknownColumn(
  name: string,
  near: string | undefined,
  names: readonly string[],
): ConnectorError {
  return new ConnectorError("UNKNOWN_COLUMN", `\`columns\` names "${name}", which is in none of the files.`, {
    hint: near === undefined
      ? `the columns are: ${names.slice(0, 20).join(", ")}`
      : `did you mean "${near}"?`,
    context: { column: name },
  });
}
