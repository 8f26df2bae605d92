/** Finding the layout and the types of CSV files, and the SELECT that reads them. */
import {
  ConnectorError,
  DataLoaderError,
  type FormatInput,
  nearest,
  type OpenedScan,
  quoteIdent,
  quoteLiteral,
  type ScanContext,
} from "../sdk/mod.ts";
import type { CsvOptions } from "./csv.ts";
import { type Head, readHead } from "./csv_head.ts";
import { type CsvDialect, firstRecords, headerNames, sniffDelimiter } from "./csv_records.ts";
import { assertStart, expectedRecord, recordsSkipped, strayQuote } from "./csv_start.ts";
import { type CsvFile, CsvScan } from "./csv_select.ts";
import { hintedText } from "./hints.ts";
import { decideType, readShapes, sampleRows, type Shape } from "./infer.ts";
import { SHARED_CASTS } from "./text_cast.ts";
import { wholeColumnTypes } from "./whole_columns.ts";
import { type ColumnType, type ColumnTypes, mergeColumns, unknownColumn } from "./columns.ts";

/** Files whose rows are looked at for types: the first, the last and some between. */
const SAMPLE_FILES = 8;
/** Heads read at one time. */
const OPEN_FILES = 16;

/**
 * Opens CSV files for reading: their delimiter, names and types are known then.
 * @throws {ConnectorError} `EMPTY_FILE`, `HEADER_UNCLEAR`, `MISSING_COLUMN`, `UNKNOWN_COLUMN`, `ENCODING_ERROR`,
 * `CORRUPT_FILE`, `CSV_ERROR`.
 */
export async function openCsvScan(
  input: FormatInput,
  options: CsvOptions,
  context: ScanContext,
): Promise<OpenedScan> {
  const encoding = encodingOf(options);
  const warnings: string[] = [];
  const first = await firstHead(input, options, { context, encoding });
  const dialect = decideDialect(first, options);
  const heads = await readHeaders(input.files, { context, options, encoding, dialect });
  const files = heads.filter((file) => file.names.length > 0);
  if (files.length === 0) throw emptyFile(input.files, options.skip_lines ?? 0);
  for (const file of heads) {
    if (file.names.length === 0) warnings.push(`${file.path} is empty and was left out.`);
    if (file.renamed.length > 0) {
      warnings.push(`${file.path}: columns were read as ${file.renamed.join(", ")}.`);
    }
  }
  if (options.header === false) nameColumns(files, input.columns);
  const merged = mergeColumns(files, { missing: input.missingColumns ?? "error" });
  warnings.push(...merged.warnings);
  assertKnown(input, merged.names);
  const scan = new CsvScan({
    input,
    options,
    context,
    dialect,
    encoding,
    files,
    names: merged.names,
    warnings,
  });
  await assertStart(scan, files, context);
  try {
    scan.types = await findTypes(scan, { input, options, context, names: merged.names });
  } catch (error) {
    const read = files.map((file) => file.path);
    throw error instanceof DataLoaderError ? await scan.diagnoseLines(read, error) ?? error : error;
  }
  // Lines that the sample left out are not yet those of a load.
  await scan.skipped();
  if (options.header === undefined) await assertHeader(files[0]!, scan.types, { context, options });
  return scan;
}

/** The name a web browser knows an encoding by; `latin-1` is ISO-8859-1 proper, which browsers take for windows-1252. */
function encodingOf(options: CsvOptions): string {
  const asked = options.encoding ?? "utf-8";
  const label = /^(latin-?1|iso-?8859-?1)$/i.test(asked) ? "latin-1" : asked;
  if (label === "latin-1") return label;
  try {
    return new TextDecoder(label).encoding;
  } catch {
    // Any error means that the label is unknown.
    throw new ConnectorError("UNKNOWN_ENCODING", `The encoding "${asked}" is not known.`, {
      hint: "use utf-8, utf-16, latin-1, windows-1252, or another name of the WHATWG encoding standard",
      context: { encoding: asked },
    });
  }
}

function decoderLabel(encoding: string): string {
  return encoding === "latin-1" ? "windows-1252" : encoding;
}

async function firstHead(
  input: FormatInput,
  options: CsvOptions,
  at: { context: ScanContext; encoding: string },
): Promise<{ head: Head; path: string }> {
  const enough = (head: Head) =>
    firstRecords(head.text, { ...base(options), delimiter: "," }, { limit: 1, atEnd: head.atEnd }).records
      .length > 0;
  for (const path of input.files) {
    const head = await readHead(at.context, path, {
      encoding: decoderLabel(at.encoding),
      skipLines: options.skip_lines ?? 0,
      enough,
    });
    if (head.text.trim() === "") continue;
    refuseSeparatorLine(head, path);
    return { head, path };
  }
  throw emptyFile(input.files, options.skip_lines ?? 0);
}

/** What spreadsheet programs write above a header for each other, `sep=;`, is no header. */
function refuseSeparatorLine({ text }: Head, path: string): void {
  const found = /^"?sep=(.|\\t)"?\r?(\n|$)/i.exec(text);
  if (found === null) return;
  throw new ConnectorError(
    "HEADER_UNCLEAR",
    `${path}, line 1: "${found[0].trim()}" names the delimiter and is no header.`,
    {
      hint: `set \`skip_lines: 1\` and \`delimiter: "${found[1]}"\``,
      context: { file: path, line: 1 },
    },
  );
}

function base(options: CsvOptions): CsvDialect {
  const quote = options.quote ?? '"';
  return { delimiter: ",", quote, escape: options.escape ?? quote, comment: options.comment ?? "" };
}

function decideDialect(first: { head: Head; path: string }, options: CsvOptions): CsvDialect {
  const dialect = base(options);
  if (options.delimiter !== undefined) return { ...dialect, delimiter: options.delimiter };
  if (/\.(tsv|tab)(\.(gz|gzip|zst|zstd))?$/i.test(first.path)) return { ...dialect, delimiter: "\t" };
  return { ...dialect, delimiter: sniffDelimiter(first.head.text, dialect, { atEnd: first.head.atEnd }) };
}

async function readHeaders(
  paths: readonly string[],
  at: { context: ScanContext; options: CsvOptions; encoding: string; dialect: CsvDialect },
): Promise<CsvFile[]> {
  const { context, options, dialect } = at;
  const readOne = async (path: string): Promise<CsvFile> => {
    context.signal.throwIfAborted();
    const head = await readHead(context, path, {
      encoding: decoderLabel(at.encoding),
      skipLines: options.skip_lines ?? 0,
      enough: (head) => firstRecords(head.text, dialect, { limit: 1, atEnd: head.atEnd }).records.length > 0,
    });
    const found = firstRecords(head.text, dialect, { limit: 1, atEnd: head.atEnd });
    const line = (options.skip_lines ?? 0) + found.linesBefore + 1;
    if (found.records.length === 0 && !found.complete) throw unterminated(path, line);
    const stray = found.strays[0];
    if (stray !== undefined && options.header !== false) throw strayQuote(path, line, stray);
    const skip = recordsSkipped(head.skipped, dialect.comment) + found.blankLines;
    const file = { path, skip, expected: expectedRecord(head, found, { options, dialect }) };
    if (options.header !== false) return { ...file, ...headerNames(found.header) };
    const cells = found.records[0] ?? [];
    return { ...file, names: cells.map((_, index) => `column_${index + 1}`), renamed: [] };
  };
  const files: CsvFile[] = [];
  for (let at = 0; at < paths.length; at += OPEN_FILES) {
    files.push(...await Promise.all(paths.slice(at, at + OPEN_FILES).map(readOne)));
  }
  return files;
}

/** Without a header the names of `columns` count, in their order. */
function nameColumns(files: CsvFile[], columns: FormatInput["columns"]): void {
  const names = [...columns?.keys() ?? []];
  if (names.length === 0) return;
  for (const file of files) {
    if (file.names.length !== names.length) {
      throw new ConnectorError(
        "CSV_ERROR",
        `${file.path}, line 1: ${file.names.length} fields where \`columns\` names ${names.length}.`,
        {
          hint: "with header: false, `columns` must name every column, in order",
          context: { file: file.path, line: 1 },
        },
      );
    }
    file.names = names;
  }
}

function assertKnown(input: FormatInput, names: readonly string[]): void {
  for (const name of input.columns?.keys() ?? []) {
    if (names.includes(name) || input.partitions?.has(name)) continue;
    throw unknownColumn(name, nearest(name, names), names);
  }
}

async function findTypes(
  scan: CsvScan,
  at: { input: FormatInput; options: CsvOptions; context: ScanContext; names: readonly string[] },
): Promise<ColumnTypes> {
  const { input, options, names } = at;
  const types = new Map<string, ColumnType>();
  const open = names.filter((name) => input.columns?.get(name) === undefined);
  for (const name of names) {
    const given = input.columns?.get(name);
    types.set(
      name,
      given === undefined ? { type: { kind: "string" }, inferred: true } : { type: given, inferred: false },
    );
  }
  if (options.all_text || open.length === 0) return types;
  const shapes = await readShapes(
    at.context.session,
    await scan.sample(SAMPLE_FILES, sampleRows(options.sample_size, names.length)),
    {
      columns: open,
      formats: scan.formats,
    },
  );
  const { hints } = input;
  scan.untyped = hints !== undefined && open.length === names.length && hints.destination.size === 0 &&
    shapes.every((shape) => shape === undefined);
  if (input.wholeColumns === true) {
    const found = await wholeColumnTypes(at.context.session, {
      select: await scan.sample(SAMPLE_FILES, undefined),
      columns: open,
      shapes,
      formats: scan.formats,
    });
    open.forEach((name, index) => types.set(name, { type: found[index]!, inferred: true }));
    return types;
  }
  open.forEach((name, index) => {
    const hinted = hintedText(name, shapes[index], {
      hints,
      formats: scan.formats,
      exact: names.length <= SHARED_CASTS,
    });
    types.set(name, {
      type: hinted ?? decideType(shapes[index]),
      inferred: true,
      hinted: hinted !== undefined,
    });
  });
  return types;
}

/** A first line whose cells all fit the types of the lines below it is no header: its row would be lost. */
async function assertHeader(
  file: CsvFile,
  types: ColumnTypes,
  at: { context: ScanContext; options: CsvOptions },
): Promise<void> {
  const typed = file.names.filter((name) => types.get(name)?.type.kind !== "string");
  if (file.renamed.length > 0 && typed.length === 0 && file.names.length === 1) return;
  const cells = typed.length > 0 ? typed : file.names;
  // As they stand in the file: a value that comes twice was given a number.
  const plain = (name: string) => file.renamed.length > 0 ? name.replace(/_\d+$/, "") : name;
  const row = cells.map((cell, index) => `${quoteLiteral(plain(cell))} AS ${quoteIdent(`c${index}`)}`).join(
    ", ",
  );
  const shapes = await readShapes(at.context.session, `SELECT ${row}`, {
    columns: cells.map((_, index) => `c${index}`),
    formats: { decimalSeparator: at.options.decimal_separator },
  });
  // "NaN" is the value of a float before it is the name of a column.
  const isData = (shape: Shape) =>
    decideType(shape).kind !== "string" || [...shape.kinds].every((kind) => kind === "nan");
  if (!shapes.every((shape) => shape !== undefined && isData(shape))) return;
  throw new ConnectorError(
    "HEADER_UNCLEAR",
    `${file.path}, line ${(at.options.skip_lines ?? 0) + 1}: the first line looks like data, not like names.`,
    {
      hint: "set `header: false` where the file has no header, `header: true` where these are its names",
      context: { file: file.path, line: (at.options.skip_lines ?? 0) + 1, names: file.names.slice(0, 10) },
    },
  );
}

function unterminated(path: string, line: number): ConnectorError {
  return new ConnectorError("CSV_ERROR", `${path}, line ${line}: a quote in the header is never closed.`, {
    hint: "close the quote in the file, or set `quote` to the character the file uses",
    context: { file: path, line },
  });
}

function emptyFile(files: readonly string[], skipLines: number): ConnectorError {
  const more = files.length > 1 ? ` and ${files.length - 1} more` : "";
  const what = skipLines > 0
    ? `nothing is left behind the ${skipLines} lines of skip_lines, not even a header`
    : "nothing is in it, not even a header";
  return new ConnectorError("EMPTY_FILE", `${files[0]}${more}: ${what}.`, {
    hint: skipLines > 0
      ? "lower `skip_lines`"
      : "check how the file was written; a file with only a header is fine and has no rows",
    context: { file: files[0]!, files: files.length },
  });
}
