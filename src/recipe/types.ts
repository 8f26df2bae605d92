/** What the recipe layer gives to the plan, the app and the command line. */
import type { z } from "zod";
import type { schemaBlock } from "./model/quality.ts";
import type { Incremental, JsonObject, MergeStrategy, SourceLocation, WriteMode } from "../sdk/mod.ts";
import type { TestBlock } from "./model/tests.ts";
import type { ValidationBlock } from "./model/validation.ts";

export interface LoadOptions {
  /** Reads a recipe file as text. May throw whatever the platform throws. */
  readFile(path: string): Promise<string>;
  /** The value of an environment variable; undefined where it is not set. */
  env(name: string): string | undefined;
  /** Values of `--var`: win over the recipe's `vars:`. Taken as they are, never rendered. */
  vars?: JsonObject;
  /**
   * `error` (default): a missing environment variable is a problem. `collect`: it is listed in `missingEnv`, and a
   * placeholder `<NAME>` stands for it; values it goes into are not checked further than possible.
   */
  onMissingEnv?: "error" | "collect";
}

/** `source`, checked. */
export interface SourceBlock {
  readonly type: string;
  /**
   * As the connector's config schema gives it. The plain mapping where the connector comes from a plug-in that is not
   * loaded, or where a missing variable keeps it from being checked (`onMissingEnv: "collect"`).
   */
  readonly config: unknown;
  readonly incremental?: Incremental;
  /** Paths below the block whose values hang on missing variables; only with `onMissingEnv: "collect"`. */
  readonly unknown?: readonly (readonly (string | number)[])[];
}

/** `destination`, checked. */
export interface DestinationBlock {
  readonly type: string;
  /** As in `SourceBlock`. */
  readonly config: unknown;
  /** Undefined where the recipe names none. */
  readonly writeMode?: WriteMode;
  readonly mergeKeys: string[];
  /** Default `upsert`. */
  readonly strategy: MergeStrategy;
  /** Whether the recipe names the strategy itself. */
  readonly strategyGiven: boolean;
  /** As in `SourceBlock`. */
  readonly unknown?: SourceBlock["unknown"];
}

/** One of `transform.steps`, checked. */
export interface StepBlock {
  readonly type: string;
  /** As in `SourceBlock`, by the transform's config schema. */
  readonly config: unknown;
  /** 0-based, in the merged list. */
  readonly index: number;
  readonly path: (string | number)[];
}

/** `runtime`, defaults filled in. */
export interface RuntimeBlock {
  /** Rows per batch. Default 122,880: a row group of DuckDB's. */
  readonly batchSize: number;
  /** Connections or readers at once. Default 4. */
  readonly parallelism: number;
  readonly retries: {
    /** Attempts in all, the first included. Default 4. */
    readonly maxAttempts: number;
    /** Milliseconds before the first retry; doubles with each. Default 500. */
    readonly initialDelayMs: number;
    /** Milliseconds between two attempts at most. Default 30,000. */
    readonly maxDelayMs: number;
  };
  /** Where rows go that cannot be loaded: a JSONL file. */
  readonly deadLetter?: { readonly path: string; readonly maxRows?: number };
  /** Of the embedded engine: `2GB`, `80%`. */
  readonly memoryLimit?: string;
  /** Threads of the embedded engine. */
  readonly threads?: number;
  /** Where the embedded engine spills to. */
  readonly tempDirectory?: string;
  /** What a run may reach at most; a kind without a list is not narrowed. */
  readonly permissions?: AccessLists;
  /** What function steps and plug-ins reach by themselves. */
  readonly codeAccess?: AccessLists;
}

/** `host` or `host:port`, paths, names of environment variables. */
export interface AccessLists {
  readonly net?: readonly string[];
  readonly read?: readonly string[];
  readonly write?: readonly string[];
  readonly env?: readonly string[];
}

/** `state`. */
export interface StateBlock {
  readonly backend: "local" | "s3" | "dynamodb" | "sql";
  readonly directory?: string;
}

/** `schema`, checked. */
export type SchemaBlock = z.infer<ReturnType<typeof schemaBlock>>;

/** What of a recipe is checked but can't be run yet. `dbt` and `python` are transform steps. */
export type LaterKey =
  | "normalization"
  | "resources"
  | "schedule"
  | "alerts"
  | "state"
  | "dbt"
  | "python";

export interface LaterBlock {
  readonly key: LaterKey;
  readonly location: SourceLocation;
}

/** One of `resources`, checked; `source` and `destination` have the recipe's own as defaults merged in. */
export interface ResourceBlock {
  readonly name: string;
  readonly dependsOn: readonly string[];
  readonly source: SourceBlock;
  readonly destination: DestinationBlock;
  readonly steps: readonly StepBlock[];
  readonly path: (string | number)[];
}

/** A recipe: parsed, merged with its parents, rendered and checked. */
export interface Recipe {
  readonly name: string;
  readonly description?: string;
  /** As it was named when loading. */
  readonly file: string;
  /** All files read: parents first, the recipe last. */
  readonly files: readonly string[];
  /** Missing where the recipe has `resources`. */
  readonly source?: SourceBlock;
  readonly destination?: DestinationBlock;
  readonly steps: readonly StepBlock[];
  readonly resources: readonly ResourceBlock[];
  readonly runtime: RuntimeBlock;
  readonly state: StateBlock;
  /** `schema`, as it is written; undefined where there is none. */
  readonly schema?: SchemaBlock;
  /** `vars:` rendered, with `--var` over them. */
  readonly vars: JsonObject;
  /** Names that `vars:` declares or a template reads, sorted. */
  readonly usedVars: readonly string[];
  /** Names that were given from outside and are none of those. */
  readonly unusedVars: readonly string[];
  /** Name → text of `{% macro … %}`. */
  readonly macros: Readonly<Record<string, string>>;
  /** Paths of the TypeScript modules to import before a run. */
  readonly plugins: readonly string[];
  readonly later: readonly LaterBlock[];
  /** Undefined where there is none, or it is switched off. */
  readonly validation?: ValidationBlock;
  /** Cases for `dataloader test`. */
  readonly tests: readonly TestBlock[];
  /** Merged, rendered, paths resolved, as plain JSON. Holds secrets: redact before showing. */
  readonly document: JsonObject;
  /** Every secret text that came in, whole and as the parts it was built from. */
  readonly secrets: ReadonlySet<string>;
  /** Environment variables that the recipe can't do without, sorted. */
  readonly requiredEnv: readonly string[];
  /** Environment variables read with a default, sorted. */
  readonly optionalEnv: readonly string[];
  /** Those of `requiredEnv` that are not set (`onMissingEnv: "collect"`). */
  readonly missingEnv: readonly string[];
  /** The place of the node at a path, or of its nearest ancestor; undefined for a path that can't be. */
  locate(path: readonly (string | number)[]): SourceLocation | undefined;
}
