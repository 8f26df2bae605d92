import assert from "node:assert/strict";
import { backoffDelay, delay } from "../../../src/engine/retry.ts";

const retries = { maxAttempts: 5, initialDelayMs: 100, maxDelayMs: 1_000 };

Deno.test("backoffDelay: the ceiling doubles up to the maximum, the wait is random below it", () => {
  const ceilings = [1, 2, 3, 4, 5, 6].map((attempt) => backoffDelay(attempt, retries, () => 1));
  assert.deepEqual(ceilings, [100, 200, 400, 800, 1_000, 1_000]);
  assert.equal(backoffDelay(3, retries, () => 0), 0);
  assert.equal(backoffDelay(3, retries, () => 0.5), 200);
});

Deno.test("delay ends early when aborted, and leaves no timer", async () => {
  const stop = new AbortController();
  const waiting = delay(60_000, stop.signal);
  stop.abort(new Error("stop"));
  await assert.rejects(waiting, /stop/);
  await assert.rejects(delay(60_000, stop.signal), /stop/);
  await delay(1, new AbortController().signal);
});
