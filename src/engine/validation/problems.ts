/** Why validation stops a run: each error names the rule, its place in the recipe, and the first value. */
import { EngineError, type Json } from "../../sdk/mod.ts";
import {
  describeCheck,
  type NumberedCheck,
  type TableOutcome,
  type ValidationRules,
} from "../../validate/mod.ts";
import type { BatchCount, Collector } from "./collector.ts";
import type { RunCount } from "./report.ts";

interface BatchView {
  readonly checks: readonly NumberedCheck[];
  readonly batch: BatchCount;
  readonly collector: Collector;
  /** The batch was not read to its end. */
  readonly atLeast: boolean;
}

/** Rows break rules with `on_error: fail`. */
export function brokenError(view: BatchView): EngineError {
  const broken = view.checks.filter(({ rule, index }) =>
    rule.fate === "fail" && view.batch.checks[index]! > 0
  );
  const first = broken[0]!;
  const { rule, check, index } = first;
  const rows = view.batch.checks[index]!;
  const [sample] = view.collector.samples(index);
  const what = sample?.message || (rule.message ?? describeCheck(check, rule));
  const subject = rule.columns.length === 0 ? "the row" : `"${rule.columns.join('", "')}"`;
  const value = sample === undefined || sample.value === null
    ? ""
    : `, ${JSON.stringify(cut(sample.value))} the first`;
  const more = broken.length === 1
    ? ""
    : ` So do rows for ${broken.length - 1} more: ${
      broken.slice(1, 6).map((each) => each.check.name).join(", ")
    }.`;
  return new EngineError(
    "VALIDATION_FAILED",
    `${view.atLeast ? "At least " : ""}${
      rowsBreak(rows)
    } the rule "${check.name}": ${subject} ${what}${value}.${more}`,
    {
      hint: "mend the rows, or choose what becomes of them: on_error: skip, warn or quarantine",
      location: check.location ?? rule.location,
      context: {
        rules: broken.map((each): Json => ({ rule: each.check.name, rows: view.batch.checks[each.index]! })),
        ...(sample === undefined ? {} : { value: sample.value === null ? null : cut(sample.value) }),
      },
    },
  );
}

/** More rows are bad than the recipe lets there be; undefined where they are not. */
export function thresholdError(
  view: BatchView & { run: RunCount; rules: ValidationRules; shares: boolean },
): EngineError | undefined {
  const { run, rules, shares } = view;
  const rejected = run.quarantine + run.skip;
  const share = (rows: number) => run.checked === 0 ? 0 : rows / run.checked;
  const atLeast = view.atLeast ? "at least " : "";
  const error = (message: string, at: Pick<NumberedCheck["rule"], "location">) =>
    new EngineError("TOO_MANY_BAD_ROWS", message, {
      hint: "look at the rows (`run --dry-run --report report.html`); then mend them, or raise the limit",
      location: at.location,
      context: { rows_rejected: rejected, rows_checked: run.checked },
    });
  if (rules.maxBadRows !== undefined && rejected > rules.maxBadRows) {
    return error(
      `${rowsAre(rejected, atLeast)} rejected, and max_bad_rows is ${rules.maxBadRows}.`,
      rules.limits,
    );
  }
  if (shares && rules.maxBadFraction !== undefined && share(rejected) > rules.maxBadFraction) {
    return error(
      `${rejected} of ${run.checked} rows are rejected (${
        percent(share(rejected))
      }), and max_bad_fraction is ${percent(rules.maxBadFraction)}.`,
      { location: rules.limits.fractionLocation },
    );
  }
  for (const rule of new Set(view.checks.map((each) => each.rule))) {
    // A row that breaks two checks of a rule is counted by the check that most rows break.
    const rows = Math.max(
      ...view.checks.filter((each) => each.rule === rule).map(({ index }) => run.checks[index]!),
    );
    if (rule.maxBadRows !== undefined && rows > rule.maxBadRows) {
      return error(
        `${atLeast}${rowsBreak(rows)} the rule "${rule.name}", and its max_bad_rows is ${rule.maxBadRows}.`,
        rule,
      );
    }
    if (shares && rule.maxBadFraction !== undefined && share(rows) > rule.maxBadFraction) {
      return error(
        `${rowsBreak(rows)} the rule "${rule.name}" (${percent(share(rows))}), and its max_bad_fraction is ${
          percent(rule.maxBadFraction)
        }.`,
        rule,
      );
    }
  }
  return undefined;
}

/** The rows of a run together are not what rules ask for. */
export function tableError(
  broken: readonly TableOutcome[],
  { replaces }: { replaces: boolean },
): EngineError {
  const { rule, found, wanted } = broken[0]!;
  const subject = rule.check.kind === "row_count"
    ? "row_count"
    : `${rule.check.kind} of "${rule.check.column}"`;
  const more = broken.length === 1
    ? ""
    : ` So are ${broken.slice(1).map((each) => each.rule.name).join(", ")}.`;
  return new EngineError(
    "TABLE_RULE_BROKEN",
    `The rule "${rule.name}" is broken: ${
      rule.message ?? `${subject} is ${found}, and should be ${wanted}`
    }.${more}`,
    {
      hint: replaces
        ? "nothing was replaced: the destination is as it was before the run"
        : "the rows of this run are loaded; with write_mode: overwrite they would stay hidden until the rules hold",
      location: rule.location,
      context: {
        rules: broken.map((each): Json => ({ rule: each.rule.name, found: each.found, wanted: each.wanted })),
      },
    },
  );
}

function rowsBreak(rows: number): string {
  return rows === 1 ? "1 row breaks" : `${rows} rows break`;
}

function rowsAre(rows: number, atLeast: string): string {
  const count = rows === 1 ? "1 row is" : `${rows} rows are`;
  return atLeast === "" ? count : `At least ${count}`;
}

function percent(share: number): string {
  return `${Math.round(share * 10_000) / 100} %`;
}

function cut(text: string): string {
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}
