// deno-lint-ignore-file no-console -- a script: it prints what it finds
/**
 * What validation costs: CSV → Parquet with ten rules and quarantine against the same load without rules, alternating, in
 * processes of their own. About one row in a hundred breaks a rule.
 *
 *     deno run -A tests/bench/validation.ts [--rows 3000000] [--repeat 5] [--cache DIR] [--check]
 */
import { tmpdir } from "node:os";
import { parseArgs } from "node:util";
import { ensureData } from "./data.ts";
import { median } from "./measure.ts";
import { measure, type Measured } from "./process.ts";

/** Most that the load may take, as a multiple of the load without rules. */
const LIMIT = 1.35;

/** One of each kind that looks at a row, on columns of all types. */
export const TEN_RULES = [
  { column: "id", required: true },
  { column: "big", min: 0 },
  { column: "measure", type: "number", max: 2000000 },
  { column: "amount", min: 0, max: 1000000 },
  { column: "code", pattern: "^C[0-9]{4}$" },
  { column: "note", max_length: 200 },
  { column: "active", values: [true, false] },
  { column: "day", min: "2015-01-01", max: "2024-12-31" },
  { column: "created", type: "datetime", min: "2020-01-01" },
  // The hash of `score` gives 0 to 99: this one is broken by about one row in a hundred.
  { name: "score", expression: "score < 99 OR active IS NULL" },
];

if (import.meta.main) {
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      rows: { type: "string", default: "3000000" },
      repeat: { type: "string", default: "5" },
      cache: { type: "string", default: `${tmpdir().replaceAll("\\", "/")}/dataloader_bench` },
      check: { type: "boolean", default: false },
    },
  });
  const data = await ensureData(values.cache, Number(values.rows));
  const runs: Record<"plain" | "rules", Measured[]> = { plain: [], rules: [] };
  for (let i = 0; i < Number(values.repeat); i++) {
    for (const side of i % 2 === 0 ? ["plain", "rules"] as const : ["rules", "plain"] as const) {
      runs[side].push(await runOnce(data.csv, side));
    }
  }
  const ratio = (pick: (run: Measured) => number) =>
    median(runs.rules.map(pick)) / median(runs.plain.map(pick));
  const [wall, cpu] = [ratio((run) => run.ms), ratio((run) => run.cpuMs)];
  for (const side of ["plain", "rules"] as const) {
    const ms = (pick: (run: Measured) => number) => runs[side].map((run) => Math.round(pick(run))).join(", ");
    console.log(
      `${side}: wall ${ms((run) => run.ms)} ms; CPU ${ms((run) => run.cpuMs)} ms; rows ${
        runs[side][0]!.value
      }; peak ${Math.round(Math.max(...runs[side].map((run) => run.rssBytes ?? 0)) / 1e6)} MB`,
    );
  }
  console.log(`rules / plain: wall ${wall.toFixed(2)}, CPU ${cpu.toFixed(2)} (limit ${LIMIT})`);
  if (values.check && cpu > LIMIT) Deno.exit(1);
}

async function runOnce(csv: string, side: "plain" | "rules"): Promise<Measured> {
  const directory = (await Deno.makeTempDir({ prefix: "dataloader_bench_" })).replaceAll("\\", "/");
  try {
    const recipe = `${directory}/recipe.yaml`;
    await Deno.writeTextFile(
      recipe,
      JSON.stringify({
        name: "validation",
        source: { type: "filestore", path: csv },
        destination: { type: "filestore", path: `${directory}/out.parquet`, write_mode: "overwrite" },
        ...(side === "plain" ? {} : {
          validation: { rules: TEN_RULES, on_error: "quarantine", quarantine: `${directory}/bad.jsonl` },
        }),
      }),
    );
    return await measure("our_run.ts", [recipe, `${directory}/state`]);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}
