// deno-lint-ignore-file no-console -- a script prints.
/**
 * Makes executables: `deno task compile`. See `--help`, and docs/install.md.
 *
 * `--self-extracting`, because the embedded engine's library must lie beside its add-on on the disk.
 */
import { basename, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { build, type Built, faultsOf, GENERAL_FLAGS, megabytes, unpackFolder } from "./compile/build.ts";
import { recipeBuild } from "./compile/recipe.ts";
import { fetchRuntime } from "./compile/runtime.ts";
import { findTarget, type Target, TARGETS } from "./compile/targets.ts";
import { ROOT } from "./files.ts";

const HELP = `Makes executables of dataloader.

  deno task compile                          for this machine: dist/dataloader
  deno task compile --target linux-arm64     for another: dist/dataloader-linux-arm64; may be repeated
  deno task compile --all                    for all of them
  deno task compile --recipe orders.yaml     that runs this one recipe and may do nothing else: dist/orders

  --output <file>    where the executable goes
  --mirror <url>     where the runtime is fetched from; also DENORT_MIRROR. Laid out as Deno's own host:
                     <url>/release/v${Deno.version.deno}/denort-<triple>.zip
  --embed-only       do not run the executable afterwards (for a DENORT_BIN that is no runtime)

DENORT_BIN names a runtime on the disk; then nothing is downloaded.
Targets: ${TARGETS.map(({ name }) => name).join(", ")}`;

const root = fileURLToPath(ROOT);

interface Wanted {
  readonly target: Target;
  readonly output: string;
}

/** A path of the command line: `deno task` calls from the project's folder and tells where it was called itself. */
function fromCaller(path: string): string {
  return resolve(Deno.env.get("INIT_CWD") ?? Deno.cwd(), path);
}

class CallError extends Error {}

const OPTIONS = {
  target: { type: "string", multiple: true },
  all: { type: "boolean" },
  recipe: { type: "string" },
  output: { type: "string", short: "o" },
  mirror: { type: "string" },
  "embed-only": { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

function readCall() {
  try {
    return parseArgs({ args: Deno.args, options: OPTIONS }).values;
  } catch (error) {
    throw new CallError(error instanceof Error ? error.message : String(error));
  }
}

type Options = ReturnType<typeof readCall>;

/** This machine's target. @throws {CallError} where there is none. */
function ownTarget(): Target {
  const own = findTarget(Deno.build.target);
  if (own !== undefined) return own;
  throw new CallError(`There is no executable for ${Deno.build.target}. Name one with --target.`);
}

function outputOf({ output }: Options, usual: string): string {
  return output === undefined ? resolve(root, usual) : fromCaller(output);
}

function wantedOf(options: Options): Wanted[] {
  const names = options.all ? TARGETS.map(({ name }) => name) : options.target ?? [];
  const stem = options.recipe === undefined ? "dataloader" : basename(options.recipe).replace(/\.\w+$/, "");
  if (names.length === 0) {
    const target = ownTarget();
    return [{ target, output: outputOf(options, `dist/${stem}${target.suffix}`) }];
  }
  if (options.output !== undefined && names.length > 1) {
    throw new CallError("--output names one file, and there are several targets.");
  }
  return names.map((name) => {
    const target = findTarget(name);
    if (target === undefined) {
      throw new CallError(
        `There is no target "${name}". There are ${TARGETS.map((t) => t.name).join(", ")}.`,
      );
    }
    return { target, output: outputOf(options, `dist/${stem}-${target.name}${target.suffix}`) };
  });
}

/** The commit that the sources are of, with `-dirty` where they have been changed; empty outside a Git checkout. */
async function commitOf(): Promise<string> {
  const git = async (...args: string[]) => {
    try {
      const { success, stdout } = await new Deno.Command("git", {
        args,
        cwd: root,
        stderr: "null",
      }).output();
      return success ? new TextDecoder().decode(stdout).trim() : undefined;
    } catch {
      return undefined;
    }
  };
  const commit = await git("rev-parse", "HEAD");
  if (commit === undefined) return "";
  const changed = await git("status", "--porcelain", "--untracked-files=no");
  return changed === "" ? commit : `${commit}-dirty`;
}

async function prepareRuntime(mirror: string, triple: string): Promise<void> {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"], cwd: root })
    .output();
  const { denoDir } = JSON.parse(new TextDecoder().decode(stdout)) as { denoDir: string };
  console.log(await fetchRuntime({ mirror, triple, denoDir }));
}

/** Runs an executable once. @returns its first line. @throws {Error} where it does not run. */
async function tryOut(executable: string): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(executable, {
    args: ["version"],
    env: { NO_COLOR: "1" },
  }).output();
  await Deno.remove(unpackFolder(executable), { recursive: true }).catch(() => {});
  const [first = ""] = new TextDecoder().decode(stdout).split("\n");
  if (success && first.startsWith("dataloader ")) return first;
  throw new Error(
    `${executable} was made, but it does not run:\n  ${
      new TextDecoder().decode(stderr).trim().split("\n")[0]
    }\n` +
      "Is what DENORT_BIN names a runtime (`denort`), and not `deno` itself? --embed-only leaves this out.",
  );
}

async function report(built: Built, wanted: Wanted, embedOnly: boolean): Promise<void> {
  const { target, output } = wanted;
  console.log(
    `${output}: ${megabytes(built.bytes)} for ${target.name}, of which ${
      megabytes(built.embeddedBytes)
    } are ` +
      `${built.embedded.files.length} files of ours (budget ${megabytes(target.budget)})`,
  );
  const faults = faultsOf(built, target);
  if (faults.length > 0) throw new Error(faults.map((fault) => `${basename(output)}: ${fault}`).join("\n"));
  if (embedOnly) console.log("  not run: --embed-only");
  else if (target.triple !== Deno.build.target) console.log("  not run: it is for another system");
  else console.log(`  runs: ${await tryOut(output)}`);
}

if (import.meta.main) {
  try {
    const options = readCall();
    if (options.help) {
      console.log(HELP);
      Deno.exit(0);
    }
    const mirror = options.mirror ?? Deno.env.get("DENORT_MIRROR");
    const commit = await commitOf();
    const recipe = options.recipe === undefined ? undefined : await recipeBuild(fromCaller(options.recipe));
    for (const wanted of wantedOf(options)) {
      if (mirror !== undefined && Deno.env.get("DENORT_BIN") === undefined) {
        await prepareRuntime(mirror, wanted.target.triple);
      }
      const built = await build({ root, ...wanted, commit, flags: GENERAL_FLAGS, ...recipe });
      if (recipe !== undefined) { for (const flag of recipe.flags) console.log(`  ${flag}`); }
      await report(built, wanted, options["embed-only"] ?? false);
    }
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    Deno.exit(error instanceof CallError ? 2 : 1);
  }
}
