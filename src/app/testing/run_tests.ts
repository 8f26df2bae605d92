/** The Worker's side of `dataloader test`: reads each recipe as its test wants it, runs it, and tells what came of it. */
import { errorToData } from "../../sandbox/guest.ts";
import type { ErrorData } from "../../sdk/mod.ts";
import { recipeFromTexts } from "../prepare.ts";
import type { TestTask } from "../sandbox_task.ts";
import { runTest } from "./run_test.ts";
import type { RunOutcome, TestOutcome } from "./types.ts";

/** An outcome as it crosses to another thread. */
export type OutcomeData = Omit<TestOutcome, "runs"> & {
  readonly runs: readonly (Omit<RunOutcome, "error"> & { readonly error?: ErrorData })[];
};

/**
 * Runs tests, one after the other.
 * @throws {RecipeError} where a recipe is wrong, or a test does not fit it.
 */
export async function runTests(
  { tests, tempDirectory }: { readonly tests: readonly TestTask[]; readonly tempDirectory: string },
  signal: AbortSignal,
): Promise<OutcomeData[]> {
  const outcomes: OutcomeData[] = [];
  for (const { texts, index } of tests) {
    const outcome = await runTest(await recipeFromTexts(texts), { index, tempDirectory, signal });
    outcomes.push({
      ...outcome,
      runs: outcome.runs.map(({ error, ...run }) =>
        error === undefined ? run : { ...run, error: errorToData(error) }
      ),
    });
  }
  return outcomes;
}
