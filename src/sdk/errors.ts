/**
 * The errors of dataloader. Each says what failed, where, and what to do; knows whether a retry can help;
 * and holds no secret (DESIGN rule 7: values that may be secret never go into `message`, `context` or `hint`).
 */
import type { Json, JsonObject } from "./json.ts";

/** A place in a recipe: 1-based line and column of the YAML node, and the recipe that extends it, if another. */
export interface SourceLocation {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** The recipe the user named, when the node stands in one of its parents. */
  readonly extendedBy?: string;
}

/** What every error can carry besides its message. */
export interface ErrorOptions {
  /** What to do about it, one sentence, no full stop needed. */
  readonly hint?: string;
  /** Facts for a machine or a log: column, value, row, path. Never a secret. */
  readonly context?: Record<string, Json>;
  /** The place in the recipe that leads here. */
  readonly location?: SourceLocation;
  /** True where the same call may succeed later: a lost connection, a lock, a deadlock. Default false. */
  readonly retryable?: boolean;
  readonly cause?: unknown;
}

/** An error as plain data: what `--json` prints, events carry and logs keep. */
export interface ErrorData {
  readonly name: string;
  readonly message: string;
  /** For errors of dataloader. */
  readonly code?: string;
  readonly hint?: string;
  readonly location?: JsonObject;
  readonly retryable?: boolean;
  readonly context?: JsonObject;
  /** Where it was thrown, for errors that nobody foresaw. */
  readonly stack?: string;
  /** What lay behind it. */
  readonly cause?: ErrorData;
  /** The parts of an error that stands for several. */
  readonly errors?: readonly ErrorData[];
}

/** The parent of all errors that dataloader throws on purpose. */
export class DataLoaderError extends Error {
  override name = "DataLoaderError";
  /** A stable word in capitals, such as `UNKNOWN_KEY`: what scripts may match. */
  readonly code: string;
  readonly hint?: string;
  readonly context: Record<string, Json>;
  /** Filled in by whoever knows it first: see `at`. */
  location?: SourceLocation;
  readonly retryable: boolean;

  constructor(code: string, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.context = options.context ?? {};
    this.location = options.location;
    this.retryable = options.retryable ?? false;
  }

  /** Adds the place in the recipe, unless the error already has one. */
  at(location: SourceLocation | undefined): this {
    this.location ??= location;
    return this;
  }

  /** The fields that `--json` prints and logs keep. */
  toJSON(): ErrorData {
    return {
      name: this.name,
      code: this.code,
      message: this.message,
      ...(this.hint === undefined ? {} : { hint: this.hint }),
      ...(this.location === undefined ? {} : { location: { ...this.location } }),
      retryable: this.retryable,
      context: this.context,
    };
  }
}

/** The recipe, or how it was called, is wrong: exit code 2. */
export class RecipeError extends DataLoaderError {
  override name = "RecipeError";
}

/** A system at either end refused, failed or is not there. */
export class ConnectorError extends DataLoaderError {
  override name = "ConnectorError";
}

/**
 * The connection broke between a COMMIT and its answer: whether the batch is there, only `Load.resume` tells. `result` is what
 * the write gives if it is.
 */
export class CommitUnknownError extends ConnectorError {
  override name = "CommitUnknownError";
  result?: unknown;

  constructor(message: string, options: ErrorOptions = {}) {
    super("COMMIT_UNKNOWN", message, { ...options, retryable: true });
  }
}

/** A transform step failed: `context` names step number, type, column and a sample value. */
export class TransformError extends DataLoaderError {
  override name = "TransformError";
}

/** The state could not be read, written, or was changed by another run. */
export class StateError extends DataLoaderError {
  override name = "StateError";
}

/** The engine itself could not go on: out of memory, disk full, interrupted. */
export class EngineError extends DataLoaderError {
  override name = "EngineError";
}

/** Several errors found in one pass, such as all that is wrong with a recipe. `errors` is never empty. */
export class RecipeErrors extends RecipeError {
  override name = "RecipeErrors";
  readonly errors: readonly RecipeError[];

  constructor(errors: readonly RecipeError[]) {
    const first = errors[0]!;
    super(first.code, first.message, { hint: first.hint, context: first.context, location: first.location });
    this.errors = errors;
  }
}
