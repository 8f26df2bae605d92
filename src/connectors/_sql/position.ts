/** The state of an incremental read, as it moves. Pure. */
import type { Incremental, JsonObject, SourceState } from "../../sdk/mod.ts";

/** The names under which a cursor column stands in the state. */
export function stateKey(incremental: Incremental): string {
  return incremental.cursorColumn!;
}

/** The state with the cursor or watermark moved up to `high`; `type` is what the system calls the column's type. */
export function advance(
  state: SourceState,
  type: string,
  to: { incremental: Incremental; high: string },
): SourceState {
  const key = stateKey(to.incremental);
  const moved = to.incremental.strategy === "watermark"
    ? { ...state, watermarks: { ...state.watermarks, [key]: to.high } }
    : { ...state, cursor_values: { ...state.cursor_values, [key]: to.high } };
  return withEntry(moved, "cursor_types", { [key]: type });
}

/** The state with what is known of the rows at the last value. */
export function withBoundary(
  state: SourceState,
  incremental: Incremental,
  at: { value: string; boundary: JsonObject },
): SourceState {
  return withEntry(state, "boundary", { [stateKey(incremental)]: { value: at.value, ...at.boundary } });
}

export function withoutBoundary(state: SourceState, incremental: Incremental): SourceState {
  const { [stateKey(incremental)]: _gone, ...boundary } = entries(state, "boundary");
  const { boundary: _all, ...metadata } = state.metadata;
  return { ...state, metadata: Object.keys(boundary).length === 0 ? metadata : { ...metadata, boundary } };
}

export function withEntry(state: SourceState, name: string, entry: JsonObject): SourceState {
  return { ...state, metadata: { ...state.metadata, [name]: { ...entries(state, name), ...entry } } };
}

function entries(state: SourceState, name: string): JsonObject {
  const value = state.metadata[name];
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value : {};
}

/** The value of the last run, and the type the column had then; undefined where there is none. */
export function lastValue(
  state: SourceState,
  incremental: Incremental,
): { value: string; type?: string } | undefined {
  const key = stateKey(incremental);
  const saved = incremental.strategy === "watermark" ? state.watermarks[key] : state.cursor_values[key];
  if (saved === undefined || saved === null) return undefined;
  const type = entries(state, "cursor_types")[key];
  return { value: String(saved), ...(typeof type === "string" ? { type } : {}) };
}
