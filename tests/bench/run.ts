// deno-lint-ignore-file no-console -- a script: it prints what it finds
/**
 * `deno task bench`: our runs against DuckDB's own statements, and against psql, alternating, in processes of their own.
 *
 *     --rows N      rows of the generated files (default 3,000,000)
 *     --repeat N    repetitions of each side (default 5); the median counts
 *     --flow NAME   one flow only, repeatable
 *     --large       memory at ten times the rows as well
 *     --cache DIR   where generated files are kept (default: `dataloader_bench` in the temp directory)
 *     --json        one JSON object instead of the tables
 *     --check       exit 1 where a limit is passed
 *     --write       put the tables into docs/benchmarks.md
 */
import { tmpdir } from "node:os";
import { parseArgs } from "node:util";
import { ensureData } from "./data.ts";
import { FLOWS } from "./flows.ts";
import { machineFacts } from "./machine.ts";
import { type FlowResult, measureFlow, measureGrowth } from "./measure.ts";
import { type BenchReport, failures, toMarkdown, writeDocs } from "./report.ts";
import { postgresMissing } from "../servers/postgres_test_case.ts";
import { SERVER_FLOWS } from "./postgres_flows.ts";
import { measureServerFlows } from "./postgres_run.ts";
import { measureSandbox } from "./sandbox.ts";
import { measureStartUp } from "./start_up.ts";

const { values } = parseArgs({
  args: Deno.args,
  options: {
    rows: { type: "string", default: "3000000" },
    repeat: { type: "string", default: "5" },
    flow: { type: "string", multiple: true },
    large: { type: "boolean", default: false },
    cache: { type: "string", default: `${tmpdir().replaceAll("\\", "/")}/dataloader_bench` },
    json: { type: "boolean", default: false },
    check: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
  },
});

const rows = wholeNumber("--rows", values.rows);
const repeat = wholeNumber("--repeat", values.repeat);
const wanted = (flow: { name: string }) => values.flow === undefined || values.flow.includes(flow.name);
const [chosen, onServer] = [FLOWS.filter(wanted), SERVER_FLOWS.filter(wanted)];
if (chosen.length + onServer.length === 0) {
  console.error(`--flow: known are ${[...FLOWS, ...SERVER_FLOWS].map((flow) => flow.name).join(", ")}`);
  Deno.exit(2);
}

console.error(`Generating ${rows.toLocaleString("en")} rows in ${values.cache} …`);
const data = await ensureData(values.cache, rows);
const flows: FlowResult[] = [];
for (const flow of chosen) {
  console.error(`${flow.title} …`);
  flows.push(await measureFlow(flow, data, { repeat }));
}
const missing = postgresMissing();
if (missing !== undefined && onServer.length > 0) console.error(`PostgreSQL is left out: ${missing}`);
const postgres = missing !== undefined || onServer.length === 0
  ? undefined
  : await measureServerFlows(onServer, {
    cache: values.cache,
    rows,
    repeat,
    large: values.large ? Math.round(rows * 10 / 3) : undefined,
  });
console.error("Start-up …");
const startUp = await measureStartUp({ repeat: 7 });
console.error("Sandbox …");
const sandbox = await measureSandbox({ repeat: 10 });
const growth = values.large
  ? await measureGrowth(chosen, { small: data, large: await ensureData(values.cache, rows * 10) })
  : [];

const report: BenchReport = {
  machine: await machineFacts(),
  rows,
  repeat,
  flows,
  postgres,
  startUp,
  sandbox,
  growth,
};
console.log(values.json ? JSON.stringify(report, null, 2) : toMarkdown(report));
if (values.write) await writeDocs(report);
const missed = failures(report);
for (const line of missed) console.error(`over the limit: ${line}`);
if (values.check && missed.length > 0) Deno.exit(1);

function wholeNumber(flag: string, text: string): number {
  const number = Number(text.replaceAll("_", ""));
  if (Number.isInteger(number) && number > 0) return number;
  console.error(`${flag} must be a whole number above 0, not "${text}"`);
  Deno.exit(2);
}
