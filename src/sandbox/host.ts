/** The main thread's side: starts a Worker that holds certain permissions, gives it one task, and listens. */
import type { EventSink, RunEvent } from "../observe/mod.ts";
import { EngineError, syncFolderEntries } from "../sdk/mod.ts";
import { errorFromData } from "./errors.ts";
import { absolute, type EngineWalls, type Grant, isPath, parentFolder, toDenoPermissions } from "./grants.ts";
import { mayPrompt } from "./prompts.ts";
import type { FromWorker, Start, ToWorker } from "./protocol.ts";

export { type Grant, isPath };

export interface WorkerRun<T> {
  /** The Worker's module. */
  readonly entry: URL;
  readonly task: T;
  readonly grants: readonly Grant[];
  readonly walls: EngineWalls;
  /** Values of the variables that code may read. */
  readonly env?: Readonly<Record<string, string>>;
  readonly emit?: EventSink;
  /** An abort asks the Worker to roll the batch back and stop. */
  readonly signal?: AbortSignal;
  /** A Worker that was started for this task beforehand. It is used where it holds just these permissions. */
  readonly started?: StartedWorker;
}

/** A Worker that waits for its task. */
export interface StartedWorker {
  readonly worker: Worker;
  /** The permissions that it holds, in one form. */
  readonly permissions: string;
  /** Rejected when the Worker fails. */
  readonly failed: Promise<never>;
}

/** Starts a Worker that holds certain permissions. Until it is given a task it runs the program's own modules alone. */
export function startWorker(entry: URL, grants: readonly Grant[]): StartedWorker {
  if (mayPrompt()) {
    throw new EngineError(
      "SANDBOX_PROMPTS",
      "On a terminal Deno would ask for every permission that the run's Worker lacks, and an answer would open the sandbox.",
      { hint: "set DENO_NO_PROMPT=1 in the environment and start the program with --no-prompt" },
    );
  }
  const permissions = toDenoPermissions(grants);
  const worker = new Worker(entry, { type: "module", deno: { permissions } } as WorkerOptions);
  const failed = new Promise<never>((_, reject) => {
    worker.addEventListener("error", (event) => {
      event.preventDefault();
      reject(
        new EngineError("WORKER_FAILED", `The run's Worker failed: ${event.message}`, {
          hint: "an error that no step or connector caught ends a run; what was committed stays",
        }),
      );
    });
  });
  failed.catch(() => {});
  return { worker, permissions: keyOf(permissions), failed };
}

function keyOf(permissions: Deno.PermissionOptionsObject): string {
  return JSON.stringify(
    Object.entries(permissions).map(([kind, value]) => [
      kind,
      Array.isArray(value) ? [...new Set(value.map(String))].sort() : value,
    ]),
  );
}

/** The Worker that was started beforehand, if it is as it has to be; else a new one. */
function workerFor<T>({ started, entry, grants }: WorkerRun<T>): StartedWorker {
  if (started === undefined) return startWorker(entry, grants);
  if (started.permissions === keyOf(toDenoPermissions(grants))) return started;
  started.worker.terminate();
  return startWorker(entry, grants);
}

/**
 * Runs a task in a Worker of its own and resolves to its result, which is plain data.
 * @throws what the task throws; {EngineError} `WORKER_FAILED` where the Worker itself ends, or says what it may not.
 */
export async function inWorker<T>(run: WorkerRun<T>): Promise<unknown> {
  const { worker, failed } = workerFor(run);
  const { port1: port, port2 } = new MessageChannel();
  const stop = () => port.postMessage({ type: "stop" } satisfies ToWorker);
  const ended = Promise.withResolvers<unknown>();
  // Messages come by the port alone: what code in the Worker posts by itself is heard by nobody.
  port.onmessage = ({ data }) => {
    try {
      take(data, run, { port, ended });
    } catch (cause) {
      ended.reject(
        new EngineError("WORKER_FAILED", "The run's Worker sent something that is no message.", { cause }),
      );
    }
  };
  try {
    const start: Start<T> = { port: port2, task: run.task, walls: run.walls, env: run.env ?? {} };
    worker.postMessage(start, [port2]);
    run.signal?.addEventListener("abort", stop);
    if (run.signal?.aborted) stop();
    return await Promise.race([ended.promise, failed]);
  } finally {
    run.signal?.removeEventListener("abort", stop);
    port.onmessage = null;
    port.close();
    worker.terminate();
  }
}

/** What a message of the Worker's makes the main thread do: no more than this. @throws where it is none of them. */
function take<T>(
  message: FromWorker,
  run: WorkerRun<T>,
  to: { port: MessagePort; ended: PromiseWithResolvers<unknown> },
): void {
  switch (message.type) {
    case "event":
      run.emit?.(checkedEvent(message.event));
      return;
    case "sync":
      void syncFor(message, run.grants).then((answer) => to.port.postMessage(answer));
      return;
    case "done":
      to.ended.resolve(message.result);
      return;
    case "failed":
      to.ended.reject(errorFromData(message.error));
      return;
    default:
      throw new TypeError(`Unknown message: ${JSON.stringify((message as { type: unknown }).type)}`);
  }
}

const EVENTS: Readonly<Record<RunEvent["type"], true>> = {
  run_started: true,
  plan: true,
  resource_started: true,
  restarted: true,
  resumed: true,
  batch_started: true,
  progress: true,
  batch_committed: true,
  retry: true,
  schema_changed: true,
  rows_rejected: true,
  values_coerced: true,
  validation: true,
  state_saved: true,
  log: true,
  resource_finished: true,
  run_finished: true,
};

function checkedEvent(event: RunEvent): RunEvent {
  if (!Object.hasOwn(EVENTS, event.type) || !Number.isFinite(event.time)) throw new TypeError("No event");
  return event;
}

/** Brings a folder to the disk, where the run writes a file in it. */
async function syncFor(
  { id, folder }: { id: number; folder: string },
  grants: readonly Grant[],
): Promise<ToWorker> {
  const path = absolute(String(folder), Deno.cwd());
  const written = grants.some(({ kind, value }) => kind === "write" && parentFolder(value) === path);
  try {
    if (!written) throw new Error(`The run writes nothing in "${path}".`);
    await syncFolderEntries(path);
    return { type: "synced", id };
  } catch (error) {
    return { type: "synced", id, error: error instanceof Error ? error.message : String(error) };
  }
}
