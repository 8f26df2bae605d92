/**
 * `strategy: scd2`: every version of a row is kept. `_valid_from` is when it began, `_valid_to` when it ended; NULL is "still
 * current". A row that comes again unchanged is left alone, so that a batch applied twice is applied once.
 */
import { ConnectorError, type Schema } from "../../sdk/mod.ts";
import type { SqlDriver } from "./dialect.ts";
import { type MergePlan, ROW_COLUMN, type Staged, valueOf } from "./merge.ts";
import { findColumn, nameOf, type SqlColumn, type SqlTable, type Target } from "./table.ts";

export const VALID_FROM = "_valid_from";
export const VALID_TO = "_valid_to";
const CHANGED = "_dataloader_changed";

/**
 * What must hold before versions are written.
 * @throws {ConnectorError} `RESERVED_COLUMN` where the rows have such a column, `SCD2_UNIQUE_KEY` where the table allows
 * one row a key only.
 */
export function checkScd2(
  schema: Schema,
  table: SqlTable | undefined,
  of: { target: Target; keys: readonly string[] },
): void {
  const taken = schema.fields.find((f) => [VALID_FROM, VALID_TO].includes(f.name.toLowerCase()));
  if (taken !== undefined) {
    throw new ConnectorError(
      "RESERVED_COLUMN",
      `The rows have a column "${taken.name}", which scd2 keeps its times in.`,
      { hint: "rename it with a rename_columns step", context: { column: taken.name } },
    );
  }
  const keys = of.keys.map((k) => k.toLowerCase());
  const unique = table?.keys.find((key) =>
    key.usable && key.columns.every((c) => keys.includes(c.toLowerCase()))
  );
  if (unique !== undefined) {
    throw new ConnectorError(
      "SCD2_UNIQUE_KEY",
      `${nameOf(of.target)} allows one row per (${
        unique.columns.join(", ")
      }), but scd2 keeps several versions of it.`,
      { hint: "load into another table, or drop the constraint", context: { columns: [...unique.columns] } },
    );
  }
}

/** Adds the two columns where they are missing. Rows that are there already began at an unknown time: NULL. */
export async function addValidity<C extends SqlColumn>(driver: SqlDriver<C>, target: Target): Promise<void> {
  const table = await driver.readTable(target);
  for (const column of [VALID_FROM, VALID_TO]) {
    if (findColumn(table!, column) !== undefined) continue;
    await driver.run(`ALTER TABLE ${target.sql} ADD COLUMN ${column} ${driver.dialect.types.instant}`);
  }
}

/**
 * The time of a load's versions: the start of the run, but later than every version there is, so that no version ends before
 * it begins when a clock goes wrong. SQL.
 */
export async function versionTime<C extends SqlColumn>(
  driver: SqlDriver<C>,
  target: Target,
  startedAt: string,
): Promise<string> {
  const { instant, later, literal } = driver.dialect;
  const start = instant(startedAt);
  const table = await driver.readTable(target);
  if (table === undefined || findColumn(table, VALID_FROM) === undefined) return start;
  const [row] = await driver.query<{ at: string }>(
    `SELECT CAST(CASE WHEN max(${VALID_FROM}) >= ${start} THEN ${
      later(`max(${VALID_FROM})`)
    } ELSE ${start} END
       AS ${driver.dialect.types.text}) AS at FROM ${target.sql}`,
  );
  return `CAST(${literal(row!.at)} AS ${driver.dialect.types.instant})`;
}

/** Closes the versions that changed and opens new ones. Inside the transaction. Returns rows inserted and updated. */
export async function applyScd2<C extends SqlColumn>(
  driver: SqlDriver<C>,
  staged: Staged<C>,
  plan: MergePlan & { table: SqlTable<C> },
): Promise<number> {
  const { quote, statements, differs } = driver.dialect;
  const { target, at } = plan;
  const loaded = new Set(staged.columns.map((c) => c.column.name));
  // A column that the batch does not have goes on as it was in the version before.
  const kept = plan.table.columns.filter((c) =>
    !loaded.has(c.name) && !c.generated && ![VALID_FROM, VALID_TO].includes(c.name.toLowerCase())
  );
  const keys = plan.keys.map(quote);
  const match = (left: string, right: string) =>
    keys.map((key) => `${left}.${key} = ${right}.${key}`).join(" AND ");
  const differences = staged.columns.filter((c) => !plan.keys.includes(c.column.name)).map((c) =>
    differs(c.column, { left: `t.${quote(c.column.name)}`, right: valueOf(driver, c) })
  );
  const all = [...staged.columns.map((c) => c.column), ...kept];
  await driver.run(
    statements.createTemporary(quote(CHANGED), all.map((c) => `${quote(c.name)} ${c.type}`)),
  );
  const changed = statements.temporary(quote(CHANGED));
  const names = all.map((c) => quote(c.name)).join(", ");
  const values = [
    ...staged.columns.map((c) => valueOf(driver, c)),
    ...kept.map((c) => `t.${quote(c.name)}`),
  ];
  await driver.run(
    `INSERT INTO ${changed} (${names}) SELECT ${values.join(", ")} FROM ${staged.table} AS s
     LEFT JOIN ${target.sql} AS t ON ${match("t", "s")} AND t.${VALID_TO} IS NULL
     WHERE t.${keys[0]} IS NULL${differences.length === 0 ? "" : ` OR ${differences.join(" OR ")}`}
     ORDER BY s.${quote(ROW_COLUMN)}`,
  );
  // A version that this load has opened itself is replaced: one version a run.
  await driver.run(
    `DELETE FROM ${target.sql} AS t USING ${changed} AS c WHERE ${
      match("t", "c")
    } AND t.${VALID_TO} IS NULL AND t.${VALID_FROM} = ${at}`,
  );
  const closed = await driver.run(
    `UPDATE ${target.sql} AS t SET ${VALID_TO} = ${at} FROM ${changed} AS c WHERE ${
      match("t", "c")
    } AND t.${VALID_TO} IS NULL`,
  );
  const opened = await driver.run(
    `INSERT INTO ${target.sql} (${names}, ${VALID_FROM}, ${VALID_TO}) SELECT ${names}, ${at}, NULL FROM ${changed}`,
  );
  await driver.run(`DROP TABLE ${changed}`);
  return closed + opened;
}
