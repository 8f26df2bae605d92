/** Reading Markdown: links, headings and blocks of code. Lines are 1-based. */

export interface Link {
  readonly line: number;
  readonly target: string;
}

export interface CodeBlock {
  /** The line of its first line of code. */
  readonly line: number;
  /** The first word after the fence: `yaml`, `ts`. */
  readonly language: string;
  readonly text: string;
}

export interface Markdown {
  readonly links: readonly Link[];
  /** As GitHub makes them of headings, and of `<a id=…>`. */
  readonly anchors: ReadonlySet<string>;
  readonly blocks: readonly CodeBlock[];
}

/** Takes a page apart. */
export function readMarkdown(text: string): Markdown {
  const blocks: CodeBlock[] = [];
  const links: Link[] = [];
  const anchors = new Set<string>();
  const seen = new Map<string, number>();
  let open: { fence: string; indent: number; line: number; language: string; lines: string[] } | undefined;
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const number = index + 1;
    const fence = /^(\s*)(`{3,}|~{3,})\s*([^\s`]*)/.exec(line);
    if (open !== undefined) {
      const closes = fence !== null && fence[2]!.startsWith(open.fence) && line.trim() === fence[2];
      if (!closes) open.lines.push(line.slice(Math.min(open.indent, line.search(/\S|$/))));
      else {
        blocks.push({ line: open.line, language: open.language, text: open.lines.join("\n") });
        open = undefined;
      }
    } else if (fence !== null) {
      const [, indent, mark, language] = fence;
      open = { fence: mark!, indent: indent!.length, line: number + 1, language: language!, lines: [] };
    } else {
      links.push(...linksOf(line).map((target) => ({ line: number, target })));
      for (const [, id] of line.matchAll(/<a (?:id|name)="([^"]+)"/g)) anchors.add(id!);
      const heading = /^#{1,6}\s+(.*?)\s*#*$/.exec(line)?.[1];
      if (heading !== undefined) anchors.add(anchorOf(heading, seen));
    }
  }
  return { links, anchors, blocks };
}

/** Targets of `[text](target)`, `[name]: target` and images, but not of those in code. */
function linksOf(line: string): string[] {
  const text = line.replace(/(`+)(?:(?!\1).)+?\1/g, "code");
  const found = [...text.matchAll(/\]\(\s*(?:<([^>]*)>|([^)\s]+))(?:\s+"[^"]*")?\s*\)/g)]
    .map(([, bracketed, plain]) => bracketed ?? plain!);
  const definition = /^\s*\[[^\]]+\]:\s*<?(\S+?)>?(?:\s|$)/.exec(text)?.[1];
  return definition === undefined ? found : [...found, definition];
}

/** GitHub's rule: lower case, no punctuation, `-` for spaces, a number for what is there already. */
function anchorOf(heading: string, seen: Map<string, number>): string {
  const plain = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").replace(/[`*]/g, "");
  const slug = plain.toLowerCase().replace(/[^\p{L}\p{N}\p{Pc}\s-]/gu, "").replace(/\s/g, "-");
  const before = seen.get(slug) ?? 0;
  seen.set(slug, before + 1);
  return before === 0 ? slug : `${slug}-${before}`;
}
