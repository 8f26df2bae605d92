/** `dataloader test --update`: writes what came out into the recipe, and leaves every other character of it as it is. */
import { isMap, isSeq, type Node, parseDocument, stringify } from "yaml";
import type { Mismatch, Table } from "../app/testing/mod.ts";
import type { LogicalType } from "../sdk/mod.ts";
import type { TestedFile } from "./commands/test.ts";

export interface Updated {
  /** How many expectations of each file were written. */
  readonly updated: ReadonlyMap<string, number>;
  /** Tests that failed and could not be updated. */
  readonly left: readonly { readonly test: string; readonly why: string }[];
}

/** One value to be replaced. */
interface Edit {
  readonly path: readonly (string | number)[];
  readonly value: Table | number;
}

/** Longest a row is made on one line. */
const LINE = 110;

/** Updates the files that hold the tests: a test may stand in a parent of the recipe. */
export async function updateExpectations(tested: readonly TestedFile[]): Promise<Updated> {
  const edits = new Map<string, Edit[]>();
  const left: { test: string; why: string }[] = [];
  for (const { file, tests } of tested) {
    for (const outcome of tests?.outcomes ?? []) {
      if (outcome.passed) continue;
      for (const { run, error, mismatches } of outcome.runs) {
        if (error !== undefined) left.push({ test: outcome.name, why: `the run failed: ${error.message}` });
        const expect = [
          "tests",
          outcome.index,
          ...(outcome.test.runs === undefined ? [] : ["runs", run - 1]),
          "expect",
        ];
        for (const mismatch of mismatches) {
          const at = outcome.location?.file ?? file;
          if (mismatch.actual === undefined) left.push({ test: outcome.name, why: whyNot(mismatch) });
          else {
            const edit = { path: [...expect, mismatch.key], value: mismatch.actual };
            edits.set(at, [...edits.get(at) ?? [], edit]);
          }
        }
      }
    }
  }
  const updated = new Map<string, number>();
  for (const [file, list] of edits) {
    const text = await Deno.readTextFile(file);
    const after = list.reduce(applyEdit, text);
    if (after !== text) await Deno.writeTextFile(file, after);
    updated.set(file, list.length);
  }
  return { updated, left };
}

function whyNot({ key, message }: Mismatch): string {
  return key === "file" ? "what is expected stands in a file of its own" : `${key}: ${message}`;
}

/** Replaces one value in a recipe's text. */
export function applyEdit(text: string, { path, value }: Edit): string {
  const document = parseDocument(text, { keepSourceTokens: true });
  const node = document.getIn(path, true) as Node | undefined;
  const range = node?.range;
  if (node === undefined || range === null || range === undefined) return text;
  const [start, end] = range;
  if (typeof value === "number") return text.slice(0, start) + value + text.slice(end);
  if (isSeq(node) && !node.flow && value.rows.length > 0 && node.items.length > 0) {
    return replaceItems(text, node.items as Node[], value);
  }
  const column = indentOf(text, start) + 2;
  const lines = value.rows.map((row) => rowLines(value, row, column)).flat();
  const block = lines.length === 0 ? "[]" : `\n${lines.join("\n")}`;
  const before = lines.length === 0 ? text.slice(0, start).trimEnd() + " " : text.slice(0, start).trimEnd();
  return before + block + text.slice(isSeq(node) && !node.flow ? endOfLine(text, lastLine(text, end)) : end);
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
function replaceItems(text: string, items: readonly Node[], table: Table): string {
  const starts = items.map((item) => startOfItem(text, item.range![0]));
  const chunks = items.map((item, i): Chunk => {
    const last = endOfLine(text, lastLine(text, item.range![1]));
    const end = i + 1 < items.length ? starts[i + 1]! : last + 1;
    const dash = text.lastIndexOf("\n", item.range![0]) + 1;
    const oneLine = !text.slice(dash, lastLine(text, item.range![1])).includes("\n");
    return {
      text: text.slice(starts[i]!, end),
      row: isMap(item) ? item.toJSON() : undefined,
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

function isSame(written: Record<string, unknown>, row: readonly (string | null)[], table: Table): boolean {
  return table.fields.every(({ name, type }, i) => {
    const value = written[name];
    if (value === null || value === undefined) return row[i] === null;
    const text = typeof value === "object" ? JSON.stringify(value) : String(value);
    const number = ["integer", "decimal", "float"].includes(type.kind);
    return text === row[i] || (number && row[i] !== null && Number(text) === Number(row[i]));
  });
}

/** A row as an item of a block list: on one line where it fits, else a key a line. */
function rowLines(table: Table, row: readonly (string | null)[], column: number): string[] {
  const indent = " ".repeat(column);
  const cells = table.fields.map(({ name, type }, i) =>
    [scalar(name), row[i] === null ? "null" : cell(row[i]!, type)] as const
  );
  const flow = `${indent}- {${cells.map(([name, value]) => `${name}: ${value}`).join(", ")}}`;
  if (flow.length <= LINE) return [flow];
  return cells.map(([name, value], i) => `${indent}${i === 0 ? "- " : "  "}${name}: ${value}`);
}

function cell(text: string, type: LogicalType): string {
  switch (type.kind) {
    case "integer":
    case "decimal":
    case "boolean":
      return text;
    case "float":
      return /^-?\d/.test(text) ? text : scalar(text);
    case "array":
    case "struct":
    case "json":
      // JSON is YAML.
      return text;
    default:
      return scalar(text);
  }
}

/** A text as YAML takes it for that text, within a mapping on one line. */
function scalar(text: string): string {
  // In a list on one line, what would end it is quoted too.
  const line = stringify([text], { collectionStyle: "flow", lineWidth: 0, flowCollectionPadding: false });
  return line.trimEnd().slice(1, -1);
}
