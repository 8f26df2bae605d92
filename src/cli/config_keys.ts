/** The keys of a config, read from its JSON Schema. */
import { type Json, type JsonObject } from "../sdk/mod.ts";

/** One key, for people. */
export interface ConfigKey {
  /** With the names of its parents: `csv.delimiter`. */
  readonly name: string;
  /** `string`, `"a" or "b"`, `list of string`, `mapping of name to string`. */
  readonly type: string;
  readonly required: boolean;
  readonly default?: Json;
  readonly secret: boolean;
  readonly description: string;
}

/** All keys of an object schema, those of nested objects under their parents' names. */
export function configKeys(schema: JsonObject, prefix = ""): ConfigKey[] {
  const objects = [schema, ...alternatives(schema)].filter((one) => isObject(one.properties));
  const seen = new Set<string>();
  const keys: ConfigKey[] = [];
  for (const object of objects) {
    const required = Array.isArray(object.required) ? object.required : [];
    for (const [name, value] of Object.entries(object.properties as JsonObject)) {
      if (!isObject(value) || seen.has(name)) continue;
      seen.add(name);
      keys.push({
        name: prefix + name,
        type: typeName(value),
        required: required.includes(name) && value.default === undefined,
        ...(value.default === undefined ? {} : { default: value.default }),
        secret: value["x-secret"] === true,
        description: typeof value.description === "string" ? value.description : "",
      });
      if (isObject(value.properties)) keys.push(...configKeys(value, `${prefix}${name}.`));
    }
  }
  return keys;
}

function typeName(schema: JsonObject): string {
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (Array.isArray(schema.enum)) return schema.enum.map((value) => JSON.stringify(value)).join(" or ");
  const options = alternatives(schema);
  if (options.length > 0) return [...new Set(options.map(typeName))].join(" or ");
  if (Array.isArray(schema.type)) return schema.type.join(" or ");
  if (schema.type === "array") return isObject(schema.items) ? `list of ${typeName(schema.items)}` : "list";
  if (schema.type === "object") {
    const values = schema.additionalProperties;
    const plain = !isObject(schema.properties) && isObject(values) && Object.keys(values).length > 0;
    return plain ? `mapping of name to ${typeName(values as JsonObject)}` : "mapping";
  }
  return typeof schema.type === "string" ? schema.type : "any value";
}

function alternatives(schema: JsonObject): JsonObject[] {
  return [schema.anyOf, schema.oneOf, schema.allOf].flatMap((list) =>
    Array.isArray(list) ? list.filter(isObject) : []
  );
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
