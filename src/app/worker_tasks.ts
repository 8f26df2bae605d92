/** What the Workers of recipes do. Each entry point passes what only some of them need. */
import { sealNative, setEngineWalls } from "../batch/mod.ts";
import { errorToData, serve } from "../sandbox/guest.ts";
import type { Plan } from "../plan/mod.ts";
import { executePlan } from "./execute.ts";
import type { RecipeTexts, SandboxTask } from "./sandbox_task.ts";

/** What a Worker can that may run code of a recipe, or its tests. */
export interface CodeAbilities {
  /** Loads the public interface: plug-ins import it by name, and may not read the files that it is made of. */
  readonly loadInterface: () => Promise<unknown>;
  readonly planFromTexts: (texts: RecipeTexts) => Promise<Plan>;
  /** Resolves to plain data. */
  readonly runTests: (task: Extract<SandboxTask, { kind: "test" }>, signal: AbortSignal) => Promise<unknown>;
}

/** Waits for a task and does it. */
export function serveTasks(code?: CodeAbilities): void {
  serve<SandboxTask>(async (task, { emit, signal, walls }) => {
    setEngineWalls(walls.paths, walls.temporaryDirectory);
    sealNative({ required: task.hasCode });
    if (task.hasCode) await abilities(code).loadInterface();
    switch (task.kind) {
      case "plan":
        return await abilities(code).planFromTexts(task.recipe);
      case "test":
        return await abilities(code).runTests(task, signal);
      case "run":
        return await executePlan(task.plan, { ...task.options, emit, signal, sandbox: true });
      case "describe": {
        const { inspectPlan } = await import("./inspect.ts");
        const described = await inspectPlan(task.plan, { ...task.options, emit, signal });
        return described.map((one) => ({ ...one, errors: one.errors.map(errorToData) }));
      }
      case "preview": {
        const { preview } = await import("./inspect.ts");
        return await preview(task.plan, { ...task.options, emit, signal });
      }
      case "infer": {
        const { inferSchema } = await import("./inspect.ts");
        return await inferSchema(task.plan, { ...task.options, emit, signal });
      }
      case "history": {
        const { schemaHistory } = await import("./inspect.ts");
        return await schemaHistory(task.plan, task.options);
      }
      case "check": {
        const { checkConnections } = await import("./inspect.ts");
        const results = await checkConnections(task.plan, { ...task.options, emit, signal });
        return results.map((one) => ({ ...one, error: one.error && errorToData(one.error) }));
      }
    }
  });
}

function abilities(code: CodeAbilities | undefined): CodeAbilities {
  if (code === undefined) throw new Error("This Worker runs no code of recipes.");
  return code;
}
