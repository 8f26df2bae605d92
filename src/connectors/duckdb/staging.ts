/**
 * The staging table of an overwrite: made like the table it will replace, filled batch by batch, put in its place in
 * one transaction. Readers see the old table or the new one.
 */
import {
  ConnectorError,
  DataLoaderError,
  type OpenContext,
  qualifiedName,
  quoteIdent,
  quoteLiteral,
  type Schema,
  type SchemaChange,
  type Session,
  type TableChange,
} from "../../sdk/mod.ts";
import { asConnectorError, beside, findRelation, type Target, within } from "./database.ts";
import { type ExistingTable, type Fit, fitSchema, makeChanges, plannedChanges, readTable } from "./schema.ts";

/** The staging table of a recipe's load: two recipes that overwrite one table don't share it. */
export function stagingOf(target: Target, context: OpenContext): Target {
  let hash = 0x811c9dc5;
  for (const char of `${context.recipe}\0${context.resource}`) {
    hash = Math.imul(hash ^ char.codePointAt(0)!, 0x01000193) >>> 0;
  }
  return beside(target, `_dataloader_stage_${target.name}_${hash.toString(16).padStart(8, "0")}`);
}

/** The table that is replaced, the one that is filled for it, and what the engine has decided on, if it has. */
export interface StagedTables {
  readonly target: Target;
  readonly staging: Target;
  readonly schema: Schema;
  readonly changes?: readonly TableChange[];
}

/**
 * Makes the staging table with keys, defaults and checks of the table it will replace, where there is one. Inside a
 * transaction. Columns that the old table has and the batch has not are kept; one that can't hold the new
 * values gets their type.
 */
export async function createStaging(
  session: Session,
  of: StagedTables,
): Promise<Fit> {
  const { target, staging, schema, changes } = of;
  const live = await readTable(session, target);
  if (live === undefined && changes !== undefined) {
    await makeChanges(session, changes, { table: undefined, target: staging });
    const fit = fitSchema(schema, await readTable(session, staging), { target: staging });
    return { ...fit, changes: plannedChanges(changes, undefined, target) };
  }
  if (live === undefined) {
    const fit = fitSchema(schema, undefined, { target: staging });
    for (const change of fit.changes) await session.run(change.statement!);
    return { ...fit, changes: fitSchema(schema, undefined, { target }).changes };
  }
  await refuseReferences(session, target);
  await within(session, target, () => copyDefinition(session, { target, staging }));
  if (changes !== undefined) {
    await makeChanges(session, changes, { table: live, target: staging });
    const fit = fitSchema(schema, await readTable(session, staging), { target: staging });
    return { ...fit, changes: plannedChanges(changes, live, target) };
  }
  const fit = fitSchema(schema, live, { target: staging, retype: true });
  for (const change of fit.changes) {
    try {
      await session.run(change.statement!);
    } catch (cause) {
      throw cause instanceof DataLoaderError ? cannotRetype(target, change, cause) : cause;
    }
  }
  // People are told of the table they know.
  return { ...fit, changes: fitSchema(schema, live, { target, retype: true }).changes };
}

/** Columns of a batch that comes after the first: the table has been made. */
export async function fitStaging(session: Session, of: StagedTables): Promise<Fit> {
  const { staging, schema, changes = [] } = of;
  await makeChanges(session, changes, { table: await readTable(session, staging), target: staging });
  const table = await readTable(session, staging) as ExistingTable;
  const fit = fitSchema(schema, table, { target: staging });
  for (const change of fit.changes) await session.run(change.statement!);
  return fit;
}

/**
 * Puts the staging table in the place of the live one. Inside a transaction. Indexes and comments are made again; views name
 * the table and go on.
 */
export async function swap(session: Session, of: { target: Target; staging: Target }): Promise<void> {
  const { target, staging } = of;
  const live = await findRelation(session, target);
  const indexes = live === undefined ? [] : await indexesOf(session, target);
  const comments = live === undefined ? [] : await commentsOf(session, target);
  if (live !== undefined) {
    await refuseReferences(session, target);
    await session.run(`DROP TABLE ${target.sql}`);
  }
  await session.run(`ALTER TABLE ${staging.sql} RENAME TO ${quoteIdent(live?.name ?? target.name)}`);
  if (indexes.length + comments.length === 0) return;
  await within(session, target, async () => {
    for (const statement of [...indexes, ...comments]) await session.run(statement);
  });
}

/** Drops the staging table if there is one. */
export async function dropStaging(session: Session, staging: Target): Promise<void> {
  await session.run(`DROP TABLE IF EXISTS ${staging.sql}`);
}

async function copyDefinition(session: Session, of: { target: Target; staging: Target }): Promise<void> {
  const [row] = await session.query<{ sql: string }>(
    `SELECT sql FROM duckdb_tables() WHERE ${named(of.target)}`,
  );
  // The catalog writes CREATE TABLE [schema.]name(…): all but the name is kept.
  const head = /^CREATE TABLE (?:(?:"(?:[^"]|"")+"|[^\s".(]+)\.)?(?:"(?:[^"]|"")+"|[^\s".(]+)\s*\(/;
  const sql = row!.sql.replace(head, () => `CREATE TABLE ${quoteIdent(of.staging.name)}(`);
  if (sql === row!.sql) {
    throw new ConnectorError(
      "TABLE_DEFINITION",
      `The definition of ${of.target.schema}.${of.target.name} can't be copied.`,
      {
        hint: "drop the table and load again",
        context: { definition: row!.sql.slice(0, 500) },
      },
    );
  }
  await session.run(sql);
}

async function indexesOf(session: Session, target: Target): Promise<string[]> {
  const rows = await session.query<{ sql: string | null }>(
    `SELECT sql FROM duckdb_indexes() WHERE ${named(target)} AND NOT is_primary`,
  );
  return rows.flatMap((row) => row.sql === null ? [] : [row.sql]);
}

async function commentsOf(session: Session, target: Target): Promise<string[]> {
  const table = qualifiedName(target.schema, target.name);
  const [row] = await session.query<{ comment: string | null }>(
    `SELECT comment FROM duckdb_tables() WHERE ${named(target)}`,
  );
  const columns = await session.query<{ name: string; comment: string }>(
    `SELECT column_name AS name, comment FROM duckdb_columns() WHERE ${
      named(target)
    } AND comment IS NOT NULL`,
  );
  return [
    ...(typeof row?.comment === "string"
      ? [`COMMENT ON TABLE ${table} IS ${quoteLiteral(row.comment)}`]
      : []),
    ...columns.map((c) => `COMMENT ON COLUMN ${table}.${quoteIdent(c.name)} IS ${quoteLiteral(c.comment)}`),
  ];
}

/** DuckDB can't drop a table that another one's foreign key points at. */
async function refuseReferences(session: Session, target: Target): Promise<void> {
  const rows = await session.query<{ name: string }>(
    `SELECT DISTINCT table_name AS name FROM duckdb_constraints() WHERE database_name = ${
      quoteLiteral(target.alias)
    }
     AND schema_name = ${quoteLiteral(target.schema)} AND constraint_type = 'FOREIGN KEY'
     AND lower(referenced_table) = lower(${quoteLiteral(target.name)})`,
  );
  if (rows.length === 0) return;
  const names = rows.map((row) => row.name);
  throw new ConnectorError(
    "FOREIGN_KEY_REFERENCE",
    `${target.schema}.${target.name} can't be replaced: a foreign key of ${names.join(", ")} points at it.`,
    {
      hint: "use write_mode: merge, or drop the foreign key",
      context: { table: target.name, referenced_by: names },
    },
  );
}

function cannotRetype(target: Target, change: SchemaChange, cause: DataLoaderError): ConnectorError {
  return new ConnectorError(
    "TYPE_MISMATCH",
    `The new rows need another type in ${target.schema}.${target.name}: ${change.description}. ` +
      `DuckDB refuses it: ${cause.message}`,
    {
      hint: "a key, check or generated column holds on to it: cast the column in a step, or drop the table",
      context: { column: change.column ?? null },
      cause: asConnectorError(cause, {}),
    },
  );
}

function named(target: Target): string {
  return `database_name = ${quoteLiteral(target.alias)} AND lower(schema_name) = lower(${
    quoteLiteral(target.schema)
  })
    AND lower(table_name) = lower(${quoteLiteral(target.name)})`;
}
