/** Executing a Plan in this thread: gives the engine its state backend and its session. The same in a Worker. */
import { join } from "node:path";
import { createSession } from "../batch/mod.ts";
import { registerBuiltins } from "../builtin.ts";
import { type RunOptions, runPlan } from "../engine/mod.ts";
import type { EventSink, RunSummary } from "../observe/mod.ts";
import type { Plan } from "../plan/mod.ts";
import type { SchemaRegistry } from "../schema/mod.ts";
import type { Session, StateBackend } from "../sdk/mod.ts";
import { createStateBackend, SchemaFiles, SchemaTable } from "../state/mod.ts";
import { importPlugins } from "./prepare.ts";

/** Where states are kept when neither the recipe nor the command line says. */
export const DEFAULT_STATE_DIRECTORY = ".state";

export interface ExecuteOptions extends RunOptions {
  /** Wins over the recipe's `state.directory`. */
  readonly stateDirectory?: string;
  /** Wins over the recipe's `state:` altogether. */
  readonly stateBackend?: StateBackend;
  readonly emit?: EventSink;
  readonly signal?: AbortSignal;
}

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
  const states = options.stateDirectory ?? plan.state.directory ?? DEFAULT_STATE_DIRECTORY;
  return new SchemaFiles(plan.registry?.directory ?? join(states, "schemas"));
}

/** Runs a plan to its end. What a run can meet is in the summary; nothing is thrown for it. */
export async function executePlan(plan: Plan, options: ExecuteOptions = {}): Promise<RunSummary> {
  registerBuiltins();
  await importPlugins(plan.plugins);
  const { emit = () => {}, signal = new AbortController().signal } = options;
  const { fullRefresh, limit, dryRun } = options;
  return await runPlan(plan, {
    stateBackend: options.stateBackend ?? stateBackendFor(plan, options.stateDirectory),
    emit,
    signal,
    openSession: createSession,
    openRegistry: (session) => registryFor(plan, { stateDirectory: options.stateDirectory, session }),
  }, { fullRefresh, limit, dryRun });
}
