export * from "./execute.ts";
export * from "./inspect.ts";
export * from "./prepare.ts";
export { executeInWorker } from "./run_in_worker.ts";
