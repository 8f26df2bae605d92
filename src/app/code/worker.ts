/** The Worker of a recipe with code of its own (plug-ins, functions), and of the tests of recipes. */
import { planFromTexts } from "../prepare.ts";
import { serveTasks } from "../worker_tasks.ts";

serveTasks({
  loadInterface: () => import("../../mod.ts"),
  planFromTexts,
  runTests: async (task, signal) => (await import("../testing/run_tests.ts")).runTests(task, signal),
});
