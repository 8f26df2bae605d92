/**
 * What the engine tells while it runs. Events are plain data that can be posted between threads. Counts are whole
 * numbers, sizes bytes, durations milliseconds; `time` is milliseconds since 1970, UTC.
 */
import type { ErrorData, JsonObject, LogLevel, SchemaChange, WriteMode } from "../sdk/mod.ts";
import type { RunStatus, RunSummary } from "./summary.ts";
import type { ValidationReport } from "./validation_report.ts";

interface Timed {
  readonly time: number;
}

/** An event of one resource of the recipe. */
interface OfResource extends Timed {
  readonly resource: string;
}

/** The first event of a run. */
export interface RunStarted extends Timed {
  readonly type: "run_started";
  readonly recipe: string;
  readonly runId: string;
  /** Names of the resources that will be run, in order. */
  readonly resources: readonly string[];
  readonly fullRefresh?: boolean;
  /** True where nothing is written. */
  readonly dryRun?: boolean;
}

/** What a resource will read and where it will write; once per resource, before `resource_started`. */
export interface PlanEvent extends OfResource {
  readonly type: "plan";
  /** For people, without secrets: `data/*.csv (csv)`, `shop.duckdb: main.orders`. */
  readonly source: string;
  readonly destination: string;
  readonly writeMode: WriteMode;
  /** Each statement or file that will be read. */
  readonly statements: readonly string[];
  /** Where reading goes on from, for people. */
  readonly resumesFrom?: string;
  /** Totals, where they are known beforehand. */
  readonly rows?: number;
  readonly bytes?: number;
  readonly files?: number;
  readonly warnings: readonly string[];
}

export interface ResourceStarted extends OfResource {
  readonly type: "resource_started";
}

/** A run takes up what an earlier one committed. */
export interface Resumed extends OfResource {
  readonly type: "resumed";
  /** The run that committed the position. */
  readonly runId: string;
  readonly sequence: number;
}

/** What was committed of an overwrite so far is given up: its rows are read from the start again. */
export interface Restarted extends OfResource {
  readonly type: "restarted";
}

export interface BatchStarted extends OfResource {
  readonly type: "batch_started";
  readonly sequence: number;
  /** For people: `orders-2024.csv`. */
  readonly label?: string;
  /** Size of what the batch reads, where it is known beforehand. */
  readonly bytes?: number;
}

/** How far a resource is, the batch under way included. Counts are totals of the resource in this run. */
export interface Progress extends OfResource {
  readonly type: "progress";
  readonly rows: number;
  readonly bytes?: number;
  /** 0…1 of the whole resource, where it can be told. */
  readonly fraction?: number;
  /** The speed of late, where the engine measures it; else rows over elapsed time are shown. */
  readonly rowsPerSecond?: number;
}

/** A batch and its position are committed; in a dry run: it was read and transformed, and nothing written. Counts are of this batch alone. */
export interface BatchCommitted extends OfResource {
  readonly type: "batch_committed";
  readonly sequence: number;
  /** Rows that came from the source. */
  readonly rowsRead: number;
  /** Rows inserted or updated at the destination. */
  readonly rowsWritten: number;
  /** Size of what was read, as it lies at the source: compressed where it is. Undefined where it is not known. */
  readonly bytesRead?: number;
  /** Size of what was written at the destination; undefined where it does not tell. */
  readonly bytesWritten?: number;
  readonly durationMs: number;
}

/** Something failed and is tried again. */
export interface Retry extends OfResource {
  readonly type: "retry";
  /** The attempt that failed: 1 is the first. */
  readonly attempt: number;
  readonly delayMs: number;
  readonly error: ErrorData;
}

/** The destination's schema was changed for the rows to come. */
export interface SchemaChanged extends OfResource {
  readonly type: "schema_changed";
  readonly changes: readonly SchemaChange[];
}

/** Rows that could not be loaded were put elsewhere or left out. */
export interface RowsRejected extends OfResource {
  readonly type: "rows_rejected";
  /** Who rejected them: the source, which could not read them, rules of `validation`, the recipe's `schema`, or the destination. */
  readonly by: "source" | "rules" | "schema" | "destination";
  readonly rows: number;
  /** Why the first of them was. */
  readonly reason: string;
  /** The file of `runtime.dead_letter` that they are in. */
  readonly deadLetter?: string;
  /** The table or file of `validation` that they are in. Without either of the two they are kept nowhere. */
  readonly quarantine?: string;
}

/** Values of a batch were made to fit the column (`schema.mode: lenient`, `variant`). Counts are of this batch alone. */
export interface ValuesCoerced extends OfResource {
  readonly type: "values_coerced";
  readonly column: string;
  /** The column's type, as recipes write it. */
  readonly to: string;
  /** Values that were changed: rounded, cut, without their leading zeros. */
  readonly changed: number;
  /** Values that became NULL. */
  readonly lost: number;
  /** Values that went into another column, and which. */
  readonly moved?: number;
  readonly variant?: string;
  /** The first of them, and its row in the batch, from 1. */
  readonly first: { readonly row: number; readonly value: string };
}

/** What validation found in a resource's rows; once, at its end, also where it failed. */
export interface ValidationDone extends OfResource {
  readonly type: "validation";
  readonly report: ValidationReport;
}

export interface StateSaved extends Timed {
  readonly type: "state_saved";
  readonly resource?: string;
  /** Path or URL of the state. */
  readonly location: string;
  readonly revision: number;
  readonly sequence: number;
  readonly cursorValues: JsonObject;
  readonly watermarks: JsonObject;
}

export interface LogEvent extends Timed {
  readonly type: "log";
  readonly resource?: string;
  readonly level: LogLevel;
  readonly message: string;
  readonly fields?: JsonObject;
}

export interface ResourceFinished extends OfResource {
  readonly type: "resource_finished";
  readonly status: "succeeded" | "failed";
  readonly durationMs: number;
  /** True where there was nothing new to read. */
  readonly nothingToDo?: boolean;
  readonly error?: ErrorData;
}

/** The last event of a run. */
export interface RunFinished extends Timed {
  readonly type: "run_finished";
  readonly status: RunStatus;
  readonly summary: RunSummary;
}

export type RunEvent =
  | RunStarted
  | PlanEvent
  | ResourceStarted
  | Resumed
  | Restarted
  | BatchStarted
  | Progress
  | BatchCommitted
  | Retry
  | SchemaChanged
  | RowsRejected
  | ValuesCoerced
  | ValidationDone
  | StateSaved
  | LogEvent
  | ResourceFinished
  | RunFinished;

/** Takes events as they happen. Must not throw, and not be slow: the engine waits for it. */
export type EventSink = (event: RunEvent) => void;

/** One sink that passes events to several, in order. */
export function allSinks(...sinks: readonly EventSink[]): EventSink {
  return (event) => {
    for (const sink of sinks) sink(event);
  };
}
