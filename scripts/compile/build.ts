/** Makes one executable and looks at what is in it. */
import { dirname, join } from "node:path";
import { listFiles } from "../files.ts";
import { type Embedded, readEmbedded } from "./embedded.ts";
import { explainFailure } from "./failure.ts";
import { prepareStage, unneededPackages } from "./stage.ts";
import type { Target } from "./targets.ts";

/** Modules that no import names: entry points of Workers, and commands, which are imported when they are called. */
const BY_NAME = /^src\/(.*\/worker|cli\/call|cli\/commands\/.*)\.ts$/;

/** What the executable of everything may do: all. Recipes run in Workers that may do less. */
export const GENERAL_FLAGS = ["--allow-all"];

/** Flags of every executable. A permission that is missing is an error at once, never a question. */
const ALWAYS = ["--no-check", "--no-prompt", "--unstable-worker-options", "--self-extracting"];

export interface BuildOptions {
  readonly root: string;
  readonly target: Target;
  /** Absolute path of the executable. */
  readonly output: string;
  readonly commit: string;
  /** Permission flags. */
  readonly flags: readonly string[];
  /** Adds files to the stage; gives the entry point and modules to include, relative to the stage. */
  readonly addTo?: (stage: string) => Promise<{ entry: string; include: readonly string[] }>;
}

export interface Built {
  readonly embedded: Embedded;
  /** Of the whole file. */
  readonly bytes: number;
  /** Of the files embedded into it. */
  readonly embeddedBytes: number;
}

/** @throws {Error} in words for people, where it can't be made. */
export async function build(options: BuildOptions): Promise<Built> {
  const { root, target, output } = options;
  const stage = await Deno.makeTempDir({ prefix: "dataloader-compile-" });
  try {
    await prepareStage({ root, stage, target, commit: options.commit });
    const byName = await listFiles(stage, BY_NAME);
    const added = await options.addTo?.(stage) ?? { entry: "main.ts", include: [] };
    const include = [...byName, ...added.include];
    const exclude = await unneededPackages(stage, { target, modules: [added.entry, ...include] });
    await Deno.mkdir(dirname(output), { recursive: true });
    await compile(stage, [
      ...ALWAYS,
      ...options.flags,
      ...include.flatMap((file) => ["--include", file]),
      ...exclude.flatMap((path) => ["--exclude", path]),
      "--target",
      target.triple,
      "--app-name",
      "dataloader",
      "--output",
      output,
      added.entry,
    ]);
    const executable = await Deno.readFile(output);
    const embedded = readEmbedded(executable);
    return {
      embedded,
      bytes: executable.length,
      embeddedBytes: sum(embedded.files.map(({ bytes }) => bytes)),
    };
  } finally {
    await Deno.remove(stage, { recursive: true });
  }
}

async function compile(stage: string, args: readonly string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["compile", ...args],
    cwd: stage,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  if (success) return;
  const printed = new TextDecoder().decode(stderr);
  throw new Error(`${printed.trim()}\n\n${explainFailure(printed)}`);
}

/** What an executable must not hold, or must hold: one line a fault. */
export function faultsOf(built: Built, target: Target): string[] {
  const { embedded, embeddedBytes } = built;
  const natives = embedded.files.filter(({ path }) => /\.(node|so|dylib|dll)$/.test(path));
  const foreign = natives.filter(({ path }) => !isOf(target, path));
  const faults = foreign.map(({ path }) => `it holds a native library of another system: ${path}`);
  if (!natives.some(({ path }) => path.endsWith("/duckdb.node"))) faults.push("it lacks the engine's add-on");
  if (!natives.some(({ path }) => /(lib)?duckdb\.(so|dylib|dll)$/.test(path))) {
    faults.push("it lacks the engine's library");
  }
  if (!embedded.selfExtracting) {
    faults.push("it does not unpack itself: the engine's library could not be loaded");
  }
  if (!embedded.features.includes("worker-options")) faults.push("--unstable-worker-options is not baked in");
  if (embedded.prompts) faults.push("it would ask for permissions");
  if (embeddedBytes > target.budget) {
    faults.push(
      `its files are ${megabytes(embeddedBytes)}, over the budget of ${megabytes(target.budget)} ` +
        "(scripts/compile/targets.ts)",
    );
  }
  return faults;
}

/** Whether the folder of a native library names the target's system: `node-bindings-linux-x64`. */
function isOf(target: Target, path: string): boolean {
  return path.split("/").some((part) => part.endsWith(`-${target.os}-${target.cpu}`));
}

export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

/** The folder that an executable unpacks itself into, if it may write there. */
export function unpackFolder(executable: string): string {
  const name = executable.split(/[/\\]/).at(-1)!.replace(/\.exe$/, "");
  return join(dirname(executable), `.${name}`);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
