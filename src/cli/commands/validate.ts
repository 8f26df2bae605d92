import { readRecipe } from "../../app/read.ts";
import { checkRecipe } from "../../plan/check.ts";
import type { Recipe } from "../../recipe/mod.ts";
import { counted, type DataLoaderError } from "../../sdk/mod.ts";
import type { Call, RecipeOptions } from "../call.ts";
import { flattenErrors } from "../errors.ts";
import { type Finding, toGithub, toSarif } from "../findings.ts";
import { EXIT } from "../io.ts";
import { findRecipes, type FoundFiles } from "../recipe_files.ts";
import type { RecipeInput } from "../../app/read.ts";

export interface ValidateOptions extends RecipeOptions {
  readonly format: "text" | "json" | "github" | "sarif";
  readonly strictEnv?: true;
  readonly onlyRecipes?: true;
}

/** What came of one file. */
interface Checked {
  readonly file: string;
  readonly errors: readonly DataLoaderError[];
  /** Things to know that are no errors. */
  readonly notes: readonly string[];
  /** Missing where it can't be read. */
  readonly recipe?: Recipe;
  readonly missingEnv: readonly string[];
}

/** `validate`: all that is wrong with recipes, without opening anything. Exit 2 where anything is. */
export async function validateRecipes(
  call: Call,
  paths: readonly string[],
  options: ValidateOptions,
): Promise<void> {
  const found = await findRecipes(paths, call.io.cwd, { onlyRecipes: options.onlyRecipes });
  const input = await call.recipeInput(options);
  const checked: Checked[] = [];
  for (const file of [...found.named, ...found.recipes]) {
    checked.push(await checkFile(call, file, { input, strictEnv: options.strictEnv ?? false }));
  }
  // Nothing is known of the variables of a recipe that can't be read.
  const read = checked.flatMap(({ recipe }) => recipe ?? []);
  if (read.length === checked.length) call.checkVars(read, options);
  if (checked.some(({ errors }) => errors.length > 0)) call.io.exitCode = EXIT.usage;
  switch (options.format) {
    case "text":
      printText(call, checked, found);
      break;
    case "json":
      printJson(call, checked, found);
      break;
    case "github":
      call.printClean(call.redactor.text(toGithub(findingsOf(call, checked))));
      break;
    case "sarif":
      call.printJson(toSarif(findingsOf(call, checked)), { indent: true });
      break;
  }
}

async function checkFile(
  call: Call,
  file: string,
  setting: { input: RecipeInput; strictEnv: boolean },
): Promise<Checked> {
  let recipe: Recipe;
  try {
    recipe = await readRecipe(file, {
      ...setting.input,
      onMissingEnv: setting.strictEnv ? "error" : "collect",
    });
  } catch (error) {
    return { file, ...asBase(flattenErrors(error)), missingEnv: [] };
  }
  call.learn(recipe);
  const errors = checkRecipe(recipe, { pluginsPending: true }).map((error) =>
    error.at({ file, line: 1, column: 1 })
  );
  return { file, recipe, errors, notes: notesOf(recipe), missingEnv: recipe.missingEnv };
}

/**
 * A recipe without a source or destination is taken as one that others extend, as pre-commit names such files too: what it
 * leaves to them is no error. `run` refuses it.
 */
function asBase(errors: DataLoaderError[]): Pick<Checked, "errors" | "notes"> {
  const missing = errors.filter(({ code, context }) =>
    code === "MISSING_KEY" && context.in === "" && ["source", "destination"].includes(String(context.key))
  ).map(({ context }) => context.key);
  if (missing.length === 0) return { errors, notes: [] };
  return {
    errors: errors.filter((error) => !isLeftToChildren(error)),
    notes: [`has no ${missing.join(" and no ")}: can only be extended by another recipe`],
  };
}

/** A key that is missing, or a variable that is not there and looks like none that is. */
function isLeftToChildren({ code, hint }: DataLoaderError): boolean {
  return code === "MISSING_KEY" ||
    code === "UNRESOLVED_VARIABLE" && (hint?.startsWith("pass --var") ?? false);
}

function notesOf(recipe: Recipe): string[] {
  const notes: string[] = [];
  if (recipe.missingEnv.length > 0) {
    notes.push(`will be required from the environment: ${recipe.missingEnv.join(", ")}`);
  }
  const later = [...new Set(recipe.later.map(({ key }) => `\`${key}\``))];
  if (later.length > 0) {
    notes.push(`checked, but this version can't run ${later.join(", ")} yet`);
  }
  return notes;
}

function printText(call: Call, checked: readonly Checked[], found: FoundFiles): void {
  const { out } = call;
  for (const { file, errors, notes } of checked) {
    const mark = errors.length === 0 ? out.success("ok    ") : out.error("failed");
    call.print(`${mark}  ${call.path(file)}`);
    for (const note of notes) call.print(`        ${out.dim(note)}`);
    for (const error of errors) call.io.stderr.write(`${call.renderError(error)}\n`);
  }
  for (const file of found.bases) {
    call.print(
      `${out.dim("base  ")}  ${call.path(file)}  ${out.dim("checked through the recipes that extend it")}`,
    );
  }
  const failed = checked.filter(({ errors }) => errors.length > 0);
  const count = failed.reduce((sum, { errors }) => sum + errors.length, 0);
  const parts = [
    `${counted(checked.length - failed.length, "recipe")} valid`,
    ...(failed.length === 0 ? [] : [`${failed.length} not valid (${counted(count, "error")})`]),
    ...(found.skipped.length === 0 ? [] : [`${counted(found.skipped.length, "file")} skipped: no recipe`]),
  ];
  if (checked.length + found.bases.length !== 1 || found.skipped.length > 0 || count > 1) {
    call.print(`\n${parts.join(", ")}`);
  }
}

function printJson(call: Call, checked: readonly Checked[], found: FoundFiles): void {
  call.printJson({
    valid: checked.every(({ errors }) => errors.length === 0),
    recipes: checked.map(({ file, recipe, errors, notes, missingEnv }) => ({
      file: call.path(file),
      ...(recipe === undefined ? {} : { name: recipe.name }),
      valid: errors.length === 0,
      errors: errors.flatMap((error) => call.errorsToJson(error)),
      missing_env: missingEnv,
      notes,
    })),
    bases: found.bases.map((file) => call.path(file)),
    skipped: found.skipped.map((file) => call.path(file)),
  }, { indent: true });
}

function findingsOf(call: Call, checked: readonly Checked[]): Finding[] {
  return checked.flatMap(({ file, errors }) =>
    errors.map(({ code, message, hint, location }) => ({
      code,
      message: call.shorten(message),
      hint: hint === undefined ? undefined : call.shorten(hint),
      file: call.path(location?.file ?? file),
      line: location?.line ?? 1,
      column: location?.column ?? 1,
      ...(location?.extendedBy === undefined ? {} : { extendedBy: call.path(location.extendedBy) }),
    }))
  );
}
