/** Runs one test of a recipe: the real engine, over what the test gives, into a table in memory. */
import { createSession } from "../../batch/mod.ts";
import { runPlan } from "../../engine/mod.ts";
import type { RunEvent, RunSummary } from "../../observe/mod.ts";
import { type Plan, planRecipe, type ResourcePlan } from "../../plan/mod.ts";
import type { Recipe, TestBlock, TestGiven, TestRun } from "../../recipe/mod.ts";
import {
  DataLoaderError,
  getConnector,
  qualifiedName,
  quoteIdent,
  RecipeError,
  type Session,
  type SourceLocation,
} from "../../sdk/mod.ts";
import type { Rule, ValidationRules } from "../../validate/mod.ts";
import { judge } from "./judge.ts";
import { MemoryState } from "./memory_state.ts";
import { fillTable, standIn } from "./stand_in.ts";
import type { RunOutcome, TestOutcome } from "./types.ts";

/** Where the rows of a test end up, in a database in memory. */
const DESTINATION = { schema: "main", table: "destination" };

/** Where rows that validation leaves out end up. */
const REJECTED = "rejected";

export interface TestSetting {
  /** Index in `recipe.tests`. */
  readonly index: number;
  /** Where the files of the test go, and what the embedded engine spills. Default the system's. */
  readonly tempDirectory?: string;
  readonly signal?: AbortSignal;
}

/**
 * Runs a test. `recipe` is the recipe as the test wants it: its variables and environment taken in.
 * @throws {RecipeError} where the recipe can't be planned, or the test does not fit it.
 */
export async function runTest(
  recipe: Recipe,
  { index, tempDirectory, signal }: TestSetting,
): Promise<TestOutcome> {
  const test = recipe.tests[index]!;
  const started = performance.now();
  const plan = planRecipe(recipe);
  const folder = await Deno.makeTempDir({ prefix: "dataloader-test-", dir: tempDirectory });
  const session = await createSession({ tempDirectory });
  const run = new TestRunner({ recipe, plan, test, session, folder, signal, path: ["tests", index] });
  let runs: RunOutcome[];
  try {
    runs = await run.all();
  } finally {
    await run.close();
    await Deno.remove(folder, { recursive: true });
  }
  return {
    name: test.name,
    index,
    test,
    location: recipe.locate(["tests", index, "name"]),
    passed: runs.every(({ mismatches, error }) => mismatches.length === 0 && error === undefined),
    durationMs: Math.round(performance.now() - started),
    runs,
  };
}

interface Setting {
  readonly recipe: Recipe;
  readonly plan: Plan;
  readonly test: TestBlock;
  readonly session: Session;
  readonly folder: string;
  readonly signal?: AbortSignal;
  readonly path: readonly (string | number)[];
}

class TestRunner {
  readonly #setting: Setting;
  readonly #state = new MemoryState();
  readonly #close: () => Promise<void>;

  constructor(setting: Setting) {
    this.#setting = setting;
    const { session } = setting;
    this.#close = session.close.bind(session);
    // The engine closes its session after each run; the rows of a test are to outlive them all.
    session.close = () => Promise.resolve();
  }

  async close(): Promise<void> {
    await this.#close();
  }

  async all(): Promise<RunOutcome[]> {
    const { test } = this.#setting;
    const runs: readonly TestRun[] = test.runs ?? [{ given: test.given, expect: test.expect! }];
    const outcomes: RunOutcome[] = [];
    let given = test.given;
    for (const [i, run] of runs.entries()) {
      given = run.given ?? given;
      outcomes.push(await this.#one(run, { given, number: i + 1 }));
    }
    return outcomes;
  }

  async #one(run: TestRun, of: { given: TestGiven | undefined; number: number }): Promise<RunOutcome> {
    const { session, signal, test, path } = this.#setting;
    const at = test.runs === undefined ? path : [...path, "runs", of.number - 1];
    try {
      const plan = await this.#planFor(of.given, of.number);
      const events: RunEvent[] = [];
      const summary = await runPlan(plan, {
        stateBackend: this.#state,
        emit: (event) => void events.push(event),
        signal: signal ?? new AbortController().signal,
        openSession: () => Promise.resolve(session),
      }, { fullRefresh: run.full_refresh });
      signal?.throwIfAborted();
      const judged = await judge(run.expect, {
        session,
        table: await this.#table(),
        summary,
        error: errorOf(summary, this.#setting.folder),
        rejected: await this.#rejected(summary.run_id),
      });
      return { run: of.number, ...judged };
    } catch (error) {
      if (error instanceof DataLoaderError) throw error.at(this.#locate([...at, "expect"]));
      throw error;
    }
  }

  #locate(path: readonly (string | number)[]): SourceLocation | undefined {
    return this.#setting.recipe.locate(path);
  }

  /** The plan with both ends replaced, and nothing written outside of the test's folder. */
  async #planFor(given: TestGiven | undefined, run: number): Promise<Plan> {
    const { plan, session, folder } = this.#setting;
    if (plan.resources.length !== 1) {
      throw new RecipeError("MANY_RESOURCES", "Recipes with several resources can't be tested yet.", {
        hint: "test each resource in a recipe of its own",
      });
    }
    const resource = plan.resources[0]!;
    const source = given === undefined
      ? resource.source
      : await standIn(resource.source, given, { session, folder, run });
    const replaced: ResourcePlan = {
      ...resource,
      source,
      destination: {
        ...resource.destination,
        connector: "duckdb",
        config: getConnector("duckdb").config.parse({
          database: ":memory:",
          table: `${DESTINATION.schema}.${DESTINATION.table}`,
        }),
      },
    };
    const validation = resource.validation && await this.#validationFor(resource.validation);
    const deadLetter = plan.runtime.deadLetter &&
      { ...plan.runtime.deadLetter, path: `${folder}/dead_letter.jsonl` };
    return {
      ...plan,
      resources: [{ ...replaced, validation }],
      runtime: { ...plan.runtime, deadLetter },
    };
  }

  /** Rows that are left out are all kept, so that they can be looked at; what rules refer to is what the test says. */
  async #validationFor(validation: ValidationRules): Promise<ValidationRules> {
    const { test, session } = this.#setting;
    const rules: Rule[] = [];
    for (const rule of validation.rules) {
      const fate = rule.fate === "skip" ? "quarantine" : rule.fate;
      const rows = test.references?.[rule.name];
      if (rows === undefined) {
        rules.push({ ...rule, fate });
        continue;
      }
      const table = `reference_${rules.length}`;
      const check = rule.checks.find((each) => each.kind === "references");
      const columns: Record<string, string> = rows.length > 0 || check?.kind !== "references"
        ? {}
        : { [check.reference.column]: "string" };
      await fillTable({ rows, columns }, { session, table });
      const config = getConnector("duckdb").config.parse({ database: ":memory:", table: `given.${table}` });
      const checks = rule.checks.map((check) =>
        check.kind === "references"
          ? { ...check, reference: { ...check.reference, connector: "duckdb", config } }
          : check
      );
      rules.push({ ...rule, fate, checks });
    }
    const known = new Set(validation.rules.map((rule) => rule.name));
    const odd = Object.keys(test.references ?? {}).find((name) => !known.has(name));
    if (odd !== undefined) {
      throw new RecipeError(
        "UNKNOWN_RULE",
        `The test gives rows for the rule "${odd}", which is not there.`,
        {
          hint: `rules are: ${[...known].join(", ")}`,
        },
      );
    }
    return { ...validation, rules, quarantine: { table: REJECTED } };
  }

  /** Rows that validation has left out of a run. */
  async #rejected(runId: string): Promise<{ row: string; broken: string }[]> {
    const { session } = this.#setting;
    const table = await this.#find(REJECTED);
    return table === undefined ? [] : await session.query(
      `SELECT CAST("row" AS VARCHAR) AS "row", CAST(broken AS VARCHAR) AS broken FROM ${table} WHERE run_id = '${runId}'`,
    );
  }

  /** The destination's name in SQL; undefined where nothing was loaded. */
  #table(): Promise<string | undefined> {
    return this.#find(DESTINATION.table);
  }

  async #find(table: string): Promise<string | undefined> {
    const { session } = this.#setting;
    const alias = await session.attach(":memory:", { readOnly: true });
    const name = `${quoteIdent(alias)}.${qualifiedName(DESTINATION.schema, table)}`;
    const found = await session.query(
      `SELECT 1 AS x FROM duckdb_tables() WHERE database_name = '${alias}' AND schema_name = '${DESTINATION.schema}'
       AND table_name = '${table}'`,
    );
    return found.length === 0 ? undefined : name;
  }
}

/** What stopped a run, as an error again; a file that the test has made is called `given`. */
function errorOf({ error }: RunSummary, folder: string): DataLoaderError | undefined {
  if (error === undefined) return undefined;
  const { code = "UNEXPECTED", message, hint, context, location } = error;
  const shown = (text: string) =>
    text.split(folder).map((part, i) => i === 0 ? part : part.replace(/^\/given(-\d+)?(\/\d+)?/, "given"))
      .join("");
  return new DataLoaderError(code, shown(message), {
    hint: hint && shown(hint),
    context,
    location: location as SourceLocation | undefined,
  });
}
