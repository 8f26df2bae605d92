/**
 * A load is cut off at each of its changes to the file system in turn, as a crash would; then the next process takes it up.
 * Whatever the moment: the same rows as without a crash.
 */
import assert from "node:assert/strict";
import type { Load, Position } from "../../../../src/sdk/mod.ts";
import { type Bench, bench, openLoad, position } from "./support.ts";

class Crash extends Error {}

/** Lets `count` changes to the file system happen; every later one fails, until `restore`. */
function crashAfter(count: number): { crashed: () => boolean; restore: () => void } {
  const real = { rename: Deno.rename, remove: Deno.remove, mkdir: Deno.mkdir, open: Deno.open };
  let left = count;
  const guard = <A extends unknown[], R>(call: (...args: A) => Promise<R>) => (...args: A): Promise<R> =>
    left-- > 0 ? call(...args) : Promise.reject(new Crash("the machine has stopped"));
  Deno.rename = guard(real.rename);
  Deno.remove = guard(real.remove);
  Deno.mkdir = guard(real.mkdir);
  Deno.open = (path, options) =>
    options?.write === true ? guard(real.open)(path, options) : real.open(path, options);
  return {
    crashed: () => left < 0,
    restore: () => void Object.assign(Deno, real),
  };
}

interface Scenario {
  readonly config: Record<string, unknown> & { path: string };
  readonly mode: "append" | "overwrite";
  /** What the target holds before. */
  readonly before: number[];
  readonly batches: number[][];
  readonly after: number[];
}

const select = (values: readonly number[]) => `SELECT unnest([${values.join(", ")}]::BIGINT[]) AS i`;

/** Writes what is left of a run, the way the engine does. */
async function run(b: Bench, scenario: Scenario, at: { runId: string; first: number }): Promise<void> {
  const destination = await b.destination(scenario.config);
  let load: Load | undefined;
  try {
    const opened = await openLoad(destination, { mode: scenario.mode });
    load = opened.load;
    const resumed = opened.resumed;
    if (resumed?.complete && resumed.runId === at.runId) return await load.abort();
    const done = resumed !== undefined && !resumed.complete && resumed.runId === at.runId
      ? resumed.sequence - at.first + 1
      : 0;
    const staged = scenario.mode === "overwrite";
    for (const [index, values] of scenario.batches.entries()) {
      if (index < done) continue;
      const place: Position = position(at.first + index, { runId: at.runId, staged });
      await load.writeBatch(await b.select(select(values)), place);
    }
    const last = position(at.first + scenario.batches.length, { runId: at.runId, complete: true });
    await load.commit(last);
  } catch (error) {
    await load?.abort().catch((cause) => assert.ok(cause instanceof Error));
    throw error;
  }
}

async function rowsOf(b: Bench, path: string): Promise<number[]> {
  const glob = path.endsWith("/") ? `${path}**/*.parquet` : path;
  const rows = await b.session.query<{ i: bigint }>(
    `SELECT i FROM read_parquet('${b.folder}/${glob}') ORDER BY i`,
  );
  return rows.map((row) => Number(row.i));
}

const scenarios: Record<string, Scenario> = {
  "append to a folder": {
    config: { path: "out/", format: "parquet" },
    mode: "append",
    before: [1],
    batches: [[2, 3], [4]],
    after: [1, 2, 3, 4],
  },
  "overwrite of a folder": {
    config: { path: "out/", format: "parquet" },
    mode: "overwrite",
    before: [1],
    batches: [[2, 3], [4]],
    after: [2, 3, 4],
  },
  "append with partitions": {
    config: { path: "out/", format: "parquet", max_rows_per_file: 1 },
    mode: "append",
    before: [1],
    batches: [[2, 3]],
    after: [1, 2, 3],
  },
  "overwrite of a file": {
    config: { path: "out.parquet" },
    mode: "overwrite",
    before: [1],
    batches: [[2, 3], [4]],
    after: [2, 3, 4],
  },
};

for (const [name, scenario] of Object.entries(scenarios)) {
  Deno.test(
    `crash at every step: ${name}`,
    bench(async (b) => {
      const path = scenario.config.path;
      for (let steps = 0;; steps++) {
        for (const entry of Deno.readDirSync(b.folder)) {
          await Deno.remove(`${b.folder}/${entry.name}`, { recursive: true });
        }
        await run(b, { ...scenario, batches: [scenario.before] }, { runId: "run0", first: 1 });
        const crash = crashAfter(steps);
        const failed = await run(b, scenario, { runId: "run1", first: 10 }).then(() => false, () => true);
        const crashed = crash.crashed();
        crash.restore();
        if (scenario.mode === "overwrite") {
          const seen = await rowsOf(b, path);
          const whole = [scenario.before, scenario.after].map(String);
          // A folder shows the new files before the old ones go; that moment a crash may make longer, until the next run.
          const both = [...new Set([...scenario.before, ...scenario.after])].sort((x, y) => x - y);
          const torn = path.endsWith("/") && seen.every((value) => both.includes(value));
          assert.ok(whole.includes(String(seen)) || torn, `after ${steps} steps: ${seen}`);
        }
        await run(b, scenario, { runId: "run1", first: 10 });
        assert.deepEqual(await rowsOf(b, path), scenario.after, `after ${steps} steps`);
        const litter = (await b.tree()).filter((file) => /\.tmp(\/|$)|\.lock$/.test(file));
        assert.deepEqual(litter, [], `after ${steps} steps`);
        if (!crashed) {
          assert.ok(!failed);
          assert.ok(steps > 5, "the load has changed the file system at all");
          break;
        }
      }
    }),
  );
}
