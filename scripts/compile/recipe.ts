/**
 * An executable for one recipe: the recipe, those that it extends and its modules are inside, and its permission flags are
 * those of the recipe. Relative paths of the recipe begin where the executable is called.
 */
import { basename, dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { RecipeFacts } from "./recipe_permissions.ts";
import { deno } from "./stage.ts";

export interface RecipeBuild {
  readonly flags: readonly string[];
  /** Writes the entry point and the modules into the stage. */
  readonly addTo: (stage: string) => Promise<{ entry: string; include: readonly string[] }>;
}

const SCRIPT = fileURLToPath(new URL("recipe_permissions.ts", import.meta.url));
const ENTRY = "recipe_main.ts";
/** Levels that data may lie above all that the recipe is made of. */
const ABOVE = 16;
/** Folder of the modules in the stage. */
const INSIDE = "recipe";

/** @throws {Error} that names file and line, where the recipe is wrong. */
export async function recipeBuild(file: string): Promise<RecipeBuild> {
  const base = await Deno.realPath(dirname(resolve(file)));
  const name = basename(file);
  const here = await facts(base, name);
  const modules = await Promise.all(here.modules.map((path) => Deno.realPath(path)));
  const sources = await modulesOf(modules, base);
  const paths = [...Object.keys(here.texts), ...sources];
  const top = levelsUp(paths.map((path) => relative(base, path)));
  const flags = await flagsOf({ base, name, top, files: paths });
  const place = (path: string) => join(...folders(top), relative(base, path)).replaceAll("\\", "/");
  return {
    flags,
    async addTo(stage) {
      for (const source of sources) {
        const target = join(stage, INSIDE, place(source));
        await Deno.mkdir(dirname(target), { recursive: true });
        await Deno.copyFile(source, target);
      }
      const inside = {
        recipe: name,
        texts: Object.fromEntries(
          Object.entries(here.texts).map(([path, text]) => [slashed(base, path), text]),
        ),
      };
      const urls = modules.map((path) =>
        `    ${JSON.stringify(slashed(base, path))}: import.meta.resolve("./${INSIDE}/${place(path)}"),\n`
      );
      await Deno.writeTextFile(
        join(stage, ENTRY),
        `import { startRecipe } from "./src/cli/start_recipe.ts";\n\nawait startRecipe(Deno.args, {\n` +
          `  ...${JSON.stringify(inside, null, 2)},\n  modules: {\n${urls.join("")}  },\n});\n`,
      );
      return { entry: ENTRY, include: modules.map((path) => `${INSIDE}/${place(path)}`) };
    },
  };
}

async function facts(cwd: string, name: string, ...options: string[]): Promise<RecipeFacts> {
  return JSON.parse(await deno(["run", "-A", "--quiet", "--no-check", SCRIPT, name, ...options], { cwd }));
}

/** The modules and all of the disk that they import, but for packages. */
async function modulesOf(modules: readonly string[], cwd: string): Promise<string[]> {
  const found = new Set<string>();
  for (const module of modules) {
    const info = JSON.parse(await deno(["info", "--json", module], { cwd })) as {
      modules: { local?: string; specifier: string; error?: string }[];
    };
    for (const { local, specifier, error } of info.modules) {
      if (error !== undefined) throw new Error(`${specifier}: ${error}`);
      if (specifier.startsWith("file:") && local !== undefined && !local.includes("node_modules")) {
        found.add(local);
      }
    }
  }
  return [...found].sort();
}

/**
 * The recipe's flags as they are where nothing but its folder is there: the recipe is put into an empty folder and asked
 * what it needs. Paths in that folder become relative.
 */
async function flagsOf(
  options: { base: string; name: string; top: number; files: readonly string[] },
): Promise<string[]> {
  const root = await Deno.realPath(await Deno.makeTempDir({ prefix: "dataloader-recipe-" }));
  try {
    const base = join(root, ...folders(options.top + ABOVE));
    await Deno.mkdir(base, { recursive: true });
    for (const file of options.files) {
      const target = join(base, relative(options.base, file));
      await Deno.mkdir(dirname(target), { recursive: true });
      await Deno.copyFile(file, target);
    }
    const { grants } = await facts(base, options.name, "--no-code");
    return toRelativeFlags(grants, { root, base });
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

/** Grants as flags of `deno compile`. What is in the executable needs none; where it unpacks itself is not known yet. */
export function toRelativeFlags(
  grants: RecipeFacts["grants"],
  { root, base }: { root: string; base: string },
): string[] {
  const values = new Map<string, Set<string>>();
  for (const { kind, value, why } of grants) {
    if (why === "the recipe" || why === "the program" || kind === "ffi") continue;
    const set = values.get(kind) ?? new Set();
    const isPath = kind === "read" || kind === "write";
    set.add(isPath && isIn(root, value) ? dotted(relative(base, value)) : value);
    values.set(kind, set);
  }
  // A comma within a value is written twice.
  const flags = [...values].map(([kind, set]) =>
    `--allow-${kind}=${[...set].sort().map((value) => value.replaceAll(",", ",,")).join(",")}`
  );
  return [...flags.sort(), "--allow-ffi", "--deny-import"];
}

function isIn(folder: string, path: string): boolean {
  const from = relative(folder, path);
  return from !== ".." && !/^\.\.[/\\]/.test(from) && resolve(from) !== from;
}

function dotted(path: string): string {
  const slashes = path.replaceAll("\\", "/");
  return slashes === "" ? "." : slashes.startsWith("../") || slashes === ".." ? slashes : `./${slashes}`;
}

/** How many folders above the recipe's hold something of it. */
function levelsUp(paths: readonly string[]): number {
  return Math.max(0, ...paths.map((path) => path.split(/[/\\]/).filter((part) => part === "..").length));
}

/** Folders that stand for those above the recipe's. */
function folders(levels: number): string[] {
  return Array.from({ length: levels }, (_, level) => `up${levels - level}`);
}

function slashed(base: string, path: string): string {
  return relative(base, path).replaceAll("\\", "/");
}
