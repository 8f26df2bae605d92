/** The recipe that a state command is about: a file, or the name of a recipe. */
import { basename } from "node:path";
import {
  emptyState,
  type Incremental,
  isJsonObject,
  type State,
  type StateBackend,
  StateError,
} from "../sdk/mod.ts";
import { createStateBackend } from "../state/mod.ts";
import type { Call, RecipeOptions } from "./call.ts";
import { UsageError } from "./errors.ts";
import { resolvePath } from "./io.ts";

export interface StateOptions extends RecipeOptions {
  readonly stateDir?: string;
}

/** Whose state, and where it is kept. */
export interface StateTarget {
  readonly recipe: string;
  /** True where the recipe's file was read: it exists, whether it was ever run or not. */
  readonly fromFile: boolean;
  /** How the recipe's file reads its source; undefined where it is not incremental, or no file was read. */
  readonly incremental?: Incremental;
  readonly backend: StateBackend;
  /** Path or URL, for people. */
  readonly place: string;
}

/**
 * Finds the state that an argument names. An argument that is a file, or ends like one, is read as a recipe; anything else is the
 * name of a recipe.
 */
export async function stateTarget(call: Call, recipe: string, options: StateOptions): Promise<StateTarget> {
  const path = resolvePath(call.io, recipe);
  const named = await nameAndState(call, { recipe, path, options });
  const directory = call.stateDirectory(options.stateDir, named.state);
  const backend = createStateBackend({ type: named.state.backend, path: directory });
  return {
    recipe: named.name,
    fromFile: named.fromFile,
    incremental: named.incremental,
    backend,
    place: call.path(backend.describe(named.name)),
  };
}

async function nameAndState(
  call: Call,
  target: { recipe: string; path: string; options: StateOptions },
): Promise<
  {
    name: string;
    fromFile: boolean;
    incremental?: Incremental;
    state: { backend: string; directory?: string };
  }
> {
  const { recipe, path, options } = target;
  if (!await isFile(path) && !/\.(ya?ml|json)$/i.test(recipe)) {
    if (basename(recipe) !== recipe && !/^[\w. -]+$/.test(recipe)) {
      throw new UsageError("NO_SUCH_RECIPE", `There is no recipe file ${recipe}.`, {
        hint: "name a recipe file, or a recipe by its `name:`",
      });
    }
    return { name: recipe, fromFile: false, state: { backend: "local" } };
  }
  const { readRecipe } = await import("../app/read.ts");
  const read = await readRecipe(path, { ...await call.recipeInput(options), onMissingEnv: "collect" });
  call.learn(read);
  call.checkVars([read], options);
  return { name: read.name, fromFile: true, incremental: read.source?.incremental, state: read.state };
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch {
    // Not there, or not to be read: then it is taken as a name.
    return false;
  }
}

/** The saved state. @throws {StateError} `NO_STATE` where there is none. */
export async function loadState(target: StateTarget): Promise<State> {
  const state = await target.backend.load(target.recipe);
  if (state !== undefined) return state;
  throw new StateError("NO_STATE", `There is no state of the recipe "${target.recipe}" at ${target.place}.`, {
    hint: "it was never run, or its states are kept elsewhere (--state-dir)",
  });
}

/**
 * The saved state, or undefined for a recipe that was never run.
 * @throws {StateError} `NO_STATE` for a name that no recipe file and no state stand behind: it may be mistyped.
 */
export async function loadIfAny(target: StateTarget): Promise<State | undefined> {
  return target.fromFile ? await target.backend.load(target.recipe) : await loadState(target);
}

/**
 * Changes the saved state as a person asks, while no run of the recipe is under way, and returns the new one. The next run
 * believes it over what the destination remembers.
 */
export async function changeState(target: StateTarget, change: (state: State) => State): Promise<State> {
  const lock = await target.backend.lock?.(target.recipe);
  try {
    const before = await target.backend.load(target.recipe) ?? emptyState(target.recipe);
    const after: State = {
      ...change(before),
      recipe: target.recipe,
      revision: before.revision,
      origin: "user",
      in_flight: null,
      updated_at: new Date().toISOString(),
    };
    return await target.backend.save(target.recipe, after);
  } finally {
    await lock?.release();
  }
}

/** The values of `cursor_values` or `watermarks` as lines: `updated_at = 2024-05-01`. */
export function positionLines(values: State["cursor_values"]): string[] {
  return Object.entries(values).map(([column, value]) =>
    `${column} = ${isJsonObject(value) || Array.isArray(value) ? JSON.stringify(value) : String(value)}`
  );
}
