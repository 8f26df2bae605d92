import assert from "node:assert/strict";
import { createSession } from "../../../src/batch/mod.ts";
import { type RunOptions, runPlan } from "../../../src/engine/mod.ts";
import type { RunEvent } from "../../../src/observe/mod.ts";
import { type Plan, PLAN_VERSION } from "../../../src/plan/mod.ts";
import {
  CommitUnknownError,
  ConnectorError,
  type State,
  type StateBackend,
  StateError,
  type WriteMode,
} from "../../../src/sdk/mod.ts";
import { flaky, newWorld, type ToyWorld } from "./toy_connector.ts";

class MemoryState implements StateBackend {
  state: State | undefined;
  saves = 0;
  failNext = false;

  load(): Promise<State | undefined> {
    return Promise.resolve(this.state);
  }

  save(_recipe: string, state: State): Promise<State> {
    if (this.failNext) return Promise.reject(new StateError("STATE_CONFLICT", "Another run has saved."));
    this.saves += 1;
    this.state = { ...state, revision: state.revision + 1 };
    return Promise.resolve(this.state);
  }

  describe(): string {
    return "memory";
  }
}

interface Setup {
  readonly world: ToyWorld;
  readonly state: MemoryState;
  readonly events: RunEvent[];
  run(options?: RunOptions & { signal?: AbortSignal }): ReturnType<typeof runPlan>;
}

let worlds = 0;

function setup(
  options: { mode?: WriteMode; incremental?: boolean; batches?: number; deadLetter?: string } = {},
): Setup {
  const { mode = "append", incremental = false, batches = 3, deadLetter } = options;
  const name = `w${worlds++}`;
  const world = newWorld(name);
  const state = new MemoryState();
  const events: RunEvent[] = [];
  const plan: Plan = {
    version: PLAN_VERSION,
    access: [],
    recipe: "r",
    file: "r.yaml",
    resources: [{
      name: "main",
      source: {
        connector: "toy",
        config: { world: name, batches },
        summary: "toy",
        location: { file: "r.yaml", line: 2, column: 1 },
        ...(incremental
          ? {
            incremental: {
              strategy: "cursor" as const,
              cursorColumn: "id",
              onNull: "error" as const,
              order: "none" as const,
            },
          }
          : {}),
      },
      steps: [],
      destination: {
        connector: "toy",
        config: { world: name, batches },
        mode,
        mergeKeys: [],
        strategy: "upsert",
        summary: "toy",
        location: { file: "r.yaml", line: 9, column: 1 },
      },
      fingerprint: "p1",
    }],
    runtime: {
      batchSize: 10,
      parallelism: 1,
      retries: { maxAttempts: 3, initialDelayMs: 1, maxDelayMs: 2 },
      deadLetter: deadLetter === undefined ? undefined : { path: deadLetter },
    },
    state: { backend: "local" },
    plugins: [],
    vars: {},
    secrets: [],
    warnings: [],
  };
  return {
    world,
    state,
    events,
    run: ({ signal = new AbortController().signal, ...rest } = {}) =>
      runPlan(
        plan,
        { stateBackend: state, emit: (e) => events.push(e), signal, openSession: createSession },
        rest,
      ),
  };
}

const upTo = (n: number) => Array.from({ length: n }, (_, i) => i + 1);

for (const incremental of [false, true]) {
  Deno.test(`append, ${incremental ? "incremental" : "everything"}: rows, counts, state`, async () => {
    const { world, state, run } = setup({ incremental });
    const summary = await run();
    assert.equal(summary.error, undefined);
    assert.deepEqual(world.rows, upTo(30));
    assert.deepEqual(
      [summary.status, summary.rows_read, summary.rows_written, summary.rows_rejected, summary.batches],
      ["succeeded", 30, 30, 0, 3],
    );
    assert.equal(state.state!.in_flight, null);
    assert.deepEqual(state.state!.checkpoints, []);
    assert.deepEqual(state.state!.cursor_values, incremental ? { id: "30" } : {});
    assert.equal(state.state!.sequence, 4, "three batches and the end");
    await run();
    assert.deepEqual(world.rows.length, incremental ? 30 : 60);
  });
}

/** Faults that end the process: nothing the engine wants to do afterwards happens. */
class Crash extends Error {}

for (const mode of ["append", "overwrite"] as const) {
  for (const incremental of mode === "append" ? [true, false] : [false]) {
    for (let batch = 1; batch <= 3; batch++) {
      for (const when of ["before", "after"] as const) {
        Deno.test(`${mode}${incremental ? " incremental" : ""}: a crash ${when} commit ${batch} and a re-run give the same rows`, async () => {
          const { world, state, run } = setup({ mode, incremental });
          if (mode === "overwrite") world.rows = [-1, -2];
          const saved = () => structuredClone(state.state);
          let atCrash: State | undefined;
          let crashed = false;
          const crash = (sequence: number) => {
            if (sequence !== batch || crashed) return;
            crashed = true;
            atCrash = saved();
            // What a killed process leaves is what was saved before the crash.
            throw new Crash();
          };
          if (when === "before") world.onWrite = crash;
          else world.afterWrite = crash;
          await run();
          if (mode === "overwrite") assert.deepEqual(world.rows, [-1, -2], "the old rows stay visible");
          state.state = atCrash;
          const summary = await run();
          assert.equal(summary.error, undefined);
          assert.deepEqual(world.rows, upTo(30));
        });
      }
    }
  }
}

Deno.test("an overwrite whose source can't go on begins anew: after a failure in between, and in the next run", async () => {
  const { world, events, run } = setup({ mode: "overwrite" });
  world.resumes = false;
  let failures = 0;
  world.onWrite = (sequence) => {
    if (sequence === 2 && failures++ === 0) throw flaky();
  };
  const summary = await run();
  assert.equal(summary.error, undefined);
  assert.deepEqual(world.rows, upTo(30));
  assert.deepEqual(
    events.filter((event) => ["restarted", "retry"].includes(event.type)).map((event) => event.type),
    ["retry", "restarted"],
  );
  assert.deepEqual(
    [summary.rows_read, summary.rows_written, summary.batches],
    [30, 30, 3],
    "what was given up is not counted",
  );

  world.onWrite = (sequence) => {
    if (sequence === 7) throw new Crash();
  };
  assert.equal((await run()).status, "failed");
  assert.equal(world.staged.length, 10);
  const staged = world.position!.runId;
  world.onWrite = () => {};
  const next = await run();
  assert.equal(next.error, undefined);
  assert.equal(next.resumed, false);
  assert.notEqual(world.position!.runId, staged);
  assert.deepEqual(world.rows, upTo(30));
});

Deno.test("an append is never begun anew: its rows are there", async () => {
  const { world, run } = setup({ mode: "append" });
  world.resumes = false;
  let failures = 0;
  world.onWrite = (sequence) => {
    if (sequence === 2 && failures++ === 0) throw flaky();
  };
  assert.equal((await run()).error, undefined);
  assert.deepEqual(world.rows, upTo(30));
  assert.ok(!world.log.some((line) => line.startsWith("resumes")));
});

Deno.test("append of everything: cut off between the last commit and saving the state", async () => {
  const { world, state, run } = setup();
  const save = state.save.bind(state);
  let crashed = false;
  state.save = (recipe, next) => {
    if (!crashed && world.position?.complete) {
      crashed = true;
      return Promise.reject(new Crash());
    }
    return save(recipe, next);
  };
  assert.equal((await run()).status, "failed");
  const summary = await run();
  assert.equal(summary.status, "succeeded");
  assert.deepEqual(world.rows, upTo(30), "finished, not loaded again");
  await run();
  assert.equal(world.rows.length, 60, "the run after that loads again");
});

Deno.test("a retryable error is retried from the last commit, reading and writing", async () => {
  const { world, events, run } = setup({ incremental: true });
  let reads = 0;
  world.onRead = (n) => {
    if (n === 1 && reads++ < 1) throw flaky();
  };
  let writes = 0;
  world.onWrite = (sequence) => {
    if (sequence === 3 && writes++ < 2) throw flaky();
  };
  const summary = await run();
  assert.equal(summary.error, undefined);
  assert.deepEqual(world.rows, upTo(30));
  assert.equal(events.filter((e) => e.type === "retry").length, 3);
});

for (const happened of [true, false]) {
  for (const at of ["a batch", "the end"]) {
    Deno.test(`a commit of ${at} that was not answered and ${happened ? "has" : "has not"} happened`, async () => {
      const { world, events, run } = setup({ incremental: true });
      let lost = 0;
      const unanswered = () => {
        const error = new CommitUnknownError("not answered");
        error.result = { rowsReceived: 10, rowsWritten: 10 };
        return error;
      };
      const loseOnce = (sequence: number) => {
        if (sequence === (at === "a batch" ? 2 : 4) && lost++ === 0) throw unanswered();
      };
      if (happened) [world.afterWrite, world.afterCommit] = [loseOnce, loseOnce];
      else [world.onWrite, world.onCommit] = [loseOnce, loseOnce];
      const summary = await run();
      assert.equal(summary.error, undefined);
      assert.deepEqual(world.rows, upTo(30), "nothing lost, nothing twice");
      assert.deepEqual([summary.rows_read, summary.rows_written, lost], [30, 30, happened ? 1 : 2]);
      assert.equal(events.filter((e) => e.type === "retry").length, happened ? 0 : 1);
    });
  }
}

Deno.test("retries end, and the error says where", async () => {
  const { world, state, run } = setup({ incremental: true });
  world.onWrite = () => {
    throw flaky();
  };
  const summary = await run();
  assert.equal(summary.status, "failed");
  assert.equal(summary.error!.code, "CONNECTION_LOST");
  assert.deepEqual(summary.error!.location, { file: "r.yaml", line: 9, column: 1 });
  assert.deepEqual(world.rows, []);
  assert.equal(state.saves, 0, "nothing was committed, so the state was not touched");
});

Deno.test("an error that a retry can't help is not retried", async () => {
  const { world, events, run } = setup();
  world.onWrite = () => {
    throw new ConnectorError("PERMISSION_DENIED", "No.");
  };
  assert.equal((await run()).error!.code, "PERMISSION_DENIED");
  assert.equal(events.filter((e) => e.type === "retry").length, 0);
});

Deno.test("an abort stops the run and keeps what was committed", async () => {
  const { world, state, run } = setup({ incremental: true, batches: 5 });
  const stop = new AbortController();
  world.afterWrite = (sequence) => {
    if (sequence === 2) stop.abort();
  };
  const summary = await run({ signal: stop.signal });
  assert.equal(summary.error!.code, "INTERRUPTED");
  assert.deepEqual(world.rows, upTo(20));
  assert.deepEqual(state.state!.cursor_values, { id: "20" });
  world.afterWrite = () => {};
  await run();
  assert.deepEqual(world.rows, upTo(50));
});

Deno.test("--full-refresh replaces the rows of an append at the end", async () => {
  const { world, run } = setup({ incremental: true });
  await run();
  world.rows.push(99);
  const summary = await run({ fullRefresh: true });
  assert.equal(summary.error, undefined);
  assert.deepEqual(world.rows, upTo(30));
});

Deno.test("--dry-run counts and changes nothing", async () => {
  const { world, state, run } = setup();
  const summary = await run({ dryRun: true });
  assert.equal(summary.rows_read, 30);
  assert.equal(summary.rows_written, 0);
  assert.deepEqual([world.rows, world.log, state.saves], [[], [], 0]);
});

Deno.test("--limit reads so many rows and leaves the position", async () => {
  const { world, state, run } = setup({ incremental: true });
  const summary = await run({ limit: 15 });
  assert.equal(summary.rows_read, 15);
  assert.deepEqual(world.rows, upTo(15));
  assert.deepEqual(state.state!.cursor_values, {});
});

Deno.test("rows a destination refuses go to the dead letter, each with its error; the rest is loaded", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const deadLetter = `${directory}/bad.jsonl`;
    const { world, run } = setup({ deadLetter });
    const bad = new Set([1, 7, 8, 20, 30]);
    world.onWrite = (_sequence, values) => {
      const refused = values.find((value) => bad.has(value));
      if (refused !== undefined) throw new ConnectorError("CONSTRAINT_VIOLATED", `id ${refused} is refused`);
    };
    const summary = await run();
    assert.equal(summary.error, undefined);
    assert.deepEqual(world.rows, upTo(30).filter((id) => !bad.has(id)));
    assert.deepEqual([summary.rows_read, summary.rows_written, summary.rows_rejected], [30, 25, 5]);
    const lines = (await Deno.readTextFile(deadLetter)).trim().split("\n").map((line) => JSON.parse(line));
    assert.deepEqual(lines.map((line) => [line.row.id, line.row_number, line.error.message]), [
      [1, 1, "id 1 is refused"],
      [7, 7, "id 7 is refused"],
      [8, 8, "id 8 is refused"],
      [20, 10, "id 20 is refused"],
      [30, 10, "id 30 is refused"],
    ]);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("a destination that names the row at fault spares the search, and need not be right", async () => {
  const directory = await Deno.makeTempDir();
  try {
    for (const [off, tries] of [[0, 4], [3, 12]] as const) {
      const { world, run } = setup({ batches: 1, deadLetter: `${directory}/bad${off}.jsonl` });
      let probes = 0;
      world.onWrite = (sequence, values) => {
        if (sequence < 0) probes++;
        const row = values.indexOf(6) + 1;
        if (row === 0) return;
        throw new ConnectorError("CONSTRAINT_VIOLATED", `row ${row} of the batch`, {
          context: { row: row + off },
        });
      };
      const summary = await run();
      assert.equal(summary.error, undefined);
      assert.deepEqual(world.rows, upTo(10).filter((id) => id !== 6));
      assert.ok(probes <= tries, `${probes} tries`);
    }
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("rows that are refused only together: the later ones go", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const { world, run } = setup({ batches: 1, deadLetter: `${directory}/bad.jsonl` });
    world.onWrite = (_sequence, values) => {
      if (values.filter((value) => value % 3 === 0).length > 1) {
        throw new ConnectorError("CONSTRAINT_VIOLATED", "one multiple of three only");
      }
    };
    const summary = await run();
    assert.equal(summary.error, undefined);
    assert.deepEqual(world.rows, [1, 2, 3, 4, 5, 7, 8, 10]);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
