/**
 * The Plan: what a run will do, as plain JSON. It can be printed, compared, sent to a Worker or executed elsewhere; nothing
 * in it refers to this process. It may hold secrets (a password in a connector's config): `redactPlan` before showing it.
 */
import type { RegistryPlan, SchemaPolicy } from "../schema/mod.ts";
import type { Incremental, JsonObject, MergeStrategy, SourceLocation, WriteMode } from "../sdk/mod.ts";
import type { PlannedAccess } from "./access.ts";
import type { ValidationRules } from "../validate/mod.ts";

/** The version of the Plan's form. */
export const PLAN_VERSION = 1;

export interface Plan {
  readonly version: typeof PLAN_VERSION;
  readonly recipe: string;
  /** Path of the recipe file, for messages. */
  readonly file: string;
  readonly resources: readonly ResourcePlan[];
  readonly runtime: RuntimePlan;
  readonly state: StatePlan;
  /** Where versions of schemas are kept; undefined: in files beside the state. */
  readonly registry?: RegistryPlan;
  /** Modules to import before anything is opened: they register connectors, formats and transforms. */
  readonly plugins: readonly string[];
  /** What a run reaches outside, by the keys that ask for it; `runtime.permissions` has narrowed it. */
  readonly access: readonly PlannedAccess[];
  readonly vars: JsonObject;
  /** Texts that must not be shown: they are masked in every event, error and file of a run. */
  readonly secrets: readonly string[];
  /** Things to know that stop nothing. */
  readonly warnings: readonly string[];
}

/** One source, its steps and its destination. A recipe without `resources` has one, named `main`. */
export interface ResourcePlan {
  readonly name: string;
  readonly source: SourcePlan;
  readonly steps: readonly StepPlan[];
  readonly destination: DestinationPlan;
  /** `schema`; undefined where the recipe has none. */
  readonly schema?: SchemaPolicy;
  /** What rows must fulfil, after the steps and `schema`. */
  readonly validation?: ValidationRules;
  /** Changes when the resource is defined otherwise: a half-done overwrite of another definition is not taken up. */
  readonly fingerprint: string;
}

export interface SourcePlan {
  readonly connector: string;
  /** The connector's parsed config. */
  readonly config: unknown;
  readonly incremental?: Incremental;
  /** One line for people, without secrets. */
  readonly summary: string;
  readonly location?: SourceLocation;
}

export interface StepPlan {
  readonly type: string;
  readonly config: unknown;
  /** 0-based, over all steps of the resource. */
  readonly index: number;
  readonly location?: SourceLocation;
}

export interface DestinationPlan {
  readonly connector: string;
  readonly config: unknown;
  readonly mode: WriteMode;
  readonly mergeKeys: readonly string[];
  readonly strategy: MergeStrategy;
  readonly summary: string;
  readonly location?: SourceLocation;
}

export interface RuntimePlan {
  /** Rows per batch, for sources that stream. */
  readonly batchSize: number;
  readonly parallelism: number;
  readonly retries: {
    readonly maxAttempts: number;
    readonly initialDelayMs: number;
    readonly maxDelayMs: number;
  };
  readonly deadLetter?: { readonly path: string; readonly maxRows?: number };
  /** As the embedded engine takes it: `2GB`. */
  readonly memoryLimit?: string;
  readonly threads?: number;
  readonly tempDirectory?: string;
}

export interface StatePlan {
  readonly backend: string;
  readonly directory?: string;
}
