import type { EventSink } from "../observe/mod.ts";
import type { ResourcePlan } from "../plan/mod.ts";
import type { SchemaRegistry } from "../schema/mod.ts";
import {
  getConnector,
  getTransform,
  type Json,
  type Logger,
  type LogLevel,
  type Session,
  type StateBackend,
} from "../sdk/mod.ts";

/** What a run is given. The engine opens no terminal, reads no environment and draws nothing: it reports by events. */
export interface RunIO {
  readonly stateBackend: StateBackend;
  readonly emit: EventSink;
  /** Aborted to stop the run: the batch under way is rolled back. */
  readonly signal: AbortSignal;
  /** Opens a session of the embedded engine. */
  readonly openSession: (options: SessionOptions) => Promise<Session>;
  /** Where versions of schemas are kept; none are without it. The session may serve to reach them. */
  readonly openRegistry?: (session: Session) => SchemaRegistry;
}

/** Limits of the embedded engine, from `runtime`. */
export interface SessionOptions {
  readonly memoryLimit?: string;
  readonly threads?: number;
  readonly tempDirectory?: string;
}

/** What the person who runs a recipe may ask for. */
export interface RunOptions {
  /** Forget the position and replace all rows at the destination. */
  readonly fullRefresh?: boolean;
  /** Read at most so many rows, and leave the position where it is. */
  readonly limit?: number;
  /** Read and transform, write nothing, save nothing. */
  readonly dryRun?: boolean;
  /** The thread that runs the plan holds only the permissions that the plan needs: for the summary. */
  readonly sandbox?: boolean;
}

/** True where rows pass one by one, so that the engine has to hold no more than it is looking at. */
function streams(resource: ResourcePlan): boolean {
  return resource.destination.mode !== "merge" &&
    resource.steps.every(({ type }) => getTransform(type).streams ?? getTransform(type).keepsRows);
}

/** The rows come in batches from JavaScript's memory, not from a scan of the engine's own. */
function isFed(resource: ResourcePlan): boolean {
  return !getConnector(resource.source.connector).capabilities.embedded;
}

/** A thread that reads JSON Lines holds a piece of 32 MiB; those of other formats less. */
const MEGABYTES_A_THREAD = 96;
/** Where the engine writes files, which hold a row group a thread back: with less, its threads wait for each other. */
const MEGABYTES_TO_FILES = 256;
const FEWEST_THREADS = 2;

/**
 * Memory for the embedded engine where the recipe names none. A load that streams gains nothing from more than this, and the
 * engine would else keep every block of a database that it has written, so that memory grew with the data. Batches that it is fed need hardly any. Merges and steps that group, sort or join get room before
 * they spill to disk.
 */
export function defaultMemoryLimit(resource: ResourcePlan, threads = navigator.hardwareConcurrency): string {
  if (!streams(resource)) return "2GB";
  if (isFed(resource)) return "32MB";
  const { embedded, transactions } = getConnector(resource.destination.connector).capabilities;
  const each = embedded && !transactions ? MEGABYTES_TO_FILES : MEGABYTES_A_THREAD;
  return `${each * Math.max(FEWEST_THREADS, threads)}MB`;
}

/**
 * Threads for the embedded engine where the recipe names none: undefined is one a core. Batches that it is fed come from the
 * one thread of JavaScript, and a second thread of the engine's only waits for it, at a quarter more processor time.
 */
export function defaultThreads(resource: ResourcePlan): number | undefined {
  return streams(resource) && isFed(resource) ? 1 : undefined;
}

/** What a load that does not fit into the default is given, one after the other. */
export function raisedMemoryLimits(resource: ResourcePlan): readonly string[] {
  return streams(resource) && isFed(resource) ? ["512MB", "8GB"] : ["2GB", "8GB"];
}

/** A logger whose lines become events. */
export function eventLogger(emit: EventSink, resource?: string): Logger {
  return {
    log(level: LogLevel, message: string, fields?: Record<string, Json>): void {
      emit({
        type: "log",
        time: Date.now(),
        resource,
        level,
        message,
        fields,
      });
    },
  };
}
