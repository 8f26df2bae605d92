/** Proof that the engine begins a CSV file at the same record as the header that was found. */
import { ConnectorError, DataLoaderError, type ScanContext } from "../sdk/mod.ts";
import type { CsvOptions } from "./csv.ts";
import type { Head } from "./csv_head.ts";
import { type CsvDialect, firstRecords, type HeadRecords } from "./csv_records.ts";
import type { CsvFile, CsvScan } from "./csv_select.ts";

/** How many lines of a text the engine counts when it skips: it counts no comments. */
export function recordsSkipped(text: string, comment: string): number {
  const lines = text === "" ? [] : text.replace(/(\r\n|\n|\r)$/, "").split(/\r\n|\n|\r/);
  return lines.filter((line) => comment === "" || !line.startsWith(comment)).length;
}

/**
 * The first record below the header, where the engine might begin elsewhere: behind lines that are skipped, comments, blank
 * lines or quotes (DuckDB 1.5.5 reads no row at all behind some of them, without a word). Undefined elsewhere.
 */
export function expectedRecord(
  head: Head,
  found: HeadRecords,
  { options, dialect }: { options: CsvOptions; dialect: CsvDialect },
): readonly string[] | undefined {
  const header = options.header !== false;
  const limit = header ? 2 : 1;
  const { records, strays } = firstRecords(head.text, dialect, { limit, atEnd: head.atEnd });
  if (head.skipped === "" && found.linesBefore === 0 && !(header && found.oddlyQuoted)) return undefined;
  // A broken record is the engine's to refuse; one of another width may be left out or filled, as the recipe says.
  if (strays[limit - 1] !== undefined || records[limit - 1]?.length !== found.records[0]?.length) {
    return undefined;
  }
  return records[limit - 1];
}

/**
 * Holds the first row that the engine gives of each doubtful file against the one that was found.
 * @throws {ConnectorError} `CSV_ERROR` naming the file where they differ: rows would be missing, or the header be one.
 */
export async function assertStart(
  scan: CsvScan,
  files: readonly CsvFile[],
  context: ScanContext,
): Promise<void> {
  for (const file of files) {
    if (file.expected === undefined) continue;
    context.signal.throwIfAborted();
    const rows = await firstRow(scan, file, context);
    // A line that can't be read is told when the rows are read.
    if (rows === undefined) continue;
    // The only column of a file may be empty in blank lines, which are no records here.
    if (file.names.length === 1 && rows.length === 1) continue;
    const row = rows[0];
    const same = row !== undefined &&
      file.names.every((name, index) => row[name] === null || row[name] === file.expected![index]);
    if (same) continue;
    throw new ConnectorError(
      "CSV_ERROR",
      `${file.path}: the lines before the first row can't be passed over safely.`,
      {
        hint: "remove the lines above the header from the file, or the quotes in them; " +
          'set `quote: ""` where nothing is quoted',
        context: { file: file.path, expected: file.expected.slice(0, 5) },
      },
    );
  }
}

async function firstRow(
  scan: CsvScan,
  file: CsvFile,
  context: ScanContext,
): Promise<Record<string, unknown>[] | undefined> {
  try {
    return await context.session.query<Record<string, unknown>>(await scan.firstRow(file));
  } catch (error) {
    if (error instanceof DataLoaderError && !context.signal.aborted) return undefined;
    throw error;
  }
}

/** A header that the engine would read no row behind. */
export function strayQuote(path: string, line: number, field: string): ConnectorError {
  const shown = field.length > 50 ? `${field.slice(0, 50)}…` : field;
  return new ConnectorError(
    "CSV_ERROR",
    `${path}, line ${line}: a quote stands within a name of the header: ${shown}`,
    {
      hint: /^\s*[[{]/.test(field)
        ? "the file looks like JSON: use type: jsonl (a record a line) or json"
        : 'set `quote: ""` where the file quotes nothing, or put the whole name in quotes and double those within',
      context: { file: path, line, field: shown },
    },
  );
}
