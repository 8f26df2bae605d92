/** Says in words what a schema wants: `a whole number greater than 0`, `one of "append", "merge"`. */
import { z } from "zod";
import type { SchemaView } from "./schema_view.ts";

interface JsonSchema {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
  readonly exclusiveMaximum?: number;
  readonly multipleOf?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minProperties?: number;
  readonly format?: string;
}

/** Bounds that zod gives every whole number. */
const SAFE = Number.MAX_SAFE_INTEGER;

/** What the schemas of a view want, joined by "or". */
export function expectation(view: SchemaView): string {
  const words = view.schemas.map((schema) => describe(toJsonSchema(schema)));
  return [...new Set(words)].filter((word) => word !== "").join(" or ") || "something else";
}

function toJsonSchema(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as JsonSchema;
}

function describe(schema: JsonSchema): string {
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) {
    return `${schema.enum.length > 1 ? "one of " : ""}${
      schema.enum.map((v) => JSON.stringify(v)).join(", ")
    }`;
  }
  switch (schema.type) {
    case "integer":
      return `a whole number${bounds(schema)}`;
    case "number":
      return `a number${bounds(schema)}`;
    case "boolean":
      return "true or false";
    case "string":
      return textWords(schema);
    case "array":
      return sized("a list", "item", schema.minItems, schema.maxItems);
    case "object":
      return "a mapping";
    case "null":
      return "empty";
    default:
      return "";
  }
}

function textWords(schema: JsonSchema): string {
  if (schema.minLength === 1 && schema.maxLength === undefined) return "text that is not empty";
  return sized("text", "character", schema.minLength, schema.maxLength);
}

function sized(what: string, unit: string, least: number | undefined, most: number | undefined): string {
  const count = (n: number) => `${n} ${unit}${n === 1 ? "" : "s"}`;
  if (least !== undefined && most !== undefined) {
    return least === most ? `${what} of ${count(least)}` : `${what} of ${least} to ${count(most)}`;
  }
  if (least !== undefined && least > 0) return `${what} of at least ${count(least)}`;
  return most === undefined ? what : `${what} of at most ${count(most)}`;
}

function bounds(schema: JsonSchema): string {
  const { exclusiveMinimum, maximum, minimum } = schema;
  if (
    schema.type === "integer" && exclusiveMinimum !== undefined && maximum !== undefined && maximum < SAFE
  ) {
    return bounds({ ...schema, exclusiveMinimum: undefined, minimum: exclusiveMinimum + 1 });
  }
  const least = minimum === undefined || minimum <= -SAFE ? undefined : minimum;
  const most = maximum === undefined || maximum >= SAFE ? undefined : maximum;
  const words: string[] = [];
  if (least !== undefined && most !== undefined) words.push(` from ${least} to ${most}`);
  else if (least !== undefined) words.push(` of at least ${least}`);
  else if (most !== undefined) words.push(` of at most ${most}`);
  if (exclusiveMinimum !== undefined) words.push(` greater than ${exclusiveMinimum}`);
  if (schema.exclusiveMaximum !== undefined) words.push(` less than ${schema.exclusiveMaximum}`);
  if (schema.multipleOf !== undefined) words.push(` divisible by ${schema.multipleOf}`);
  return words.join(" and");
}

/** A value to show how a missing key is written. */
export function exampleOf(key: string, view: SchemaView | undefined): string {
  const known = EXAMPLES[key];
  if (known !== undefined) return `${key}: ${known}`;
  const examples = view?.schemas.flatMap((schema) => {
    const meta = schema.meta() as { examples?: unknown[] } | undefined;
    return meta?.examples ?? [];
  });
  const given = examples?.[0] ?? view?.choices[0];
  if (given !== undefined) return `${key}: ${typeof given === "string" ? given : JSON.stringify(given)}`;
  if (view?.accepts("string")) return `${key}: "…"`;
  if (view?.accepts("number")) return `${key}: 1`;
  if (view?.accepts("boolean")) return `${key}: true`;
  if (view?.accepts("list")) return `${key}: [id]`;
  return view?.accepts("map") ? `${key}: {…}` : `${key}: …`;
}

const EXAMPLES: Record<string, string> = {
  name: "load_orders",
  path: '"data/*.csv"',
  database: "shop.duckdb",
  table: "orders",
  query: '"SELECT * FROM orders"',
  bucket: "my-bucket",
  host: "localhost",
  user: "loader",
  password: `"{{ env_var('DB_PASSWORD') }}"`,
  mapping: "{old_name: new_name}",
  columns: "{id: integer}",
  where: '"amount > 0"',
  cursor_column: "updated_at",
  strategy: "cursor",
  merge_keys: "[id]",
  steps: "[]",
};
