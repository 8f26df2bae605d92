/** Functions that judge rows: `validation` asks them which rows are good. */
import * as arrow from "apache-arrow";
import {
  type Batch,
  type FunctionContext,
  type JsonObject,
  type Session,
  type StepContext,
  TransformError,
} from "../sdk/mod.ts";
import { callFunction, loadFunction } from "./function_module.ts";
import { asRowSql, toRows } from "./function_rows.ts";

/** Rows that a function gets at once. */
const ROWS = 10_000;

export interface VerdictInput {
  readonly session: Session;
  /** The rows, in a table, with their numbers in the column `row`. */
  readonly table: string;
  readonly row: string;
  readonly config: { readonly module: string; readonly export: string; readonly params: JsonObject };
  readonly context: StepContext;
  /** The rule, for errors. */
  readonly name: string;
}

/**
 * Gives the rows to the function, some at a time, in order. It returns one verdict for each: true or null where the row is
 * good, false or a text that says what is wrong. What comes out has a row for each that is refused: `n`, its number, and `m`,
 * the text or ''.
 * @throws {TransformError} `FUNCTION_NOT_FOUND`, `FUNCTION_FAILED`, `FUNCTION_RESULT`.
 */
export async function* verdictsOf(batch: Batch, input: VerdictInput): AsyncGenerator<arrow.RecordBatch> {
  const { session, config, context } = input;
  const fn = await loadFunction(config);
  const readable = await session.relation(
    `SELECT ${batch.schema.fields.map(asRowSql).join(", ")} FROM ${input.table} ORDER BY ${input.row}`,
  );
  const base: Omit<FunctionContext, "call"> = {
    params: config.params,
    vars: context.vars,
    recipe: context.recipe,
    resource: context.resource,
    schema: batch.schema,
    log: context.log,
    signal: context.signal,
    arrow,
  };
  let first = 1;
  let call = 0;
  for await (const piece of readable.toArrow({ rowsPerBatch: ROWS })) {
    if (piece.numRows === 0) continue;
    context.signal.throwIfAborted();
    const rows = toRows(piece, batch.schema);
    const verdicts = await callFunction(fn, rows, { config, context: { ...base, call: call++ } });
    yield refused(verdicts, { first, rows: rows.length, name: input.name });
    first += rows.length;
  }
}

function refused(verdicts: unknown, of: { first: number; rows: number; name: string }): arrow.RecordBatch {
  if (!Array.isArray(verdicts) || verdicts.length !== of.rows) {
    const got = Array.isArray(verdicts) ? `${verdicts.length} verdicts` : `${typeof verdicts}`;
    throw new TransformError(
      "FUNCTION_RESULT",
      `the function of the rule "${of.name}" returned ${got} for ${of.rows} rows`,
      {
        hint:
          "return an array with one item for each row: true or null where it is good, else false or a text",
      },
    );
  }
  const numbers: bigint[] = [];
  const messages: string[] = [];
  verdicts.forEach((verdict: unknown, i) => {
    if (verdict === true || verdict === null || verdict === undefined) return;
    if (verdict !== false && typeof verdict !== "string") {
      throw new TransformError(
        "FUNCTION_RESULT",
        `the function of the rule "${of.name}" returned a ${typeof verdict} as verdict on row ${
          of.first + i
        }`,
        {
          hint:
            "a verdict is true or null where the row is good, else false or a text that says what is wrong",
        },
      );
    }
    numbers.push(BigInt(of.first + i));
    messages.push(verdict === false ? "" : verdict);
  });
  return new arrow.Table({
    n: arrow.vectorFromArray(numbers, new arrow.Int64()),
    m: arrow.vectorFromArray(messages, new arrow.Utf8()),
  }).batches[0] ?? emptyVerdicts();
}

function emptyVerdicts(): arrow.RecordBatch {
  return new arrow.RecordBatch({
    n: arrow.makeData({ type: new arrow.Int64() }),
    m: arrow.makeData({ type: new arrow.Utf8() }),
  });
}
