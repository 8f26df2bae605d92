/** Rules about the rows of a run together: what is summed up batch by batch, and how it is judged. Pure. */
import { nearest, quoteIdent, RecipeError, type Schema } from "../sdk/mod.ts";
import type { TableCheck, TableRule } from "./rules.ts";

/** What is known so far of one rule's column; plain data that is kept with the position. */
export interface Aggregate {
  /** Rows that are not NULL. */
  readonly count: number;
  readonly sum: number;
  /** Milliseconds since 1970, UTC, of the newest. */
  readonly newest: number | null;
}

/** One rule held against a run. */
export interface TableOutcome {
  readonly rule: TableRule;
  readonly passed: boolean;
  /** What was found, for people: `12 rows`, `99.5 %`. */
  readonly found: string;
  /** What was asked for. */
  readonly wanted: string;
}

export const NOTHING_YET: Aggregate = { count: 0, sum: 0, newest: null };

/** Whether a rule needs the values of a column. */
export function needsValues(rule: TableRule): boolean {
  return rule.check.kind !== "row_count";
}

/**
 * A SELECT of one row over `relation`: for the rule with index i the columns `c<i>`, `s<i>` and `n<i>`.
 * @throws {RecipeError} `RULE_COLUMN_MISSING`, `RULE_INVALID`.
 */
export function aggregateSql(rules: readonly TableRule[], relation: string, schema: Schema): string {
  const columns = rules.flatMap((rule, i) => {
    if (rule.check.kind === "row_count") return [];
    const field = fieldOf(rule, rule.check.column, schema);
    const column = quoteIdent(field.name);
    const { kind } = field.type;
    const number = ["integer", "decimal", "float"].includes(kind);
    if ((rule.check.kind === "sum" || rule.check.kind === "avg") && !number) {
      throw wrongType(rule, field.name, "numbers");
    }
    if (rule.check.kind === "freshness" && kind !== "date" && kind !== "datetime") {
      throw wrongType(rule, field.name, "dates or times");
    }
    return [
      `count(${column}) AS c${i}`,
      `CAST(${number && rule.check.kind !== "freshness" ? `sum(${column})` : "0"} AS DOUBLE) AS s${i}`,
      rule.check.kind === "freshness"
        ? `CAST(epoch_ms(max(CAST(${column} AS TIMESTAMP))) AS DOUBLE) AS n${i}`
        : `CAST(NULL AS DOUBLE) AS n${i}`,
    ];
  });
  return `SELECT ${["count(*) AS total", ...columns].join(", ")} FROM ${relation}`;
}

/** Adds what a batch came to. */
export function addAggregates(
  before: readonly Aggregate[],
  rules: readonly TableRule[],
  row: Readonly<Record<string, unknown>>,
): Aggregate[] {
  return rules.map((rule, i) => {
    const sofar = before[i] ?? NOTHING_YET;
    if (rule.check.kind === "row_count") return sofar;
    const newest = row[`n${i}`] as number | null;
    return {
      count: sofar.count + Number(row[`c${i}`] ?? 0),
      sum: sofar.sum + Number(row[`s${i}`] ?? 0),
      newest: newest === null ? sofar.newest : Math.max(newest, sofar.newest ?? newest),
    };
  });
}

/** Judges the rules at the end of a run of `rows` rows that began at `startedAt` (RFC 3339). */
export function judgeTable(
  rules: readonly TableRule[],
  run: { rows: number; aggregates: readonly Aggregate[]; startedAt: string },
): TableOutcome[] {
  return rules.map((rule, i): TableOutcome => {
    const { count, sum, newest } = run.aggregates[i] ?? NOTHING_YET;
    const { check } = rule;
    switch (check.kind) {
      case "row_count":
        return within(rule, run.rows, check, `${run.rows} ${run.rows === 1 ? "row" : "rows"}`);
      case "sum":
        return within(rule, sum, check, String(sum));
      case "avg":
        // The average of nothing is no number, and so within no bounds.
        return count === 0
          ? { rule, passed: false, found: "no values", wanted: wantedOf(check) }
          : within(rule, sum / count, check, String(sum / count));
      case "completeness": {
        const share = run.rows === 0 ? 1 : count / run.rows;
        return {
          rule,
          passed: share >= check.min,
          found: percent(share),
          wanted: wantedOf(check),
        };
      }
      case "freshness": {
        const age = newest === null ? undefined : Date.parse(run.startedAt) - newest;
        return {
          rule,
          passed: age !== undefined && age <= check.maxAgeMs,
          found: newest === null ? "no values" : new Date(newest).toISOString(),
          wanted: wantedOf(check),
        };
      }
    }
  });
}

function within(
  rule: TableRule,
  value: number,
  bounds: Extract<TableCheck, { min?: string; max?: string }>,
  found: string,
): TableOutcome {
  const passed = (bounds.min === undefined || value >= Number(bounds.min)) &&
    (bounds.max === undefined || value <= Number(bounds.max));
  return { rule, passed, found, wanted: wantedOf(bounds) };
}

/** What a rule asks for, for people: `at least 99.5 %`, `1 to 10`. */
export function wantedOf(check: TableCheck): string {
  if (check.kind === "completeness") return `at least ${percent(check.min)}`;
  if (check.kind === "freshness") return `not older than ${check.maxAge}`;
  const { min, max } = check;
  if (min !== undefined && max !== undefined) return `${min} to ${max}`;
  return min !== undefined ? `at least ${min}` : `at most ${max}`;
}

function percent(share: number): string {
  return `${Math.floor(share * 100_000) / 1000} %`;
}

function fieldOf(rule: TableRule, name: string, schema: Schema) {
  const field = schema.fields.find((each) => each.name === name) ??
    schema.fields.find((each) => each.name.toLowerCase() === name.toLowerCase());
  if (field !== undefined) return field;
  const names = schema.fields.map((each) => each.name);
  const near = nearest(name, names);
  throw new RecipeError(
    "RULE_COLUMN_MISSING",
    `The rule "${rule.name}" is about the column "${name}", which the rows do not have.`,
    {
      hint: near === undefined ? `they have: ${names.slice(0, 20).join(", ")}` : `did you mean "${near}"?`,
      location: rule.location,
      context: { rule: rule.name, column: name },
    },
  );
}

function wrongType(rule: TableRule, column: string, wanted: string): RecipeError {
  return new RecipeError(
    "RULE_INVALID",
    `The rule "${rule.name}" can't be used: the column "${column}" holds no ${wanted}.`,
    { hint: "cast the column in a step, or name another", location: rule.location, context: { column } },
  );
}
