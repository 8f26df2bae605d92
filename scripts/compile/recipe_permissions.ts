// deno-lint-ignore-file no-console -- a script prints.
/**
 * What a recipe reaches and which files it is made of, as JSON: run by `scripts/compile/recipe.ts` in the folder that
 * relative paths are to be relative to. Arguments: the recipe; `--no-code` leaves the folders of its modules out.
 */
import { resolve } from "node:path";
import { load } from "../project.ts";

/** What is printed. */
export interface RecipeFacts {
  /** The recipe and those that it extends, by absolute path. */
  readonly texts: Readonly<Record<string, string>>;
  /** Modules that it names, by absolute path. */
  readonly modules: readonly string[];
  readonly grants: readonly { readonly kind: string; readonly value: string; readonly why?: string }[];
}

if (import.meta.main) {
  const [file = "", mode] = Deno.args;
  const { readRecipe } = await load<typeof import("../../src/app/prepare.ts")>("src/app/prepare.ts");
  const { prepareSandboxed } = await load<typeof import("../../src/app/sandboxed.ts")>(
    "src/app/sandboxed.ts",
  );
  const { commandPermissions } = await load<typeof import("../../src/app/permissions.ts")>(
    "src/app/permissions.ts",
  );
  try {
    const path = resolve(file);
    const texts: Record<string, string> = {};
    await readRecipe(path, {}, (name, text) => void (texts[name] = text));
    const prepared = await prepareSandboxed(path);
    const modules = prepared.access.run.filter(({ kind }) => kind === "code").map(({ value }) => value);
    const run = mode === "--no-code"
      ? prepared.access.run.filter(({ kind }) => kind !== "code")
      : prepared.access.run;
    const state = resolve(prepared.plan.state.directory ?? ".state");
    const grants = await commandPermissions({ ...prepared, access: { run } }, state);
    console.log(JSON.stringify({ texts, modules, grants } satisfies RecipeFacts));
  } catch (error) {
    const errors = error instanceof Error && "errors" in error ? error.errors as Error[] : [error as Error];
    for (const { message, location } of errors as (Error & { location?: { file: string; line: number } })[]) {
      console.error(`${location === undefined ? file : `${location.file}:${location.line}`}: ${message}`);
    }
    Deno.exit(1);
  }
}
