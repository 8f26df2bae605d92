import type { RunEvent, RunSummary } from "../observe/mod.ts";
import type { Plan } from "../plan/mod.ts";

/** What the main thread tells a run's Worker. Plain data. */
export type ToWorker =
  | {
    readonly type: "run";
    readonly plan: Plan;
    readonly options: {
      readonly stateDirectory?: string;
      readonly fullRefresh?: boolean;
      readonly limit?: number;
      readonly dryRun?: boolean;
    };
  }
  | { readonly type: "stop" };

/** What it hears back. */
export type FromWorker =
  | { readonly type: "ready" }
  | { readonly type: "event"; readonly event: RunEvent }
  | { readonly type: "done"; readonly summary: RunSummary }
  | { readonly type: "failed"; readonly message: string };
