/** Killing runs: starts the CLI, ends it by SIGKILL at a moment, runs it again and compares with a run that nobody killed. */
import { difference, sql } from "../integration/database.ts";
import { cliCommand, runRecipe, type Summary } from "../integration/cli.ts";
import { filesUnder, type KillMode } from "./modes.ts";

/** Where the loads of a test read from and live. */
export interface Place {
  /** Directory of the input files. */
  readonly inputs: string;
  /** Directory of other input files: what a seeded mode has loaded before. */
  readonly oldInputs: string;
  /** Directory that the homes are made in. */
  readonly parent: string;
}

/** A directory with a recipe, its destination, its state and its temporary files. */
export interface Home {
  readonly path: string;
  readonly recipe: string;
  readonly mode: KillMode;
}

/** Makes the directory and, for a seeded mode, loads the old rows. */
export async function makeHome(mode: KillMode, place: Place): Promise<Home> {
  const path = (await Deno.makeTempDir({ dir: place.parent })).replaceAll("\\", "/");
  const home = { path, recipe: `${path}/recipe.yaml`, mode };
  await Deno.mkdir(`${path}/tmp`);
  if (mode.seeded) {
    await Deno.writeTextFile(home.recipe, JSON.stringify(mode.recipe(place.oldInputs, path)));
    await runToEnd(home);
  }
  await Deno.writeTextFile(home.recipe, JSON.stringify(mode.recipe(place.inputs, path)));
  return home;
}

/** Both spellings of where temporary files go, so that what a killed run leaves there can be seen. */
function environment(home: Home) {
  const tmp = `${home.path}/tmp`;
  return { cwd: home.path, env: { TMPDIR: tmp, TMP: tmp, TEMP: tmp } };
}

/** Runs to the end. @throws {Error} where it does not succeed. */
export async function runToEnd(home: Home): Promise<Summary> {
  const { code, summary, stderr } = await runRecipe(home.recipe, environment(home));
  if (code !== 0) {
    throw new Error(`the run ended with ${code}: ${JSON.stringify(summary.error)}\n${stderr}`);
  }
  return summary;
}

/** When a run is killed. */
export type Moment =
  | { readonly kind: "delay"; readonly ms: number }
  /** As soon as a file whose path in the home matches is made or changed. */
  | { readonly kind: "file"; readonly matches: RegExp };

export function describeMoment(moment: Moment): string {
  return moment.kind === "delay" ? `after ${Math.round(moment.ms)} ms` : `at file ${moment.matches}`;
}

/** Starts a run and kills it. Returns false where the run had ended before the moment came. */
export async function runAndKill(home: Home, moment: Moment): Promise<boolean> {
  const before = await times(home.path);
  const child = cliCommand(["run", home.recipe, "--json"], environment(home)).spawn();
  let ended = false;
  const output = child.output().finally(() => ended = true);
  const began = performance.now();
  while (!ended && !await reached(home, moment, { began, before })) {
    await new Promise((done) => setTimeout(done, 1));
  }
  if (!ended) {
    try {
      child.kill("SIGKILL");
    } catch (error) {
      // It ended between the look and the kill.
      if (!(error instanceof TypeError || error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  const { signal } = await output;
  return signal === "SIGKILL";
}

async function reached(
  home: Home,
  moment: Moment,
  { began, before }: { began: number; before: ReadonlyMap<string, number> },
): Promise<boolean> {
  if (moment.kind === "delay") return performance.now() - began >= moment.ms;
  try {
    const now = await times(home.path);
    return [...now].some(([file, time]) => moment.matches.test(file) && before.get(file) !== time);
  } catch (error) {
    // A directory that is listed while it goes away.
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** When each file was last changed. */
async function times(directory: string): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  for (const file of await filesUnder(directory)) {
    found.set(file, (await Deno.stat(`${directory}/${file}`)).mtime?.getTime() ?? 0);
  }
  return found;
}

/** True where the saved state says that the run has ended: another run is then a new one, not a continuation. */
export async function savedAsDone(home: Home): Promise<boolean> {
  try {
    const state = JSON.parse(await Deno.readTextFile(`${home.path}/.state/kill.json`));
    return state.in_flight === null && state.sequence > 0;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/**
 * What is wrong with the rows in comparison with `expected` and, where a run has come to its end since the kill (`cleaned`),
 * with what lies about. Empty when all is well.
 */
export async function faults(
  home: Home,
  { expected, cleaned }: { expected: Home; cleaned: boolean },
): Promise<string[]> {
  const ours = await home.mode.rows(home.path, "ours");
  const theirs = await expected.mode.rows(expected.path, "expected");
  const found = await difference(ours.select, theirs.select, { setup: [...ours.setup, ...theirs.setup] });
  const problems: string[] = [];
  if (found.onlyLeft > 0) problems.push(`${found.onlyLeft} rows too many`);
  if (found.onlyRight > 0) problems.push(`${found.onlyRight} of ${found.rows} rows missing`);
  if (!cleaned) return problems;
  problems.push(...(await home.mode.litter(home.path)).map((name) => `left behind: ${name}`));
  problems.push(...(await filesUnder(`${home.path}/tmp`)).map((name) => `left behind: tmp/${name}`));
  return problems;
}

/** How many rows a reader sees at the destination. */
export async function countRows(home: Home): Promise<number> {
  const { setup, select } = await home.mode.rows(home.path, "ours");
  const [row] = await sql(...setup, `SELECT count(*)::INTEGER AS n FROM (${select})`);
  return Number(row!.n);
}

/** Numbers in [0, 1) that are the same for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), a | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
