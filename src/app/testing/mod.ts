/** `dataloader test`: the tests of recipes, run offline. */
export type { Cells, DiffLine, RowsDiff, Table } from "./compare.ts";
export { runTest } from "./run_test.ts";
export { type RecipeTests, testRecipe } from "./recipe_tests.ts";
export type { Mismatch, RunOutcome, TestOutcome } from "./types.ts";
