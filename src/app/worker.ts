/** The Worker that does what a recipe asks for, holding only the permissions that the recipe needs. */
import { sealNative, setEngineWalls } from "../batch/mod.ts";
import { errorToData, serve } from "../sandbox/guest.ts";
import { executePlan } from "./execute.ts";
import { checkConnections, inspectPlan, preview } from "./inspect.ts";
import { planFromTexts } from "./prepare.ts";
import type { SandboxTask } from "./sandbox_task.ts";

serve<SandboxTask>(async (task, { emit, signal, walls }) => {
  setEngineWalls(walls.paths, walls.temporaryDirectory);
  sealNative({ required: task.hasCode });
  switch (task.kind) {
    case "plan":
      return await planFromTexts(task.recipe);
    case "run":
      return await executePlan(task.plan, { ...task.options, emit, signal, sandbox: true });
    case "describe": {
      const described = await inspectPlan(task.plan, { ...task.options, emit, signal });
      return described.map((one) => ({ ...one, errors: one.errors.map(errorToData) }));
    }
    case "preview":
      return await preview(task.plan, { ...task.options, emit, signal });
    case "check": {
      const results = await checkConnections(task.plan, { ...task.options, emit, signal });
      return results.map((one) => ({ ...one, error: one.error && errorToData(one.error) }));
    }
  }
});

// Plug-ins import it by name; what is loaded already can be imported without reading a file.
await import("../mod.ts");
