import assert from "node:assert/strict";
import { Argument, Command, Option } from "commander";
import fc from "fast-check";
import { z } from "zod";
import { asPath, asSecret, defineConnector, defineFormat, defineTransform } from "../../../src/sdk/mod.ts";
import { mend } from "../../../scripts/generate.ts";
import { diffLines } from "../../../scripts/generate/diff.ts";
import { describeStale, generatedFiles, staleFiles } from "../../../scripts/generate/files.ts";
import { describeKeys, keyTable } from "../../../scripts/generate/keys.ts";
import { code, codeBlock, prose, table } from "../../../scripts/generate/markdown.ts";

const toy = defineConnector({
  name: "toy",
  summary: "Read from and load into a toy",
  config: z.strictObject({
    path: asPath(z.string()).describe("Where the toy is"),
    password: asSecret(z.string()).optional().describe("What opens it"),
    mode: z.enum(["fast", "slow"]).default("fast").describe("How it moves: `a|b`"),
  }),
  capabilities: {
    read: true,
    write: true,
    writeModes: ["append", "merge"],
    mergeStrategies: ["upsert"],
    incremental: ["cursor"],
    transactions: true,
    lookup: false,
    embedded: false,
    identifierLength: 63,
    parallelRead: false,
    bulkFormats: [],
    tier: "native",
  },
  typeNotes: ["Intervals lose their months"],
  examples: [{ title: "play", recipe: "\nname: play\nsource: {type: toy, path: a}\n" }],
  describe: () => "toy",
});

const shout = defineTransform({
  name: "shout",
  summary: "Makes text loud",
  config: z.strictObject({ columns: z.array(z.string()).describe("Which") }),
  examples: [],
  keepsRows: true,
  sql: () => "",
});

const lines = defineFormat({
  name: "lines",
  summary: "One text a line",
  extensions: [".txt"],
  options: z.strictObject({}),
  compressions: ["gzip"],
  scan: () => "",
});

function program(): Command {
  const root = new Command("dataloader").description("Loads data").version(
    "1.0.0",
    "-V, --version",
    "Print the version",
  );
  root.command("run").description("Run recipes").alias("go")
    .addArgument(new Argument("<recipe...>", "the recipes"))
    .option(
      "--var <k=v>",
      "set a variable",
      (value: string, all: string[]) => [...all, value],
      [] as string[],
    )
    .addOption(new Option("--log-format <format>", "how to log").choices(["text", "json"]).default("text"))
    .addOption(new Option("--state-dir <dir>", "where states are").env("STATE_DIR").default(".state"))
    .option("--no-progress", "draw nothing")
    .addOption(new Option("--internal").hideHelp());
  const state = root.command("state").description("Change the state");
  state.command("reset").description("Start over").argument("[recipe]", "which");
  root.command("secret", { hidden: true });
  return root;
}

const sources = {
  connectors: [toy],
  transforms: [shout],
  formats: [lines],
  recipeSchema: { type: "object" },
  program: program(),
};

const keyCases: [name: string, schema: z.ZodType, type: string][] = [
  ["text", z.string(), "text"],
  ["a number with limits", z.number().min(0).lt(1), "number, at least 0, less than 1"],
  ["a whole number", z.int().min(1), "whole number, at least 1"],
  ["any whole number", z.int(), "whole number"],
  ["a boolean", z.boolean(), "true or false"],
  ["an enum", z.enum(["a", "b c"]), '`a`, `"b c"`'],
  ["a literal", z.literal("yes"), '`"yes"`'],
  ["text or a list", z.union([z.string(), z.array(z.string())]), "text or list of text"],
  ["nullable", z.string().nullable(), "text or null"],
  ["a mapping", z.record(z.string(), z.int()), "mapping of whole number"],
  ["anything", z.unknown(), "anything"],
  ["a transform", z.string().transform((text) => text.length), "text"],
  ["a custom check", z.custom<Date>(), "anything"],
];
for (const [name, schema, type] of keyCases) {
  Deno.test(`the type of a key in words: ${name}`, () => {
    assert.equal(describeKeys(z.object({ key: schema }))[0]!.type, type);
  });
}

Deno.test("keys of nested objects follow their parent, with marks and defaults", () => {
  const keys = describeKeys(z.strictObject({
    a: z.object({ b: z.boolean().default(true).describe("B") }).optional().describe("A"),
    c: z.union([z.string(), z.strictObject({ d: z.string().default("x y") })]).describe("C"),
    e: asSecret(asPath(z.string())).describe("E"),
  }));
  const none = { required: false, default: undefined, description: "", secret: false, path: false };
  assert.deepEqual(keys, [
    { ...none, key: "a", type: "mapping", description: "A" },
    { ...none, key: "a.b", type: "true or false", default: "true", description: "B" },
    { ...none, key: "c", type: "text or mapping", required: true, description: "C" },
    { ...none, key: "c.d", type: "text", default: '"x y"' },
    { ...none, key: "e", type: "text", required: true, description: "E", secret: true, path: true },
  ]);
  assert.equal(
    keyTable(keys).at(-2),
    "| `e` | text | required | E. Relative to the recipe. Secret: never shown. |",
  );
});

Deno.test("a schema that holds itself comes to an end", () => {
  interface Tree {
    children?: Tree[];
    next?: Tree;
  }
  const tree: z.ZodType<Tree> = z.lazy(() =>
    z.object({ children: z.array(tree).optional(), next: tree.optional() })
  );
  const keys = describeKeys(z.object({ tree }));
  assert.ok(keys.length > 3 && keys.length < 100, String(keys.length));
});

Deno.test("alternatives of an object all show their keys", () => {
  const schema = z.union([z.object({ a: z.string() }), z.object({ a: z.string(), b: z.string() })]);
  assert.deepEqual(describeKeys(schema).map((key) => key.key), ["a", "b"]);
});

Deno.test("a connector's page tells all that its definition says", () => {
  assert.equal(
    generatedFiles(sources).get("docs/reference/connectors/toy.md"),
    `<!-- Generated by \`deno task generate\`. Edit the definitions in src/, not this file. -->

# toy

Read from and load into a toy.

Support tier: **native** (the contract suite runs against the real system).

## Keys

Beside \`type: toy\` and the keys of every source or destination:

| Key | Type | Default | What it does |
| --- | --- | --- | --- |
| \`path\` | text | required | Where the toy is. Relative to the recipe. |
| \`password\` | text |  | What opens it. Secret: never shown. |
| \`mode\` | \`fast\`, \`slow\` | \`fast\` | How it moves: \`a\\|b\` |

## Capabilities

|  |  |
| --- | --- |
| Reads | yes |
| Writes | yes |
| Write modes | \`append\`, \`merge\` |
| Default write mode | \`append\` |
| Merge strategies | \`upsert\` |
| Incremental strategies | \`cursor\` |
| Rows and position are committed | in one transaction |
| Reads with several connections | no |
| Read and written by the embedded engine itself | no |
| Bulk formats | none |
| Longest identifier | 63 bytes |
| Largest statement | no limit |

## Types

- Intervals lose their months.

## Example: play

\`\`\`yaml
name: play
source: {type: toy, path: a}
\`\`\`
`,
  );
});

Deno.test("the command line's page has every visible command, argument and option", () => {
  const text = generatedFiles(sources).get("docs/reference/cli.md")!;
  for (
    const line of [
      "- [`dataloader state reset`](#dataloader-state-reset): Start over.",
      "| `-V, --version` |  |  | Print the version |",
      "## dataloader run",
      "Also: `go`.",
      "dataloader run|go [options] <recipe...>".replace("run|go ", "run "),
      "| `recipe…` | required | the recipes |",
      "| `--var <k=v>` |  |  | set a variable |",
      "| `--log-format <format>` | `text`, `json` | `text` | how to log |",
      "| `--state-dir <dir>` |  | `.state` | where states are (or `STATE_DIR` in the environment) |",
      "| `--no-progress` |  |  | draw nothing |",
      "| `recipe` | optional | which |",
    ]
  ) assert.ok(text.includes(`${line}\n`), `${line} is not in\n${text}`);
  assert.doesNotMatch(text, /internal|secret/);
});

Deno.test("transforms, formats and the index are there", () => {
  const files = generatedFiles(sources);
  assert.match(
    files.get("docs/reference/transforms.md")!,
    /## shout\n\nMakes text loud\. Gives one row for each row\./,
  );
  assert.match(
    files.get("docs/reference/formats.md")!,
    /\| Writes \| no \|\n\| Endings \| `\.txt` \|\n\| Compressions \| `gzip` \|/,
  );
  assert.match(files.get("docs/reference/formats.md")!, /It has no keys of its own\./);
  assert.match(files.get("docs/reference/README.md")!, /\| \[toy\]\(connectors\/toy\.md\) \| Read from/);
  assert.deepEqual(JSON.parse(files.get("docs/schema/recipe.schema.json")!), { type: "object" });
});

Deno.test("stale files are found, told, and mended", async () => {
  const root = await Deno.makeTempDir();
  try {
    const files = generatedFiles(sources);
    assert.equal((await staleFiles(await withFolder(root), files)).length, files.size);
    for (const file of await staleFiles(root, files)) await mend(root, file);
    assert.deepEqual(await staleFiles(root, files), []);

    const page = `${root}/docs/reference/formats.md`;
    const text = await Deno.readTextFile(page);
    await Deno.writeTextFile(page, text.replaceAll("\n", "\r\n"));
    assert.deepEqual(await staleFiles(root, files), [], "line ends of Windows are no difference");
    await Deno.writeTextFile(page, text.replaceAll("One text a line", "Something else"));
    await Deno.writeTextFile(`${root}/docs/reference/connectors/gone.md`, "x");
    await Deno.remove(`${root}/docs/reference/transforms.md`);
    const stale = await staleFiles(root, files);
    assert.deepEqual(stale.map(describeStale).map((told) => told.split("\n")[0]).sort(), [
      "docs/reference/connectors/gone.md is no longer generated",
      "docs/reference/formats.md is stale:",
      "docs/reference/transforms.md is missing",
    ]);
    const told = stale.map(describeStale).find((told) => told.includes("formats"))!;
    assert.ok(
      told.includes("\n-- [`lines`](#lines): Something else.\n+- [`lines`](#lines): One text a line.\n"),
      told,
    );
    for (const file of stale) await mend(root, file);
    assert.deepEqual(await staleFiles(root, files), []);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});

/** The folder that a fresh clone has. */
async function withFolder(root: string): Promise<string> {
  await Deno.mkdir(`${root}/docs`);
  return root;
}

Deno.test("a diff shows what changed with a line around, and cuts what is long", () => {
  const numbers = Array.from({ length: 9 }, (_, i) => String(i + 1));
  const changed = numbers.with(1, "two").toSpliced(7, 1);
  assert.deepEqual(diffLines(numbers.join("\n"), changed.join("\n"), { limit: 99 }), [
    "@@ 1",
    " 1",
    "-2",
    "+two",
    " 3",
    "@@ 7",
    " 7",
    "-8",
    " 9",
  ]);
  assert.deepEqual(diffLines("a\nb", "c\nd", { limit: 2 }), ["@@ 1", "-a", "… and 3 more lines"]);
});

Deno.test("a diff holds the new text and the old", () => {
  const text = fc.array(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength: 8 });
  fc.assert(fc.property(text, text, (before, after) => {
    const shown = diffLines(before.join("\n"), after.join("\n"), { limit: 99 });
    const changed = (mark: string, other: string[]) => {
      const rest = [...other];
      for (const line of shown.filter((line) => line[0] === mark)) {
        rest.splice(rest.indexOf(line.slice(1)), 1);
      }
      return rest.sort().join();
    };
    assert.equal(changed("-", before), changed("+", after), "what is left of both is the same");
    assert.equal(shown.length === 0, before.join() === after.join());
  }));
});

Deno.test("Markdown holds whatever it is given", () => {
  assert.equal(code("a`b"), "``a`b``");
  assert.equal(code("`a"), "`` `a ``");
  assert.deepEqual(codeBlock("yaml", "a: |\n  ```\n"), ["```yaml", "a: |\n  ```", "```", ""]);
  assert.deepEqual(codeBlock("md", "```\nx\n```"), ["````md", "```\nx\n```", "````", ""]);
  assert.deepEqual(table(["a"], [["x|y\nz"]]), ["| a |", "| --- |", "| x\\|y z |", ""]);
  assert.deepEqual(table(["a"], []), []);
  assert.equal(
    table(["a"], [["*, **, <b> but `*|<` and ``a`*``"]])[2],
    "| \\*, \\*\\*, \\<b> but `*\\|<` and ``a`*`` |",
  );
  assert.equal(prose("*.yaml, *.yml"), "\\*.yaml, \\*.yml.");
});
