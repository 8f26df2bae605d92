/** The table of rows that validation has left out, beside the table that is loaded. Inside the load's transaction. */
import {
  ConnectorError,
  engineType,
  type OpenContext,
  qualifiedName,
  type QuarantinedRows,
  quoteIdent,
  quoteLiteral,
  type Session,
} from "../../sdk/mod.ts";
import { findRelation, type Target } from "./database.ts";
import { parseTableName } from "./names.ts";
import { readTable } from "./schema.ts";

/** @throws {ConnectorError} `INVALID_CONFIG` where the name is none, or that of the table that is loaded. */
export function quarantineTarget(table: string, beside: Target): Target {
  const name = parseTableName(table);
  const schema = name?.schema ?? beside.schema;
  const same = name !== undefined && schema.toLowerCase() === beside.schema.toLowerCase() &&
    name.name.toLowerCase() === beside.name.toLowerCase();
  if (name === undefined || same) {
    throw new ConnectorError(
      "INVALID_CONFIG",
      same
        ? `The quarantine table "${table}" is the table that is loaded.`
        : `"${table}" is no name for a quarantine table.`,
      { hint: "write validation.quarantine_table: name, or schema.name", context: { table } },
    );
  }
  return {
    alias: beside.alias,
    schema,
    name: name.name,
    sql: qualifiedName(beside.alias, schema, name.name),
  };
}

/**
 * Adds rows to the table, which is made where it is missing.
 * @throws {ConnectorError} `QUARANTINE_TABLE` where there is another table of that name.
 */
export async function addQuarantined(
  session: Session,
  { table, rows }: QuarantinedRows,
  beside: Target,
): Promise<void> {
  const target = quarantineTarget(table, beside);
  const { fields } = rows.schema;
  if (target.schema.toLowerCase() !== "main") {
    await session.run(`CREATE SCHEMA IF NOT EXISTS ${qualifiedName(target.alias, target.schema)}`);
  }
  const columns = fields.map(({ name, type }) => `${quoteIdent(name)} ${engineType(type)}`);
  await session.run(`CREATE TABLE IF NOT EXISTS ${target.sql} (${columns.join(", ")})`);
  const there = new Set((await readTable(session, target))?.columns.map(({ name }) => name.toLowerCase()));
  const missing = fields.map(({ name }) => name).filter((name) => !there.has(name));
  if (missing.length > 0) {
    throw new ConnectorError(
      "QUARANTINE_TABLE",
      `The table ${target.schema}.${target.name} is there and is no quarantine table: it has no ${
        missing.join(", ")
      }.`,
      { hint: "choose another name for validation.quarantine_table", context: { table } },
    );
  }
  const names = fields.map(({ name }) => quoteIdent(name)).join(", ");
  await session.run(`INSERT INTO ${target.sql} (${names}) SELECT ${names} FROM (${rows.sql})`);
}

/** All rows of the table that is loaded are replaced: what earlier runs have quarantined went with them. */
export async function removeOlder(
  context: OpenContext,
  of: { table: string; beside: Target; runId: string },
): Promise<void> {
  const target = quarantineTarget(of.table, of.beside);
  const found = await findRelation(context.session, target);
  if (found === undefined || found.view) return;
  await context.session.run(
    `DELETE FROM ${target.sql} WHERE recipe = ${quoteLiteral(context.recipe)} AND resource = ${
      quoteLiteral(context.resource)
    } AND run_id <> ${quoteLiteral(of.runId)}`,
  );
}
