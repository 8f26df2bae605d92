/** Another source under the same recipe name: a position of the old one is not gone on from in silence. */
import assert from "node:assert/strict";
import { executePlan, prepareRecipe } from "../../src/app/mod.ts";
import { sql } from "./database.ts";
import { withHome } from "./home.ts";

async function run(home: string, source: string, options: { fullRefresh?: boolean } = {}) {
  await Deno.writeTextFile(
    `${home}/r.yaml`,
    `name: r\nsource: ${source}\ndestination: {type: duckdb, database: o.duckdb, table: t}\n`,
  );
  const { plan } = await prepareRecipe(`${home}/r.yaml`);
  return await executePlan(plan, { ...options, stateDirectory: `${home}/.state` });
}

async function ids(home: string) {
  const [row] = await sql(
    `ATTACH '${home}/o.duckdb' AS db (READ_ONLY)`,
    "SELECT string_agg(id, ',' ORDER BY id) AS ids FROM db.t",
  );
  return row!.ids;
}

const cursor = (path: string) =>
  `{type: csv, path: ${path}, incremental: {strategy: cursor, cursor_column: id}}`;

Deno.test("another file, table or connector stops the load with a cursor, and says what to do", () =>
  withHome(async (home) => {
    await Deno.writeTextFile(`${home}/a.csv`, "id\n8\n9\n");
    await Deno.writeTextFile(`${home}/b.csv`, "id\n1\n2\n");
    await sql(`ATTACH '${home}/s.duckdb' AS db`, "CREATE TABLE db.x AS SELECT 3::BIGINT AS id");
    assert.equal((await run(home, cursor("a.csv"))).error, undefined);
    const others = [
      cursor("b.csv"),
      "{type: duckdb, database: s.duckdb, table: x, incremental: {strategy: cursor, cursor_column: id}}",
    ];
    for (const source of others) {
      const { error, rows_read } = await run(home, source);
      assert.equal(error?.code, "SOURCE_CHANGED");
      assert.match(error!.message, /reached reading a\.csv \(csv\), and the recipe now reads /);
      assert.match(error!.hint!, /--full-refresh.*state set/);
      assert.equal(rows_read, 0);
    }
    assert.equal(await ids(home), "8,9", "nothing is changed");
    assert.equal((await run(home, cursor("a.csv"))).error, undefined, "the old source goes on");
    assert.equal((await run(home, cursor("b.csv"), { fullRefresh: true })).rows_written, 2);
    assert.equal(await ids(home), "1,2");
  }));

Deno.test("a folder may be moved with its recipe, and files that are new under another glob are loaded", () =>
  withHome(async (home) => {
    await Deno.mkdir(`${home}/one/in`, { recursive: true });
    await Deno.writeTextFile(`${home}/one/in/a.csv`, "id\n8\n");
    assert.equal((await run(`${home}/one`, cursor("in/*.csv"))).error, undefined);
    await Deno.rename(`${home}/one`, `${home}/two`);
    await Deno.writeTextFile(`${home}/two/in/b.csv`, "id\n9\n");
    const moved = await run(`${home}/two`, cursor("in/*.csv"));
    assert.equal(moved.error, undefined, moved.error?.message);
    assert.equal(await ids(`${home}/two`), "8,9");
    const modified = (path: string) => `{type: csv, path: "${path}", incremental: {strategy: modified_time}}`;
    await Deno.mkdir(`${home}/three`);
    await Deno.writeTextFile(`${home}/three/a1.csv`, "id\n1\n");
    await Deno.writeTextFile(`${home}/three/b1.csv`, "id\n2\n");
    assert.equal((await run(`${home}/three`, modified("a*.csv"))).rows_written, 1);
    assert.equal((await run(`${home}/three`, modified("*1.csv"))).rows_written, 1, "the file that is new");
    assert.equal(await ids(`${home}/three`), "1,2");
  }));
