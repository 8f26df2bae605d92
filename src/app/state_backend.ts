import type { Plan } from "../plan/mod.ts";
import type { StateBackend } from "../sdk/mod.ts";
import { createStateBackend } from "../state/mod.ts";

/** Where states are kept when neither the recipe nor the command line says. */
export const DEFAULT_STATE_DIRECTORY = ".state";

/** The state backend that a plan and the command line name. */
export function stateBackendFor(plan: Pick<Plan, "state">, directory?: string): StateBackend {
  const path = directory ?? plan.state.directory ?? DEFAULT_STATE_DIRECTORY;
  return createStateBackend({ type: plan.state.backend, path });
}
