export * from "./describe.ts";
export * from "./io.ts";
export { decideStart, sourceStateOf } from "./resume.ts";
export { peakMemory, runPlan } from "./run.ts";
