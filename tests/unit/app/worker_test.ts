import assert from "node:assert/strict";
import { executeSandboxed, prepareSandboxed, startEarly } from "../../../src/app/mod.ts";
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

Deno.test("a Worker of the last run's permissions is used only where the plan needs just these", async () => {
  await withRecipe(RECIPE, async ({ directory, file }) => {
    const stateDirectory = `${directory}/.state`;
    const run = async () => {
      const early = await startEarly(file, stateDirectory);
      const summary = await executeSandboxed(await prepareSandboxed(file), { stateDirectory, early });
      assert.equal(summary.error, undefined);
      return early;
    };
    assert.equal(await run(), undefined, "nothing is known before the first run");
    const second = await run();
    assert.notEqual(second, undefined);
    await assert.rejects(Deno.stat(second!.temporary.path), Deno.errors.NotFound);
    // Somebody has widened what is kept: the Worker of it is not used, and what is kept is put right.
    const [kept] = await Array.fromAsync(Deno.readDir(`${stateDirectory}/.workers`));
    const path = `${stateDirectory}/.workers/${kept!.name}`;
    const before = await Deno.readTextFile(path);
    await Deno.writeTextFile(path, before.replace('"grants":[', '"grants":[{"kind":"read","value":"/"},'));
    const widened = await startEarly(file, stateDirectory);
    let ended = false;
    const { terminate } = widened!.started.worker;
    widened!.started.worker.terminate = function () {
      ended = true;
      terminate.call(this);
    };
    await executeSandboxed(await prepareSandboxed(file), { stateDirectory, early: widened });
    assert.ok(ended, "the Worker that holds more is ended");
    assert.equal(await Deno.readTextFile(path), before);
    // What can't be understood is as if it were not there.
    for (const text of ["", "{}", '{"grants":[{"kind":"run","value":"sh"}]}']) {
      await Deno.writeTextFile(path, text);
      assert.equal(await startEarly(file, stateDirectory), undefined, text);
    }
  });
});

Deno.test("permissions that hold a secret are not kept", async () => {
  const recipe = RECIPE.replace("a.csv", "\"{{ env_var('FILE_PASSWORD') }}\"");
  await withRecipe(recipe, async ({ directory, file }) => {
    const stateDirectory = `${directory}/.state`;
    const prepared = await prepareSandboxed(file, { env: () => `${directory}/a.csv` });
    assert.equal((await executeSandboxed(prepared, { stateDirectory })).error, undefined);
    await assert.rejects(Deno.stat(`${stateDirectory}/.workers`), Deno.errors.NotFound);
  });
});
