/** `dataloader test --update`: writes what came out into the recipe, and leaves every other character of it as it is. */
import { type Document, isMap, isSeq, type Node, parseDocument } from "yaml";
import type { RecipeInput } from "../app/prepare.ts";
import type { Mismatch, Table } from "../app/testing/mod.ts";
import type { TestedFile } from "./commands/test.ts";
import { editLines, type KeyPath, replaceText, whyNoRecipe, whyNotMeant } from "./recipe_edit.ts";
import { isSame, LINE, type RowForm, rowLines, rowText } from "./row_text.ts";

export interface Updated {
  /** How many expectations of each file were written. */
  readonly updated: ReadonlyMap<string, number>;
  /** Tests that failed and could not be updated. */
  readonly left: readonly Left[];
}

interface Left {
  readonly test: string;
  readonly why: string;
}

/** One value to be replaced. */
interface Edit {
  readonly path: KeyPath;
  readonly value: Table | number;
}

/** The edits of one file, each with the test that asks for it. */
interface FileEdits {
  readonly edits: (Edit & { readonly test: string })[];
  /** Recipes that the file is part of. */
  readonly recipes: Set<string>;
}

/** Updates the files that hold the tests: a test may stand in a parent of the recipe. */
export async function updateExpectations(
  tested: readonly TestedFile[],
  input: RecipeInput = {},
): Promise<Updated> {
  const left: Left[] = [];
  const updated = new Map<string, number>();
  for (const [file, { edits, recipes }] of editsOf(tested, left)) {
    const before = await Deno.readTextFile(file);
    let after = before;
    const made: string[] = [];
    for (const { test, ...edit } of edits) {
      const next = applyEdit(after, edit, formOf(file));
      const why = whyNotMeant(after, next, { path: edit.path, isMeant: (value) => holds(value, edit.value) });
      if (why === undefined) {
        after = next;
        made.push(test);
      } else left.push({ test, why });
    }
    const why = made.length === 0 ? undefined : await whyNoRecipe(recipes, new Map([[file, after]]), input);
    if (why !== undefined) left.push(...made.map((test) => ({ test, why })));
    else if (made.length > 0) {
      if (after !== before) await replaceText(file, after);
      updated.set(file, made.length);
    }
  }
  return { updated, left };
}

/** What is to be written, by the file it stands in; what can't be goes to `left`. */
function editsOf(tested: readonly TestedFile[], left: Left[]): Map<string, FileEdits> {
  const files = new Map<string, FileEdits>();
  for (const { file, tests } of tested) {
    for (const outcome of tests?.outcomes ?? []) {
      if (outcome.passed) continue;
      const test = outcome.name;
      const at = outcome.location?.file ?? file;
      for (const { run, error, mismatches } of outcome.runs) {
        if (error !== undefined) left.push({ test, why: `the run failed: ${error.message}` });
        const runs = outcome.test.runs === undefined ? [] : ["runs", run - 1];
        for (const mismatch of mismatches) {
          if (mismatch.actual === undefined) {
            left.push({ test, why: whyNot(mismatch) });
            continue;
          }
          const edits = files.get(at) ?? { edits: [], recipes: new Set() };
          const path = ["tests", outcome.index, ...runs, "expect", mismatch.key];
          edits.edits.push({ test, path, value: mismatch.actual });
          edits.recipes.add(file);
          files.set(at, edits);
        }
      }
    }
  }
  return files;
}

/** JSON takes neither names nor texts without quotes. */
function formOf(file: string): RowForm {
  return /\.json$/i.test(file) ? "json" : "yaml";
}

/** Whether a value, as it is read, says what was to be written. */
function holds(value: unknown, meant: Table | number): boolean {
  if (typeof meant === "number") return Number(value) === meant;
  return Array.isArray(value) && value.length === meant.rows.length &&
    value.every((row, i) =>
      typeof row === "object" && row !== null &&
      Object.keys(row).length === meant.fields.length && isSame(row, meant.rows[i]!, meant)
    );
}

function whyNot({ key, message, holdsSecret }: Mismatch): string {
  if (holdsSecret) return "the rows hold a secret";
  return key === "file" ? "what is expected stands in a file of its own" : `${key}: ${message}`;
}

/** Replaces one value in a recipe's text. */
export function applyEdit(text: string, edit: Edit, form: RowForm = "yaml"): string {
  return editLines(text, (lines) => replaceValue(lines, edit, form));
}

function replaceValue(text: string, { path, value }: Edit, form: RowForm): string {
  const document = parseDocument(text, { logLevel: "silent" });
  const node = document.getIn(path, true) as Node | undefined;
  const range = node?.range;
  if (node === undefined || range === null || range === undefined) return text;
  const [start, end] = range;
  if (typeof value === "number") return text.slice(0, start) + value + text.slice(end);
  const isWithinFlow = form === "json" ||
    path.some((_, i) => (document.getIn(path.slice(0, i), true) as { flow?: boolean } | undefined)?.flow);
  if (isWithinFlow) return text.slice(0, start) + flowRows(text, start, value, form) + text.slice(end);
  if (isSeq(node) && !node.flow && value.rows.length > 0 && node.items.length > 0) {
    return replaceItems(text, { items: node.items as Node[], document, table: value });
  }
  const column = indentOf(text, start) + 2;
  const lines = value.rows.map((row) => rowLines(value, row, column)).flat();
  const block = lines.length === 0 ? "[]" : `\n${lines.join("\n")}`;
  const before = lines.length === 0 ? text.slice(0, start).trimEnd() + " " : text.slice(0, start).trimEnd();
  return before + block + text.slice(isSeq(node) && !node.flow ? endOfLine(text, lastLine(text, end)) : end);
}

/** Rows within braces: on one line where they fit, else one a line, further in than the line that they begin on. */
function flowRows(text: string, start: number, table: Table, form: RowForm): string {
  const rows = table.rows.map((row) => rowText(table, row, form));
  const line = text.slice(text.lastIndexOf("\n", start - 1) + 1, start);
  const oneLine = `[${rows.join(", ")}]`;
  if (line.length + oneLine.length <= LINE || rows.length === 0) return oneLine;
  const before = " ".repeat(/^(?:\s|- )*/.exec(line)![0].length);
  const within = rows.map((row) => `\n${before}  ${row}`).join(",");
  return form === "json" ? `[${within}\n${before}]` : `[${within}]`;
}

/** The lines of an item of a block list. */
interface Chunk {
  /** All of them, with the comments in and above them. */
  readonly text: string;
  readonly row?: Record<string, unknown>;
  /** Comments on lines of their own above it, and the one behind a row on one line. */
  readonly above: string;
  readonly behind: string;
}

/** A list that is written as a block: rows that are the same keep their lines; one in place of another gets its comments. */
function replaceItems(
  text: string,
  { items, document, table }: { items: readonly Node[]; document: Document; table: Table },
): string {
  const starts = items.map((item) => startOfItem(text, item.range![0]));
  const chunks = items.map((item, i): Chunk => {
    const last = endOfLine(text, lastLine(text, item.range![1]));
    const end = i + 1 < items.length ? starts[i + 1]! : last + 1;
    const dash = text.lastIndexOf("\n", item.range![0]) + 1;
    const oneLine = !text.slice(dash, lastLine(text, item.range![1])).includes("\n");
    return {
      text: text.slice(starts[i]!, end),
      row: isMap(item) ? item.toJS(document) as Record<string, unknown> : undefined,
      above: text.slice(starts[i]!, dash),
      behind: oneLine ? text.slice(lastLine(text, item.range![1]), last).trimEnd() : "",
    };
  });
  const column = items[0]!.range![0] - text.lastIndexOf("\n", items[0]!.range![0] - 1) - 1 - 2;
  const left = new Set(chunks);
  const same = table.rows.map((row) => {
    const found = [...left].find((chunk) => chunk.row !== undefined && isSame(chunk.row, row, table));
    if (found !== undefined) left.delete(found);
    return found;
  });
  const lines = table.rows.map((row, i) => {
    if (same[i] !== undefined) return same[i].text;
    const [before] = left;
    if (before !== undefined) left.delete(before);
    const made = rowLines(table, row, column).join("\n");
    return `${before?.above ?? ""}${made}${made.includes("\n") ? "" : before?.behind ?? ""}\n`;
  });
  const end = starts[0]! + chunks.reduce((sum, chunk) => sum + chunk.text.length, 0);
  const body = lines.map((line) => line.endsWith("\n") ? line : `${line}\n`).join("");
  return text.slice(0, starts[0]!) + body + text.slice(end);
}

/** Where the lines of an item begin: at its dash, or at the comments right above it. */
function startOfItem(text: string, offset: number): number {
  let start = text.lastIndexOf("\n", offset - 1) + 1;
  while (start > 0) {
    const above = text.lastIndexOf("\n", start - 2) + 1;
    if (!/^\s*#/.test(text.slice(above, start))) break;
    start = above;
  }
  return start;
}

function indentOf(text: string, offset: number): number {
  const line = text.slice(text.lastIndexOf("\n", offset - 1) + 1);
  return /^[ ]*/.exec(line)![0].length;
}

/** The offset of the last character of a value: a block ends before the line break behind it. */
function lastLine(text: string, end: number): number {
  let at = end;
  while (at > 0 && /\s/.test(text.charAt(at - 1))) at--;
  return at;
}

function endOfLine(text: string, offset: number): number {
  const found = text.indexOf("\n", offset);
  return found < 0 ? text.length : found;
}
