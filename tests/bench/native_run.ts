// deno-lint-ignore-file no-console -- a script: it prints what it finds
/** A process of its own: runs SQL statements on a DuckDB in memory and prints how long they took and its peak memory. */
import { DuckDBInstance } from "@duckdb/node-api";
import { cpuTime, peakRss, type RunFigures } from "./process.ts";

const statements: string[] = JSON.parse(Deno.args[0]!);
const began = performance.now();
const instance = await DuckDBInstance.create(":memory:");
const connection = await instance.connect();
// As our sessions have it: no terminal bar, and times in UTC.
await connection.run("SET enable_progress_bar = false");
await connection.run("SET TimeZone = 'UTC'");
let last: unknown;
for (const sql of statements) {
  const reader = await connection.runAndReadAll(sql);
  last = reader.getRowObjects()[0]?.n;
}
connection.closeSync();
instance.closeSync();
const figures: RunFigures = {
  ms: performance.now() - began,
  cpuMs: cpuTime(),
  rssBytes: await peakRss(),
  value: last === undefined ? undefined : Number(last),
};
console.log(JSON.stringify(figures));
