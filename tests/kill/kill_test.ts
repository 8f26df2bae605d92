/**
 * `kill -9` in the middle of a load, then a re-run, gives exactly the rows of an unbroken run.
 *
 * DATALOADER_KILLS=50 sets how many moments each mode is killed at (default 4); DATALOADER_KILL_SEED another seed.
 */
import assert from "node:assert/strict";
import {
  describeMoment,
  faults,
  type Home,
  makeHome,
  type Moment,
  runAndKill,
  runToEnd,
  savedAsDone,
  seededRandom,
} from "./harness.ts";
import { type KillMode, makeInputs, MODES } from "./modes.ts";

const KILLS = Number(Deno.env.get("DATALOADER_KILLS") ?? 4);
const SEED = Number(Deno.env.get("DATALOADER_KILL_SEED") ?? 20240607);
const ROWS_PER_FILE = 40_000;

/** Moments that chance would seldom find: the first sight of each file that a load makes. */
const SIGHTS: readonly Moment[] = [
  { kind: "file", matches: /^\.state\/kill\.json$/ },
  { kind: "file", matches: /^out\.duckdb\.wal$/ },
  { kind: "file", matches: /^out\/.*\.tmp/ },
  { kind: "file", matches: /^out\/_dataloader/ },
  { kind: "file", matches: /^out\/.*\.parquet$/ },
];

Deno.test({
  name: "a killed load that is run again gives the rows of an unbroken one",
  ignore: Deno.build.os === "windows",
  fn: async (t) => {
    const parent = (await Deno.makeTempDir({ prefix: "kill_" })).replaceAll("\\", "/");
    try {
      const inputs = `${parent}/inputs`;
      await Deno.mkdir(inputs);
      await makeInputs(inputs, ROWS_PER_FILE);
      for (const mode of MODES) await t.step(mode.name, () => killMode(mode, { inputs, parent }));
    } finally {
      await Deno.remove(parent, { recursive: true });
    }
  },
});

async function killMode(mode: KillMode, place: { inputs: string; parent: string }): Promise<void> {
  const random = seededRandom(SEED);
  const expected = await makeHome(mode, place);
  const began = performance.now();
  const { rows_written } = await runToEnd(expected);
  const whole = performance.now() - began;
  assert.ok(rows_written > 0, "the unbroken run loads rows");
  const sights = SIGHTS.slice(0, KILLS);
  const moments: Moment[] = [
    ...sights,
    // From a fifth of a whole run, before which there is only the start of the process, to just past its end.
    ...Array.from(
      { length: KILLS },
      (): Moment => ({ kind: "delay", ms: whole * (0.2 + 0.85 * random()) }),
    ),
  ];
  let killed = 0;
  for (const moment of moments) {
    const home = await makeHome(mode, place);
    if (await killOnce(home, { moment, expected })) killed += 1;
    await Deno.remove(home.path, { recursive: true });
  }
  assert.ok(killed > 0, `none of ${moments.length} runs was killed before its end`);
}

/** Kills one load, runs it again and looks at what is there. Returns whether the kill came before the end. */
async function killOnce(home: Home, setting: { moment: Moment; expected: Home }): Promise<boolean> {
  const { moment, expected } = setting;
  if (home.mode.seeded) await runToEnd(home);
  const killed = await runAndKill(home, moment);
  const done = !killed || await savedAsDone(home);
  const incremental = "incremental" in (home.mode.recipe("", "").source as object);
  // A run that is over needs no second one; an append of everything would rightly load it all again.
  if (!done || incremental) await runToEnd(home);
  const where = `${home.mode.name}, killed ${describeMoment(moment)}`;
  assert.deepEqual(await faults(home, expected), [], where);
  if (incremental) {
    const again = await runToEnd(home);
    assert.equal(again.rows_written, 0, `${where}: a third run has nothing to load`);
  }
  return killed;
}
