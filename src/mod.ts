/**
 * dataloader from TypeScript: run recipes, keep states, make batches, and register connectors, formats and transforms.
 *
 * ```ts
 * import { runRecipeFromYaml } from "@dataloader/dataloader";
 *
 * const summary = await runRecipeFromYaml("recipes/quickstart/weather.yaml", { stateDir: ".state" });
 * console.log(summary.rows_written);
 * ```
 *
 * @module
 */
export { fromYaml, runRecipe, runRecipeFromYaml, type RunRecipeOptions } from "./app/api.ts";
export type { RecipeInput } from "./app/prepare.ts";
export { ArrowBatch } from "./batch/mod.ts";
export type { RunEvent, RunSummary } from "./observe/mod.ts";
export type { Recipe } from "./recipe/mod.ts";
export { LocalStateBackend } from "./state/mod.ts";
export * from "./sdk/mod.ts";
