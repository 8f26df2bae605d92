/**
 * The one order of types (docs/types.md): which type holds all values of another exactly, and the least type that holds
 * those of two. Pure.
 */
import type { LogicalType, StructField } from "../sdk/mod.ts";

type Integer = Extract<LogicalType, { kind: "integer" }>;
type Decimal = Extract<LogicalType, { kind: "decimal" }>;
type Struct = Extract<LogicalType, { kind: "struct" }>;
type IntegerBits = Integer["bits"];

const STRING: LogicalType = { kind: "string" };
const JSON_TYPE: LogicalType = { kind: "json" };
const FLOAT: LogicalType = { kind: "float", bits: 64 };

/** Digits of the largest integer. */
const DIGITS = { 8: 3, 16: 5, 32: 10, 64: 19 } as const;
const MOST_DIGITS = 38;

/**
 * The least type that holds the values of both. Commutative, associative and idempotent (fields of structs are a set: their
 * order is that of `a`, then of `b`). Where the result is a float and one of the two is an integer of 64 bits or a decimal,
 * single values may have no exact float: whoever converts checks them (`needsCheck`).
 */
export function join(a: LogicalType, b: LogicalType): LogicalType {
  if (a.kind === b.kind) return joinOfKind(a, b);
  if (isNumber(a) && isNumber(b)) return joinNumbers(a, b);
  const kinds = new Set([a.kind, b.kind]);
  const only = (...allowed: LogicalType["kind"][]) => [...kinds].every((kind) => allowed.includes(kind));
  if (only("date", "datetime")) {
    const datetime = a.kind === "datetime" ? a : b;
    // A date has no zone to take for granted.
    return datetime.kind === "datetime" && datetime.tz ? STRING : datetime;
  }
  return only("array", "struct", "json") ? JSON_TYPE : STRING;
}

/** The least type of a list; undefined for an empty one. */
export function joinAll(types: readonly LogicalType[]): LogicalType | undefined {
  return types.length === 0 ? undefined : types.reduce(join);
}

function joinOfKind(a: LogicalType, b: LogicalType): LogicalType {
  switch (a.kind) {
    case "integer":
      return joinIntegers(a, b as Integer);
    case "decimal":
      return joinDecimals(a, b as Decimal);
    case "float":
      return a.bits === 64 ? a : b;
    case "datetime":
      return a.tz === (b as typeof a).tz ? a : STRING;
    case "array":
      return { kind: "array", items: join(a.items, (b as typeof a).items) };
    case "struct":
      return joinStructs(a, b as Struct);
    default:
      return a;
  }
}

function joinNumbers(a: LogicalType, b: LogicalType): LogicalType {
  if (a.kind === "float" || b.kind === "float") return FLOAT;
  return joinDecimals(asDecimal(a as Integer | Decimal), asDecimal(b as Integer | Decimal));
}

function joinIntegers(a: Integer, b: Integer): LogicalType {
  const unsigned = a.unsigned === true;
  if (unsigned === (b.unsigned === true)) return a.bits >= b.bits ? a : b;
  const [signedBits, unsignedBits] = unsigned ? [b.bits, a.bits] : [a.bits, b.bits];
  const bits = Math.max(signedBits, 2 * unsignedBits);
  return bits <= 64
    ? { kind: "integer", bits: bits as IntegerBits }
    : { kind: "decimal", precision: DIGITS[64] + 1, scale: 0 };
}

function joinDecimals(a: Decimal, b: Decimal): LogicalType {
  const scale = Math.max(a.scale, b.scale);
  const precision = scale + Math.max(a.precision - a.scale, b.precision - b.scale);
  return precision <= MOST_DIGITS ? { kind: "decimal", precision, scale } : FLOAT;
}

/**
 * An integer among decimals gets room for 64 bits, whatever its width: with less, the result for three types would depend
 * on which two were joined first.
 */
function asDecimal(type: Integer | Decimal): Decimal {
  if (type.kind === "decimal") return type;
  return {
    kind: "decimal",
    precision: DIGITS[64] + (type.unsigned === true && type.bits === 64 ? 1 : 0),
    scale: 0,
  };
}

function joinStructs(a: Struct, b: Struct): LogicalType {
  const other = new Map(b.fields.map((field) => [field.name, field.type]));
  const fields: StructField[] = a.fields.map(({ name, type }) => {
    const found = other.get(name);
    other.delete(name);
    return { name, type: found === undefined ? type : join(type, found) };
  });
  return { kind: "struct", fields: [...fields, ...b.fields.filter((field) => other.has(field.name))] };
}

export function isNumber(type: LogicalType): boolean {
  return type.kind === "integer" || type.kind === "float" || type.kind === "decimal";
}

/** Whether every value of `from` is one of `to`, exactly: nothing has to change for it. */
export function fits(from: LogicalType, to: LogicalType): boolean {
  if (to.kind === "string") return from.kind !== "binary";
  switch (from.kind) {
    case "integer":
      return integerFits(from, to);
    case "decimal":
      return to.kind === "decimal" && to.scale >= from.scale &&
        to.precision - to.scale >= from.precision - from.scale;
    case "float":
      return to.kind === "float" && to.bits >= from.bits;
    case "date":
      return to.kind === "date" || (to.kind === "datetime" && !to.tz);
    case "datetime":
      return to.kind === "datetime" && to.tz === from.tz;
    case "array":
      return to.kind === "json" || (to.kind === "array" && fits(from.items, to.items));
    case "struct":
      return to.kind === "json" || (to.kind === "struct" && structFits(from, to));
    default:
      return to.kind === from.kind;
  }
}

function integerFits(from: Integer, to: LogicalType): boolean {
  const unsigned = from.unsigned === true;
  switch (to.kind) {
    case "integer":
      return to.unsigned === true
        ? unsigned && to.bits >= from.bits
        : to.bits > from.bits || (to.bits === from.bits && !unsigned);
    case "decimal":
      return to.precision - to.scale >= DIGITS[from.bits] + (unsigned && from.bits === 64 ? 1 : 0);
    // A double holds whole numbers up to 2^53, a float up to 2^24.
    case "float":
      return from.bits <= (to.bits === 64 ? 32 : 16);
    default:
      return false;
  }
}

/** A field that `from` lacks is NULL; one that `to` lacks would be lost. */
function structFits(from: Struct, to: Struct): boolean {
  const target = new Map(to.fields.map((field) => [field.name, field.type]));
  return from.fields.every(({ name, type }) => {
    const found = target.get(name);
    return found !== undefined && fits(type, found);
  });
}

/** Whether values of `from` have to be looked at one by one when they become `to`, though `to` is their join. */
export function needsCheck(from: LogicalType, to: LogicalType): boolean {
  return !fits(from, to);
}

/**
 * Whether a change from one type to another leaves those who read the column be: numbers stay numbers, times times. Text in
 * their place does not.
 */
export function keepsKind(from: LogicalType, to: LogicalType): boolean {
  if (isNumber(from)) return isNumber(to);
  if (from.kind === "date" || from.kind === "datetime") return to.kind === "date" || to.kind === "datetime";
  if (from.kind === "array" && to.kind === "array") return keepsKind(from.items, to.items);
  if (from.kind === "struct" && to.kind === "struct") {
    return from.fields.every(({ name, type }) => {
      const found = to.fields.find((field) => field.name === name);
      return found !== undefined && keepsKind(type, found.type);
    });
  }
  return from.kind === to.kind;
}
