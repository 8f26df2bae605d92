/** The Worker's side: takes one task, closes the doors, does it, and answers. */
/// <reference lib="webworker" />
import process from "node:process";
import { takeConsole } from "../observe/console_events.ts";
import type { EventSink } from "../observe/mod.ts";
import { syncFoldersBy } from "../sdk/mod.ts";
import { errorToData } from "./errors.ts";
export { errorToData };
import type { EngineWalls } from "./grants.ts";
import type { FromWorker, Start, ToWorker } from "./protocol.ts";

/** What a task is given. */
export interface GuestIO {
  readonly emit: EventSink;
  readonly signal: AbortSignal;
  readonly walls: EngineWalls;
}

/** Waits for the task. `perform` is called once; what it returns must be plain data. */
export function serve<T>(perform: (task: T, io: GuestIO) => Promise<unknown>): void {
  self.addEventListener("message", ({ data }: MessageEvent<Start<T>>) => {
    const { port, task, walls, env } = data;
    // Bound here: no code of users has run yet that could put something else in the place of what is called.
    const post: (message: FromWorker) => void = port.postMessage.bind(port);
    const stop = new AbortController();
    const waiting = new Map<number, PromiseWithResolvers<void>>();
    port.onmessage = (event: MessageEvent<ToWorker>) => {
      if (event.data.type === "stop") stop.abort();
      else settle(waiting, event.data);
    };
    const emit: EventSink = (event) => post({ type: "event", event });
    closeDoors({ env, emit });
    syncFoldersBy((folder) => {
      const id = waiting.size === 0 ? 1 : Math.max(...waiting.keys()) + 1;
      const answered = Promise.withResolvers<void>();
      waiting.set(id, answered);
      post({ type: "sync", id, folder });
      return answered.promise;
    });
    perform(task, { emit, signal: stop.signal, walls }).then(
      (result) => post({ type: "done", result }),
      (error) => post({ type: "failed", error: errorToData(error) }),
    );
  }, { once: true });
}

function settle(
  waiting: Map<number, PromiseWithResolvers<void>>,
  { id, error }: Extract<ToWorker, { type: "synced" }>,
): void {
  const answered = waiting.get(id);
  waiting.delete(id);
  if (error === undefined) answered?.resolve();
  else answered?.reject(new Error(error));
}

/** What code in the Worker could reach without any permission: the terminal, the environment by another name, the end. */
function closeDoors({ env, emit }: { env: Readonly<Record<string, string>>; emit: EventSink }): void {
  // Packages for Node read it while they are loaded; without permission Deno's own throws.
  process.env = { ...env };
  const noExit = () => {
    throw new Error("Code of a recipe can't end the program: throw an error instead.");
  };
  for (
    const [on, names] of [[Deno, ["exit"]], [process, ["exit", "reallyExit", "abort"]], [self, [
      "close",
    ]]] as const
  ) {
    for (const name of names) {
      Object.defineProperty(on, name, { value: noExit, configurable: false, writable: false });
    }
  }
  takeConsole(emit);
  // Node's own listener writes to stderr, which is closed below.
  process.removeAllListeners("warning");
  process.on(
    "warning",
    ({ name, message }: Error) =>
      emit({ type: "log", time: Date.now(), level: "warning", message: `${name}: ${message}` }),
  );
  // The Cache API keeps files in Deno's own folder and asks for no permission.
  Object.defineProperty(globalThis, "caches", { value: undefined, configurable: false, writable: false });
  // What a promise gives must not pass through others' hands: the engine's own objects come that way.
  Object.freeze(Promise);
  Object.freeze(Promise.prototype);
  for (const stream of ["stdin", "stdout", "stderr"] as const) Deno[stream].close();
}
