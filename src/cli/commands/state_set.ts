import { type JsonObject } from "../../sdk/mod.ts";
import { type Call, splitPair } from "../call.ts";
import {
  changeState,
  loadIfAny,
  loadState,
  positionLines,
  type StateOptions,
  stateTarget,
} from "../state_target.ts";

export interface SetOptions extends StateOptions {
  readonly cursor?: readonly string[];
  readonly watermark?: readonly string[];
}

/** `state set`: sets cursors and watermarks; with none named, accepts the position as it is. */
export async function setState(call: Call, recipe: string, options: SetOptions): Promise<void> {
  const cursors = pairs(options.cursor, "--cursor");
  const watermarks = pairs(options.watermark, "--watermark");
  const target = await stateTarget(call, recipe, options);
  const accept = Object.keys(cursors).length + Object.keys(watermarks).length === 0;
  await (accept ? loadState(target) : loadIfAny(target));
  const state = await changeState(target, (before) => ({
    ...before,
    cursor_values: { ...before.cursor_values, ...cursors },
    watermarks: { ...before.watermarks, ...watermarks },
    // What an unfinished run had committed, and the rows seen at the old position, say nothing of a new one.
    checkpoints: accept ? before.checkpoints : [],
    metadata: accept ? before.metadata : {},
  }));
  const lines = [...positionLines(state.cursor_values), ...positionLines(state.watermarks)];
  const position = lines.length === 0 ? "as it was saved" : lines.join(", ");
  call.print(`The next run of "${target.recipe}" goes on from: ${position}`);
}

/** Values are kept as text: exact, and the source casts them to its column's type. */
function pairs(texts: readonly string[] | undefined, option: string): JsonObject {
  return Object.fromEntries((texts ?? []).map((text) => splitPair(text, option)));
}
