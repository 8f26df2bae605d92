import { z } from "zod";
import { findConnector, findTransform, type Json, type JsonObject } from "../sdk/mod.ts";
import type { Plan } from "./plan.ts";
import { toJson } from "./render.ts";

/** What stands for a secret. */
const MASK = "•••";

/** A plan whose configs show no value of a key marked as secret (`x-secret`). */
export function redactPlan(plan: Plan): Plan {
  return {
    ...plan,
    secrets: [],
    resources: plan.resources.map((resource) => ({
      ...resource,
      source: { ...resource.source, config: mask(resource.source, findConnector) },
      destination: { ...resource.destination, config: mask(resource.destination, findConnector) },
      steps: resource.steps.map((step) => ({
        ...step,
        config: mask({ connector: step.type, config: step.config }, findTransform),
      })),
    })),
  };
}

function mask(
  end: { connector: string; config: unknown },
  find: (name: string) => { config: z.ZodType } | undefined,
): Json {
  const config = toJson(end.config);
  const definition = find(end.connector);
  if (definition === undefined) return config;
  const schema = z.toJSONSchema(definition.config, { unrepresentable: "any", io: "input" });
  return maskBy(config, schema as JsonObject);
}

/** Masks what a JSON Schema marks, in objects, lists and alternatives. */
function maskBy(value: Json, schema: JsonObject): Json {
  if (schema["x-secret"] === true) return value === null ? null : MASK;
  const alternatives = [schema.anyOf, schema.oneOf, schema.allOf].flatMap((list) =>
    Array.isArray(list) ? list : []
  );
  let masked = value;
  for (const alternative of alternatives) masked = maskBy(masked, alternative as JsonObject);
  if (Array.isArray(masked)) {
    const items = schema.items;
    return isObject(items) ? masked.map((item) => maskBy(item, items)) : masked;
  }
  if (!isObject(masked)) return masked;
  const { properties, additionalProperties } = schema;
  return Object.fromEntries(
    Object.entries(masked).map(([key, item]) => {
      const own = isObject(properties) ? properties[key] : undefined;
      const by = own ?? additionalProperties;
      return [key, isObject(by) ? maskBy(item, by) : item];
    }),
  );
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
