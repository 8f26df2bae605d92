/** What validation has found in a run: plain data, for the summary and for reports. */
import type { ValidationReport } from "../../observe/mod.ts";
import type { Json, JsonObject } from "../../sdk/mod.ts";
import type { NumberedCheck, TableOutcome } from "../../validate/mod.ts";
import type { BatchCount, Collector } from "./collector.ts";

/** Counts of a run; kept with the position, so that a run that is taken up goes on counting. */
export interface RunCount {
  readonly checked: number;
  readonly quarantine: number;
  readonly skip: number;
  readonly warn: number;
  readonly fail: number;
  readonly checks: readonly number[];
}

export function emptyCount(checks: number): RunCount {
  return { checked: 0, quarantine: 0, skip: 0, warn: 0, fail: 0, checks: Array(checks).fill(0) };
}

/** Adds a batch of which `accepted` rows came through. */
export function addCount(run: RunCount, batch: BatchCount, accepted: number): RunCount {
  return {
    checked: run.checked + accepted + batch.quarantine + batch.skip + batch.fail,
    quarantine: run.quarantine + batch.quarantine,
    skip: run.skip + batch.skip,
    warn: run.warn + batch.warn,
    fail: run.fail + batch.fail,
    checks: run.checks.map((rows, i) => rows + (batch.checks[i] ?? 0)),
  };
}

const LONGEST = 200;

export function makeReport(
  checks: readonly NumberedCheck[],
  of: {
    count: RunCount;
    collector: Collector;
    table: readonly TableOutcome[];
    quarantine?: string;
    describe: (check: NumberedCheck) => string;
  },
): ValidationReport {
  const { count, collector } = of;
  return {
    rows_checked: count.checked,
    rows_accepted: count.checked - count.quarantine - count.skip - count.fail,
    rows_skipped: count.skip,
    rows_quarantined: count.quarantine,
    rows_failed: count.fail,
    rows_warned: count.warn,
    ...(of.quarantine === undefined ? {} : { quarantine: of.quarantine }),
    rules: checks.map((each) => {
      const { rule, check, index } = each;
      const rows = count.checks[index] ?? 0;
      return {
        name: check.name,
        rule: rule.name,
        check: check.kind,
        columns: [...rule.columns],
        what: of.describe(each),
        ...(check.location === undefined ? {} : { location: { ...check.location } }),
        severity: rule.severity,
        on_error: rule.fate,
        rows,
        fraction: count.checked === 0 ? 0 : rows / count.checked,
        samples: collector.samples(index).map(({ value, message, row }) => ({
          value: value === null ? null : cut(value),
          message,
          row: exactJson(row),
        })),
      };
    }),
    table: of.table.map(({ rule, passed, found, wanted }) => ({
      name: rule.name,
      check: rule.check.kind,
      ...(rule.location === undefined ? {} : { location: { ...rule.location } }),
      severity: rule.severity,
      on_error: rule.fate,
      passed,
      found,
      wanted,
      ...(rule.message === undefined ? {} : { message: rule.message }),
    })),
  };
}

/** Parsed, with whole numbers that a double can't hold as text. */
function exactJson(text: string): JsonObject {
  const reviver = (_key: string, value: Json, context?: { source?: string }) =>
    typeof value === "number" && Number.isInteger(value) && !Number.isSafeInteger(value)
      ? context?.source ?? value
      : value;
  return (JSON.parse as (text: string, reviver: unknown) => JsonObject)(text, reviver);
}

function cut(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}
