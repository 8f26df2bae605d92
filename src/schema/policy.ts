/** What a recipe says of columns and their changes, defaults filled in. Plain data: part of the Plan. */
import type { LogicalType, SourceLocation } from "../sdk/mod.ts";

/** What becomes of a change. Not every action has a meaning for every change: see `ALLOWED_ACTIONS`. */
export type ChangeAction = "evolve" | "freeze" | "discard_column" | "discard_row" | "variant";

/** The changes that have an action. */
export interface ChangeActions {
  /** A column that the destination (or the recipe) does not have. */
  readonly newColumn: ChangeAction;
  /** A column that the rows don't have any more. */
  readonly missingColumn: ChangeAction;
  /** Values of a type that the column does not hold. */
  readonly typeChange: ChangeAction;
  /** NULL where the destination has none, or a column that is to be without NULL. */
  readonly nullability: ChangeAction;
}

/** What each change may be answered with. */
export const ALLOWED_ACTIONS: Readonly<Record<keyof ChangeActions, readonly ChangeAction[]>> = {
  newColumn: ["evolve", "freeze", "discard_column", "discard_row"],
  missingColumn: ["evolve", "freeze"],
  typeChange: ["evolve", "freeze", "discard_column", "discard_row", "variant"],
  nullability: ["evolve", "freeze", "discard_row"],
};

export type SchemaMode = "strict" | "lenient" | "infer";

/** One of `schema.columns`. */
export interface ColumnPolicy {
  readonly name: string;
  /** Undefined: as it is found. */
  readonly type?: LogicalType;
  /** Undefined: the recipe does not say. */
  readonly nullable?: boolean;
  readonly primaryKey: boolean;
  readonly unique: boolean;
  /** Text of a value of the column's type. */
  readonly default?: string;
  readonly description?: string;
  readonly renameFrom?: string;
  readonly actions: ChangeActions;
  readonly location?: SourceLocation;
}

/** `schema`, checked. */
export interface SchemaPolicy {
  readonly mode: SchemaMode;
  readonly columns: readonly ColumnPolicy[];
  readonly actions: ChangeActions;
  readonly location?: SourceLocation;
}

/** Where versions of schemas are kept. */
export type RegistryPlan =
  | { readonly backend: "local"; readonly directory?: string }
  | { readonly backend: "duckdb"; readonly database: string };
