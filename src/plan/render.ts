/** What the renderings of a plan share. All of them are pure: text in, text out. */
import type {
  DataLoaderError,
  Json,
  ReadDescription,
  Schema,
  SourceState,
  WriteDescription,
} from "../sdk/mod.ts";
import type { Plan, ResourcePlan, StepPlan } from "./plan.ts";

/** What was found out about a resource by opening its ends; the engine's `describePlan` gives these. */
export interface Described {
  readonly resource: string;
  readonly state: SourceState;
  readonly read?: ReadDescription;
  readonly schema?: Schema;
  readonly write?: WriteDescription;
  readonly errors: readonly DataLoaderError[];
}

/** A plan, and what was found out about it; nothing when it is shown offline. */
export interface PlanToRender {
  readonly plan: Plan;
  readonly described?: readonly Described[];
  /** Where the state is, for people. */
  readonly state?: string;
}

/** The description of one resource. */
export function describedOf(shown: PlanToRender, resource: ResourcePlan): Described | undefined {
  return shown.described?.find((described) => described.resource === resource.name);
}

/** How rows are written: `merge on id, region (upsert)`. */
export function describeMode(resource: ResourcePlan): string {
  const { mode, mergeKeys, strategy } = resource.destination;
  return mode === "merge" ? `merge on ${mergeKeys.join(", ")} (${strategy})` : mode;
}

/** How the source is incremental: `cursor on updated_at, lag 15 minutes`; undefined where it is not. */
export function describeIncremental(resource: ResourcePlan): string | undefined {
  const { incremental } = resource.source;
  if (incremental === undefined) return undefined;
  const { strategy, cursorColumn, initialValue, endValue, lag, onNull } = incremental;
  return [
    cursorColumn === undefined ? strategy : `${strategy} on ${cursorColumn}`,
    ...(initialValue === undefined ? [] : [`first value ${initialValue}`]),
    ...(endValue === undefined ? [] : [`before ${endValue}`]),
    ...(lag === undefined ? [] : [`lag ${lag}`]),
    ...(cursorColumn === undefined || onNull === "error" ? [] : [`NULL: ${onNull}`]),
  ].join(", ");
}

/** A step's config on one line: `amount > 0`, `id: int, at: datetime`. */
export function describeStep(step: StepPlan): string {
  const entries = entriesOf(step.config);
  if (entries.length === 1) {
    const [, value] = entries[0]!;
    const inner = entriesOf(value);
    return inner.length > 0 ? inner.map(([key, item]) => `${key}: ${flow(item)}`).join(", ") : flow(value);
  }
  return entries.map(([key, value]) => `${key}: ${flow(value)}`).join(", ");
}

/** A value in YAML's flow form, on one line. */
export function flow(value: unknown): string {
  if (value === null || value === undefined) return "null";
  if (Array.isArray(value)) return value.map(flow).join(", ");
  const entries = entriesOf(value);
  if (entries.length > 0) return `{${entries.map(([key, item]) => `${key}: ${flow(item)}`).join(", ")}}`;
  if (typeof value === "object") return JSON.stringify(value);
  return String(value).replaceAll(/\s+/g, " ").trim();
}

/** The entries of a mapping that say something: a switch that is off and an empty list do not. */
function entriesOf(value: unknown): [string, unknown][] {
  if (value instanceof Map) return [...value];
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [];
  return Object.entries(value).filter(([, item]) =>
    item !== undefined && item !== false && !(Array.isArray(item) && item.length === 0)
  );
}

/** Plain JSON of a value: what JSON has no word for is left out or becomes text. */
export function toJson(value: unknown): Json {
  const text = JSON.stringify(value, (_key, item) => {
    if (typeof item === "bigint") return String(item);
    return item instanceof Map ? Object.fromEntries(item) : item;
  });
  return text === undefined ? null : JSON.parse(text);
}
