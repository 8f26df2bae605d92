/** What only a process of its own can show: start-up, permissions, signals, pipes. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { VERSION } from "../../src/version.ts";
import { Project } from "./harness.ts";

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));
const WINDOWS = Deno.build.os === "windows";

/** Reads for minutes: 10^12 rows. */
const SLOW = `name: slow
source: {type: duckdb, database: ":memory:", query: "SELECT i AS id, hash(i) AS h FROM range(1000000000000) t(i)"}
destination: {type: duckdb, database: out.duckdb, table: t, write_mode: append}
`;

const FEW = `name: few
source: {type: duckdb, database: ":memory:", query: "SELECT i AS id, 'row ' || i AS name FROM range(5000) t(i)"}
destination: {type: duckdb, database: out.duckdb, table: t, write_mode: overwrite}
`;

function spawn(project: Project, args: string[], permissions = ["-A"]): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--no-check", ...permissions, MAIN, ...args],
    cwd: project.dir,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

async function output(process: Deno.ChildProcess) {
  const { code, stdout, stderr } = await process.output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

Deno.test("version needs no permission at all", async () => {
  await using project = await Project.create();
  for (const flag of ["version", "--version", "-V"]) {
    const { code, stdout, stderr } = await output(spawn(project, [flag], []));
    assert.deepEqual([code, stdout, stderr], [0, `dataloader ${VERSION}\n`, ""], flag);
  }
});

Deno.test("validate, list-connectors and plan --offline load no native library", async () => {
  await using project = await Project.create({ "few.yaml": FEW });
  const permissions = [
    "--allow-read",
    "--allow-env",
    "--deny-ffi",
    "--deny-net",
    "--deny-run",
    "--deny-write",
  ];
  for (
    const args of [["validate", "few.yaml"], ["list-connectors", "--all"], ["plan", "few.yaml", "--offline"]]
  ) {
    const { code, stderr } = await output(spawn(project, args, permissions));
    assert.deepEqual([code, stderr.replace(/Not shown for lack of room.*\n/, "")], [0, ""], args.join(" "));
  }
});

Deno.test("a reader that goes away does not crash a command", async () => {
  await using project = await Project.create({ "few.yaml": FEW });
  const process = spawn(project, ["preview", "few.yaml", "--limit", "5000", "--format", "csv"]);
  const reader = process.stdout.getReader();
  await reader.read();
  await reader.cancel();
  const [{ code }, stderr] = await Promise.all([process.status, new Response(process.stderr).text()]);
  assert.deepEqual([code, stderr], [0, ""]);
});

for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
  Deno.test({
    name: `${signal} rolls back, says so, exits ${code}`,
    ignore: WINDOWS,
    async fn() {
      await using project = await Project.create({ "slow.yaml": SLOW });
      const process = spawn(project, ["run", "slow.yaml", "--json"]);
      await started(project);
      process.kill(signal);
      const ended = await output(process);
      assert.equal(ended.code, code, ended.stderr);
      assert.match(ended.stderr, /Stopping/);
      assert.match(ended.stderr, /error\[INTERRUPTED\]/);
      const summary = JSON.parse(ended.stdout);
      assert.deepEqual([summary.status, summary.rows_written], ["failed", 0]);
      assert.equal(summary.error.code, "INTERRUPTED");
    },
  });
}

Deno.test({
  name: "an interrupted run does not go on with the recipes that follow",
  ignore: WINDOWS,
  async fn() {
    await using project = await Project.create({ "slow.yaml": SLOW, "few.yaml": FEW });
    const process = spawn(project, ["run", "slow.yaml", "few.yaml", "--json"]);
    await started(project);
    process.kill("SIGINT");
    const { code, stdout } = await output(process);
    assert.equal(code, 130);
    assert.equal(stdout.trim().split("\n").length, 1);
  },
});

/** Waits until the run holds its lock and has had time to begin reading. */
async function started(project: Project): Promise<void> {
  for (let i = 0; i < 200; i++) {
    try {
      await Deno.stat(project.path(".state/slow.holder"));
      await new Promise((resolve) => setTimeout(resolve, 500));
      return;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  assert.fail("The run did not begin.");
}
