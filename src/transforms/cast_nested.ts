/** Arrays, structs and JSON, item by item and field by field, by the same rules as columns. */
import { engineType, type LogicalType, quoteIdent, quoteList, quoteLiteral } from "../sdk/mod.ts";
import {
  type CastOptions,
  chain,
  checkedByEngine,
  type Conversion,
  either,
  failure,
  IDENTITY,
  isRefusal,
  type Refusal,
  safe,
} from "./cast_rules.ts";
import { fold } from "./columns.ts";

/** What nested types need of the table of conversions, which is above them. */
export interface Nesting {
  readonly options: CastOptions;
  readonly convert: (from: LogicalType, to: LogicalType, options: CastOptions) => Conversion | Refusal;
}

type ArrayType = Extract<LogicalType, { kind: "array" }>;
type StructType = Extract<LogicalType, { kind: "struct" }>;

const TEXT_TYPE: LogicalType = { kind: "string" };

export function arrayConversion(from: ArrayType, to: ArrayType, nesting: Nesting): Conversion | Refusal {
  const items = nesting.convert(from.items, to.items, nesting.options);
  if (isRefusal(items)) return { refused: `items: ${items.refused}`, hint: items.hint };
  return eachItem(items, to);
}

/** Fields are matched by name. One that the target lacks would be lost; one that the source lacks is NULL. */
export function structConversion(
  from: StructType,
  to: StructType,
  nesting: Nesting,
): Conversion | Refusal {
  const targets = new Set(to.fields.map((field) => fold(field.name)));
  const lost = from.fields.find((field) => !targets.has(fold(field.name)));
  if (lost !== undefined && !nesting.options.lossy) {
    return {
      refused: `field ${JSON.stringify(lost.name)} would be lost`,
      hint: "name it in the struct type too, or set `lossy: true`",
    };
  }
  const parts: FieldPart[] = [];
  for (const field of to.fields) {
    const source = from.fields.find((candidate) => fold(candidate.name) === fold(field.name));
    const inner = source === undefined
      ? nulls(field.type)
      : nesting.convert(source.type, field.type, nesting.options);
    if (isRefusal(inner)) {
      return { refused: `field ${JSON.stringify(field.name)}: ${inner.refused}`, hint: inner.hint };
    }
    const read = (x: string) =>
      source === undefined ? "NULL" : `struct_extract(${x}, ${quoteLiteral(source.name)})`;
    parts.push({ name: field.name, inner, read });
  }
  return eachField(parts, to);
}

/** JSON to a type. JSON's own null is NULL. */
export function fromJson(to: LogicalType, nesting: Nesting): Conversion | Refusal {
  switch (to.kind) {
    case "json":
      return IDENTITY;
    case "array":
      return jsonArray(to, nesting);
    case "struct":
      return jsonObject(to, nesting);
    default: {
      const inner = nesting.convert(TEXT_TYPE, to, nesting.options);
      return isRefusal(inner) ? inner : chain(safe((x) => `(${x} ->> '$')`), inner);
    }
  }
}

function jsonArray(to: ArrayType, nesting: Nesting): Conversion | Refusal {
  const items = fromJson(to.items, nesting);
  if (isRefusal(items)) return items;
  const list: LogicalType = { kind: "array", items: { kind: "json" } };
  const read: Conversion = onlyJson("ARRAY", list, checkedByEngine(list));
  return chain(read, eachItem(items, to));
}

function jsonObject(to: StructType, nesting: Nesting): Conversion | Refusal {
  const parts: FieldPart[] = [];
  for (const field of to.fields) {
    const inner = fromJson(field.type, nesting);
    if (isRefusal(inner)) return inner;
    const pointer = `/${field.name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
    parts.push({ name: field.name, inner, read: (x) => `json_extract(${x}, ${quoteLiteral(pointer)})` });
  }
  const object = onlyJson("OBJECT", to, eachField(parts, to));
  if (nesting.options.lossy) return object;
  const names = quoteList(to.fields.map((field) => field.name));
  const extra = (x: string) =>
    `len(list_filter(json_keys(${x}), lambda k: NOT list_contains(${names}, k))) > 0`;
  return {
    strict: (x) => `CASE WHEN ${extra(x)} THEN ${failure(x, to)} ELSE ${object.strict(x)} END`,
    tolerant: (x) => `CASE WHEN ${extra(x)} THEN NULL ELSE ${object.tolerant(x)} END`,
    unfit: (x) => either([`coalesce(${extra(x)}, false)`, object.unfit(x)]),
  };
}

/** Takes JSON values of one kind and null; others do not fit. */
function onlyJson(kind: "ARRAY" | "OBJECT", to: LogicalType, inner: Conversion): Conversion {
  const isKind = (x: string) => `json_type(${x}) = '${kind}'`;
  const isNull = (x: string) => `json_type(${x}) = 'NULL'`;
  return {
    strict: (x) =>
      `CASE WHEN ${isKind(x)} THEN ${inner.strict(x)} WHEN NOT ${isNull(x)} THEN ${failure(x, to)} END`,
    tolerant: (x) => `CASE WHEN ${isKind(x)} THEN ${inner.tolerant(x)} END`,
    unfit: (x) => `coalesce(CASE WHEN ${isKind(x)} THEN ${inner.unfit(x)} ELSE NOT ${isNull(x)} END, false)`,
  };
}

function eachItem(items: Conversion, to: ArrayType): Conversion {
  if (items === IDENTITY) return IDENTITY;
  // Named by depth, so that an inner parameter does not hide an outer one.
  const item = `item_${depth(to)}`;
  const lambda = (x: string, body: (item: string) => string, kind: "transform" | "filter") =>
    `list_${kind}(${x}, lambda ${item}: ${body(item)})`;
  const unfit = (x: string) => `coalesce(len(${lambda(x, items.unfit, "filter")}) > 0, false)`;
  return {
    strict: (x) => `CAST(${lambda(x, items.strict, "transform")} AS ${engineType(to)})`,
    tolerant: (x) =>
      `CASE WHEN NOT ${unfit(x)} THEN CAST(${lambda(x, items.tolerant, "transform")} AS ${
        engineType(to)
      }) END`,
    unfit,
  };
}

interface FieldPart {
  readonly name: string;
  readonly inner: Conversion;
  /** SQL of the field of the struct or object `x`. */
  readonly read: (x: string) => string;
}

function eachField(parts: readonly FieldPart[], to: StructType): Conversion {
  const pack = (x: string, form: "strict" | "tolerant") => {
    const fields = parts.map((part) => `${quoteIdent(part.name)} := ${part.inner[form](part.read(x))}`);
    return `CAST(struct_pack(${fields.join(", ")}) AS ${engineType(to)})`;
  };
  const unfit = (x: string) => either(parts.map((part) => part.inner.unfit(part.read(x))));
  return {
    strict: (x) => `CASE WHEN ${x} IS NOT NULL THEN ${pack(x, "strict")} END`,
    tolerant: (x) => `CASE WHEN ${x} IS NOT NULL AND NOT ${unfit(x)} THEN ${pack(x, "tolerant")} END`,
    unfit,
  };
}

/** A field that the source has not. */
function nulls(type: LogicalType): Conversion {
  return safe(() => `CAST(NULL AS ${engineType(type)})`);
}

function depth(type: LogicalType): number {
  switch (type.kind) {
    case "array":
      return 1 + depth(type.items);
    case "struct":
      return Math.max(0, ...type.fields.map((field) => depth(field.type)));
    default:
      return 0;
  }
}
