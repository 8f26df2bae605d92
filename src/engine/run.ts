import type { Plan, ResourcePlan } from "../plan/mod.ts";
import { EngineError } from "../sdk/mod.ts";
import type { RunSummary } from "../observe/mod.ts";
import { asError } from "./failure.ts";
import { defaultMemoryLimit, type RunIO, type RunOptions } from "./io.ts";
import { type ResourceResult, ResourceRun } from "./resource.ts";
import { StateKeeper } from "./state_keeper.ts";

/**
 * Runs a plan and returns its summary. Never throws for what a run can meet: a failure is in the summary
 * (`status: "failed"`, `error`). Runs as well in a Worker as in the main thread.
 */
export async function runPlan(plan: Plan, io: RunIO, options: RunOptions = {}): Promise<RunSummary> {
  const newRunId = crypto.randomUUID();
  const began = Date.now();
  const startedAt = new Date(began).toISOString();
  const keeper = new StateKeeper(io.stateBackend, { recipe: plan.recipe, emit: io.emit });
  io.emit({ type: "run_started", time: began, recipe: plan.recipe, runId: newRunId, startedAt });
  for (const warning of plan.warnings) {
    io.emit({ type: "log", time: Date.now(), level: "warning", message: warning, fields: {} });
  }
  const results: [ResourcePlan, ResourceResult][] = [];
  let error: EngineError | ReturnType<typeof asError> | undefined;
  try {
    await keeper.open({ lock: !options.dryRun });
    for (const resource of plan.resources) {
      results.push([
        resource,
        await runResource(resource, { plan, io, keeper, options, newRunId, startedAt }),
      ]);
    }
  } catch (cause) {
    error = asError(cause, io.signal);
  } finally {
    await keeper.close();
  }
  const summary = summarize(plan, { results, error, keeper, newRunId, began, options });
  io.emit({ type: "run_finished", time: Date.now(), status: summary.status, summary });
  return summary;
}

interface Setting {
  readonly plan: Plan;
  readonly io: RunIO;
  readonly keeper: StateKeeper;
  readonly options: RunOptions;
  readonly newRunId: string;
  readonly startedAt: string;
}

async function runResource(resource: ResourcePlan, setting: Setting): Promise<ResourceResult> {
  const { plan, io } = setting;
  const { memoryLimit, threads, tempDirectory } = plan.runtime;
  const session = await io.openSession({
    memoryLimit: memoryLimit ?? defaultMemoryLimit(resource),
    threads,
    tempDirectory,
  });
  const stop = () => session.interrupt();
  io.signal.addEventListener("abort", stop);
  const watch = setInterval(() => {
    io.emit({ type: "progress", time: Date.now(), resource: resource.name, ...session.progress() });
  }, PROGRESS_INTERVAL_MS);
  io.emit({
    type: "resource_started",
    time: Date.now(),
    resource: resource.name,
    source: resource.source.summary,
    destination: resource.destination.summary,
    mode: resource.destination.mode,
  });
  try {
    const run = new ResourceRun(resource, { ...setting, session, emit: io.emit, signal: io.signal });
    const result = await run.run();
    io.emit({
      type: "resource_finished",
      time: Date.now(),
      resource: resource.name,
      status: result.error === undefined ? "succeeded" : "failed",
      rowsRead: result.rowsRead,
      rowsWritten: result.rowsWritten,
      rowsRejected: result.rowsRejected,
      error: result.error?.toJSON(),
    });
    return result;
  } finally {
    clearInterval(watch);
    io.signal.removeEventListener("abort", stop);
    await session.close();
  }
}

/** How often a running statement is asked how far it is. */
const PROGRESS_INTERVAL_MS = 200;
