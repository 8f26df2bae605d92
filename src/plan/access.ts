/** What a recipe reaches outside, key by key: what its connectors, steps and runtime say of their config. Pure. */
import type { Recipe } from "../recipe/mod.ts";
import { type Access, findConnector, findTransform, type SourceLocation } from "../sdk/mod.ts";

/** One thing that a run reaches, and the key of the recipe that asks for it. */
export interface PlannedAccess extends Pick<Access, "kind" | "value" | "why"> {
  /** Path in the merged recipe: `["source", "path"]`. */
  readonly key: readonly (string | number)[];
  readonly location?: SourceLocation;
}

/** `run` loads. `look` (plan, preview, a dry run) writes nothing. */
export type AccessUse = "run" | "look";

/**
 * All that the blocks of a recipe reach. What belongs to connectors and steps that are not registered (those of plug-ins
 * that are not imported) is not in it.
 */
export function accessOf(recipe: Recipe, use: AccessUse): PlannedAccess[] {
  return [
    ...endAccess(recipe, "source", "read"),
    ...stepAccess(recipe),
    ...endAccess(recipe, "destination", use === "run" ? "write" : "read"),
    ...codeAccess(recipe),
    ...validationAccess(recipe),
    ...registryAccess(recipe, use),
    ...(use === "run" ? keptRowsAccess(recipe) : []),
  ];
}

/** A schema registry in a DuckDB file, with its log. https://duckdb.org/docs/stable/sql/statements/checkpoint */
function registryAccess(recipe: Recipe, use: AccessUse): PlannedAccess[] {
  const { backend, database } = recipe.schema?.registry ?? {};
  if (backend !== "duckdb" || database === undefined) return [];
  const kinds = use === "run" ? ["read", "write"] as const : ["read"] as const;
  return ["", ".wal", ".wal.checkpoint", ".wal.recovery"].flatMap((ending) =>
    kinds.map((kind) =>
      at(recipe, ["schema", "registry"], {
        kind,
        value: database + ending,
        key: ["database"],
        ...(ending === "" ? {} : { why: "the database's log" }),
      })
    )
  );
}

function endAccess(recipe: Recipe, end: "source" | "destination", use: "read" | "write"): PlannedAccess[] {
  const block = recipe[end];
  const definition = block && findConnector(block.type);
  return (definition?.access?.(block!.config, use) ?? []).map((access) => at(recipe, [end], access));
}

function stepAccess(recipe: Recipe): PlannedAccess[] {
  return recipe.steps.flatMap((step) =>
    (findTransform(step.type)?.access?.(step.config) ?? []).map((access) => at(recipe, step.path, access))
  );
}

/** Files that rules look values up in, and modules of rules. */
function validationAccess(recipe: Recipe): PlannedAccess[] {
  return (recipe.validation?.rules ?? []).flatMap((rule, i) => {
    const block = ["validation", "rules", i];
    const { references, function: code } = rule;
    return [
      ...(references?.file === undefined
        ? []
        : [at(recipe, block, { kind: "read", value: references.file, key: ["references", "file"] })]),
      ...(code === undefined
        ? []
        : [at(recipe, block, { kind: "code", value: code.module, key: ["function", "module"] })]),
    ];
  });
}

/** Modules of the user's, and what the recipe says that they reach. */
function codeAccess(recipe: Recipe): PlannedAccess[] {
  const lists = Object.entries(recipe.runtime.codeAccess ?? {}) as [Access["kind"], readonly string[]][];
  const hasCode = recipe.plugins.length > 0 ||
    [...stepAccess(recipe), ...validationAccess(recipe)].some(({ kind }) => kind === "code");
  return [
    ...recipe.plugins.map((value, i) => at(recipe, ["plugins"], { kind: "code", value, key: [i] })),
    ...lists.flatMap(([kind, values]) =>
      !hasCode ? [] : values.flatMap((value, i) => {
        const key = [kind, i];
        const entry = at(recipe, ["runtime", "code_access"], { kind, value, key });
        // What may be written may be read again.
        return kind === "write" ? [entry, { ...entry, kind: "read" as const }] : [entry];
      })
    ),
  ];
}

/** The files that rows which do not load are kept in: read and written, with the next version of each until it is whole. */
function keptRowsAccess(recipe: Recipe): PlannedAccess[] {
  const files: [string | undefined, string[]][] = [
    [recipe.runtime.deadLetter?.path, ["runtime", "dead_letter"]],
    [recipe.validation?.quarantine, ["validation", "quarantine"]],
  ];
  return files.flatMap(([path, block]) =>
    path === undefined
      ? []
      : [path, `${path}.tmp`].flatMap((value) =>
        (["read", "write"] as const).map((kind) =>
          at(recipe, block, {
            kind,
            value,
            key: [],
            ...(value === path ? {} : { why: "its next version, until it is whole" }),
          })
        )
      )
  );
}

function at(recipe: Recipe, block: readonly (string | number)[], access: Access): PlannedAccess {
  const key = [...block, ...access.key];
  const { kind, value, why } = access;
  return { kind, value, ...(why === undefined ? {} : { why }), key, location: recipe.locate(key) };
}
