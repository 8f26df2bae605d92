/** What validation found in a run of a resource. Counts are rows, shares 0 to 1. */
import type { JsonObject, SourceLocation } from "../sdk/mod.ts";

export interface ValidationReport {
  /** Rows that came to validation, after the steps: `rows_accepted + rows_skipped + rows_quarantined + rows_failed`. */
  readonly rows_checked: number;
  readonly rows_accepted: number;
  readonly rows_skipped: number;
  readonly rows_quarantined: number;
  /** Rows that stopped the run. */
  readonly rows_failed: number;
  /** Of those accepted, how many break a rule that only warns. */
  readonly rows_warned: number;
  /** Where quarantined rows went: a table or a path. */
  readonly quarantine?: string;
  readonly rules: readonly RuleReport[];
  readonly table: readonly TableRuleReport[];
}

export interface RuleReport {
  /** `email.type` */
  readonly name: string;
  readonly rule: string;
  readonly check: string;
  readonly columns: readonly string[];
  /** What is wrong with rows that break it: `is no email`. */
  readonly what: string;
  readonly location?: SourceLocation;
  readonly severity: string;
  readonly on_error: string;
  readonly rows: number;
  readonly fraction: number;
  readonly samples: readonly RuleSample[];
}

export interface RuleSample {
  readonly value: string | null;
  readonly message: string;
  /** The row as quarantine keeps it; whole numbers beyond 2^53 are text. */
  readonly row: JsonObject;
}

export interface TableRuleReport {
  readonly name: string;
  readonly check: string;
  readonly location?: SourceLocation;
  readonly severity: string;
  readonly on_error: string;
  readonly passed: boolean;
  readonly found: string;
  readonly wanted: string;
  readonly message?: string;
}
