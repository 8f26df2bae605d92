/** The columns that identify a row. */
import { ConnectorError, nearest, type Schema } from "../../sdk/mod.ts";
import { findColumn, nameOf, type Target } from "./table.ts";

/**
 * The merge keys as the batch spells them.
 * @throws {ConnectorError} `MERGE_KEY_MISSING` with the nearest name, `MERGE_WITHOUT_KEYS`.
 */
export function findKeys(schema: Schema, mergeKeys: readonly string[]): string[] {
  if (mergeKeys.length === 0) {
    throw new ConnectorError("MERGE_WITHOUT_KEYS", "A merge needs merge_keys.", {
      hint: "name the columns that identify a row, such as merge_keys: [id]",
    });
  }
  const names = schema.fields.map((f) => f.name);
  return mergeKeys.map((key) => {
    const found = names.find((n) => n === key) ?? names.find((n) => n.toLowerCase() === key.toLowerCase());
    if (found !== undefined) return found;
    const near = nearest(key, names);
    throw new ConnectorError(
      "MERGE_KEY_MISSING",
      `The merge key "${key}" is not a column of the rows to load.`,
      {
        hint: near === undefined
          ? `the columns are: ${names.slice(0, 20).join(", ")}`
          : `did you mean "${near}"?`,
        context: { column: key },
      },
    );
  });
}

/** @throws {ConnectorError} `MERGE_KEY_MISSING` where the table that is there has no such column. */
export function requireTargetKeys(
  table: { readonly columns: readonly { readonly name: string }[] } | undefined,
  keys: readonly string[],
  target: Pick<Target, "schema" | "name">,
): void {
  if (table === undefined) return;
  const missing = keys.find((key) => findColumn(table, key) === undefined);
  if (missing === undefined) return;
  throw new ConnectorError(
    "MERGE_KEY_MISSING",
    `The merge key "${missing}" is not a column of ${nameOf(target)}, so its rows can't be matched.`,
    {
      hint: "name a key that the table has, or load it again with --full-refresh",
      context: { column: missing },
    },
  );
}
