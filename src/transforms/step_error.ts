/** Errors of steps, named by number and type, whatever threw them. */
import type { z } from "zod";
import {
  type Batch,
  DataLoaderError,
  EngineError,
  type Json,
  nearest,
  type SourceLocation,
  TransformError,
} from "../sdk/mod.ts";
import { showName, unknownColumn, visibleNames } from "./columns.ts";

/** A step of a recipe. */
export interface Step {
  readonly type: string;
  /** The keys beside `type`, rendered. */
  readonly config: unknown;
  /** Place in `transform.steps`, from 0; errors count from 1. */
  readonly index: number;
  readonly location?: SourceLocation;
}

/** How errors and plans name a step: `step 2 (cast)`. */
export function stepName(step: Step): string {
  return `step ${step.index + 1} (${step.type})`;
}

/** An error of a step, with its number, type and place. `context` is added to the step's own. */
export function stepError(
  step: Step,
  error: { code: string; message: string; hint?: string; context?: Record<string, Json>; cause?: unknown },
): TransformError {
  return new TransformError(error.code, `${stepName(step)}: ${error.message}`, {
    hint: error.hint,
    context: { step: step.index + 1, type: step.type, ...error.context },
    location: step.location,
    cause: error.cause,
  });
}

/** Codes of the engine that mean the SQL is wrong, rather than a value, a file or the machine. */
const SQL_CODES = new Set([
  "BINDER",
  "SQL_SYNTAX",
  "CATALOG",
  "NOT_A_QUERY",
  "DUPLICATE_COLUMN",
  "UNBOUND_PARAMETER",
]);

/**
 * The error of a step that failed while it was bound or run. Errors that are not the step's (out of memory, interrupted)
 * are returned as they are.
 */
export function asStepError(step: Step, input: Batch, error: unknown): unknown {
  if (error instanceof TransformError) return stepError(step, error);
  if (error instanceof EngineError) {
    return SQL_CODES.has(error.code) ? bindError(step, input, error) : error;
  }
  if (error instanceof DataLoaderError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return stepError(step, { code: "STEP_FAILED", message, cause: error });
}

function bindError(step: Step, input: Batch, error: EngineError): TransformError {
  const column = error.context.column;
  const names = visibleNames(input.schema);
  if (error.code === "BINDER" && typeof column === "string") {
    // The engine's own suggestions hold anything that is near; ours is meant to be what was meant.
    const unknown = unknownColumn(column, input.schema);
    return stepError(step, { ...unknown, message: unknown.message, code: unknown.code, cause: error });
  }
  return stepError(step, {
    code: "INVALID_SQL",
    message: lowerFirst(error.message.replace(/\.$/, "")),
    hint: error.hint ?? `the columns are: ${names.slice(0, 12).join(", ")}${names.length > 12 ? ", …" : ""}`,
    context: error.context,
    cause: error,
  });
}

/** The error of a config that its schema refuses: the first problem, named by key. */
export function configError(step: Step, error: z.ZodError, keys: readonly string[]): TransformError {
  const issue = error.issues[0]!;
  if (issue.code === "unrecognized_keys") {
    const key = issue.keys[0]!;
    const near = nearest(key, keys);
    return stepError(step, {
      code: "UNKNOWN_KEY",
      message: `there is no key ${showName(key)}`,
      hint: near === undefined ? `the keys are: ${keys.join(", ")}` : `did you mean ${showName(near)}?`,
      context: { key },
    });
  }
  const key = issue.path.map(String).join(".");
  return stepError(step, {
    code: "INVALID_CONFIG",
    message: key === "" ? issue.message : `${key}: ${issue.message}`,
    context: key === "" ? {} : { key },
  });
}

/** Errors of the engine begin with a capital; behind the step's name they do not. */
function lowerFirst(text: string): string {
  return /^[A-Z][a-z]/.test(text) ? text[0]!.toLowerCase() + text.slice(1) : text;
}
