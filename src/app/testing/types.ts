/** What came of the tests of a recipe. Plain data, but for errors. */
import type { TestBlock } from "../../recipe/mod.ts";
import type { DataLoaderError, SourceLocation } from "../../sdk/mod.ts";
import type { RowsDiff, Table } from "./compare.ts";

/** One thing that was expected and is not so. */
export interface Mismatch {
  /** The key of `expect` that says so. */
  readonly key: string;
  readonly message: string;
  /** The rows side by side, where rows differ. */
  readonly diff?: RowsDiff;
  /** What `--update` may put under the key; undefined where it can't. */
  readonly actual?: Table | number;
  /** Some of the values are secrets: they are masked, and not to be written down. */
  readonly holdsSecret?: boolean;
}

/** One run of a test. */
export interface RunOutcome {
  /** From 1; a test without `runs` has one. */
  readonly run: number;
  readonly mismatches: readonly Mismatch[];
  /** What stopped the run, and was not expected. */
  readonly error?: DataLoaderError;
}

export interface TestOutcome {
  readonly name: string;
  /** Index in the recipe's `tests`. */
  readonly index: number;
  readonly test: TestBlock;
  readonly location?: SourceLocation;
  readonly passed: boolean;
  readonly durationMs: number;
  readonly runs: readonly RunOutcome[];
}
