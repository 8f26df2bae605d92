/** The logical types of a table's columns, for holding rows against them. What has no type of ours is text. */
import type { LogicalType } from "../../sdk/mod.ts";
import type { PgColumn, PgType } from "./target_table.ts";
import { numericOf } from "./write_types.ts";

const SIMPLE: Record<string, LogicalType> = {
  int2: { kind: "integer", bits: 16 },
  int4: { kind: "integer", bits: 32 },
  int8: { kind: "integer", bits: 64 },
  float4: { kind: "float", bits: 32 },
  float8: { kind: "float", bits: 64 },
  bool: { kind: "boolean" },
  date: { kind: "date" },
  time: { kind: "time" },
  timestamp: { kind: "datetime", tz: false },
  timestamptz: { kind: "datetime", tz: true },
  interval: { kind: "interval" },
  uuid: { kind: "uuid" },
  bytea: { kind: "binary" },
  json: { kind: "json" },
  jsonb: { kind: "json" },
};

export function logicalType(column: PgColumn): LogicalType {
  return ofType(column.pg);
}

function ofType(type: PgType): LogicalType {
  if (type.items !== undefined) return { kind: "array", items: ofType(type.items.type) };
  if (!type.builtIn) return { kind: "string" };
  if (type.name === "numeric" && type.typmod >= 0) {
    const { precision, scale } = numericOf(type.typmod);
    if (precision <= 38 && scale >= 0 && scale <= precision) return { kind: "decimal", precision, scale };
  }
  return SIMPLE[type.name] ?? { kind: "string" };
}
