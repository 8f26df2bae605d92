import { z } from "zod";
import { asPath, defineTransform, type Json, type Schema } from "../sdk/mod.ts";
import { readType, typeName } from "./step_config.ts";

const config = z.strictObject({
  module: asPath(z.string().min(1)).describe("TypeScript or JavaScript module, relative to the recipe"),
  export: z.string().min(1).default("default").describe("Name of the exported function"),
  params: z.record(z.string(), z.json()).default({}).describe("Passed to the function as `context.params`"),
  mode: z.enum(["rows", "arrow"]).default("rows").describe(
    "What the function gets and returns: `rows` an array of objects, `arrow` an Arrow record batch (returning a Table is fine)",
  ),
  columns: z.record(z.string().min(1), typeName).refine(
    (columns) => Object.keys(columns).length > 0,
    "name at least one column",
  ).optional().describe(
    "All columns of the result and their types. Default: input columns keep theirs, new ones are told from the first values",
  ),
  batch_size: z.int().min(1).max(1_000_000).default(10_000).describe(
    "Rows the function gets at once, at most",
  ),
});

export type FunctionConfig = z.infer<typeof config>;

/** Gives the rows to a function of the user's. */
export const functionStep = defineTransform<FunctionConfig>({
  name: "function",
  summary: "Give the rows to a TypeScript function of yours",
  config,
  keepsRows: false,
  examples: [{
    title: "A column that SQL can't compute",
    recipe: `name: slugs
source:
  type: csv
  path: articles.csv
transform:
  steps:
    - type: function
      module: slug.ts
      params: {separator: "-"}
destination:
  type: jsonl
  path: slugs.jsonl
`,
  }],
  describe: ({ module, export: name }) => `${name} of ${module}`,
  access: ({ module }) => [{ kind: "code", value: module, key: ["module"] }],
  outputSchema: (_schema, config) => declaredSchema(config),
  check: async (config) => {
    const { loadFunction } = await import("./function_module.ts");
    await loadFunction(config);
  },
  run: async (batch, config, context) => {
    const { runFunction } = await import("./function_run.ts");
    return await runFunction(batch, config, context);
  },
});

/** The schema that `columns` declares. */
export function declaredSchema(config: FunctionConfig): Schema | undefined {
  if (config.columns === undefined) return undefined;
  return {
    fields: Object.entries(config.columns).map(([name, type]) => ({
      name,
      type: readType(type),
      nullable: true,
    })),
  };
}

/** `params` as functions get them. */
export function paramsOf(config: FunctionConfig): Record<string, Json> {
  return config.params as Record<string, Json>;
}
