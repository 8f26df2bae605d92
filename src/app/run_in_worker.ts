import { EngineError } from "../sdk/mod.ts";
import type { RunSummary } from "../observe/mod.ts";
import type { Plan } from "../plan/mod.ts";
import type { ExecuteOptions } from "./execute.ts";
import type { FromWorker, ToWorker } from "./worker_protocol.ts";

/**
 * Executes a plan in a Worker of its own and resolves to its summary. Events reach `emit` in this thread. An abort asks
 * the Worker to roll the batch back and stop.
 */
export function executeInWorker(
  plan: Plan,
  options: Omit<ExecuteOptions, "stateBackend"> = {},
): Promise<RunSummary> {
  const { emit, signal, ...rest } = options;
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  const send = (message: ToWorker) => worker.postMessage(message);
  const stop = () => send({ type: "stop" });
  signal?.addEventListener("abort", stop);
  const ended = new Promise<RunSummary>((resolve, reject) => {
    worker.addEventListener("message", ({ data }: MessageEvent<FromWorker>) => {
      if (data.type === "ready") send({ type: "run", plan, options: rest });
      else if (data.type === "event") emit?.(data.event);
      else if (data.type === "done") resolve(data.summary);
      else reject(new EngineError("WORKER_FAILED", data.message));
    });
    worker.addEventListener("error", (event) => {
      event.preventDefault();
      reject(new EngineError("WORKER_FAILED", event.message));
    });
  });
  return ended.finally(() => {
    signal?.removeEventListener("abort", stop);
    worker.terminate();
  });
}
