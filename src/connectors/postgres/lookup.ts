/** Rows of the table that have a value, brought into the engine: to tell which rows at a cursor's value are loaded already. */
import { ConnectorError, quoteIdent, type Session } from "../../sdk/mod.ts";
import { findColumn, nameOf, type Target } from "../_sql/table.ts";
import { tableColumns } from "./catalog.ts";
import type { PgDriver } from "./driver.ts";
import { pgLiteral } from "./names.ts";
import { stream } from "./read.ts";
import { readColumn } from "./read_types.ts";
import { readTable } from "./target_table.ts";

const BATCH_ROWS = 65_536;

/**
 * A SELECT over the session that gives the rows in which `column` is `value`; undefined where there is no such table or column, or
 * the value is none of the column's.
 */
export async function lookup(
  of: { driver: PgDriver; target: Target; session: Session },
  column: string,
  value: string,
): Promise<string | undefined> {
  const { target, session } = of;
  const connection = await of.driver.connection();
  const table = (await readTable(connection, target))?.table;
  const found = table && findColumn(table, column);
  if (table === undefined || found === undefined) return undefined;
  const columns = (await tableColumns(connection, table.oid)).map(readColumn);
  const select = `SELECT ${columns.map((c) => c.select).join(", ")} FROM ${target.sql} WHERE ${
    quoteIdent(found.name)
  } = CAST(${pgLiteral(value)} AS ${found.type})`;
  const rows = stream(
    {
      snapshot: { first: connection },
      target: { name: nameOf(target), columns },
      request: { batchSize: BATCH_ROWS },
    },
    select,
  );
  async function* batches() {
    for await (const item of rows) yield* item.batches;
  }
  try {
    const schema = { fields: columns.map(({ name, type, nullable }) => ({ name, type, nullable })) };
    return (await session.fromArrow(batches(), { schema })).sql;
  } catch (error) {
    if (error instanceof ConnectorError && String(error.context.sqlstate).startsWith("22")) return undefined;
    throw error;
  }
}
