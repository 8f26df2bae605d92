// deno-lint-ignore-file no-console -- a script: it prints what it finds
/** A process of its own: runs a recipe through the app layer and prints how long it took and its peak memory. */
import { executePlan, prepareRecipe } from "../../src/app/mod.ts";
import { cpuTime, peakRss, type RunFigures } from "./process.ts";

const [recipe, stateDirectory] = Deno.args;
const began = performance.now();
const { plan } = await prepareRecipe(recipe!);
const summary = await executePlan(plan, { stateDirectory });
if (summary.status !== "succeeded") {
  console.error(JSON.stringify(summary.error));
  Deno.exit(1);
}
const figures: RunFigures = {
  ms: performance.now() - began,
  cpuMs: cpuTime(),
  rssBytes: await peakRss(),
  value: summary.rows_written,
};
console.log(JSON.stringify(figures));
