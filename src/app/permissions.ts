/** The permissions that a recipe needs, with the paths of this machine. */
import { tmpdir } from "node:os";
import { addonFolder } from "../batch/addon.ts";
import type { Plan, PlannedAccess } from "../plan/mod.ts";
import type { Recipe } from "../recipe/mod.ts";
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
import { registryAccess, stateBackendFor } from "./state_backend.ts";

/** What is to be done: `run` loads, `look` writes nothing, `check` proves that the destination can be written. */
export type Use = "run" | "look" | "check";

export interface PermissionOptions {
  readonly use: Use;
  readonly stateDirectory: string;
  /** Where temporary files go; without it they are left out. */
  readonly tempDirectory?: string;
}

/** A recipe that is planned: `prepareSandboxed`. */
export interface CommandRecipe {
  readonly recipe: Pick<Recipe, "files" | "requiredEnv" | "optionalEnv">;
  readonly plan: Pick<Plan, "recipe" | "state" | "runtime" | "registry">;
  readonly access: { readonly run: readonly PlannedAccess[] };
}

/** What a run of a plan is given, with the reason for each. */
export async function permissionsOf(
  plan: Pick<Plan, "recipe" | "state" | "registry">,
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
export async function enginePaths(accesses: readonly PlannedAccess[]): Promise<string[]> {
  const paths = engineFiles(accesses, Deno.cwd());
  return [...new Set([...paths, ...await Promise.all(paths.map(realPath))])];
}

/** A run's own temporary directory, before it is made. */
export function temporaryPattern(parent: string | undefined): string {
  return `${absolute((parent ?? tmpdir()).replaceAll("\\", "/"), Deno.cwd())}/dataloader-*`;
}

/**
 * What a process needs that runs the recipe by itself (`run --no-sandbox`): beside what a run in a sandbox is given, to read
 * the recipe and the program, to make folders and to bring them to the disk, and the variables that the recipe names.
 */
export async function commandPermissions(
  { recipe, plan, access }: CommandRecipe,
  stateDirectory: string,
): Promise<Grant[]> {
  const cwd = Deno.cwd();
  const run = await permissionsOf(plan, access.run, {
    use: "run",
    stateDirectory,
    tempDirectory: plan.runtime.tempDirectory ?? temporaryWithin(stateDirectory),
  });
  const read = (value: string, why: string): Grant => ({ kind: "read", value: absolute(value, cwd), why });
  const files = recipe.files.map((file) => read(file, "the recipe"));
  const program = fromFileUrl(new URL("../", import.meta.url));
  const env = [...recipe.requiredEnv, ...recipe.optionalEnv].map((value): Grant => ({
    kind: "env",
    value,
    why: "a template of the recipe",
  }));
  const folders = await Promise.all(
    run.filter(({ kind }) => kind === "write").map(async (grant): Promise<Grant[]> => {
      const folder = parentFolder(grant.value);
      const missing = await highestMissing(folder);
      return missing === undefined
        ? [{ ...grant, kind: "read", value: folder, why: "the folder, to bring it to the disk" }]
        : (["read", "write"] as const).map((kind) => ({
          ...grant,
          kind,
          value: missing,
          why: "to make the folder",
        }));
    }),
  );
  return withoutCovered(
    await withRealPaths([
      ...run,
      ...folders.flat(),
      ...files,
      ...program === undefined ? [] : [read(program, "the program")],
      ...env,
    ]),
  );
}

/** Where temporary files go in a process that may not use the system's directory for them. */
export function temporaryWithin(stateDirectory: string): string {
  return `${stateDirectory.replaceAll("\\", "/").replace(/\/+$/, "")}/tmp`;
}

/** The first folder on the way to a path that is not there; undefined where all are. */
async function highestMissing(path: string): Promise<string | undefined> {
  let missing: string | undefined;
  for (let at = path; !(await isThere(at)); at = parentFolder(at)) {
    missing = at;
    if (parentFolder(at) === at) break;
  }
  return missing;
}

/** Undefined in a compiled program, whose modules are in it. */
function fromFileUrl(url: URL): string | undefined {
  return url.protocol === "file:" && !Deno.build.standalone
    ? absolute(decodeURIComponent(url.pathname).replace(/^\/([a-z]:)/i, "$1"), "/")
    : undefined;
}

function stateAccess(
  plan: Pick<Plan, "recipe" | "state" | "registry">,
  options: PermissionOptions,
): Access[] {
  const all = [
    ...stateBackendFor(plan, options.stateDirectory).access?.(plan.recipe) ?? [],
    ...registryAccess(plan, options.stateDirectory),
  ];
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
