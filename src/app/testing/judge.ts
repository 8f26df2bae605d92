/** Holds what came of a run against what a test expects of it. */
import type { RunSummary } from "../../observe/mod.ts";
import type { TestExpect } from "../../recipe/mod.ts";
import {
  type DataLoaderError,
  formatType,
  getConnector,
  type OpenContext,
  parseType,
  RecipeError,
  sameType,
  type Schema,
  type Session,
} from "../../sdk/mod.ts";
import { type DiffLine, diffRows, expectedTable, pick, readTable, type Table } from "./compare.ts";
import { textOf } from "./stand_in.ts";
import type { Mismatch, RunOutcome } from "./types.ts";

/** What a run came to. */
export interface Result {
  readonly session: Session;
  /** The destination's name in SQL; undefined where nothing was loaded. */
  readonly table: string | undefined;
  readonly summary: RunSummary;
  /** What stopped the run. */
  readonly error?: DataLoaderError;
  /** Rows that validation has left out: the row and what it breaks, as JSON. */
  readonly rejected: readonly { readonly row: string; readonly broken: string }[];
}

const NOTHING: Table = { fields: [], rows: [] };

/** @throws {RecipeError} where the expectation names columns that there are not. */
export async function judge(expect: TestExpect, result: Result): Promise<Omit<RunOutcome, "run">> {
  const mismatches: Mismatch[] = [];
  const unexpected = checkError(expect, result.error, mismatches);
  if (unexpected !== undefined) return { mismatches, error: unexpected };
  const { session, table } = result;
  const schema = table === undefined
    ? { fields: [] }
    : (await session.relation(`SELECT * FROM ${table}`)).schema;
  const actual = table === undefined ? NOTHING : await readTable(session, `SELECT * FROM ${table}`, schema);
  const count = (key: "row_count" | "written", got: number) => {
    const want = expect[key];
    if (want === undefined || want === got) return;
    const what = key === "row_count" ? "the destination holds" : "the run wrote";
    mismatches.push({ key, message: `expected ${rowsOf(want)}, ${what} ${rowsOf(got)}`, actual: got });
  };
  count("row_count", actual.rows.length);
  count("written", result.summary.rows_written);
  if (expect.schema !== undefined) mismatches.push(...checkSchema(expect.schema, schema));
  if (expect.rows !== undefined || expect.file !== undefined) {
    mismatches.push(...await checkRows(expect, actual, session));
  }
  mismatches.push(...checkRejected(expect, result));
  return { mismatches };
}

function rowsOf(count: number): string {
  return `${count} row${count === 1 ? "" : "s"}`;
}

/** Returns the error that nobody expected. */
function checkError(
  expect: TestExpect,
  error: DataLoaderError | undefined,
  mismatches: Mismatch[],
): DataLoaderError | undefined {
  if (expect.error === undefined) return error;
  const wanted = typeof expect.error === "string" ? { code: expect.error } : expect.error;
  if (error === undefined) {
    const what = wanted.code ?? `an error that says "${wanted.message}"`;
    mismatches.push({ key: "error", message: `expected ${what}, and the run succeeded` });
    return undefined;
  }
  if (wanted.code !== undefined && wanted.code !== error.code) {
    mismatches.push({
      key: "error",
      message: `expected the error ${wanted.code}, got ${error.code}: ${error.message}`,
    });
  } else if (wanted.message !== undefined && !error.message.includes(wanted.message)) {
    mismatches.push({
      key: "error",
      message: `expected an error that says "${wanted.message}", got ${error.code}: ${error.message}`,
    });
  }
  return undefined;
}

function checkSchema(wanted: Readonly<Record<string, string>>, schema: Schema): Mismatch[] {
  const fields = new Map(schema.fields.map((field) => [field.name, field]));
  return Object.entries(wanted).flatMap(([name, text]): Mismatch[] => {
    const [field, type] = [fields.get(name), parseType(text)!];
    if (field === undefined) {
      const names = [...fields.keys()].join(", ") || "no columns";
      return [{ key: "schema", message: `column "${name}" is not there; there are: ${names}` }];
    }
    if (sameType(field.type, type)) return [];
    const got = formatType(field.type);
    return [{ key: "schema", message: `column "${name}": expected ${formatType(type)}, got ${got}` }];
  });
}

async function checkRows(expect: TestExpect, actual: Table, session: Session): Promise<Mismatch[]> {
  const given = expect.rows ?? await rowsOfFile(expect.file!, session);
  const columns = expect.columns === undefined ? undefined : [expect.columns].flat();
  // Where nothing was loaded there are no columns to hold the rows against.
  const fields = actual.fields.length > 0 ? actual.fields : columnsOf(given);
  const shown = columns === undefined ? { fields, rows: actual.rows } : pick({ ...actual, fields }, columns);
  const wanted = await expectedTable(session, given, shown.fields);
  const diff = diffRows(wanted, shown, { ordered: expect.ordered ?? false });
  if (diff === undefined) return [];
  const counts = wanted.rows.length === shown.rows.length
    ? `${rowsOf(wanted.rows.length)} expected and found, but not the same`
    : `${rowsOf(wanted.rows.length)} expected, ${shown.rows.length} found`;
  return [{
    key: expect.rows === undefined ? "file" : "rows",
    message: counts,
    diff,
    actual: expect.rows === undefined ? undefined : shown,
  }];
}

function columnsOf(rows: readonly Readonly<Record<string, unknown>>[]): Table["fields"] {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  return names.map((name) => ({ name, type: { kind: "string" }, nullable: true }));
}

/** The rows of a file that holds what is expected, values as text. */
async function rowsOfFile(path: string, session: Session): Promise<Record<string, unknown>[]> {
  const definition = getConnector("filestore");
  const config = definition.config.parse({ path });
  const problem = definition.checkRead?.(config, {})[0];
  if (problem !== undefined) throw new RecipeError("INVALID_CONFIG", problem.message, { hint: problem.hint });
  const { openSource } = await definition.openSource!();
  const context: OpenContext = {
    session,
    log: { log: () => {} },
    signal: new AbortController().signal,
    recipe: "expected",
    resource: "expected",
  };
  const source = await openSource(config, context);
  const rows: Record<string, unknown>[] = [];
  const request = {
    runId: "expected",
    writeMode: "append" as const,
    batchSize: 100_000,
    parallelism: 1,
    startedAt: new Date().toISOString(),
  };
  try {
    const nothing = { cursor_values: {}, watermarks: {}, checkpoints: [], metadata: {} };
    for await (const { batch } of source.readBatches(request, nothing)) {
      const { fields, rows: cells } = await readTable(session, batch.sql, batch.schema);
      for (const row of cells) rows.push(Object.fromEntries(fields.map(({ name }, i) => [name, row[i]])));
    }
  } finally {
    await source.close();
  }
  return rows;
}

function checkRejected(expect: TestExpect, { summary, rejected }: Result): Mismatch[] {
  const mismatches: Mismatch[] = [];
  const { rejected_count: count } = expect;
  if (count !== undefined && count !== summary.rows_rejected) {
    mismatches.push({
      key: "rejected_count",
      message: `expected ${rowsOf(count)} to be rejected, got ${summary.rows_rejected}`,
      actual: summary.rows_rejected,
    });
  }
  if (expect.rejected === undefined) return mismatches;
  const left = rejected.map((each) => ({
    row: JSON.parse(each.row) as Record<string, unknown>,
    rules: (JSON.parse(each.broken) as { rule: string }[]).map(({ rule }) => rule),
  }));
  const cells = (row: unknown, rules: readonly string[]) => [JSON.stringify(row), rules.join(", ")];
  const lines: DiffLine[] = [];
  for (const wanted of expect.rejected) {
    const rules = [wanted.rules ?? []].flat();
    const at = left.findIndex(({ row, rules: broken }) =>
      Object.entries(wanted.row).every(([name, value]) => sameText(value, row[name])) &&
      rules.every((rule) => broken.some((each) => each === rule || each.startsWith(`${rule}.`)))
    );
    if (at < 0) lines.push({ kind: "missing", cells: cells(wanted.row, rules) });
    else {
      const [found] = left.splice(at, 1);
      lines.push({ kind: "same", cells: cells(found!.row, found!.rules) });
    }
  }
  for (const { row, rules } of left) lines.push({ kind: "unexpected", cells: cells(row, rules) });
  if (lines.every(({ kind }) => kind === "same")) return mismatches;
  mismatches.push({
    key: "rejected",
    message: `${rowsOf(expect.rejected.length)} expected, ${rejected.length} rejected`,
    diff: { columns: ["row", "rules"], lines },
  });
  return mismatches;
}

/** Whether a value of a rejected row is what a test says: numbers by value, all else by text. */
function sameText(wanted: unknown, found: unknown): boolean {
  const [a, b] = [textOf(wanted), textOf(found)];
  if (a === b) return true;
  return a !== null && b !== null && a.trim() !== "" && b.trim() !== "" && Number(a) === Number(b);
}
