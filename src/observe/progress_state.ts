/** How far a run is, folded from its events: what the progress display draws. */
import type { RunEvent } from "./events.ts";

export interface ResourceProgress {
  readonly name: string;
  readonly status: "waiting" | "running" | "succeeded" | "failed";
  readonly rows: number;
  readonly bytes: number;
  /** 0…1, where it can be told. */
  readonly fraction?: number;
  readonly rowsPerSecond?: number;
  readonly elapsedMs: number;
  /** Time that is left, where the fraction is known and has moved far enough to say. */
  readonly remainingMs?: number;
  /** What is going on besides reading and writing: `retry 2 in 4.0s`. */
  readonly note?: string;
}

export interface ProgressState {
  readonly recipe: string;
  readonly elapsedMs: number;
  readonly resources: readonly ResourceProgress[];
}

interface Tracked {
  status: ResourceProgress["status"];
  startedAt?: number;
  finishedAt?: number;
  rows: number;
  bytes: number;
  committedRows: number;
  committedBytes: number;
  totalRows?: number;
  fraction?: number;
  rowsPerSecond?: number;
  retry?: { attempt: number; until: number };
}

/** Below this part or time an estimate of the rest would only jump about. */
const ESTIMATE_FROM_FRACTION = 0.01;
const ESTIMATE_FROM_MS = 1000;

/** Keeps what the events of a run say about progress. */
export class ProgressTracker {
  #recipe = "";
  #startedAt: number | undefined;
  readonly #resources = new Map<string, Tracked>();

  add(event: RunEvent): void {
    switch (event.type) {
      case "run_started":
        this.#recipe = event.recipe;
        this.#startedAt = event.time;
        for (const name of event.resources) this.#resource(name);
        break;
      case "plan":
        this.#resource(event.resource).totalRows = event.rows;
        break;
      case "resource_started": {
        const resource = this.#resource(event.resource);
        resource.status = "running";
        resource.startedAt = event.time;
        break;
      }
      case "progress": {
        const resource = this.#resource(event.resource);
        resource.rows = event.rows;
        resource.bytes = event.bytes ?? resource.bytes;
        resource.fraction = event.fraction;
        resource.rowsPerSecond = event.rowsPerSecond;
        resource.retry = undefined;
        break;
      }
      case "restarted": {
        const resource = this.#resource(event.resource);
        resource.rows =
          resource.bytes =
          resource.committedRows =
          resource.committedBytes =
            0;
        break;
      }
      case "batch_committed": {
        const resource = this.#resource(event.resource);
        resource.committedRows += event.rowsRead;
        resource.committedBytes += event.bytesRead ?? event.bytesWritten ?? 0;
        resource.rows = Math.max(resource.rows, resource.committedRows);
        resource.bytes = Math.max(resource.bytes, resource.committedBytes);
        resource.retry = undefined;
        break;
      }
      case "retry":
        this.#resource(event.resource).retry = {
          attempt: event.attempt + 1,
          until: event.time + event.delayMs,
        };
        break;
      case "resource_finished": {
        const resource = this.#resource(event.resource);
        resource.status = event.status;
        resource.finishedAt = event.time;
        break;
      }
    }
  }

  /** The state at a moment, in milliseconds since 1970. */
  at(now: number): ProgressState {
    return {
      recipe: this.#recipe,
      elapsedMs: Math.max(0, now - (this.#startedAt ?? now)),
      resources: [...this.#resources].map(([name, tracked]) => snapshot(name, tracked, now)),
    };
  }

  #resource(name: string): Tracked {
    let resource = this.#resources.get(name);
    if (resource === undefined) {
      resource = { status: "waiting", rows: 0, bytes: 0, committedRows: 0, committedBytes: 0 };
      this.#resources.set(name, resource);
    }
    return resource;
  }
}

function snapshot(name: string, tracked: Tracked, now: number): ResourceProgress {
  const { status, startedAt, finishedAt, rows, bytes, retry } = tracked;
  const elapsedMs = startedAt === undefined ? 0 : Math.max(0, (finishedAt ?? now) - startedAt);
  const fraction = fractionOf(tracked);
  const measured = status === "running" ? tracked.rowsPerSecond : undefined;
  const average = elapsedMs >= 100 ? rows * 1000 / elapsedMs : undefined;
  return {
    name,
    status,
    rows,
    bytes,
    elapsedMs,
    fraction,
    rowsPerSecond: measured ?? average,
    remainingMs: status === "running" ? remaining(fraction, elapsedMs) : undefined,
    note: retry !== undefined && status === "running"
      ? `retry ${retry.attempt}${
        retry.until > now ? ` in ${Math.max(1, Math.ceil((retry.until - now) / 1000))}s` : ""
      }`
      : undefined,
  };
}

function fractionOf(tracked: Tracked): number | undefined {
  if (tracked.status === "succeeded") return 1;
  const { fraction, totalRows, rows } = tracked;
  const known = fraction ?? (totalRows === undefined || totalRows === 0 ? undefined : rows / totalRows);
  return known === undefined ? undefined : Math.min(1, Math.max(0, known));
}

function remaining(fraction: number | undefined, elapsedMs: number): number | undefined {
  if (fraction === undefined || fraction < ESTIMATE_FROM_FRACTION || elapsedMs < ESTIMATE_FROM_MS) {
    return undefined;
  }
  return elapsedMs * (1 - fraction) / fraction;
}
