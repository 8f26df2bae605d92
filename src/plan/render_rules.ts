/** `validation` for people: what a row is rejected for, and what becomes of it. Pure. */
import {
  describeCheck,
  numberedChecks,
  type TableRule,
  type ValidationRules,
  wantedOf,
} from "../validate/mod.ts";

/** One check of a rule. */
export interface RuleLine {
  /** As summaries and reports call it. */
  readonly name: string;
  /** What is wrong with a row, or asked of the table: `age is less than 0`. */
  readonly what: string;
  /** `quarantine`, `fail`, and the rule's own limits. */
  readonly fate: string;
}

/** Each check in the order of the recipe, rules of the table last. */
export function ruleLines({ rules, table }: ValidationRules): RuleLine[] {
  const rows = numberedChecks(rules).map(({ rule, check }): RuleLine => {
    const columns = rule.columns.length === 0 ? "" : `${rule.columns.join(", ")} `;
    const when = rule.when === undefined ? "" : `, when ${rule.when.replace(/\s+/g, " ").trim()}`;
    return {
      name: check.name,
      what: `${columns}${describeCheck(check, rule)}${when}`,
      fate: [rule.fate, ...limits(rule).map((limit) => `stops at ${limit}`)].join(", "),
    };
  });
  return [
    ...rows,
    ...table.map((rule): RuleLine => ({ name: rule.name, what: describeTable(rule), fate: rule.fate })),
  ];
}

function describeTable({ check }: TableRule): string {
  const subject = check.kind === "row_count" ? "rows" : `${check.kind} of ${check.column}`;
  return `${subject} must be ${wantedOf(check)}`;
}

/** What holds for all rules together: the run's limits, and where quarantined rows go. */
export function ruleNotes(rules: ValidationRules): string[] {
  const { quarantine } = rules;
  const stops = limits(rules);
  const target = quarantine === undefined
    ? []
    : quarantine.table !== undefined
    ? [`quarantine in the table ${quarantine.table}`]
    : [`quarantine in the file ${quarantine.path}`];
  return [...(stops.length === 0 ? [] : [`the run stops at ${stops.join(" or ")}`]), ...target];
}

function limits(of: { maxBadRows?: number; maxBadFraction?: number }): string[] {
  return [
    ...(of.maxBadRows === undefined ? [] : [`more than ${of.maxBadRows} bad rows`]),
    ...(of.maxBadFraction === undefined
      ? []
      : [`more than ${Number((of.maxBadFraction * 100).toFixed(4))} % bad rows`]),
  ];
}
