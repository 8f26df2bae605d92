/** Loads recipes: read, merge, render, check. */
import { buildRecipe } from "./build.ts";
import { readRecipeFiles } from "./files.ts";
import { mergeFiles } from "./merge.ts";
import { Problems } from "./problems.ts";
import { renderRecipe } from "./render.ts";
import type { LoadOptions, Recipe } from "./types.ts";

/**
 * Loads a recipe and its parents, renders its templates and checks every block.
 * @throws {RecipeError} for one problem, {RecipeErrors} holding all of them for several, sorted by place.
 */
export function loadRecipe(file: string, options: LoadOptions): Promise<Recipe> {
  return load(file, undefined, options);
}

/** Loads a recipe whose text is at hand; `file` is where it counts as being, and its parents are read by `readFile`. */
export function parseRecipe(text: string, options: LoadOptions & { file: string }): Promise<Recipe> {
  return load(options.file, text, options);
}

async function load(file: string, text: string | undefined, options: LoadOptions): Promise<Recipe> {
  const problems = new Problems(file);
  const files = await readRecipeFiles(file, { readFile: (path) => options.readFile(path), text, problems });
  problems.throwIfAny();
  const merged = mergeFiles(files, problems);
  const rendered = renderRecipe(merged, {
    env: (name) => options.env(name),
    vars: options.vars ?? {},
    collectMissing: options.onMissingEnv === "collect",
    problems,
  });
  return buildRecipe({ rendered, files: files.map((each) => each.path), problems });
}
