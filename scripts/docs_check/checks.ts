/** What can be wrong with the docs. Each check gives findings; none prints. */
import { posix } from "node:path";
import type { Command } from "commander";
import { visibleCommands, visibleOptions } from "../generate/cli_page.ts";
import type { CodeBlock, Markdown } from "./markdown.ts";

/** Something wrong in a page. */
export interface Finding {
  readonly file: string;
  readonly line: number;
  readonly why: string;
}

/** The pages by their path relative to the root, with `/`. */
export type Pages = ReadonlyMap<string, Markdown>;

/** Relative links that lead nowhere. `exists` is asked for paths relative to the root. */
export async function checkLinks(
  pages: Pages,
  exists: (path: string) => Promise<boolean>,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const [file, { links }] of pages) {
    for (const { line, target } of links) {
      const why = await linkProblem(file, target, { pages, exists });
      if (why !== undefined) findings.push({ file, line, why });
    }
  }
  return findings;
}

async function linkProblem(
  file: string,
  target: string,
  site: { pages: Pages; exists: (path: string) => Promise<boolean> },
): Promise<string | undefined> {
  if (/^([a-z][a-z0-9+.-]*:|\/\/)/i.test(target)) return undefined;
  if (target.startsWith("/")) return `${target}: link relative to this file, GitHub knows no root`;
  const [path = "", anchor] = target.split("#");
  const full = path === "" ? file : posix.join(posix.dirname(file), decodeURIComponent(path));
  if (full.startsWith("../")) return `${target} leads out of the repository`;
  if (!await site.exists(full)) return `${target}: ${full} does not exist`;
  const page = site.pages.get(full);
  if (anchor === undefined || anchor === "" || page === undefined) return undefined;
  return page.anchors.has(anchor) ? undefined : `${target}: there is no heading "${anchor}" in ${full}`;
}

/** Loads a recipe's text; `parents` are the other named files of its page. Resolves to what is wrong with it. */
export type RecipeLoader = (
  text: string,
  options: { file: string; parents: ReadonlyMap<string, string> },
) => Promise<string | undefined>;

/** Blocks of YAML with `name:` and `source:` that are no recipes. A first line `# base.yaml` names a block's file. */
export async function checkRecipes(pages: Pages, load: RecipeLoader): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const [file, { blocks }] of pages) {
    const yaml = blocks.filter(({ language }) => language === "yaml" || language === "yml");
    const parents = new Map(yaml.flatMap((block) => {
      const name = fileNameOf(block);
      return name === undefined ? [] : [[name, block.text] as const];
    }));
    for (const block of yaml.filter(isRecipe)) {
      const why = await load(block.text, { file: fileNameOf(block) ?? "recipe.yaml", parents });
      if (why !== undefined) findings.push({ file, line: block.line, why });
    }
  }
  return findings;
}

/** How many blocks of the pages are recipes. */
export function countRecipes(pages: Pages): number {
  return [...pages.values()].flatMap(({ blocks }) => blocks).filter(isRecipe).length;
}

function isRecipe({ language, text }: CodeBlock): boolean {
  return /^ya?ml$/.test(language) && /^name\s*:/m.test(text) && /^source\s*:/m.test(text);
}

function fileNameOf({ text }: CodeBlock): string | undefined {
  return /^#\s*([\w./-]+\.ya?ml)\b/.exec(text)?.[1];
}

/** Commands and options that no page mentions. `texts` are the pages' whole texts. */
export function checkCommandLine(program: Command, texts: Iterable<string>): Finding[] {
  const all = [...texts].join("\n");
  const mentions = (words: string) => new RegExp(`(?<![\\w-])${RegExp.escape(words)}(?![\\w-])`).test(all);
  const file = "docs/";
  const findings: Finding[] = [];
  for (const { words, command } of visibleCommands(program)) {
    const name = [program.name(), ...words].join(" ");
    if (!mentions(name)) findings.push({ file, line: 1, why: `no page mentions the command \`${name}\`` });
    for (const option of visibleOptions(command)) {
      const flag = option.long ?? option.flags;
      if (!mentions(flag)) {
        findings.push({ file, line: 1, why: `no page mentions the option \`${flag}\` of \`${name}\`` });
      }
    }
  }
  return findings;
}
