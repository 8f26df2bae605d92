import { createHash } from "node:crypto";
import type { Recipe } from "../recipe/mod.ts";
import { findTransform, getConnector, getTransform, RecipeError, RecipeErrors } from "../sdk/mod.ts";
import { accessOf } from "./access.ts";
import { checkRecipe, plannedWrite } from "./check.ts";
import { narrow } from "./narrow.ts";
import { planValidation } from "./validation.ts";
import { planRegistry, planSchema } from "./schema.ts";
import { type DestinationPlan, type Plan, PLAN_VERSION, type ResourcePlan, type SourcePlan } from "./plan.ts";

/** The name of the one resource of a recipe that has no `resources`. */
export const MAIN_RESOURCE = "main";

/**
 * Turns a recipe into a Plan. Pure. Plug-ins must have been loaded.
 * @throws {RecipeErrors} with all that stands in the way: unsupported combinations, blocks whose engine isn't built yet.
 */
export function planRecipe(recipe: Recipe): Plan {
  const access = narrow(accessOf(recipe, "run"), recipe);
  const problems = [...recipe.later.map(notBuilt), ...checkRecipe(recipe)];
  if (problems.length > 0) throw problems.length === 1 ? problems[0]! : new RecipeErrors(problems);
  if (recipe.source === undefined || recipe.destination === undefined) {
    throw new RecipeError("INCOMPLETE_RECIPE", "A recipe that is run needs a source and a destination.", {
      location: recipe.locate([]),
      hint: recipe.source === undefined ? "add a `source:` block" : "add a `destination:` block",
    });
  }
  return {
    version: PLAN_VERSION,
    recipe: recipe.name,
    file: recipe.file,
    resources: [planResource(recipe, { source: planSource(recipe), destination: planDestination(recipe) })],
    runtime: {
      batchSize: recipe.runtime.batchSize,
      parallelism: recipe.runtime.parallelism,
      retries: recipe.runtime.retries,
      deadLetter: recipe.runtime.deadLetter,
      memoryLimit: recipe.runtime.memoryLimit,
      threads: recipe.runtime.threads,
      tempDirectory: recipe.runtime.tempDirectory,
    },
    ...(recipe.schema?.registry === undefined ? {} : { registry: planRegistry(recipe.schema.registry) }),
    state: { backend: recipe.state.backend, directory: recipe.state.directory },
    plugins: recipe.plugins,
    access: access.allowed,
    vars: recipe.vars,
    secrets: [...recipe.secrets],
    warnings: warningsFor(recipe),
  };
}

function planResource(
  recipe: Recipe,
  ends: { source: SourcePlan; destination: DestinationPlan },
): ResourcePlan {
  const steps = recipe.steps.map((step) => {
    if (findTransform(step.type) === undefined) getTransform(step.type);
    return { type: step.type, config: step.config, index: step.index, location: recipe.locate(step.path) };
  });
  const validation = planValidation(recipe);
  const definition: unknown[] = [
    ends.source.connector,
    ends.source.config,
    ends.source.incremental,
    steps.map((step) => [step.type, step.config]),
    ends.destination.connector,
    ends.destination.config,
    ends.destination.mode,
    ends.destination.mergeKeys,
    ends.destination.strategy,
    ...(validation === undefined ? [] : [withoutPlaces(validation)]),
  ];
  const schema = planSchema(recipe);
  if (schema !== undefined) definition.push(withoutPlaces(schema));
  const fingerprint = createHash("sha256").update(JSON.stringify(definition)).digest("hex").slice(0, 16);
  return {
    name: MAIN_RESOURCE,
    ...ends,
    steps,
    ...(schema === undefined ? {} : { schema }),
    validation,
    fingerprint,
  };
}

/** A rule or column that moves to another line is the same. */
function withoutPlaces(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (key, each) => key === "location" || key === "limits" ? undefined : each),
  );
}

function planSource(recipe: Recipe): SourcePlan {
  const { type, config, incremental } = recipe.source!;
  return {
    connector: type,
    config,
    incremental,
    summary: getConnector(type).describe(config),
    location: recipe.locate(["source"]),
  };
}

function planDestination(recipe: Recipe): DestinationPlan {
  const { type, config } = recipe.destination!;
  return {
    connector: type,
    config,
    ...plannedWrite(recipe),
    summary: getConnector(type).describe(config),
    location: recipe.locate(["destination"]),
  };
}

function warningsFor(recipe: Recipe): string[] {
  const { mode, mergeKeys } = plannedWrite(recipe);
  const warnings: string[] = [];
  if (mode !== "merge" && mergeKeys.length > 0) {
    warnings.push(`destination.merge_keys is not used with write_mode: ${mode}`);
  }
  if (mode !== "merge" && recipe.destination!.strategyGiven) {
    warnings.push(`destination.strategy is not used with write_mode: ${mode}`);
  }
  return warnings;
}

function notBuilt(block: Recipe["later"][number]): RecipeError {
  return new RecipeError(
    "NOT_BUILT_YET",
    `\`${block.key}\` is part of the recipe language, but not built yet.`,
    {
      location: block.location,
      hint: `this version checks it and can't run it; remove \`${block.key}\` to run the recipe`,
      context: { key: block.key },
    },
  );
}
