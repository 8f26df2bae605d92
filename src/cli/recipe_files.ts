/** Finding recipes in directories, and telling them from other YAML and JSON files. */
import { dirname, join, resolve } from "node:path";
import { parse } from "yaml";
import { nearest } from "../sdk/mod.ts";
import { UsageError } from "./errors.ts";

/** What a directory or a path of the command line came to. */
export interface FoundFiles {
  /** Files named on the command line: checked whatever they look like. */
  readonly named: string[];
  /** Recipes found in directories. */
  readonly recipes: string[];
  /** Recipes found in directories that other recipes found extend: they are checked through those. */
  readonly bases: string[];
  /** Files that are no recipes: of directories, and with `onlyRecipes` of all. */
  readonly skipped: string[];
}

/** Keys with which a mapping, or a list of mappings, is most likely a recipe. Kustomize has `resources`, too: of texts. */
const TELLING = ["source", "destination", "resources"];
/** Keys that say nothing: `package.json` has them as well. */
const COMMON = ["name", "description"];
/** All keys that a recipe may have at its top. */
const KNOWN = [
  ...TELLING,
  ...COMMON,
  "extends",
  "delete",
  "vars",
  "macros",
  "transform",
  "schema",
  "normalization",
  "validation",
  "runtime",
  "state",
  "schedule",
  "alerts",
  "tests",
  "plugins",
];

/**
 * Looks up files and searches directories (without `node_modules` and hidden ones) for recipes. Results are absolute paths,
 * sorted within each directory, each once. With `onlyRecipes`, files that are named are looked at like those found.
 * @throws {UsageError} `NO_SUCH_PATH` for a path that is not there.
 */
export async function findRecipes(
  paths: readonly string[],
  cwd: string,
  { onlyRecipes = false }: { onlyRecipes?: boolean } = {},
): Promise<FoundFiles> {
  const named = new Set<string>();
  const found = new Set<string>();
  for (const path of paths) {
    const full = resolve(cwd, path);
    let info: Deno.FileInfo;
    try {
      info = await Deno.stat(full);
    } catch (cause) {
      throw new UsageError("NO_SUCH_PATH", `There is nothing to check at ${path}.`, {
        hint: cause instanceof Deno.errors.NotFound ? "name a recipe or a directory" : String(cause),
        cause,
      });
    }
    if (info.isDirectory) { for await (const file of walk(full)) found.add(file); }
    else (onlyRecipes ? found : named).add(full);
  }
  const recipes: string[] = [];
  const skipped: string[] = [];
  const extended = new Set<string>();
  for (const file of [...found].sort().filter((file) => !named.has(file))) {
    const look = lookAt(await readText(file), file);
    (look.recipe ? recipes : skipped).push(file);
    for (const parent of look.extends) extended.add(parent);
  }
  return {
    named: [...named],
    recipes: recipes.filter((file) => !extended.has(file)),
    bases: recipes.filter((file) => extended.has(file)),
    skipped,
  };
}

async function* walk(directory: string): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(directory)) {
    const path = join(directory, entry.name);
    if (entry.name.startsWith(".") || entry.name === "node_modules") continue;
    if (entry.isDirectory) yield* walk(path);
    else if (/\.(ya?ml|json)$/i.test(entry.name)) yield path;
  }
}

async function readText(file: string): Promise<string> {
  try {
    return await Deno.readTextFile(file);
  } catch {
    // Whoever checks the file says why it can't be read.
    return "source:";
  }
}

/** Whether a text is a recipe, and which files it extends. Pure. */
export function lookAt(text: string, file: string): { recipe: boolean; extends: string[] } {
  let value: unknown;
  try {
    value = parse(text, { logLevel: "silent" });
  } catch {
    // Broken YAML is reported if it looks as if it was meant as a recipe.
    return { recipe: /^["']?(source|destination|resources)["']?\s*:/m.test(text), extends: [] };
  }
  if (!isMapping(value)) return { recipe: false, extends: [] };
  const keys = Object.keys(value);
  const recipe = TELLING.some((key) => isBlock(value[key])) ||
    keys.some((key) => KNOWN.includes(key) && !COMMON.includes(key)) &&
      keys.length > 1 && keys.every((key) => KNOWN.includes(key) || nearest(key, KNOWN) !== undefined);
  return { recipe, extends: recipe ? parentsOf(value, file) : [] };
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A mapping, or a list with one in it. */
function isBlock(value: unknown): boolean {
  return isMapping(value) || Array.isArray(value) && value.some(isMapping);
}

function parentsOf(value: Record<string, unknown>, file: string): string[] {
  const list = Array.isArray(value.extends) ? value.extends : [value.extends];
  return list.filter((path) => typeof path === "string").map((path) => resolve(dirname(file), path));
}
