/** What a recipe asks of its connectors, held against what they can do. Pure: nothing is opened. */
import type { DestinationBlock, Recipe, SourceBlock } from "../recipe/mod.ts";
import {
  type ConfigProblem,
  type ConnectorDefinition,
  findConnector,
  type PlannedWrite,
  RecipeError,
  type WriteMode,
} from "../sdk/mod.ts";
import { checkValidation } from "./validation.ts";

import { accessOf } from "./access.ts";
import { narrow } from "./narrow.ts";

/** A place in the merged recipe. */
type Path = readonly (string | number)[];

/** The write mode a recipe gets: its own, else the connector's default, else `append`. */
export function writeModeOf(recipe: Recipe): WriteMode {
  const block = recipe.destination;
  if (block?.writeMode !== undefined) return block.writeMode;
  const definition = block && findConnector(block.type);
  return definition?.defaultWriteMode?.(block!.config) ?? "append";
}

/** How a recipe writes. */
export function plannedWrite(recipe: Recipe): PlannedWrite {
  const { mergeKeys = [], strategy = "upsert" } = recipe.destination ?? {};
  return { mode: writeModeOf(recipe), mergeKeys, strategy };
}

/**
 * All that is wrong with the combination of connectors and keys, each naming its key in the YAML. Connectors that come
 * from plug-ins not yet loaded are passed over.
 */
export function checkRecipe(recipe: Recipe, options: CheckOptions = {}): RecipeError[] {
  const pluginsPending = options.pluginsPending && recipe.plugins.length > 0;
  return [
    ...checkSource(recipe, { pluginsPending }),
    ...checkDestination(recipe, { pluginsPending }),
    // What a missing variable hides can't be told.
    ...(recipe.missingEnv.length > 0 ? [] : narrow(accessOf(recipe, "run"), recipe).problems),
    ...checkValidation(recipe),
  ];
}

/** How a recipe is checked. */
export interface CheckOptions {
  /** The recipe's plug-ins are not imported, so that formats they register are not known. */
  readonly pluginsPending?: boolean;
}

function checkSource(recipe: Recipe, options: CheckOptions): RecipeError[] {
  const block = recipe.source;
  const definition = block && findConnector(block.type);
  if (!block || !definition) return [];
  const report = reporter(recipe, "source");
  const can = definition.capabilities;
  if (!can.read || definition.openSource === undefined) {
    return report({
      code: "UNSUPPORTED",
      key: ["type"],
      message: `Connector "${block.type}" can't be read from.`,
      hint: "use it as a destination, or choose another source",
    });
  }
  const { incremental } = block;
  const problems: RecipeError[] = [];
  if (incremental !== undefined && !can.incremental.includes(incremental.strategy)) {
    const hint = can.incremental.length === 0
      ? "remove `incremental`: this connector reads everything each time"
      : `it supports: ${can.incremental.join(", ")}`;
    problems.push(...report({
      code: "UNSUPPORTED",
      key: ["incremental", "strategy"],
      message:
        `Connector "${block.type}" does not support the incremental strategy "${incremental.strategy}".`,
      hint,
    }));
  }
  const mode = recipe.destination === undefined || isModeHidden(recipe.destination)
    ? undefined
    : writeModeOf(recipe);
  if (incremental !== undefined && mode === "overwrite") {
    problems.push(
      ...reporter(recipe, "destination")({
        code: "INCREMENTAL_OVERWRITE",
        key: ["write_mode"],
        message: "An incremental source gives only new rows, and `overwrite` would keep nothing else.",
        hint: "use write_mode: append or merge, or remove source.incremental",
      }),
    );
  }
  if (incremental?.lag !== undefined && mode === "append") {
    problems.push(...report({
      code: "LAG_NEEDS_MERGE",
      key: ["incremental", "lag"],
      message: "`lag` reads rows again that were loaded before, and `append` would load them twice.",
      hint: "use write_mode: merge with merge_keys, or remove the lag",
    }));
  }
  if (!isHidden(block, [])) {
    // All that is said of `incremental` hangs on its strategy.
    const known = isHidden(block, ["incremental", "strategy"]) ? undefined : incremental;
    problems.push(
      ...own(definition.checkRead?.(block.config, { incremental: known, ...options })).flatMap(report),
    );
  }
  return problems;
}

function checkDestination(recipe: Recipe, options: CheckOptions): RecipeError[] {
  const block = recipe.destination;
  const definition = block && findConnector(block.type);
  if (!block || !definition) return [];
  const report = reporter(recipe, "destination");
  const can = definition.capabilities;
  if (!can.write || definition.openDestination === undefined) {
    return report({
      code: "UNSUPPORTED",
      key: ["type"],
      message: `Connector "${block.type}" can't be written to.`,
      hint: "use it as a source, or choose another destination",
    });
  }
  const planned = plannedWrite(recipe);
  const problems: RecipeError[] = [];
  if (!can.writeModes.includes(planned.mode)) {
    problems.push(...report({
      code: "UNSUPPORTED",
      key: ["write_mode"],
      message: `Connector "${block.type}" does not support write_mode "${planned.mode}".`,
      hint: `it supports: ${can.writeModes.join(", ")}`,
    }));
  } else if (planned.mode === "merge") {
    problems.push(...checkMerge(block.type, definition, planned).flatMap(report));
  }
  if (!isHidden(block, [])) {
    problems.push(...own(definition.checkWrite?.(block.config, { ...planned, ...options })).flatMap(report));
  }
  return problems;
}

function checkMerge(
  type: string,
  definition: ConnectorDefinition,
  planned: PlannedWrite,
): Problem[] {
  const problems: Problem[] = [];
  if (planned.mergeKeys.length === 0) {
    problems.push({
      code: "MERGE_WITHOUT_KEYS",
      key: ["write_mode"],
      message: "write_mode: merge needs merge_keys.",
      hint: "name the columns that identify a row, such as merge_keys: [id]",
      dependsOn: ["merge_keys"],
    });
  }
  const { mergeStrategies } = definition.capabilities;
  if (!mergeStrategies.includes(planned.strategy)) {
    problems.push({
      code: "UNSUPPORTED",
      key: ["strategy"],
      message: `Connector "${type}" does not support the merge strategy "${planned.strategy}".`,
      hint: `it supports: ${mergeStrategies.join(", ")}`,
      dependsOn: ["write_mode"],
    });
  }
  return problems;
}

interface Problem extends ConfigProblem {
  readonly code: string;
}

/** Makes problems of a block errors; none of those that hang on a value that is not known. */
function reporter(recipe: Recipe, block: "source" | "destination") {
  return ({ code, key, message, hint, dependsOn = [] }: Problem): RecipeError[] => {
    const keys = [...key.length === 0 ? [] : [key], ...dependsOn.map((name) => [name])];
    if (keys.some((each) => isHidden(recipe[block], each))) return [];
    return [
      new RecipeError(code, message, {
        hint,
        location: recipe.locate([block, ...key]),
        context: { key: [block, ...key].join(".") },
      }),
    ];
  };
}

/** Whether a variable that is not set hides a value, or one in it; `[]`: whether it hides the block as a whole. */
function isHidden(block: SourceBlock | DestinationBlock | undefined, key: Path): boolean {
  return block?.unknown?.some((path) =>
    (key.length > 0 || path.length === 0) && path.every((part, i) => i >= key.length || part === key[i])
  ) ?? false;
}

/** Whether the write mode is not known: its own value, or what the connector goes by where the recipe names none. */
function isModeHidden(block: DestinationBlock): boolean {
  if (block.writeMode !== undefined) return isHidden(block, ["write_mode"]);
  return block.unknown !== undefined && findConnector(block.type)?.defaultWriteMode !== undefined;
}

function own(problems: readonly ConfigProblem[] | undefined): Problem[] {
  return (problems ?? []).map((problem) => ({ code: "INVALID_CONFIG", ...problem }));
}
