/** The schema registry of a run. */
import { join } from "node:path";
import type { Plan } from "../plan/mod.ts";
import type { SchemaRegistry } from "../schema/mod.ts";
import type { Access, Session } from "../sdk/mod.ts";
import { SchemaFiles, SchemaTable } from "../state/mod.ts";
import { DEFAULT_STATE_DIRECTORY } from "./state_backend.ts";

/** The schema registry that a plan and the command line name: beside the states, unless the recipe says otherwise. */
export function registryFor(
  plan: Pick<Plan, "state" | "registry">,
  options: { stateDirectory?: string; session: Session },
): SchemaRegistry {
  return plan.registry?.backend === "duckdb"
    ? new SchemaTable(options.session, plan.registry.database)
    : registryFiles(plan, options.stateDirectory);
}

/** The files that versions are kept in; none where they are kept in a database, which the recipe names. */
export function registryAccess(
  plan: Pick<Plan, "recipe" | "state" | "registry">,
  stateDirectory: string | undefined,
): Access[] {
  return plan.registry?.backend === "duckdb" ? [] : registryFiles(plan, stateDirectory).access(plan.recipe);
}

function registryFiles(
  plan: Pick<Plan, "state" | "registry">,
  stateDirectory: string | undefined,
): SchemaFiles {
  const named = plan.registry?.backend === "duckdb" ? undefined : plan.registry?.directory;
  const states = stateDirectory ?? plan.state.directory ?? DEFAULT_STATE_DIRECTORY;
  return new SchemaFiles(named ?? join(states, "schemas"));
}
