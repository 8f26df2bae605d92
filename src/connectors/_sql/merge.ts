/** `merge`: the batch is staged in a temporary table, checked, cut to one row a key, and applied. */
import { type Batch, ConnectorError, type LoadRequest } from "../../sdk/mod.ts";
import type { BulkResult, Meeting, SqlDriver } from "./dialect.ts";
import type { FittedColumn } from "./fit.ts";
import { applyScd2 } from "./scd2.ts";
import type { SqlColumn, SqlTable, Target } from "./table.ts";

/** The number of each row in its batch, from 1, in a staging table. */
export const ROW_COLUMN = "_dataloader_row";
const STAGE = "_dataloader_batch";

/** A batch in a temporary table. */
export interface Staged<C extends SqlColumn = SqlColumn> {
  /** Name of the temporary table, quoted. */
  readonly table: string;
  readonly columns: readonly FittedColumn<C>[];
  readonly loaded: BulkResult;
}

/** Puts a batch into a temporary table, as it comes. Inside the transaction, so that it is gone with it. */
export async function stageBatch<C extends SqlColumn>(
  driver: SqlDriver<C>,
  batch: Batch,
  columns: readonly FittedColumn<C>[],
): Promise<Staged<C>> {
  const { quote, statements, types } = driver.dialect;
  const definitions = columns.map(({ column, conversion }) =>
    `${quote(column.name)} ${conversion.staged?.type ?? column.type}`
  );
  definitions.push(`${quote(ROW_COLUMN)} ${types.int64}`);
  await driver.run(
    statements.createTemporary(quote(STAGE), definitions),
    "Making a temporary table for the batch",
  );
  const table = statements.temporary(quote(STAGE));
  const loaded = await driver.bulkLoad(batch, { table, columns, staged: true, rowColumn: ROW_COLUMN });
  return { table, columns, loaded };
}

/** What a merge goes by. */
export interface MergePlan {
  readonly request: LoadRequest;
  /** Merge keys as the target spells them. */
  readonly keys: readonly string[];
  readonly target: Target;
  /** The time of new versions, RFC 3339: scd2 only. */
  readonly at: string;
}

/**
 * Refuses NULL keys and leaves one row a key: the one with the highest `orderBy`, else the last.
 * @throws {ConnectorError} `NULL_KEY` with a count and a sample.
 */
export async function settleKeys<C extends SqlColumn>(
  driver: SqlDriver<C>,
  staged: Staged<C>,
  plan: MergePlan,
): Promise<void> {
  await refuseNullKeys(driver, staged, plan.keys);
  await keepLatest(driver, staged, plan);
}

async function refuseNullKeys<C extends SqlColumn>(
  driver: SqlDriver<C>,
  staged: Staged<C>,
  keys: readonly string[],
): Promise<void> {
  const { quote } = driver.dialect;
  const [row] = await driver.query<{ n: bigint | number; first: bigint | number | null }>(
    `SELECT count(*) AS n, min(${quote(ROW_COLUMN)}) AS first FROM ${staged.table} WHERE ${
      keys.map((key) => `${quote(key)} IS NULL`).join(" OR ")
    }`,
  );
  const rows = Number(row!.n);
  if (rows === 0) return;
  throw new ConnectorError(
    "NULL_KEY",
    `${rows} ${rows === 1 ? "row has" : "rows have"} NULL in a merge key (${
      keys.join(", ")
    }); the first is row ${row!.first} of the batch.`,
    {
      hint: "leave such rows out with a filter step, or choose other keys",
      context: { keys: [...keys], rows, row: Number(row!.first) },
    },
  );
}

async function keepLatest<C extends SqlColumn>(
  driver: SqlDriver<C>,
  staged: Staged<C>,
  plan: MergePlan,
): Promise<void> {
  const { quote } = driver.dialect;
  const { table } = staged;
  const keys = plan.keys.map(quote);
  const twice = `SELECT ${keys.join(", ")} FROM ${table} GROUP BY ${keys.join(", ")} HAVING count(*) > 1`;
  const some = await driver.query(`SELECT 1 AS x FROM (${twice}) AS d LIMIT 1`);
  if (some.length === 0) return;
  const by = staged.columns.find((c) => c.field.name.toLowerCase() === plan.request.orderBy?.toLowerCase());
  const row = quote(ROW_COLUMN);
  const order = by === undefined ? "" : `s.${quote(by.column.name)} DESC NULLS LAST, `;
  await driver.run(
    `DELETE FROM ${table} WHERE ${row} IN (
       SELECT id FROM (SELECT s.${row} AS id, row_number() OVER (
           PARTITION BY ${keys.map((key) => `s.${key}`).join(", ")} ORDER BY ${order}s.${row} DESC) AS nth
         FROM ${table} AS s JOIN (${twice}) AS d ON ${
      keys.map((key) => `s.${key} = d.${key}`).join(" AND ")
    }) AS n
       WHERE nth > 1)`,
  );
}

/** Applies a staged batch by the strategy asked for. Inside the transaction. Returns rows inserted or updated. */
export async function applyMerge<C extends SqlColumn>(
  driver: SqlDriver<C>,
  staged: Staged<C>,
  plan: MergePlan & { table: SqlTable<C> },
): Promise<number> {
  const { statements } = driver.dialect;
  const meeting = meetingOf(driver, staged, plan);
  const unique = plan.table.keys.some((key) => key.usable && sameColumns(key.columns, plan.keys));
  switch (plan.request.strategy) {
    case "insert_only":
      if (unique && statements.insertNew !== undefined) {
        return await driver.run(statements.insertNew(meeting));
      }
      await driver.lockTable(plan.target);
      return await driver.run(statements.insertMissing(meeting));
    case "delete_insert":
      // Without a unique key another load could put the same keys in between the two statements.
      if (!unique) await driver.lockTable(plan.target);
      await driver.run(statements.deleteMatching(meeting));
      return await driver.run(statements.insert(meeting));
    case "upsert": {
      if (unique && statements.upsert !== undefined) return await driver.run(statements.upsert(meeting));
      await driver.lockTable(plan.target);
      const updated = meeting.differs("s") === undefined
        ? 0
        : await driver.run(statements.updateMatching(meeting));
      return updated + await driver.run(statements.insertMissing(meeting));
    }
    case "scd2":
      await driver.lockTable(plan.target);
      return await applyScd2(driver, staged, plan);
  }
}

/** The staged rows and the table, as statements need them. */
export function meetingOf<C extends SqlColumn>(
  driver: Pick<SqlDriver<C>, "dialect">,
  staged: Pick<Staged<C>, "table" | "columns">,
  plan: { target: Target; keys: readonly string[] },
): Meeting {
  const { quote, differs } = driver.dialect;
  const values = staged.columns.map((c) => valueOf(driver, c));
  const others = staged.columns.flatMap(({ column }, index) =>
    plan.keys.includes(column.name) ? [] : [{ column, name: quote(column.name), value: values[index]! }]
  );
  return {
    target: plan.target.sql,
    staged: staged.table,
    keys: plan.keys.map(quote),
    columns: staged.columns.map((c) => quote(c.column.name)),
    values,
    differs: (side) =>
      others.length === 0
        ? undefined
        : others.map(({ column, name, value }) =>
          differs(column, { left: `t.${name}`, right: side === "s" ? value : `excluded.${name}` })
        ).join(" OR "),
  };
}

/** SQL over the staged rows, aliased `s`: the value of a column as the target takes it. */
export function valueOf<C extends SqlColumn>(
  driver: Pick<SqlDriver<C>, "dialect">,
  { column, conversion }: FittedColumn<C>,
): string {
  const staged = `s.${driver.dialect.quote(column.name)}`;
  return conversion.staged?.value(staged) ?? staged;
}

function sameColumns(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name) => b.includes(name));
}
