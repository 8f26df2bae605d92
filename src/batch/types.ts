/** DuckDB's types as logical types, and the SQL that brings a column of any DuckDB type to one of ours. */
import type engine from "@duckdb/node-bindings";
import { EngineError, type LogicalType, quoteIdent, type StructField } from "../sdk/mod.ts";
import { takeNative } from "./native.ts";

const duckdb = takeNative();

/** A type of DuckDB's, read from the engine: names as DuckDB spells them, `fields` for STRUCT and UNION. */
export interface EngineTypeInfo {
  readonly name: string;
  readonly logical: LogicalType;
  /** SQL that turns `value` into `logical`; the value itself where nothing needs to be done. */
  readonly convert?: (value: string) => string;
  /** What converting loses, one sentence; undefined where it loses nothing. */
  readonly loss?: string;
}

const STRING: LogicalType = { kind: "string" };

const SIMPLE: Record<number, { name: string; logical: LogicalType }> = {
  [duckdb.Type.BOOLEAN]: { name: "BOOLEAN", logical: { kind: "boolean" } },
  [duckdb.Type.TINYINT]: { name: "TINYINT", logical: { kind: "integer", bits: 8 } },
  [duckdb.Type.SMALLINT]: { name: "SMALLINT", logical: { kind: "integer", bits: 16 } },
  [duckdb.Type.INTEGER]: { name: "INTEGER", logical: { kind: "integer", bits: 32 } },
  [duckdb.Type.BIGINT]: { name: "BIGINT", logical: { kind: "integer", bits: 64 } },
  [duckdb.Type.UTINYINT]: { name: "UTINYINT", logical: { kind: "integer", bits: 8, unsigned: true } },
  [duckdb.Type.USMALLINT]: { name: "USMALLINT", logical: { kind: "integer", bits: 16, unsigned: true } },
  [duckdb.Type.UINTEGER]: { name: "UINTEGER", logical: { kind: "integer", bits: 32, unsigned: true } },
  [duckdb.Type.UBIGINT]: { name: "UBIGINT", logical: { kind: "integer", bits: 64, unsigned: true } },
  [duckdb.Type.FLOAT]: { name: "FLOAT", logical: { kind: "float", bits: 32 } },
  [duckdb.Type.DOUBLE]: { name: "DOUBLE", logical: { kind: "float", bits: 64 } },
  [duckdb.Type.DATE]: { name: "DATE", logical: { kind: "date" } },
  [duckdb.Type.TIME]: { name: "TIME", logical: { kind: "time" } },
  [duckdb.Type.TIMESTAMP]: { name: "TIMESTAMP", logical: { kind: "datetime", tz: false } },
  [duckdb.Type.TIMESTAMP_TZ]: { name: "TIMESTAMP WITH TIME ZONE", logical: { kind: "datetime", tz: true } },
  [duckdb.Type.INTERVAL]: { name: "INTERVAL", logical: { kind: "interval" } },
  [duckdb.Type.UUID]: { name: "UUID", logical: { kind: "uuid" } },
  [duckdb.Type.BLOB]: { name: "BLOB", logical: { kind: "binary" } },
  [duckdb.Type.VARCHAR]: { name: "VARCHAR", logical: STRING },
};

const cast = (type: string) => (value: string) => `CAST(${value} AS ${type})`;

/** The cast alone makes a NULL the JSON text `null`. */
const variantToJson = (value: string) =>
  `CASE WHEN ${value} IS NULL THEN NULL ELSE CAST(${value} AS JSON) END`;

const CONVERTED: Record<number, EngineTypeInfo> = {
  [duckdb.Type.HUGEINT]: {
    name: "HUGEINT",
    logical: { kind: "decimal", precision: 38, scale: 0 },
    convert: cast("DECIMAL(38,0)"),
  },
  [duckdb.Type.UHUGEINT]: {
    name: "UHUGEINT",
    logical: { kind: "decimal", precision: 38, scale: 0 },
    convert: cast("DECIMAL(38,0)"),
  },
  [duckdb.Type.BIGNUM]: { name: "BIGNUM", logical: STRING, convert: cast("VARCHAR") },
  [duckdb.Type.ENUM]: { name: "ENUM", logical: STRING, convert: cast("VARCHAR") },
  [duckdb.Type.BIT]: { name: "BIT", logical: STRING, convert: cast("VARCHAR") },
  [duckdb.Type.SQLNULL]: { name: "NULL", logical: STRING, convert: cast("VARCHAR") },
  [duckdb.Type.GEOMETRY]: { name: "GEOMETRY", logical: STRING, convert: cast("VARCHAR") },
  [duckdb.Type.VARIANT]: { name: "VARIANT", logical: { kind: "json" }, convert: variantToJson },
  [duckdb.Type.UNION]: {
    name: "UNION",
    logical: { kind: "json" },
    convert: (value) => `to_json(${value})`,
  },
  [duckdb.Type.TIME_TZ]: { name: "TIME WITH TIME ZONE", logical: STRING, convert: cast("VARCHAR") },
  [duckdb.Type.TIME_NS]: {
    name: "TIME_NS",
    logical: { kind: "time" },
    convert: cast("TIME"),
    loss: "nanoseconds are rounded to microseconds",
  },
  [duckdb.Type.TIMESTAMP_S]: {
    name: "TIMESTAMP_S",
    logical: { kind: "datetime", tz: false },
    convert: cast("TIMESTAMP"),
  },
  [duckdb.Type.TIMESTAMP_MS]: {
    name: "TIMESTAMP_MS",
    logical: { kind: "datetime", tz: false },
    convert: cast("TIMESTAMP"),
  },
  [duckdb.Type.TIMESTAMP_NS]: {
    name: "TIMESTAMP_NS",
    logical: { kind: "datetime", tz: false },
    convert: cast("TIMESTAMP"),
    loss: "nanoseconds are cut to microseconds",
  },
};

/** Reads a type of the engine's. `value` is bound nowhere: nothing is run. */
export function readEngineType(type: engine.LogicalType): EngineTypeInfo {
  const id = duckdb.get_type_id(type);
  const simple = SIMPLE[id];
  if (simple !== undefined) {
    return id === duckdb.Type.VARCHAR && duckdb.logical_type_get_alias(type) === "JSON"
      ? { name: "JSON", logical: { kind: "json" } }
      : simple;
  }
  switch (id) {
    case duckdb.Type.DECIMAL: {
      const precision = duckdb.decimal_width(type);
      const scale = duckdb.decimal_scale(type);
      return { name: `DECIMAL(${precision},${scale})`, logical: { kind: "decimal", precision, scale } };
    }
    case duckdb.Type.LIST:
      return listType(readEngineType(duckdb.list_type_child_type(type)));
    case duckdb.Type.ARRAY: {
      const size = duckdb.array_type_array_size(type);
      const items = readEngineType(duckdb.array_type_child_type(type));
      const list = listType(items);
      return {
        ...list,
        name: `${items.name}[${size}]`,
        // Cast to a list first, then convert its items.
        convert: (value) => (list.convert ?? same)(`CAST(${value} AS ${items.name}[])`),
      };
    }
    case duckdb.Type.STRUCT:
      return structType(type);
    case duckdb.Type.MAP:
      return mapType(
        readEngineType(duckdb.map_type_key_type(type)),
        readEngineType(duckdb.map_type_value_type(type)),
      );
    default: {
      const known = CONVERTED[id];
      if (known === undefined) {
        throw new EngineError("UNSUPPORTED_TYPE", `The engine's type number ${id} is not supported.`, {
          hint: "cast the column to VARCHAR in the query",
        });
      }
      return id === duckdb.Type.ENUM || id === duckdb.Type.UNION
        ? { ...known, name: fullName(type, id) }
        : known;
    }
  }
}

const same = (value: string) => value;

/** A lambda parameter that `value` does not use, since lambdas nest. */
function freshName(value: string): string {
  const used = [...value.matchAll(/\bx(\d+)\b/g)].map((match) => Number(match[1]));
  return `x${used.length === 0 ? 0 : Math.max(...used) + 1}`;
}

function listType(items: EngineTypeInfo): EngineTypeInfo {
  const convert = items.convert;
  return {
    name: `${items.name}[]`,
    logical: { kind: "array", items: items.logical },
    convert: convert === undefined ? undefined : (value) => {
      const item = freshName(value);
      return `list_transform(${value}, lambda ${item}: ${convert(item)})`;
    },
    loss: items.loss,
  };
}

function structType(type: engine.LogicalType): EngineTypeInfo {
  const count = duckdb.struct_type_child_count(type);
  const fields: { name: string; info: EngineTypeInfo }[] = [];
  for (let index = 0; index < count; index++) {
    fields.push({
      name: duckdb.struct_type_child_name(type, index),
      info: readEngineType(duckdb.struct_type_child_type(type, index)),
    });
  }
  const unnamed = fields.some((field) => field.name === "");
  const names = fields.map((field, index) => unnamed ? `element${index + 1}` : field.name);
  const converts = unnamed || fields.some((field) => field.info.convert !== undefined);
  const losses = fields.map((field) => field.info.loss).filter((loss) => loss !== undefined);
  return {
    name: `STRUCT(${
      fields.map((f) => `${f.name === "" ? "" : `${quoteIdent(f.name)} `}${f.info.name}`).join(", ")
    })`,
    logical: {
      kind: "struct",
      fields: fields.map((field, index): StructField => ({ name: names[index]!, type: field.info.logical })),
    },
    convert: !converts ? undefined : (value) => {
      const parts = fields.map((field, index) => {
        const part = unnamed
          ? `(${value})[${index + 1}]`
          : `struct_extract(${value}, ${sqlText(field.name)})`;
        return `${quoteIdent(names[index]!)} := ${(field.info.convert ?? same)(part)}`;
      });
      return `CASE WHEN ${value} IS NULL THEN NULL ELSE struct_pack(${parts.join(", ")}) END`;
    },
    loss: losses[0],
  };
}

function mapType(key: EngineTypeInfo, value: EngineTypeInfo): EngineTypeInfo {
  const convertsEntries = key.convert !== undefined || value.convert !== undefined;
  return {
    name: `MAP(${key.name}, ${value.name})`,
    logical: {
      kind: "array",
      items: {
        kind: "struct",
        fields: [{ name: "key", type: key.logical }, { name: "value", type: value.logical }],
      },
    },
    convert: (map) => {
      if (!convertsEntries) return `map_entries(${map})`;
      const entry = freshName(map);
      const newKey = (key.convert ?? same)(`struct_extract(${entry}, 'key')`);
      const newValue = (value.convert ?? same)(`struct_extract(${entry}, 'value')`);
      return `list_transform(map_entries(${map}), lambda ${entry}: ` +
        `struct_pack("key" := ${newKey}, "value" := ${newValue}))`;
    },
    loss: key.loss ?? value.loss,
  };
}

function fullName(type: engine.LogicalType, id: engine.Type): string {
  if (id === duckdb.Type.ENUM) {
    const values: string[] = [];
    for (let i = 0; i < duckdb.enum_dictionary_size(type); i++) {
      values.push(sqlText(duckdb.enum_dictionary_value(type, i)));
    }
    return `ENUM(${values.join(", ")})`;
  }
  const members: string[] = [];
  for (let i = 0; i < duckdb.union_type_member_count(type); i++) {
    const member = readEngineType(duckdb.union_type_member_type(type, i));
    members.push(`${quoteIdent(duckdb.union_type_member_name(type, i))} ${member.name}`);
  }
  return `UNION(${members.join(", ")})`;
}

function sqlText(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}

const LOSSES: readonly [RegExp, string][] = [
  [/\bTIMESTAMP_NS\b/, "nanoseconds are cut to microseconds"],
  [/\bTIME_NS\b/, "nanoseconds are rounded to microseconds"],
];

/**
 * What a column of a DuckDB type, as DESCRIBE writes it, loses when it is read: one clause without a full stop, or
 * undefined where nothing is lost. Types without a logical type of their own are read as text or JSON, whole.
 */
export function typeLoss(duckdbType: string): string | undefined {
  const unquoted = duckdbType.replace(/"(?:[^"]|"")*"|'(?:[^']|'')*'/g, "").toUpperCase();
  return LOSSES.find(([pattern]) => pattern.test(unquoted))?.[1];
}
