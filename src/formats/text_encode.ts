/** Making values writable as text: what CSV and JSON have no form for gets one, said in `losses`. */
import { type Field, type LogicalType, quoteIdent, type Schema } from "../sdk/mod.ts";

type TextFormat = "csv" | "json";

/** The SELECT over `relation` (SQL to stand after FROM) that gives every value as it is to be written. */
export function encodeText(relation: string, schema: Schema, format: TextFormat): string {
  const items = schema.fields.map((field) => {
    const name = quoteIdent(field.name);
    const encoded = encodeColumn(name, field.type, format);
    return encoded === name ? name : `${encoded} AS ${name}`;
  });
  return `SELECT ${items.length === 0 ? "*" : items.join(", ")} FROM ${relation}`;
}

function encodeColumn(x: string, type: LogicalType, format: TextFormat): string {
  const nested = type.kind === "array" || type.kind === "struct";
  // In CSV nested values are JSON text, so that they can be read back.
  if (format === "csv") {
    return nested ? `CAST(to_json(${encode(x, type, "json")}) AS VARCHAR)` : encode(x, type, "csv");
  }
  return encode(x, type, "json");
}

/** The value with its binary parts as base64 and, for JSON, without numbers that JSON does not have. */
function encode(x: string, type: LogicalType, format: TextFormat, depth = 0): string {
  switch (type.kind) {
    case "binary":
      return `to_base64(${x})`;
    case "float":
      return format === "json" ? `CASE WHEN isfinite(${x}) THEN ${x} END` : x;
    case "decimal":
      return format === "json" ? withZero(x, type) : x;
    case "array": {
      const item = `x${depth}`;
      const inner = encode(item, type.items, format, depth + 1);
      return inner === item ? x : `list_transform(${x}, lambda ${item}: ${inner})`;
    }
    case "struct": {
      const parts = type.fields.map((field) => {
        const part = `struct_extract(${x}, '${field.name.replaceAll("'", "''")}')`;
        return { name: field.name, part, encoded: encode(part, field.type, format, depth) };
      });
      if (parts.every(({ part, encoded }) => part === encoded)) return x;
      const packed = parts.map(({ name, encoded }) => `${quoteIdent(name)} := ${encoded}`).join(", ");
      return `CASE WHEN ${x} IS NOT NULL THEN struct_pack(${packed}) END`;
    }
    default:
      return x;
  }
}

/** The engine writes a decimal without digits before the point as `.5`, which is no JSON. */
function withZero(x: string, { precision, scale }: { precision: number; scale: number }): string {
  if (precision > scale) return x;
  if (precision < 38) return `CAST(${x} AS DECIMAL(${precision + 1},${scale}))`;
  return `regexp_replace(CAST(${x} AS VARCHAR), '^(-?)\\.', '\\10.')`;
}

/** What columns of a schema lose in text, a sentence each. */
export function textLosses(schema: Schema, format: TextFormat): string[] {
  const found: string[] = [];
  const columns = (test: (type: LogicalType) => boolean) =>
    schema.fields.filter((field: Field) => holds(field.type, test)).map((field) => `"${field.name}"`).join(
      ", ",
    );
  const say = (names: string, what: string) => {
    if (names !== "") found.push(`${names}: ${what}`);
  };
  say(columns((t) => t.kind === "binary"), "binary values are written as base64 text.");
  say(columns((t) => t.kind === "interval"), "intervals are written as text such as 1 year 2 days.");
  if (format === "csv") {
    say(
      columns((t) => t.kind === "array" || t.kind === "struct" || t.kind === "json"),
      "nested values are written as JSON text.",
    );
  } else {
    say(
      columns((t) => t.kind === "decimal" && t.precision === 38 && t.scale === 38),
      "written as text: a number of 38 digits after the point has no room for the 0 before it.",
    );
    say(columns((t) => t.kind === "float"), "NaN and infinity become null: JSON has no such numbers.");
    say(
      columns((t) => t.kind === "decimal" && t.scale > 0 && t.precision > 15),
      "all digits are written, but readers that take JSON numbers for doubles keep 15 to 17 of them.",
    );
    say(
      columns((t) => ["date", "time", "datetime", "uuid"].includes(t.kind)),
      "written as text: JSON has no such type.",
    );
  }
  return found;
}

function holds(type: LogicalType, test: (type: LogicalType) => boolean): boolean {
  if (test(type)) return true;
  if (type.kind === "array") return holds(type.items, test);
  if (type.kind === "struct") return type.fields.some((field) => holds(field.type, test));
  return false;
}
