import assert from "node:assert/strict";
import { executeSandboxed, prepareSandboxed } from "../../../src/app/mod.ts";
import type { RunEvent } from "../../../src/observe/mod.ts";

async function withRecipe(
  text: string,
  body: (at: { directory: string; file: string }) => Promise<void>,
): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    const file = `${directory}/r.yaml`;
    await Deno.writeTextFile(file, text);
    await Deno.writeTextFile(`${directory}/a.csv`, "id,name\n1,a\n2,b\n");
    await body({ directory, file });
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

const RECIPE = `
name: worker
source: {type: csv, path: a.csv, incremental: {strategy: modified_time}}
destination: {type: duckdb, database: out.duckdb, table: rows}
`;

Deno.test("a run in a Worker loads the same, and its events reach the main thread", async () => {
  await withRecipe(RECIPE, async ({ directory, file }) => {
    const prepared = await prepareSandboxed(file);
    const events: RunEvent[] = [];
    const options = { stateDirectory: `${directory}/.state`, emit: (event: RunEvent) => events.push(event) };
    const first = await executeSandboxed(prepared, options);
    assert.equal(first.error, undefined);
    assert.deepEqual([first.status, first.rows_read, first.rows_written], ["succeeded", 2, 2]);
    assert.deepEqual(
      events.map((event) => event.type).filter((type) => type !== "progress"),
      [
        "run_started",
        "plan",
        "resource_started",
        "batch_started",
        "schema_changed",
        "batch_committed",
        "state_saved",
        "state_saved",
        "resource_finished",
        "run_finished",
      ],
    );
    const second = await executeSandboxed(prepared, options);
    assert.deepEqual([second.nothing_to_do, second.rows_written], [true, 0]);
  });
});

Deno.test("a failure in a Worker comes back as the run's error", async () => {
  await withRecipe(RECIPE.replace("a.csv", "missing.csv"), async ({ directory, file }) => {
    const prepared = await prepareSandboxed(file);
    const summary = await executeSandboxed(prepared, { stateDirectory: `${directory}/.state` });
    assert.equal(summary.status, "failed");
    assert.equal(summary.error?.location?.line, 3);
  });
});

Deno.test("an abort stops a run in a Worker, which rolls back", async () => {
  const slow = RECIPE.replace(
    "destination:",
    "transform: {steps: [{type: sql, query: 'SELECT sum(hash(a.range, b.range)) AS s FROM range(1000000) a, range(1000000) b, {input}'}]}\ndestination:",
  );
  await withRecipe(slow, async ({ directory, file }) => {
    const prepared = await prepareSandboxed(file);
    const stop = new AbortController();
    const summary = await executeSandboxed(prepared, {
      stateDirectory: `${directory}/.state`,
      signal: stop.signal,
      emit: (event) => {
        if (event.type === "batch_started") setTimeout(() => stop.abort(), 100);
      },
    });
    assert.equal(summary.error?.code, "INTERRUPTED");
    assert.equal(summary.rows_written, 0);
  });
});
