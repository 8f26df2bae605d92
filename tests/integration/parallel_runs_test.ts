/** Two runs at once in one process that write one DuckDB file: none loses a row of the other's. */
import assert from "node:assert/strict";
import { runRecipeFromYaml } from "../../src/mod.ts";
import { sql } from "./database.ts";
import { withHome } from "./home.ts";

const ROWS = 200_000;

Deno.test("recipes that write one database at once, from TypeScript: all rows of those that succeed are there", () =>
  withHome(async (home) => {
    await Deno.writeTextFile(
      `${home}/in.csv`,
      `id\n${Array.from({ length: ROWS }, (_, i) => i).join("\n")}\n`,
    );
    const names = ["a", "b", "c"];
    for (const name of names) {
      await Deno.writeTextFile(
        `${home}/${name}.yaml`,
        `name: ${name}\nsource: {type: csv, path: in.csv}\n` +
          `destination: {type: duckdb, database: o.duckdb, table: ${name}}\n`,
      );
    }
    const runs = () =>
      Promise.allSettled(
        names.map((name) => runRecipeFromYaml(`${home}/${name}.yaml`, { stateDir: `${home}/.state` })),
      );
    const refused: string[] = [];
    const done = new Map(names.map((name) => [name, 0]));
    for (let i = 0; i < 2; i++) {
      (await runs()).forEach((run, n) => {
        if (run.status === "fulfilled") done.set(names[n]!, done.get(names[n]!)! + 1);
        else refused.push(run.reason.code);
      });
    }
    assert.ok(refused.every((code) => code === "DATABASE_LOCKED"), refused.join());
    assert.ok([...done.values()].some((n) => n > 0));
    for (const [name, times] of done) {
      if (times === 0) continue;
      const [row] = await sql(
        `ATTACH '${home}/o.duckdb' AS db (READ_ONLY)`,
        `SELECT count(*)::INTEGER AS n, count(DISTINCT id)::INTEGER AS ids FROM db.${name}`,
      );
      assert.deepEqual([row!.n, row!.ids], [times * ROWS, ROWS], name);
    }
  }));
