/** All tests of one recipe file. */
import type { Recipe } from "../../recipe/mod.ts";
import type { JsonObject } from "../../sdk/mod.ts";
import { importPlugins, readRecipe, type RecipeInput } from "../prepare.ts";
import { runTest } from "./run_test.ts";
import type { TestOutcome } from "./types.ts";

export interface RecipeTests {
  readonly recipe: Recipe;
  readonly outcomes: readonly TestOutcome[];
}

export interface TestOptions {
  readonly input: RecipeInput;
  /** Which tests to run, by name; default all. */
  readonly wanted?: (name: string) => boolean;
  /** Sees each recipe as it is read, before anything is said of it: its secrets must not be shown. */
  readonly learn?: (recipe: Recipe) => void;
  readonly signal?: AbortSignal;
}

/**
 * Runs the tests of a recipe, one after the other. Each reads the recipe anew, with its own `vars` and `env`; environment
 * variables that are not set are no error, since the ends that need them are not opened.
 * @throws {RecipeError} where the recipe is wrong.
 */
export async function testRecipe(file: string, options: TestOptions): Promise<RecipeTests> {
  const { input, wanted = () => true } = options;
  const read = async (test?: Recipe["tests"][number]) => {
    const recipe = await readRecipe(file, {
      vars: { ...input.vars, ...test?.vars as JsonObject | undefined },
      env: (name) => test?.env?.[name] ?? (input.env === undefined ? Deno.env.get(name) : input.env(name)),
      onMissingEnv: "collect",
    });
    options.learn?.(recipe);
    return recipe;
  };
  let recipe = await read();
  if (recipe.plugins.length > 0) {
    await importPlugins(recipe.plugins);
    recipe = await read();
  }
  const outcomes: TestOutcome[] = [];
  for (const [index, test] of recipe.tests.entries()) {
    if (!wanted(test.name)) continue;
    outcomes.push(await runTest(await read(test), { index, signal: options.signal }));
  }
  return { recipe, outcomes };
}
