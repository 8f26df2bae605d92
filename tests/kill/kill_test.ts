/**
 * `kill -9` in the middle of a load, then a re-run, gives exactly the rows of an unbroken run.
 *
 * DATALOADER_KILLS=50 sets how many moments each mode is killed at (default 4); DATALOADER_KILL_SEED another seed.
 */
import assert from "node:assert/strict";
import {
  countRows,
  describeMoment,
  faults,
  type Home,
  makeHome,
  type Moment,
  type Place,
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
      const place = { inputs: `${parent}/inputs`, oldInputs: `${parent}/old_inputs`, parent };
      await makeInputs(place.inputs, ROWS_PER_FILE);
      await makeInputs(place.oldInputs, ROWS_PER_FILE / 10);
      for (const mode of MODES) await t.step(mode.name, () => killMode(mode, place));
    } finally {
      await Deno.remove(parent, { recursive: true });
    }
  },
});

async function killMode(mode: KillMode, place: Place): Promise<void> {
  const random = seededRandom(SEED);
  const expected = await makeHome(mode, place);
  const before = mode.atomic ? await countRows(expected) : 0;
  const began = performance.now();
  const { rows_written } = await runToEnd(expected);
  const whole = performance.now() - began;
  assert.ok(rows_written > 0, "the unbroken run loads rows");
  const visible = mode.atomic ? [before, await countRows(expected)] : undefined;
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
    if (await killOnce(home, { moment, expected, visible })) killed += 1;
    await Deno.remove(home.path, { recursive: true });
  }
  assert.ok(killed > 0, `none of ${moments.length} runs was killed before its end`);
}

interface Setting {
  readonly moment: Moment;
  readonly expected: Home;
  /** The row counts that a reader may see after the kill; undefined where the mode promises none. */
  readonly visible?: readonly number[];
}

/** Kills one load, runs it again and looks at what is there. Returns whether the kill came before the end. */
async function killOnce(home: Home, setting: Setting): Promise<boolean> {
  const { moment, expected, visible } = setting;
  const where = `${home.mode.name}, killed ${describeMoment(moment)}`;
  const killed = await runAndKill(home, moment);
  if (visible !== undefined) {
    const seen = await countRows(home);
    assert.ok(visible.includes(seen), `${where}: a reader sees ${seen} rows, neither of ${visible}`);
  }
  const { incremental, seeded } = home.mode;
  const repeatable = incremental || seeded;
  // An append of everything that had come to its end would rightly load it all again.
  if (repeatable || (killed && !await savedAsDone(home))) await runToEnd(home);
  assert.deepEqual(await faults(home, expected), [], where);
  if (incremental) {
    const again = await runToEnd(home);
    assert.equal(again.rows_written, 0, `${where}: a third run has nothing to load`);
  }
  return killed;
}
