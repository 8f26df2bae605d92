/** Globs over paths with `/` between parts: `*`, `**`, `?`, `[abc]`, `[!a-z]`, `{a,b}`. Pure. */

/** True where a path holds a character that globs give a meaning. */
export function hasGlob(path: string): boolean {
  return /[*?[{]/.test(path);
}

/** The longest folder that stands before the first glob character: `data/in` of `data/in/2024-*.csv`. */
export function globBase(pattern: string): string {
  const fixed: string[] = [];
  for (const part of pattern.split("/")) {
    if (hasGlob(part)) break;
    fixed.push(part);
  }
  if (fixed.length === pattern.split("/").length) fixed.pop();
  if (fixed.length === 1 && fixed[0] === "") return "/";
  const base = fixed.join("/");
  if (base === "") return ".";
  return /^[a-z]:$/i.test(base) ? `${base}/` : base;
}

/**
 * The parts of a glob after its base, as one test per folder level; `**` stands for any number of levels.
 * Names that begin with a dot match only where the pattern's part does too.
 */
export type GlobPart = { readonly kind: "any-depth" } | { readonly kind: "name"; readonly test: RegExp };

/** Alternatives of a pattern with its braces written out: `a.{csv,tsv}` gives `a.csv` and `a.tsv`. */
export function expandBraces(pattern: string): string[] {
  const open = findBrace(pattern);
  if (open === undefined) return [pattern];
  const { start, end, choices } = open;
  const head = pattern.slice(0, start);
  return choices.flatMap((choice) => expandBraces(head + choice + pattern.slice(end + 1)));
}

/** Splits a glob without braces into its parts. */
export function parseGlob(pattern: string, options: { ignoreCase?: boolean } = {}): GlobPart[] {
  return pattern.split("/").map((part) =>
    part === "**"
      ? { kind: "any-depth" as const }
      : { kind: "name" as const, test: partTest(part, options.ignoreCase ?? false) }
  );
}

/** Whether a path (relative to the glob's base) matches. */
export function matchesGlob(parts: readonly GlobPart[], path: string): boolean {
  return matchFrom(parts, path.split("/"), { part: 0, name: 0 });
}

function matchFrom(
  parts: readonly GlobPart[],
  names: readonly string[],
  at: { part: number; name: number },
): boolean {
  const part = parts[at.part];
  if (part === undefined) return at.name === names.length;
  const name = names[at.name];
  if (part.kind === "any-depth") {
    if (matchFrom(parts, names, { part: at.part + 1, name: at.name })) return true;
    return name !== undefined && !name.startsWith(".") &&
      matchFrom(parts, names, { part: at.part, name: at.name + 1 });
  }
  return name !== undefined && part.test.test(name) &&
    matchFrom(parts, names, { part: at.part + 1, name: at.name + 1 });
}

function partTest(part: string, ignoreCase: boolean): RegExp {
  let source = part.startsWith(".") ? "" : "(?!\\.)";
  for (let at = 0; at < part.length; at++) {
    const char = part[at]!;
    if (char === "*") source += "[^/]*";
    else if (char === "?") source += "[^/]";
    else if (char === "[") {
      const end = part.indexOf("]", at + 2);
      if (end < 0) {
        source += "\\[";
        continue;
      }
      source += characterClass(part.slice(at + 1, end));
      at = end;
    } else source += escapeRegExp(char);
  }
  return new RegExp(`^${source}$`, ignoreCase ? "iu" : "u");
}

function characterClass(body: string): string {
  const negated = body.startsWith("!") || body.startsWith("^");
  const chars = (negated ? body.slice(1) : body).replace(/[\\\]^[]/g, "\\$&");
  return `[${negated ? "^" : ""}${chars}]`;
}

function escapeRegExp(char: string): string {
  return /[\\^$.|?*+()[\]{}/]/.test(char) ? `\\${char}` : char;
}

function findBrace(pattern: string): { start: number; end: number; choices: string[] } | undefined {
  const start = pattern.indexOf("{");
  if (start < 0) return undefined;
  const choices: string[] = [];
  let depth = 0;
  let from = start + 1;
  for (let at = start; at < pattern.length; at++) {
    const char = pattern[at];
    if (char === "{") depth++;
    else if (char === "," && depth === 1) {
      choices.push(pattern.slice(from, at));
      from = at + 1;
    } else if (char === "}" && --depth === 0) {
      choices.push(pattern.slice(from, at));
      return { start, end: at, choices };
    }
  }
  return undefined;
}
