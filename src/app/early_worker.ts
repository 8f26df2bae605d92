/**
 * Starting the Worker of a run before its recipe is read, with the permissions of the last run: most runs reach what the
 * last one reached. Only modules of the program are loaded in it until the recipe is planned; where the plan needs other
 * permissions, more or less, the Worker is thrown away and another one started.
 */
import { createHash } from "node:crypto";
import { tmpdir } from "node:os";
import { TempDirectory } from "../batch/temp_directory.ts";
import { type Grant, isPath, type StartedWorker, startWorker } from "../sandbox/host.ts";

/** Stands for the temporary directory, which is another one in each run. */
const TEMPORARY = "<temporary>";

/** A Worker that waits for its task. */
export interface EarlyWorker {
  readonly started: StartedWorker;
  readonly temporary: TempDirectory;
  /** `runtime.temp_directory` of the last run. */
  readonly tempParent: string | undefined;
  readonly hasCode: boolean;
}

interface Remembered {
  readonly tempParent?: string;
  readonly hasCode: boolean;
  readonly grants: readonly Pick<Grant, "kind" | "value">[];
}

/** The module that a Worker begins with: one that can read recipes, or one that starts sooner. */
export function workerEntry({ hasCode, kind }: { hasCode: boolean; kind?: string }): URL {
  return new URL(hasCode || kind === "test" ? "./code/worker.ts" : "./worker.ts", import.meta.url);
}

/** Starts a Worker as the last run of the recipe had it; undefined where there was none. */
export async function startEarly(file: string, stateDirectory: string): Promise<EarlyWorker | undefined> {
  const remembered = await recall(file, stateDirectory);
  if (remembered === undefined) return undefined;
  const { tempParent, hasCode } = remembered;
  try {
    const temporary = await TempDirectory.create(tempParent ?? tmpdir());
    const path = (await Deno.realPath(temporary.path)).replaceAll("\\", "/");
    const grants = remembered.grants.map(({ kind, value }): Grant => ({
      kind,
      value: value.startsWith(TEMPORARY) ? path + value.slice(TEMPORARY.length) : value,
    }));
    return { started: startWorker(workerEntry({ hasCode }), grants), temporary, tempParent, hasCode };
  } catch {
    // The run itself will say what is wrong with the directory.
    return undefined;
  }
}

/** Keeps the permissions of a run for the next one. */
export async function remember(
  grants: readonly Grant[],
  of: { file: string; stateDirectory: string; tempDirectory: string; tempParent?: string; hasCode: boolean },
): Promise<void> {
  const kept: Remembered = {
    ...(of.tempParent === undefined ? {} : { tempParent: of.tempParent }),
    hasCode: of.hasCode,
    grants: grants.map(({ kind, value }) => ({
      kind,
      value: isPath({ kind }) && value.startsWith(of.tempDirectory)
        ? TEMPORARY + value.slice(of.tempDirectory.length)
        : value,
    })),
  };
  const path = pathOf(of.file, of.stateDirectory);
  try {
    await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    await Deno.writeTextFile(path, JSON.stringify(kept));
  } catch {
    // It only saves time.
  }
}

async function recall(file: string, stateDirectory: string): Promise<Remembered | undefined> {
  try {
    const text = await Deno.readTextFile(pathOf(file, stateDirectory));
    const { tempParent, hasCode, grants }: Remembered = JSON.parse(text);
    const valid = Array.isArray(grants) && typeof hasCode === "boolean" &&
      grants.every(({ kind, value }) =>
        ["net", "read", "write", "env", "ffi"].includes(kind) && typeof value === "string"
      );
    return valid && (tempParent === undefined || typeof tempParent === "string")
      ? { tempParent, hasCode, grants }
      : undefined;
  } catch {
    return undefined;
  }
}

/** A folder that no state of a recipe can have the name of. */
function pathOf(file: string, stateDirectory: string): string {
  const name = createHash("sha256").update(file).digest("hex").slice(0, 16);
  return `${stateDirectory.replaceAll("\\", "/")}/.workers/${name}.json`;
}
