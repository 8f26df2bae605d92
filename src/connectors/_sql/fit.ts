/** Holding the columns of a batch against those of a table: what fits, what must be added, what can't be loaded. */
import {
  ConnectorError,
  counted,
  engineType,
  type Field,
  formatType,
  type Schema,
  type SchemaChange,
} from "../../sdk/mod.ts";
import type { Conversion, Dialect } from "./dialect.ts";
import { mismatchHint } from "./mismatch.ts";
import { findColumn, nameOf, type SqlColumn, type SqlTable, type Target } from "./table.ts";

/** Where a column of the batch goes, and how. */
export interface FittedColumn<C extends SqlColumn = SqlColumn> {
  readonly field: Field;
  readonly column: C;
  readonly conversion: Conversion;
}

/** How a batch fits a table. */
export interface Fit<C extends SqlColumn = SqlColumn> {
  /** Columns that are there; after `changes` are made, fit again to have all. */
  readonly columns: readonly FittedColumn<C>[];
  /** To be made before the batch is written. */
  readonly changes: readonly SchemaChange[];
}

export interface FitOptions {
  readonly target: Target;
  /** For a table without rows: a column that can't hold the new values gets their type. */
  readonly retype?: boolean;
  /** Columns of the primary key of a table that is made. */
  readonly keys?: readonly string[];
}

/**
 * Fits a batch to a table, or makes the table. Columns meet by name: spelled the same, else the same regardless of case.
 * Columns the table doesn't have are added; columns the batch doesn't have stay NULL or get their default.
 * @throws {ConnectorError} `TYPE_MISMATCH` where a value could change on its way into its column, `GENERATED_COLUMN`,
 * `IDENTIFIER_TOO_LONG`, `NO_COLUMNS`.
 */
export function fitSchema<C extends SqlColumn>(
  schema: Schema,
  table: SqlTable<C> | undefined,
  options: FitOptions & { dialect: Dialect<C> },
): Fit<C> {
  const { target, dialect } = options;
  if (schema.fields.length === 0) {
    throw new ConnectorError("NO_COLUMNS", `There are no columns to load into ${nameOf(target)}.`, {
      hint: "keep at least one column",
    });
  }
  if (table === undefined) return { columns: [], changes: [createTable(schema, options)] };
  const columns: FittedColumn<C>[] = [];
  const changes: SchemaChange[] = [];
  const misfits: { field: Field; column: C }[] = [];
  for (const field of schema.fields) {
    const column = findColumn(table, field.name);
    if (column === undefined) {
      changes.push(addColumn(field, { target, dialect }));
      continue;
    }
    if (column.generated) throw generatedColumn(column, target);
    const conversion = dialect.convert(field.type, column);
    if (conversion !== undefined) columns.push({ field, column, conversion });
    else if (options.retype) changes.push(changeType(field, column, { target, dialect }));
    else misfits.push({ field, column });
  }
  refuseTwice(columns, target);
  if (misfits.length > 0) throw typeMismatch(misfits, { target, dialect });
  return { columns, changes };
}

/** Two columns of the batch that differ by case only may find the same column. */
function refuseTwice(columns: readonly FittedColumn[], target: Target): void {
  const seen = new Map<string, string>();
  for (const { field, column } of columns) {
    const other = seen.get(column.name);
    if (other !== undefined) {
      throw new ConnectorError(
        "DUPLICATE_COLUMN",
        `"${other}" and "${field.name}" both go into column "${column.name}" of ${nameOf(target)}.`,
        { hint: "rename one of them with a rename_columns step", context: { columns: [other, field.name] } },
      );
    }
    seen.set(column.name, field.name);
  }
}

function createTable<C extends SqlColumn>(
  schema: Schema,
  { target, keys = [], dialect }: FitOptions & { dialect: Dialect<C> },
): SchemaChange {
  for (const field of schema.fields) refuseLongName(field.name, dialect);
  const columns = schema.fields.map((f) => `${dialect.quote(f.name)} ${dialect.columnType(f.type)}`);
  const key = keys.length === 0 ? [] : [`PRIMARY KEY (${keys.map(dialect.quote).join(", ")})`];
  return {
    kind: "create_table",
    statement: `CREATE TABLE ${target.sql} (${[...columns, ...key].join(", ")})`,
    description: `create table ${nameOf(target)} with ${counted(columns.length, "column")}${
      keys.length === 0 ? "" : ` and the primary key (${keys.join(", ")})`
    }`,
  };
}

interface Place<C extends SqlColumn> {
  readonly target: Target;
  readonly dialect: Dialect<C>;
}

function addColumn<C extends SqlColumn>(field: Field, { target, dialect }: Place<C>): SchemaChange {
  refuseLongName(field.name, dialect);
  const type = dialect.columnType(field.type);
  return {
    kind: "add_column",
    column: field.name,
    statement: `ALTER TABLE ${target.sql} ADD COLUMN ${dialect.quote(field.name)} ${type}`,
    description: `add column ${field.name} (${type}) to ${nameOf(target)}`,
  };
}

function changeType<C extends SqlColumn>(
  field: Field,
  column: C,
  { target, dialect }: Place<C>,
): SchemaChange {
  const type = dialect.columnType(field.type);
  return {
    kind: "change_type",
    column: column.name,
    statement: `ALTER TABLE ${target.sql} ALTER COLUMN ${dialect.quote(column.name)} TYPE ${type} USING NULL`,
    description: `change column ${column.name} from ${column.type} to ${type}`,
  };
}

/** @throws {ConnectorError} `IDENTIFIER_TOO_LONG`: the system would cut it, and two names could become one. */
export function refuseLongName(name: string, dialect: Pick<Dialect, "identifierBytes" | "system">): void {
  const bytes = new TextEncoder().encode(name).length;
  if (bytes <= dialect.identifierBytes) return;
  throw new ConnectorError(
    "IDENTIFIER_TOO_LONG",
    `The name "${name}" has ${bytes} bytes, and ${dialect.system} takes ${dialect.identifierBytes}.`,
    { hint: "give the column a shorter name with a rename_columns step", context: { name, bytes } },
  );
}

function generatedColumn(column: SqlColumn, target: Target): ConnectorError {
  return new ConnectorError(
    "GENERATED_COLUMN",
    `Column "${column.name}" of ${nameOf(target)} is computed by the database and can't be loaded.`,
    { hint: "leave it out with a drop_columns step", context: { column: column.name } },
  );
}

function typeMismatch<C extends SqlColumn>(
  misfits: readonly { field: Field; column: C }[],
  { target, dialect }: Place<C>,
): ConnectorError {
  const { field, column } = misfits[0]!;
  const others = misfits.slice(1).map((m) => m.field.name);
  const more = others.length === 0
    ? ""
    : ` The same goes for ${others.length} more: ${others.slice(0, 10).join(", ")}.`;
  return new ConnectorError(
    "TYPE_MISMATCH",
    `Column "${field.name}" holds ${engineType(field.type)}, which can't go into ${nameOf(target)}'s ` +
      `${column.type} without changing values.${more}`,
    {
      hint: mismatchHint(field.name, dialect.castName(column)),
      context: {
        column: field.name,
        from: formatType(field.type),
        to: column.type,
        columns: misfits.map((m) => m.field.name),
      },
    },
  );
}
