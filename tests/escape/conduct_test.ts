/** What code of a recipe can do to its own run: end, forge, print. The main thread must neither hang nor believe it. */
import assert from "node:assert/strict";
import { cli, type CliResult } from "../integration/cli.ts";

/** Runs a recipe with a function step whose module is `code`. */
async function runCode(code: string, options: { args?: string[]; extra?: string } = {}): Promise<CliResult> {
  const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "conduct-" }));
  try {
    await Deno.mkdir(`${folder}/code`);
    await Deno.writeTextFile(`${folder}/rows.csv`, "id\n1\n2\n");
    await Deno.writeTextFile(`${folder}/code/step.ts`, code);
    await Deno.writeTextFile(
      `${folder}/r.yaml`,
      `
name: conduct
source: {type: csv, path: rows.csv}
transform: {steps: [{type: function, module: code/step.ts, columns: {id: integer}}]}
destination: {type: duckdb, database: out.duckdb, table: rows}
${options.extra ?? ""}
`,
    );
    return await cli(["run", "r.yaml", "--json", ...options.args ?? []], {
      cwd: folder,
      env: { TOKEN: "s3cret-token" },
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const FORGED = JSON.stringify({ type: "done", result: { status: "succeeded", rows_written: 999 } });

Deno.test("forged messages to the main thread are heard by nobody", async () => {
  const { code, stdout } = await runCode(`
    const forged = ${FORGED};
    export default (rows) => {
      self.postMessage(forged);
      self.postMessage({ type: "event", event: { type: "run_finished", time: 1, status: "succeeded" } });
      new BroadcastChannel("dataloader").postMessage(forged);
      MessagePort.prototype.postMessage = function () { throw new Error("taken"); };
      self.dispatchEvent(new MessageEvent("message", { data: { type: "stop", port: {}, task: {} } }));
      return rows;
    };`);
  assert.equal(code, 0, stdout);
  assert.equal(JSON.parse(stdout).rows_written, 2);
});

for (
  const [what, statement] of Object.entries({
    "Deno.exit": "Deno.exit(0)",
    "process.exit": "process.exit(0)",
    "node:process": '(await import("node:process")).default.exit(0)',
    "self.close": "self.close()",
    "close": "close()",
  })
) {
  Deno.test(`code can't end the program by ${what}: the run fails and says so`, async () => {
    const { code, stdout } = await runCode(
      `export default async (rows) => { await 1; ${statement}; return rows; };`,
    );
    assert.equal(code, 1);
    const { error } = JSON.parse(stdout);
    assert.equal(error.code, "FUNCTION_FAILED");
    assert.match(error.message, /can't end the program/);
    assert.equal(error.location.line, 4);
  });
}

Deno.test("what code prints becomes a log line, and stdout stays what it is", async () => {
  const code = `export default (rows) => {
    console.log("looking at", { rows: rows.length });
    try { Deno.stdout.writeSync(new TextEncoder().encode("noise")); } catch { /* closed */ }
    return rows;
  };`;
  const quiet = await runCode(code);
  assert.equal(JSON.parse(quiet.stdout).status, "succeeded");
  assert.doesNotMatch(quiet.stdout + quiet.stderr, /noise/);
  const told = await runCode(code, { args: ["--log-level", "info"] });
  assert.match(told.stderr, /looking at \{ rows: 2 \}/);
});

Deno.test("secrets that code prints or throws are masked", async () => {
  const extra = "runtime: {code_access: {env: [TOKEN]}}";
  const printed = await runCode(
    `export default (rows) => { console.warn("the token is " + Deno.env.get("TOKEN")); return rows; };`,
    { extra },
  );
  assert.match(printed.stderr, /the token is/);
  assert.doesNotMatch(printed.stderr + printed.stdout, /s3cret-token/);
  const thrown = await runCode(
    `export default () => { throw new Error("bad token " + Deno.env.get("TOKEN")); };`,
    { extra },
  );
  assert.match(thrown.stdout, /bad token/);
  assert.doesNotMatch(thrown.stderr + thrown.stdout, /s3cret-token/);
});

Deno.test("an error that nobody catches ends the run, typed, with what was done until then", async () => {
  const { code, stdout } = await runCode(`
    setTimeout(() => { throw new Error("out of nowhere"); }, 0);
    export default () => new Promise((resolve) => setTimeout(resolve, 60_000));`);
  assert.equal(code, 1);
  const summary = JSON.parse(stdout);
  assert.deepEqual([summary.status, summary.error.code, summary.recipe], [
    "failed",
    "WORKER_FAILED",
    "conduct",
  ]);
  assert.match(summary.error.message, /out of nowhere/);
});

Deno.test("packages that read process.env while they are loaded do no harm", async () => {
  // As pg, and many others, do.
  const { code, stdout } = await runCode(`
    import process from "node:process";
    const defaults = {
      user: process.platform === "win32" ? process.env.USERNAME : process.env.USER,
      host: process.env.PGHOST || "localhost",
      names: Object.keys(process.env).length,
      there: "PATH" in process.env,
    };
    export default (rows) => {
      if (defaults.user !== undefined || defaults.names !== 0 || defaults.there) throw new Error("it read something");
      return rows;
    };`);
  assert.equal(code, 0, stdout);
});

Deno.test("a plug-in can't widen what its recipe may reach by what it says of itself", async () => {
  const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "conduct-" }));
  try {
    await Deno.mkdir(`${folder}/code`);
    await Deno.writeTextFile(`${folder}/secret.txt`, "hidden");
    await Deno.writeTextFile(`${folder}/named.txt`, "shown");
    await Deno.writeTextFile(
      `${folder}/code/greedy.ts`,
      `
import { defineConnector, registerConnector } from "@dataloader/dataloader";
import { z } from "zod";
registerConnector("greedy", defineConnector({
  name: "greedy",
  summary: "Reads what it likes",
  config: z.strictObject({ file: z.string().describe("a file") }),
  capabilities: { read: true, write: false, writeModes: [], mergeStrategies: [], incremental: [], transactions: false,
    lookup: false, embedded: true, parallelRead: false, bulkFormats: [], tier: "native" },
  examples: [],
  access: ({ file }) => [
    { kind: "read", value: file, key: ["file"] },
    { kind: "read", value: "/", key: ["file"] },
    { kind: "read", value: "${folder}/secret.txt", key: ["file"] },
    { kind: "read", value: "${folder}/secret.txt", key: [] },
    { kind: "env", value: "HOME", key: ["file"] },
    { kind: "net", value: "example.com:443", key: ["file"] },
  ],
  describe: () => "greedy",
  openSource: async () => ({
    openSource: async ({ file }, { session }) => ({
      check: async () => [],
      describe: async () => ({ schema: { fields: [] }, statements: [], warnings: [] }),
      close: async () => {},
      async *readBatches() {
        const tried = [];
        for (const read of [() => Deno.readTextFileSync(file), () => Deno.readTextFileSync("${folder}/secret.txt"), () => Deno.env.get("HOME")]) {
          try { read(); tried.push("got"); } catch { tried.push("refused"); }
        }
        yield {
          batch: await session.relation("SELECT '" + tried.join() + "' AS tried"),
          state: { cursor_values: {}, watermarks: {}, checkpoints: [], metadata: {} },
        };
      },
    }),
  }),
}));
`,
    );
    await Deno.writeTextFile(
      `${folder}/r.yaml`,
      `
name: greedy
plugins: [code/greedy.ts]
source: {type: greedy, file: "${folder}/named.txt"}
destination: {type: jsonl, path: out.jsonl}
`,
    );
    const { code, stdout, stderr } = await cli(["run", "r.yaml", "--json"], { cwd: folder });
    assert.equal(code, 0, stdout + stderr);
    assert.equal(JSON.parse(await Deno.readTextFile(`${folder}/out.jsonl`)).tried, "got,refused,refused");
    const shown = await cli(["permissions", "r.yaml", "--format", "json"], { cwd: folder });
    const { permissions } = JSON.parse(shown.stdout) as {
      permissions: { kind: string; value: string; key?: string }[];
    };
    const source = permissions.filter(({ key }) => key?.startsWith("source"));
    assert.deepEqual(source.map(({ kind, value }) => [kind, value]), [["read", `${folder}/named.txt`]]);
    assert.equal(permissions.some(({ kind }) => kind === "env" || kind === "net"), false);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
