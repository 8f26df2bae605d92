import { formatType, type Json, type JsonObject } from "../sdk/mod.ts";
import { redactPlan } from "./redact.ts";
import { describedOf, type PlanToRender, toJson } from "./render.ts";

/** A plan as plain JSON: the plan without secrets, and for each resource what was found out by opening its ends. */
export function planToJson(shown: PlanToRender): JsonObject {
  const plan = redactPlan(shown.plan);
  return {
    ...toJson(plan) as JsonObject,
    ...(shown.state === undefined ? {} : { state_location: shown.state }),
    resources: plan.resources.map((resource) => {
      const described = describedOf(shown, resource);
      return { ...toJson(resource) as JsonObject, ...(described && { described: descriptionOf(described) }) };
    }) as Json[],
  };
}

function descriptionOf(described: NonNullable<ReturnType<typeof describedOf>>): Json {
  const { read, schema, write, errors, state } = described;
  const columns = (fields: { name: string; type: Parameters<typeof formatType>[0]; nullable: boolean }[]) =>
    fields.map(({ name, type, nullable }) => ({ name, type: formatType(type), nullable }));
  return toJson({
    position: state,
    read: read && { ...read, schema: undefined, columns: columns([...read.schema.fields]) },
    columns: schema && columns([...schema.fields]),
    write,
    errors: errors.map((error) => error.toJSON()),
  });
}
