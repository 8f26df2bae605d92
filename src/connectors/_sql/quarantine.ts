/** The table of rows that validation has left out, beside the table that is loaded. Inside the load's transaction. */
import { ConnectorError, type QuarantinedRows } from "../../sdk/mod.ts";
import type { SqlDriver } from "./dialect.ts";
import { fitSchema } from "./fit.ts";
import { nameOf, type SqlColumn, type Target } from "./table.ts";

/** Reads `[schema.]name`, with quotes around parts that hold a dot. Undefined where the text is no such name. */
function parseName(text: string): { schema?: string; name: string } | undefined {
  const part = `(?:"((?:[^"]|"")+)"|([^".\\s]+))`;
  const found = new RegExp(`^(?:${part}\\.)?${part}$`).exec(text.trim());
  if (found === null) return undefined;
  const read = (quoted: string | undefined, plain: string | undefined) =>
    quoted?.replaceAll('""', '"') ?? plain;
  return { schema: read(found[1], found[2]), name: read(found[3], found[4])! };
}

function targetOf<C extends SqlColumn>(driver: SqlDriver<C>, table: string, beside: Target): Target {
  const { quote } = driver.dialect;
  const name = parseName(table);
  const schema = name?.schema ?? beside.schema;
  if (name === undefined || (schema === beside.schema && name.name === beside.name)) {
    throw new ConnectorError(
      "INVALID_CONFIG",
      name === undefined
        ? `"${table}" is no name for a quarantine table.`
        : `The quarantine table "${table}" is the table that is loaded.`,
      { hint: "write validation.quarantine_table: name, or schema.name", context: { table } },
    );
  }
  return { schema, name: name.name, sql: `${quote(schema)}.${quote(name.name)}` };
}

/**
 * Adds rows to the table, which is made where it is missing.
 * @throws {ConnectorError} `QUARANTINE_TABLE` where there is another table of that name.
 */
export async function addQuarantined<C extends SqlColumn>(
  driver: SqlDriver<C>,
  { table, rows }: QuarantinedRows,
  beside: Target,
): Promise<void> {
  const target = targetOf(driver, table, beside);
  const { dialect } = driver;
  await driver.lockLoad(`${target.schema}\0${target.name}`);
  if (await driver.readTable(target) === undefined) {
    await driver.createSchema(target);
    const { changes } = fitSchema(rows.schema, undefined, { target, dialect });
    for (const change of changes) await driver.run(change.statement!, `Making ${nameOf(target)}`);
  }
  const fit = fitSchema(rows.schema, await driver.readTable(target), { target, dialect });
  const missing = fit.changes.flatMap((change) => change.column ?? []);
  if (missing.length > 0) {
    throw new ConnectorError(
      "QUARANTINE_TABLE",
      `The table ${nameOf(target)} is there and is no quarantine table: it has no ${missing.join(", ")}.`,
      { hint: "choose another name for validation.quarantine_table", context: { table } },
    );
  }
  await driver.bulkLoad(rows, { table: target.sql, columns: fit.columns, staged: false });
}

/** All rows of the table that is loaded are replaced: what earlier runs have quarantined went with them. */
export async function removeOlder<C extends SqlColumn>(
  driver: SqlDriver<C>,
  of: { table: string; beside: Target; recipe: string; resource: string; runId: string },
): Promise<void> {
  const target = targetOf(driver, of.table, of.beside);
  const { literal } = driver.dialect;
  if (await driver.readTable(target) === undefined) return;
  await driver.run(
    `DELETE FROM ${target.sql} WHERE recipe = ${literal(of.recipe)} AND resource = ${
      literal(of.resource)
    } AND run_id <> ${literal(of.runId)}`,
    `Emptying ${nameOf(target)}`,
  );
}
