/** Values that occur twice where `schema` says that they don't. */
import type { ResourcePlan } from "../plan/mod.ts";
import { type SchemaPolicy, schemaProblem } from "../schema/mod.ts";
import { type Batch, quoteIdent } from "../sdk/mod.ts";

export interface DuplicateOptions {
  readonly policy: SchemaPolicy;
  readonly resource: ResourcePlan;
  /** What the destination checks itself. */
  readonly constraints: readonly ("primary_key" | "unique")[];
  /** Names in the batch by names of the schema, in lower case, where they differ. */
  readonly names?: ReadonlyMap<string, string>;
}

/**
 * Looks for keys and unique values that occur twice in a batch. NULLs are no values.
 * @throws {ConnectorError} `SCHEMA_DUPLICATE` with the row and the value of the second.
 */
export async function refuseDuplicates(batch: Batch, options: DuplicateOptions): Promise<void> {
  const { policy, resource, constraints } = options;
  const key = policy.columns.filter((column) => column.primaryKey);
  const sets = [
    ...(key.length > 0 && !constraints.includes("primary_key") ? [{ columns: key, key: true }] : []),
    ...(constraints.includes("unique")
      ? []
      : policy.columns.filter((column) => column.unique && !column.primaryKey))
      .map((column) => ({ columns: [column], key: false })),
  ];
  const { mode, mergeKeys } = resource.destination;
  const merged = new Set(mergeKeys.map((name) => name.toLowerCase()));
  for (const set of sets) {
    const names = set.columns.map(({ name }) =>
      options.names?.get(name.toLowerCase()) ?? spelling(batch, name)
    );
    if (names.some((name) => name === undefined)) continue;
    // A merge keeps one row a key.
    if (mode === "merge" && set.columns.every(({ name }) => merged.has(name.toLowerCase()))) continue;
    const list = names.map((name) => quoteIdent(name!)).join(", ");
    const row = quoteIdent("__dataloader_row");
    const value = names.map((name) => `CAST(${quoteIdent(name!)} AS VARCHAR)`).join(", ");
    const [found] = await batch.session.query<{ row: bigint; value: string }>(
      `SELECT min(${row}) AS "row", arg_min(concat_ws(', ', ${value}), ${row}) AS "value" FROM (` +
        `SELECT *, row_number() OVER (PARTITION BY ${list} ORDER BY ${row}) AS __dataloader_nth FROM (` +
        `SELECT *, row_number() OVER () AS ${row} FROM (${batch.sql}))) WHERE __dataloader_nth > 1 AND ` +
        names.map((name) => `${quoteIdent(name!)} IS NOT NULL`).join(" AND ") + ` HAVING count(*) > 0`,
    );
    if (found === undefined) continue;
    throw schemaProblem.duplicateValue({
      columns: names as string[],
      row: Number(found.row),
      value: found.value.slice(0, 200),
      key: set.key,
    }, { policy, column: set.columns[0] });
  }
}

function spelling(batch: Batch, name: string): string | undefined {
  return batch.columns.find((column) => column.toLowerCase() === name.toLowerCase());
}
