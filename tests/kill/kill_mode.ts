/**
 * `kill -9` in the middle of a load, then a re-run, gives exactly the rows of an unbroken run.
 *
 * DATALOADER_KILLS=50 sets at how many random moments loads are killed (default 2), DATALOADER_KILL_SEED another seed.
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
import { type KillMode, makeInputs } from "./modes.ts";

const KILLS = Number(Deno.env.get("DATALOADER_KILLS") ?? 2);
const SEED = Number(Deno.env.get("DATALOADER_KILL_SEED") ?? 20240607);
const ROWS_PER_FILE = 40_000;
/** Loads that are killed side by side: the start of a process keeps one core busy. */
const SIDE_BY_SIDE = Math.min(4, navigator.hardwareConcurrency);

/** Runs a mode unbroken, then kills it at each moment and runs it again. */
export async function testKills(mode: KillMode): Promise<void> {
  const parent = (await Deno.makeTempDir({ prefix: "kill_" })).replaceAll("\\", "/");
  try {
    const place = { inputs: `${parent}/inputs`, oldInputs: `${parent}/old_inputs`, parent };
    await makeInputs(place.inputs, ROWS_PER_FILE);
    await makeInputs(place.oldInputs, ROWS_PER_FILE / 10);
    await killMode(mode, place);
  } finally {
    await Deno.remove(parent, { recursive: true });
  }
}

async function killMode(mode: KillMode, place: Place): Promise<void> {
  const expected = await makeHome(mode, place);
  const before = mode.atomic ? await countRows(expected) : 0;
  const { rows_written } = await runToEnd(expected);
  assert.ok(rows_written > 0, "the unbroken run loads rows");
  const visible = mode.atomic ? [before, await countRows(expected)] : undefined;
  const whole = await timeSideBySide(mode, place);
  const random = seededRandom(SEED);
  // From a fifth of a whole run, before which there is only the start of the process, to just past its end.
  const delays = Array.from(
    { length: Math.ceil(KILLS * mode.share) },
    (): Moment => ({ kind: "delay", ms: whole * (0.2 + 0.85 * random()) }),
  );
  const moments = [...mode.sights.map((matches): Moment => ({ kind: "file", matches })), ...delays];
  let killed = 0;
  await sideBySide(moments, async (moment) => {
    const home = await makeHome(mode, place);
    if (await killOnce(home, { moment, expected, visible })) killed += 1;
    await Deno.remove(home.path, { recursive: true });
  });
  assert.ok(
    killed >= moments.length / 3,
    `only ${killed} of ${moments.length} runs were killed before their end`,
  );
}

/** Milliseconds of a whole run when as many run at a time as will be killed at a time. */
async function timeSideBySide(mode: KillMode, place: Place): Promise<number> {
  let total = 0;
  await sideBySide(Array.from({ length: SIDE_BY_SIDE }), async () => {
    const home = await makeHome(mode, place);
    const began = performance.now();
    await runToEnd(home);
    total += performance.now() - began;
    await Deno.remove(home.path, { recursive: true });
  });
  return total / SIDE_BY_SIDE;
}

/** Works on a list, some at a time. The first failure ends it. */
async function sideBySide<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = [...items];
  const worker = async () => {
    while (left.length > 0) {
      try {
        await work(left.shift()!);
      } catch (error) {
        left.length = 0;
        throw error;
      }
    }
  };
  const results = await Promise.allSettled(Array.from({ length: SIDE_BY_SIDE }, worker));
  for (const result of results) if (result.status === "rejected") throw result.reason;
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
  // An append of everything that had come to its end would rightly load it all again.
  const again = incremental || seeded || (killed && !await savedAsDone(home));
  if (again) await runToEnd(home);
  assert.deepEqual(await faults(home, { expected, cleaned: again || !killed }), [], where);
  if (incremental) {
    const third = await runToEnd(home);
    assert.equal(third.rows_written, 0, `${where}: a third run has nothing to load`);
  }
  return killed;
}
