/** Files that an executable for one recipe holds, by the absolute paths under which the recipe names them. */

/** Path with `/` between its parts, to the module's URL within the executable. */
const modules = new Map<string, string>();
/** The same, to the text of a recipe. */
const recipes = new Map<string, string>();

/** Makes modules and recipes known that need not be read from the disk. */
export function hold(
  files: { readonly modules: ReadonlyMap<string, string>; readonly recipes: ReadonlyMap<string, string> },
): void {
  for (const [path, url] of files.modules) modules.set(form(path), url);
  for (const [path, text] of files.recipes) recipes.set(form(path), text);
}

/** The URL of a module that the executable holds; undefined for one on the disk. */
export function heldModule(path: string): string | undefined {
  return modules.size === 0 ? undefined : modules.get(form(path));
}

/** The text of a recipe that the executable holds; undefined for one on the disk. */
export function heldRecipe(path: string): string | undefined {
  return recipes.size === 0 ? undefined : recipes.get(form(path));
}

/** Whether this program is an executable for one recipe. */
export function holdsRecipes(): boolean {
  return recipes.size > 0;
}

function form(path: string): string {
  return path.replaceAll("\\", "/");
}
