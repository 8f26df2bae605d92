import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { LocalStateBackend } from "../../../src/state/mod.ts";
import { StateError } from "../../../src/sdk/mod.ts";

const SCRIPT = fileURLToPath(new URL("./state_process.ts", import.meta.url));

/** A process of `state_process.ts` that has said it is ready. */
class Helper {
  readonly #child: Deno.ChildProcess;
  readonly #lines: ReadableStreamDefaultReader<string>;
  #rest = "";

  constructor(args: string[]) {
    this.#child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--quiet", SCRIPT, ...args],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    this.#lines = this.#child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  static async ready(args: string[]): Promise<Helper> {
    const helper = new Helper(args);
    assert.equal(await helper.line(), "ready");
    return helper;
  }

  get pid(): number {
    return this.#child.pid;
  }

  async line(): Promise<string> {
    while (!this.#rest.includes("\n")) {
      const { value, done } = await this.#lines.read();
      assert.ok(!done, "the process ended before it said anything");
      this.#rest += value;
    }
    const [line, ...rest] = this.#rest.split("\n");
    this.#rest = rest.join("\n");
    return line!;
  }

  async go(): Promise<void> {
    const writer = this.#child.stdin.getWriter();
    await writer.write(new TextEncoder().encode("go\n"));
    await writer.close();
  }

  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.end();
  }

  async end(): Promise<void> {
    await this.#lines.cancel();
    await this.#child.status;
    if (!this.#child.stdin.locked) await this.#child.stdin.abort();
  }
}

async function inDirectory(body: (directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    await body(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("of two processes that save the same revision at once one wins and the other is told", () =>
  inDirectory(async (directory) => {
    for (let round = 1; round <= 3; round++) {
      const helpers = await Promise.all([1, 2].map(() => Helper.ready([directory, "save"])));
      await Promise.all(helpers.map((helper) => helper.go()));
      const results = await Promise.all(helpers.map(async (helper) => JSON.parse(await helper.line())));
      await Promise.all(helpers.map((helper) => helper.end()));

      const winners = results.filter((result) => result.result === "saved");
      const losers = results.filter((result) => result.result !== "saved");
      assert.deepEqual([winners.length, losers.length], [1, 1], JSON.stringify(results));
      assert.ok(["STATE_CONFLICT", "STATE_LOCKED"].includes(losers[0].result), losers[0].result);
      const state = await new LocalStateBackend(directory).load("orders");
      assert.equal(state?.revision, round);
      assert.equal(state.cursor_values.by, winners[0].pid);
    }
  }));

Deno.test("no save is lost when two processes load and save all the time", () =>
  inDirectory(async (directory) => {
    const helpers = await Promise.all([1, 2].map(() => Helper.ready([directory, "count", "20"])));
    await Promise.all(helpers.map((helper) => helper.go()));
    const results = await Promise.all(helpers.map(async (helper) => JSON.parse(await helper.line())));
    await Promise.all(helpers.map((helper) => helper.end()));

    for (const result of results) {
      assert.equal(result.saved, 20);
      const others = Object.keys(result).filter((key) => key !== "saved");
      assert.ok(others.every((code) => code === "STATE_CONFLICT"), JSON.stringify(result));
    }
    const state = await new LocalStateBackend(directory).load("orders");
    assert.deepEqual([state?.revision, state?.metadata.count], [40, 40]);
  }));

Deno.test("a process killed in the middle of saving leaves a state that can be read and saved again", () =>
  inDirectory(async (directory) => {
    const backend = new LocalStateBackend(directory);
    let last = 0;
    for (let round = 0; round < 6; round++) {
      const helper = await Helper.ready([directory, "forever"]);
      await helper.go();
      await new Promise((resolve) => setTimeout(resolve, 20 + Math.random() * 60));
      await helper.kill();

      const state = await backend.load("orders");
      assert.ok(state === undefined ? last === 0 : state.revision >= last);
      if (state === undefined) continue;
      assert.equal(state.metadata.count, state.revision - round, "a save was torn");
      // Shifts revision against count by one a round, which the assertion above expects.
      last = (await backend.save("orders", state)).revision;
    }
  }));

Deno.test("a lock names its holder, and is free once the holder is killed", () =>
  inDirectory(async (directory) => {
    const backend = new LocalStateBackend(directory);
    const helper = await Helper.ready([directory, "lock"]);
    try {
      await assert.rejects(backend.lock("orders"), (error) => {
        assert.ok(error instanceof StateError);
        assert.equal(error.code, "STATE_LOCKED");
        assert.equal(error.retryable, true);
        assert.equal(error.context.pid, helper.pid);
        assert.equal(error.context.host, Deno.hostname());
        assert.match(error.message, new RegExp(`process ${helper.pid} on .*, since \\d{4}-`));
        return true;
      });
      await (await backend.lock("customers")).release();
    } finally {
      await helper.kill();
    }
    await (await backend.lock("orders")).release();
  }));
