/** What the main thread and the Worker of a run tell each other: plain data, through a port that no code of users holds. */
import type { RunEvent } from "../observe/mod.ts";
import type { ErrorData } from "../sdk/mod.ts";
import type { EngineWalls } from "./grants.ts";

/** The first message, by `postMessage`. `T` is what the Worker is to do. */
export interface Start<T> {
  readonly port: MessagePort;
  readonly task: T;
  readonly walls: EngineWalls;
  /** Values of the variables that code may read. */
  readonly env: Readonly<Record<string, string>>;
}

/** By the port, to the Worker. */
export type ToWorker =
  | { readonly type: "stop" }
  | { readonly type: "synced"; readonly id: number; readonly error?: string };

/** By the port, from the Worker. */
export type FromWorker =
  | { readonly type: "event"; readonly event: RunEvent }
  /** Asks to bring a folder to the disk in which the run may write files, but not read. */
  | { readonly type: "sync"; readonly id: number; readonly folder: string }
  | { readonly type: "done"; readonly result: unknown }
  | { readonly type: "failed"; readonly error: ErrorData };
