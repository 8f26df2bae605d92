/** `runtime.permissions`: what a recipe reaches may be narrowed by it, and is never widened. Pure. */
import type { Recipe } from "../recipe/mod.ts";
import { RecipeError } from "../sdk/mod.ts";
import type { PlannedAccess } from "./access.ts";
import { covers, isBelow } from "./access_paths.ts";

/** What is left of the accesses, and what is wrong: keys that need what the lists do not allow. */
export function narrow(
  accesses: readonly PlannedAccess[],
  recipe: Pick<Recipe, "runtime" | "locate">,
): { allowed: PlannedAccess[]; problems: RecipeError[] } {
  const lists = recipe.runtime.permissions;
  if (lists === undefined) return { allowed: [...accesses], problems: [] };
  const allowed: PlannedAccess[] = [];
  const problems: RecipeError[] = [];
  for (const access of accesses) {
    // A module is a file to read, with its folder.
    const kind = access.kind === "code" ? "read" : access.kind;
    const list = lists[kind];
    if (list === undefined || list.some((entry) => covers(kind, entry, access.value))) {
      allowed.push(access);
      continue;
    }
    const inside = kind === "read" || kind === "write"
      ? list.filter((entry) => isBelow(access.value, entry))
      : [];
    if (inside.length > 0 && access.kind !== "code") {
      allowed.push(...inside.map((value) => ({ ...access, value })));
    } else if (isNeeded(access)) problems.push(refused(access, kind, recipe));
  }
  return { allowed, problems };
}

/** Files beside the one that a key names may be left out where they are not allowed: the log of a database that has none. */
function isNeeded(access: PlannedAccess): boolean {
  return access.why === undefined || access.kind === "write";
}

const DOING = { net: "reaches", read: "reads", write: "writes", env: "reads the variable" } as const;

function refused(
  access: PlannedAccess,
  kind: keyof typeof DOING,
  recipe: Pick<Recipe, "locate">,
): RecipeError {
  const key = access.key.join(".");
  const list = `runtime.permissions.${kind}`;
  return new RecipeError(
    "PERMISSION_NARROWED",
    `${key} ${DOING[kind]} "${access.value}", which ${list} does not allow.`,
    {
      hint: `add it to ${list}, or change ${key}`,
      location: access.location ?? recipe.locate(["runtime", "permissions", kind]),
      context: { key, kind, value: access.value, permissions: list },
    },
  );
}
