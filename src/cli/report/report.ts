/** `run --report`: what runs did to the quality of their rows, as JSON or as one HTML page. */
import type { RunEvent, RunSummary, ValidationReport } from "../../observe/mod.ts";
import type { Json } from "../../sdk/mod.ts";

/** One resource of a run with what validation found; undefined where the recipe has no `validation`. */
export interface ResourceReport {
  readonly resource: string;
  readonly validation: ValidationReport;
}

export interface QualityReport {
  readonly summary: RunSummary;
  readonly resources: readonly ResourceReport[];
}

/** Gathers the reports of one run from its events. */
export class ReportBuilder {
  readonly #resources: ResourceReport[] = [];

  add(event: RunEvent): void {
    if (event.type === "validation") {
      this.#resources.push({ resource: event.resource, validation: event.report });
    }
  }

  build(summary: RunSummary): QualityReport {
    return { summary, resources: this.#resources };
  }
}

/** The report as JSON. */
export function reportToJson(reports: readonly QualityReport[]): Json {
  const runs = reports.map(({ summary, resources }) => ({
    recipe: summary.recipe,
    run_id: summary.run_id,
    status: summary.status,
    started_at: summary.started_at,
    duration_ms: summary.duration_ms,
    rows_read: summary.rows_read,
    rows_written: summary.rows_written,
    rows_rejected: summary.rows_rejected,
    ...(summary.error === undefined ? {} : { error: summary.error }),
    resources: resources.map(({ resource, validation }) => ({ resource, ...validation })),
  }));
  return JSON.parse(JSON.stringify({ version: 1, runs }));
}
