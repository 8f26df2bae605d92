/** Reading recipe files, apart from planning them: `validate` needs no more, and is quicker without the rest. */
import { registerBuiltins } from "../builtin.ts";
import { type LoadOptions, loadRecipe, type Recipe } from "../recipe/mod.ts";
import { heldRecipe, type JsonObject } from "../sdk/mod.ts";

/** What a recipe may be given from outside. */
export interface RecipeInput {
  /** `--var`: win over the recipe's own `vars`. */
  readonly vars?: JsonObject;
  /** Reads an environment variable; the process's own by default. */
  readonly env?: (name: string) => string | undefined;
  /** `collect`: a missing environment variable is listed in `missingEnv` and is no error. Default `error`. */
  readonly onMissingEnv?: LoadOptions["onMissingEnv"];
  /** Texts that stand for those of files: to see what becomes of a recipe before it is written. */
  readonly texts?: ReadonlyMap<string, string>;
}

/** Reads and validates a recipe and its parents. Imports no plug-in, opens nothing. `onRead` hears of each file. */
export async function readRecipe(
  file: string,
  input: RecipeInput = {},
  onRead?: (path: string, text: string) => void,
): Promise<Recipe> {
  registerBuiltins();
  return await loadRecipe(file, {
    readFile: async (path) => {
      const text = input.texts?.get(path) ?? heldRecipe(path) ?? await Deno.readTextFile(path);
      onRead?.(path, text);
      return text;
    },
    env: input.env ?? ((name) => Deno.env.get(name)),
    vars: input.vars,
    onMissingEnv: input.onMissingEnv,
  });
}
