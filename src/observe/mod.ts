/** What a run tells the world: events, their summary, logs and progress. Writers are passed in. */
export * from "./events.ts";
export { formatBytes, formatCount, formatDuration, formatPercent } from "./format.ts";
export { createLogs, type LogFormat, type LogOptions, type Logs } from "./logs.ts";
export { peakMemory } from "./memory.ts";
export { type ProgressState, type RenderOptions, renderProgress } from "./progress.ts";
export { ProgressTracker } from "./progress_state.ts";
export { type ProgressOptions, ProgressView, useColor } from "./progress_view.ts";
export {
  type ResourceSummary,
  type RunStatus,
  type RunSummary,
  SummaryBuilder,
  type SummaryCoercion,
  type SummaryEnd,
  type SummaryRejection,
  type SummarySchemaChange,
  type SummaryState,
  type ValidationSummary,
} from "./summary.ts";
export type { RuleReport, RuleSample, TableRuleReport, ValidationReport } from "./validation_report.ts";
export type { ColumnWriter, TextWriter } from "./writer.ts";
