/** Edits of a recipe's text: proved to say what is meant before the file is replaced, which happens as a whole. */
import { parseDocument } from "yaml";
import type { RecipeInput } from "../app/prepare.ts";
import { flattenErrors } from "./errors.ts";

export type KeyPath = readonly (string | number)[];

/** Edits a text by its lines, whatever ends them: an edit writes `\n`, and a file of `\r\n` keeps those. */
export function editLines(text: string, edit: (text: string) => string): string {
  const lines = text.replaceAll("\r\n", "\n");
  // A file that mixes both is edited as it is: nobody can tell which of them was meant.
  if (lines === text || /(?<!\r)\n/.test(text)) return edit(text);
  return edit(lines).replaceAll("\n", "\r\n");
}

/**
 * Why a text is not the edit that was meant: it can't be read, does not hold the value that `isMeant` looks for, or says
 * something else elsewhere. Undefined where it is.
 */
export function whyNotMeant(
  before: string,
  after: string,
  { path, isMeant }: { readonly path: KeyPath; isMeant(value: unknown): boolean },
): string | undefined {
  const document = parseDocument(after, { intAsBigInt: true, logLevel: "silent" });
  const [broken] = document.errors;
  if (broken !== undefined) {
    return `it could not be read afterwards (${broken.message.split(/[:\n]/)[0]!.trim()})`;
  }
  const [was, is] = [
    parseDocument(before, { intAsBigInt: true, logLevel: "silent" }).toJS(),
    document.toJS(),
  ];
  if (!isMeant(valueAt(is, path))) return `\`${path.join(".")}\` would not say what is meant`;
  const others = (value: unknown) => JSON.stringify(without(value, path), plain);
  return others(was) === others(is) ? undefined : `more than \`${path.join(".")}\` would change`;
}

/** Why recipes could not be read with new texts of their files; undefined where they can. */
export async function whyNoRecipe(
  recipes: Iterable<string>,
  texts: ReadonlyMap<string, string>,
  input: RecipeInput,
): Promise<string | undefined> {
  const { readRecipe } = await import("../app/prepare.ts");
  for (const recipe of recipes) {
    try {
      await readRecipe(recipe, { ...input, onMissingEnv: "collect", texts });
    } catch (error) {
      return `the recipe would be wrong afterwards: ${flattenErrors(error)[0]!.message}`;
    }
  }
}

/** Replaces a file as a whole; a link stays one, and the rights of the file stay. */
export async function replaceText(path: string, text: string): Promise<void> {
  const real = await Deno.realPath(path);
  const { mode } = await Deno.stat(real);
  const temporary = `${real}.${crypto.randomUUID()}.tmp`;
  try {
    await Deno.writeTextFile(temporary, text, { createNew: true });
    if (mode !== null && Deno.build.os !== "windows") await Deno.chmod(temporary, mode & 0o7777);
    await Deno.rename(temporary, real);
  } catch (error) {
    await Deno.remove(temporary).catch(() => {});
    throw error;
  }
}

function valueAt(value: unknown, path: KeyPath): unknown {
  let at = value;
  for (const key of path) at = (at as Record<string | number, unknown> | null | undefined)?.[key];
  return at;
}

/** A copy without what stands at a path. Aliases are copied, so that what they share is changed in one place only. */
function without(value: unknown, [key, ...rest]: KeyPath): unknown {
  if (Array.isArray(value)) {
    return rest.length === 0
      ? value.filter((_, i) => i !== key)
      : value.map((item, i) => i === key ? without(item, rest) : item);
  }
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, item]) =>
      name !== key ? [[name, item]] : rest.length === 0 ? [] : [[name, without(item, rest)]]
    ),
  );
}

/** JSON has neither long integers nor infinity. */
function plain(_: string, value: unknown): unknown {
  return typeof value === "bigint" || (typeof value === "number" && !Number.isFinite(value))
    ? `${typeof value} ${value}`
    : value;
}
