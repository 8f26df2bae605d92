/** The permissions that a recipe needs, with the paths of this machine. */
import { addonFolder } from "../batch/addon.ts";
import type { Plan, PlannedAccess } from "../plan/mod.ts";
import {
  absolute,
  engineFiles,
  type Grant,
  grantsFor,
  isPath,
  parentFolder,
  withoutCovered,
} from "../sandbox/mod.ts";
import type { Access } from "../sdk/mod.ts";
import { stateBackendFor } from "./state_backend.ts";

/** What is to be done: `run` loads, `look` writes nothing, `check` proves that the destination can be written. */
export type Use = "run" | "look" | "check";

export interface PermissionOptions {
  readonly use: Use;
  readonly stateDirectory: string;
  /** Where temporary files go; without it they are left out. */
  readonly tempDirectory?: string;
}

/** What a run of a plan is given, with the reason for each. */
export async function permissionsOf(
  plan: Pick<Plan, "recipe" | "state">,
  accesses: readonly PlannedAccess[],
  options: PermissionOptions,
): Promise<Grant[]> {
  const grants = grantsFor(accesses, {
    state: stateAccess(plan, options),
    tempDirectory: options.tempDirectory,
    addonFolder: addonFolder(),
    cwd: Deno.cwd(),
  });
  const more = options.use === "check" ? await foldersToProve(grants) : [];
  return withoutCovered(await withRealPaths([...grants, ...more]));
}

/** The paths that the embedded engine may open by itself. */
export async function enginePaths(accesses: readonly PlannedAccess[], use: Use): Promise<string[]> {
  const paths = engineFiles(accesses, Deno.cwd());
  const real = await Promise.all(paths.map(realPath));
  return use === "look" && paths.length === 0 ? [] : [...new Set([...paths, ...real])];
}

function stateAccess(plan: Pick<Plan, "recipe" | "state">, options: PermissionOptions): Access[] {
  const all = stateBackendFor(plan, options.stateDirectory).access?.(plan.recipe) ?? [];
  return options.use === "run" ? [...all] : all.filter(({ kind }) => kind !== "write");
}

/** `check` puts a file beside the destination and takes it away: into the nearest folder that is there. */
async function foldersToProve(grants: readonly Grant[]): Promise<Grant[]> {
  const written = grants.filter(({ kind, key }) => kind === "write" && key?.startsWith("destination"));
  const folders = await Promise.all(written.map(async (grant): Promise<Grant[]> => {
    const value = await nearestFolder(parentFolder(grant.value));
    const why = "a file that is put there and taken away, to prove that it can be written";
    return (["read", "write"] as const).map((kind) => ({ ...grant, kind, value, why }));
  }));
  return folders.flat();
}

async function nearestFolder(path: string): Promise<string> {
  for (let at = path;; at = parentFolder(at)) {
    if (parentFolder(at) === at || await isThere(at)) return at;
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch {
    // Not there, or not to be looked at: what needs it will say so.
    return false;
  }
}

/** Where a path leads through links, that path as well: permissions are about the place a file really is. */
async function withRealPaths(grants: readonly Grant[]): Promise<Grant[]> {
  const pairs = await Promise.all(grants.map(async (grant) => {
    if (!isPath(grant)) return [grant];
    const value = await realPath(grant.value);
    return value === grant.value ? [grant] : [grant, { ...grant, value }];
  }));
  return pairs.flat();
}

/** The place a path leads to; what of it is not there is taken as it is written. */
async function realPath(path: string): Promise<string> {
  let missing = "";
  for (let at = path;; at = parentFolder(at)) {
    try {
      const real = (await Deno.realPath(at)).replaceAll("\\", "/");
      return absolute(`${real}${missing}`, "/");
    } catch {
      if (parentFolder(at) === at) return path;
      missing = at.slice(at.lastIndexOf("/")) + missing;
    }
  }
}

/** Makes the folders that files are written into: a run may write the files, and not look into the folders. */
export async function makeTargetFolders(grants: readonly Grant[]): Promise<void> {
  const folders = new Set(
    grants.filter(({ kind }) => kind === "write").map(({ value }) => parentFolder(value)),
  );
  for (const folder of folders) {
    // What can't be made is told by whoever needs it, with its place in the recipe.
    await Deno.mkdir(folder, { recursive: true }).catch(() => undefined);
  }
}
