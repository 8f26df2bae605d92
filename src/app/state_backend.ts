import type { Plan } from "../plan/mod.ts";
import { join } from "node:path";
import type { SchemaRegistry } from "../schema/mod.ts";
import type { Access, Session, StateBackend } from "../sdk/mod.ts";
import { createStateBackend, SchemaFiles, SchemaTable } from "../state/mod.ts";

/** Where states are kept when neither the recipe nor the command line says. */
export const DEFAULT_STATE_DIRECTORY = ".state";

/** The state backend that a plan and the command line name. */
export function stateBackendFor(plan: Pick<Plan, "state">, directory?: string): StateBackend {
  const path = directory ?? plan.state.directory ?? DEFAULT_STATE_DIRECTORY;
  return createStateBackend({ type: plan.state.backend, path });
}

/** The schema registry that a plan and the command line name: beside the states, unless the recipe says otherwise. */
export function registryFor(
  plan: Pick<Plan, "state" | "registry">,
  options: { stateDirectory?: string; session: Session },
): SchemaRegistry {
  if (plan.registry?.backend === "duckdb") return new SchemaTable(options.session, plan.registry.database);
  return new SchemaFiles(registryDirectory(plan, options.stateDirectory));
}

/** The directory of a local registry. */
export function registryDirectory(plan: Pick<Plan, "state" | "registry">, stateDirectory?: string): string {
  const states = stateDirectory ?? plan.state.directory ?? DEFAULT_STATE_DIRECTORY;
  return (plan.registry?.backend === "local" ? plan.registry.directory : undefined) ??
    join(states, "schemas");
}

/** The files of a local registry; one in a database is a key of the recipe. */
export function registryAccess(
  plan: Pick<Plan, "recipe" | "state" | "registry">,
  stateDirectory?: string,
): Access[] {
  if (plan.registry?.backend === "duckdb") return [];
  return new SchemaFiles(registryDirectory(plan, stateDirectory)).access(plan.recipe);
}
