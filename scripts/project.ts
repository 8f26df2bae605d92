/** The parts of the program that scripts look at. */
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Command } from "commander";
import {
  connectorNames,
  formatNames,
  getConnector,
  getFormat,
  getTransform,
  transformNames,
} from "../src/sdk/mod.ts";
import { ROOT } from "./files.ts";
import type { Sources } from "./generate/files.ts";

/** Everything that docs are generated from, with what ships registered. */
export async function loadSources(): Promise<Sources> {
  const builtin = await load<{ registerBuiltins(): void }>("src/builtin.ts");
  builtin.registerBuiltins();
  const schema = await load<{ recipeJsonSchema(): unknown }>("src/recipe/json_schema.ts");
  return {
    connectors: connectorNames().map(getConnector),
    transforms: transformNames().map(getTransform),
    formats: formatNames().map(getFormat),
    recipeSchema: schema.recipeJsonSchema(),
    program: await loadProgram(),
  };
}

/** The command tree. */
export async function loadProgram(): Promise<Command> {
  return (await load<{ buildProgram(): Command }>("src/cli/program.ts")).buildProgram();
}

/** Imports a module of the program when it is needed, so that scripts which need less start without it. */
export async function load<T>(path: string): Promise<T> {
  return await import(pathToFileURL(join(fileURLToPath(ROOT), path)).href) as T;
}
