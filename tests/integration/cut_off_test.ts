/**
 * A run that is cut off at each saving of its state, with the real connectors: between the commit of the last batch and the
 * end of the run there is nothing left to read, and a run that takes it up must know that.
 */
import assert from "node:assert/strict";
import { executePlan, prepareRecipe } from "../../src/app/mod.ts";
import type { State, StateBackend } from "../../src/sdk/mod.ts";
import { LocalStateBackend } from "../../src/state/mod.ts";
import { sql } from "./database.ts";

/** Ends the run at save number `failAt`, as a killed process would: nothing is saved from then on. */
class CutOff implements StateBackend {
  readonly #real: StateBackend;
  readonly #failAt: number;
  saves = 0;

  constructor(real: StateBackend, failAt: number) {
    this.#real = real;
    this.#failAt = failAt;
  }

  load(recipe: string): Promise<State | undefined> {
    return this.#real.load(recipe);
  }

  save(recipe: string, state: State): Promise<State> {
    this.saves += 1;
    return this.saves >= this.#failAt ? Promise.reject(new Error("cut off")) : this.#real.save(recipe, state);
  }

  describe(recipe: string): string {
    return this.#real.describe(recipe);
  }
}

const DESTINATIONS = [
  {
    name: "duckdb append",
    yaml: "{type: duckdb, database: out.duckdb, table: t, write_mode: append}",
    db: true,
  },
  {
    name: "duckdb overwrite",
    yaml: "{type: duckdb, database: out.duckdb, table: t, write_mode: overwrite}",
    db: true,
  },
  { name: "folder append", yaml: "{type: parquet, path: out/, write_mode: append}", db: false },
  { name: "folder overwrite", yaml: "{type: parquet, path: out/, write_mode: overwrite}", db: false },
] as const;

for (const incremental of [false, true]) {
  for (const { name, yaml, db } of DESTINATIONS) {
    if (incremental && name.endsWith("overwrite")) continue;
    Deno.test(`cut off at each saving of the state: ${name}${incremental ? ", incremental" : ""}`, async () => {
      for (let failAt = 1;; failAt++) {
        const directory = await Deno.makeTempDir();
        try {
          await Deno.writeTextFile(`${directory}/in.csv`, "id,v\n1,a\n2,b\n3,c\n");
          const by = incremental ? ", incremental: {strategy: modified_time}" : "";
          const recipe = `name: r\nsource: {type: csv, path: in.csv${by}}\ndestination: ${yaml}\n`;
          await Deno.writeTextFile(`${directory}/r.yaml`, recipe);
          const { plan } = await prepareRecipe(`${directory}/r.yaml`);
          const real = new LocalStateBackend(`${directory}/.state`);
          const cutOff = new CutOff(real, failAt);
          const first = await executePlan(plan, { stateBackend: cutOff });
          if (cutOff.saves < failAt) {
            assert.equal(first.status, "succeeded");
            assert.ok(failAt > 1, "the run saves its state");
            return;
          }
          assert.equal(first.status, "failed");
          const second = await executePlan(plan, { stateBackend: real });
          assert.equal(second.error, undefined);
          const from = db ? "db.t" : `read_parquet('${directory}/out/*.parquet')`;
          const attach = db ? [`ATTACH '${directory}/out.duckdb' AS db (READ_ONLY)`] : [];
          assert.deepEqual(
            (await sql(...attach, `SELECT string_agg(id, ',' ORDER BY id) AS ids FROM ${from}`)).map(
              Object.values,
            ),
            [["1,2,3"]],
            `cut off at save ${failAt}`,
          );
        } finally {
          await Deno.remove(directory, { recursive: true });
        }
      }
    });
  }
}
