/** Whether a saved position is one that the recipe's way of reading can go on from. Pure. */
import { EngineError, type Incremental, type Schema, type SourceState, type WriteMode } from "../sdk/mod.ts";

/** What a position is made of, by the strategies that make it. */
function kept(state: SourceState): Readonly<Record<"column" | "watermark" | "files", readonly string[]>> {
  return {
    column: Object.keys(state.cursor_values),
    watermark: Object.keys(state.watermarks),
    files: Object.keys(state.metadata).includes("files") ? ["files"] : [],
  };
}

/**
 * Refuses to read from the start because a position is kept of another column or by another strategy: an append would load
 * everything once more. Returns what people should know where rows that come again do no harm.
 * @throws {EngineError} `POSITION_OF_ANOTHER`
 */
export function checkPositionKind(
  state: SourceState,
  { incremental, mode }: { incremental: Incremental | undefined; mode: WriteMode },
): string | undefined {
  if (incremental === undefined) return undefined;
  const { strategy, cursorColumn } = incremental;
  const found = kept(state);
  const wanted = strategy === "modified_time"
    ? found.files
    : strategy === "watermark"
    ? found.watermark.filter((name) => name === cursorColumn)
    : strategy === "cursor" || strategy === "timestamp"
    ? found.column.filter((name) => name === cursorColumn)
    : undefined;
  const others = [
    ...found.column.map((name) => `the column "${name}"`),
    ...found.watermark.map((name) => `the watermark "${name}"`),
    ...found.files.map(() => "files"),
  ];
  if (wanted === undefined || wanted.length > 0 || others.length === 0) return undefined;
  const now = strategy === "modified_time"
    ? "modification times of files"
    : `"${cursorColumn}" (${strategy})`;
  const message = `The saved position is one of ${others.join(" and ")}, and the recipe now goes by ${now}`;
  if (mode === "merge") return `${message}: everything is read, and merged, again.`;
  throw new EngineError("POSITION_OF_ANOTHER", `${message}: everything would be loaded once more.`, {
    hint: strategy === "modified_time"
      ? "load everything again with --full-refresh, or give the recipe another name"
      : `load everything again with --full-refresh, or say where to go on from: ` +
        `dataloader state set RECIPE --${
          strategy === "watermark" ? "watermark" : "cursor"
        } ${cursorColumn}=VALUE`,
    context: { strategy, column: cursorColumn ?? null },
  });
}

/** A text that is ordered as what it says: a date or time that begins with the year. */
const ISO = /^\d{4}-\d\d/;

/** What people should know of a cursor of text: the order of its characters is taken for the order of rows. */
export function textCursorWarning(
  schema: Schema,
  of: { incremental: Incremental | undefined; state: SourceState },
): string | undefined {
  const name = of.incremental?.cursorColumn;
  const field = schema.fields.find((field) => field.name.toLowerCase() === name?.toLowerCase());
  const last = of.state.cursor_values[name ?? ""] ?? of.state.watermarks[name ?? ""];
  if (field?.type.kind !== "string" || ISO.test(String(last ?? ""))) return undefined;
  return `The cursor column "${field.name}" is text, so its values are compared by their characters: "10" comes before "9", and ` +
    `"01/02/2024" before "31/12/2023". Rows that sort below the last value are never read again; give the column a type if ` +
    "that is not its order.";
}
