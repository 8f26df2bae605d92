/** A process that is killed at any moment leaves the rows of its commits, no more and no less. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import type { LoadRequest } from "../../../../src/sdk/mod.ts";
import { loadRequest, onFile, openDestination, withDirectory, withSession } from "./helpers.ts";

const CHILD = fileURLToPath(new URL("./child.ts", import.meta.url));
const ROWS = 200_000;
const BATCHES = 3;

/** Runs child.ts; kills it `ms` after it has said `line`. True if it ended well. */
async function run(args: string[], kill?: { line: string; ms: number }): Promise<boolean> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "-q", "--no-check", CHILD, ...args],
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const errors = new Response(child.stderr).text();
  const decoder = new TextDecoder();
  let said = "";
  let timer: ReturnType<typeof setTimeout> | undefined;
  for await (const chunk of child.stdout) {
    said += decoder.decode(chunk);
    if (kill !== undefined && timer === undefined && said.includes(kill.line)) {
      timer = setTimeout(() => {
        try {
          child.kill("SIGKILL");
        } catch (error) {
          // It was faster.
          if (!(error instanceof TypeError)) throw error;
        }
      }, kill.ms);
    }
  }
  const { success } = await child.status;
  clearTimeout(timer);
  if (kill === undefined) assert.ok(success, await errors);
  else await errors;
  return success;
}

Deno.test({
  name: "kill -9 in the middle of a load, then a re-run, gives the rows of an unbroken run",
  // Windows has no SIGKILL; what it does to a killed process is the same, but not by this call.
  ignore: Deno.build.os === "windows",
  fn: async (t) => {
    // Each batch has half of the ids of the one before.
    const ids = (BATCHES + 1) * ROWS / 2;
    const all = `${BATCHES * ROWS}, ${ids}, ${ROWS * 3}`;
    const cases: [name: string, request: Partial<LoadRequest>, expected: string][] = [
      ["append", {}, all],
      ["overwrite", { mode: "overwrite" }, all],
      ["merge", { mode: "merge", mergeKeys: ["id"] }, `${ids}, ${ids}, ${ROWS / 2 + ROWS * 2}`],
    ];
    const moments = [
      { line: "ready", ms: 20 },
      { line: "ready", ms: 120 },
      { line: "batch", ms: 0 },
      { line: "batch\nbatch", ms: 60 },
      { line: "batch\nbatch\nbatch", ms: 1 },
    ];
    for (const [name, request, expected] of cases) {
      await t.step(name, () =>
        withDirectory(async (directory) => {
          for (const [i, moment] of moments.entries()) {
            const config = { database: `${directory}/${i}.duckdb`, table: "t" };
            await onFile(config.database, "CREATE TABLE t (id BIGINT, v VARCHAR, batch INTEGER)");
            const args = [
              "load",
              JSON.stringify(config),
              JSON.stringify(request),
              String(BATCHES),
              String(ROWS),
            ];
            await run(args, moment);
            const halves = await onFile(
              config.database,
              `SELECT count(*) AS n, count(*) % ${ROWS / 2} AS rest FROM t`,
            );
            const whole = name === "overwrite"
              ? ["0, 0", `${BATCHES * ROWS}, 0`].includes(halves[0]!)
              : halves[0]!.endsWith(", 0");
            assert.ok(whole, `whole batches only, with overwrite all or nothing: ${halves}`);
            await run(args);
            const [row] = await onFile(
              config.database,
              "SELECT count(*) AS n, count(DISTINCT id) AS ids, sum(batch) AS b FROM t",
            );
            assert.equal(row, expected, `killed ${moment.ms} ms after ${JSON.stringify(moment.line)}`);
            const left = await onFile(config.database, "SELECT table_name FROM duckdb_tables() ORDER BY ALL");
            assert.deepEqual(left, ["_dataloader_loads", "t"]);
          }
        }));
    }
  },
});

Deno.test({
  name: "what is committed is there after kill -9 right behind it",
  ignore: Deno.build.os === "windows",
  fn: () =>
    withDirectory(async (directory) => {
      const config = { database: `${directory}/a.duckdb`, table: "t" };
      assert.equal(await run(["die", JSON.stringify(config)], { line: "never", ms: 0 }), false);
      await withSession(async (session) => {
        const opened = await (await openDestination(session, config)).openLoad(loadRequest());
        assert.equal((await opened.resume())!.sequence, 1);
      });
      assert.deepEqual(await onFile(config.database, "SELECT count(*) AS n FROM t"), ["1000"]);
    }),
});
