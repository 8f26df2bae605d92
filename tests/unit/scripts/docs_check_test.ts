import assert from "node:assert/strict";
import { Command } from "commander";
import {
  checkCommandLine,
  checkLinks,
  checkRecipes,
  countRecipes,
} from "../../../scripts/docs_check/checks.ts";
import { type Markdown, readMarkdown } from "../../../scripts/docs_check/markdown.ts";

const page = `# The Page: \`code\` & more

See [one](other.md#top), [two](<a b.md> "title"), ![image](img/x.png) and \`[not](this.md)\`.
[named]: ../up.md

## Again
## Again
### [Linked](x.md) heading *here*
<a id="own"></a>

\`\`\`yaml
# base.yaml
name: a
[not](a.link)
\`\`\`

  ~~~ts title
  const a = "\`\`\`";
    b();
  ~~~

\`\`\`\`md
\`\`\`yaml
inner: 1
\`\`\`
\`\`\`\`
`;

Deno.test("a page is taken apart into links, anchors and blocks, with their lines", () => {
  const { links, anchors, blocks } = readMarkdown(page);
  assert.deepEqual(links, [
    { line: 3, target: "other.md#top" },
    { line: 3, target: "a b.md" },
    { line: 3, target: "img/x.png" },
    { line: 4, target: "../up.md" },
    { line: 8, target: "x.md" },
  ]);
  assert.deepEqual([...anchors], ["the-page-code--more", "again", "again-1", "linked-heading-here", "own"]);
  assert.deepEqual(blocks, [
    { line: 12, language: "yaml", text: "# base.yaml\nname: a\n[not](a.link)" },
    { line: 18, language: "ts", text: 'const a = "```";\n  b();' },
    { line: 23, language: "md", text: "```yaml\ninner: 1\n```" },
  ]);
});

const links: [target: string, why: RegExp | undefined][] = [
  ["other.md", undefined],
  ["other.md#top", undefined],
  ["#here", undefined],
  ["../src/mod.ts", undefined],
  ["../src/mod.ts#L3", undefined],
  ["https://example.com/x", undefined],
  ["mailto:a@b.c", undefined],
  ["a%20b.md", undefined],
  ["gone.md", /docs\/gone\.md does not exist/],
  ["other.md#bottom", /there is no heading "bottom" in docs\/other\.md/],
  ["#gone", /there is no heading "gone" in docs\/page\.md/],
  ["/docs/other.md", /link relative to this file/],
  ["../../outside.md", /leads out of the repository/],
];
for (const [target, why] of links) {
  Deno.test(`the link ${target} is ${why === undefined ? "right" : "wrong"}`, async () => {
    const files = new Set(["docs/page.md", "docs/other.md", "src/mod.ts", "docs/a b.md"]);
    const pages = new Map([
      ["docs/page.md", readMarkdown(`# Here\n[x](${target})`)],
      ["docs/other.md", readMarkdown("# Top")],
    ]);
    const findings = await checkLinks(pages, (path) => Promise.resolve(files.has(path)));
    assert.equal(findings.length, why === undefined ? 0 : 1, JSON.stringify(findings));
    if (why !== undefined) {
      assert.match(findings[0]!.why, why);
      assert.deepEqual([findings[0]!.file, findings[0]!.line], ["docs/page.md", 2]);
    }
  });
}

Deno.test("recipes of a page are loaded with the other files that the page names", async () => {
  const text = [
    "```yaml",
    "# base.yaml",
    "runtime: {}",
    "```",
    "```yaml",
    "name: part",
    "```",
    "```yaml",
    "# shop/orders.yaml",
    "name: orders",
    "source: {}",
    "```",
    "```yml",
    "name: bad",
    "source: {}",
    "```",
    "```text",
    "name: no",
    "source: {}",
    "```",
  ].join("\n");
  const pages = new Map<string, Markdown>([["a.md", readMarkdown(text)]]);
  const seen: unknown[] = [];
  const findings = await checkRecipes(pages, (recipe, { file, parents }) => {
    seen.push([file, [...parents.keys()]]);
    return Promise.resolve(recipe.includes("bad") ? "it is bad" : undefined);
  });
  assert.deepEqual(seen, [
    ["shop/orders.yaml", ["base.yaml", "shop/orders.yaml"]],
    ["recipe.yaml", ["base.yaml", "shop/orders.yaml"]],
  ]);
  assert.deepEqual(findings, [{ file: "a.md", line: 14, why: "it is bad" }]);
  assert.equal(countRecipes(pages), 2);
});

Deno.test("a command or option that no page mentions is found", () => {
  const program = new Command("dl");
  program.command("run").option("--limit <n>", "x").option("--limited", "x").option("-q", "x");
  program.command("state").command("reset");
  const told = (text: string) => checkCommandLine(program, [text]).map(({ why }) => why);
  assert.deepEqual(told("`dl run --limit 5 -q`, `--limited`, `dl state`, dl state reset"), []);
  assert.deepEqual(told("dl running --limited dl state reset-all"), [
    "no page mentions the command `dl run`",
    "no page mentions the option `--limit` of `dl run`",
    "no page mentions the option `-q` of `dl run`",
    "no page mentions the command `dl state reset`",
  ]);
});
