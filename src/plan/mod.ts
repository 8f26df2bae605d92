export * from "./build.ts";
export * from "./check.ts";
export * from "./plan.ts";
