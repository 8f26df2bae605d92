/** The commands that look without loading: `plan`, `preview`, `check`. */
import { createSession } from "../batch/mod.ts";
import {
  checkPlan,
  type CheckResult,
  describePlan,
  inferPlan,
  type InferredSchema,
  type Preview,
  previewPlan,
} from "../engine/mod.ts";
import type { ResourceDescription, RunIO } from "../engine/mod.ts";
import type { Plan } from "../plan/mod.ts";
import type { SchemaVersion } from "../schema/mod.ts";
import type { ExecuteOptions } from "./execute.ts";
import { importPlugins } from "./plugins.ts";
import { registerBuiltins } from "../builtin.ts";
import { registryFor, stateBackendFor } from "./state_backend.ts";

type Options = Pick<ExecuteOptions, "stateDirectory" | "stateBackend" | "emit" | "signal">;

/** What each resource of a plan would read, write and change. */
export async function inspectPlan(plan: Plan, options: Options = {}): Promise<ResourceDescription[]> {
  await ready(plan);
  return await describePlan(plan, lookingIO(plan, options));
}

/** The first rows of each resource as its destination would get them. */
export async function preview(
  plan: Plan,
  options: Options & { limit?: number; fromStart?: boolean } = {},
): Promise<Preview[]> {
  await ready(plan);
  return await previewPlan(plan, lookingIO(plan, options), {
    limit: options.limit ?? 10,
    fromStart: options.fromStart,
  });
}

/** Whether both ends of each resource can be reached. */
export async function checkConnections(plan: Plan, options: Options = {}): Promise<CheckResult[]> {
  await ready(plan);
  return await checkPlan(plan, lookingIO(plan, options));
}

/** The schema of what each resource loads, from all of its rows. */
export async function inferSchema(plan: Plan, options: Options = {}): Promise<InferredSchema[]> {
  await ready(plan);
  return await inferPlan(plan, lookingIO(plan, options));
}

/** The versions of the schema of a resource, oldest first, and where they are kept. */
export interface SchemaHistoryOf {
  readonly resource: string;
  readonly place: string;
  readonly versions: readonly SchemaVersion[];
}

/** The versions of the schema of each resource. */
export async function schemaHistory(
  plan: Plan,
  options: Options = {},
): Promise<SchemaHistoryOf[]> {
  const session = await createSession({ tempDirectory: plan.runtime.tempDirectory });
  try {
    const registry = registryFor(plan, { stateDirectory: options.stateDirectory, session });
    const found = [];
    for (const { name } of plan.resources) {
      found.push({
        resource: name,
        place: registry.describe(plan.recipe),
        versions: await registry.versions(plan.recipe, name),
      });
    }
    return found;
  } finally {
    await session.close();
  }
}

async function ready(plan: Plan): Promise<void> {
  registerBuiltins();
  await importPlugins(plan.plugins);
}

function lookingIO(plan: Plan, options: Options): RunIO {
  return {
    stateBackend: options.stateBackend ?? stateBackendFor(plan, options.stateDirectory),
    emit: options.emit ?? (() => {}),
    signal: options.signal ?? new AbortController().signal,
    openSession: createSession,
    openRegistry: (session) => registryFor(plan, { stateDirectory: options.stateDirectory, session }),
  };
}
