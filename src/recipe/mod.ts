/** The recipe layer: YAML to a checked `Recipe`. Pure: it reads files only through the function it is given. */
export { recipeJsonSchema } from "./json_schema.ts";
export { loadRecipe, parseRecipe } from "./load.ts";
export { maskSecrets } from "./secrets.ts";
export type { RuleBlock, TableRuleBlock, ValidationBlock } from "./model/validation.ts";
export type { TestBlock, TestExpect, TestGiven, TestRun } from "./model/tests.ts";
export type {
  DestinationBlock,
  LaterBlock,
  LaterKey,
  LoadOptions,
  Recipe,
  ResourceBlock,
  RuntimeBlock,
  SchemaBlock,
  SourceBlock,
  StateBlock,
  StepBlock,
} from "./types.ts";
