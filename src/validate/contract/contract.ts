/** What a recipe promises of its rows: columns and rules, to be exported for others. Pure. */
import type { LogicalType } from "../../sdk/mod.ts";
import type { Check, Rule, ValidationRules } from "../rules.ts";

export interface ContractColumn {
  readonly name: string;
  readonly type: LogicalType;
  readonly nullable: boolean;
  readonly primaryKey: boolean;
  readonly unique: boolean;
  readonly description?: string;
}

export interface Contract {
  readonly name: string;
  readonly description?: string;
  /** The table or file that is loaded, for people. */
  readonly target: string;
  readonly columns: readonly ContractColumn[];
  readonly rules?: ValidationRules;
}

/** A check of one column that holds for all rows and keeps others out. */
export interface HardCheck {
  readonly rule: Rule;
  readonly check: Check;
}

/** The checks of a column that every row at the destination fulfils. */
export function hardChecks(contract: Contract, column: string): HardCheck[] {
  return (contract.rules?.rules ?? [])
    .filter(({ columns, when, fate }) =>
      columns.length === 1 && columns[0]!.toLowerCase() === column.toLowerCase() && when === undefined &&
      fate !== "warn"
    )
    .flatMap((rule) => rule.checks.map((check) => ({ rule, check })));
}

/** A bound as JSON's numbers hold it exactly; undefined where they don't, or it is no number. */
export function exactNumber(text: string): number | undefined {
  const number = Number(text);
  const exact = Number.isFinite(number) && (!/^[-+]?\d+$/.test(text) || Number.isSafeInteger(number));
  return exact && text.trim() !== "" ? number : undefined;
}
