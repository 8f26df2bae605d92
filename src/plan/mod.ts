export * from "./build.ts";
export * from "./check.ts";
export * from "./plan.ts";
export { redactPlan } from "./redact.ts";
export type { Described, PlanToRender } from "./render.ts";
export { planToJson } from "./render_json.ts";
export { planToMermaid } from "./render_mermaid.ts";
export { planToText, type PlanView } from "./render_text.ts";
