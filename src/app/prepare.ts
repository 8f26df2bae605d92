/** From a recipe file to a Plan: imports plug-ins, plans. */
import { registerBuiltins } from "../builtin.ts";
import { type Plan, planRecipe } from "../plan/mod.ts";
import { type LoadOptions, loadRecipe, type Recipe } from "../recipe/mod.ts";
import { importPlugins } from "./plugins.ts";
import { readRecipe, type RecipeInput } from "./read.ts";
import type { RecipeTexts } from "./sandbox_task.ts";

export { importPlugins, readRecipe };
export type { RecipeInput };

/** A recipe that is ready to run. */
export interface Prepared {
  readonly recipe: Recipe;
  readonly plan: Plan;
}

/**
 * Reads, validates and plans a recipe. Its plug-ins are imported, and the recipe is read again with what they registered.
 * @throws {RecipeError} naming file, line and column.
 */
export async function prepareRecipe(file: string, input: RecipeInput = {}): Promise<Prepared> {
  const first = await readRecipe(file, input);
  if (first.plugins.length === 0) return { recipe: first, plan: planRecipe(first) };
  await importPlugins(first.plugins);
  const recipe = await readRecipe(file, input);
  return { recipe, plan: planRecipe(recipe) };
}

/** Imports the plug-ins of a recipe whose texts are at hand, and plans it. Reads no recipe file and no environment. */
export async function planFromTexts(texts: RecipeTexts): Promise<Plan> {
  return planRecipe(await recipeFromTexts(texts));
}

/** A recipe whose texts are at hand, after its plug-ins were imported. Reads no recipe file and no environment. */
export async function recipeFromTexts(texts: RecipeTexts): Promise<Recipe> {
  const { file, files, env, vars, onMissingEnv } = texts;
  registerBuiltins();
  const options: LoadOptions = {
    readFile: (path) =>
      Object.hasOwn(files, path)
        ? Promise.resolve(files[path]!)
        : Promise.reject(new Deno.errors.NotFound(`No such file: ${path}`)),
    env: (name) => Object.hasOwn(env, name) ? env[name] : undefined,
    vars,
    onMissingEnv,
  };
  const first = await loadRecipe(file, options);
  if (first.plugins.length === 0) return first;
  await importPlugins(first.plugins);
  return await loadRecipe(file, options);
}
