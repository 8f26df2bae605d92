/** What a recipe asks of its connectors, held against what they can do. Pure: nothing is opened. */
import type { Recipe } from "../recipe/mod.ts";
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
  const fail = problemMaker(recipe, "source");
  const can = definition.capabilities;
  if (!can.read || definition.openSource === undefined) {
    return [fail("UNSUPPORTED", ["type"], `Connector "${block.type}" can't be read from.`, {
      hint: "use it as a destination, or choose another source",
    })];
  }
  const { incremental } = block;
  const problems: RecipeError[] = [];
  if (incremental !== undefined && !can.incremental.includes(incremental.strategy)) {
    const hint = can.incremental.length === 0
      ? "remove `incremental`: this connector reads everything each time"
      : `it supports: ${can.incremental.join(", ")}`;
    problems.push(fail(
      "UNSUPPORTED",
      ["incremental", "strategy"],
      `Connector "${block.type}" does not support the incremental strategy "${incremental.strategy}".`,
      { hint },
    ));
  }
  if (incremental !== undefined && recipe.destination !== undefined && writeModeOf(recipe) === "overwrite") {
    problems.push(
      problemMaker(recipe, "destination")(
        "INCREMENTAL_OVERWRITE",
        ["write_mode"],
        "An incremental source gives only new rows, and `overwrite` would keep nothing else.",
        { hint: "use write_mode: append or merge, or remove source.incremental" },
      ),
    );
  }
  if (
    incremental?.lag !== undefined && writeModeOf(recipe) === "append" && recipe.destination !== undefined
  ) {
    problems.push(fail(
      "LAG_NEEDS_MERGE",
      ["incremental", "lag"],
      "`lag` reads rows again that were loaded before, and `append` would load them twice.",
      { hint: "use write_mode: merge with merge_keys, or remove the lag" },
    ));
  }
  problems.push(...own(definition.checkRead?.(block.config, { incremental, ...options }), fail));
  return problems;
}

function checkDestination(recipe: Recipe, options: CheckOptions): RecipeError[] {
  const block = recipe.destination;
  const definition = block && findConnector(block.type);
  if (!block || !definition) return [];
  const fail = problemMaker(recipe, "destination");
  const can = definition.capabilities;
  if (!can.write || definition.openDestination === undefined) {
    return [fail("UNSUPPORTED", ["type"], `Connector "${block.type}" can't be written to.`, {
      hint: "use it as a source, or choose another destination",
    })];
  }
  const planned = plannedWrite(recipe);
  const problems: RecipeError[] = [];
  if (!can.writeModes.includes(planned.mode)) {
    problems.push(fail(
      "UNSUPPORTED",
      ["write_mode"],
      `Connector "${block.type}" does not support write_mode "${planned.mode}".`,
      { hint: `it supports: ${can.writeModes.join(", ")}` },
    ));
  } else if (planned.mode === "merge") {
    problems.push(...checkMerge(block.type, definition, planned, fail));
  }
  problems.push(...own(definition.checkWrite?.(block.config, { ...planned, ...options }), fail));
  return problems;
}

function checkMerge(
  type: string,
  definition: ConnectorDefinition,
  planned: PlannedWrite,
  fail: ProblemMaker,
): RecipeError[] {
  const problems: RecipeError[] = [];
  if (planned.mergeKeys.length === 0) {
    problems.push(fail("MERGE_WITHOUT_KEYS", ["write_mode"], "write_mode: merge needs merge_keys.", {
      hint: "name the columns that identify a row, such as merge_keys: [id]",
    }));
  }
  const { mergeStrategies } = definition.capabilities;
  if (!mergeStrategies.includes(planned.strategy)) {
    problems.push(fail(
      "UNSUPPORTED",
      ["strategy"],
      `Connector "${type}" does not support the merge strategy "${planned.strategy}".`,
      { hint: `it supports: ${mergeStrategies.join(", ")}` },
    ));
  }
  return problems;
}

type ProblemMaker = (code: string, key: Path, message: string, options: { hint?: string }) => RecipeError;

function problemMaker(recipe: Recipe, block: "source" | "destination"): ProblemMaker {
  return (code, key, message, options) =>
    new RecipeError(code, message, {
      ...options,
      location: recipe.locate([block, ...key]),
      context: { key: [block, ...key].join(".") },
    });
}

function own(problems: readonly ConfigProblem[] | undefined, fail: ProblemMaker): RecipeError[] {
  return (problems ?? []).map((p) => fail("INVALID_CONFIG", p.key, p.message, { hint: p.hint }));
}
