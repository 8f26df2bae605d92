/** Executing a Plan in this thread: gives the engine its state backend and its session. The same in a Worker. */
import { createSession } from "../batch/mod.ts";
import { registerBuiltins } from "../builtin.ts";
import { type RunOptions, runPlan } from "../engine/mod.ts";
import type { EventSink, RunSummary } from "../observe/mod.ts";
import type { Plan } from "../plan/mod.ts";
import type { StateBackend } from "../sdk/mod.ts";
import { importPlugins } from "./prepare.ts";
import { stateBackendFor } from "./state_backend.ts";

export interface ExecuteOptions extends RunOptions {
  /** Wins over the recipe's `state.directory`. */
  readonly stateDirectory?: string;
  /** Wins over the recipe's `state:` altogether. */
  readonly stateBackend?: StateBackend;
  readonly emit?: EventSink;
  readonly signal?: AbortSignal;
}

/** Runs a plan to its end. What a run can meet is in the summary; nothing is thrown for it. */
export async function executePlan(plan: Plan, options: ExecuteOptions = {}): Promise<RunSummary> {
  registerBuiltins();
  await importPlugins(plan.plugins);
  const { emit = () => {}, signal = new AbortController().signal } = options;
  const { fullRefresh, limit, dryRun, sandbox } = options;
  return await runPlan(plan, {
    stateBackend: options.stateBackend ?? stateBackendFor(plan, options.stateDirectory),
    emit,
    signal,
    openSession: createSession,
  }, { fullRefresh, limit, dryRun, sandbox });
}
