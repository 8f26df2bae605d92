/** The rules of `docs/specs/state.md`, for every state backend: K1…. */
import assert from "node:assert/strict";
import { emptyState, type State, type StateBackend, StateError } from "../../src/sdk/mod.ts";

/** Where a suite keeps states: `open` gives a backend as another process would have it, over the same place. */
export interface StatePlace extends AsyncDisposable {
  open(): StateBackend;
  /** Makes the saved state of a recipe unreadable. */
  spoil(recipe: string): Promise<void>;
}

const FULL: State = {
  ...emptyState("orders"),
  sequence: 3,
  in_flight: { run_id: "r1", started_at: "2024-05-01T00:00:00Z", plan: "abc" },
  cursor_values: { id: "9223372036854775807", updated_at: "2024-05-01 10:00:00.123456" },
  watermarks: { day: "2024-05-01" },
  checkpoints: [{ part: 1, done: true }, { part: 2, done: null }],
  metadata: { hashes: ["a", "b"], nested: { "ключ": ["\u2028", "😀", '"'] }, float: 0.1 },
};

async function refused(promise: Promise<unknown>, code: string): Promise<void> {
  const error = await promise.then(() => undefined, (error) => error);
  assert.ok(error instanceof StateError, `refused by an error of ours: ${error}`);
  assert.equal(error.code, code);
  assert.ok(error.hint !== undefined, "a hint");
}

export const STATE_RULES: readonly {
  id: string;
  title: string;
  run: (place: StatePlace) => Promise<void>;
}[] = [
  {
    id: "K1",
    title: "a recipe that was never run has no state",
    run: async (place) => assert.equal(await place.open().load("never"), undefined),
  },
  {
    id: "K2",
    title: "what is saved is loaded again by anyone, exactly, with the next revision and the time",
    run: async (place) => {
      const before = Date.now() - 1000;
      const saved = await place.open().save("orders", FULL);
      assert.equal(saved.revision, 1);
      assert.ok(Date.parse(saved.updated_at) >= before);
      assert.deepEqual({ ...saved, revision: 0, updated_at: FULL.updated_at }, FULL);
      assert.deepEqual(await place.open().load("orders"), saved);
    },
  },
  {
    id: "K3",
    title: "a save of a revision that is not the saved one is refused and changes nothing",
    run: async (place) => {
      const first = await place.open().save("orders", FULL);
      const second = await place.open().save("orders", { ...first, sequence: 4 });
      for (const stale of [FULL, first, { ...second, revision: 9 }]) {
        await refused(place.open().save("orders", stale), "STATE_CONFLICT");
      }
      assert.deepEqual(await place.open().load("orders"), second);
    },
  },
  {
    id: "K4",
    title: "of many saves of one revision at a time one wins",
    run: async (place) => {
      const first = await place.open().save("orders", FULL);
      const results = await Promise.allSettled(
        Array.from({ length: 8 }, (_, nth) => place.open().save("orders", { ...first, sequence: 10 + nth })),
      );
      const won = results.filter((result) => result.status === "fulfilled");
      assert.equal(won.length, 1);
      assert.deepEqual(await place.open().load("orders"), (won[0] as PromiseFulfilledResult<State>).value);
    },
  },
  {
    id: "K5",
    title: "recipes are kept apart, whatever their names; a name that can't be kept is refused",
    run: async (place) => {
      const names = [
        "orders",
        "Orders",
        "a/b",
        "a_b",
        "../up",
        "ü",
        "con",
        "x".repeat(300),
        "a b",
        ".hidden",
      ];
      const kept: [name: string, sequence: number][] = [];
      for (const [nth, name] of names.entries()) {
        try {
          await place.open().save(name, { ...emptyState(name), sequence: nth + 1 });
          kept.push([name, nth + 1]);
        } catch (error) {
          assert.ok(error instanceof StateError && error.hint !== undefined, `${name}: ${error}`);
        }
      }
      assert.ok(kept.length >= 5, `kept: ${kept}`);
      for (const [name, sequence] of kept) {
        const state = await place.open().load(name);
        assert.deepEqual([state?.recipe, state?.sequence], [name, sequence]);
      }
    },
  },
  {
    id: "K6",
    title: "a state that can't be read is an error and is left as it is: never a silent restart",
    run: async (place) => {
      await place.open().save("orders", FULL);
      await place.spoil("orders");
      await refused(place.open().load("orders"), "STATE_CORRUPTED");
      await refused(place.open().save("orders", FULL), "STATE_CORRUPTED");
      await refused(place.open().load("orders"), "STATE_CORRUPTED");
    },
  },
  {
    id: "K7",
    title: "a lock keeps others out until it is released",
    run: async (place) => {
      const held = await place.open().lock!("orders");
      await refused(place.open().lock!("orders"), "STATE_LOCKED");
      await (await place.open().lock!("others")).release();
      await held.release();
      await (await place.open().lock!("orders")).release();
    },
  },
];

/** Runs the rules, each in a place of its own. */
export function testState(system: { name: string; open: () => Promise<StatePlace> }): void {
  Deno.test(`contract, state: ${system.name}`, async (t) => {
    for (const rule of STATE_RULES) {
      await t.step(`${rule.id} ${rule.title}`, async () => {
        await using place = await system.open();
        await rule.run(place);
      });
    }
  });
}
