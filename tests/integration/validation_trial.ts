/** One recipe with `validation` in a folder of its own: what tests of it share. */
import assert from "node:assert/strict";
import { executePlan, prepareRecipe } from "../../src/app/mod.ts";
import type { RunEvent, RunSummary } from "../../src/observe/mod.ts";
import type { Json } from "../../src/sdk/mod.ts";
import { sql } from "./database.ts";
import { withHome } from "./home.ts";

export const CSV = `id,email,age,status
1,a@b.co,30,active
2,nope,200,gone
3,,abc,active
4,d@e.org,,suspended
5,e@e.org,-1,active
`;

export const RULES = `
    - {column: email, type: email, required: true}
    - {column: age, type: integer, min: 0, max: 150}
    - {column: status, type: enum, values: [active, inactive, suspended]}
`;

export interface Setting {
  readonly rules?: string;
  readonly validation?: string;
  readonly destination?: string;
  readonly source?: string;
  readonly top?: string;
}

export const recipe = (
  {
    rules = RULES,
    validation = "",
    destination,
    source = "{type: csv, path: in.csv, columns: {age: string}}",
    top = "",
  }: Setting,
) =>
  `name: v
source: ${source}
destination: ${destination ?? "{type: duckdb, database: o.duckdb, table: t}"}
${top}
validation:
  ${validation}
  rules: ${rules}
`;

export class Trial {
  readonly events: RunEvent[] = [];
  constructor(readonly home: string) {}

  async write(files: Record<string, string>): Promise<void> {
    for (const [name, text] of Object.entries(files)) {
      await Deno.mkdir(`${this.home}/${name}`.replace(/\/[^/]*$/, ""), { recursive: true });
      await Deno.writeTextFile(`${this.home}/${name}`, text);
    }
  }

  async run(options: { fullRefresh?: boolean; dryRun?: boolean; limit?: number } = {}): Promise<RunSummary> {
    const { plan } = await prepareRecipe(`${this.home}/r.yaml`);
    this.events.length = 0;
    return await executePlan(plan, {
      ...options,
      stateDirectory: `${this.home}/.state`,
      emit: (event) => void this.events.push(event),
    });
  }

  async rows(select: string): Promise<Json[][]> {
    const found = await sql(`ATTACH '${this.home}/o.duckdb' AS db (READ_ONLY)`, "USE db", select);
    return found.map((row) => Object.values(row));
  }

  async ids(): Promise<string> {
    return (await this.rows("SELECT string_agg(id::VARCHAR, ',' ORDER BY id) FROM t"))[0]![0] as string;
  }

  async lines(path: string): Promise<Record<string, Json>[]> {
    const text = await Deno.readTextFile(`${this.home}/${path}`);
    return text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
  }
}

export async function trial(
  files: Record<string, string>,
  body: (trial: Trial) => Promise<void>,
): Promise<void> {
  await withHome(async (home) => {
    const it = new Trial(home);
    await it.write({ "in.csv": CSV, ...files });
    await body(it);
  });
}

/** read = written + rejected, in the summary and in the report. */
export function reconcile(summary: RunSummary): void {
  assert.equal(summary.rows_read, summary.rows_written + summary.rows_rejected);
  const { validation } = summary.resources[0]!;
  assert.equal(
    validation!.rows_checked,
    validation!.rows_accepted + validation!.rows_skipped + validation!.rows_quarantined +
      validation!.rows_failed,
  );
}
