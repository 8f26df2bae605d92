import assert from "node:assert/strict";
import { runRecipes } from "../../src/cli/commands/run.ts";
import { Call } from "../../src/cli/call.ts";
import type { StopSignal } from "../../src/cli/io.ts";
import { transcript } from "./harness.ts";
import { ORDERS, RECIPE, shop } from "./shop.ts";
import { assertSnapshot } from "./snapshot.ts";

const BROKEN = RECIPE.replace("name: orders", "name: broken").replace("status <>", "statsu <>");

Deno.test("run tells what it loaded; again: nothing new; full refresh: all", async () => {
  await using project = await shop();
  const runs: [string, string[]][] = [
    ["run_dry", ["--dry-run"]],
    ["run_first", []],
    ["run_again", []],
    ["run_full_refresh", ["--full-refresh"]],
  ];
  for (const [name, options] of runs) {
    const args = ["run", "orders.yaml", ...options];
    const called = await project.call(args);
    assert.equal(called.code, 0, called.stderr);
    assert.equal(called.stderr, "", name);
    await assertSnapshot(name, transcript(args, called), { dir: project.dir });
  }
});

Deno.test("run in colour", async () => {
  await using project = await shop();
  const args = ["run", "orders.yaml"];
  const called = await project.call(args, { color: true });
  await assertSnapshot("run_colored", transcript(args, called), { dir: project.dir });
});

Deno.test("run --json gives one object a line, and nothing else on stdout", async () => {
  await using project = await shop({ "more.yaml": RECIPE.replaceAll(": orders", ": more") });
  const called = await project.call(["run", "orders.yaml", "more.yaml", "--json"]);
  assert.equal(called.code, 0, called.stderr);
  const lines = called.stdout.trim().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(
    lines.map(({ recipe, status, rows_read, rows_written }) => [recipe, status, rows_read, rows_written]),
    [
      ["orders", "succeeded", 5, 4],
      ["more", "succeeded", 5, 4],
    ],
  );
  for (
    const key of ["run_id", "rows_rejected", "bytes_read", "batches", "duration_ms", "resources", "state"]
  ) {
    assert.ok(key in lines[0], key);
  }
});

Deno.test("--no-sandbox: what code writes to the console is logged, masked, and stdout is the summary's", async () => {
  await using project = await shop({
    "code.ts": `console.warn("imported");
export default function (rows: unknown[], { params }: { params: { key: string } }) {
  console.log("rows", rows.length, params.key, { a: 1 });
  return rows;
}
`,
    "code.yaml": RECIPE.replaceAll(": orders", ": code").replace(
      "    - type: rename_columns",
      "    - type: function\n      module: code.ts\n      params: {key: \"{{ env_var('API_KEY') }}\"}\n    - type: rename_columns",
    ),
  });
  const before = globalThis["console"].log;
  for (const sandbox of [["--no-sandbox"], []]) {
    const args = ["run", "code.yaml", "--json", "--log-level", "info", "--full-refresh", ...sandbox];
    const called = await project.call(args, { env: { API_KEY: "s3cr3tvalue" } });
    assert.equal(called.code, 0, called.stderr);
    assert.equal(JSON.parse(called.stdout).rows_written, 4);
    assert.match(called.stderr, /warning imported/);
    assert.match(called.stderr, /info rows 4 ••• \{ a: 1 \}/);
    assert.doesNotMatch(called.stdout + called.stderr, /s3cr3t/);
  }
  assert.equal(globalThis["console"].log, before, "the console is the program's again");
});

Deno.test("what was read and what was written each have their size", async () => {
  await using project = await shop({
    "files.yaml": "name: files\nsource: {type: csv, path: data/*.csv}\n" +
      "destination: {type: parquet, path: out/o.parquet}\n",
  });
  const called = await project.call(["run", "files.yaml", "--json"]);
  const summary = JSON.parse(called.stdout);
  const size = async (path: string) => (await Deno.stat(project.path(path))).size;
  assert.equal(summary.bytes_read, await size("data/orders.csv"));
  assert.equal(summary.bytes_written, await size("out/o.parquet"));
  assert.notEqual(summary.bytes_read, summary.bytes_written);
  assert.equal(summary.resources[0].bytes_written, summary.bytes_written);
  const text = await project.call(["run", "files.yaml"]);
  assert.match(text.stdout, /read +5 rows, \d+ B from data[^]*written +5 rows, [\d.]+ k?B to out/);
  const table = JSON.parse((await project.call(["run", "orders.yaml", "--json"])).stdout);
  assert.ok(table.bytes_read > 0 && !("bytes_written" in table), "a table does not tell");
});

Deno.test("append without incremental: plan and the first run say that all rows come again", async () => {
  await using project = await shop({
    "all.yaml": "name: all\nsource: {type: csv, path: data/*.csv}\n" +
      "destination: {type: duckdb, database: out/a.duckdb, table: t}\n",
  });
  assert.match(
    (await project.call(["plan", "all.yaml"])).stdout,
    /every time: every run adds all rows again/,
  );
  assert.match(
    (await project.call(["run", "all.yaml"])).stdout,
    /next +dataloader run all.yaml adds all rows again/,
  );
  assert.doesNotMatch((await project.call(["run", "all.yaml"])).stdout, /adds all rows again/, "once");
});

Deno.test("--var that no recipe knows: exit 2, and what was meant; one of several recipes may know it", async () => {
  const withVar = RECIPE.replaceAll(": orders", ": vars").replace(
    "'cancelled'",
    "'{{ var('skip', 'cancelled') }}'",
  )
    .replace(
      "name: vars",
      "name: vars\nvars: {colour: red}\ndescription: \"{% if false %}{{ var('rare') }}{% endif %}\"",
    );
  await using project = await shop({ "vars.yaml": withVar });
  for (const [name, hint] of [["skp", 'did you mean "skip"'], ["zzz", "known are: colour, skip"]]) {
    for (const command of [["run"], ["plan", "--offline"], ["validate"], ["show-state"]]) {
      const called = await project.call([...command, "vars.yaml", "--var", `${name}=x`]);
      assert.equal(called.code, 2, command[0]);
      assert.match(called.stderr, /UNKNOWN_VARIABLE/);
      assert.ok(called.stderr.includes(hint!), called.stderr);
    }
  }
  assert.match((await project.call(["run", "orders.yaml", "--var", "a=b"])).stderr, /remove it, or read it/);
  assert.deepEqual(await Array.fromAsync(Deno.readDir(project.path("out"))), [], "nothing was run");
  for (const known of ["skip", "colour", "rare"]) {
    assert.equal((await project.call(["validate", "vars.yaml", "--var", `${known}=x`])).code, 0, known);
  }
  const both = await project.call(["run", "orders.yaml", "vars.yaml", "--dry-run", "--var", "skip=new"]);
  assert.equal(both.code, 0, both.stderr);
});

Deno.test("a run that fails: exit 1; one of two: exit 3; the others are run", async () => {
  await using project = await shop({ "broken.yaml": BROKEN });
  const alone = await project.call(["run", "broken.yaml"]);
  assert.equal(alone.code, 1);
  await assertSnapshot("run_failed", transcript(["run", "broken.yaml"], alone), { dir: project.dir });
  const both = await project.call(["run", "broken.yaml", "orders.yaml", "--json"]);
  assert.equal(both.code, 3);
  const lines = both.stdout.trim().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(lines.map(({ status }) => status), ["failed", "succeeded"]);
  assert.equal(typeof lines[0].error.code, "string");
});

Deno.test("a wrong recipe: exit 2, nothing is run, with --json a summary of the same shape", async () => {
  await using project = await shop({ "wrong.yaml": RECIPE.replace("type: csv", "type: csvv") });
  const args = ["run", "orders.yaml", "wrong.yaml"];
  const called = await project.call(args);
  assert.equal(called.code, 2);
  await assertSnapshot("run_wrong", transcript(args, called), { dir: project.dir });
  assert.deepEqual(await Array.fromAsync(Deno.readDir(project.path("out"))), []);
  const json = JSON.parse((await project.call([...args, "--json"])).stdout);
  assert.deepEqual([json.status, json.rows_read, json.error.code, json.errors.length], [
    "failed",
    0,
    "UNKNOWN_CONNECTOR",
    1,
  ]);
});

Deno.test("two recipes of one name would share a state: refused", async () => {
  await using project = await shop({ "copy.yaml": RECIPE });
  const called = await project.call(["run", "orders.yaml", "copy.yaml"]);
  assert.equal(called.code, 2);
  assert.match(called.stderr, /DUPLICATE_RECIPE/);
});

Deno.test("--select of a resource that is not there suggests", async () => {
  await using project = await shop();
  const called = await project.call(["run", "orders.yaml", "--select", "mian"]);
  assert.equal(called.code, 2);
  assert.match(called.stderr, /UNKNOWN_RESOURCE[\s\S]*did you mean "main"/);
});

Deno.test("--var and --env-file reach the recipe; the process's environment wins", async () => {
  const recipe = RECIPE.replace("out/shop.duckdb", "out/{{ env_var('DB') }}.duckdb")
    .replace("table: orders", "table: \"{{ var('table') }}\"");
  await using project = await shop({ "vars.yaml": recipe, "a.env": "DB=from_file\n" });
  const args = ["run", "vars.yaml", "--var", "table=t1", "--env-file", "a.env"];
  assert.equal((await project.call(args)).code, 0);
  await Deno.stat(project.path("out/from_file.duckdb"));
  assert.equal((await project.call([...args, "--full-refresh"], { env: { DB: "from_env" } })).code, 0);
  await Deno.stat(project.path("out/from_env.duckdb"));
});

Deno.test("--state-dir keeps states there", async () => {
  await using project = await shop();
  assert.equal((await project.call(["run", "orders.yaml", "--state-dir", "kept/here"])).code, 0);
  await Deno.stat(project.path("kept/here/orders.json"));
  await assert.rejects(Deno.stat(project.path(".state")), Deno.errors.NotFound);
});

Deno.test("--limit loads so many and leaves the position", async () => {
  await using project = await shop();
  const limited = await project.call(["run", "orders.yaml", "--limit", "2", "--json"]);
  assert.equal(limited.code, 0, limited.stderr);
  assert.equal(JSON.parse(limited.stdout).rows_read, 2);
  const all = await project.call(["run", "orders.yaml", "--json"]);
  assert.equal(JSON.parse(all.stdout).rows_read, 5);
});

Deno.test("--log-format json: every line of stderr is JSON, also for a recipe that is wrong", async () => {
  await using project = await shop({
    "wrong.yaml": RECIPE.replace("type: csv", "type: csvv"),
    "broken.yaml": BROKEN,
  });
  for (const recipe of ["orders.yaml", "wrong.yaml", "broken.yaml"]) {
    const { stderr } = await project.call(["run", recipe, "--log-format", "json"]);
    const levels = stderr.trim().split("\n").map((line) => JSON.parse(line).level);
    assert.equal(levels.includes("error"), recipe !== "orders.yaml", recipe);
  }
});

Deno.test("--log-level debug shows where an error comes from", async () => {
  await using project = await shop();
  const called = await project.call(["run", "none.yaml", "--log-level", "debug"]);
  assert.equal(called.code, 2);
  assert.match(called.stderr, /\n {2} +at /);
  assert.doesNotMatch((await project.call(["run", "none.yaml"])).stderr, /\n {2} +at /);
});

Deno.test("the second signal ends the process at once", async () => {
  await using project = await shop({ "data/more.csv": ORDERS });
  let listener: ((signal: StopSignal) => void) | undefined;
  const ended: number[] = [];
  const out = { write: () => {}, isTerminal: false, color: false, columns: 80, rows: 24 };
  const io = {
    stdout: out,
    // The first thing that is told is the first signal: the second one comes right then.
    stderr: { ...out, write: () => ended.length === 0 && listener?.("SIGTERM") },
    env: () => undefined,
    cwd: project.dir,
    exitCode: 0,
    onSignal: (callback: (signal: StopSignal) => void) => {
      listener = callback;
      queueMicrotask(() => callback("SIGINT"));
      return () => (listener = undefined);
    },
    exitNow: (code: number) => void ended.push(code),
  };
  await runRecipes(new Call(io), ["orders.yaml"], { progress: false });
  assert.deepEqual(ended, [143]);
  assert.equal(io.exitCode, 130);
  assert.equal(listener, undefined);
});
