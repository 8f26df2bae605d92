/** Changing a table of a SQL system as the engine has decided. */
import { DataLoaderError, type SchemaChange, type TableChange, type TableSchema } from "../../sdk/mod.ts";
import { changeRefused, changeStatements } from "./changes.ts";
import type { SqlDriver } from "./dialect.ts";
import { nameOf, type SqlColumn, type SqlTable, type Target } from "./table.ts";

/** The table that changes. `keys`: of a merge, the primary key of a table that is made and for which the recipe names none. */
export interface ChangedTarget<C extends SqlColumn> {
  readonly target: Target;
  readonly table: SqlTable<C> | undefined;
  readonly keys?: readonly string[];
}

/** The columns of a table as logical types; undefined where there is no table. */
export async function tableSchema<C extends SqlColumn>(
  driver: SqlDriver<C>,
  target: Target,
): Promise<TableSchema | undefined> {
  const table = await driver.readTable(target);
  return table && {
    columns: table.columns.filter((column) => !column.generated).map((column) => ({
      name: column.name,
      type: driver.dialect.logicalType(column),
      nullable: column.nullable,
    })),
  };
}

/** The statements of changes; those that are made already are left out. */
export function plannedChanges<C extends SqlColumn>(
  { dialect }: Pick<SqlDriver<C>, "dialect">,
  changes: readonly TableChange[],
  of: ChangedTarget<C>,
): SchemaChange[] {
  const { target, table, keys = [] } = of;
  const keyed = changes.map((change) =>
    change.kind === "create_table" && change.primaryKey.length === 0
      ? {
        ...change,
        primaryKey: change.columns.map((column) => column.name).filter((name) =>
          keys.some((key) => key.toLowerCase() === name.toLowerCase())
        ),
      }
      : change
  );
  return changeStatements(keyed, { sql: target.sql, name: nameOf(target), columns: table?.columns }, {
    quote: dialect.quote,
    columnType: dialect.columnType,
    literal: dialect.literal,
    toJson: dialect.toJson,
    comments: true,
    addsNotNull: true,
  });
}

/**
 * Makes changes. Inside a transaction.
 * @throws {ConnectorError} `SCHEMA_CHANGE_REFUSED` where the system, or a value that is there, does not take one.
 */
export async function changeTable<C extends SqlColumn>(
  driver: SqlDriver<C>,
  changes: readonly TableChange[],
  of: ChangedTarget<C>,
): Promise<SchemaChange[]> {
  const planned = plannedChanges(driver, changes, of);
  for (const change of planned) {
    try {
      await driver.run(change.statement!, `Changing ${nameOf(of.target)}`);
    } catch (cause) {
      if (!(cause instanceof DataLoaderError) || cause.retryable) throw cause;
      throw changeRefused(change, cause);
    }
  }
  return planned;
}

/** Changes that an overwrite makes of the live table and not of the staging table: names and NOT NULL. */
const LATER: ReadonlySet<TableChange["kind"]> = new Set(["rename_column", "drop_not_null", "set_not_null"]);

/** Those that are to be made when the rows are replaced: what waits already, and what comes with a batch. */
export function laterChanges(
  waiting: readonly TableChange[],
  changes: readonly TableChange[] = [],
): readonly TableChange[] {
  const known = new Set(waiting.map((change) => change.description));
  return [
    ...waiting,
    ...changes.filter(({ kind, description }) => LATER.has(kind) && !known.has(description)),
  ];
}

/** A table as it will be after such changes. */
export function changedTable<C extends SqlColumn>(
  table: SqlTable<C>,
  changes: readonly TableChange[],
): SqlTable<C> {
  return changes.reduce((before, change) => {
    if (!LATER.has(change.kind)) return before;
    const { column } = change as { column: string };
    const same = (name: string) => name.toLowerCase() === column.toLowerCase();
    const nullable = change.kind === "drop_not_null"
      ? { nullable: true }
      : change.kind === "set_not_null"
      ? { nullable: false }
      : {};
    const renamed = (name: string) => change.kind === "rename_column" && same(name) ? change.to : name;
    return {
      ...before,
      columns: before.columns.map((one) =>
        same(one.name) ? { ...one, ...nullable, name: renamed(one.name) } : one
      ),
      keys: before.keys.map((key) => ({ ...key, columns: key.columns.map(renamed) })),
    };
  }, table);
}
