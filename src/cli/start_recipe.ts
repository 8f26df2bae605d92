/** Where an executable that was made for one recipe begins: `scripts/compile.ts --recipe`. */
import { join } from "node:path";
import { hold } from "../sdk/mod.ts";
import { runCli } from "./program.ts";
import { processIO } from "./process_io.ts";

/** What the executable holds. Paths are relative to the recipe's folder, with `/`. */
export interface RecipeInside {
  readonly recipe: string;
  /** Texts of the recipe and of those that it extends. */
  readonly texts: Readonly<Record<string, string>>;
  /** URLs of the modules that it names. */
  readonly modules: Readonly<Record<string, string>>;
}

/** Commands that take a recipe, and can be called here without naming it. */
const WITH_RECIPE = new Set(["run", "show-state"]);
const STATE = new Set(["reset", "set", "export", "import"]);
/** Commands that take none. */
const OTHERS = new Set(["version", "help", "completions", "--version", "-V", "--help", "-h"]);

/**
 * The command line with the recipe put in: `[]` runs it, `["show-state"]` shows how far it is. Undefined where the command
 * is none of those that such an executable has.
 */
export function withRecipe(args: readonly string[], recipe: string): string[] | undefined {
  const [first, second, ...rest] = args;
  if (first === undefined || (first.startsWith("-") && !OTHERS.has(first))) {
    return withRecipe(["run", ...args], recipe);
  }
  if (OTHERS.has(first) || (WITH_RECIPE.has(first) && args.includes("--help"))) return [...args];
  // Its own process holds what the recipe may do and nothing more: a Worker could be given no less.
  if (first === "run") return ["run", "--no-sandbox", recipe, ...args.slice(1)];
  if (WITH_RECIPE.has(first)) return [first, recipe, ...args.slice(1)];
  if (first === "state" && second !== undefined && STATE.has(second)) return [first, second, recipe, ...rest];
  return undefined;
}

/**
 * Does what the command line says with the recipe inside, and ends the process. The recipe counts as being in the working
 * directory, so that is where its relative paths begin.
 */
export async function startRecipe(args: readonly string[], inside: RecipeInside): Promise<never> {
  const io = processIO();
  const at = (path: string) => join(io.cwd, path);
  hold({
    recipes: new Map(Object.entries(inside.texts).map(([path, text]) => [at(path), text])),
    modules: new Map(Object.entries(inside.modules).map(([path, url]) => [at(path), url])),
  });
  const full = withRecipe(args, at(inside.recipe));
  if (full === undefined) {
    io.stderr.write(
      `error[USAGE]\n  This executable runs one recipe, ${inside.recipe}: it has no command "${args[0]}".\n` +
        "  hint: its commands are run, show-state, state and version; use dataloader itself for others\n",
    );
    Deno.exit(2);
  }
  await runCli(io, full);
  Deno.exit(io.exitCode);
}
