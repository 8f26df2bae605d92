/** How logical types get into columns of PostgreSQL's: new columns, and the ones that are there. */
import type { LogicalType } from "../../sdk/mod.ts";
import type { Conversion } from "../_sql/dialect.ts";
import { ArrayEncoder } from "./copy_in/arrays.ts";
import { TextEncoder, UuidEncoder, UuidTextEncoder } from "./copy_in/bytes.ts";
import type { FieldEncoder } from "./copy_in/field.ts";
import { FloatEncoder } from "./copy_in/floats.ts";
import { BooleanEncoder, SmallIntegerEncoder, WideIntegerEncoder } from "./copy_in/integers.ts";
import { NumericEncoder } from "./copy_in/numeric.ts";
import { DateEncoder, IntervalEncoder, MicrosEncoder } from "./copy_in/times.ts";
import type { PgColumn, PgType } from "./target_table.ts";

/** The type of a new column. */
export function columnType(type: LogicalType): string {
  switch (type.kind) {
    case "string":
      return "text";
    case "integer":
      return integerType(type);
    case "float":
      return type.bits === 32 ? "real" : "double precision";
    case "decimal":
      return `numeric(${type.precision},${type.scale})`;
    case "datetime":
      return type.tz ? "timestamptz" : "timestamp";
    case "binary":
      return "bytea";
    case "json":
    case "struct":
      return "jsonb";
    case "array":
      return ["array", "struct"].includes(type.items.kind) ? "jsonb" : `${columnType(type.items)}[]`;
    default:
      return type.kind;
  }
}

function integerType({ bits, unsigned }: Extract<LogicalType, { kind: "integer" }>): string {
  if (unsigned) return { 8: "smallint", 16: "integer", 32: "bigint", 64: "numeric(20,0)" }[bits];
  return { 8: "smallint", 16: "smallint", 32: "integer", 64: "bigint" }[bits];
}

/** The word that recipes cast to, so that values fit a column. */
export function castName(column: PgColumn): string {
  const words: Record<string, string> = {
    int2: "int16",
    int4: "int32",
    int8: "int64",
    float4: "float32",
    float8: "float",
    bool: "boolean",
    date: "date",
    time: "time",
    timestamp: "datetime",
    timestamptz: "datetime(tz)",
    interval: "interval",
    bytea: "binary",
    uuid: "uuid",
  };
  const { name, typmod } = column.pg;
  if (name === "numeric" && typmod >= 0) {
    const { precision, scale } = numericOf(typmod);
    if (precision <= 38 && scale >= 0) return `"decimal(${precision},${scale})"`;
  }
  return words[name] ?? "string";
}

/** A conversion, and who writes what is sent. */
export interface PgConversion extends Conversion {
  readonly encoder: () => FieldEncoder;
}

/**
 * How values of a logical type get into a column, or undefined where one could change on its way without an error. What it
 * returns gives the same value or fails.
 */
export function convert(from: LogicalType, column: { readonly pg: PgType }): PgConversion | undefined {
  const to = column.pg;
  const direct = encoderOf(from, to);
  if (direct !== undefined) return { encoder: direct };
  if (isJson(to) && (from.kind === "struct" || from.kind === "array")) {
    return { engine: (value) => `CAST(to_json(${value}) AS VARCHAR)`, encoder: textEncoder(to)! };
  }
  const text = textEncoder(to);
  if (text !== undefined && !isJson(to) && hasExactText(from)) {
    return { engine: (value) => `CAST(${value} AS VARCHAR)`, encoder: text };
  }
  if (from.kind === "decimal" && from.scale === 0 && INTEGER_WIDTH[to.name] !== undefined) {
    const width = INTEGER_WIDTH[to.name]!;
    return {
      engine: (value) => `CAST(${value} AS BIGINT)`,
      encoder: () => new WideIntegerEncoder(width, { unsigned: false }),
    };
  }
  if (from.kind === "date" && to.name === "timestamp") {
    return {
      engine: (value) => `CAST(${value} AS TIMESTAMP)`,
      encoder: encoderOf({ kind: "datetime", tz: false }, to)!,
    };
  }
  return from.kind === "string" ? readByServer(to) : undefined;
}

const INTEGER_WIDTH: Record<string, 2 | 4 | 8 | undefined> = { int2: 2, int4: 4, int8: 8 };

/** Types whose text forms are many, so that text must be cast by whoever knows which; and ones that cut text. */
const NOT_FROM_TEXT = new Set([
  ...["int2", "int4", "int8", "float4", "float8", "numeric", "bool", "oid", "money"],
  ...["date", "time", "timetz", "timestamp", "timestamptz", "interval", "bytea", "name", "char"],
]);

/**
 * Numbers without a precision are read from PostgreSQL as text, and go back as they were. Text that is a number in another
 * spelling, '007', is refused: it would not come back.
 */
function exactNumber(value: string): string {
  const same = `CAST(CAST(${value} AS numeric) AS text) = ${value}`;
  return `CAST(CASE WHEN ${same} THEN ${value} ELSE 'a number in another spelling: ' || ${value} END AS numeric)`;
}

/** Text that the server itself reads: it is staged and cast. */
function readByServer(to: PgType): PgConversion | undefined {
  if (to.builtIn && to.name === "numeric" && to.typmod < 0) {
    return { staged: { type: "text", value: exactNumber }, encoder: () => new TextEncoder({ text: true }) };
  }
  const readable = to.items === undefined ? to : to.items.type;
  if (readable.builtIn && NOT_FROM_TEXT.has(readable.name)) return undefined;
  // Cast without the length, which a cast would cut to; putting it into the column refuses what is too long.
  const type = to.name === "bit" && to.builtIn ? "bit varying" : to.sql;
  return {
    staged: { type: "text", value: (value) => `CAST(${value} AS ${type})` },
    encoder: () => new TextEncoder({ text: true }),
  };
}

/** Who writes values of a logical type as a type of PostgreSQL's, where they can go as they are. */
function encoderOf(from: LogicalType, to: PgType): (() => FieldEncoder) | undefined {
  if (to.items !== undefined) {
    if (from.kind !== "array") return undefined;
    const items = encoderOf(from.items, to.items.type);
    const { oid } = to.items;
    return items && (() => new ArrayEncoder(items(), oid));
  }
  const name = to.builtIn ? to.name : "";
  switch (from.kind) {
    case "string":
      return name === "uuid" ? () => new UuidTextEncoder() : textEncoder(to);
    case "json":
      return textEncoder(to);
    case "integer":
      return integerEncoder(from, to);
    case "decimal":
      return name === "numeric" && numericFits(to, from.scale)
        ? () => new NumericEncoder({ words: 4, signed: true, scale: from.scale })
        : undefined;
    case "float":
      if (name === "float8") return () => new FloatEncoder(8);
      return name === "float4" && from.bits === 32 ? () => new FloatEncoder(4) : undefined;
    case "boolean":
      return name === "bool" ? () => new BooleanEncoder() : undefined;
    case "date":
      return name === "date" ? () => new DateEncoder() : undefined;
    case "time":
      return name === "time" ? micros("time", to) : undefined;
    case "datetime":
      return name === (from.tz ? "timestamptz" : "timestamp") ? micros("timestamp", to) : undefined;
    case "interval":
      return name === "interval" && to.typmod === -1 ? () => new IntervalEncoder() : undefined;
    case "uuid":
      return name === "uuid" ? () => new UuidEncoder() : undefined;
    case "binary":
      return name === "bytea" ? () => new TextEncoder({ text: false }) : undefined;
    default:
      return undefined;
  }
}

function micros(kind: "time" | "timestamp", to: PgType): () => FieldEncoder {
  const precision = to.typmod < 0 ? 6 : Math.min(6, to.typmod);
  return () => new MicrosEncoder(kind, { precision });
}

function integerEncoder(
  from: Extract<LogicalType, { kind: "integer" }>,
  to: PgType,
): (() => FieldEncoder) | undefined {
  if (!to.builtIn) return undefined;
  const unsigned = from.unsigned === true;
  const width = INTEGER_WIDTH[to.name];
  if (width !== undefined) {
    return from.bits === 64
      ? () => new WideIntegerEncoder(width, { unsigned })
      : () => new SmallIntegerEncoder(width);
  }
  if (to.name === "numeric" && numericFits(to, 0)) {
    const words = from.bits === 64 ? 2 : 1;
    // What is widened to 32 bits is signed then, but for uint32.
    const signed = !unsigned || from.bits < 32;
    return () => new NumericEncoder({ words, signed, scale: 0 });
  }
  // A double holds whole numbers up to 2^53, a float up to 2^24.
  if (to.name === "float8" && from.bits <= 32) return () => new FloatEncoder(8);
  return to.name === "float4" && from.bits <= 16 ? () => new FloatEncoder(4) : undefined;
}

/** Digits after the point are kept; too many before it are refused by the server. */
function numericFits(to: PgType, scale: number): boolean {
  return to.typmod < 0 || numericOf(to.typmod).scale >= scale;
}

/** https://github.com/postgres/postgres/blob/master/src/backend/utils/adt/numeric.c (make_numeric_typmod) */
export function numericOf(typmod: number): { precision: number; scale: number } {
  const bits = typmod - 4;
  return { precision: (bits >> 16) & 0xffff, scale: ((bits & 0x7ff) ^ 1024) - 1024 };
}

function isJson(to: PgType): boolean {
  return to.builtIn && (to.name === "json" || to.name === "jsonb");
}

/** For types that are sent as the text they are. */
function textEncoder(to: PgType): (() => FieldEncoder) | undefined {
  if (to.items !== undefined) return undefined;
  if (to.kind === "e" || (!to.builtIn && to.name === "citext")) return () => new TextEncoder({ text: true });
  if (!to.builtIn) return undefined;
  switch (to.name) {
    case "text":
    case "json":
    case "xml":
      return () => new TextEncoder({ text: true });
    case "jsonb":
      return () => new TextEncoder({ text: true, prefix: 1 });
    case "varchar":
    case "bpchar": {
      const maxLength = to.typmod < 0 ? undefined : to.typmod - 4;
      return () => new TextEncoder({ text: true, maxLength });
    }
    default:
      return undefined;
  }
}

/** Types whose text gives the value back, exactly and in one form. */
function hasExactText(type: LogicalType): boolean {
  return !["binary", "array", "struct"].includes(type.kind);
}

/** Types whose values are not the same just because PostgreSQL calls them equal, or that it can't compare. */
const BY_TEXT = new Set([
  ...["json", "xml", "citext", "interval", "bpchar", "numeric"],
  ...["point", "line", "lseg", "box", "path", "polygon", "circle"],
]);

/** A condition: two values of a column are different ones. */
export function differs(column: PgColumn, { left, right }: { left: string; right: string }): string {
  const type = column.pg.items?.type ?? column.pg;
  const declared = type.name === "numeric" && type.typmod >= 0;
  const byText = (BY_TEXT.has(type.name) && !declared) || type.kind === "c" ||
    (!type.builtIn && type.kind === "b");
  if (byText) return `(${left})::text IS DISTINCT FROM (${right})::text`;
  return column.fuzzy
    ? `(${left})::text COLLATE "C" IS DISTINCT FROM (${right})::text COLLATE "C"`
    : `${left} IS DISTINCT FROM ${right}`;
}
