/** A `schema:` block as text, and its place in the text of a recipe: all else stays as it is written. */
import { parseDocument, stringify } from "yaml";

export type RecipeForm = "yaml" | "json";

/** The form of a recipe file, by its name; undefined where it is neither. */
export function recipeForm(path: string): RecipeForm | undefined {
  if (/\.ya?ml$/i.test(path)) return "yaml";
  return /\.json$/i.test(path) ? "json" : undefined;
}

/** The block, a column a line: types and flags side by side can be read. */
export function blockText(block: Record<string, unknown>, form: RecipeForm, indent = ""): string {
  const columns = block.columns as Record<string, unknown>[];
  if (form === "json") {
    const lines = columns.map((column) => {
      const items = Object.entries(column).map(([key, value]) => `"${key}": ${JSON.stringify(value)}`);
      return `${indent}    { ${items.join(", ")} }`;
    });
    return [
      `"schema": {`,
      `${indent}  "mode": ${JSON.stringify(block.mode)},`,
      `${indent}  "columns": [`,
      lines.join(",\n"),
      `${indent}  ]`,
      `${indent}}`,
    ].join("\n");
  }
  const lines = columns.map((column) => {
    const items = Object.entries(column).map(([key, value]) => `${key}: ${scalar(value)}`);
    return `    - { ${items.join(", ")} }`;
  });
  return ["schema:", `  mode: ${block.mode}`, "  columns:", ...lines, ""].join("\n");
}

/** A value in YAML's flow form, quoted where it must be. */
function scalar(value: unknown): string {
  if (typeof value !== "string") return String(value);
  const plain = /^[A-Za-z_][\w ]*$/.test(value)
    ? stringify(value, { lineWidth: 0 }).trimEnd()
    : JSON.stringify(value);
  return plain;
}

/** Whether a recipe has a `schema` of its own. */
export function hasSchema(text: string): boolean {
  return parseDocument(text).has("schema");
}

/** Puts the block in the place of the old one, else before `destination`, else behind all others. */
export function withBlock(text: string, block: Record<string, unknown>, form: RecipeForm): string {
  const places = placesOf(text);
  const [old, before] = [places.get("schema"), places.get("destination")];
  if (form === "yaml") {
    const written = blockText(block, form);
    if (old !== undefined) return `${text.slice(0, old.key)}${written}${text.slice(old.next)}`;
    if (before !== undefined) return `${text.slice(0, before.key)}${written}${text.slice(before.key)}`;
    return `${text.trimEnd()}\n${written}`;
  }
  const last = [...places.values()].at(-1);
  const indent = /^[ \t]*/.exec(text.slice(lineStart(text, (before ?? last)?.key ?? 0)))![0];
  const written = blockText(block, form, indent);
  if (old !== undefined) return `${text.slice(0, old.key)}${written}${text.slice(old.end)}`;
  if (before !== undefined) {
    return `${text.slice(0, before.key)}${written},\n${indent}${text.slice(before.key)}`;
  }
  const end = last?.end ?? text.indexOf("{") + 1;
  return `${text.slice(0, end)}${last === undefined ? "" : ","}\n${indent}${written}${text.slice(end)}`;
}

function lineStart(text: string, at: number): number {
  return text.lastIndexOf("\n", at - 1) + 1;
}

/** Offsets of a key, of the end of its value, and of what comes next. */
interface Place {
  readonly key: number;
  readonly end: number;
  readonly next: number;
}

function placesOf(text: string): Map<string, Place> {
  const places = new Map<string, Place>();
  const { contents } = parseDocument(text);
  if (contents === null || !("items" in contents)) return places;
  for (const { key, value } of contents.items as { key: Ranged; value: Ranged | null }[]) {
    const range = value?.range ?? key.range!;
    places.set(String(key.value), { key: key.range![0], end: range[1], next: range[2] });
  }
  return places;
}

interface Ranged {
  readonly value?: unknown;
  readonly range?: readonly [number, number, number];
}
