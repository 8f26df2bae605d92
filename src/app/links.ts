/** Links in folders that a run may use: Deno follows them, wherever they lead. */
import { isBelow } from "../plan/mod.ts";
import { type Grant, isPath } from "../sandbox/mod.ts";
import { RecipeError } from "../sdk/mod.ts";

/**
 * Refuses a folder that holds a link to a place which the run may not use: code of the recipe could follow it. Nobody can
 * make such a link during the run, for that takes the permission to read and write everything.
 * @throws {RecipeError} `LINK_LEAVES_FOLDER`
 */
export async function refuseLinksOut(grants: readonly Grant[]): Promise<void> {
  const paths = grants.filter((grant) => isPath(grant) && grant.kind !== "ffi");
  for (const folder of new Map(paths.map((grant) => [grant.value, grant])).values()) {
    await refuseIn(folder.value, folder, paths);
  }
}

async function refuseIn(folder: string, grant: Grant, grants: readonly Grant[]): Promise<void> {
  const folders: string[] = [];
  try {
    for await (const entry of Deno.readDir(folder)) {
      const path = `${folder === "/" ? "" : folder}/${entry.name}`;
      if (entry.isDirectory) folders.push(path);
      if (entry.isSymlink) await refuseLink(path, grant, grants);
    }
  } catch (error) {
    // A file, not there, or not to be looked into: there is nothing to follow.
    if (error instanceof RecipeError) throw error;
  }
  for (const below of folders) await refuseIn(below, grant, grants);
}

async function refuseLink(path: string, grant: Grant, grants: readonly Grant[]): Promise<void> {
  const target = await Deno.realPath(path).catch(() => undefined);
  if (target === undefined) return;
  const place = target.replaceAll("\\", "/");
  const kinds = (["read", "write"] as const).filter((kind) => allows(grants, kind, path));
  if (kinds.every((kind) => allows(grants, kind, place))) return;
  throw new RecipeError(
    "LINK_LEAVES_FOLDER",
    `"${path}" is a link to "${place}", which the recipe does not name.`,
    {
      hint:
        "the recipe's code could follow it: remove the link, name its target in runtime.code_access, or keep the code " +
        "and the data in a folder without it",
      location: grant.location,
      context: { path, target: place, key: grant.key ?? null },
    },
  );
}

function allows(grants: readonly Grant[], kind: Grant["kind"], path: string): boolean {
  return grants.some((grant) => grant.kind === kind && isBelow(grant.value, path));
}
