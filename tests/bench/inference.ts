// deno-lint-ignore-file no-console -- a script: it prints what it finds
/**
 * Types of the columns of a CSV file of about 1 GB from all of its rows, against DuckDB's own scan of all columns of all rows:
 *
 *     deno run -A tests/bench/inference.ts [--rows N] [--repeat N] [--cache DIR] [--check]
 *
 * The two alternate, each in a process of its own; the median counts. Limit: 1.2 times DuckDB's scan. DuckDB's own way to find
 * types from all rows (`sample_size = -1`) is shown beside it.
 */
import { tmpdir } from "node:os";
import { parseArgs } from "node:util";
import { ensureData } from "./data.ts";
import { measure, type Measured } from "./process.ts";

const LIMIT = 1.2;

const { values } = parseArgs({
  args: Deno.args,
  options: {
    rows: { type: "string", default: "6500000" },
    repeat: { type: "string", default: "3" },
    cache: { type: "string", default: `${tmpdir().replaceAll("\\", "/")}/dataloader_bench` },
    check: { type: "boolean", default: false },
  },
});

const { csv } = await ensureData(values.cache, Number(values.rows));
const columns = ["id", "big", "measure", "amount", "code", "note", "active", "day", "created", "score"];
// Every column is read and made its type; a count alone would leave them out.
const scan = `SELECT ${
  columns.map((name) => `max(${name})`).join(", ")
}, count(*) AS n FROM read_csv('${csv}')`;
const find = `SELECT count(*) AS n FROM (DESCRIBE SELECT * FROM read_csv('${csv}', sample_size = -1))`;
const sides: Record<string, () => Promise<Measured>> = {
  "dataloader, types of all rows": () => measure("infer_run.ts", [csv]),
  "DuckDB, scan of all rows": () => measure("native_run.ts", [JSON.stringify([scan])]),
  "DuckDB, sample_size = -1": () => measure("native_run.ts", [JSON.stringify([find])]),
};
const figures = new Map<string, Measured[]>(Object.keys(sides).map((name) => [name, []]));
for (let i = 0; i < Number(values.repeat); i++) {
  for (const [name, run] of Object.entries(sides)) figures.get(name)!.push(await run());
}
const median = (list: readonly number[]) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)]!;
const { size } = await Deno.stat(csv);
console.log(`${(size / 1e9).toFixed(2)} GB, ${values.rows} rows`);
const [ours, native] = [...figures].map(([name, list]) => {
  const [ms, cpuMs] = [median(list.map((f) => f.ms)), median(list.map((f) => f.cpuMs))];
  console.log(
    `${name.padEnd(32)} ${(ms / 1000).toFixed(2)} s wall, ${(cpuMs / 1000).toFixed(2)} s processor`,
  );
  return { ms, cpuMs };
});
const ratio = ours!.ms / native!.ms;
console.log(
  `${ratio.toFixed(2)} x wall, ${(ours!.cpuMs / native!.cpuMs).toFixed(2)} x processor (limit ${LIMIT})`,
);
if (values.check && ratio > LIMIT) Deno.exit(1);
