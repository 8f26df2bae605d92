/** Taking types that are known beforehand, `TypeHints`, in place of those that values look like. */
import type { LogicalType, TypeHints } from "../sdk/mod.ts";
import { hasNoValues, type Shape, shapeFits } from "./infer.ts";
import type { TextFormats } from "./text_cast.ts";

/** Types that texts are made into exactly, or not at all. Bytes and lengths of time have several spellings. */
const EXACT: ReadonlySet<LogicalType["kind"]> = new Set(
  ["string", "integer", "decimal", "boolean", "date", "datetime", "time", "uuid", "json"],
);

function isExact(type: LogicalType): boolean {
  return EXACT.has(type.kind) || (type.kind === "float" && type.bits === 64);
}

/**
 * The type of a column of text, as far as it is known beforehand and its values are such; undefined: as they look. Dates that
 * are written in a form of the recipe's own are what that form says. `exact`: values are held against their type one by one.
 */
export function hintedText(
  name: string,
  shape: Shape | undefined,
  { hints, formats, exact }: { hints: TypeHints | undefined; formats: TextFormats; exact: boolean },
): LogicalType | undefined {
  const key = name.toLowerCase();
  if (hints?.text.has(key)) return { kind: "string" };
  const there = hints?.destination.get(key);
  if (there === undefined || (hints!.replaced && !hasNoValues(shape))) return undefined;
  const ownForm = (formats.dateFormat ?? formats.timestampFormat) !== undefined;
  if (ownForm && (there.kind === "date" || there.kind === "datetime")) {
    return hasNoValues(shape) ? there : undefined;
  }
  return shapeFits(shape, there) || (exact && hints!.firm && isExact(there)) ? there : undefined;
}

/** The same of a column of JSON, of which `found` is what its values look like; `empty`: they are all null. */
export function hintedJson(
  name: string,
  found: { readonly type: LogicalType; readonly empty: boolean },
  hints: TypeHints | undefined,
): LogicalType | undefined {
  const key = name.toLowerCase();
  const there = hints?.destination.get(key);
  if (hints?.text.has(key)) return isNested(found.type) ? undefined : { kind: "string" };
  if (there === undefined) return undefined;
  if (found.empty) return there;
  return hints!.firm && !hints!.replaced ? taken(found.type, there) : undefined;
}

function isNested({ kind }: LogicalType): boolean {
  return kind === "array" || kind === "struct";
}

/**
 * What values that look like `found` are read as for a column of type `there`. Within records a field that is null in all of
 * them looks like `json`. Fields that the column does not have stay: what becomes of them is for others to decide.
 */
function taken(found: LogicalType, there: LogicalType): LogicalType {
  if (there.kind === "struct") {
    if (found.kind === "json") return there;
    if (found.kind !== "struct") return found;
    const fields = new Map(found.fields.map((field) => [field.name.toLowerCase(), field]));
    const known = there.fields.map(({ name, type }) => {
      const field = fields.get(name.toLowerCase());
      fields.delete(name.toLowerCase());
      // Under the name it has in the file: keys are compared as they are written.
      return field === undefined ? { name, type } : { name: field.name, type: taken(field.type, type) };
    });
    return { kind: "struct", fields: [...known, ...fields.values()] };
  }
  if (there.kind === "array") {
    if (found.kind === "json") return there;
    return found.kind === "array" ? { kind: "array", items: taken(found.items, there.items) } : found;
  }
  if (there.kind === "json") return there;
  return isNested(found) || !isExact(there) ? found : there;
}
