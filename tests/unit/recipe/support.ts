/** Test connectors and transforms, and recipes that live in memory. */
import assert from "node:assert/strict";
import { z } from "zod";
import type {
  Capabilities,
  ConnectorDefinition,
  JsonObject,
  TransformDefinition,
} from "../../../src/sdk/mod.ts";
import { asPath, asSecret, RecipeError, RecipeErrors } from "../../../src/sdk/mod.ts";
import { findConnector, registerConnector, registerTransform } from "../../../src/sdk/mod.ts";
import type { LoadOptions, Recipe } from "../../../src/recipe/mod.ts";
import { parseFile } from "../../../src/recipe/document.ts";
import { loadRecipe, recipeJsonSchema } from "../../../src/recipe/mod.ts";
import { plainValue } from "../../../src/recipe/render.ts";
import { violations } from "./json_schema_check.ts";

const CAPABILITIES: Capabilities = {
  read: true,
  write: true,
  writeModes: ["append", "overwrite", "merge"],
  mergeStrategies: ["upsert"],
  incremental: ["cursor"],
  transactions: true,
  lookup: false,
  embedded: false,
  parallelRead: false,
  bulkFormats: [],
  tier: "recorded",
};

function connector(name: string, config: z.ZodType): ConnectorDefinition {
  return {
    name,
    summary: `The ${name} of the tests`,
    config,
    capabilities: CAPABILITIES,
    examples: [],
    describe: () => name,
  };
}

function transform(name: string, config: z.ZodType): TransformDefinition {
  return { name, summary: `The ${name} of the tests`, config, examples: [], keepsRows: true, sql: () => "" };
}

/** Registers the plug-ins of the tests, once. */
export function registerTestPlugins(): void {
  if (findConnector("files") !== undefined) return;
  registerConnector(
    "files",
    connector(
      "files",
      z.strictObject({
        path: asPath(z.string().min(1)).describe("Where the files are"),
        more: z.array(asPath(z.string())).optional().describe("More files"),
        either: z.union([asPath(z.string()), z.strictObject({ file: asPath(z.string()) })]).optional()
          .describe("A path, or a mapping with one"),
        header: z.boolean().default(true).describe("Whether the first line names the columns"),
        skip_lines: z.int().nonnegative().optional().describe("Lines to skip"),
        delimiter: z.string().max(1).optional().describe("What separates values"),
        compression: z.enum(["none", "gzip", "zstd"]).optional().describe("How files are compressed"),
        columns: z.record(z.string(), z.string()).optional().describe("Types of columns"),
        keep: z.array(z.string()).optional().describe("Columns to keep"),
        ratio: z.number().optional().describe("A share"),
      }),
    ),
  );
  registerConnector(
    "database",
    connector(
      "database",
      z.strictObject({
        host: z.string().min(1).describe("The server"),
        port: z.int().min(1).max(65_535).default(5432).describe("Its port"),
        user: z.string().optional().describe("Who logs in"),
        password: asSecret(z.string()).optional().describe("The password"),
        url: z.string().optional().describe("All in one"),
        options: asSecret(z.record(z.string(), z.string())).optional().describe("Secret options"),
        table: z.string().min(1).describe("The table"),
      }),
    ),
  );
  registerConnector(
    "either",
    connector(
      "either",
      z.union([
        z.strictObject({
          url: asSecret(z.string()).describe("A connection URL"),
          table: z.string().describe("The table"),
        }),
        z.strictObject({ host: z.string().describe("The server"), table: z.string().describe("The table") }),
      ]),
    ),
  );
  registerTransform(
    "sql",
    transform("sql", z.strictObject({ query: z.string().min(1).describe("The SELECT") })),
  );
  registerTransform(
    "add_column",
    transform(
      "add_column",
      z.strictObject({
        name: z.string().min(1).describe("The column"),
        value: z.union([z.string(), z.number(), z.boolean(), z.null()]).describe("Its value"),
      }),
    ),
  );
  registerTransform(
    "rename_columns",
    transform(
      "rename_columns",
      z.strictObject({ mapping: z.record(z.string(), z.string()).describe("Old to new") }),
    ),
  );
}

export interface MemoryOptions {
  files?: Record<string, string>;
  env?: Record<string, string>;
  vars?: JsonObject;
  onMissingEnv?: "error" | "collect";
}

/** Options that read from a record of files. */
export function memoryOptions(options: MemoryOptions): LoadOptions {
  const { files = {}, env = {}, vars, onMissingEnv } = options;
  return {
    readFile: (path) => {
      const text = files[path];
      return text === undefined
        ? Promise.reject(Object.assign(new Error(`no ${path}`), { name: "NotFound" }))
        : Promise.resolve(text);
    },
    env: (name) => Object.hasOwn(env, name) ? env[name] : undefined,
    vars,
    onMissingEnv,
  };
}

let schema: JsonObject | undefined;

/** Loads `recipe.yaml` from memory. What loads must fit the JSON Schema, too. */
export async function load(text: string, options: MemoryOptions = {}): Promise<Recipe> {
  registerTestPlugins();
  const files = { "recipe.yaml": text, ...options.files };
  const recipe = await loadRecipe("recipe.yaml", memoryOptions({ ...options, files }));
  schema ??= recipeJsonSchema();
  assert.deepEqual(violations(schema, plainValue(parseFile("recipe.yaml", text).root!)), []);
  return recipe;
}

/** A recipe that is complete but for what a test adds. */
export function complete(extra = ""): string {
  return `name: orders
source: {type: files, path: in.csv}
destination: {type: database, host: localhost, table: orders}
${extra}`;
}

/** All errors of a load that must fail. */
export async function errorsOf(loading: Promise<unknown>): Promise<readonly RecipeError[]> {
  try {
    await loading;
  } catch (error) {
    if (error instanceof RecipeErrors) return error.errors;
    if (error instanceof RecipeError) return [error];
    throw error;
  }
  throw new Error("The recipe loaded, but must not.");
}

/** One line per error: `CODE line:column message | hint`. */
export function lines(errors: readonly RecipeError[]): string[] {
  return errors.map(({ code, message, hint, location }) => {
    const place = location === undefined ? "-" : `${location.line}:${location.column}`;
    const from = location?.extendedBy === undefined ? "" : ` (${location.file}, from ${location.extendedBy})`;
    return `${code} ${place}${from} ${message}${hint === undefined ? "" : ` | ${hint}`}`;
  });
}
