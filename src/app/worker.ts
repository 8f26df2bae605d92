/** The Worker that does what a recipe asks for, holding only the permissions that the recipe needs. */
import { sealNative, setEngineWalls } from "../batch/mod.ts";
import { errorToData, serve } from "../sandbox/guest.ts";
import { executePlan } from "./execute.ts";
import type { SandboxTask } from "./sandbox_task.ts";

serve<SandboxTask>(async (task, { emit, signal, walls }) => {
  setEngineWalls(walls.paths, walls.temporaryDirectory);
  sealNative({ required: task.hasCode });
  // Plug-ins import it by name, and may not read the files that it is made of: what is loaded already can be had.
  if (task.hasCode) await import("../mod.ts");
  switch (task.kind) {
    case "plan": {
      const { planFromTexts } = await import("./prepare.ts");
      return await planFromTexts(task.recipe);
    }
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
    case "check": {
      const { checkConnections } = await import("./inspect.ts");
      const results = await checkConnections(task.plan, { ...task.options, emit, signal });
      return results.map((one) => ({ ...one, error: one.error && errorToData(one.error) }));
    }
  }
});
