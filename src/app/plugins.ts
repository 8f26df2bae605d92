/** Importing the plug-ins of a recipe. */
import { pathToFileURL } from "node:url";
import { heldModule, RecipeError } from "../sdk/mod.ts";

/**
 * Imports modules that register connectors, formats or transforms.
 * @throws {RecipeError} `PLUGIN_FAILED` when one can't be imported.
 */
export async function importPlugins(paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    try {
      await import(heldModule(path) ?? pathToFileURL(path).href);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new RecipeError("PLUGIN_FAILED", `The plug-in "${path}" can't be loaded: ${reason}`, {
        hint: "check `plugins:` and that the module runs by itself with `deno check`",
        cause,
      });
    }
  }
}
