import { peakMemory, type RunEvent, type RunSummary, SummaryBuilder } from "../observe/mod.ts";
import type { Plan, ResourcePlan } from "../plan/mod.ts";
import { createRedactor, type Redactor } from "../secrets/mod.ts";
import type { DataLoaderError, Session } from "../sdk/mod.ts";
import { asError } from "./failure.ts";
import { defaultMemoryLimit, defaultThreads, type RunIO, type RunOptions } from "./io.ts";
import { ResourceRun } from "./resource.ts";
import { StateKeeper } from "./state_keeper.ts";

/** Events that carry texts of errors, steps or people. */
const WITH_TEXT: ReadonlySet<RunEvent["type"]> = new Set([
  "plan",
  "retry",
  "rows_rejected",
  "values_coerced",
  "validation",
  "log",
  "resource_finished",
]);

/** How often a running statement is asked how far it is. */
const PROGRESS_INTERVAL_MS = 200;

/**
 * Runs a plan and returns its summary. Never throws for what a run can meet: a failure is in the summary
 * (`status: "failed"`, `error`). Runs as well in a Worker as in the main thread.
 */
export async function runPlan(plan: Plan, io: RunIO, options: RunOptions = {}): Promise<RunSummary> {
  const builder = new SummaryBuilder();
  const redactor = createRedactor(plan.secrets);
  const emit = (event: RunEvent) => {
    // Most events are counts: only those with text can hold a secret.
    const shown = WITH_TEXT.has(event.type) ? redactor.json(event) as unknown as RunEvent : event;
    builder.add(shown);
    io.emit(shown);
  };
  const keeper = new StateKeeper(io.stateBackend, { recipe: plan.recipe, emit });
  const setting: Setting = {
    plan,
    io: { ...io, emit },
    keeper,
    options,
    redactor,
    newRunId: crypto.randomUUID(),
    startedAt: new Date().toISOString(),
  };
  emit({
    type: "run_started",
    time: Date.now(),
    recipe: plan.recipe,
    runId: setting.newRunId,
    resources: plan.resources.map((resource) => resource.name),
    fullRefresh: options.fullRefresh,
    dryRun: options.dryRun,
  });
  for (const message of [...plan.warnings, ...limitWarnings(plan, options)]) {
    emit({ type: "log", time: Date.now(), level: "warning", message });
  }
  let error: DataLoaderError | undefined;
  try {
    await keeper.open({ lock: !options.dryRun });
    for (const resource of plan.resources) await runResource(resource, setting);
  } catch (cause) {
    error = asError(cause, io.signal);
  } finally {
    await keeper.close();
  }
  const saved = keeper.summary();
  const summary = builder.build({
    time: Date.now(),
    error: error && redactor.error(error),
    peakMemoryBytes: peakMemory(),
    sandbox: options.sandbox,
    state: saved && {
      location: saved.location,
      revision: saved.revision,
      sequence: saved.sequence,
      cursor_values: saved.cursorValues,
      watermarks: saved.watermarks,
    },
  });
  emit({ type: "run_finished", time: Date.now(), status: summary.status, summary });
  return summary;
}

/** What a limited run leaves behind, where that may surprise. */
function limitWarnings(plan: Plan, options: RunOptions): string[] {
  if (options.limit === undefined || options.dryRun) return [];
  const modes = new Set(
    plan.resources.map((resource) => options.fullRefresh ? "overwrite" : resource.destination.mode),
  );
  return [
    ...(modes.has("append")
      ? ["--limit does not move the position: the next run appends these rows again, beside these"]
      : []),
    ...(modes.has("overwrite")
      ? [`--limit with overwrite leaves at most ${options.limit} rows at the destination`]
      : []),
  ];
}

interface Setting {
  readonly plan: Plan;
  readonly io: RunIO;
  readonly keeper: StateKeeper;
  readonly options: RunOptions;
  readonly redactor: Redactor;
  readonly newRunId: string;
  readonly startedAt: string;
}

/** Runs one resource in a session of its own; its failure is in its last event. */
async function runResource(resource: ResourcePlan, setting: Setting): Promise<void> {
  const { io } = setting;
  const started = Date.now();
  const { summary: source } = resource.source;
  const { summary: destination, mode: writeMode } = resource.destination;
  const about = { resource: resource.name };
  io.emit({
    type: "plan",
    time: started,
    ...about,
    source,
    destination,
    writeMode,
    statements: [],
    warnings: [],
  });
  io.emit({ type: "resource_started", time: started, ...about });
  let error: DataLoaderError | undefined;
  let nothingToDo = false;
  try {
    nothingToDo = await inSession(resource, setting);
  } catch (cause) {
    error = asError(cause, io.signal);
  }
  io.emit({
    type: "resource_finished",
    time: Date.now(),
    ...about,
    status: error === undefined ? "succeeded" : "failed",
    durationMs: Date.now() - started,
    nothingToDo,
    error: error?.toJSON(),
  });
}

async function inSession(resource: ResourcePlan, setting: Setting): Promise<boolean> {
  const { plan, io } = setting;
  const session = await openSession(resource, plan, io);
  const registry = io.openRegistry?.(session);
  const run = new ResourceRun(resource, { ...setting, session, registry, emit: io.emit, signal: io.signal });
  const stop = () => session.interrupt();
  io.signal.addEventListener("abort", stop);
  const watch = setInterval(
    () => io.emit({ type: "progress", time: Date.now(), resource: resource.name, ...run.progress() }),
    PROGRESS_INTERVAL_MS,
  );
  try {
    await run.run();
    return run.nothingToDo;
  } finally {
    clearInterval(watch);
    io.signal.removeEventListener("abort", stop);
    await session.close();
  }
}

async function openSession(resource: ResourcePlan, plan: Plan, io: RunIO): Promise<Session> {
  const { memoryLimit, threads, tempDirectory } = plan.runtime;
  return await io.openSession({
    memoryLimit: memoryLimit ?? defaultMemoryLimit(resource, threads),
    threads: threads ?? defaultThreads(resource),
    tempDirectory,
  });
}
