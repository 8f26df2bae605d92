// deno-lint-ignore-file no-console -- a script: it prints what it finds
/** A process of its own: finds the types of a CSV file's columns from all of its rows, and prints how long that took. */
import { createSession } from "../../src/batch/mod.ts";
import { registerBuiltins } from "../../src/builtin.ts";
import { EMPTY_SOURCE_STATE, getConnector } from "../../src/sdk/mod.ts";
import { cpuTime, peakRss, type RunFigures } from "./process.ts";

const [path] = Deno.args;
const began = performance.now();
registerBuiltins();
const connector = getConnector("csv");
const session = await createSession({ memoryLimit: "512MB" });
const { openSource } = await connector.openSource!();
const source = await openSource(connector.config.parse({ path }), {
  session,
  log: { log: () => {} },
  signal: new AbortController().signal,
  recipe: "bench",
  resource: "main",
});
const { schema } = await source.describe({
  runId: "bench",
  writeMode: "append",
  batchSize: 100_000,
  parallelism: 2,
  startedAt: new Date().toISOString(),
  wholeColumns: true,
}, EMPTY_SOURCE_STATE);
await source.close();
await session.close();
const figures: RunFigures = {
  ms: performance.now() - began,
  cpuMs: cpuTime(),
  rssBytes: await peakRss(),
  value: schema.fields.length,
};
console.log(JSON.stringify(figures));
