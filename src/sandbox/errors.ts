/** Errors that cross from a thread to another: as data there, as errors of the same class here. */
import {
  ConnectorError,
  DataLoaderError,
  EngineError,
  type ErrorData,
  type ErrorOptions,
  RecipeError,
  RecipeErrors,
  StateError,
  TransformError,
} from "../sdk/mod.ts";

const CLASSES: Readonly<
  Record<string, new (code: string, message: string, options: ErrorOptions) => DataLoaderError>
> = {
  ConnectorError,
  EngineError,
  RecipeError,
  StateError,
  TransformError,
};

/** An error as data, with what lay behind it. */
export function errorToData(error: unknown): ErrorData {
  if (!(error instanceof Error)) return { name: "Error", message: String(error) };
  const cause = error.cause === undefined ? {} : { cause: errorToData(error.cause) };
  if (!(error instanceof DataLoaderError)) {
    return { name: error.name, message: error.message, stack: error.stack, ...cause };
  }
  const parts = error instanceof RecipeErrors ? { errors: error.errors.map(errorToData) } : {};
  return { ...error.toJSON(), stack: error.stack, ...cause, ...parts };
}

/** The error that data tells of. */
export function errorFromData(data: ErrorData): DataLoaderError {
  if (data.errors !== undefined && data.errors.length > 0) {
    return new RecipeErrors(data.errors.map((one) => errorFromData(one) as RecipeError));
  }
  const { hint, retryable, context } = data;
  const made = new (CLASSES[data.name] ?? DataLoaderError)(data.code ?? "UNEXPECTED", data.message, {
    hint,
    retryable,
    context,
    location: data.location as ErrorOptions["location"],
    cause: data.cause === undefined ? undefined : errorFromData(data.cause),
  });
  if (data.stack !== undefined) made.stack = data.stack;
  return made;
}
