/**
 * DuckDB's types and the logical ones, both ways, and which values a column takes without changing them.
 * Type names: https://duckdb.org/docs/stable/sql/data_types/overview
 */
import { engineType, type LogicalType } from "../../sdk/mod.ts";

/** A type of DuckDB's as its catalog writes it, taken apart. */
export interface DuckType {
  /** `BIGINT`, `DECIMAL`, `TIMESTAMP WITH TIME ZONE`, `LIST`, `ARRAY`, `STRUCT`, `MAP`, `ENUM`, … */
  readonly name: string;
  /** Precision and scale of a DECIMAL, the length of an ARRAY. */
  readonly numbers: readonly number[];
  /** Items of LIST and ARRAY; key and value of a MAP; fields of STRUCT and UNION. */
  readonly parts: readonly { readonly name: string; readonly type: DuckType }[];
}

/** What the mappings lose or change; shown on the connector's page. */
export const TYPE_NOTES: readonly string[] = [
  "Reading: TIMESTAMP_NS and TIME_NS are cut to microseconds.",
  "Reading: HUGEINT and UHUGEINT are read as decimal(38,0); a value with 39 digits is an error.",
  "Reading: ENUM, BIT, BIGNUM, GEOMETRY and TIME WITH TIME ZONE are read as text; UNION and VARIANT as JSON; MAP as a list of " +
  "key and value; a fixed-size ARRAY as a list.",
  "Writing: a date is not put into a TIMESTAMP WITH TIME ZONE column, and times with and without a zone are not " +
  "exchanged, because that would take a zone for granted.",
];

/** Reads a type as DuckDB's catalog and DESCRIBE write it. */
export function parseDuckType(text: string): DuckType {
  return new Reader(text).type();
}

const EXACT: Record<string, LogicalType> = {
  BOOLEAN: { kind: "boolean" },
  TINYINT: { kind: "integer", bits: 8 },
  SMALLINT: { kind: "integer", bits: 16 },
  INTEGER: { kind: "integer", bits: 32 },
  BIGINT: { kind: "integer", bits: 64 },
  UTINYINT: { kind: "integer", bits: 8, unsigned: true },
  USMALLINT: { kind: "integer", bits: 16, unsigned: true },
  UINTEGER: { kind: "integer", bits: 32, unsigned: true },
  UBIGINT: { kind: "integer", bits: 64, unsigned: true },
  FLOAT: { kind: "float", bits: 32 },
  DOUBLE: { kind: "float", bits: 64 },
  DATE: { kind: "date" },
  TIME: { kind: "time" },
  TIMESTAMP: { kind: "datetime", tz: false },
  "TIMESTAMP WITH TIME ZONE": { kind: "datetime", tz: true },
  INTERVAL: { kind: "interval" },
  UUID: { kind: "uuid" },
  BLOB: { kind: "binary" },
  VARCHAR: { kind: "string" },
  JSON: { kind: "json" },
};

/** The logical type that a column of a DuckDB type is read as. */
export function toLogical(type: DuckType): LogicalType {
  const exact = EXACT[type.name];
  if (exact !== undefined) return exact;
  switch (type.name) {
    case "DECIMAL":
      return { kind: "decimal", precision: type.numbers[0] ?? 18, scale: type.numbers[1] ?? 3 };
    case "HUGEINT":
    case "UHUGEINT":
      return { kind: "decimal", precision: 38, scale: 0 };
    case "TIMESTAMP_S":
    case "TIMESTAMP_MS":
    case "TIMESTAMP_NS":
      return { kind: "datetime", tz: false };
    case "TIME_NS":
      return { kind: "time" };
    case "UNION":
    case "VARIANT":
      return { kind: "json" };
    case "LIST":
    case "ARRAY":
      return { kind: "array", items: toLogical(type.parts[0]!.type) };
    case "STRUCT":
      return { kind: "struct", fields: fieldsOf(type) };
    case "MAP":
      return { kind: "array", items: { kind: "struct", fields: fieldsOf(type) } };
    default:
      return { kind: "string" };
  }
}

function fieldsOf(type: DuckType) {
  return type.parts.map((part) => ({ name: part.name, type: toLogical(part.type) }));
}

/**
 * SQL that makes `value`, of logical type `from`, a value of a column of type `to`, or undefined where that could change
 * a value without an error (rounding, a shifted time, a lost zone, '007' as 7). What it returns gives the same value
 * or fails.
 */
export function convert(from: LogicalType, to: string, value: string): string | undefined {
  const target = parseDuckType(to);
  if (engineType(from) === normalName(to) || sameShape(from, target)) return value;
  if (target.name === "MAP") {
    const items = from.kind === "array" && from.items.kind === "struct" ? from.items.fields : [];
    const fits = items.length === 2 && items[0]!.name === "key" && items[1]!.name === "value" &&
      target.parts.every((part, i) => holds(items[i]!.type, part.type));
    return fits ? `CAST(map_from_entries(${value}) AS ${to})` : undefined;
  }
  return holds(from, target) ? `CAST(${value} AS ${to})` : undefined;
}

/** `TIMESTAMPTZ` as the catalog writes it. */
function normalName(type: string): string {
  return type === "TIMESTAMP WITH TIME ZONE" ? "TIMESTAMPTZ" : type;
}

function sameShape(from: LogicalType, to: DuckType): boolean {
  switch (to.name) {
    case "LIST":
      return from.kind === "array" && sameShape(from.items, to.parts[0]!.type);
    case "STRUCT":
      return from.kind === "struct" && from.fields.length === to.parts.length &&
        from.fields.every((f, i) => f.name === to.parts[i]!.name && sameShape(f.type, to.parts[i]!.type));
    case "DECIMAL":
      return from.kind === "decimal" && from.precision === to.numbers[0] && from.scale === to.numbers[1];
    default:
      return EXACT[to.name] !== undefined && engineType(from) === engineType(EXACT[to.name]!);
  }
}

/** Decimal digits that every value of an integer type fits into. */
const DIGITS = { 8: 3, 16: 5, 32: 10, 64: 20 } as const;

function holds(from: LogicalType, to: DuckType): boolean {
  if (sameShape(from, to)) return true;
  if (to.name === "VARCHAR") return hasExactText(from);
  switch (from.kind) {
    case "integer":
      return integerFits(from, to);
    case "decimal":
      return decimalFits(from, to);
    case "float":
      return from.bits === 32 && to.name === "DOUBLE";
    case "date":
      return ["TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"].includes(to.name);
    case "datetime":
      return !from.tz && to.name === "TIMESTAMP_NS";
    case "time":
      return to.name === "TIME_NS";
    // Text is kept as it is, and refused by DuckDB where it is no JSON, or none of the values.
    case "string":
      return to.name === "JSON" || to.name === "ENUM" || to.name === "BIT";
    case "array":
      return (to.name === "LIST" || to.name === "ARRAY") && holds(from.items, to.parts[0]!.type);
    case "struct":
      return to.name === "STRUCT" && from.fields.length === to.parts.length &&
        from.fields.every((f, i) => f.name === to.parts[i]!.name && holds(f.type, to.parts[i]!.type));
    default:
      return false;
  }
}

function integerFits(from: Extract<LogicalType, { kind: "integer" }>, to: DuckType): boolean {
  const target = EXACT[to.name];
  const unsigned = from.unsigned === true;
  if (target?.kind === "integer") {
    return target.unsigned === true ? unsigned && target.bits >= from.bits : target.bits > from.bits ||
      (target.bits === from.bits && !unsigned);
  }
  if (to.name === "HUGEINT" || to.name === "BIGNUM") return true;
  if (to.name === "UHUGEINT") return unsigned;
  if (to.name === "DECIMAL") {
    return to.numbers[0]! - to.numbers[1]! >= DIGITS[from.bits] - (from.bits === 64 && !unsigned ? 1 : 0);
  }
  // A double holds whole numbers up to 2^53, a float up to 2^24.
  return to.name === "DOUBLE" ? from.bits <= 32 : to.name === "FLOAT" && from.bits <= 16;
}

function decimalFits(from: Extract<LogicalType, { kind: "decimal" }>, to: DuckType): boolean {
  if (to.name === "DECIMAL") {
    return to.numbers[1]! >= from.scale && to.numbers[0]! - to.numbers[1]! >= from.precision - from.scale;
  }
  if (from.scale > 0) return false;
  const digits: Record<string, number> = {
    TINYINT: 2,
    SMALLINT: 4,
    INTEGER: 9,
    BIGINT: 18,
    HUGEINT: 38,
    BIGNUM: 38,
  };
  return (digits[to.name] ?? 0) >= from.precision;
}

/** Types whose text gives the value back, exactly and in one form. */
function hasExactText(type: LogicalType): boolean {
  return !["binary", "array", "struct"].includes(type.kind);
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text.trim();
  }

  type(): DuckType {
    let type = this.#base();
    for (
      let bracket = this.#match(/\[(\d*)\]/y);
      bracket !== undefined;
      bracket = this.#match(/\[(\d*)\]/y)
    ) {
      const parts = [{ name: "", type }];
      type = bracket[1] === ""
        ? { name: "LIST", numbers: [], parts }
        : { name: "ARRAY", numbers: [Number(bracket[1])], parts };
    }
    return type;
  }

  #base(): DuckType {
    const word = this.#match(/(TIMESTAMP WITH TIME ZONE|TIME WITH TIME ZONE|"(?:[^"]|"")+"|\w+)/y)?.[1] ?? "";
    const name = unquote(word).toUpperCase();
    if (this.#match(/\(/y) === undefined) return { name, numbers: [], parts: [] };
    if (name === "STRUCT" || name === "UNION") return { name, numbers: [], parts: this.#list(true) };
    if (name === "MAP") {
      const [key, value] = this.#list(false);
      return { name, numbers: [], parts: [{ ...key!, name: "key" }, { ...value!, name: "value" }] };
    }
    const inside = this.#match(/((?:'(?:[^']|'')*'|[^')])*)\)/y)?.[1] ?? "";
    return { name, numbers: name === "ENUM" ? [] : inside.split(",").map(Number), parts: [] };
  }

  #list(named: boolean): { name: string; type: DuckType }[] {
    const parts: { name: string; type: DuckType }[] = [];
    do {
      const name = named ? unquote(this.#match(/\s*("(?:[^"]|"")*"|\w+)\s+/y)?.[1] ?? "") : "";
      this.#match(/\s*/y);
      parts.push({ name, type: this.type() });
    } while (this.#match(/\s*,\s*/y) !== undefined);
    this.#match(/\)/y);
    return parts;
  }

  #match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found === null) return undefined;
    this.#at = pattern.lastIndex;
    return found;
  }
}

function unquote(name: string): string {
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name;
}
