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
  /** Files found in directories that are no recipes. */
  readonly skipped: string[];
}

/** Keys that only a recipe has: one of them is enough. */
const TELLING = ["source", "destination", "resources"];
/** All keys that a recipe may have at its top. */
const KNOWN = [
  ...TELLING,
  "name",
  "description",
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
 * sorted within each directory, each once.
 * @throws {UsageError} `NO_SUCH_PATH` for a path that is not there.
 */
export async function findRecipes(paths: readonly string[], cwd: string): Promise<FoundFiles> {
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
    else named.add(full);
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
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return { recipe: false, extends: [] };
  }
  const keys = Object.keys(value);
  const recipe = keys.some((key) => TELLING.includes(key)) ||
    (keys.includes("extends") || keys.includes("name")) &&
      keys.length > 1 && keys.every((key) => KNOWN.includes(key) || nearest(key, KNOWN) !== undefined);
  return { recipe, extends: recipe ? parentsOf(value as Record<string, unknown>, file) : [] };
}

function parentsOf(value: Record<string, unknown>, file: string): string[] {
  const list = Array.isArray(value.extends) ? value.extends : [value.extends];
  return list.filter((path) => typeof path === "string").map((path) => resolve(dirname(file), path));
}
