/** A Worker that executes a Plan and posts its events: see `worker_protocol.ts`. */
/// <reference lib="webworker" />
import { executePlan } from "./execute.ts";
import type { FromWorker, ToWorker } from "./worker_protocol.ts";

const stop = new AbortController();

function post(message: FromWorker): void {
  self.postMessage(message);
}

self.addEventListener("message", async (event: MessageEvent<ToWorker>) => {
  const message = event.data;
  if (message.type === "stop") {
    stop.abort();
    return;
  }
  try {
    const summary = await executePlan(message.plan, {
      ...message.options,
      signal: stop.signal,
      emit: (event) => post({ type: "event", event }),
    });
    post({ type: "done", summary });
  } catch (error) {
    post({ type: "failed", message: error instanceof Error ? error.message : String(error) });
  }
});

post({ type: "ready" });
