import { isJsonObject, type JsonObject, type State } from "../../sdk/mod.ts";
import { type Call, splitPair } from "../call.ts";
import { UsageError } from "../errors.ts";
import {
  changeState,
  loadIfAny,
  loadState,
  positionLines,
  type StateOptions,
  type StateTarget,
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
  assertColumns(target, { cursors, watermarks });
  const accept = Object.keys(cursors).length + Object.keys(watermarks).length === 0;
  const known = await (accept ? loadState(target) : loadIfAny(target));
  assertValues(known, { ...cursors, ...watermarks });
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

/** @throws {UsageError} `CURSOR_UNKNOWN` for a column that the recipe's source does not go by: it would never be looked at. */
function assertColumns(
  { incremental }: StateTarget,
  { cursors, watermarks }: { cursors: JsonObject; watermarks: JsonObject },
): void {
  const column = incremental?.cursorColumn;
  if (column === undefined) return;
  const option = incremental!.strategy === "watermark" ? "--watermark" : "--cursor";
  const [right, wrong] = option === "--cursor" ? [cursors, watermarks] : [watermarks, cursors];
  const other = [...Object.keys(right).filter((name) => name !== column), ...Object.keys(wrong)][0];
  if (other === undefined) return;
  throw new UsageError(
    "CURSOR_UNKNOWN",
    `The recipe goes on by ${option} ${column}, and not by "${other}".`,
    {
      hint: `write ${option} ${column}=…`,
    },
  );
}

/** What values look like, by the beginning of the type that a run has seen. Other types are for the source to read. */
const FORMS: readonly (readonly [RegExp, RegExp, string])[] = [
  [/^(u?(tiny|small|big|huge)?int|u?integer|int[248])/i, /^\s*[+-]?\d+\s*$/, "a whole number, such as 42"],
  [
    /^(decimal|numeric|double|float|real)/i,
    /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i,
    "a number, such as 4.5",
  ],
  [/^(date|timestamp|datetime)/i, /^\s*[+-]?\d{4,}-\d\d-\d\d/, "a date or time, such as 2024-05-01 12:00:00"],
  [/^uuid/i, /^\s*[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}\s*$/i, "a UUID"],
];

/** @throws {UsageError} `CURSOR_VALUE` for a value that the column, as runs before have read it, can't have. */
function assertValues(state: State | undefined, values: JsonObject): void {
  const types = state?.metadata.cursor_types;
  if (!isJsonObject(types)) return;
  for (const [column, value] of Object.entries(values)) {
    const type = types[column];
    const form = typeof type === "string" ? FORMS.find(([kind]) => kind.test(type)) : undefined;
    if (form === undefined || form[1].test(String(value))) continue;
    throw new UsageError("CURSOR_VALUE", `"${value}" is no value of column ${column}, which is ${type}.`, {
      hint: `give ${form[2]}`,
    });
  }
}

/** Values are kept as text: exact, and the source casts them to its column's type. */
function pairs(texts: readonly string[] | undefined, option: string): JsonObject {
  return Object.fromEntries((texts ?? []).map((text) => splitPair(text, option)));
}
