import type { Grant } from "../../sandbox/mod.ts";
import type { Call, RecipeOptions } from "../call.ts";
import { pad, wrap } from "../width.ts";

export interface PermissionsOptions extends RecipeOptions {
  readonly format: "text" | "json" | "flags";
  readonly stateDir?: string;
}

/** `permissions`: what a run of a recipe may reach, and why. */
export async function showPermissions(
  call: Call,
  recipe: string,
  options: PermissionsOptions,
): Promise<void> {
  const prepared = await call.prepare(recipe, options);
  const { commandPermissions, enginePaths, permissionsOf, temporaryPattern } = await import(
    "../../app/permissions.ts"
  );
  const { plan, access } = prepared;
  const stateDirectory = call.stateDirectory(options.stateDir, plan.state);
  if (options.format === "flags") {
    const { toFlags } = await import("../../sandbox/mod.ts");
    const grants = await commandPermissions(prepared, stateDirectory);
    for (const flag of toFlags(grants)) call.print(flag);
    return;
  }
  const tempDirectory = temporaryPattern(plan.runtime.tempDirectory);
  const grants = await permissionsOf(plan, access.run, { use: "run", stateDirectory, tempDirectory });
  const code = access.run.filter(({ kind }) => kind === "code").map(({ value }) => value);
  if (options.format === "json") {
    call.printJson({
      recipe: plan.recipe,
      file: plan.file,
      permissions: grants,
      engine_paths: await enginePaths(access.run),
      code,
    }, { indent: true });
    return;
  }
  printText(call, { recipe: plan.recipe, file: recipe, grants, code });
}

/** What the kinds are called, files that are read and written first said once. */
const LABELS = {
  net: "reach",
  both: "read, write",
  read: "read",
  write: "write",
  env: "variables",
  ffi: "load",
} as const;

const LABEL = 13;

/** Paths of one kind that are there for one reason. */
interface Group {
  readonly label: keyof typeof LABELS;
  readonly values: string[];
  readonly reason: string;
}

function printText(
  call: Call,
  about: { recipe: string; file: string; grants: readonly Grant[]; code: readonly string[] },
): void {
  const { out } = call;
  const columns = Math.min(call.io.stdout.columns, 110);
  call.print(`${out.strong(about.recipe)}  ${out.dim(call.path(about.file))}`);
  call.print();
  const groups = groupsOf(call, about.grants);
  const room = columns - 2 - LABEL;
  for (const [label, name] of Object.entries(LABELS)) {
    const mine = groups.filter((group) => group.label === label);
    if (mine.length === 0 && (label === "net" || label === "env")) {
      call.print(`  ${out.strong(pad(name, LABEL))}${out.dim("nothing")}`);
    }
    mine.forEach(({ values, reason }, i) => {
      const lines = [
        ...wrap(shortened(values), room).map((line) => out.name(line)),
        ...wrap(reason, room - 2).map((line) => `  ${out.dim(line)}`),
      ];
      lines.forEach((line, n) => {
        const head = i === 0 && n === 0 ? out.strong(pad(name, LABEL)) : " ".repeat(LABEL);
        call.print(`  ${head}${line}`);
      });
    });
  }
  call.print();
  const who = about.code.length === 0 ? "" : ", for the recipe's own code as well";
  const rest = `Nothing else${who}: no other host, file or variable, no process, no library.`;
  for (const line of wrap(rest, columns)) call.print(line);
}

function groupsOf(call: Call, grants: readonly Grant[]): Group[] {
  const groups: Group[] = [];
  const same = (grant: Grant, kind: Grant["kind"]) =>
    grants.some((other) => other.kind === kind && other.value === grant.value);
  for (const grant of grants) {
    const both = grant.kind === "read" && same(grant, "write");
    if (grant.kind === "write" && same(grant, "read")) continue;
    const label = both ? "both" : grant.kind;
    const reason = reasonOf(call, grant);
    const value = grant.kind === "net" || grant.kind === "env" ? grant.value : call.path(grant.value);
    const known = groups.find((group) => group.label === label && group.reason === reason);
    if (known === undefined) groups.push({ label, values: [value], reason });
    else known.values.push(value);
  }
  return groups;
}

/** `a/b.json`, `a/b.json.bak` and `a/c` as `a/{b.json, b.json.bak, c}`. */
function shortened(values: readonly string[]): string {
  if (values.length === 1) return values[0]!;
  let shared = values[0]!;
  while (!values.every((value) => value.startsWith(shared))) shared = shared.slice(0, -1);
  // The path as a whole, where the others are it and an ending.
  if (!values.includes(shared)) shared = shared.slice(0, shared.lastIndexOf("/") + 1);
  const rests = values.map((value) => value.slice(shared.length)).filter((rest) => rest !== "");
  if (shared === "") return values.join(", ");
  return `${rests.length < values.length ? `${shared}, ` : ""}${shared}{${rests.join(", ")}}`;
}

function reasonOf(call: Call, { key, why, location }: Grant): string {
  const place = location === undefined ? "" : ` (${call.path(location.file)}:${location.line})`;
  return [key === undefined ? undefined : `${key}${place}`, why].filter((part) => part !== undefined).join(
    ": ",
  );
}
