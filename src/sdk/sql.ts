/** Writing SQL for the embedded engine (DuckDB's dialect): names, literals and type names. */
import { ConnectorError } from "./errors.ts";
import type { LogicalType } from "./types.ts";

/** Quotes a name: `weird "col"` becomes `"weird ""col"""`. */
export function quoteIdent(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Quotes a qualified name part by part, leaving out undefined parts. */
export function qualifiedName(...parts: (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined).map(quoteIdent).join(".");
}

/** Writes a value as a SQL literal. Numbers must be finite; pass a bigint for int64. */
export function quoteLiteral(value: string | number | bigint | boolean | null): string {
  if (value === null) return "NULL";
  if (typeof value === "string") {
    if (value.includes("\0")) {
      throw new ConnectorError("INVALID_VALUE", "A text with a NUL character can't be put into SQL.");
    }
    return `'${value.replaceAll("'", "''")}'`;
  }
  if (typeof value === "number" && !Number.isFinite(value)) return `'${value}'::DOUBLE`;
  return String(value);
}

/** A list literal: `['a', 'b']`. */
export function quoteList(values: readonly string[]): string {
  return `[${values.map(quoteLiteral).join(", ")}]`;
}

/** The embedded engine's name of a logical type. */
export function engineType(type: LogicalType): string {
  switch (type.kind) {
    case "string":
      return "VARCHAR";
    case "integer":
      return (type.unsigned ? "U" : "") +
        { 8: "TINYINT", 16: "SMALLINT", 32: "INTEGER", 64: "BIGINT" }[type.bits];
    case "float":
      return type.bits === 32 ? "FLOAT" : "DOUBLE";
    case "decimal":
      return `DECIMAL(${type.precision},${type.scale})`;
    case "boolean":
      return "BOOLEAN";
    case "date":
      return "DATE";
    case "time":
      return "TIME";
    case "datetime":
      return type.tz ? "TIMESTAMPTZ" : "TIMESTAMP";
    case "interval":
      return "INTERVAL";
    case "uuid":
      return "UUID";
    case "binary":
      return "BLOB";
    case "json":
      return "JSON";
    case "array":
      return `${engineType(type.items)}[]`;
    case "struct":
      return `STRUCT(${type.fields.map((f) => `${quoteIdent(f.name)} ${engineType(f.type)}`).join(", ")})`;
  }
}
