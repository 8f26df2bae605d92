/** Making an error say where in the recipe it belongs, and which step and value it was. */
import type { ResourcePlan } from "../plan/mod.ts";
import { DataLoaderError, EngineError, type SourceBatch, type SourceLocation } from "../sdk/mod.ts";
import type { AppliedSteps } from "../transforms/pipeline.ts";

/** Codes of the embedded engine that come from reading, whatever statement they surface in. */
const READING = new Set([
  "CSV_ERROR",
  "JSON_ERROR",
  "CORRUPT_FILE",
  "ENCODING_ERROR",
  "FILE_NOT_FOUND",
  "NO_FILES",
]);

/** Codes that speak of values in rows: other rows of the batch may load. */
const ROW_FAULTS = new Set([
  "CONVERSION_FAILED",
  "CONSTRAINT_VIOLATED",
  "NULL_KEY",
  "CAST_FAILED",
  "VALUE_ERROR",
  "SCHEMA_VALUE",
  "SCHEMA_NULL",
  "SCHEMA_DUPLICATE",
]);

/** Codes that a step's value may be behind. */
const VALUE_FAULTS = new Set(["CONVERSION_FAILED", "ENGINE_ERROR"]);

/** True where a row's value is at fault, so that the rest of the batch can be loaded without it. */
export function isRowFault(error: unknown): error is DataLoaderError {
  return error instanceof DataLoaderError && (ROW_FAULTS.has(error.code) || VALUE_FAULTS.has(error.code));
}

/** Any error as one of ours. An interrupted run is told from a failed statement by its signal. */
export function asError(error: unknown, signal?: AbortSignal): DataLoaderError {
  if (signal?.aborted) {
    return new EngineError("INTERRUPTED", "The run was interrupted; the batch under way was rolled back.", {
      hint: "run it again: it goes on where the last commit left it",
      cause: error,
    });
  }
  if (error instanceof DataLoaderError) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof Deno.errors.NotCapable) {
    // Deno's own words name a flag of `deno run`, which does not help here.
    const asked = message.split(", run again with")[0]!.replace(/^Requires /, "");
    return new EngineError(
      "NOT_PERMITTED",
      `The run is not permitted ${asked}: its recipe does not name it.`,
      {
        hint:
          "a connector of a plug-in says what it reaches by `access`; other code needs it in runtime.code_access",
        cause: error,
      },
    );
  }
  return new EngineError("UNEXPECTED", message, { cause: error });
}

/** What was under way when something failed: each knows how to find the value at fault. */
export interface UnderWay {
  readonly read?: SourceBatch;
  readonly applied?: AppliedSteps;
  /** Which end was called. A statement of the embedded engine may fail in either, whoever runs it. */
  readonly end?: "source" | "destination";
}

/** Names the file and line, or the step, column, row and value that was at fault, and the place in the recipe. */
export async function explain(
  error: DataLoaderError,
  resource: ResourcePlan,
  underWay: UnderWay = {},
): Promise<DataLoaderError> {
  if (READING.has(error.code) || VALUE_FAULTS.has(error.code)) {
    const inSource = await underWay.read?.diagnose?.(error).catch(() => undefined);
    if (inSource !== undefined) return inSource.at(resource.source.location);
  }
  if (VALUE_FAULTS.has(error.code) || error.code === "CONSTRAINT_VIOLATED") {
    // A diagnosis that fails itself says less than the error it was to explain.
    const inStep = await underWay.applied?.diagnose(error).catch(() => undefined);
    if (inStep !== undefined) return inStep;
  }
  return error.at(placeOf(error, resource, underWay.end));
}

function placeOf(
  error: DataLoaderError,
  resource: ResourcePlan,
  end: UnderWay["end"],
): SourceLocation | undefined {
  const inSource = READING.has(error.code) || VALUE_FAULTS.has(error.code) || end === "source";
  return (inSource ? resource.source : resource.destination).location;
}
