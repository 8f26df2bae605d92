/** What a zod schema says of its keys, for tables in the docs. */
import { z } from "zod";
import { code, sentence, table } from "./markdown.ts";

/** One key of an object schema; nested objects have their keys as `parent.child`. */
export interface KeyDoc {
  readonly key: string;
  /** In words: `text`, `whole number, at least 1`, `list of text`. */
  readonly type: string;
  readonly required: boolean;
  /** As YAML would have it. */
  readonly default?: string;
  readonly description: string;
  readonly secret: boolean;
  /** True where a relative value is relative to the recipe. */
  readonly path: boolean;
}

/** A node of a JSON Schema, as far as zod writes it. */
interface Node {
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, Node>>;
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Node[];
  readonly oneOf?: readonly Node[];
  readonly allOf?: readonly Node[];
  readonly items?: Node | boolean;
  readonly prefixItems?: readonly Node[];
  readonly properties?: Readonly<Record<string, Node>>;
  readonly additionalProperties?: Node | boolean;
  readonly required?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly "x-secret"?: boolean;
  readonly "x-path"?: boolean;
}

/** Keys below are left out: a schema that holds itself would go on for ever. */
const DEEPEST_KEY = 4;

/** The keys of an object schema, as a person writes them (before defaults and transforms). */
export function describeKeys(schema: z.ZodType): KeyDoc[] {
  const root = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as Node;
  return objectKeys(root, "", root);
}

/** The keys as a table. */
export function keyTable(keys: readonly KeyDoc[]): string[] {
  return table(
    ["Key", "Type", "Default", "What it does"],
    keys.map((key) => [
      code(key.key),
      key.type,
      key.required ? "required" : key.default === undefined ? "" : code(key.default),
      explanation(key),
    ]),
  );
}

function explanation({ description, path, secret }: KeyDoc): string {
  const notes = [...(path ? ["Relative to the recipe."] : []), ...(secret ? ["Secret: never shown."] : [])];
  if (notes.length === 0 || description === "") return [description, ...notes].join("");
  return [sentence(description), ...notes].join(" ");
}

function objectKeys(node: Node, prefix: string, root: Node): KeyDoc[] {
  const object = resolve(node, root);
  const variants = object.anyOf ?? object.oneOf ?? object.allOf;
  if (object.properties === undefined && variants !== undefined) {
    const all = variants.flatMap((variant) => objectKeys(variant, prefix, root));
    return [...new Map(all.map((key) => [key.key, key])).values()];
  }
  return Object.entries(object.properties ?? {}).flatMap(([name, property]) => {
    const child = resolve(property, root);
    const key = `${prefix}${name}`;
    const own: KeyDoc = {
      key,
      type: typeText(child, root),
      required: object.required?.includes(name) ?? false,
      default: child.default === undefined ? undefined : yamlValue(child.default),
      description: child.description ?? "",
      secret: child["x-secret"] ?? false,
      path: child["x-path"] ?? false,
    };
    const nested = key.split(".").length < DEEPEST_KEY ? objectPart(child, root) : undefined;
    return nested === undefined ? [own] : [own, ...objectKeys(nested, `${key}.`, root)];
  });
}

/** The object with keys of its own that a value is or may be; not below lists. */
function objectPart(node: Node, root: Node): Node | undefined {
  if (node.properties !== undefined) return Object.keys(node.properties).length > 0 ? node : undefined;
  for (const variant of node.anyOf ?? node.oneOf ?? node.allOf ?? []) {
    const part = objectPart(resolve(variant, root), root);
    if (part !== undefined) return part;
  }
  return undefined;
}

/** The node that a reference names, with what stands beside the reference. */
function resolve(node: Node, root: Node): Node {
  const name = /^#\/\$defs\/(.+)$/.exec(node.$ref ?? "")?.[1];
  if (name === undefined) return node;
  const { $ref: _, ...rest } = node;
  return { ...root.$defs?.[name], ...rest };
}

function typeText(node: Node, root: Node, depth = 0): string {
  const known = resolve(node, root);
  if (depth > DEEPEST_KEY) return "anything";
  const inner = (child: Node) => typeText(child, root, depth + 1);
  if (known.const !== undefined) return code(yamlValue(known.const));
  if (known.enum !== undefined) return known.enum.map((value) => code(yamlValue(value))).join(", ");
  const variants = known.anyOf ?? known.oneOf;
  if (variants !== undefined) return [...new Set(variants.map(inner))].join(" or ");
  if (known.allOf !== undefined) return [...new Set(known.allOf.map(inner))].join(" and ");
  if (Array.isArray(known.type)) {
    return known.type.map((type) => inner({ ...known, type })).join(" or ");
  }
  switch (known.type) {
    case "string":
      return "text";
    case "boolean":
      return "true or false";
    case "null":
      return "null";
    case "integer":
      return `whole number${limits(known)}`;
    case "number":
      return `number${limits(known)}`;
    case "array":
      return known.items === undefined || typeof known.items === "boolean"
        ? "list"
        : `list of ${inner(known.items)}`;
    case "object":
      return typeof known.additionalProperties === "object"
        ? `mapping of ${inner(known.additionalProperties)}`
        : "mapping";
    default:
      return "anything";
  }
}

function limits({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: Node): string {
  const parts = [
    minimum === undefined || minimum <= Number.MIN_SAFE_INTEGER ? undefined : `at least ${minimum}`,
    exclusiveMinimum === undefined ? undefined : `more than ${exclusiveMinimum}`,
    maximum === undefined || maximum >= Number.MAX_SAFE_INTEGER ? undefined : `at most ${maximum}`,
    exclusiveMaximum === undefined ? undefined : `less than ${exclusiveMaximum}`,
  ].filter((part) => part !== undefined);
  return parts.length === 0 ? "" : `, ${parts.join(", ")}`;
}

/** A value as it would stand in YAML, on one line. */
function yamlValue(value: unknown): string {
  return typeof value === "string" && /^[\w./-]+$/.test(value) &&
      !/^(true|false|null|yes|no|on|off|[\d.]+)$/i.test(value)
    ? value
    : JSON.stringify(value);
}
