/** The part of JSON Schema 2020-12 that the recipe schema uses: enough to check recipes against it. */
import type { Json, JsonObject } from "../../../src/sdk/mod.ts";

const KEYWORDS = new Set([
  ...[
    "$schema",
    "$defs",
    "title",
    "description",
    "default",
    "examples",
    "x-path",
    "x-secret",
    "x-text",
    "then",
    "else",
  ],
  ...["$ref", "type", "const", "enum", "anyOf", "oneOf", "allOf", "not", "if", "required", "properties"],
  ...[
    "additionalProperties",
    "items",
    "minItems",
    "maxItems",
    "pattern",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
  ],
  ...["exclusiveMinimum", "exclusiveMaximum", "format"],
]);

/** Where and why a value does not fit; empty where it does. */
export function violations(root: JsonObject, value: Json, schema: Json = root, path = "$"): string[] {
  if (schema === true) return [];
  if (schema === false) return [`${path}: nothing may be here`];
  const rules = schema as JsonObject;
  const found: string[] = [];
  const fits = (each: Json, at: Json = value) => violations(root, at, each, path).length === 0;
  for (const [keyword, rule] of Object.entries(rules)) {
    if (!KEYWORDS.has(keyword)) throw new Error(`The checker does not know "${keyword}".`);
    found.push(...check(keyword, rule));
  }
  return found;

  function check(keyword: string, rule: Json): string[] {
    const fail = (wrong: boolean) =>
      wrong ? [`${path}: ${keyword} ${JSON.stringify(rule).slice(0, 200)}`] : [];
    const list = rule as Json[];
    switch (keyword) {
      case "$ref": {
        const target = (root.$defs as JsonObject)[String(rule).replace("#/$defs/", "")];
        if (target === undefined) throw new Error(`There is no ${rule}.`);
        return violations(root, value, target, path);
      }
      case "type":
        return fail(![rule].flat().some((type) => isType(value, String(type))));
      case "const":
        return fail(JSON.stringify(value) !== JSON.stringify(rule));
      case "enum":
        return fail(!list.some((each) => each === value));
      case "anyOf":
        return fail(!list.some((each) => fits(each)));
      case "oneOf":
        return fail(list.filter((each) => fits(each)).length !== 1);
      case "allOf":
        return list.flatMap((each) => violations(root, value, each, path));
      case "not":
        return fail(fits(rule));
      case "if": {
        const then = fits(rule) ? rules.then : rules.else;
        return then === undefined ? [] : violations(root, value, then, path);
      }
      default:
        return checkKind(keyword, rule, fail);
    }
  }

  function checkKind(keyword: string, rule: Json, fail: (wrong: boolean) => string[]): string[] {
    if (typeof value === "string") {
      if (keyword === "pattern") return fail(!new RegExp(String(rule)).test(value));
      if (keyword === "minLength") return fail(value.length < Number(rule));
      if (keyword === "maxLength") return fail(value.length > Number(rule));
    } else if (typeof value === "number") {
      if (keyword === "minimum") return fail(value < Number(rule));
      if (keyword === "maximum") return fail(value > Number(rule));
      if (keyword === "exclusiveMinimum") return fail(value <= Number(rule));
    } else if (Array.isArray(value)) {
      if (keyword === "minItems") return fail(value.length < Number(rule));
      if (keyword === "items") {
        return value.flatMap((item, i) => violations(root, item, rule, `${path}[${i}]`));
      }
    } else if (value !== null && typeof value === "object") {
      if (keyword === "required") return fail((rule as string[]).some((key) => !(key in value)));
      if (keyword === "properties") {
        return Object.entries(rule as JsonObject).flatMap(([key, each]) =>
          key in value ? violations(root, value[key]!, each, `${path}.${key}`) : []
        );
      }
      if (keyword === "additionalProperties") {
        const known = Object.keys((rules.properties ?? {}) as JsonObject);
        return Object.keys(value).filter((key) => !known.includes(key))
          .flatMap((key) => violations(root, value[key]!, rule, `${path}.${key}`));
      }
    }
    return [];
  }
}

function isType(value: Json, type: string): boolean {
  const kind: string = typeof value;
  switch (type) {
    case "integer":
      return Number.isInteger(value);
    case "array":
      return Array.isArray(value);
    case "null":
      return value === null;
    case "object":
      return kind === "object" && value !== null && !Array.isArray(value);
    default:
      return kind === type;
  }
}
