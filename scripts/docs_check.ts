// deno-lint-ignore-file no-console -- a script prints.
/**
 * Checks the docs: `deno run -A scripts/docs_check.ts`. Relative links lead somewhere, recipes in them load, examples in
 * TypeScript pass the type check, and every command and option is mentioned. Prints `file:line why`, exits 1 on any.
 */
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { LoadOptions } from "../src/recipe/mod.ts";
import {
  checkCommandLine,
  checkLinks,
  checkRecipes,
  countRecipes,
  type Finding,
  type Pages,
  type RecipeLoader,
} from "./docs_check/checks.ts";
import { readMarkdown } from "./docs_check/markdown.ts";
import { listFiles, ROOT } from "./files.ts";
import { load, loadProgram } from "./project.ts";

const root = fileURLToPath(ROOT);

/** A loader that knows what ships and takes any environment. */
async function recipeLoader(): Promise<RecipeLoader> {
  const { registerBuiltins } = await load<{ registerBuiltins(): void }>("src/builtin.ts");
  const { parseRecipe } = await load<{
    parseRecipe(text: string, options: LoadOptions & { file: string }): Promise<unknown>;
  }>("src/recipe/mod.ts");
  registerBuiltins();
  return async (text, { file, parents }) => {
    try {
      await parseRecipe(text, {
        file: join(root, file),
        // A parent that the page does not show stands for an empty one.
        readFile: (path) => Promise.resolve(parents.get(basename(path)) ?? "{}\n"),
        env: () => undefined,
        onMissingEnv: "collect",
      });
      return undefined;
    } catch (error) {
      return `this recipe does not load: ${error instanceof Error ? error.message : String(error)}`;
    }
  };
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(join(root, path));
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return false;
    throw error;
  }
}

/** Deno's own check of the examples in pages and in the docs of `src/mod.ts`. Undefined where all pass. */
async function checkExamples(files: readonly string[]): Promise<string | undefined> {
  const output = await new Deno.Command(Deno.execPath(), {
    args: ["check", "--quiet", "--doc-only", ...files],
    cwd: root,
    env: { NO_COLOR: "1" },
  }).output();
  return output.success ? undefined : new TextDecoder().decode(output.stderr).trim();
}

if (import.meta.main) {
  const files = await listFiles(root, /\.md$/);
  const texts = await Promise.all(files.map((file) => Deno.readTextFile(join(root, file))));
  const pages: Pages = new Map(files.map((file, index) => [file, readMarkdown(texts[index]!)]));
  const withExamples = files.filter((file) =>
    pages.get(file)!.blocks.some(({ language }) => /^(ts|typescript|tsx)$/.test(language))
  );
  const [links, recipes, examples] = await Promise.all([
    checkLinks(pages, exists),
    checkRecipes(pages, await recipeLoader()),
    checkExamples([...withExamples, "src/mod.ts"]),
  ]);
  const findings: Finding[] = [...links, ...recipes, ...checkCommandLine(await loadProgram(), texts)];
  for (const { file, line, why } of findings) console.error(`${file}:${line} ${why}`);
  if (examples !== undefined) console.error(examples);
  if (findings.length > 0 || examples !== undefined) Deno.exit(1);
  console.log(
    `${files.length} pages: links, ${
      countRecipes(pages)
    } recipes, ${withExamples.length} with TypeScript, all commands`,
  );
}
