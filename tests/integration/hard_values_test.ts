/** Input that is hard but right, and keys and states that are wrong. Through the command line. */
import assert from "node:assert/strict";
import { holdAgainst } from "./bad_input.ts";
import { runRecipe } from "./cli.ts";
import { queryFile } from "./database.ts";
import { withHome } from "./home.ts";

const INTO = { type: "duckdb", database: "out.duckdb", table: "rows" };

async function lay(
  home: string,
  recipe: Record<string, unknown>,
  files: Record<string, string>,
): Promise<string> {
  for (const [name, text] of Object.entries(files)) await Deno.writeTextFile(`${home}/${name}`, text);
  await Deno.writeTextFile(`${home}/load.yaml`, JSON.stringify({ name: "load", ...recipe }));
  return `${home}/load.yaml`;
}

async function load(home: string, recipe: Record<string, unknown>, files: Record<string, string>) {
  return await runRecipe(await lay(home, recipe, files), { cwd: home });
}

Deno.test("a file with a header only loads no rows, twice", async () => {
  await withHome(async (home) => {
    for (const text of ["id,name\n", "id,name\n"]) {
      const { code, summary } = await load(home, {
        source: { type: "csv", path: "in.csv", columns: { id: "int", name: "string" } },
        destination: INTO,
      }, { "in.csv": text });
      assert.deepEqual([code, summary.status, summary.rows_written], [0, "succeeded", 0]);
    }
  });
});

Deno.test("int64 and decimals at their limits load exactly", async () => {
  await withHome(async (home) => {
    const [low, high] = ["-9223372036854775808", "9223372036854775807"];
    const wide = "9".repeat(38);
    const { code, stderr } = await load(home, {
      source: {
        type: "csv",
        path: "in.csv",
        columns: { id: "int64", whole: "decimal(38,0)", part: "decimal(38,38)" },
      },
      destination: INTO,
    }, { "in.csv": `id,whole,part\n${low},-${wide},-0.${wide}\n${high},${wide},0.${wide}\n` });
    assert.equal(code, 0, stderr);
    const text =
      "SELECT id::VARCHAR AS id, whole::VARCHAR AS whole, part::VARCHAR AS part FROM rows ORDER BY rows.id";
    assert.deepEqual(await queryFile(`${home}/out.duckdb`, text), [
      { id: low, whole: `-${wide}`, part: `-.${wide}` },
      { id: high, whole: wide, part: `.${wide}` },
    ]);
  });
});

Deno.test("10,000 columns load", async () => {
  await withHome(async (home) => {
    const columns = Array.from({ length: 10_000 }, (_, i) => `c${i}`);
    const { code, stderr } = await load(
      home,
      { source: { type: "csv", path: "in.csv" }, destination: INTO },
      {
        "in.csv": `${columns.join(",")}\n${columns.map((_, i) => i).join(",")}\n`,
      },
    );
    assert.equal(code, 0, stderr);
    assert.deepEqual(
      await queryFile(`${home}/out.duckdb`, "SELECT c0::INTEGER AS a, c9999::INTEGER AS z FROM rows"),
      [{ a: 0, z: 9999 }],
    );
  });
});

Deno.test("a 50 MB value loads where the recipe allows lines of its size", async () => {
  await withHome(async (home) => {
    const { code, stderr } = await load(home, {
      source: { type: "csv", path: "in.csv", max_line_size: 60_000_000 },
      destination: INTO,
    }, { "in.csv": `id,name\n1,${"x".repeat(50_000_000)}\n` });
    assert.equal(code, 0, stderr);
    assert.deepEqual(
      await queryFile(`${home}/out.duckdb`, "SELECT length(name)::INTEGER AS n FROM rows"),
      [{ n: 50_000_000 }],
    );
  });
});

Deno.test("JSONL whose timestamps have and have no fraction loads as timestamps", async () => {
  await withHome(async (home) => {
    const lines = Array.from(
      { length: 30_000 },
      (_, i) =>
        JSON.stringify({ id: i, sent: i === 29_999 ? "2024-05-01 10:00:00" : "2024-05-01 10:00:00.25" }),
    );
    const { code, stderr, summary } = await load(home, {
      source: { type: "jsonl", path: "in.jsonl" },
      destination: INTO,
    }, { "in.jsonl": lines.join("\n") + "\n" });
    assert.equal(code, 0, `${JSON.stringify(summary.error)} ${stderr}`);
    assert.deepEqual(
      await queryFile(
        `${home}/out.duckdb`,
        "SELECT typeof(sent) AS t, count(*)::INTEGER AS n FROM rows GROUP BY 1",
      ),
      [{ t: "TIMESTAMP", n: 30_000 }],
    );
  });
});

Deno.test("merge: a NULL key is refused and nothing is written", async () => {
  await withHome(async (home) => {
    const recipe = {
      source: { type: "csv", path: "in.csv" },
      destination: { ...INTO, write_mode: "merge", merge_keys: ["id"] },
    };
    const first = await load(home, recipe, { "in.csv": "id,name\n1,one\n2,two\n" });
    assert.equal(first.code, 0, first.stderr);
    const state = await Deno.readTextFile(`${home}/.state/load.json`);
    holdAgainst(await load(home, recipe, { "in.csv": "id,name\n1,changed\n,nobody\n" }), {
      exit: 1,
      code: "NULL_KEY",
      says: ["id"],
      hint: /\w/,
    });
    assert.deepEqual(await queryFile(`${home}/out.duckdb`, "SELECT name FROM rows ORDER BY id"), [
      { name: "one" },
      { name: "two" },
    ]);
    assert.equal(
      JSON.parse(await Deno.readTextFile(`${home}/.state/load.json`)).sequence,
      JSON.parse(state).sequence,
    );
  });
});

Deno.test("merge: a key that the rows don't have is refused", async () => {
  await withHome(async (home) => {
    holdAgainst(
      await load(home, {
        source: { type: "csv", path: "in.csv" },
        destination: { ...INTO, write_mode: "merge", merge_keys: ["order_id"] },
      }, { "in.csv": "id,name\n1,one\n" }),
      { exit: 1, code: "MERGE_KEY_MISSING", says: ["order_id"], hint: /\w/ },
    );
  });
});

Deno.test("merge: of rows with one key the latest is kept", async () => {
  await withHome(async (home) => {
    const { code, stderr } = await load(home, {
      source: { type: "csv", path: "in.csv" },
      destination: { ...INTO, write_mode: "merge", merge_keys: ["id"] },
    }, { "in.csv": "id,name\n1,early\n2,two\n1,late\n" });
    assert.equal(code, 0, stderr);
    assert.deepEqual(
      await queryFile(`${home}/out.duckdb`, "SELECT id::INTEGER AS id, name FROM rows ORDER BY id"),
      [
        { id: 1, name: "late" },
        { id: 2, name: "two" },
      ],
    );
  });
});

Deno.test("a corrupted state stops the run, names the backup and is left as it is", async () => {
  await withHome(async (home) => {
    const recipe = {
      source: { type: "csv", path: "in.csv", incremental: { strategy: "modified_time" } },
      destination: INTO,
    };
    for (const rows of ["1,one\n", "1,one\n2,two\n"]) {
      const { code, stderr } = await load(home, recipe, { "in.csv": `id,name\n${rows}` });
      assert.equal(code, 0, stderr);
    }
    const spoiled = (await Deno.readTextFile(`${home}/.state/load.json`)).slice(0, 40);
    await Deno.writeTextFile(`${home}/.state/load.json`, spoiled);
    holdAgainst(await load(home, recipe, { "in.csv": "id,name\n1,one\n2,two\n3,three\n" }), {
      exit: 1,
      code: "STATE_CORRUPTED",
      says: ["load.json"],
      hint: "load.json.bak",
    });
    assert.equal(await Deno.readTextFile(`${home}/.state/load.json`), spoiled);
    // One row of the first run, and two when the file had changed.
    assert.deepEqual(await queryFile(`${home}/out.duckdb`, "SELECT count(*)::INTEGER AS n FROM rows"), [{
      n: 3,
    }]);
  });
});
