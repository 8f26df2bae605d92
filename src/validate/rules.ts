/** `validation` as the plan has it: plain data, one entry a check, each with its place in the recipe. */
import type { JsonObject, SourceLocation } from "../sdk/mod.ts";

/** What becomes of a row that breaks a rule. */
export type Fate = "fail" | "skip" | "warn" | "quarantine";
export type Severity = "error" | "warning" | "info";

/** What a value must be. */
export type ValueType =
  | "string"
  | "integer"
  | "float"
  | "number"
  | "decimal"
  | "boolean"
  | "date"
  | "datetime"
  | "time"
  | "enum"
  | "email"
  | "url"
  | "uuid"
  | "ip"
  | "phone"
  | "json";

/** Where the values of a `references` check are: a source that is read once a run. */
export interface ReferencePlan {
  readonly connector: string;
  /** The connector's parsed config. */
  readonly config: unknown;
  readonly column: string;
  /** For people. */
  readonly summary: string;
}

export type CheckKind =
  | { readonly kind: "required" | "unique" }
  /** `unfit`: SQL that is true for a text that can't be made a value of the type the column becomes, and never NULL. */
  | {
    readonly kind: "type";
    readonly type: ValueType;
    readonly format?: string;
    readonly unfit?: (text: string) => string;
  }
  /** `value`: the characters as they are written. */
  | { readonly kind: "min" | "max"; readonly value: string }
  | { readonly kind: "length" | "min_length" | "max_length"; readonly value: number }
  | { readonly kind: "pattern"; readonly pattern: string }
  | { readonly kind: "values"; readonly values: readonly (string | boolean | null)[] }
  | { readonly kind: "references"; readonly reference: ReferencePlan }
  | { readonly kind: "expression"; readonly sql: string }
  | {
    readonly kind: "function";
    readonly module: string;
    readonly export: string;
    readonly params: JsonObject;
  };

/** One thing that a rule asks of a row. */
export type Check = CheckKind & {
  /** `email.type`, or the rule's name alone where it has one check. */
  readonly name: string;
  readonly location?: SourceLocation;
};

/** One of `validation.rules`. */
export interface Rule {
  readonly name: string;
  /** One column for most checks, several for `unique`, none for `expression` and `function`. */
  readonly columns: readonly string[];
  readonly checks: readonly Check[];
  readonly when?: string;
  readonly optional: boolean;
  readonly message?: string;
  readonly severity: Severity;
  readonly fate: Fate;
  readonly maxBadRows?: number;
  readonly maxBadFraction?: number;
  readonly location?: SourceLocation;
}

export type TableCheck =
  | { readonly kind: "row_count"; readonly min?: string; readonly max?: string }
  | { readonly kind: "sum" | "avg"; readonly column: string; readonly min?: string; readonly max?: string }
  | {
    readonly kind: "freshness";
    readonly column: string;
    readonly maxAgeMs: number;
    readonly maxAge: string;
  }
  | { readonly kind: "completeness"; readonly column: string; readonly min: number };

/** One of `validation.table`. */
export interface TableRule {
  readonly name: string;
  readonly check: TableCheck;
  readonly message?: string;
  readonly severity: Severity;
  readonly fate: "fail" | "warn";
  readonly location?: SourceLocation;
}

/** Where quarantined rows go. */
export type QuarantineTarget =
  | { readonly table: string; readonly path?: undefined }
  | { readonly path: string; readonly table?: undefined };

export interface ValidationRules {
  readonly rules: readonly Rule[];
  readonly table: readonly TableRule[];
  readonly quarantine?: QuarantineTarget;
  readonly maxBadRows?: number;
  readonly maxBadFraction?: number;
  /** Where these two stand. */
  readonly limits: { readonly location?: SourceLocation; readonly fractionLocation?: SourceLocation };
}

/** A check with the rule it belongs to: what is counted, numbered over all rules. */
export interface NumberedCheck {
  readonly index: number;
  readonly rule: Rule;
  readonly check: Check;
}

/** All checks in the order they are written. */
export function numberedChecks(rules: readonly Rule[]): NumberedCheck[] {
  return rules.flatMap((rule) => rule.checks.map((check) => ({ rule, check }))).map((each, index) => ({
    index,
    ...each,
  }));
}

/** A row that breaks such a rule does not reach the destination. */
export function rejects(fate: Fate): boolean {
  return fate !== "warn";
}
