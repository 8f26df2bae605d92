/** The transform contract: a step writes SQL around a relation, or, if it must run code, maps a batch to a batch. */
import type { z } from "zod";
import type { Access } from "./access.ts";
import type { Batch, Session } from "./batch.ts";
import type { Example } from "./connector.ts";
import type { JsonObject } from "./json.ts";
import type { Logger } from "./log.ts";
import type { Schema } from "./schema.ts";

/** What a step works on. */
export interface StepInput {
  readonly schema: Schema;
  /** SQL to stand after FROM: `SELECT … FROM ${input.relation}`. It is aliased as `input`. */
  readonly relation: string;
  readonly metadata: JsonObject;
}

export interface StepContext {
  readonly recipe: string;
  readonly resource: string;
  /** `vars` of the recipe and `--var`. */
  readonly vars: JsonObject;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

export interface TransformDefinition<C = unknown> {
  readonly name: string;
  readonly summary: string;
  /** Object schema of the keys beside `type`; every key described. */
  readonly config: z.ZodType<C>;
  readonly examples: readonly Example[];
  /** True where the step gives exactly one row for each row, so that rows read can be told from rows written. */
  readonly keepsRows: boolean;
  /** True where the step holds no more than the rows it is looking at, as a filter does. Default: `keepsRows`. */
  readonly streams?: boolean;
  /**
   * The SELECT that is the step. Pure.
   * @throws {TransformError} where a column is missing or the config does not fit the schema.
   */
  readonly sql?: (input: StepInput, config: C, context: StepContext) => string;
  /** For steps that must run code. One of `sql` and `run` is there. */
  readonly run?: (batch: Batch, config: C, context: StepContext & { session: Session }) => Promise<Batch>;
  /**
   * After a run failed on a value: a SELECT of at most one row (`row` BIGINT 1-based, `column`, `value`, `reason`
   * VARCHAR; `hint` and `code` VARCHAR where there is more to say, the code is else `VALUE_ERROR`) that finds the first
   * value the step can't take, or undefined where the step can't fail on values.
   */
  readonly diagnose?: (input: StepInput, config: C, context: StepContext) => string | undefined;
  /** Checks before any row is read what planning could not: that code can be loaded, a service reached. */
  readonly check?: (config: C, context: StepContext) => Promise<void>;
  /** What the step reaches with this config: modules, hosts, paths. Pure, and complete. Nothing where it is missing. */
  readonly access?: (config: C) => readonly Access[];
  /** What the step does with this config, on one line, for people and without values that may be secret. */
  readonly describe?: (config: C) => string;
  /**
   * The name that a column had before the step, where its values pass as they are; undefined for one that the step makes or
   * changes. `column` is compared regardless of case. Without it nothing is known of any column. Pure.
   */
  readonly origin?: (column: string, config: C) => string | undefined;
  /** The SQL of the config that reckons with columns. Goes with `origin`. */
  readonly expressions?: (config: C) => readonly string[];
  /** For `run` steps: the schema they will give, where it can be told without running them. For plans. */
  readonly outputSchema?: (schema: Schema, config: C) => Schema | undefined;
}

/** Types a definition; the config type is inferred from the schema. */
export function defineTransform<C>(definition: TransformDefinition<C>): TransformDefinition<C> {
  return definition;
}
