/** Changes of a table that the engine has decided on, as statements. What systems write differently is in the dialect. */
import {
  type ColumnDefinition,
  ConnectorError,
  type DataLoaderError,
  type LogicalType,
  type SchemaChange,
  type TableChange,
} from "../../sdk/mod.ts";

/** How a system writes the parts of these statements. */
export interface ChangeDialect {
  readonly quote: (name: string) => string;
  /** The type of a new column. */
  readonly columnType: (type: LogicalType) => string;
  readonly literal: (value: string) => string;
  /** A value as JSON. */
  readonly toJson: (value: string) => string;
  /** Whether columns may have comments. */
  readonly comments: boolean;
  /** Whether a column that was added may be made NOT NULL in the same transaction. */
  readonly addsNotNull: boolean;
}

/** The table that changes: its name as SQL, and as people know it. */
export interface ChangedTable {
  readonly sql: string;
  readonly name: string;
  /** Its columns; undefined where it is to be made. Changes that are made already are left out. */
  readonly columns?: readonly { readonly name: string; readonly type: string; readonly nullable: boolean }[];
}

/** What went wrong when a table was to be changed. */
export function changeRefused(change: SchemaChange, cause: DataLoaderError): ConnectorError {
  return new ConnectorError(
    "SCHEMA_CHANGE_REFUSED",
    `The table can't be changed (${change.description}): ${cause.message}`,
    {
      hint:
        "change the table yourself, choose another action for this change under `schema.evolution`, or load the " +
        "table again with --full-refresh",
      context: { column: change.column ?? null, statement: change.statement! },
      cause,
    },
  );
}

/** The statements of some changes, in order; a change may take several. */
export function changeStatements(
  changes: readonly TableChange[],
  table: ChangedTable,
  dialect: ChangeDialect,
): SchemaChange[] {
  return changes.flatMap((change) => {
    const statements = new Statements(table, dialect).of(change);
    const { kind, description, safety } = change;
    const about = kind === "create_table"
      ? description.replace("create table", `create table ${table.name}`)
      : `${description} ${kind === "add_column" ? "to" : "in"} ${table.name}`;
    const column = kind === "create_table"
      ? undefined
      : kind === "add_column"
      ? change.column.name
      : change.column;
    // People are told once of what takes several statements.
    return statements.map((statement, index): SchemaChange => ({
      kind: index === 0 ? kind : "none",
      ...(column === undefined ? {} : { column }),
      statement,
      description: about,
      safety,
    }));
  });
}

class Statements {
  readonly #table: ChangedTable;
  readonly #dialect: ChangeDialect;

  constructor(table: ChangedTable, dialect: ChangeDialect) {
    this.#table = table;
    this.#dialect = dialect;
  }

  of(change: TableChange): string[] {
    switch (change.kind) {
      case "create_table":
        return this.#table.columns === undefined ? this.#create(change) : [];
      case "add_column":
        return this.#find(change.column.name) === undefined ? this.#add(change.column) : [];
      case "rename_column":
        return this.#find(change.column) === undefined || this.#find(change.to) !== undefined
          ? []
          : [`${this.#alter} RENAME COLUMN ${this.#quote(change.column)} TO ${this.#quote(change.to)}`];
      case "change_type":
        return this.#changeType(change);
      case "drop_not_null":
        return this.#find(change.column)?.nullable === true
          ? []
          : [`${this.#alter} ALTER COLUMN ${this.#quote(change.column)} DROP NOT NULL`];
      case "set_not_null":
        return this.#find(change.column)?.nullable === false
          ? []
          : [`${this.#alter} ALTER COLUMN ${this.#quote(change.column)} SET NOT NULL`];
    }
  }

  get #alter(): string {
    return `ALTER TABLE ${this.#table.sql}`;
  }

  #quote(name: string): string {
    return this.#dialect.quote(name);
  }

  #find(name: string) {
    return this.#table.columns?.find((column) => column.name.toLowerCase() === name.toLowerCase());
  }

  #create(change: Extract<TableChange, { kind: "create_table" }>): string[] {
    const { columns, primaryKey, unique } = change;
    const parts = [
      ...columns.map((column) => `${this.#definition(column)}${column.nullable ? "" : " NOT NULL"}`),
      ...(primaryKey.length === 0
        ? []
        : [`PRIMARY KEY (${primaryKey.map((c) => this.#quote(c)).join(", ")})`]),
      ...unique.map((column) => `UNIQUE (${this.#quote(column)})`),
    ];
    return [
      `CREATE TABLE ${this.#table.sql} (${parts.join(", ")})`,
      ...columns.flatMap((column) => this.#comment(column)),
    ];
  }

  #definition({ name, type, default: fill }: ColumnDefinition): string {
    const { columnType, literal } = this.#dialect;
    const sql = columnType(type);
    return `${this.#quote(name)} ${sql}${
      fill === undefined ? "" : ` DEFAULT CAST(${literal(fill)} AS ${sql})`
    }`;
  }

  /** Rows that are there get the default, or NULL; a column without NULL needs a default for them. */
  #add(column: ColumnDefinition): string[] {
    const required = this.#dialect.addsNotNull && !column.nullable && column.default !== undefined;
    return [
      `${this.#alter} ADD COLUMN ${this.#definition(column)}`,
      ...(required ? [`${this.#alter} ALTER COLUMN ${this.#quote(column.name)} SET NOT NULL`] : []),
      ...this.#comment(column),
    ];
  }

  #comment({ name, description }: ColumnDefinition): string[] {
    if (description === undefined || !this.#dialect.comments) return [];
    return [
      `COMMENT ON COLUMN ${this.#table.sql}.${this.#quote(name)} IS ${this.#dialect.literal(description)}`,
    ];
  }

  #changeType({ column, from, to }: Extract<TableChange, { kind: "change_type" }>): string[] {
    const { columnType, literal } = this.#dialect;
    const name = this.#quote(column);
    const type = columnType(to);
    const text = columnType({ kind: "string" });
    const cast = `CAST(${name} AS ${type})`;
    // A float holds not every number: one that it does not stops the change, and with it the load.
    const checked = to.kind === "float" &&
      (from.kind === "decimal" || (from.kind === "integer" && from.bits === 64));
    const using = checked
      ? `CASE WHEN CAST(${cast} AS ${
        columnType(from)
      }) = ${name} THEN ${cast} WHEN ${name} IS NULL THEN NULL ` +
        `ELSE CAST(${literal("not exact: ")} || CAST(${name} AS ${text}) AS ${type}) END`
      : to.kind === "json"
      ? this.#dialect.toJson(name)
      : to.kind === "string" && (from.kind === "array" || from.kind === "struct")
      ? `CAST(${this.#dialect.toJson(name)} AS ${text})`
      : cast;
    return [`${this.#alter} ALTER COLUMN ${name} SET DATA TYPE ${type} USING ${using}`];
  }
}
