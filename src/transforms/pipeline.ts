/** Puts a recipe's steps around a batch: consecutive SQL steps are one statement, which nothing has run yet. */
import {
  type Batch,
  type DataLoaderError,
  type Schema,
  type StepContext,
  TransformError,
} from "../sdk/mod.ts";
import { bindStep, type ReadyStep, readyStep } from "./bound_step.ts";
import { type AppliedStep, diagnoseSteps } from "./diagnose.ts";
import { recordingSession } from "./recording_session.ts";
import { emptySelect } from "./schema_sql.ts";
import { asStepError, type Step, stepError } from "./step_error.ts";

/** A batch with all steps applied. */
export interface AppliedSteps {
  /** Not computed yet, but for what steps that run code have made. */
  readonly batch: Batch;
  /** True where each row that comes in goes out, so that rows written can be compared with rows read. */
  readonly keepsRows: boolean;
  /**
   * After a run failed: the step, column, row and value it failed on, or undefined where the steps are not the cause.
   * Reads the source again, up to the value.
   */
  diagnose(error: unknown): Promise<DataLoaderError | undefined>;
  /** Drops what steps that run code have made. To be called when the batch is not needed any more. */
  release(): Promise<void>;
}

/**
 * Applies steps to a batch. SQL steps are bound one after the other and not run, so a step with a wrong column, type or
 * query fails before any row is read. A step that runs code (`function`) reads the rows before it here.
 *
 * @throws {TransformError} naming step number, type, place, and column and row where there are.
 */
export async function applySteps(
  batch: Batch,
  steps: readonly Step[],
  context: StepContext,
): Promise<AppliedSteps> {
  const ready = steps.map(readyStep);
  for (const { step, definition, config } of ready) {
    await definition.check?.(config, context).catch((error) => {
      throw asStepError(step, batch, error);
    });
  }
  const applied: AppliedStep[] = [];
  const made: Batch[] = [];
  const release = async () => {
    for (const each of made.splice(0)) await batch.session.release(each);
  };
  let current = batch;
  try {
    for (const step of ready) {
      const output = step.definition.run === undefined
        ? await bindStep(step, current, context)
        : await runStep(step, { input: current, applied, made, context });
      applied.push({ ...step, input: current, output });
      current = checked(step.step, output);
    }
  } catch (error) {
    await release();
    throw error;
  }
  return {
    batch: current,
    keepsRows: ready.every((step) => step.definition.keepsRows),
    diagnose: (error) => diagnoseSteps(error, { applied, context }),
    release,
  };
}

/** A step as a plan shows it. */
export interface PlannedStep {
  /** From 1. */
  readonly number: number;
  readonly type: string;
  /** One line for people: `cast: id to int, day to date`. */
  readonly description: string;
  /** The columns after the step; undefined where only running it can tell. */
  readonly schema?: Schema;
}

/** What the steps would do, without running any: the schemas as far as they can be told. */
export async function planSteps(
  batch: Batch,
  steps: readonly Step[],
  context: StepContext,
): Promise<PlannedStep[]> {
  const planned: PlannedStep[] = [];
  let current: Batch | undefined = batch;
  for (const ready of steps.map(readyStep)) {
    const { step, definition, config } = ready;
    if (current !== undefined && definition.run !== undefined) {
      const schema: Schema | undefined = definition.outputSchema?.(current.schema, config);
      current = schema === undefined ? undefined : await emptyRelation(current, schema);
    } else if (current !== undefined) {
      current = checked(step, await bindStep(ready, current, context));
    }
    planned.push({
      number: step.index + 1,
      type: step.type,
      description: describeStep(step),
      schema: current?.schema,
    });
  }
  return planned;
}

/** A step on one line, for people: `cast: id to int, day to date`. Long ones are cut. */
export function describeStep(step: Step): string {
  const { definition, config } = readyStep(step);
  const text = definition.describe?.(config) ?? Object.keys(config as Record<string, unknown>).join(", ");
  return `${step.type}: ${text.length > 120 ? `${text.slice(0, 119)}…` : text}`;
}

interface RunInput {
  readonly input: Batch;
  readonly applied: readonly AppliedStep[];
  readonly made: Batch[];
  readonly context: StepContext;
}

async function runStep({ step, definition, config }: ReadyStep, run: RunInput): Promise<Batch> {
  const { input, applied, made, context } = run;
  try {
    const session = recordingSession(input.session, made);
    const output = await definition.run!(input, config, { ...context, session });
    return await input.session.relation(output.sql, { ...input.metadata, ...output.metadata });
  } catch (error) {
    // Running the step runs the SQL steps before it: a value may have failed there.
    const before = error instanceof TransformError
      ? undefined
      : await diagnoseSteps(error, { applied, context });
    throw before ?? asStepError(step, input, error);
  }
}

function checked(step: Step, batch: Batch): Batch {
  if (batch.schema.fields.length > 0) return batch;
  throw stepError(step, {
    code: "NO_COLUMNS",
    message: "the step leaves no column",
    hint: "keep at least one column",
  });
}

/** A relation of a schema without rows, for the steps that follow in a plan. */
async function emptyRelation(batch: Batch, schema: Schema): Promise<Batch> {
  return await batch.session.relation(emptySelect(schema), batch.metadata);
}

export type { Step };
