/**
 * The logical types that all data has, whatever system it comes from (DESIGN §6). Every connector maps its own
 * types to these and back in its `types.ts`.
 */

/** One logical type. `integer` widths are in bits; `decimal` is exact; `datetime` has microseconds. */
export type LogicalType =
  | { readonly kind: "string" }
  | { readonly kind: "integer"; readonly bits: 8 | 16 | 32 | 64; readonly unsigned?: boolean }
  | { readonly kind: "float"; readonly bits: 32 | 64 }
  /** `precision` 1…38 digits in all, `scale` of them after the point. */
  | { readonly kind: "decimal"; readonly precision: number; readonly scale: number }
  | { readonly kind: "boolean" }
  | { readonly kind: "date" }
  | { readonly kind: "time" }
  /** `tz: true` is an instant (kept in UTC); `tz: false` a wall-clock time that is never shifted. */
  | { readonly kind: "datetime"; readonly tz: boolean }
  | { readonly kind: "interval" }
  | { readonly kind: "uuid" }
  | { readonly kind: "binary" }
  | { readonly kind: "json" }
  | { readonly kind: "array"; readonly items: LogicalType }
  | { readonly kind: "struct"; readonly fields: readonly StructField[] };

/** A field of a struct. */
export interface StructField {
  readonly name: string;
  readonly type: LogicalType;
}

const ALIASES: Record<string, LogicalType> = {
  string: { kind: "string" },
  str: { kind: "string" },
  text: { kind: "string" },
  varchar: { kind: "string" },
  integer: { kind: "integer", bits: 64 },
  int: { kind: "integer", bits: 64 },
  bigint: { kind: "integer", bits: 64 },
  int8: { kind: "integer", bits: 8 },
  int16: { kind: "integer", bits: 16 },
  int32: { kind: "integer", bits: 32 },
  int64: { kind: "integer", bits: 64 },
  uint8: { kind: "integer", bits: 8, unsigned: true },
  uint16: { kind: "integer", bits: 16, unsigned: true },
  uint32: { kind: "integer", bits: 32, unsigned: true },
  uint64: { kind: "integer", bits: 64, unsigned: true },
  float: { kind: "float", bits: 64 },
  double: { kind: "float", bits: 64 },
  float32: { kind: "float", bits: 32 },
  float64: { kind: "float", bits: 64 },
  decimal: { kind: "decimal", precision: 38, scale: 9 },
  boolean: { kind: "boolean" },
  bool: { kind: "boolean" },
  date: { kind: "date" },
  time: { kind: "time" },
  datetime: { kind: "datetime", tz: false },
  timestamp: { kind: "datetime", tz: false },
  datetimetz: { kind: "datetime", tz: true },
  timestamptz: { kind: "datetime", tz: true },
  interval: { kind: "interval" },
  uuid: { kind: "uuid" },
  binary: { kind: "binary" },
  bytes: { kind: "binary" },
  json: { kind: "json" },
};

/** Every type name a recipe may use, for suggestions and the JSON Schema. */
export const TYPE_NAMES: readonly string[] = Object.keys(ALIASES);

/**
 * Reads a type as recipes write it: `int`, `decimal(10,2)`, `integer(16)`, `datetime(tz)`, `array<string>`,
 * `struct<a: int, b: array<date>>`. Returns `undefined` where the text is no type.
 */
export function parseType(text: string): LogicalType | undefined {
  const reader = new TypeReader(text);
  const type = reader.type();
  return type !== undefined && reader.atEnd() ? type : undefined;
}

/** Writes a type as recipes do; `parseType(formatType(t))` equals `t`. */
export function formatType(type: LogicalType): string {
  switch (type.kind) {
    case "integer":
      return `${type.unsigned ? "uint" : "int"}${type.bits}`;
    case "float":
      return type.bits === 32 ? "float32" : "float";
    case "decimal":
      return `decimal(${type.precision},${type.scale})`;
    case "datetime":
      return type.tz ? "datetime(tz)" : "datetime";
    case "array":
      return `array<${formatType(type.items)}>`;
    case "struct":
      return `struct<${
        type.fields.map((f) =>
          `${/^\w+$/.test(f.name) ? f.name : JSON.stringify(f.name)}: ${formatType(f.type)}`
        )
          .join(", ")
      }>`;
    default:
      return type.kind;
  }
}

/** Whether two types are the same, field by field. */
export function sameType(a: LogicalType, b: LogicalType): boolean {
  return formatType(a) === formatType(b);
}

class TypeReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  atEnd(): boolean {
    return this.#match(/\s*$/y) !== undefined;
  }

  type(): LogicalType | undefined {
    const name = this.#match(/\s*([a-z]\w*)/iy)?.[1]?.toLowerCase();
    if (name === undefined) return undefined;
    if (name === "array" || name === "list") return this.#array();
    if (name === "struct") return this.#struct();
    const args = this.#match(/\s*\(\s*(\w+)\s*(?:,\s*(\d+)\s*)?\)/y);
    if (args === undefined) return ALIASES[name];
    return withArguments(name, args[1]!, args[2]);
  }

  #array(): LogicalType | undefined {
    if (!this.#match(/\s*</y)) return undefined;
    const items = this.type();
    return items !== undefined && this.#match(/\s*>/y) ? { kind: "array", items } : undefined;
  }

  #struct(): LogicalType | undefined {
    if (!this.#match(/\s*</y)) return undefined;
    const fields: StructField[] = [];
    do {
      const name = this.#match(/\s*("(?:[^"\\]|\\.)*"|\w+)\s*:/y)?.[1];
      const type = name === undefined ? undefined : this.type();
      if (name === undefined || type === undefined) return undefined;
      fields.push({ name: name.startsWith('"') ? JSON.parse(name) : name, type });
    } while (this.#match(/\s*,/y));
    return this.#match(/\s*>/y) ? { kind: "struct", fields } : undefined;
  }

  #match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found === null) return undefined;
    this.#at = pattern.lastIndex;
    return found;
  }
}

function withArguments(name: string, first: string, second: string | undefined): LogicalType | undefined {
  const number = Number(first);
  switch (name) {
    case "decimal":
    case "numeric": {
      const scale = Number(second ?? 0);
      const fits = Number.isInteger(number) && number >= 1 && number <= 38 && scale <= number;
      return fits ? { kind: "decimal", precision: number, scale } : undefined;
    }
    case "integer":
    case "int":
      return number === 8 || number === 16 || number === 32 || number === 64
        ? { kind: "integer", bits: number }
        : undefined;
    case "float":
      return number === 32 || number === 64 ? { kind: "float", bits: number } : undefined;
    case "datetime":
    case "timestamp":
      return first.toLowerCase() === "tz" ? { kind: "datetime", tz: true } : undefined;
    default:
      return undefined;
  }
}
