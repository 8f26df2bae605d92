/** The report as people read it. */
import type { MachineFacts } from "./machine.ts";
import type { FlowResult, GrowthResult } from "./measure.ts";
import { MEMORY_LIMIT, type ServerFlowResult } from "./postgres_run.ts";
import type { SandboxResult } from "./sandbox.ts";
import type { StartUpResult } from "./start_up.ts";

export interface BenchReport {
  readonly machine: MachineFacts;
  readonly rows: number;
  readonly repeat: number;
  readonly flows: readonly FlowResult[];
  /** Undefined where no such flow was chosen, or there is no server. */
  readonly postgres?: { readonly version: string; readonly results: readonly ServerFlowResult[] };
  readonly startUp: readonly StartUpResult[];
  readonly sandbox: SandboxResult;
  readonly growth: readonly GrowthResult[];
}

/** What a run may take beyond 1.10 × DuckDB's own statement. */
const ALLOWANCE_MS = 400;
/** Peak memory at ten times the rows may be so many times that at the smaller size. */
const GROWTH_LIMIT = 1.3;

const seconds = (ms: number) => (ms / 1000).toFixed(2);
const megabytes = (bytes: number | undefined) =>
  bytes === undefined || Number.isNaN(bytes) ? "n/a" : Math.round(bytes / 2 ** 20).toLocaleString("en");
const table = (rows: readonly (readonly string[])[]) => {
  const [head, ...body] = rows.map((row) => `| ${row.join(" | ")} |`);
  return [head, `|---${"|---:".repeat(rows[0]!.length - 1)}|`, ...body].join("\n");
};

/** The tables in Markdown, with the facts that they hold for. */
export function toMarkdown(report: BenchReport): string {
  const { machine } = report;
  const parts = [
    `${report.rows.toLocaleString("en")} rows × 10 columns, median of ${report.repeat} runs each. ` +
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGib} GiB, ${machine.os}; ` +
    `Deno ${machine.deno}, DuckDB ${machine.duckdb}.`,
    ...(report.flows.length === 0 ? [] : [flowTable(report.flows)]),
    ...(report.postgres === undefined ? [] : [serverTable(report.postgres)]),
    startUpTable(report.startUp),
    sandboxTable(report.sandbox),
  ];
  if (report.growth.length > 0) parts.push(growthTable(report.growth));
  return parts.join("\n\n") + "\n";
}

function flowTable(flows: readonly FlowResult[]): string {
  return table([
    [
      "flow",
      "DuckDB s",
      "dataloader s",
      "ratio",
      "limit s",
      "rows/s",
      "CPU s, DuckDB",
      "CPU s, dataloader",
      "peak MiB, DuckDB",
      "peak MiB, dataloader",
    ],
    ...flows.map((flow) => [
      flow.title,
      seconds(flow.native.ms),
      seconds(flow.ours.ms),
      flow.ratio.toFixed(2),
      seconds(flow.limitMs),
      Math.round(flow.rowsIn / (flow.ours.ms / 1000)).toLocaleString("en"),
      seconds(flow.native.cpuMs),
      seconds(flow.ours.cpuMs),
      megabytes(flow.native.rssBytes),
      megabytes(flow.ours.rssBytes),
    ]),
  ]);
}

function serverTable({ version, results }: NonNullable<BenchReport["postgres"]>): string {
  const large = results.find((flow) => flow.large !== undefined)?.large;
  const head = [
    `PostgreSQL ${version}`,
    "against",
    "s",
    "dataloader s",
    "ratio",
    "at most",
    "rows/s",
    "CPU s, psql and DuckDB",
    "CPU s, dataloader",
    "peak MiB, dataloader",
    ...(large === undefined ? [] : [`at ${large.rows / 1_000_000} M rows`]),
  ];
  return table([
    head,
    ...results.map((flow) => [
      flow.title,
      flow.against,
      seconds(flow.native.ms),
      seconds(flow.ours.ms),
      flow.ratio.toFixed(2),
      flow.limit.toFixed(2),
      Math.round(flow.rows / (flow.ours.ms / 1000)).toLocaleString("en"),
      seconds(flow.native.cpuMs),
      seconds(flow.ours.cpuMs),
      megabytes(flow.ours.rssBytes),
      ...(large === undefined ? [] : [megabytes(flow.large?.rssBytes)]),
    ]),
  ]);
}

function startUpTable(results: readonly StartUpResult[]): string {
  return table([
    ["command", "wall ms", "limit ms", "loads no driver"],
    ...results.map((result) => [
      result.command,
      String(Math.round(result.ms)),
      String(result.limitMs),
      result.withoutDriver ? "yes" : "NO",
    ]),
  ]);
}

function sandboxTable(result: SandboxResult): string {
  const ms = [result.sandboxedMs, result.freeMs, result.differenceMs, result.limitMs].map(Math.round).map(
    String,
  );
  return table([
    ["command", "in the sandbox, wall ms", "--no-sandbox", "difference", "limit"],
    ["run of the quickstart", ...ms],
  ]);
}

function growthTable(results: readonly GrowthResult[]): string {
  const rows = (count: number) => `${count / 1_000_000} M`;
  const [first] = results;
  const [small, large] = [rows(first!.smallRows), rows(first!.largeRows)];
  return table([
    ["flow", `peak MiB at ${small}`, `at ${large}`, "ratio", `DuckDB at ${small}`, `at ${large}`, "ratio"],
    ...results.map((result) => [
      result.title,
      ...[result.ours, result.native].flatMap(([a, b]) => [megabytes(a), megabytes(b), (b / a).toFixed(2)]),
    ]),
  ]);
}

/** What passes its limit, one line each. */
export function failures(report: BenchReport): string[] {
  return [
    ...report.flows.filter((flow) => flow.beyondMs > ALLOWANCE_MS).map((flow) =>
      `${flow.title}: ${seconds(flow.beyondMs)} s beyond 1.10 × DuckDB's own, limit ${
        seconds(ALLOWANCE_MS)
      } s`
    ),
    ...(report.postgres?.results ?? []).filter((flow) => flow.ratio > flow.limit).map((flow) =>
      `${flow.title}: ${flow.ratio.toFixed(2)} times as long as ${flow.against}, limit ${
        flow.limit.toFixed(2)
      }`
    ),
    ...(report.postgres?.results ?? []).flatMap((flow) =>
      [flow.ours.rssBytes, flow.large?.rssBytes].filter((bytes) => (bytes ?? 0) > MEMORY_LIMIT).map((bytes) =>
        `${flow.title}: peak memory ${megabytes(bytes)} MiB, limit ${megabytes(MEMORY_LIMIT)} MiB`
      )
    ),
    ...report.startUp.filter((result) => result.ms > result.limitMs).map((result) =>
      `${result.command}: ${Math.round(result.ms)} ms, limit ${result.limitMs} ms`
    ),
    ...report.startUp.filter((result) => !result.withoutDriver).map((result) =>
      `${result.command} loads a driver`
    ),
    ...(report.sandbox.differenceMs > report.sandbox.limitMs
      ? [
        `the sandbox costs ${Math.round(report.sandbox.differenceMs)} ms, limit ${report.sandbox.limitMs} ms`,
      ]
      : []),
    ...report.growth.filter(({ ours: [small, large] }) => large > GROWTH_LIMIT * small).map((result) =>
      `${result.title}: peak memory grows ${
        (result.ours[1] / result.ours[0]).toFixed(2)
      } times, limit ${GROWTH_LIMIT}`
    ),
  ];
}

const BEGIN = "<!-- deno task bench --write: begin -->";
const END = "<!-- deno task bench --write: end -->";

/** Puts the tables between the marks in `docs/benchmarks.md`. */
export async function writeDocs(report: BenchReport): Promise<void> {
  const path = new URL("../../docs/benchmarks.md", import.meta.url);
  const text = await Deno.readTextFile(path);
  const [from, to] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`docs/benchmarks.md lacks the marks "${BEGIN}" and "${END}"`);
  const taken = new Date().toISOString().slice(0, 10);
  await Deno.writeTextFile(
    path,
    `${text.slice(0, from)}${BEGIN}\n\nTaken ${taken}. ${toMarkdown(report)}\n${text.slice(to)}`,
  );
}
