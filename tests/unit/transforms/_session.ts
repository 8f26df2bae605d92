/** What the tests of steps share: a session, a context, and batches from a SELECT. */
import { createSession, type DuckSession } from "../../../src/batch/mod.ts";
import { findTransform, type JsonObject, registerTransform, type StepContext } from "../../../src/sdk/mod.ts";
import { type AppliedSteps, applySteps, builtinTransforms, type Step } from "../../../src/transforms/mod.ts";

for (const definition of builtinTransforms) {
  if (findTransform(definition.name) === undefined) registerTransform(definition.name, definition);
}

export const context: StepContext = {
  recipe: "test",
  resource: "default",
  vars: {},
  log: { log: () => {} },
  signal: new AbortController().signal,
};

/** Runs a body with a session of its own. */
export async function withSession(body: (session: DuckSession) => Promise<void>): Promise<void> {
  const session = await createSession({ threads: 2 });
  try {
    await body(session);
  } finally {
    await session.close();
  }
}

/** Steps as a recipe lists them. */
export function stepsOf(...steps: (Record<string, unknown> & { type: string })[]): Step[] {
  return steps.map(({ type, ...config }, index) => ({
    type,
    config,
    index,
    location: { file: "recipe.yaml", line: 10 + index, column: 7 },
  }));
}

/** Applies steps to a SELECT. */
export async function apply(
  session: DuckSession,
  select: string,
  ...steps: (Record<string, unknown> & { type: string })[]
): Promise<AppliedSteps> {
  return await applySteps(await session.relation(select, { file: "x.csv" }), stepsOf(...steps), context);
}

/** The rows of a relation as text, exactly as the engine writes them. */
export async function texts(session: DuckSession, applied: AppliedSteps): Promise<Record<string, unknown>[]> {
  return await session.query(`SELECT COLUMNS(*)::VARCHAR FROM (${applied.batch.sql})`);
}

/** The error that a promise rejects with. */
export async function failure(
  promise: Promise<unknown>,
): Promise<Error & { hint?: string; code?: string; context?: JsonObject }> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof Error) return error;
    throw error;
  }
  throw new Error("nothing failed");
}
