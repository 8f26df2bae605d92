export * from "./describe.ts";
export * from "./io.ts";
export { decideStart, sourceStateOf } from "./resume.ts";
export { runPlan } from "./run.ts";
export * from "./infer.ts";
