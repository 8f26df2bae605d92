/** JSON's types: what a column is read as so that nothing is lost on the way, and the SQL that makes it its type. */
import { engineType, type LogicalType, quoteIdent, quoteLiteral } from "../sdk/mod.ts";
import { castText, type TextFormats } from "./text_cast.ts";

/**
 * The engine type a column is read as. Whole numbers come as text, because the reader would round 1.7 to 2 for a
 * column of whole numbers; texts that are dates too, because it would cut and shift them; booleans, because it takes 1 for true.
 * Within records (`nested`) booleans come as they are: to make each of a list out of a text takes too long. Where a record is
 * to be of a type that its values do not look like (`exact`), floats and booleans within it come as text, too.
 */
export function readAs(
  type: LogicalType,
  { nested = false, exact = false }: { nested?: boolean; exact?: boolean } = {},
): string {
  switch (type.kind) {
    case "json":
      return engineType(type);
    case "float":
      return nested && exact ? "VARCHAR" : engineType(type);
    case "boolean":
      return nested && !exact ? engineType(type) : "VARCHAR";
    case "array":
      return `${readAs(type.items, { nested: true, exact })}[]`;
    case "struct": {
      const fields = type.fields.map((f) =>
        `${quoteIdent(f.name)} ${readAs(f.type, { nested: true, exact })}`
      );
      return `STRUCT(${fields.join(", ")})`;
    }
    default:
      return "VARCHAR";
  }
}

/** Within records, texts stay texts: `columns:` can't name them one by one, so none is taken for a date by its looks. */
export function nestedType(type: LogicalType): LogicalType {
  switch (type.kind) {
    case "array":
      return { kind: "array", items: nestedType(type.items) };
    case "struct":
      return { kind: "struct", fields: type.fields.map((f) => ({ name: f.name, type: nestedType(f.type) })) };
    case "date":
    case "time":
    case "datetime":
    case "uuid":
      return { kind: "string" };
    default:
      return type;
  }
}

/** What `castJson` needs to know. */
export interface JsonCast {
  readonly inferred: boolean;
  /** The sample has numbers that doubles hold only in part, or none that are finite: the column takes such. */
  readonly beyond?: boolean;
  /** As in `readAs`. */
  readonly exact?: boolean;
  readonly formats: TextFormats;
  /** As in `TextCast`. */
  readonly columns?: number;
}

/** The SQL of a value that was read as `readAs(type)`, as its type. Fails on one that does not fit exactly. */
export function castJson(value: string, type: LogicalType, cast: JsonCast, depth = 0): string {
  switch (type.kind) {
    case "float":
      if (depth > 0) return cast.exact ? castText(value, { type, ...cast }) : value;
      return cast.beyond === true ? value : heldFloat(value, type, cast);
    case "boolean":
      return depth > 0 && !cast.exact ? value : castText(value, { type, ...cast });
    case "string":
    case "json":
      return value;
    case "array": {
      const item = `x${depth}`;
      const inner = castJson(item, type.items, cast, depth + 1);
      return inner === item ? value : `list_transform(${value}, lambda ${item}: ${inner})`;
    }
    case "struct": {
      const parts = type.fields.map((field) => {
        const part = `struct_extract(${value}, ${quoteLiteral(field.name)})`;
        return { name: field.name, part, as: castJson(part, field.type, cast, depth + 1) };
      });
      if (parts.every(({ part, as }) => part === as)) return value;
      const packed = parts.map(({ name, as }) => `${quoteIdent(name)} := ${as}`).join(", ");
      return `CASE WHEN ${value} IS NOT NULL THEN struct_pack(${packed}) END`;
    }
    default:
      return castText(value, { type, ...cast });
  }
}

/** From here on doubles skip whole numbers. */
const FIRST_SKIPPED = 2 ** 53;

/**
 * A double that is what the file says. What the file says is gone by the time the engine has read it, so a whole number that no
 * double may hold stops the load where the sample had none such, and so does 1e400, which is infinite.
 */
function heldFloat(value: string, type: LogicalType, cast: JsonCast): string {
  const held = cast.inferred ? `abs(${value}) < ${FIRST_SKIPPED}` : `isfinite(${value})`;
  return `CASE WHEN ${held} THEN ${value} WHEN isnan(${value}) THEN ${value} WHEN ${value} IS NULL THEN NULL ` +
    `ELSE CAST(concat('"', ${value}, '"') AS ${engineType(type)}) END`;
}

/**
 * The first key of a record that a type has no field for, as a path; undefined where there is none. `structure` is
 * what the engine's json_structure says: an object per record, an array with one entry per list, a name for the rest.
 */
export function unknownKey(structure: unknown, type: LogicalType, path = ""): string | undefined {
  if (Array.isArray(structure)) {
    return type.kind === "array" ? unknownKey(structure[0], type.items, `${path}[]`) : undefined;
  }
  if (typeof structure !== "object" || structure === null || type.kind !== "struct") return undefined;
  for (const [key, value] of Object.entries(structure)) {
    const at = path === "" ? key : `${path}.${key}`;
    const field = type.fields.find((f) => f.name === key);
    if (field === undefined) return at;
    const below = unknownKey(value, field.type, at);
    if (below !== undefined) return below;
  }
  return undefined;
}
