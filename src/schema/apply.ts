/** What changes of a table come to, without a table: plans, and batches after the first, go by it. Pure. */
import {
  counted,
  formatType,
  type SchemaChange,
  type TableChange,
  type TableChangeKind,
  type TableSchema,
} from "../sdk/mod.ts";
import { keepsKind } from "./lattice.ts";

/** Whether those who read the table find it as they know it. */
function safetyOf(change: TableChangeKind): "safe" | "destructive" {
  switch (change.kind) {
    case "change_type":
      return keepsKind(change.from, change.to) ? "safe" : "destructive";
    case "rename_column":
      return "destructive";
    default:
      return "safe";
  }
}

/** A change in words: `add column b (int64)`. */
function describeChange(change: TableChangeKind): string {
  switch (change.kind) {
    case "create_table":
      return `create table with ${counted(change.columns.length, "column")}`;
    case "add_column": {
      const { name, type, nullable, default: fill } = change.column;
      return `add column ${name} (${formatType(type)}${nullable ? "" : ", not null"})` +
        (fill === undefined ? "" : `, ${JSON.stringify(fill)} in rows that are there`);
    }
    case "change_type":
      return `change column ${change.column} from ${formatType(change.from)} to ${formatType(change.to)}`;
    case "rename_column":
      return `rename column ${change.column} to ${change.to}`;
    case "drop_not_null":
      return `let column ${change.column} be NULL`;
    case "set_not_null":
      return `refuse NULL in column ${change.column}`;
  }
}

/** A change with what people are told of it. */
export function described(change: TableChangeKind): TableChange {
  return { ...change, description: describeChange(change), safety: safetyOf(change) };
}

/** A change as a destination that has no statements tells of it. */
export function asSchemaChange(change: TableChange): SchemaChange {
  const { kind, description, safety } = change;
  return { kind, column: columnOf(change), description, safety };
}

/** The column that a change is about; undefined for a whole table. */
export function columnOf(change: TableChange): string | undefined {
  if (change.kind === "create_table") return undefined;
  return change.kind === "add_column" ? change.column.name : change.column;
}

/** The table after a change. */
export function applyChange(table: TableSchema | undefined, change: TableChange): TableSchema {
  if (change.kind === "create_table") return { columns: change.columns };
  const columns = table?.columns ?? [];
  const map = (name: string, replace: (column: TableSchema["columns"][number]) => typeof column) => ({
    columns: columns.map((column) =>
      column.name.toLowerCase() === name.toLowerCase() ? replace(column) : column
    ),
  });
  switch (change.kind) {
    case "add_column":
      return { columns: [...columns, change.column] };
    case "change_type":
      return map(change.column, (column) => ({ ...column, type: change.to }));
    case "rename_column":
      return map(change.column, (column) => ({ ...column, name: change.to }));
    case "drop_not_null":
      return map(change.column, (column) => ({ ...column, nullable: true }));
    case "set_not_null":
      return map(change.column, (column) => ({ ...column, nullable: false }));
  }
}
