import type { EventSink } from "../observe/mod.ts";
import type { ResourcePlan } from "../plan/mod.ts";
import { emptyState, type SourceState, type State, type StateBackend, type StateLock } from "../sdk/mod.ts";
import { sourceStateOf } from "./resume.ts";

/** What a run remembers: loads the state once, saves it after commits, and keeps other runs of the recipe out. */
export class StateKeeper {
  readonly #backend: StateBackend;
  readonly #recipe: string;
  readonly #emit: EventSink;
  #lock: StateLock | undefined;
  #state: State | undefined;

  constructor(backend: StateBackend, options: { recipe: string; emit: EventSink }) {
    this.#backend = backend;
    this.#recipe = options.recipe;
    this.#emit = options.emit;
  }

  /** The saved state; undefined where the recipe was never run. */
  get state(): State | undefined {
    return this.#state;
  }

  /** Where the state is, for people. */
  get place(): string {
    return this.#backend.describe(this.#recipe);
  }

  /** The saved state in short; undefined where there is none. */
  summary() {
    if (this.#state === undefined) return undefined;
    const { revision, sequence, cursor_values, watermarks } = this.#state;
    return {
      location: this.place,
      revision,
      sequence,
      cursorValues: cursor_values,
      watermarks,
    };
  }

  /** @throws {StateError} when another run holds the recipe, or the state can't be read. */
  async open(options: { lock: boolean }): Promise<void> {
    if (options.lock) this.#lock = await this.#backend.lock?.(this.#recipe);
    this.#state = await this.#backend.load(this.#recipe);
  }

  /**
   * Notes that a run begins, where that is needed to tell "cut off after its last commit" from "done": an append of
   * everything would else be done twice. Other loads leave the state untouched until they have committed something.
   */
  async begin(runId: string, resource: ResourcePlan, sequence: number): Promise<void> {
    if (resource.destination.mode !== "append" || resource.source.incremental !== undefined) return;
    await this.#save({
      ...(this.#state ?? emptyState(this.#recipe)),
      sequence,
      in_flight: { run_id: runId, started_at: new Date().toISOString(), plan: resource.fingerprint },
    });
  }

  /** Saves what a commit in the middle of a run has reached. */
  async progress(runId: string, state: SourceState, sequence: number): Promise<void> {
    const before = this.#state?.in_flight;
    const started = before?.run_id === runId ? before.started_at : new Date().toISOString();
    await this.#save({
      ...(this.#state ?? emptyState(this.#recipe)),
      ...state,
      sequence,
      origin: "run",
      in_flight: { run_id: runId, started_at: started, plan: before?.plan ?? "" },
    });
  }

  /** Saves the end of a run. Does nothing where the saved state says just that already. */
  async finish(state: SourceState, sequence: number, { committed }: { committed: boolean }): Promise<void> {
    const before = this.#state;
    // The destination does not know of a position that a person has set before rows are committed with it.
    const origin = committed ? "run" : before?.origin ?? "run";
    const same = before !== undefined && before.in_flight === null && before.sequence === sequence &&
      before.origin === origin && JSON.stringify(sourceStateOf(before)) === JSON.stringify(pick(state));
    if (same || (before === undefined && sequence === 0)) return;
    await this.#save({
      ...(before ?? emptyState(this.#recipe)),
      ...state,
      sequence,
      origin,
      in_flight: null,
    });
  }

  /** After a failure: forgets that the run began, unless it has committed something to take up. */
  async abandon(committed: boolean): Promise<void> {
    if (committed || this.#state === undefined || this.#state.in_flight === null) return;
    if (this.#state.sequence === 0 || this.#state.checkpoints.length === 0) {
      await this.#save({ ...this.#state, in_flight: null });
    }
  }

  async close(): Promise<void> {
    await this.#lock?.release();
    this.#lock = undefined;
  }

  async #save(state: State): Promise<void> {
    this.#state = await this.#backend.save(this.#recipe, { ...state, updated_at: new Date().toISOString() });
    this.#emit({ type: "state_saved", time: Date.now(), ...this.summary()! });
  }
}

function pick(state: SourceState): SourceState {
  const { cursor_values, watermarks, checkpoints, metadata } = state;
  return { cursor_values, watermarks, checkpoints, metadata };
}
