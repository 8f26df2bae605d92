/** What the sandbox costs: the quickstart with and without it, alternating, in processes of their own. */
import { fileURLToPath } from "node:url";
import { median } from "./measure.ts";
import { timed } from "./process.ts";

export interface SandboxResult {
  /** Median wall time of the whole process in milliseconds. */
  readonly sandboxedMs: number;
  readonly freeMs: number;
  /** Median of the differences of runs that followed each other. */
  readonly differenceMs: number;
  readonly limitMs: number;
}

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));
const RECIPES = fileURLToPath(new URL("../../recipes/", import.meta.url)).replaceAll("\\", "/");

/** Runs `recipes/quickstart/weather.yaml` from the beginning, `repeat` times each way. */
export async function measureSandbox(options: { repeat: number }): Promise<SandboxResult> {
  const directory = await Deno.makeTempDir({ prefix: "dataloader_bench_" });
  try {
    await copyTree(RECIPES, `${directory}/recipes`);
    const run = async (...args: string[]) =>
      (await timed([
        "run",
        "-A",
        MAIN,
        "run",
        `${directory}/recipes/quickstart/weather.yaml`,
        "--state-dir",
        `${directory}/state`,
        "--full-refresh",
        "--json",
        ...args,
      ])).processMs;
    await run();
    await run("--no-sandbox");
    const pairs: [number, number][] = [];
    for (let i = 0; i < options.repeat; i++) pairs.push([await run(), await run("--no-sandbox")]);
    return {
      sandboxedMs: median(pairs.map(([sandboxed]) => sandboxed)),
      freeMs: median(pairs.map(([, free]) => free)),
      differenceMs: median(pairs.map(([sandboxed, free]) => sandboxed - free)),
      limitMs: 150,
    };
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

async function copyTree(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for await (const entry of Deno.readDir(from)) {
    const [source, target] = [`${from}/${entry.name}`, `${to}/${entry.name}`];
    if (entry.isDirectory) await copyTree(source, target);
    else await Deno.copyFile(source, target);
  }
}

if (import.meta.main) {
  const result = await measureSandbox({ repeat: Number(Deno.args[0] ?? 10) });
  await Deno.stdout.write(new TextEncoder().encode(`${JSON.stringify(result)}\n`));
}
