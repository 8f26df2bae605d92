/** Holding the columns of a batch against those of a table: what fits, what must be added, what can't be loaded. */
import {
  ConnectorError,
  counted,
  DataLoaderError,
  engineType,
  type Field,
  formatType,
  quoteIdent,
  quoteLiteral,
  type Schema,
  type SchemaChange,
  type Session,
  type TableChange,
  type TableSchema,
} from "../../sdk/mod.ts";
import { changeRefused, changeStatements } from "../_sql/changes.ts";
import { mismatchHint } from "../_sql/mismatch.ts";
import { withNewFields } from "./nested_fields.ts";
import type { Target } from "./database.ts";
import { convert, parseDuckType, toLogical } from "./types.ts";

/** A column of a table that is there. */
export interface TableColumn {
  readonly name: string;
  /** As DuckDB's catalog writes it. */
  readonly type: string;
  readonly nullable: boolean;
}

/** A table that is there. */
export interface ExistingTable {
  readonly columns: readonly TableColumn[];
  /** Columns of the primary key and of each unique constraint or index. */
  readonly keys: readonly (readonly string[])[];
}

/** Where a column of the batch goes, and how. */
export interface FittedColumn {
  /** As the table spells it. */
  readonly name: string;
  /** As the batch spells it. */
  readonly source: string;
  /** SQL over the batch, aliased `b`. */
  readonly value: string;
}

/** How a batch fits a table. */
export interface Fit {
  readonly columns: readonly FittedColumn[];
  /** To be made before the batch is written. */
  readonly changes: readonly SchemaChange[];
}

/** Reads a table's columns and keys; undefined where there is no such table. */
export async function readTable(session: Session, target: Target): Promise<ExistingTable | undefined> {
  const where = `database_name = ${quoteLiteral(target.alias)} AND lower(schema_name) = lower(${
    quoteLiteral(target.schema)
  }) AND lower(table_name) = lower(${quoteLiteral(target.name)})`;
  const columns = await session.query<{ name: string; type: string; nullable: boolean }>(
    `SELECT column_name AS name, data_type AS type, is_nullable AS nullable FROM duckdb_columns() WHERE ${where} ORDER BY column_index`,
  );
  if (columns.length === 0) return undefined;
  const keys = await session.query<{ columns: string[] }>(
    `SELECT constraint_column_names AS columns FROM duckdb_constraints()
     WHERE ${where} AND constraint_type IN ('PRIMARY KEY', 'UNIQUE')`,
  );
  return { columns, keys: keys.map((k) => k.columns) };
}

/**
 * Fits a batch to a table, or makes the table. Columns meet by name, regardless of case. Columns the table doesn't have are
 * added; columns the batch doesn't have stay NULL or get their default.
 * @param options.retype for a table without rows: a column that can't hold the new values gets their type.
 * @throws {ConnectorError} `TYPE_MISMATCH` where a value could change on its way into its column.
 */
export function fitSchema(
  schema: Schema,
  table: ExistingTable | undefined,
  options: { target: Target; retype?: boolean },
): Fit {
  const { target } = options;
  if (schema.fields.length === 0) {
    throw new ConnectorError(
      "NO_COLUMNS",
      `There are no columns to load into ${target.schema}.${target.name}.`,
      {
        hint: "keep at least one column",
      },
    );
  }
  const straight = (field: Field): FittedColumn => ({
    name: field.name,
    source: field.name,
    value: `b.${quoteIdent(field.name)}`,
  });
  if (table === undefined) {
    return { columns: schema.fields.map(straight), changes: [createTable(schema, target)] };
  }
  const byName = new Map(table.columns.map((c) => [c.name.toLowerCase(), c]));
  const columns: FittedColumn[] = [];
  const changes: SchemaChange[] = [];
  const misfits: { field: Field; column: TableColumn }[] = [];
  for (const field of schema.fields) {
    const column = byName.get(field.name.toLowerCase());
    if (column === undefined) {
      changes.push(addColumn(field, target));
      columns.push(straight(field));
      continue;
    }
    const value = convert(field.type, column.type, `b.${quoteIdent(field.name)}`);
    if (value !== undefined) columns.push({ name: column.name, source: field.name, value });
    else if (options.retype) {
      changes.push(changeType(field, column, target));
      columns.push({ ...straight(field), name: column.name });
    } else if (!addFields(field, column, { target, columns, changes })) misfits.push({ field, column });
  }
  if (misfits.length > 0) throw typeMismatch(misfits, target);
  return { columns, changes };
}

/** The statements of changes that the engine has decided on; those that are made already are left out. */
export function plannedChanges(
  changes: readonly TableChange[],
  table: ExistingTable | undefined,
  target: Target,
): SchemaChange[] {
  const name = `${target.schema}.${target.name}`;
  return changeStatements(changes, { sql: target.sql, name, columns: table?.columns }, {
    quote: quoteIdent,
    columnType: engineType,
    literal: quoteLiteral,
    toJson: (value) => `to_json(${value})`,
    comments: true,
    // "Cannot create index with outstanding updates". Rows to come are looked at before they are written.
    addsNotNull: false,
  });
}

/**
 * Makes the changes that the engine has decided on. Inside a transaction.
 * @throws {ConnectorError} `SCHEMA_CHANGE_REFUSED` where DuckDB, or a value that is there, does not take one.
 */
export async function makeChanges(
  session: Session,
  changes: readonly TableChange[],
  of: { table: ExistingTable | undefined; target: Target },
): Promise<SchemaChange[]> {
  const planned = plannedChanges(changes, of.table, of.target);
  for (const change of planned) {
    try {
      await session.run(change.statement!);
    } catch (cause) {
      if (!(cause instanceof DataLoaderError) || cause.retryable) throw cause;
      throw changeRefused(change, cause);
    }
  }
  return planned;
}

/** The columns of a table as logical types. */
export function asTableSchema(table: ExistingTable): TableSchema {
  return {
    columns: table.columns.map(({ name, type, nullable }) => ({
      name,
      type: toLogical(parseDuckType(type)),
      nullable,
    })),
  };
}

function createTable(schema: Schema, target: Target): SchemaChange {
  const columns = schema.fields.map((f) => `${quoteIdent(f.name)} ${engineType(f.type)}`);
  return {
    kind: "create_table",
    statement: `CREATE TABLE ${target.sql} (${columns.join(", ")})`,
    description: `create table ${target.schema}.${target.name} with ${counted(columns.length, "column")}`,
  };
}

function addColumn(field: Field, target: Target): SchemaChange {
  const type = engineType(field.type);
  return {
    kind: "add_column",
    column: field.name,
    statement: `ALTER TABLE ${target.sql} ADD COLUMN ${quoteIdent(field.name)} ${type}`,
    description: `add column ${field.name} (${type}) to ${target.schema}.${target.name}`,
  };
}

/** Adds the fields of records that the column lacks. False where that does not make the rows fit. */
function addFields(
  field: Field,
  column: TableColumn,
  fit: { target: Target; columns: FittedColumn[]; changes: SchemaChange[] },
): boolean {
  const { type, added } = withNewFields(toLogical(parseDuckType(column.type)), field.type, [column.name]);
  const value = added.length === 0
    ? undefined
    : convert(field.type, engineType(type), `b.${quoteIdent(field.name)}`);
  if (value === undefined) return false;
  fit.columns.push({ name: column.name, source: field.name, value });
  const { target } = fit;
  fit.changes.push(...added.map(({ path, type }): SchemaChange => ({
    kind: "add_column",
    column: column.name,
    statement: `ALTER TABLE ${target.sql} ADD COLUMN ${path.map(quoteIdent).join(".")} ${engineType(type)}`,
    description: `add field ${path.join(".")} (${engineType(type)}) to ${target.schema}.${target.name}`,
  })));
  return true;
}

function changeType(field: Field, column: TableColumn, target: Target): SchemaChange {
  const type = engineType(field.type);
  return {
    kind: "change_type",
    column: column.name,
    statement: `ALTER TABLE ${target.sql} ALTER COLUMN ${quoteIdent(column.name)} SET DATA TYPE ${type}`,
    description: `change column ${column.name} from ${column.type} to ${type}`,
  };
}

function typeMismatch(
  misfits: readonly { field: Field; column: TableColumn }[],
  target: Target,
): ConnectorError {
  const { field, column } = misfits[0]!;
  const others = misfits.slice(1).map((m) => m.field.name);
  const more = others.length === 0
    ? ""
    : ` The same goes for ${others.length} more: ${others.slice(0, 10).join(", ")}.`;
  return new ConnectorError(
    "TYPE_MISMATCH",
    `Column "${field.name}" holds ${
      engineType(field.type)
    }, which can't go into ${target.schema}.${target.name}'s ` +
      `${column.type} without changing values.${more}`,
    {
      hint: mismatchHint(field.name, castName(column)),
      context: {
        column: field.name,
        from: formatType(field.type),
        to: column.type,
        columns: misfits.map((m) => m.field.name),
      },
    },
  );
}

/** The table's type as recipes write it, where there is such a word. */
/** The type as a recipe writes it; undefined for nested ones, which no step makes of others. */
function castName(column: TableColumn): string | undefined {
  if (/[[(]/.test(column.type) && !column.type.startsWith("DECIMAL(")) return undefined;

  const words: Record<string, string> = {
    "TIMESTAMP WITH TIME ZONE": "datetime(tz)",
    TIMESTAMP: "datetime",
    VARCHAR: "string",
    TINYINT: "int8",
    SMALLINT: "int16",
    INTEGER: "int32",
    BIGINT: "int64",
    DOUBLE: "float",
    FLOAT: "float32",
    BLOB: "binary",
  };
  return words[column.type] ?? `"${column.type.toLowerCase()}"`;
}
