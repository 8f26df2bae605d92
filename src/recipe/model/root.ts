/** The keys of a recipe, in the order they are documented and written. */
import { z } from "zod";
import { asPath } from "../../sdk/mod.ts";
import { NAME, names } from "./common.ts";
import { alertsBlock, normalizationBlock, scheduleBlock, schemaBlock } from "./quality.ts";
import { runtimeBlock, stateBlock } from "./runtime.ts";
import { testsBlock } from "./tests.ts";
import { validationBlock } from "./validation.ts";

const name = () =>
  z.string().min(1).max(128).regex(NAME, {
    error: 'must hold only letters, digits, "_", "." and "-", and begin with a letter, digit or "_"',
  });

/** Blocks that are checked by one zod schema each. `source`, `destination` and steps depend on their `type`. */
export const BLOCKS = {
  name: () => name().describe("What the recipe is called; its state is kept under this name"),
  description: () => z.string().describe("What the recipe is for"),
  extends: () =>
    names("recipe").describe("Recipes to build on: a path or a list of paths, relative to this file"),
  delete: () => names("path").describe("Inherited keys to leave out, such as source.incremental"),
  plugins: () =>
    z.array(asPath(z.string().min(1)))
      .describe("TypeScript modules that register connectors, formats or transforms; imported before a run"),
  vars: () => z.record(z.string(), z.unknown()).describe("Values for templates: {{ var.name }}; --var wins"),
  macros: () =>
    z.record(z.string(), z.string()).describe("Jinja macros, by name, for any text of the recipe"),
  schema: () => schemaBlock().describe("Columns that are expected, and how they may change"),
  normalization: () => normalizationBlock().describe("How nested data is taken apart"),
  validation: () => validationBlock().describe("What rows must fulfil, and what becomes of those that don't"),
  runtime: () => runtimeBlock().describe("Batches, parallelism, retries, memory"),
  state: () => stateBlock().describe("Where the position is kept between runs"),
  schedule: () => scheduleBlock().describe("When to run: a cron expression or a mapping"),
  alerts: () => alertsBlock().describe("Whom to tell, and when"),
  tests: () =>
    testsBlock().describe(
      "Cases for `dataloader test`: rows that stand for the source, and what must come of them",
    ),
} as const;

export type BlockName = keyof typeof BLOCKS;
type BlockOutput<K extends BlockName> = z.infer<ReturnType<(typeof BLOCKS)[K]>>;

/** All keys of a recipe. */
export const ROOT_KEYS: readonly string[] = [
  "name",
  "description",
  "extends",
  "delete",
  "plugins",
  "vars",
  "macros",
  "source",
  "transform",
  "destination",
  "resources",
  "schema",
  "normalization",
  "validation",
  "runtime",
  "state",
  "schedule",
  "alerts",
  "tests",
];

const built = new Map<string, z.ZodType>();

/** The schema of a block; built when first asked for, since most recipes have few. */
export function blockSchema<K extends BlockName>(key: K): z.ZodType<BlockOutput<K>> {
  const build = BLOCKS[key] as () => z.ZodType<BlockOutput<K>>;
  return once(key, build);
}

/** Builds a schema when it is first asked for. */
export function once<T extends z.ZodType>(key: string, build: () => T): T {
  let schema = built.get(key) as T | undefined;
  if (schema === undefined) {
    schema = build();
    built.set(key, schema);
  }
  return schema;
}
