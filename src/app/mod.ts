export { type EarlyWorker, startEarly } from "./early_worker.ts";
export * from "./execute.ts";
export * from "./inspect.ts";
export * from "./prepare.ts";
export * from "./permissions.ts";
export * from "./sandboxed.ts";
export * from "./state_backend.ts";
