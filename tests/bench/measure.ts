// deno-lint-ignore-file no-console -- a script: it prints what it finds
/** Running one flow both ways, and what comes of it. */
import type { BenchData } from "./data.ts";
import type { Flow, FlowTarget } from "./flows.ts";
import { measure, type Measured } from "./process.ts";

/** One side of a flow: medians over its repetitions. */
export interface Side {
  /** From opening the engine to closing it, in milliseconds: the recipe is read and planned in it on our side. */
  readonly ms: number;
  /** The whole process, in milliseconds. */
  readonly processMs: number;
  /** Processor time of all threads, in milliseconds. */
  readonly cpuMs: number;
  /** Peak resident memory in bytes: the highest of the repetitions. */
  readonly rssBytes?: number;
  /** `ms` of each repetition. */
  readonly all: readonly number[];
}

export interface FlowResult {
  readonly name: string;
  readonly title: string;
  readonly rowsIn: number;
  readonly rowsOut: number;
  readonly native: Side;
  readonly ours: Side;
  /** Of each pair of runs, ours over DuckDB's: the median. A slow spell of the machine meets both of a pair. */
  readonly ratio: number;
  /** Of each pair, what ours took beyond 1.10 × DuckDB's, in milliseconds: the median. */
  readonly beyondMs: number;
  /** 1.10 × native + 400 ms. */
  readonly limitMs: number;
}

/** Peak memory of one flow at two sizes. */
export interface GrowthResult {
  readonly title: string;
  readonly smallRows: number;
  readonly largeRows: number;
  readonly ours: readonly [small: number, large: number];
  readonly native: readonly [small: number, large: number];
  readonly msLarge: { readonly ours: number; readonly native: number };
}

/** Runs both sides `repeat` times, in turns, so that a slow spell of the machine meets both. */
export async function measureFlow(
  flow: Flow,
  data: BenchData,
  options: { repeat: number },
): Promise<FlowResult> {
  const ours: Measured[] = [];
  const native: Measured[] = [];
  let rowsOut = 0;
  await warm(flow, data);
  for (let i = 0; i < options.repeat; i++) {
    const first = i % 2 === 0 ? "native" : "ours";
    for (const side of [first, first === "native" ? "ours" : "native"]) {
      const run = await runOnce(flow, data, side as "native" | "ours");
      (side === "ours" ? ours : native).push(run.figures);
      if (rowsOut !== 0 && run.rowsOut !== rowsOut) {
        throw new Error(`${flow.title}: ${side} wrote ${run.rowsOut} rows, the other side ${rowsOut}`);
      }
      rowsOut = run.rowsOut;
    }
  }
  const [a, b] = [sideOf(ours), sideOf(native)];
  return {
    name: flow.name,
    title: flow.title,
    rowsIn: data.rows,
    rowsOut,
    native: b,
    ours: a,
    ratio: median(ours.map((run, i) => run.ms / native[i]!.ms)),
    beyondMs: median(ours.map((run, i) => run.ms - 1.10 * native[i]!.ms)),
    limitMs: 1.10 * b.ms + 400,
  };
}

/** Peak memory at ten times the rows, one run each. */
export async function measureGrowth(
  flows: readonly Flow[],
  data: { small: BenchData; large: BenchData },
): Promise<GrowthResult[]> {
  const results: GrowthResult[] = [];
  for (const flow of flows) {
    console.error(`${flow.title}, ${data.large.rows.toLocaleString("en")} rows …`);
    const runs = {
      oursSmall: await runOnce(flow, data.small, "ours"),
      oursLarge: await runOnce(flow, data.large, "ours"),
      nativeSmall: await runOnce(flow, data.small, "native"),
      nativeLarge: await runOnce(flow, data.large, "native"),
    };
    const rss = (run: { figures: Measured }) => run.figures.rssBytes ?? NaN;
    results.push({
      title: flow.title,
      smallRows: data.small.rows,
      largeRows: data.large.rows,
      ours: [rss(runs.oursSmall), rss(runs.oursLarge)],
      native: [rss(runs.nativeSmall), rss(runs.nativeLarge)],
      msLarge: { ours: runs.oursLarge.figures.ms, native: runs.nativeLarge.figures.ms },
    });
  }
  return results;
}

/** Brings the input into the page cache, so that the first side pays for no disk that the second doesn't. */
async function warm(flow: Flow, data: BenchData): Promise<void> {
  const source = (flow.recipe(data, { directory: "" }).source as { path: string }).path;
  using file = await Deno.open(source);
  for await (const _chunk of file.readable.values({ preventCancel: true })) { /* reading is all */ }
}

async function runOnce(
  flow: Flow,
  data: BenchData,
  side: "native" | "ours",
): Promise<{ figures: Measured; rowsOut: number }> {
  const directory = (await Deno.makeTempDir({ prefix: "dataloader_bench_" })).replaceAll("\\", "/");
  try {
    const target: FlowTarget = { directory };
    const figures = side === "native"
      ? await measure("native_run.ts", [JSON.stringify(flow.native(data, target))])
      : await runOurs(flow, data, target);
    const count = await measure("native_run.ts", [JSON.stringify(flow.count(target))]);
    return { figures, rowsOut: count.value! };
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

async function runOurs(flow: Flow, data: BenchData, target: FlowTarget): Promise<Measured> {
  const recipe = `${target.directory}/recipe.yaml`;
  await Deno.writeTextFile(recipe, JSON.stringify({ name: flow.name, ...flow.recipe(data, target) }));
  return await measure("our_run.ts", [recipe, `${target.directory}/state`]);
}

/** The medians of several runs. */
export function sideOf(runs: readonly Measured[]): Side {
  const peaks = runs.map((run) => run.rssBytes).filter((bytes) => bytes !== undefined);
  return {
    ms: median(runs.map((run) => run.ms)),
    processMs: median(runs.map((run) => run.processMs)),
    cpuMs: median(runs.map((run) => run.cpuMs)),
    rssBytes: peaks.length === 0 ? undefined : Math.max(...peaks),
    all: runs.map((run) => Math.round(run.ms)),
  };
}

/** The middle value; of an even number the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
