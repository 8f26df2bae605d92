/** The parts of the program that scripts look at. */
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Command } from "commander";
import type { CliIO } from "../src/cli/io.ts";
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
import type { ManFacts } from "./generate/man_page.ts";

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
    man: await manFacts(),
  };
}

/** The version, and the day of its release as the changelog has it: `## [1.2.3] - 2026-01-31`. */
async function manFacts(): Promise<ManFacts> {
  const { VERSION } = await load<{ VERSION: string }>("src/version.ts");
  const changelog = await Deno.readTextFile(new URL("CHANGELOG.md", ROOT));
  const [, date = ""] = new RegExp(`^## \\[${RegExp.escape(VERSION)}\\] - (\\S+)$`, "m").exec(changelog) ??
    [];
  return { version: VERSION, date };
}

/** The command tree, with nowhere to write to: scripts only look at it. */
export async function loadProgram(): Promise<Command> {
  const silent = { write: () => {}, isTerminal: false, color: false, columns: 80, rows: 24 };
  const io: CliIO = {
    stdout: silent,
    stderr: silent,
    env: () => undefined,
    cwd: fileURLToPath(ROOT),
    exitCode: 0,
  };
  return (await load<{ buildProgram(io: CliIO): Command }>("src/cli/program.ts")).buildProgram(io);
}

/**
 * Imports a module of the program when it is needed, so that a script starts without what it does not look at, and
 * checking a script's types does not check the whole program's.
 */
export async function load<T>(path: string): Promise<T> {
  return await import(pathToFileURL(join(fileURLToPath(ROOT), path)).href) as T;
}
