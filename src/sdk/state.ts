import type { Access } from "./access.ts";
import type { Json, JsonObject } from "./json.ts";

/**
 * How far a source has been read: what it needs to go on from there. Values are text or numbers that survive
 * JSON exactly (an int64, a decimal or a timestamp is kept as text).
 */
export interface SourceState {
  /** The last committed value per cursor column. */
  readonly cursor_values: JsonObject;
  /** The upper bound of the last committed window per watermark column. */
  readonly watermarks: JsonObject;
  /** What an unfinished run has committed so far; empty once a run is complete. */
  readonly checkpoints: readonly JsonObject[];
  /** Whatever else the source keeps: boundary hashes, files seen, cursor types. */
  readonly metadata: JsonObject;
}

/** The state of a source that was never read. */
export const EMPTY_SOURCE_STATE: SourceState = {
  cursor_values: {},
  watermarks: {},
  checkpoints: [],
  metadata: {},
};

/**
 * What is committed together with the data of a batch (DESIGN rule 4). Positions of one recipe and resource
 * are ordered by `sequence`; the destination's is the truth.
 */
export interface Position {
  readonly runId: string;
  /** Grows by one with every commit, across runs. */
  readonly sequence: number;
  /** True on the commit that ends a run: all of its rows are in and visible. */
  readonly complete: boolean;
  /**
   * True on a batch of an overwrite that is not committed yet: its rows are staged, nobody sees them. Such a position
   * counts only for a load that goes on with that overwrite; any other load discards it with the staging.
   */
  readonly staged?: boolean;
  /** Fingerprint of the resource's plan: a half-done overwrite is taken up only by the same plan. */
  readonly plan?: string;
  /** Revision of the saved state that the run began from: tells whether a state set by a person was used by it. */
  readonly basis?: number;
  /** What was read, for people: a position of another source says nothing of this one. */
  readonly source?: string;
  readonly state: SourceState;
  /** What validation has counted in this run, this batch included: filled in when the batch is settled. */
  tally?: JsonObject;
}

/** The current version of a saved state. Older ones are migrated when loaded. */
export const STATE_VERSION = 1;

/** A recipe's state as a backend keeps it. */
export interface State extends SourceState {
  readonly version: number;
  readonly recipe: string;
  /** Grows by one with every save; 0 is "never saved". What compare-and-set compares. */
  readonly revision: number;
  /** `sequence` of the newest position this state knows. */
  readonly sequence: number;
  /** `user` after `state reset|set|import`: the next run believes it over the destination. */
  readonly origin: "run" | "user";
  /** The run that has begun and not ended, if any: the next run takes it up. */
  readonly in_flight: { readonly run_id: string; readonly started_at: string; readonly plan: string } | null;
  /** RFC 3339, UTC. */
  readonly updated_at: string;
}

/** A new state for a recipe that has none. */
export function emptyState(recipe: string): State {
  return {
    version: STATE_VERSION,
    recipe,
    revision: 0,
    sequence: 0,
    origin: "run",
    in_flight: null,
    updated_at: new Date(0).toISOString(),
    ...EMPTY_SOURCE_STATE,
  };
}

/** Keeps states. One per place: a directory, a bucket, a table. */
export interface StateBackend {
  /**
   * The saved state, or `undefined` where the recipe was never run.
   * @throws {StateError} `STATE_CORRUPTED` where there is one that can't be read: never a silent restart.
   */
  load(recipe: string): Promise<State | undefined>;
  /**
   * Saves `state` if the saved revision is still `state.revision`, and returns it with the next revision.
   * @throws {StateError} `STATE_CONFLICT` where another run has saved in between.
   */
  save(recipe: string, state: State): Promise<State>;
  /**
   * Keeps other runs of the recipe out until the returned lock is released or the process ends.
   * @throws {StateError} `STATE_LOCKED` naming the holder.
   */
  lock?(recipe: string): Promise<StateLock>;
  /** Where the state of a recipe is, for people: a path or URL. */
  describe(recipe: string): string;
  /** What loading and saving the state of a recipe reaches; keys are empty. Nothing where it is missing. */
  access?(recipe: string): readonly Access[];
}

/** Held while a run is under way. */
export interface StateLock {
  release(): Promise<void>;
}

/** Checks that a value is a JSON object. */
export function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
