/** What a connector can do. The plan and the engine read this record; nothing ever compares connector names. */

export type WriteMode = "append" | "overwrite" | "merge";
export type MergeStrategy = "upsert" | "delete_insert" | "insert_only" | "scd2";
export type IncrementalStrategy = "cursor" | "watermark" | "timestamp" | "modified_time" | "cdc" | "custom";

/**
 * `native`: contract suite against the real system. `emulated`: against the vendor's emulator.
 * `recorded`: against a recorded or hand-built protocol server.
 */
export type SupportTier = "native" | "emulated" | "recorded";

/** How the system is; each line says what follows from it. */
export interface Capabilities {
  readonly read: boolean;
  readonly write: boolean;
  /** Modes a recipe may ask for; any other is a planning error at `destination.write_mode`. */
  readonly writeModes: readonly WriteMode[];
  /** Strategies for `merge`; empty where there is no merge. */
  readonly mergeStrategies: readonly MergeStrategy[];
  /** Strategies a recipe may ask for at `source.incremental.strategy`. */
  readonly incremental: readonly IncrementalStrategy[];
  /** True: position and rows are committed in one transaction. False: by journal and atomic rename. */
  readonly transactions: boolean;
  /** True: the destination can't keep a position at all; the state backend's is then believed. Default false. */
  readonly positionless?: boolean;
  /**
   * True: `Load.writeBatch` awaits `WriteOptions.settle`. False: where rows are validated, the batch is first put into a
   * temporary table, since nothing may be committed before all of it is known. Default false.
   */
  readonly settles?: boolean;
  /** True: a load can write quarantined rows into a table, in its transaction; needs `settles`. Default false. */
  readonly quarantine?: boolean;
  /** True: the destination can look rows up, so boundary rows past the bound kept in state are still told apart. */
  readonly lookup: boolean;
  /** True: the embedded engine reads or writes the system itself, so rows never leave it. */
  readonly embedded: boolean;
  /** Longest identifier in bytes; undefined where there is no limit. */
  readonly identifierLength?: number;
  /** Constraints that a new table gets from `schema.columns`; values are checked before where it can't. Default: none. */
  readonly constraints?: readonly ("primary_key" | "unique")[];
  /** True: more than one connection may read one snapshot. */
  readonly parallelRead: boolean;
  /** Largest statement in bytes; undefined where there is no limit. */
  readonly maxStatementBytes?: number;
  /** Bulk formats, best first: `parquet`, `copy-binary`, … */
  readonly bulkFormats: readonly string[];
  readonly tier: SupportTier;
}
