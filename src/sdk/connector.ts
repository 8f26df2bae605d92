/**
 * The connector contract. A connector is a folder: `mod.ts` calls `defineConnector` with everything that can be known
 * without a driver; `source.ts` and `destination.ts` are imported only when a run opens them.
 */
import type { z } from "zod";
import type { Access } from "./access.ts";
import type { Batch, Session } from "./batch.ts";
import type { Capabilities, IncrementalStrategy, MergeStrategy, WriteMode } from "./capabilities.ts";
import type { DataLoaderError } from "./errors.ts";
import type { Logger } from "./log.ts";
import type { Field, Schema } from "./schema.ts";
import type { LogicalType } from "./types.ts";
import type { Position, SourceState } from "./state.ts";

/** A recipe that shows the connector at work; printed on its page and validated by the tests. */
export interface Example {
  readonly title: string;
  /** A whole recipe in YAML. */
  readonly recipe: string;
}

/** What a connector is. `C` is its parsed config: the recipe's block less the keys the engine owns. */
export interface ConnectorDefinition<C = unknown> {
  readonly name: string;
  /** One line, no full stop: "Read from and load into …". */
  readonly summary: string;
  /** Object schema of the keys beside `type`; every key described. Strict: unknown keys are refused. */
  readonly config: z.ZodType<C>;
  /**
   * True for a block (unparsed) some of whose keys a module that is not yet imported may define, as a file format of a
   * plug-in does. In a recipe with plug-ins, keys of such a block that `config` does not know are then no error.
   */
  readonly hasOpenKeys?: (block: Readonly<Record<string, unknown>>) => boolean;
  readonly capabilities: Capabilities;
  readonly examples: readonly Example[];
  /** Lossy or surprising type mappings, one sentence each, for the connector's page. */
  readonly typeNotes?: readonly string[];
  /**
   * Pure checks that need the whole picture, such as "append needs a directory": problems found, by key.
   * Called at planning, with rendered config.
   */
  readonly checkRead?: (config: C, request: PlannedRead) => readonly ConfigProblem[];
  readonly checkWrite?: (config: C, request: PlannedWrite) => readonly ConfigProblem[];
  /** The write mode where the recipe names none. Default `append`. */
  readonly defaultWriteMode?: (config: C) => WriteMode;
  /**
   * What reading or writing with this config reaches: hosts, paths, environment names. Pure, and complete: a run may do
   * nothing else. Nothing where it is missing.
   */
  readonly access?: (config: C, use: "read" | "write") => readonly Access[];
  /**
   * For sources of files: how `dataloader test` reads a file of its own in place of those that the config names, with all
   * that the config says of reading. With `rows` the file is JSON lines, and only what the config says of types holds.
   */
  readonly standIn?: (config: C, file: { path: string; rows: boolean }) => StandIn;
  /** One line for people, no secrets: `data/*.csv (csv)`, `shop.duckdb: main.orders`. */
  readonly describe: (config: C) => string;
  /**
   * True: `describe` tells which data is read, the same for the same data. A position is then not gone on from where it reads
   * otherwise; else people are told. Default false.
   */
  readonly describesData?: boolean;
  /** Whether a source of this config finds the types of its columns in text, and takes `ReadRequest.hints`. Pure. Default: no. */
  readonly findsTypes?: (config: C) => boolean;
  readonly openSource?: () => Promise<{ openSource: (config: C, context: OpenContext) => Promise<Source> }>;
  readonly openDestination?: () => Promise<
    { openDestination: (config: C, context: OpenContext) => Promise<Destination> }
  >;
}

/** What is read in place of a source. */
export interface StandIn {
  readonly connector: string;
  readonly config: unknown;
}

/** A problem with one key of a config block. `key` is relative to the block: `["columns", "id"]`. */
export interface ConfigProblem {
  readonly key: readonly (string | number)[];
  readonly message: string;
  readonly hint?: string;
  /**
   * Other keys of the block that the problem comes from. Where one of them, or `key`, hangs on an environment variable
   * that is not set, `validate` does not report it. Default none.
   */
  readonly dependsOn?: readonly string[];
}

/** `source.incremental`, parsed, defaults filled in. */
export interface Incremental {
  readonly strategy: IncrementalStrategy;
  /** Required for every strategy but `modified_time`, `cdc` and `custom`. */
  readonly cursorColumn?: string;
  /** Text as the engine casts it to the column's type. Inclusive. */
  readonly initialValue?: string;
  /** Exclusive upper end for good: a backfill stops there. */
  readonly endValue?: string;
  /** How far to step back behind the last value, `15 minutes` for times or a number: merge only. */
  readonly lag?: string;
  readonly onNull: "include" | "exclude" | "error";
  readonly order: "asc" | "none";
}

/** What the plan says of reading. */
export interface PlannedRead {
  readonly incremental?: Incremental;
  /** How the rows will be written, where the plan knows: some ways to read need a certain way to write. */
  readonly writeMode?: WriteMode;
  /** The recipe has plug-ins that are not imported: what is not known may be registered by them. */
  readonly pluginsPending?: boolean;
}

/** What the plan says of writing. */
export interface PlannedWrite {
  readonly mode: WriteMode;
  readonly mergeKeys: readonly string[];
  readonly strategy: MergeStrategy;
  /** The recipe has plug-ins that are not imported: what is not known may be registered by them. */
  readonly pluginsPending?: boolean;
}

/** What a run gives a connector to work with. */
export interface OpenContext {
  readonly session: Session;
  readonly log: Logger;
  /** Aborted on SIGINT/SIGTERM and when the run fails elsewhere. */
  readonly signal: AbortSignal;
  readonly recipe: string;
  readonly resource: string;
}

/** What is known beforehand of columns whose types are found in text. Names are in lower case. */
export interface TypeHints {
  /** Types at the destination: taken where the values that are looked at are such, or where there are none. */
  readonly destination: ReadonlyMap<string, LogicalType>;
  /** Nothing but the types at the destination will do: a value that is none is at fault, and has a line to be told with. */
  readonly firm: boolean;
  /** The destination's rows are replaced: its types count only where there are no values to find one in. */
  readonly replaced: boolean;
  /** Columns to read as text, whatever their values look like. */
  readonly text: ReadonlySet<string>;
}

export interface ReadRequest extends PlannedRead {
  readonly runId: string;
  /** How boundary rows are treated: `merge` applies them again, `append` drops the ones already loaded. */
  readonly writeMode: WriteMode;
  /** Rows per batch for sources that stream. Sources the engine scans itself may give one batch for all. */
  readonly batchSize: number;
  /** Connections or readers to use at most. */
  readonly parallelism: number;
  /** RFC 3339, UTC: when the run began; the upper bound of a watermark window on a time column. */
  readonly startedAt: string;
  /** Types are found from all rows, where they are found from a sample else. */
  readonly wholeColumns?: boolean;
  readonly hints?: TypeHints;
  /** The destination's rows in which a column has a value (`Load.lookup`), where it can look up. */
  readonly lookup?: (column: string, value: string) => Promise<string | undefined>;
}

/** Lines or records that could not be read. */
export interface LeftOut {
  readonly rows: number;
  /** Why, with the place of the first. */
  readonly reason: string;
}

/** A batch and the state that holds once it, and all before it, are committed. */
export interface SourceBatch {
  readonly batch: Batch;
  readonly state: SourceState;
  /** For people: `orders-2024.csv`, `updated_at <= 2024-05-01`. */
  readonly label?: string;
  /** Once the rows were read: what in the source was no row and was left out, as the recipe asks; undefined if nothing was. */
  readonly leftOut?: () => Promise<LeftOut | undefined>;
  /** There are no rows, and nothing that shows of which types they would be: no table is made for it. */
  readonly untyped?: boolean;
  /** Size of what this batch reads, in bytes, where known beforehand: for progress. */
  readonly bytes?: number;
  /** Size of what this and all later batches of the same `readBatches` read, in bytes, where known beforehand. */
  readonly bytesToCome?: number;
  /**
   * After the batch failed to load: the error that names file, line, column and value, where it was the source's data
   * that failed; undefined where it was not.
   */
  readonly diagnose?: (error: DataLoaderError) => Promise<DataLoaderError | undefined>;
}

/** What a source would do from a state, without doing it. */
export interface ReadDescription {
  readonly schema: Schema;
  /** Each statement or file that would be read. */
  readonly statements: readonly string[];
  /** Where it would go on from, for people; undefined when it reads everything. */
  readonly resumesFrom?: string;
  /** Batches, files or rows expected, where it can be told cheaply. */
  readonly rows?: number;
  readonly bytes?: number;
  readonly files?: number;
  readonly warnings: readonly string[];
  /** Those of `warnings` that say what the mapping of types loses: refused under `schema.mode: strict`. */
  readonly losses?: readonly string[];
}

/** A relation or stream the system offers. */
export interface Discovered {
  readonly name: string;
  readonly schema: Schema;
  readonly primaryKey: readonly string[];
  readonly estimatedRows?: number;
}

export interface Source {
  /** Proves that the system can be reached and read. Throws a `ConnectorError` that says precisely what is wrong. */
  check(): Promise<string[]>;
  discover?(): Promise<Discovered[]>;
  /** Opens what it must to tell what it would read, reads no rows but samples. */
  describe(request: ReadRequest, state: SourceState): Promise<ReadDescription>;
  /**
   * The rows after `state`, batch by batch. The state that comes with a batch is the whole state, not a change to it.
   * The state of every batch, the last one too, must tell a run that takes it up what is left to read; `finalState` takes
   * the checkpoints away. An empty source gives no batch, or one batch without rows.
   */
  readBatches(request: ReadRequest, state: SourceState): AsyncIterable<SourceBatch>;
  /**
   * Whether reading can go on from the state of a run that was cut off as if it had not been: the rows that are left are of
   * the same moment as those that were read. Where it can't, an overwrite begins anew; `readBatches` has to cope with the
   * other modes by itself. Default: it can.
   */
  resumes?(request: ReadRequest, state: SourceState): Promise<boolean>;
  /**
   * The state of a run all of whose batches are committed. For sources that only know at the end that there is
   * no more; the default is the last batch's state with `checkpoints` emptied.
   */
  finalState?(state: SourceState): SourceState;
  close(): Promise<void>;
}

export interface LoadRequest extends PlannedWrite {
  /** Ignore what was committed before and replace all rows. */
  readonly fullRefresh: boolean;
  /** RFC 3339, UTC: when the run began. */
  readonly startedAt: string;
  /** The table of quarantined rows: a load that replaces all rows removes those of earlier runs from it when it commits. */
  readonly quarantineTable?: string;
  /** The cursor column, where the source has one: of two rows with one merge key the later is kept. */
  readonly orderBy?: string;
}

/** A table, or a folder of files, as a destination has it. */
export interface TableSchema {
  readonly columns: readonly Field[];
}

/** A column that is to be made. */
export interface ColumnDefinition extends Field {
  /** Text of a value of the column's type: what old rows, and rows that leave the column out, get. */
  readonly default?: string;
  readonly description?: string;
}

/**
 * A change of a table that the engine has decided on (`schema.evolution`). The destination writes the statement, runs it in
 * the transaction of the batch, and leaves out what is so already. Destinations without tables (files) only say what it
 * means to them.
 */
export type TableChange = TableChangeKind & {
  /** For people: `add column b (int64)`. */
  readonly description: string;
  readonly safety: "safe" | "destructive";
};

export type TableChangeKind =
  | {
    readonly kind: "create_table";
    readonly columns: readonly ColumnDefinition[];
    readonly primaryKey: readonly string[];
    readonly unique: readonly string[];
  }
  | { readonly kind: "add_column"; readonly column: ColumnDefinition }
  /** Old values are kept exactly, or the statement fails. */
  | {
    readonly kind: "change_type";
    readonly column: string;
    readonly from: LogicalType;
    readonly to: LogicalType;
  }
  | { readonly kind: "rename_column"; readonly column: string; readonly to: string }
  | { readonly kind: "drop_not_null" | "set_not_null"; readonly column: string };

/** One change that a load would make to the destination's schema, or that the rows' schema has gone through. */
export interface SchemaChange {
  readonly kind: TableChange["kind"] | "missing_column" | "discard_column" | "none";
  readonly column?: string;
  readonly statement?: string;
  readonly description: string;
  /** `destructive`: those who read the table may find it other than they know it. Old values are kept in both. */
  readonly safety?: "safe" | "destructive";
}

/** How a batch is written beyond its rows. */
export interface WriteOptions {
  /**
   * What becomes of the table first; the batch fits it then. Undefined: the recipe has no `schema`, and the destination
   * makes or widens the table as it does by itself.
   */
  readonly changes?: readonly TableChange[];
  /**
   * With `capabilities.settles`: to be awaited once, when the batch has been pulled to its end and before anything is
   * committed; `accepted` is the number of rows that came. Throws where the batch must not be committed. Gives the rows to
   * add, in the same transaction, to another table (`capabilities.quarantine`). What it adds to `position` is to be committed
   * as well: the position is written down after it. The batch must be pulled once and not oftener.
   */
  readonly settle?: (accepted: number) => Promise<QuarantinedRows | undefined>;
}

/** Rows that were left out of a batch, with what is wrong with them. */
export interface QuarantinedRows {
  /** As the recipe names it: `[schema.]name`, beside the table that is loaded. Made where it is missing. */
  readonly table: string;
  readonly rows: Batch;
}

/** What a load would do, without doing it. */
export interface WriteDescription {
  readonly statements: readonly string[];
  readonly changes: readonly SchemaChange[];
  readonly warnings: readonly string[];
  /** Those of `warnings` that say what the mapping of types loses: refused under `schema.mode: strict`. */
  readonly losses?: readonly string[];
}

export interface WriteResult {
  /** Rows of the batch that came in. */
  readonly rowsReceived: number;
  /** Rows inserted or updated at the destination. */
  readonly rowsWritten: number;
  /** Bytes written, where known. */
  readonly bytes?: number;
  /** `Session.rowsScanned` of the statement that pulled the batch, for embedded destinations. */
  readonly rowsScanned?: number;
  /** Schema changes that were made for this batch. */
  readonly changes?: readonly SchemaChange[];
}

export interface Destination {
  /** Proves that the system can be reached and written. Throws a `ConnectorError`. Leaves nothing behind. */
  check(): Promise<string[]>;
  /** What loading rows of this schema would do. Changes nothing. */
  describe(schema: Schema, request: LoadRequest, options?: WriteOptions): Promise<WriteDescription>;
  /**
   * The table that rows would be loaded into, undefined where there is none yet. Without it (formats that keep no types)
   * rows are held against what the schema registry last saw.
   */
  table?(): Promise<TableSchema | undefined>;
  openLoad(request: LoadRequest): Promise<Load>;
  close(): Promise<void>;
}

/**
 * One load: a run's writes to one table or set of files.
 * Order of calls: `resume`, then `writeBatch`…, then `commit` or `abort`, each once. After a `CommitUnknownError` `resume` is
 * called again. A write that fails with an error that a retry can help is tried again on the same load.
 */
export interface Load {
  /**
   * The last position committed at the destination for this recipe and resource. Staged positions (`Position.staged`)
   * count only where this load replaces all rows too; else they are discarded with their staging.
   */
  resume(): Promise<Position | undefined>;
  /**
   * Writes a batch and its position in one atomic act. When it throws, nothing of the batch is there. With
   * `overwrite` the rows stay hidden until `commit`; what another run (`position.runId`) has staged is discarded first.
   */
  writeBatch(batch: Batch, position: Position, options?: WriteOptions): Promise<WriteResult>;
  /**
   * Tries a batch and rolls it back: throws what `writeBatch` would throw. To find the rows a system refuses: an error that names
   * one in `context.row`, from 1, spares the search for it.
   */
  probe?(batch: Batch, options?: WriteOptions): Promise<void>;
  /** Makes the load visible where it was not, and records `position` (complete) in the same act. */
  commit(position: Position): Promise<void>;
  /**
   * Gives up. Batches already committed stay (append, merge) or stay staged for the next run (overwrite); with `discard`
   * what is staged is thrown away.
   */
  abort(options?: { readonly discard?: boolean }): Promise<void>;
  /**
   * A SELECT over the session that gives the rows among which those of the next batch will stand: of the table, or, where all
   * are replaced, of the batches before. Undefined where there are none; the method is missing where the destination can't.
   */
  existing?(): Promise<string | undefined>;
  /**
   * A SELECT over the session that gives the destination's rows in which `column` equals `value` (text), or
   * undefined where the destination can't. For `capabilities.lookup`.
   */
  lookup?(column: string, value: string): Promise<string | undefined>;
}

/** Types a definition; the config type is inferred from the schema. */
export function defineConnector<C>(definition: ConnectorDefinition<C>): ConnectorDefinition<C> {
  return definition;
}
