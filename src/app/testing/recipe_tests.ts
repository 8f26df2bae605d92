/** All tests of one recipe file. */
import type { PlannedAccess } from "../../plan/mod.ts";
import type { Recipe, TestBlock, TestGiven } from "../../recipe/mod.ts";
import { errorFromData } from "../../sandbox/mod.ts";
import { getConnector, type JsonObject, nearest, RecipeError } from "../../sdk/mod.ts";
import { readRecipe, type RecipeInput } from "../prepare.ts";
import { prepareSandboxed, type SandboxedRecipe, testSandboxed } from "../sandboxed.ts";
import type { OutcomeData } from "./run_tests.ts";
import type { TestOutcome } from "./types.ts";

export interface RecipeTests {
  readonly recipe: Recipe;
  readonly outcomes: readonly TestOutcome[];
}

export interface TestOptions {
  readonly input: RecipeInput;
  /** Which tests to run, by name; default all. */
  readonly wanted?: (name: string) => boolean;
  /** Sees each recipe as it is read, before anything is said of it: its secrets must not be shown. */
  readonly learn?: (recipe: Recipe) => void;
  readonly signal?: AbortSignal;
}

/**
 * Runs the tests of a recipe, one after the other, in a Worker that reaches no more than they need. Each reads the recipe
 * anew, with its own `vars` and `env`; environment variables that are not set are no error, since the ends that need them
 * are not opened.
 * @throws {RecipeError} where the recipe is wrong.
 */
export async function testRecipe(file: string, options: TestOptions): Promise<RecipeTests> {
  const { input, wanted = () => true, learn = () => {}, signal } = options;
  const recipe = await readRecipe(file, inputFor(undefined, input));
  learn(recipe);
  const prepared: { index: number; test: TestBlock; as: SandboxedRecipe }[] = [];
  for (const [index, test] of recipe.tests.entries()) {
    if (!wanted(test.name)) continue;
    const as = await prepareSandboxed(file, inputFor(test, input), learn);
    checkVars(as.recipe, test, index);
    prepared.push({ index, test, as });
  }
  if (prepared.length === 0) return { recipe, outcomes: [] };
  // Code keeps what it likes from one test to the next, and sees the variables of its own: it gets a Worker for each test.
  const hasCode = prepared.some(({ as }) => as.access.look.some(({ kind }) => kind === "code"));
  const groups = hasCode ? prepared.map((one) => [one]) : [prepared];
  const outcomes: OutcomeData[] = [];
  for (const group of groups) {
    outcomes.push(
      ...await testSandboxed<OutcomeData[]>(group[0]!.as, {
        tests: group.map(({ index, as }) => ({ texts: as.texts, index })),
        access: group.flatMap(({ index, test, as }) => accessOf(test, index, as)),
        signal,
      }),
    );
  }
  return { recipe, outcomes: outcomes.map(fromData) };
}

/** @throws {RecipeError} `UNKNOWN_VARIABLE` for a variable of the test that the recipe does not know. */
function checkVars({ unusedVars, usedVars, locate }: Recipe, test: TestBlock, index: number): void {
  const name = Object.keys(test.vars ?? {}).find((each) => unusedVars.includes(each));
  if (name === undefined) return;
  const near = nearest(name, usedVars);
  throw new RecipeError(
    "UNKNOWN_VARIABLE",
    `The test "${test.name}" gives the variable "${name}", which the recipe does not know.`,
    {
      hint: near === undefined
        ? `the recipe knows: ${usedVars.join(", ") || "none"}`
        : `did you mean "${near}"?`,
      context: { variable: name },
      location: locate(["tests", index, "vars", name]),
    },
  );
}

/** A recipe's input as a test wants it. */
function inputFor(test: TestBlock | undefined, input: RecipeInput): RecipeInput {
  const { vars, env } = test ?? {};
  return {
    vars: { ...input.vars, ...vars as JsonObject | undefined },
    env: (name) => env?.[name] ?? (input.env === undefined ? Deno.env.get(name) : input.env(name)),
    onMissingEnv: "collect",
  };
}

/** What a test reaches: files that it gives, what steps and rules name, and the source only where it gives nothing else. */
function accessOf(test: TestBlock, index: number, { recipe, access }: SandboxedRecipe): PlannedAccess[] {
  const path = ["tests", index];
  const given: { given: TestGiven | undefined; path: (string | number)[] }[] = [{ given: test.given, path }];
  for (const [i, run] of (test.runs ?? []).entries()) {
    if (run.given !== undefined) given.push({ given: run.given, path: [...path, "runs", i] });
  }
  const readsSource = test.given === undefined &&
    (test.runs === undefined || test.runs[0]?.given === undefined);
  const files = given.flatMap(({ given, path }) => {
    if (given?.file === undefined) return [];
    const { config, access } = getConnector("filestore");
    const key = [...path, "given", "file"];
    return (access?.(config.parse({ path: given.file }), "read") ?? []).map((
      { kind, value },
    ): PlannedAccess => (
      { kind, value, key, location: recipe.locate(key) }
    ));
  });
  const isReached = ({ key: [block] }: PlannedAccess) =>
    block === "source" ? readsSource : block !== "destination" && block !== "schema";
  return [...access.look.filter(isReached), ...files];
}

function fromData(outcome: OutcomeData): TestOutcome {
  return {
    ...outcome,
    runs: outcome.runs.map(({ error, ...run }) =>
      error === undefined ? run : { ...run, error: errorFromData(error) }
    ),
  };
}
