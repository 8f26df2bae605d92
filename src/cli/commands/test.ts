import { type RecipeTests, testRecipe } from "../../app/testing/mod.ts";
import type { RecipeInput } from "../../app/prepare.ts";
import type { DataLoaderError } from "../../sdk/mod.ts";
import type { Call, RecipeOptions } from "../call.ts";
import { flattenErrors, UsageError } from "../errors.ts";
import { EXIT, resolvePath } from "../io.ts";
import { findRecipes } from "../recipe_files.ts";
import { maskTests } from "../test_masks.ts";
import { toJUnit } from "../test_junit.ts";
import { updateExpectations } from "../test_update.ts";
import { printTests } from "../test_view.ts";

export interface TestCommandOptions extends RecipeOptions {
  readonly filter?: string;
  readonly update?: true;
  readonly junit?: string;
  readonly json?: true;
}

/** What came of one file. */
export interface TestedFile {
  readonly file: string;
  readonly tests?: RecipeTests;
  /** What is wrong with the recipe, or with how its tests fit it. */
  readonly errors: readonly DataLoaderError[];
}

/** `test`: runs the tests of recipes. Exit 1 where one failed, 2 where a recipe is wrong or nothing was there to run. */
export async function testRecipes(
  call: Call,
  paths: readonly string[],
  options: TestCommandOptions,
): Promise<void> {
  const found = await findRecipes(paths, call.io.cwd);
  const input = await call.recipeInput(options);
  const tested: TestedFile[] = [];
  for (const file of [...found.named, ...found.recipes]) {
    const name = call.path(file);
    try {
      const tests = await testRecipe(file, {
        input,
        learn: (recipe) => call.learn(recipe),
        wanted: (test) => options.filter === undefined || `${name}: ${test}`.includes(options.filter),
      });
      tested.push({ file, tests: maskTests(tests, (text) => call.redactor.text(text)), errors: [] });
    } catch (error) {
      tested.push({ file, errors: flattenErrors(error) });
    }
  }
  const read = tested.flatMap(({ tests }) => tests?.recipe ?? []);
  if (read.length === tested.length) call.checkVars(read, options);
  const outcomes = tested.flatMap(({ tests }) => tests?.outcomes ?? []);
  const wrong = tested.some(({ errors }) => errors.length > 0);
  if (options.junit !== undefined) await writeReport(call, options.junit, tested);
  if (options.json) call.printJson(testsToJson(call, tested), { indent: true });
  else printTests(call, tested, { skipped: found.skipped.length });
  if (options.update) await update(call, tested, input);
  else if (outcomes.some(({ passed }) => !passed)) call.io.exitCode = EXIT.failed;
  if (wrong) call.io.exitCode = EXIT.usage;
  else if (outcomes.length === 0) {
    throw new UsageError("NO_TESTS", "There was no test to run.", {
      hint: options.filter === undefined
        ? "add `tests:` to the recipe; see docs/testing.md"
        : `no name of a test holds "${options.filter}"`,
    });
  }
}

/** Writes what came out into the recipes; fails for tests that this can't mend. */
async function update(call: Call, tested: readonly TestedFile[], input: RecipeInput): Promise<void> {
  const { updated, left } = await updateExpectations(tested, input);
  for (const [file, count] of updated) {
    call.note(
      `${call.err.success("updated")} ${call.path(file)}: ${count} expectation${count === 1 ? "" : "s"}`,
    );
  }
  for (const { test, why } of left) call.note(`${call.err.warning("not updated")} ${test}: ${why}`);
  if (left.length > 0) call.io.exitCode = EXIT.failed;
}

async function writeReport(call: Call, path: string, tested: readonly TestedFile[]): Promise<void> {
  const file = resolvePath(call.io, path);
  try {
    await Deno.mkdir(file.replace(/[\\/][^\\/]*$/, "") || "/", { recursive: true });
    await Deno.writeTextFile(file, call.redactor.text(toJUnit(call, tested)));
  } catch (cause) {
    throw new UsageError("REPORT_FAILED", `The report "${path}" can't be written.`, {
      hint: "check the path of --junit and its rights",
      cause,
    });
  }
}

function testsToJson(call: Call, tested: readonly TestedFile[]) {
  const outcomes = tested.flatMap(({ tests }) => tests?.outcomes ?? []);
  const passed = outcomes.filter((outcome) => outcome.passed).length;
  return {
    passed,
    failed: outcomes.length - passed,
    recipes: tested.map(({ file, tests, errors }) => ({
      file: call.path(file),
      errors: errors.flatMap((error) => call.errorsToJson(error)),
      tests: (tests?.outcomes ?? []).map((outcome) => ({
        name: outcome.name,
        passed: outcome.passed,
        line: outcome.location?.line,
        duration_ms: outcome.durationMs,
        runs: outcome.runs.map(({ run, mismatches, error }) => ({
          run,
          ...(error === undefined ? {} : { error: call.errorsToJson(error)[0] }),
          mismatches: mismatches.map(({ key, message, diff }) => ({
            key,
            message,
            ...(diff === undefined ? {} : { columns: diff.columns, lines: diff.lines }),
          })),
        })),
      })),
    })),
  };
}
