/**
 * Finds the step, column, row and value that a run failed on. The run itself says at best which text could not be
 * converted: a statement of ten steps does not know its steps.
 */
import {
  type Batch,
  EngineError,
  type Json,
  quoteIdent,
  type StepContext,
  TransformError,
} from "../sdk/mod.ts";
import { bindStep, type ReadyStep, stepInput } from "./bound_step.ts";
import { ColumnIndex, ROW_COLUMN, showName } from "./columns.ts";
import { type Step, stepError } from "./step_error.ts";

/** A step with the batches before and after it. */
export interface AppliedStep extends ReadyStep {
  readonly input: Batch;
  readonly output: Batch;
}

/** The code where the step names none. */
const VALUE_ERROR = "VALUE_ERROR";

/** Codes of the engine that a value can be the reason of. */
const VALUE_CODES = new Set(["CONVERSION_FAILED", "ENCODING_ERROR", "ENGINE_ERROR"]);

/**
 * The error of the first step that can't take a value of its input; undefined where the steps are not the cause.
 * Reads the source again.
 */
export async function diagnoseSteps(
  error: unknown,
  { applied, context }: { applied: readonly AppliedStep[]; context: StepContext },
): Promise<TransformError | undefined> {
  if (valueError(error) === undefined || applied.length === 0) return undefined;
  // Steps that can't diagnose themselves: if a later look at the rows fails, one of them, or the source, is the cause.
  const suspects: AppliedStep[] = [];
  let current = await numbered(applied[0]!.input);
  let sourceRows = true;
  for (const step of applied) {
    if (step.definition.run !== undefined) {
      // The step has run, so all before it were fine; its rows are its own.
      suspects.length = 0;
      current = step.output;
      sourceRows = false;
      continue;
    }
    try {
      const found = await diagnoseStep(step, current, { context, sourceRows });
      if (found !== undefined) return found;
    } catch (thrown) {
      if (valueError(thrown) === undefined) throw thrown;
      return await blame([...suspects, step]);
    }
    suspects.push(step);
    current = await follow(step, current, context);
    sourceRows &&= step.definition.keepsRows || hasRowNumbers(current);
    if (sourceRows && !hasRowNumbers(current)) current = await numbered(current);
  }
  return await blame(suspects);
}

interface Numbering {
  readonly context: StepContext;
  /** True where the step's rows, or their `ROW_COLUMN`, are numbered as in the source. */
  readonly sourceRows: boolean;
}

interface Diagnosis extends Record<string, unknown> {
  readonly row: bigint;
  readonly column: string;
  readonly value: string | null;
  readonly reason: string;
  readonly hint?: string | null;
  readonly code?: string | null;
}

/** Asks the step itself for the first value that it can't take. */
async function diagnoseStep(
  { step, definition, config }: AppliedStep,
  input: Batch,
  { context, sourceRows }: Numbering,
): Promise<TransformError | undefined> {
  const select = definition.diagnose?.(stepInput(input), config, context);
  if (select === undefined) return undefined;
  const [found] = await input.session.query<Diagnosis>(select);
  if (found === undefined) return undefined;
  const value = found.value === null ? "NULL" : JSON.stringify(found.value);
  const where = sourceRows ? "" : " of the rows that reach the step";
  const row = Number(found.row);
  return stepError(step, {
    code: found.code ?? VALUE_ERROR,
    message: `column ${showName(found.column)}, row ${row}${where}: ${value} ${found.reason}`,
    hint: found.hint ?? undefined,
    context: { column: found.column, row, value: found.value, reason: found.reason },
  });
}

/** The first of the steps whose rows can't be computed though those before it can; undefined if it is the source. */
async function blame(suspects: readonly AppliedStep[]): Promise<TransformError | undefined> {
  const first = suspects[0];
  if (first === undefined || await failureOf(first.input) !== undefined) return undefined;
  for (const { step, output } of suspects) {
    const failure = await failureOf(output);
    if (failure !== undefined) return valueStepError(step, failure);
  }
  return undefined;
}

function valueStepError(step: Step, error: EngineError): TransformError {
  const { column, value } = error.context as Record<string, Json | undefined>;
  return stepError(step, {
    code: VALUE_ERROR,
    message: error.message.replace(/\.$/, ""),
    hint: "handle such values in the SQL, for example with TRY_CAST, or filter them out in a step before",
    context: { ...(column === undefined ? {} : { column }), ...(value === undefined ? {} : { value }) },
    cause: error,
  });
}

/** Computes all columns of all rows and throws them away: the error that this gives, if a value is the reason. */
async function failureOf(batch: Batch): Promise<EngineError | undefined> {
  try {
    await batch.session.query(
      `SELECT bit_xor(hash("__dataloader_rows")) AS hash FROM (${batch.sql}) AS "__dataloader_rows"`,
    );
    return undefined;
  } catch (error) {
    const cause = valueError(error);
    if (cause === undefined) throw error;
    return cause;
  }
}

/** The step after the numbered rows. A query that can't do with one column more gets the rows without numbers. */
async function follow(step: AppliedStep, input: Batch, context: StepContext): Promise<Batch> {
  if (!hasRowNumbers(input)) return step.output;
  try {
    return await bindStep(step, input, context);
  } catch (error) {
    if (error instanceof TransformError) return step.output;
    throw error;
  }
}

function numbered(batch: Batch): Promise<Batch> {
  return batch.session.relation(
    `SELECT *, row_number() OVER () AS ${quoteIdent(ROW_COLUMN)} FROM (${batch.sql})`,
    batch.metadata,
  );
}

function hasRowNumbers(batch: Batch): boolean {
  return new ColumnIndex(batch.schema).find(ROW_COLUMN) !== undefined;
}

/** The engine's error that a value can be the reason of, in the error or in what caused it. */
function valueError(error: unknown): EngineError | undefined {
  for (let each = error; each instanceof Error; each = each.cause) {
    if (each instanceof EngineError && VALUE_CODES.has(each.code)) return each;
  }
  return undefined;
}
