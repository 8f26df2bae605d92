/** Holds imports against the rules. Pure. */
import type { Import } from "./imports.ts";
import { type LayerRule, LAYERS, LIGHT_PACKAGES, type PackageRule, PACKAGES } from "./rules.ts";

/** Something that breaks a rule. Positions are 1-based. */
export interface Violation {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly why: string;
}

export interface Rules {
  readonly layers: readonly LayerRule[];
  readonly packages: readonly PackageRule[];
  readonly lightPackages: readonly string[];
}

export const RULES: Rules = { layers: LAYERS, packages: PACKAGES, lightPackages: LIGHT_PACKAGES };

/** Every import that breaks a rule, in order of file and line. */
export function checkImports(imports: readonly Import[], rules: Rules = RULES): Violation[] {
  const violations = imports.flatMap((each) => {
    const why = problemOf(each, rules);
    return why === undefined ? [] : [{ file: each.file, line: each.line, column: each.column, why }];
  });
  return sorted([...violations, ...heavyPlugins(imports, rules)]);
}

/** Lines that print or exit, which only the command line and scripts may. */
export function checkOutput(file: string, text: string): Violation[] {
  if (/^(main\.ts$|src\/cli\/|scripts\/)/.test(file)) return [];
  return text.split("\n").flatMap((line, index) => {
    const code = line.replace(/^\s*(\*|\/\*|\/\/).*$/, "").replace(/\s\/\/ .*$/, "");
    const found = /\bconsole\s*\.\s*\w+|\bDeno\s*\.\s*(exit|stdout|stderr)\b/.exec(code);
    if (found === null) return [];
    const why = `${found[0]}: only src/cli prints or exits; emit an event or take a writer`;
    return [{ file, line: index + 1, column: found.index + 1, why }];
  });
}

/** By file, line and column. */
export function sorted(violations: readonly Violation[]): Violation[] {
  return violations.toSorted((a, b) =>
    a.file < b.file ? -1 : a.file > b.file ? 1 : a.line - b.line || a.column - b.column
  );
}

function problemOf(each: Import, rules: Rules): string | undefined {
  switch (each.target.kind) {
    case "file":
      return fileProblem(each, each.target.path, rules);
    case "package":
      return packageProblem(each, each.target.name, rules);
    case "builtin":
      return undefined;
    case "remote":
      return `${each.specifier}: only npm packages that deno.json pins may be imported`;
    case "unresolved":
      return `${each.specifier}: ${each.target.why}`;
  }
}

function fileProblem(each: Import, target: string, rules: Rules): string | undefined {
  const rule = rules.layers.find(({ path }) => folderOf(each.file, path) !== undefined);
  if (rule === undefined) return `no rule says what ${each.file} may import: add it to the table of layers`;
  const own = folderOf(each.file, rule.path)!;
  if (!target.startsWith(own)) {
    if (!rule.may.some((allowed) => target.startsWith(allowed))) return layerProblem(rule, own, target);
    if (target.startsWith("src/sdk/") && target !== "src/sdk/mod.ts") {
      return `import src/sdk/mod.ts, not ${target}`;
    }
  }
  return undefined;
}

function layerProblem(rule: LayerRule, own: string, target: string): string {
  if (own.startsWith("src/connectors/") && target.startsWith("src/connectors/")) {
    return `a connector must not import a sibling (${target}); share through src/connectors/_sql or _http`;
  }
  const may = rule.may.length === 0 ? "nothing of ours" : `only ${rule.may.join(", ")}`;
  return `${own} must not import ${target}: it may import ${may}`;
}

/** The folder (or file) of the rule that `file` is in, `<name>` filled in. */
function folderOf(file: string, path: string): string | undefined {
  const pattern = RegExp.escape(path).replace(RegExp.escape("<name>"), "[^/]+");
  return new RegExp(`^${pattern}${path.endsWith("/") ? "" : "$"}`).exec(file)?.[0];
}

function packageProblem(each: Import, name: string, rules: Rules): string | undefined {
  const rule = rules.packages.find((rule) => rule.name === name);
  if (rule === undefined) {
    return `no rule says who may import the package ${name}: add it to the table of packages`;
  }
  const inside = (folders: readonly string[]) => folders.some((folder) => each.file.startsWith(folder));
  if (inside(rule.may)) return undefined;
  const types = rule.types ?? [];
  if (inside(types)) return each.typeOnly ? undefined : `import only types of ${name} here`;
  return `${name} may only be imported by ${[...rule.may, ...types].join(", ")}`;
}

/** A plug-in's `mod.ts` must load no driver: whatever it loads at once, and what that loads, is light. */
function heavyPlugins(imports: readonly Import[], rules: Rules): Violation[] {
  const atOnce = Map.groupBy(
    imports.filter((each) => !each.typeOnly && !each.dynamic),
    (each) => each.file,
  );
  const plugins = new Set(
    imports.map((each) => each.file).filter((file) => /^src\/connectors\/[^_/][^/]*\/mod\.ts$/.test(file)),
  );
  return [...plugins].flatMap((plugin) => heavyChain(plugin, atOnce, rules));
}

function heavyChain(plugin: string, atOnce: Map<string, Import[]>, rules: Rules): Violation[] {
  const seen = new Set([plugin]);
  const queue: { file: string; first?: Import; chain: string[] }[] = [{ file: plugin, chain: [plugin] }];
  const violations: Violation[] = [];
  for (const { file, first, chain } of queue) {
    for (const each of atOnce.get(file) ?? []) {
      const at = first ?? each;
      if (each.target.kind === "package" && !rules.lightPackages.includes(each.target.name)) {
        const path = [...chain, each.target.name].join(" → ");
        violations.push({
          file: plugin,
          line: at.line,
          column: at.column,
          why:
            `loads ${each.target.name} before it is opened: ${path}; import it with import(…) when it is opened`,
        });
      } else if (each.target.kind === "file" && !seen.has(each.target.path)) {
        seen.add(each.target.path);
        queue.push({ file: each.target.path, first: at, chain: [...chain, each.target.path] });
      }
    }
  }
  return violations;
}
