import type { LogicalType } from "./types.ts";

/** A column: its name as the system spells it, its type, and whether it may be NULL. */
export interface Field {
  readonly name: string;
  readonly type: LogicalType;
  readonly nullable: boolean;
}

/** The columns of a batch or a table, in order. Names are unique (compared without regard to case). */
export interface Schema {
  readonly fields: readonly Field[];
}
