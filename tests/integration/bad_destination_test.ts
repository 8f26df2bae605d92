/** Destinations that can't be written: a clear error, and what was there is as it was. Through the command line. */
import assert from "node:assert/strict";
import { type Expected, holdAgainst } from "./bad_input.ts";
import { cliCommand, runRecipe } from "./cli.ts";
import { queryFile, sql } from "./database.ts";
import { makeReadOnly, type Mounted, resize, withSmallDisk } from "./mounts.ts";
import { withHome } from "./home.ts";

/** Rows that need some 20 MB however they are written. */
const LARGE = "SELECT i AS id, md5(i::VARCHAR) || md5((-i)::VARCHAR) AS text FROM range(300000) r(i)";

const INTO = {
  duckdb: (directory: string) => ({ type: "duckdb", database: `${directory}/out.duckdb`, table: "rows" }),
  files: (directory: string) => ({ type: "parquet", path: `${directory}/out/`, write_mode: "overwrite" }),
};

async function writeRecipe(home: string, recipe: Record<string, unknown>): Promise<string> {
  // One attempt: the waiting between attempts is tested elsewhere.
  const whole = { name: "load", runtime: { retries: { max_attempts: 1 } }, ...recipe };
  await Deno.writeTextFile(`${home}/recipe.yaml`, JSON.stringify(whole));
  return `${home}/recipe.yaml`;
}

for (const [target, destination] of Object.entries(INTO)) {
  Deno.test(`bad destination: read-only disk → ${target}`, async (t) => {
    await withSmallDisk("16m", (disk) =>
      withHome(async (home) => {
        await onDisk(t, disk, async (path) => {
          await Deno.writeTextFile(`${home}/in.csv`, "id,text\n1,one\n");
          const recipe = await writeRecipe(home, {
            source: { type: "csv", path: "in.csv" },
            destination: destination(path),
          });
          const first = await runRecipe(recipe, { cwd: home });
          assert.equal(first.code, 0, first.stderr);
          await makeReadOnly(path);
          await Deno.writeTextFile(`${home}/in.csv`, "id,text\n2,two\n");
          const before = await Deno.readTextFile(`${home}/.state/load.json`);
          holdAgainst(await runRecipe(recipe, { cwd: home }), {
            exit: 1,
            code: { duckdb: "READ_ONLY_DATABASE", files: "READ_ONLY" }[target]!,
            says: [path],
            hint: /can be written|read-only/,
          });
          assert.deepEqual(await rowsOf(target, path), [{ id: "1", text: "one" }]);
          assert.deepEqual(position(await Deno.readTextFile(`${home}/.state/load.json`)), position(before));
        });
      }));
  });

  Deno.test(`bad destination: full disk → ${target}`, async (t) => {
    await withSmallDisk("6m", (disk) =>
      withHome(async (home) => {
        await onDisk(t, disk, async (path) => {
          await Deno.writeTextFile(`${home}/in.csv`, "id,text\n1,one\n");
          const recipe = await writeRecipe(home, {
            source: { type: "csv", path: "in.csv" },
            destination: destination(path),
          });
          const first = await runRecipe(recipe, { cwd: home });
          assert.equal(first.code, 0, first.stderr);
          await sql(`COPY (${LARGE}) TO '${home}/in.csv' (FORMAT csv, HEADER true)`);
          const expected: Expected = { exit: 1, code: "DISK_FULL", says: [path], hint: "free" };
          holdAgainst(await runRecipe(recipe, { cwd: home }), expected);
          assert.deepEqual(await rowsOf(target, path), [{ id: "1", text: "one" }], "the old rows are there");
          await resize(path, "64m");
          await Deno.writeTextFile(`${home}/in.csv`, "id,text\n2,two\n");
          const after = await runRecipe(recipe, { cwd: home });
          assert.equal(after.code, 0, after.stderr);
          assert.ok(
            (await rowsOf(target, path)).some((row) => row.text === "two"),
            "with space it goes through",
          );
        });
      }));
  });
}

async function onDisk(
  t: Deno.TestContext,
  disk: Mounted,
  body: (path: string) => Promise<void>,
): Promise<void> {
  if ("skipped" in disk) await t.step({ name: `skipped: ${disk.skipped}`, ignore: true, fn: () => {} });
  else await body(disk.path);
}

async function rowsOf(target: string, path: string) {
  const select = "SELECT id::VARCHAR AS id, text FROM";
  return target === "duckdb"
    ? await queryFile(`${path}/out.duckdb`, `${select} rows ORDER BY ALL`)
    : await sql(`${select} read_parquet('${path}/out/*.parquet') ORDER BY ALL`);
}

function position(text: string) {
  const { cursor_values, watermarks, checkpoints, sequence, in_flight } = JSON.parse(text);
  return { cursor_values, watermarks, checkpoints, sequence, in_flight };
}

Deno.test("bad destination: a DuckDB file that another process has open", async () => {
  await withHome(async (home) => {
    await Deno.writeTextFile(`${home}/in.csv`, "id,text\n1,one\n");
    const recipe = await writeRecipe(home, {
      source: { type: "csv", path: "in.csv" },
      destination: INTO.duckdb(home),
    });
    const holder = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", new URL("./hold_database.ts", import.meta.url).href, `${home}/out.duckdb`],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const reader = holder.stdout.getReader();
    await reader.read();
    holdAgainst(await runRecipe(recipe, { cwd: home }), {
      exit: 1,
      code: "DATABASE_LOCKED",
      says: ["out.duckdb", String(holder.pid)],
      hint: /close|wait/,
    });
    await reader.cancel();
    await holder.stdin.close();
    await holder.status;
    assert.deepEqual(
      await queryFile(
        `${home}/out.duckdb`,
        "SELECT table_name FROM duckdb_tables() WHERE database_name = 'db'",
      ),
      [{ table_name: "held" }],
    );
    const after = await runRecipe(recipe, { cwd: home });
    assert.equal(after.code, 0, "once it is free the load goes through");
  });
});

Deno.test("bad destination: two runs of one recipe at the same time", async () => {
  await withHome(async (home) => {
    await sql(`COPY (${LARGE}) TO '${home}/in.csv' (FORMAT csv, HEADER true)`);
    const recipe = await writeRecipe(home, {
      source: { type: "csv", path: "in.csv", incremental: { strategy: "modified_time" } },
      destination: INTO.duckdb(home),
    });
    const runs = await Promise.all(
      [0, 1].map(() => cliCommand(["run", recipe, "--json"], { cwd: home }).output()),
    );
    const summaries = runs.map((run) => JSON.parse(new TextDecoder().decode(run.stdout)));
    const failed = summaries.filter((summary) => summary.status !== "succeeded");
    // They may also have come one after the other; then the second has found nothing new.
    for (const summary of failed) {
      assert.equal(summary.error.code, "STATE_LOCKED", JSON.stringify(summary.error));
    }
    assert.ok(failed.length < 2, "one of them has loaded");
    assert.deepEqual(
      await queryFile(
        `${home}/out.duckdb`,
        "SELECT count(*)::INTEGER AS n, count(DISTINCT id)::INTEGER AS d FROM rows",
      ),
      [{ n: 300000, d: 300000 }],
    );
  });
});
