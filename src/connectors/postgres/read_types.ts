/** PostgreSQL's types as they are read: the logical type, what is selected, and how it is decoded. */
import type { LogicalType } from "../../sdk/mod.ts";
import { quoteIdent } from "../../sdk/mod.ts";
import type { CursorKind } from "../_sql/cursor.ts";
import { arrayDecoder } from "./decode_array.ts";
import { numericDecoder } from "./decode_numeric.ts";
import * as decode from "./decode.ts";
import type { Decoder } from "./decode.ts";

/** A type as the catalog has it. */
export interface CatalogType {
  readonly oid: number;
  /** As SQL writes it, with its modifier: `numeric(10,2)`. */
  readonly name: string;
  /** `b` base, `d` domain, `e` enum, `c` composite, `r` range, `m` multirange, `p` pseudo. */
  readonly kind: string;
  /** The modifier: length, or precision and scale; -1 is none. */
  readonly modifier: number;
  /** What a domain is made of, with the domain's modifier. */
  readonly base?: CatalogType;
  /** The items of an array, with the array's modifier. */
  readonly items?: CatalogType;
}

/** A column of a table or query, as the server has it. */
export interface CatalogColumn {
  readonly name: string;
  readonly type: CatalogType;
  readonly nullable: boolean;
  /** As declared; 0 where that is not known. */
  readonly dimensions: number;
}

/** A column as it is read. */
export interface ReadColumn {
  readonly name: string;
  readonly type: LogicalType;
  readonly nullable: boolean;
  /** The server's name of its type, for people. */
  readonly serverType: string;
  /** SQL that is selected: the column, or a cast of it. */
  readonly select: string;
  readonly decode: Decoder;
  /** What it is as a cursor: the kind, and the type to compare in; undefined where its order says nothing. */
  readonly cursor?: { readonly kind: CursorKind; readonly type?: string };
  /** What reading it so changes, one sentence; undefined where it is nothing. */
  readonly note?: string;
}

/** How values of a type are read; `cast` wraps the column in SQL. */
interface Reading {
  readonly type: LogicalType;
  readonly decode: Decoder;
  readonly cast?: (sql: string) => string;
  readonly note?: string;
}

const STRING: LogicalType = { kind: "string" };

/** By OID: https://github.com/postgres/postgres/blob/master/src/include/catalog/pg_type.dat */
const SIMPLE: Record<number, Reading> = {
  16: { type: { kind: "boolean" }, decode: decode.bool },
  17: { type: { kind: "binary" }, decode: decode.bytea },
  19: { type: STRING, decode: decode.text },
  20: { type: { kind: "integer", bits: 64 }, decode: decode.int8 },
  21: { type: { kind: "integer", bits: 16 }, decode: decode.int2 },
  23: { type: { kind: "integer", bits: 32 }, decode: decode.int4 },
  25: { type: STRING, decode: decode.text },
  26: { type: { kind: "integer", bits: 32, unsigned: true }, decode: decode.oid },
  114: { type: { kind: "json" }, decode: decode.text },
  700: { type: { kind: "float", bits: 32 }, decode: decode.float4 },
  701: { type: { kind: "float", bits: 64 }, decode: decode.float8 },
  1042: { type: STRING, decode: decode.text },
  1043: { type: STRING, decode: decode.text },
  1082: { type: { kind: "date" }, decode: decode.date },
  1083: { type: { kind: "time" }, decode: decode.time },
  1114: { type: { kind: "datetime", tz: false }, decode: decode.timestamp },
  1184: { type: { kind: "datetime", tz: true }, decode: decode.timestamptz },
  1186: { type: { kind: "interval" }, decode: decode.interval },
  2950: { type: { kind: "uuid" }, decode: decode.uuid },
  3802: { type: { kind: "json" }, decode: decode.jsonb },
};

const NUMERIC = 1700;
/** Its cast to text adds the mask that its own text leaves out. */
const INET = 869;

const AS_TEXT: Reading = {
  type: STRING,
  decode: decode.text,
  cast: asText("text"),
  note: "it is read as text",
};

/** How a column is read. */
export function readColumn(column: CatalogColumn): ReadColumn {
  const reading = column.dimensions > 1 && arrayItems(column.type) !== undefined
    ? asJson()
    : readingOf(column.type);
  const name = quoteIdent(column.name);
  return {
    name: column.name,
    type: reading.type,
    nullable: column.nullable,
    serverType: column.type.name,
    select: reading.cast === undefined ? name : `${reading.cast(name)} AS ${name}`,
    decode: reading.decode,
    cursor: CURSORS[baseOf(column.type).oid],
    note: reading.note === undefined
      ? undefined
      : `Column "${column.name}" is ${column.type.name}: ${reading.note}.`,
  };
}

function baseOf(type: CatalogType): CatalogType {
  return type.base === undefined ? type : baseOf(type.base);
}

/**
 * By OID. All integers are compared in int8 and numbers without their modifier: exact, and in the operator family of the
 * column's index. Texts are compared with literals that take the column's own type and collation.
 */
const CURSORS: Record<number, { kind: CursorKind; type?: string }> = {
  19: { kind: "text" },
  20: { kind: "integer", type: "int8" },
  21: { kind: "integer", type: "int8" },
  23: { kind: "integer", type: "int8" },
  25: { kind: "text" },
  26: { kind: "integer", type: "oid" },
  700: { kind: "float", type: "float4" },
  701: { kind: "float", type: "float8" },
  1042: { kind: "text" },
  1043: { kind: "text" },
  1082: { kind: "date", type: "date" },
  1083: { kind: "time", type: "time" },
  1114: { kind: "datetime", type: "timestamp" },
  1184: { kind: "instant", type: "timestamptz" },
  1700: { kind: "decimal", type: "numeric" },
  2950: { kind: "uuid", type: "uuid" },
};

function readingOf(type: CatalogType): Reading {
  if (type.kind === "d" && type.base !== undefined) return readingOf(type.base);
  if (type.kind === "e") return { type: STRING, decode: decode.text };
  if (type.items !== undefined) return arrayReading(type.items);
  if (type.oid === NUMERIC) return numericReading(type.modifier);
  if (type.oid === INET) {
    return {
      ...AS_TEXT,
      cast: (sql) => `pg_catalog.textin(pg_catalog.inet_out(${sql}))`,
    };
  }
  return SIMPLE[type.oid] ?? AS_TEXT;
}

function arrayItems(type: CatalogType): CatalogType | undefined {
  return type.kind === "d" && type.base !== undefined ? arrayItems(type.base) : type.items;
}

function arrayReading(items: CatalogType): Reading {
  const inner = readingOf(items);
  return {
    type: { kind: "array", items: inner.type },
    decode: arrayDecoder(inner.decode),
    // By way of the text of the whole array, in which each item is written as it is alone.
    ...(inner.cast === undefined ? {} : { cast: (sql) => asText("text[]")(asText("text")(sql)) }),
    ...(inner.note === undefined ? {} : { note: inner.note.replace("it is read", "its items are read") }),
  };
}

function asJson(): Reading {
  return {
    type: { kind: "json" },
    decode: decode.jsonb,
    cast: (sql) => `to_jsonb(${sql})`,
    note: "it has several dimensions and is read as JSON",
  };
}

function asText(type: string): (sql: string) => string {
  return (sql) => `CAST(${sql} AS pg_catalog.${type})`;
}

/** The modifier of a numeric: https://www.postgresql.org/docs/current/datatype-numeric.html */
function numericReading(modifier: number): Reading {
  const digits = decimalOf(modifier);
  if (digits === undefined) {
    return {
      type: STRING,
      decode: decode.text,
      cast: asText("text"),
      note: modifier < 0
        ? "it has no precision and is read as text, exactly; cast it in a query, as in x::numeric(18,2), to have a decimal"
        : "it has more than 38 digits and is read as text, exactly",
    };
  }
  return {
    type: { kind: "decimal", ...digits },
    decode: numericDecoder(digits.precision, digits.scale),
  };
}

/** Precision and scale that hold every value; undefined where no decimal of 38 digits does. */
export function decimalOf(modifier: number): { precision: number; scale: number } | undefined {
  if (modifier < 0) return undefined;
  const precision = ((modifier - 4) >> 16) & 0xffff;
  // 11 bits with a sign since PostgreSQL 15: numeric(3,-2) counts hundreds, numeric(3,5) has two zeros after the point.
  const scale = (((modifier - 4) & 0x7ff) ^ 1024) - 1024;
  const whole = scale < 0 ? { precision: precision - scale, scale: 0 } : {
    precision: Math.max(precision, scale),
    scale,
  };
  return whole.precision <= 38 ? whole : undefined;
}
