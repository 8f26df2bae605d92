import type { Described, PlanToRender } from "../../plan/mod.ts";
import { planToJson, planToMermaid, planToText } from "../../plan/mod.ts";
import type { Call, RecipeOptions } from "../call.ts";
import { formatBytes } from "../../observe/format.ts";
import { EXIT } from "../io.ts";
import { pad, truncate, wrap } from "../width.ts";

export interface PlanOptions extends RecipeOptions {
  readonly format: "text" | "json" | "mermaid";
  readonly offline?: true;
  readonly stateDir?: string;
}

/** `plan`: what a run would do. Exit 1 where an end can't be reached. */
export async function showPlan(call: Call, recipe: string, options: PlanOptions): Promise<void> {
  const prepared = await call.prepare(recipe, options);
  const { plan } = prepared;
  let described: Described[] | undefined;
  let state: string | undefined;
  if (!options.offline) {
    const { inspectSandboxed, stateBackendFor } = await import("../../app/mod.ts");
    const stateDirectory = call.stateDirectory(options.stateDir, plan.state);
    described = await inspectSandboxed(prepared, { stateDirectory });
    state = stateBackendFor(plan, stateDirectory).describe(plan.recipe);
  }
  const errors = described?.flatMap((one) => one.errors) ?? [];
  if (errors.length > 0) call.io.exitCode = EXIT.failed;
  const shown: PlanToRender = { plan, described, state };
  switch (options.format) {
    case "json":
      call.printJson(planToJson(shown), { indent: true });
      break;
    case "mermaid":
      call.printClean(call.redactor.text(call.shorten(planToMermaid(shown))));
      for (const error of errors) call.showError(error);
      break;
    case "text":
      call.printClean(call.redactor.text(call.shorten(planToText(shown, viewOf(call)))));
      break;
  }
}

function viewOf(call: Call) {
  const { out } = call;
  return {
    ...out,
    cut: (text: string, width: number) => truncate(call.shorten(text), width),
    wrap: (text: string, width: number) => wrap(call.shorten(text), width),
    pad,
    bytes: formatBytes,
    error: (error: Described["errors"][number]) => call.renderError(error, out),
    columns: Math.min(call.io.stdout.columns, 120),
  };
}
