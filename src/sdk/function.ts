/** What a `function` step's module gets and gives. Types only, for users' modules. */
import type { JsonObject } from "./json.ts";
import type { Logger } from "./log.ts";
import type { Schema } from "./schema.ts";

/**
 * A value of a row. string, boolean, float and integers of up to 32 bits are what they are in JavaScript; 64-bit integers
 * are bigint; binary is Uint8Array; arrays and structs are arrays and objects of these. Everything that JavaScript would
 * round is exact text: decimal `"12.50"`, date `"2024-01-31"`, time `"12:30:00"`, datetime `"2024-01-31T12:30:00.123456"`
 * (with `Z` if it has a zone), interval, uuid and json.
 */
export type RowValue = null | boolean | number | bigint | string | Uint8Array | RowValue[] | {
  [field: string]: RowValue;
};

/** A row by column name. */
export type Row = Record<string, RowValue>;

/**
 * The second argument of a `function` step's function.
 *
 * ```ts
 * import type { FunctionContext, Row } from "@dataloader/dataloader";
 *
 * export default function (rows: Row[], { params }: FunctionContext): Row[] {
 *   return rows.map((row) => ({ ...row, greeting: `${params.word} ${row.name}` }));
 * }
 * ```
 */
export interface FunctionContext {
  /** `params` of the step. */
  readonly params: JsonObject;
  /** `vars` of the recipe and `--var`. */
  readonly vars: JsonObject;
  readonly recipe: string;
  readonly resource: string;
  /** Columns and types of the rows that come in. */
  readonly schema: Schema;
  /** How many calls there were before this one. */
  readonly call: number;
  readonly log: Logger;
  /** Aborted when the run is stopped. */
  readonly signal: AbortSignal;
  /** The apache-arrow module whose classes `mode: arrow` takes and gives. */
  readonly arrow: typeof import("apache-arrow");
}
