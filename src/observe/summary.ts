/** The summary of a run: what `--json` prints, folded from the run's events. */
import type { ErrorData, JsonObject, SchemaChange, WriteMode } from "../sdk/mod.ts";
import type { RunEvent } from "./events.ts";
import type { RuleReport, ValidationReport } from "./validation_report.ts";

/** `partial`: some resources failed and others did not. */
export type RunStatus = "succeeded" | "failed" | "partial";

export interface SummarySchemaChange {
  readonly resource: string;
  readonly kind: SchemaChange["kind"];
  readonly column?: string;
  readonly description: string;
  readonly safety?: SchemaChange["safety"];
}

/** What became of values that did not fit their column, in all batches. */
export interface SummaryCoercion {
  readonly resource: string;
  readonly column: string;
  readonly to: string;
  readonly changed: number;
  readonly lost: number;
  readonly moved?: number;
  readonly variant?: string;
  readonly first: { readonly row: number; readonly value: string };
}

/** Where the state is after the run, and how far it says the source was read. */
export interface SummaryState {
  readonly location: string;
  readonly revision: number;
  readonly sequence: number;
  readonly cursor_values: JsonObject;
  readonly watermarks: JsonObject;
}

/** Rows that were not loaded, by who rejected them and where they are. */
export interface SummaryRejection {
  readonly by: "source" | "rules" | "schema" | "destination";
  readonly rows: number;
  /** Why the first of them were. */
  readonly reason: string;
  /** Where they are; in neither, they are kept nowhere. */
  readonly dead_letter?: string;
  readonly quarantine?: string;
}

export interface ResourceSummary {
  readonly name: string;
  /** `skipped`: the run ended before it began. */
  readonly status: "succeeded" | "failed" | "skipped";
  readonly source?: string;
  readonly destination?: string;
  readonly write_mode?: WriteMode;
  readonly rows_read: number;
  readonly rows_written: number;
  readonly rows_rejected: number;
  /** Where they went, and why; missing where there are none. */
  readonly rejections?: readonly SummaryRejection[];
  /** Size of what was read, as it lies at the source; missing where it is not known. */
  readonly bytes_read?: number;
  /** Size of what was written; missing where the destination does not tell. */
  readonly bytes_written?: number;
  readonly batches: number;
  readonly retries: number;
  readonly duration_ms: number;
  readonly nothing_to_do: boolean;
  /** The position of an earlier run that this one took up. */
  readonly resumed?: { readonly run_id: string; readonly sequence: number };
  /** What validation found; the rows themselves are in the report (`--report`). */
  readonly validation?: ValidationSummary;
  readonly error?: ErrorData;
}

export type ValidationSummary = Omit<ValidationReport, "rules"> & {
  readonly rules: readonly Omit<RuleReport, "samples">[];
};

/** One run, in numbers. Sizes are bytes, durations milliseconds, times RFC 3339 in UTC. */
export interface RunSummary {
  readonly recipe: string;
  readonly run_id: string;
  readonly status: RunStatus;
  readonly rows_read: number;
  readonly rows_written: number;
  readonly rows_rejected: number;
  /** Size of what was read, as it lies at the source; missing where it is not known. */
  readonly bytes_read?: number;
  /** Size of what was written; missing where the destination does not tell. */
  readonly bytes_written?: number;
  readonly batches: number;
  readonly duration_ms: number;
  /** Rows read over the whole duration. */
  readonly rows_per_second: number;
  readonly started_at: string;
  /** False where the run held all permissions of the process (`--no-sandbox`, the TypeScript interface). */
  readonly sandbox: boolean;
  readonly peak_memory_bytes?: number;
  /** True where any resource took up a position of an earlier run. */
  readonly resumed: boolean;
  /** True where no resource had anything new to read. */
  readonly nothing_to_do: boolean;
  readonly schema_changes: readonly SummarySchemaChange[];
  /** Empty where every value was loaded as it came. */
  readonly coercions: readonly SummaryCoercion[];
  readonly resources: readonly ResourceSummary[];
  /** Null where no state was saved. */
  readonly state: SummaryState | null;
  /** What ended the run, or the first resource's that failed. */
  readonly error?: ErrorData;
}

/** What only the end of a run knows. */
export interface SummaryEnd {
  /** Milliseconds since 1970. */
  readonly time: number;
  /** What ended the run outside of a resource: a signal, a state that could not be saved. */
  readonly error?: ErrorData;
  readonly peakMemoryBytes?: number;
  /** The run held only the permissions that its recipe needs. Default false. */
  readonly sandbox?: boolean;
  /** The state as it was, where this run saved none. */
  readonly state?: SummaryState;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Counted = Mutable<Omit<ResourceSummary, "status">> & {
  status?: "succeeded" | "failed";
  startedAt?: number;
};

/** Folds the events of one run. Feed it every event but the last; `build` gives what the last one carries. */
export class SummaryBuilder {
  #recipe = "";
  #runId = "";
  #startedAt = 0;
  #state: SummaryState | null = null;
  readonly #schemaChanges: SummarySchemaChange[] = [];
  readonly #coercions = new Map<string, SummaryCoercion>();
  readonly #resources = new Map<string, Counted>();

  /** Takes one event in. */
  add(event: RunEvent): void {
    switch (event.type) {
      case "run_started":
        this.#recipe = event.recipe;
        this.#runId = event.runId;
        this.#startedAt = event.time;
        for (const name of event.resources) this.#resource(name);
        break;
      case "plan": {
        const { source, destination, writeMode } = event;
        Object.assign(this.#resource(event.resource), { source, destination, write_mode: writeMode });
        break;
      }
      case "resource_started":
        this.#resource(event.resource).startedAt = event.time;
        break;
      case "resumed":
        this.#resource(event.resource).resumed = { run_id: event.runId, sequence: event.sequence };
        break;
      case "restarted": {
        const resource = this.#resource(event.resource);
        Object.assign(resource, { rows_read: 0, rows_written: 0, rows_rejected: 0, batches: 0 });
        delete resource.resumed;
        delete resource.rejections;
        delete resource.bytes_read;
        delete resource.bytes_written;
        break;
      }
      case "batch_committed": {
        const resource = this.#resource(event.resource);
        resource.rows_read += event.rowsRead;
        resource.rows_written += event.rowsWritten;
        addBytes(resource, { bytes_read: event.bytesRead, bytes_written: event.bytesWritten });
        resource.batches++;
        break;
      }
      case "retry":
        this.#resource(event.resource).retries++;
        break;
      case "rows_rejected":
        addRejection(this.#resource(event.resource), event);
        break;
      case "validation": {
        const rules = event.report.rules.map(({ samples: _samples, ...rule }) => rule);
        this.#resource(event.resource).validation = { ...event.report, rules };
        break;
      }
      case "schema_changed":
        for (const { kind, column, description, safety } of event.changes) {
          if (kind !== "none") {
            this.#schemaChanges.push({
              resource: event.resource,
              kind,
              column,
              description,
              ...(safety === undefined ? {} : { safety }),
            });
          }
        }
        break;
      case "values_coerced": {
        const { type: _, time: _time, ...coercion } = event;
        const key = `${event.resource}\0${event.column}\0${event.variant ?? ""}`;
        const before = this.#coercions.get(key);
        this.#coercions.set(key, {
          ...coercion,
          changed: coercion.changed + (before?.changed ?? 0),
          lost: coercion.lost + (before?.lost ?? 0),
          ...(coercion.moved === undefined ? {} : { moved: coercion.moved + (before?.moved ?? 0) }),
          first: before?.first ?? coercion.first,
        });
        break;
      }
      case "state_saved": {
        const { location, revision, sequence, cursorValues, watermarks } = event;
        this.#state = { location, revision, sequence, cursor_values: cursorValues, watermarks };
        break;
      }
      case "resource_finished": {
        const resource = this.#resource(event.resource);
        resource.status = event.status;
        resource.duration_ms = event.durationMs;
        resource.nothing_to_do = event.nothingToDo ?? false;
        if (event.error !== undefined) resource.error = event.error;
        break;
      }
    }
  }

  /** The summary at the end of the run. A resource that began and did not finish counts as failed. */
  build(end: SummaryEnd): RunSummary {
    const resources = [...this.#resources.values()].map((resource) => finished(resource, end));
    const total = (key: "rows_read" | "rows_written" | "rows_rejected" | "batches") =>
      resources.reduce((sum, resource) => sum + resource[key], 0);
    const durationMs = Math.max(0, end.time - this.#startedAt);
    const error = end.error ?? resources.find((resource) => resource.error !== undefined)?.error;
    return {
      recipe: this.#recipe,
      run_id: this.#runId,
      status: statusOf(resources, end.error),
      rows_read: total("rows_read"),
      rows_written: total("rows_written"),
      rows_rejected: total("rows_rejected"),
      ...resources.reduce(addBytes, {}),
      batches: total("batches"),
      duration_ms: durationMs,
      rows_per_second: durationMs === 0 ? 0 : Math.round(total("rows_read") * 1000 / durationMs),
      started_at: new Date(this.#startedAt).toISOString(),
      sandbox: end.sandbox ?? false,
      ...(end.peakMemoryBytes === undefined ? {} : { peak_memory_bytes: end.peakMemoryBytes }),
      resumed: resources.some((resource) => resource.resumed !== undefined),
      nothing_to_do: resources.length > 0 && resources.every((resource) => resource.nothing_to_do),
      schema_changes: this.#schemaChanges,
      coercions: [...this.#coercions.values()],
      resources,
      state: this.#state ?? end.state ?? null,
      ...(error === undefined ? {} : { error }),
    };
  }

  #resource(name: string): Counted {
    let resource = this.#resources.get(name);
    if (resource === undefined) {
      resource = {
        name,
        rows_read: 0,
        rows_written: 0,
        rows_rejected: 0,
        batches: 0,
        retries: 0,
        duration_ms: 0,
        nothing_to_do: false,
      };
      this.#resources.set(name, resource);
    }
    return resource;
  }
}

/** Rows of the same kind are one entry, whatever batch they came in. */
function addRejection(to: Counted, event: Extract<RunEvent, { type: "rows_rejected" }>): void {
  const { by, rows, reason, deadLetter, quarantine } = event;
  to.rows_rejected += rows;
  const known = to.rejections ?? [];
  const isSame = (one: SummaryRejection) =>
    one.by === by && one.dead_letter === deadLetter && one.quarantine === quarantine;
  const before = known.find(isSame);
  const place = {
    ...(deadLetter === undefined ? {} : { dead_letter: deadLetter }),
    ...(quarantine === undefined ? {} : { quarantine }),
  };
  to.rejections = before === undefined
    ? [...known, { by, rows, reason, ...place }]
    : known.map((one) => one === before ? { ...one, rows: one.rows + rows } : one);
}

interface Bytes {
  bytes_read?: number;
  bytes_written?: number;
}

/** Adds sizes where they are known: one that never was stays missing. */
function addBytes<T extends Bytes>(to: T, more: Readonly<Bytes>): T {
  for (const key of ["bytes_read", "bytes_written"] as const) {
    if (more[key] !== undefined) to[key] = (to[key] ?? 0) + more[key];
  }
  return to;
}

function finished(resource: Counted, end: SummaryEnd): ResourceSummary {
  const { startedAt, status, name, ...counts } = resource;
  if (status !== undefined) return { name, status, ...counts };
  if (startedAt === undefined) return { name, status: "skipped", ...counts };
  return { name, status: "failed", ...counts, duration_ms: Math.max(0, end.time - startedAt) };
}

/** A run that was ended from outside failed, however many of its resources were done by then. */
function statusOf(resources: readonly ResourceSummary[], error: ErrorData | undefined): RunStatus {
  const succeeded = resources.filter((resource) => resource.status === "succeeded").length;
  if (succeeded === resources.length && error === undefined) return "succeeded";
  return succeeded > 0 && error === undefined ? "partial" : "failed";
}
