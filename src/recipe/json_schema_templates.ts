/** Lets a JSON Schema take templates: `batch_size: "{{ env_var('N') }}"` is a text where a number is due. */
import type { Json, JsonObject } from "../sdk/mod.ts";

/** A text with a template in it. */
export const TEMPLATE: JsonObject = {
  description: "A template: {{ env_var('NAME') }}, {{ var.name }}",
  type: "string",
  pattern: "\\{[{%]",
};

const TEMPLATE_REF: JsonObject = { $ref: "#/$defs/template" };

/** Words that describe a value and don't restrict it: they stay outside of the choice, where editors look for them. */
const ANNOTATIONS = new Set(["description", "title", "default", "examples", "deprecated"]);

/** Bounds of "any whole number that JavaScript keeps exactly": noise in an editor. */
const SAFE = Number.MAX_SAFE_INTEGER;

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Rewrites a block's schema so that wherever a plain text would be refused, a text with a template is accepted. */
export function allowTemplates(schema: JsonObject): JsonObject {
  // A block itself must be written out.
  return schema.type === "object" ? rewriteChildren(schema) : rewrite(schema);
}

function rewrite(schema: JsonObject): JsonObject {
  const rewritten = rewriteChildren(schema);
  return needsChoice(rewritten) ? withTemplate(rewritten) : rewritten;
}

function rewriteChildren(schema: JsonObject): JsonObject {
  const result: Record<string, Json> = {};
  for (const [key, value] of Object.entries(schema)) {
    if ((key === "minimum" && value === -SAFE) || (key === "maximum" && value === SAFE)) continue;
    if (key === "properties" && isObject(value)) {
      result[key] = Object.fromEntries(
        Object.entries(value).map(([name, each]) => [name, isObject(each) ? rewrite(each) : each]),
      );
    } else if ((key === "items" || key === "additionalProperties") && isObject(value)) {
      result[key] = rewrite(value);
    } else if ((key === "anyOf" || key === "oneOf") && Array.isArray(value)) {
      // The choice itself gets the template, its options don't need one each.
      result[key] = value.map((each) => isObject(each) ? rewriteChildren(each) : each);
    } else if (key !== "propertyNames") {
      result[key] = value;
    }
  }
  return result;
}

function needsChoice(schema: JsonObject): boolean {
  const options = (schema.anyOf ?? schema.oneOf) as JsonObject[] | undefined;
  if (options !== undefined) return !options.some(takesAnyText);
  if (schema.enum !== undefined || schema.const !== undefined) return true;
  const types = typesOf(schema);
  // A mapping of free keys may come from a variable; one of listed keys must be written out.
  if (types.includes("object")) return schema.properties === undefined;
  return types.includes("string")
    ? !takesAnyText(schema)
    : types.some((type) => ["number", "integer", "boolean", "array"].includes(type));
}

function typesOf(schema: JsonObject): string[] {
  return (Array.isArray(schema.type) ? schema.type : [schema.type ?? ""]).map(String);
}

function takesAnyText(schema: JsonObject): boolean {
  return typesOf(schema).includes("string") && schema.pattern === undefined && schema.format === undefined &&
    schema.enum === undefined && schema.const === undefined && schema.maxLength === undefined;
}

function withTemplate(schema: JsonObject): JsonObject {
  const outside: Record<string, Json> = {};
  const inside: Record<string, Json> = {};
  for (const [key, value] of Object.entries(schema)) {
    (ANNOTATIONS.has(key) || key.startsWith("x-") ? outside : inside)[key] = value;
  }
  const options = Object.keys(inside).length === 1 && Array.isArray(inside.anyOf) ? inside.anyOf : [inside];
  return { ...outside, anyOf: [...options, TEMPLATE_REF] };
}
