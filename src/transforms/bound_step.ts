/** One step, checked and ready: its definition, its parsed config, and what it makes of a batch. */
import {
  type Batch,
  findTransform,
  getTransform,
  RecipeError,
  type StepContext,
  type StepInput,
  type TransformDefinition,
} from "../sdk/mod.ts";
import { asStepError, configError, type Step, stepError } from "./step_error.ts";

// deno-lint-ignore no-explicit-any -- each definition has a config type of its own; its schema checks it.
export type AnyTransform = TransformDefinition<any>;

/** A step whose type is known and whose config its schema has accepted. */
export interface ReadyStep {
  readonly step: Step;
  readonly definition: AnyTransform;
  readonly config: unknown;
}

/**
 * Looks the step's type up and parses its config.
 * @throws {TransformError} `UNKNOWN_TRANSFORM`, `UNKNOWN_KEY` or `INVALID_CONFIG`, naming step and place.
 */
export function readyStep(step: Step): ReadyStep {
  const definition = findTransform(step.type) ?? unknownType(step);
  const parsed = definition.config.safeParse(step.config ?? {});
  if (!parsed.success) throw configError(step, parsed.error, keysOf(definition));
  return { step, definition, config: parsed.data };
}

/**
 * What a sql-step makes of a batch: bound, no row read.
 * @throws {TransformError} naming the step where its SQL or its columns are wrong.
 */
export async function bindStep(
  { step, definition, config }: ReadyStep,
  input: Batch,
  context: StepContext,
): Promise<Batch> {
  try {
    const output = await input.session.relation(
      definition.sql!(stepInput(input), config, context),
      input.metadata,
    );
    return output;
  } catch (error) {
    throw asStepError(step, input, error);
  }
}

/** A batch as steps see it. */
export function stepInput(batch: Batch): StepInput {
  return { schema: batch.schema, relation: `(${batch.sql}) AS "input"`, metadata: batch.metadata };
}

function unknownType(step: Step): never {
  try {
    getTransform(step.type);
  } catch (error) {
    if (error instanceof RecipeError) {
      throw stepError(step, { ...error, code: error.code, message: error.message });
    }
    throw error;
  }
  throw stepError(step, { code: "UNKNOWN_TRANSFORM", message: `"${step.type}" is not known` });
}

/** The keys of a config schema, where it is an object's. */
function keysOf(definition: AnyTransform): string[] {
  const schema = definition.config as { shape?: Record<string, unknown> };
  return Object.keys(schema.shape ?? {});
}
