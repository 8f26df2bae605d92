/** Executing a Plan in this thread: gives the engine its state backend and its session. The same in a Worker. */
import { tmpdir } from "node:os";
import { createSession, sealNative, setEngineWalls } from "../batch/mod.ts";
import { registerBuiltins } from "../builtin.ts";
import { type RunOptions, runPlan } from "../engine/mod.ts";
import type { EventSink, RunSummary } from "../observe/mod.ts";
import type { Plan } from "../plan/mod.ts";
import { holdsRecipes, type StateBackend } from "../sdk/mod.ts";
import { enginePaths, temporaryWithin } from "./permissions.ts";
import { importPlugins } from "./plugins.ts";
import { DEFAULT_STATE_DIRECTORY, registryFor, stateBackendFor } from "./state_backend.ts";

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
  if (holdsRecipes()) await closeEngine(plan, options);
  await importPlugins(plan.plugins);
  const { emit = () => {}, signal = new AbortController().signal } = options;
  const { fullRefresh, limit, dryRun, sandbox } = options;
  const tempDirectory = plan.runtime.tempDirectory ?? temporaryDirectory(plan, options);
  return await runPlan({ ...plan, runtime: { ...plan.runtime, tempDirectory } }, {
    stateBackend: options.stateBackend ?? stateBackendFor(plan, options.stateDirectory),
    emit,
    signal,
    openSession: createSession,
    openRegistry: (session) => registryFor(plan, { stateDirectory: options.stateDirectory, session }),
  }, { fullRefresh, limit, dryRun, sandbox });
}

/**
 * In an executable for one recipe the process is held to what the recipe needs, but Deno's permissions do not hold native
 * code: the embedded engine gets its own walls, as in a Worker.
 */
async function closeEngine(plan: Plan, options: ExecuteOptions): Promise<void> {
  const directory = plan.runtime.tempDirectory ?? temporaryDirectory(plan, options) ?? tmpdir();
  await Deno.mkdir(directory, { recursive: true });
  setEngineWalls(await enginePaths(plan.access), await Deno.realPath(directory));
  sealNative({ required: plan.access.some(({ kind }) => kind === "code") });
}

/** Undefined: the system's. A process that may not write there, held to the permissions of one recipe, has one in its states. */
function temporaryDirectory(plan: Plan, options: ExecuteOptions): string | undefined {
  try {
    const { state } = Deno.permissions.querySync({ name: "write", path: tmpdir() });
    if (state === "granted") return undefined;
  } catch (error) {
    // Where it is may not be asked for either.
    if (!(error instanceof Deno.errors.NotCapable)) throw error;
  }
  return temporaryWithin(options.stateDirectory ?? plan.state.directory ?? DEFAULT_STATE_DIRECTORY);
}
