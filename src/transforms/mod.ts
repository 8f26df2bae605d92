/**
 * The steps that ship, and the pipeline that applies steps to a batch. Loads no driver, nor what takes as long as one: functions
 * that judge rows are in `function_verdicts.ts`, for those who call one.
 */
import { addColumn } from "./add_column.ts";
import type { AnyTransform } from "./bound_step.ts";
export { readyStep } from "./bound_step.ts";
import { cast } from "./cast.ts";
import { dropColumns } from "./drop_columns.ts";
import { filter } from "./filter.ts";
import { functionStep } from "./function.ts";
import { renameColumns } from "./rename_columns.ts";
import { selectColumns } from "./select_columns.ts";
import { sql } from "./sql.ts";

/** Every step that ships. Registered under their names by `src/builtin.ts`. */
export const builtinTransforms: readonly AnyTransform[] = [
  addColumn,
  cast,
  dropColumns,
  filter,
  functionStep,
  renameColumns,
  selectColumns,
  sql,
];

export {
  type AppliedSteps,
  applySteps,
  describeStep,
  type PlannedStep,
  planSteps,
  type Step,
} from "./pipeline.ts";
export { conversion } from "./cast_conversion.ts";
export { reasonSql } from "./cast_reason.ts";
export { isRefusal } from "./cast_rules.ts";
export { loadFunction } from "./function_module.ts";

/** Functions that judge rows: `verdictsOf`. Loaded when one does, as Arrow comes with it, which `validate` has no use for. */
export const loadVerdicts = () => import("./function_verdicts.ts");
