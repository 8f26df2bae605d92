/** Rows of a destination held against the rows that a test expects. */
import {
  type Field,
  nearest,
  quoteIdent,
  quoteLiteral,
  RecipeError,
  type Schema,
  type Session,
} from "../../sdk/mod.ts";
import { castText, textOf } from "./stand_in.ts";

/** Cells as text, as the embedded engine writes them; null is NULL. */
export type Cells = readonly (string | null)[];

/** Rows as text. */
export interface Table {
  readonly fields: readonly Field[];
  readonly rows: readonly Cells[];
}

/** A line of a diff. `changed` rows have the same place in both, and `columns` are the indexes of those that differ. */
export type DiffLine =
  | { readonly kind: "same" | "missing" | "unexpected"; readonly cells: Cells }
  | {
    readonly kind: "changed";
    readonly expected: Cells;
    readonly actual: Cells;
    readonly columns: readonly number[];
  };

export interface RowsDiff {
  readonly columns: readonly string[];
  readonly lines: readonly DiffLine[];
}

/** Reads a relation as text. */
export async function readTable(session: Session, sql: string, schema: Schema): Promise<Table> {
  const cells = schema.fields.map((field) => shown(quoteIdent(field.name), field));
  if (cells.length === 0) return { fields: [], rows: [] };
  const rows = await session.query<{ cells: (string | null)[] }>(
    `SELECT [${cells.join(", ")}] AS cells FROM (${sql})`,
  );
  return { fields: schema.fields, rows: rows.map((row) => row.cells) };
}

/** SQL that writes a value as text. */
function shown(value: string, { type }: Field): string {
  const nested = type.kind === "array" || type.kind === "struct";
  return `CAST(${nested ? `to_json(${value})` : value} AS VARCHAR)`;
}

/**
 * Expected rows in the types of the actual ones. A value that does not fit its column's type stays as it is written, and
 * so differs from any.
 * @throws {RecipeError} `UNKNOWN_COLUMN` for a column that the destination does not have.
 */
export async function expectedTable(
  session: Session,
  rows: readonly Readonly<Record<string, unknown>>[],
  fields: readonly Field[],
): Promise<Table> {
  const names = fields.map((field) => field.name);
  for (const key of new Set(rows.flatMap((row) => Object.keys(row)))) {
    if (names.includes(key)) continue;
    const near = nearest(key, names);
    throw new RecipeError(
      "UNKNOWN_COLUMN",
      `The expected rows have a column "${key}", the destination has not.`,
      {
        hint: near === undefined ? `it has: ${names.join(", ")}` : `did you mean "${near}"?`,
        context: { column: key },
      },
    );
  }
  if (rows.length === 0) return { fields, rows: [] };
  const raw = rows.map((row) => names.map((name) => textOf(row[name])));
  const columns = fields.map((_, i) => `c${i}`);
  const cells = fields.map((field, i) =>
    `coalesce(${shown(castText(columns[i]!, field.type, "TRY_CAST"), field)}, ${columns[i]})`
  );
  const values = raw.map((row) => `(${row.map(literal).join(", ")})`).join(", ");
  const found = await session.query<{ cells: (string | null)[] }>(
    `SELECT [${cells.join(", ")}] AS cells FROM (VALUES ${values}) AS t(${columns.join(", ")})`,
  );
  return { fields, rows: found.map((row) => row.cells) };
}

function literal(text: string | null): string {
  return text === null ? "CAST(NULL AS VARCHAR)" : quoteLiteral(text);
}

/** Some columns of a table. @throws {RecipeError} `UNKNOWN_COLUMN`. */
export function pick(table: Table, columns: readonly string[]): Table {
  const names = table.fields.map((field) => field.name);
  const indexes = columns.map((column) => {
    const index = names.indexOf(column);
    if (index >= 0) return index;
    const near = nearest(column, names);
    throw new RecipeError("UNKNOWN_COLUMN", `The destination has no column "${column}" to compare.`, {
      hint: near === undefined ? `it has: ${names.join(", ")}` : `did you mean "${near}"?`,
      context: { column },
    });
  });
  return {
    fields: indexes.map((i) => table.fields[i]!),
    rows: table.rows.map((row) => indexes.map((i) => row[i]!)),
  };
}

/** How two tables of the same columns differ; undefined where they are the same. */
export function diffRows(
  expected: Table,
  actual: Table,
  options: { ordered: boolean },
): RowsDiff | undefined {
  const columns = actual.fields.map((field) => field.name);
  const key = (row: Cells) => JSON.stringify(row.map((cell, i) => comparable(cell, actual.fields[i]!)));
  const [want, got] = [expected.rows.map(key), actual.rows.map(key)];
  const same = want.length === got.length &&
    (options.ordered ? want.every((each, i) => each === got[i]) : sameMembers(want, got));
  if (same) return undefined;
  const lines = options.ordered
    ? inOrder(expected.rows, actual.rows, { want, got })
    : inAnyOrder(expected.rows, actual.rows, { want, got });
  return { columns, lines };
}

function sameMembers(a: readonly string[], b: readonly string[]): boolean {
  const [first, second] = [a.toSorted(), b.toSorted()];
  return first.every((each, i) => each === second[i]);
}

/** JSON texts that say the same are the same, however they are written. */
function comparable(cell: string | null, field: Field): unknown {
  if (cell === null || field.type.kind !== "json") return cell;
  try {
    return sorted(JSON.parse(cell));
  } catch {
    // What is no JSON is compared as the text it is.
    return cell;
  }
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1).map(([key, item]) => [key, sorted(item)]),
  );
}

interface Keys {
  readonly want: readonly string[];
  readonly got: readonly string[];
}

function inOrder(expected: readonly Cells[], actual: readonly Cells[], keys: Keys): DiffLine[] {
  const count = Math.max(expected.length, actual.length);
  return Array.from({ length: count }, (_, i) => {
    if (i >= actual.length) return { kind: "missing", cells: expected[i]! };
    if (i >= expected.length) return { kind: "unexpected", cells: actual[i]! };
    return keys.want[i] === keys.got[i]
      ? { kind: "same", cells: actual[i]! }
      : changed(expected[i]!, actual[i]!);
  });
}

function inAnyOrder(expected: readonly Cells[], actual: readonly Cells[], { want, got }: Keys): DiffLine[] {
  const left = new Map<string, number[]>();
  got.forEach((key, i) => left.set(key, [...left.get(key) ?? [], i]));
  const partner = want.map((key) => left.get(key)?.shift());
  const unpaired = new Set([...left.values()].flat());
  const lines = expected.map((row, i): DiffLine => {
    if (partner[i] !== undefined) return { kind: "same", cells: actual[partner[i]!]! };
    const near = mostAlike(row, unpaired, actual);
    if (near === undefined) return { kind: "missing", cells: row };
    unpaired.delete(near);
    return changed(row, actual[near]!);
  });
  for (const i of [...unpaired].sort((a, b) => a - b)) lines.push({ kind: "unexpected", cells: actual[i]! });
  return lines;
}

/** The row that shares the most cells with another, if that is half of them; the first column counts most: it is often the key. */
function mostAlike(row: Cells, among: ReadonlySet<number>, actual: readonly Cells[]): number | undefined {
  let best: number | undefined;
  let most = 0;
  for (const i of among) {
    const equal = row.filter((cell, column) => cell === actual[i]![column]).length;
    const score = equal + (row[0] === actual[i]![0] ? row.length / 2 : 0);
    if (equal > 0 && score >= row.length / 2 && score > most) [best, most] = [i, score];
  }
  return best;
}

function changed(expected: Cells, actual: Cells): DiffLine {
  const columns = expected.flatMap((cell, i) => cell === actual[i] ? [] : [i]);
  return { kind: "changed", expected, actual, columns };
}
