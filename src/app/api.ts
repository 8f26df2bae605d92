/** The programming interface: what `src/mod.ts` offers for running recipes. */
import { type Plan, planRecipe } from "../plan/mod.ts";
import type { RunSummary } from "../observe/mod.ts";
import type { Recipe } from "../recipe/mod.ts";
import { createRedactor } from "../secrets/mod.ts";
import { DataLoaderError, type StateBackend } from "../sdk/mod.ts";
import { type ExecuteOptions, executePlan } from "./execute.ts";
import { prepareRecipe, type RecipeInput } from "./prepare.ts";

/** How to run a recipe from code. */
export interface RunRecipeOptions extends Omit<ExecuteOptions, "stateBackend"> {}

/**
 * Reads a recipe, its parents and its templates; imports its plug-ins.
 *
 * ```ts
 * import { fromYaml } from "./src/mod.ts";
 *
 * const recipe = await fromYaml("recipes/quickstart/weather.yaml");
 * console.log(recipe.name, recipe.source?.type);
 * ```
 *
 * @throws {RecipeError} naming file, line and column of what is wrong.
 */
export async function fromYaml(file: string, input: RecipeInput = {}): Promise<Recipe> {
  return (await prepareRecipe(file, input)).recipe;
}

/**
 * Runs a recipe and returns the summary of a run that succeeded. It runs in the calling thread, with all permissions that
 * this thread holds, and so does the recipe's code: what `dataloader run` confines is here the caller's to confine.
 *
 * @throws {DataLoaderError} what stopped the run. All that was committed before stays committed, and the next
 * run goes on from there.
 */
export async function runRecipe(
  recipe: Recipe,
  stateBackend?: StateBackend,
  options: RunRecipeOptions = {},
): Promise<RunSummary> {
  return await runPlanned(planRecipe(recipe), recipe, { ...options, stateBackend });
}

/** Reads and runs a recipe: `runRecipe(await fromYaml(file), …)`. */
export async function runRecipeFromYaml(
  file: string,
  options: RunRecipeOptions & RecipeInput & { stateDir?: string } = {},
): Promise<RunSummary> {
  const { vars, env, stateDir, ...rest } = options;
  const { recipe, plan } = await prepareRecipe(file, { vars, env });
  return await runPlanned(plan, recipe, { stateDirectory: stateDir, ...rest });
}

async function runPlanned(plan: Plan, recipe: Recipe, options: ExecuteOptions): Promise<RunSummary> {
  const summary = await executePlan(plan, options);
  if (summary.error === undefined) return summary;
  const redactor = createRedactor(recipe.secrets);
  const { code, message, hint, context, retryable } = summary.error;
  throw new DataLoaderError(code ?? "UNEXPECTED", redactor.text(message), {
    hint: hint === undefined ? undefined : redactor.text(hint),
    context,
    retryable,
  });
}
