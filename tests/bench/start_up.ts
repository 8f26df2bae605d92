/** How fast the commands that open nothing answer, and that they load no driver. */
import { fileURLToPath } from "node:url";
import { median } from "./measure.ts";
import { timed } from "./process.ts";

export interface StartUpResult {
  readonly command: string;
  /** Median wall time of the whole process in milliseconds. */
  readonly ms: number;
  readonly limitMs: number;
  /** It worked in a process that may load no native library, which every driver needs. */
  readonly withoutDriver: boolean;
}

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));

/** Measures `version` and `validate` of a recipe with two parents above it. */
export async function measureStartUp(options: { repeat: number }): Promise<StartUpResult[]> {
  const directory = await Deno.makeTempDir({ prefix: "dataloader_bench_" });
  try {
    await threeLevels(directory);
    return [
      await measureCommand("version", ["version"], { limitMs: 120, ...options }),
      await measureCommand("validate, 3 levels", ["validate", `${directory}/orders.yaml`], {
        limitMs: 250,
        ...options,
      }),
    ];
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

async function measureCommand(
  command: string,
  args: readonly string[],
  options: { repeat: number; limitMs: number },
): Promise<StartUpResult> {
  const times: number[] = [];
  await timed(["run", "-A", MAIN, ...args]);
  for (let i = 0; i < options.repeat; i++) {
    times.push((await timed(["run", "-A", MAIN, ...args])).processMs);
  }
  const withoutDriver = await timed(["run", "-A", "--deny-ffi", MAIN, ...args]).then(() => true, () => false);
  return { command, ms: median(times), limitMs: options.limitMs, withoutDriver };
}

async function threeLevels(directory: string): Promise<void> {
  const files = {
    "company.yaml": `
runtime: {batch_size: 20000, parallelism: 2}
vars: {region: eu}
macros:
  clean: "{% macro clean(column) %}trim({{ column }}){% endmacro %}"
`,
    "shop.yaml": `
extends: company.yaml
destination: {type: duckdb, database: shop.duckdb, write_mode: merge}
transform:
  steps:
    - {type: rename_columns, mapping: {fname: first_name}}
`,
    "orders.yaml": `
name: orders
extends: shop.yaml
source:
  type: csv
  path: "{{ var('region') }}/orders-*.csv"
  columns: {id: int, amount: "decimal(10,2)"}
  incremental: {strategy: modified_time}
transform:
  steps:
    - {type: cast, columns: {updated_at: datetime}}
    - {type: filter, where: "amount > 0"}
    - {type: add_column, name: loaded_by, value: "{{ recipe.name }}"}
destination: {table: orders, merge_keys: [id]}
`,
  };
  for (const [name, text] of Object.entries(files)) await Deno.writeTextFile(`${directory}/${name}`, text);
}
