/** Where a run starts: decided from what the state backend and the destination remember. Pure. */
import {
  EMPTY_SOURCE_STATE,
  EngineError,
  type Position,
  type SourceState,
  type State,
  type WriteMode,
} from "../sdk/mod.ts";

/** What is known before a run. */
export interface Memory {
  /** What the state backend has. */
  readonly state?: State;
  /** What the destination has (`Load.resume`). */
  readonly committed?: Position;
  /** The source is incremental. */
  readonly incremental: boolean;
  readonly mode: WriteMode;
  readonly fullRefresh: boolean;
  /** The destination can't keep a position (`capabilities.positionless`). */
  readonly positionless: boolean;
  /** Fingerprint of the resource's plan. */
  readonly plan: string;
  /** What is read, for people; paths from the recipe's folder on, so that a folder may be moved. */
  readonly source: string;
  /** Its position tells files apart (`modified_time`): of other files it says nothing, and leaves none of them out. */
  readonly byFile?: boolean;
  /** Sources that are described otherwise are others (`ConnectorDefinition.describesData`). */
  readonly describesData?: boolean;
  /** For a run that is not the continuation of another. */
  readonly newRunId: string;
}

/** How a run begins. */
export interface Start {
  readonly runId: string;
  /** Goes on with a run that was cut off. */
  readonly resumed: boolean;
  /** The cut-off run had committed everything: there is only the state to save. */
  readonly finished: boolean;
  /** `sequence` of the last position there is; the next commit gets one more. */
  readonly sequence: number;
  /** What the source is given. */
  readonly state: SourceState;
  /** What people should know about it. */
  readonly notes: readonly string[];
}

/**
 * The rules of DESIGN §8: the destination is the truth; a state that a person has set is believed over it; a run that was cut
 * off is taken up where its last commit left it.
 * @throws {EngineError} `POSITION_LOST` where going on from the state would leave out rows the destination no longer has;
 * `SOURCE_CHANGED` where the position is that of another source, rows of which it may leave out.
 */
export function decideStart(memory: Memory): Start {
  const { state, committed } = memory;
  const sequence = Math.max(state?.sequence ?? 0, committed?.sequence ?? 0);
  const fresh = { runId: memory.newRunId, resumed: false, finished: false, sequence, notes: [] };
  if (memory.fullRefresh) return { ...fresh, state: EMPTY_SOURCE_STATE };
  if (state?.origin === "user" && !wasUsed(state, committed)) {
    return { ...fresh, state: memory.incremental ? sourceStateOf(state) : EMPTY_SOURCE_STATE };
  }
  if (committed === undefined) return { ...fresh, ...withoutRecord(memory) };
  const otherSource = committed.source !== undefined && committed.source !== memory.source;
  const discarded = !committed.complete && committed.staged && committed.plan !== memory.plan;
  const goesOn = memory.incremental || !committed.complete;
  const notes: string[] = [];
  if (otherSource && goesOn && !discarded && memory.byFile !== true) {
    if (memory.describesData) throw sourceChanged(memory, committed);
    notes.push(
      `The position was reached reading ${committed.source}, and the recipe now reads ${memory.source}. ` +
        "If that is not the same data, load it with --full-refresh or under another recipe name.",
    );
  }
  if (!committed.complete) return { ...fresh, ...unfinished(memory, committed) };
  if (!memory.incremental) {
    const cutOff = !otherSource && memory.mode === "append" && state?.in_flight?.run_id === committed.runId;
    return cutOff
      ? { ...fresh, runId: committed.runId, resumed: true, finished: true, state: committed.state }
      : { ...fresh, state: EMPTY_SOURCE_STATE };
  }
  if (state !== undefined && committed.sequence < state.sequence) {
    notes.push(
      "The destination is behind the saved state (restored from a backup?); going on from the destination's position.",
    );
  }
  return { ...fresh, state: committed.state, notes };
}

function sourceChanged({ source }: Memory, committed: Position): EngineError {
  return new EngineError(
    "SOURCE_CHANGED",
    `The position was reached reading ${committed.source}, and the recipe now reads ${source}: ` +
      "going on from there may leave rows out.",
    {
      hint:
        "load everything again with --full-refresh; if it is the same data under a new name, accept the position with " +
        "`dataloader state set`; or give a recipe of other data a name of its own",
      context: { before: committed.source!, now: source },
    },
  );
}

/** Whether a run has begun from the state that a person has set, and committed: from then on it has served its purpose. */
function wasUsed(state: State, committed: Position | undefined): boolean {
  return committed !== undefined &&
    (committed.basis === state.revision || committed.runId === state.in_flight?.run_id);
}

/** The part of a saved state that a source is given. */
export function sourceStateOf(state: State): SourceState {
  const { cursor_values, watermarks, checkpoints, metadata } = state;
  return { cursor_values, watermarks, checkpoints, metadata };
}

function withoutRecord(memory: Memory): Pick<Start, "state"> {
  const { state } = memory;
  if (!memory.incremental || state === undefined) return { state: EMPTY_SOURCE_STATE };
  // Sequence 0: runs found nothing to load, or a person has set where to begin.
  if (memory.positionless || state.sequence === 0) return { state: sourceStateOf(state) };
  throw new EngineError(
    "POSITION_LOST",
    "The saved state says that rows were loaded, but the destination has no record of this recipe: " +
      "it was removed, replaced, or is another one.",
    {
      hint:
        "load everything again with --full-refresh; or, if the rows are there, accept the state as it is with " +
        "`dataloader state set`",
      context: { recipe: state.recipe, sequence: state.sequence },
    },
  );
}

function unfinished(memory: Memory, committed: Position): Omit<Start, "sequence" | "finished"> {
  const changed = committed.plan !== undefined && committed.plan !== memory.plan;
  if (committed.staged && changed) {
    return { runId: memory.newRunId, resumed: false, state: EMPTY_SOURCE_STATE, notes: [] };
  }
  const notes = changed
    ? [
      "The recipe has changed since the run that is being taken up began; the rest is loaded as it says now.",
    ]
    : [];
  return { runId: committed.runId, resumed: true, state: committed.state, notes };
}
