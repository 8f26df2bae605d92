/** What is generated, as paths and texts; and holding it against what is there. */
import { join } from "node:path";
import type { Command } from "commander";
import { listFiles, readIfThere } from "../files.ts";
import { cliPage } from "./cli_page.ts";
import { diffLines } from "./diff.ts";
import { type ManFacts, manPage } from "./man_page.ts";
import {
  type ConnectorFacts,
  connectorPage,
  type FormatFacts,
  formatsPage,
  indexPage,
  type TransformFacts,
  transformsPage,
} from "./pages.ts";

export interface Sources {
  readonly connectors: readonly ConnectorFacts[];
  readonly transforms: readonly TransformFacts[];
  readonly formats: readonly FormatFacts[];
  /** The JSON Schema of a recipe. */
  readonly recipeSchema?: unknown;
  readonly program?: Command;
  /** What the manual page says beside the commands. */
  readonly man?: ManFacts;
}

/** Every generated file: its path relative to the root, and its text. */
export function generatedFiles(sources: Sources): Map<string, string> {
  const { connectors, transforms, formats, recipeSchema, program, man } = sources;
  const files = new Map<string, string>();
  files.set(
    "docs/reference/README.md",
    indexPage({ connectors, transforms, formats, cli: program !== undefined }),
  );
  for (const connector of connectors) {
    files.set(`docs/reference/connectors/${connector.name}.md`, connectorPage(connector));
  }
  files.set("docs/reference/transforms.md", transformsPage(transforms));
  files.set("docs/reference/formats.md", formatsPage(formats));
  if (program !== undefined) files.set("docs/reference/cli.md", cliPage(program));
  if (program !== undefined && man !== undefined) files.set("man/dataloader.1", manPage(program, man));
  if (recipeSchema !== undefined) {
    files.set("docs/schema/recipe.schema.json", `${JSON.stringify(recipeSchema, null, 2)}\n`);
  }
  return files;
}

/** A generated file that is not as it should be. `expected` is undefined for one that should be removed. */
export interface StaleFile {
  readonly path: string;
  readonly found: string | undefined;
  readonly expected: string | undefined;
}

/** Which of the generated files under `root` are missing, different, or no longer generated. */
export async function staleFiles(root: string, expected: ReadonlyMap<string, string>): Promise<StaleFile[]> {
  const stale: StaleFile[] = [];
  for (const [path, text] of expected) {
    const found = (await readIfThere(join(root, path)))?.replaceAll("\r\n", "\n");
    if (found !== text) stale.push({ path, found, expected: text });
  }
  const present = await listFiles(root, /^docs\/reference\/connectors\/[^/]+\.md$/);
  for (const path of present.filter((path) => !expected.has(path))) {
    stale.push({ path, found: await Deno.readTextFile(join(root, path)), expected: undefined });
  }
  return stale;
}

/** What is wrong with a file, for people. */
export function describeStale({ path, found, expected }: StaleFile): string {
  if (expected === undefined) return `${path} is no longer generated`;
  if (found === undefined) return `${path} is missing`;
  return `${path} is stale:\n${diffLines(found, expected, { limit: 30 }).join("\n")}`;
}
