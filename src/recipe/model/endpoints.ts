/** Keys of `source` and `destination` that the engine owns, whatever the connector. */
import { z } from "zod";
import type { Incremental } from "../../sdk/mod.ts";
import { asText, names, parseDuration } from "./common.ts";

function bound(): z.ZodType<string | number> {
  return asText(z.union([z.string().min(1), z.number()]));
}

const incremental = () =>
  z.strictObject({
    strategy: z.enum(["cursor", "watermark", "timestamp", "modified_time", "cdc", "custom"])
      .describe(
        "How new rows are found: by a growing column (cursor, timestamp), a window of time fixed when the run " +
          "starts (watermark), the time files changed (modified_time), a stream of changes (cdc), or by a plug-in",
      ),
    cursor_column: z.string().min(1).optional()
      .describe("The column that grows with every change; needed for cursor, watermark and timestamp"),
    initial_value: bound().optional().describe("Where the first run begins, inclusive"),
    end_value: bound().optional().describe("Where to stop for good, exclusive: for a backfill"),
    lag: asText(z.union([
      z.string().refine((text) => parseDuration(text) !== undefined, {
        error: 'must be a length of time such as "15 minutes", or a number',
      }),
      z.number().nonnegative(),
    ])).optional().describe(
      "How far each run steps back behind the last value, for rows that come late: merge only",
    ),
    on_null: z.enum(["include", "exclude", "error"]).default("error")
      .describe("What becomes of rows whose cursor is NULL"),
    order: z.enum(["asc", "none"]).default("none")
      .describe(
        "Whether rows are sorted by the cursor (asc) or come in any order (none, faster). A server is read in batches; in order, " +
          "the position moves with each of them",
      ),
  });

export const sourceKeys = () =>
  z.strictObject({
    type: z.string().min(1).describe("The connector to read from"),
    incremental: incremental().optional().describe("Load only what is new since the last run"),
  });

export const destinationKeys = () =>
  z.strictObject({
    type: z.string().min(1).describe("The connector to write to"),
    write_mode: z.enum(["append", "overwrite", "merge"]).optional()
      .describe(
        "append adds rows; overwrite replaces all rows; merge updates rows by key and inserts new ones. " +
          "Default: by the connector",
      ),
    merge_keys: names("column").optional().describe("Columns that identify a row: needed for merge"),
    strategy: z.enum(["upsert", "delete_insert", "insert_only", "scd2"]).optional()
      .describe("How merge applies rows (default upsert)"),
  });

/** Strategies that read by a column. */
export const COLUMN_STRATEGIES: readonly string[] = ["cursor", "watermark", "timestamp"];

/** The checked block as the contracts have it. */
export function toIncremental(block: z.infer<ReturnType<typeof incremental>>): Incremental {
  const text = (value: string | number | undefined) => value === undefined ? undefined : String(value);
  return {
    strategy: block.strategy,
    cursorColumn: block.cursor_column,
    initialValue: text(block.initial_value),
    endValue: text(block.end_value),
    lag: text(block.lag),
    onNull: block.on_null,
    order: block.order,
  };
}
