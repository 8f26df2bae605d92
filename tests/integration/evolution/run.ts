/** Runs a case: some loads, one after the other, through the recipe layer and the engine. */
import { executePlan } from "../../../src/app/execute.ts";
import { prepareRecipe } from "../../../src/app/prepare.ts";
import type { RunSummary } from "../../../src/observe/mod.ts";
import type { EvolutionTarget } from "./targets.ts";

export interface LoadSpec {
  /** The rows: a SELECT of the embedded engine's. */
  readonly rows: string;
  /** The `schema:` block, indented by two; none where it is empty. */
  readonly schema?: string;
  /** Further keys of the destination. */
  readonly write?: string;
  readonly more?: string;
}

/** One load; the summary says how it went. */
export async function load(target: EvolutionTarget, folder: string, spec: LoadSpec): Promise<RunSummary> {
  const text = `name: evolution
source:
  type: duckdb
  database: ":memory:"
  query: ${JSON.stringify(spec.rows)}
${spec.schema === undefined ? "" : `schema:\n${spec.schema}\n`}destination:
${target.destination(folder)}  ${spec.write ?? "write_mode: append"}
${spec.more ?? ""}
`;
  const file = `${folder}/recipe.yaml`;
  await Deno.writeTextFile(file, text);
  const { plan } = await prepareRecipe(file);
  return await executePlan(plan, { stateDirectory: `${folder}/state` });
}
