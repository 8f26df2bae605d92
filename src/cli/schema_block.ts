/** A `schema:` block as text, and its place in the text of a recipe: all else stays as it is written. */
import { isMap, parseDocument, stringify } from "yaml";
import { editLines, whyNotMeant } from "./recipe_edit.ts";

export type RecipeForm = "yaml" | "json";

/** The form of a recipe file, by its name; undefined where it is neither. */
export function recipeForm(path: string): RecipeForm | undefined {
  if (/\.ya?ml$/i.test(path)) return "yaml";
  return /\.json$/i.test(path) ? "json" : undefined;
}

/** The block, a column a line: types and flags side by side can be read. `braces`: within braces, for YAML written so. */
export function blockText(
  block: Record<string, unknown>,
  form: RecipeForm,
  { indent = "", braces = form === "json" }: { indent?: string; braces?: boolean } = {},
): string {
  const columns = block.columns as Record<string, unknown>[];
  const text = form === "json" ? (value: unknown) => JSON.stringify(value) : scalar;
  const items = columns.map((column) =>
    `{ ${Object.entries(column).map(([key, value]) => `${text(key)}: ${text(value)}`).join(", ")} }`
  );
  if (braces) {
    return [
      `${text("schema")}: {`,
      `${indent}  ${text("mode")}: ${text(block.mode)},`,
      `${indent}  ${text("columns")}: [`,
      items.map((item) => `${indent}    ${item}`).join(",\n"),
      `${indent}  ]`,
      `${indent}}`,
    ].join("\n");
  }
  return ["schema:", `  mode: ${block.mode}`, "  columns:", ...items.map((item) => `    - ${item}`), ""].join(
    "\n",
  );
}

/** A value in YAML's flow form, quoted where it must be. */
function scalar(value: unknown): string {
  if (typeof value !== "string") return String(value);
  return /^[A-Za-z_][\w ]*$/.test(value)
    ? stringify(value, { lineWidth: 0 }).trimEnd()
    : JSON.stringify(value);
}

/** Whether a recipe has a `schema` of its own. */
export function hasSchema(text: string): boolean {
  return parseDocument(text).has("schema");
}

/** Puts the block in the place of the old one, else before `destination`, else behind all others. */
export function withBlock(text: string, block: Record<string, unknown>, form: RecipeForm): string {
  return editLines(text, (lines) => putBlock(lines, block, form));
}

function putBlock(text: string, block: Record<string, unknown>, form: RecipeForm): string {
  const { places, braces } = placesOf(text);
  const [old, before] = [places.get("schema"), places.get("destination")];
  if (form === "yaml" && !braces) {
    const written = blockText(block, form);
    // A comment behind the last line of the old block goes with it; those on lines of their own stay.
    if (old !== undefined) return `${text.slice(0, old.key)}${written}${text.slice(nextLine(text, old.end))}`;
    if (before !== undefined) return `${text.slice(0, before.key)}${written}${text.slice(before.key)}`;
    return `${text.trimEnd()}\n${written}`;
  }
  const last = [...places.values()].at(-1);
  const indent = /^[ \t]*/.exec(text.slice(lineStart(text, (before ?? last)?.key ?? 0)))![0];
  const written = blockText(block, form, { indent, braces: true });
  if (old !== undefined) return `${text.slice(0, old.key)}${written}${text.slice(old.end)}`;
  if (before !== undefined) {
    return `${text.slice(0, before.key)}${written},\n${indent}${text.slice(before.key)}`;
  }
  const end = last?.end ?? text.indexOf("{") + 1;
  return `${text.slice(0, end)}${last === undefined ? "" : ","}\n${indent}${written}${text.slice(end)}`;
}

/** Why a text is not the recipe with this block; undefined where it is. */
export function whyNotWithBlock(
  before: string,
  after: string,
  block: Record<string, unknown>,
): string | undefined {
  const meant = JSON.stringify(block);
  return whyNotMeant(before, after, {
    path: ["schema"],
    isMeant: (value) => JSON.stringify(value) === meant,
  });
}

function lineStart(text: string, at: number): number {
  return text.lastIndexOf("\n", at - 1) + 1;
}

/** Where the line behind an offset begins; the offset itself where that begins a line. */
function nextLine(text: string, at: number): number {
  if (text.charAt(at - 1) === "\n") return at;
  const found = text.indexOf("\n", at);
  return found < 0 ? text.length : found + 1;
}

/** Offsets of a key and of the end of its value. */
interface Place {
  readonly key: number;
  readonly end: number;
}

function placesOf(text: string): { places: Map<string, Place>; braces: boolean } {
  const places = new Map<string, Place>();
  const { contents } = parseDocument(text, { logLevel: "silent" });
  if (!isMap(contents)) return { places, braces: false };
  for (const { key, value } of contents.items as { key: Ranged; value: Ranged | null }[]) {
    const range = value?.range ?? key.range!;
    places.set(String(key.value), { key: key.range![0], end: range[1] });
  }
  return { places, braces: contents.flow === true };
}

interface Ranged {
  readonly value?: unknown;
  readonly range?: readonly [number, number, number] | null;
}
