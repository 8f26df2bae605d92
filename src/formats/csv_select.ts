/** The SELECT over CSV files whose layout is known, and finding the line of a value that does not fit. */
import {
  ConnectorError,
  type DataLoaderError,
  engineType,
  type FormatInput,
  formatType,
  type LeftOut,
  type OpenedScan,
  quoteIdent,
  quoteList,
  quoteLiteral,
  type ScanContext,
} from "../sdk/mod.ts";
import type { CsvOptions } from "./csv.ts";
import { assertLastLineFits } from "./csv_last_line.ts";
import { findLongRecord, LONGEST_LINE, longLine, mayBeTooLong } from "./csv_long_line.ts";
import { type CsvDialect, lineOfRecord } from "./csv_records.ts";
import { becauseOf, type ColumnType, type ColumnTypes, hintOnType } from "./columns.ts";
import { engineName, pathList } from "./engine_paths.ts";
import { castText, misfit, type TextCast, type TextFormats } from "./text_cast.ts";
import { transcode } from "./transcode.ts";

/** A file and the columns it has, in its order. */
export interface CsvFile {
  readonly path: string;
  names: readonly string[];
  readonly renamed: readonly string[];
  /** Records, blank lines among them, that the engine must pass over before the header. */
  readonly skip: number;
  /** The first record below the header, where the start of the file is such that the engine might miss it. */
  readonly expected?: readonly string[];
}

/** What the SELECT is made of. */
export interface CsvLayout {
  readonly input: FormatInput;
  readonly options: CsvOptions;
  readonly context: ScanContext;
  readonly dialect: CsvDialect;
  readonly encoding: string;
  readonly files: readonly CsvFile[];
  /** Columns of all files. */
  readonly names: readonly string[];
  readonly warnings: readonly string[];
}

/**
 * Longest line read where the recipe does not say, in bytes. The engine holds several buffers of twice its size at a time, one
 * a file and more: with 64 MiB, six small files don't fit into the memory that a load has by default.
 */
const MAX_LINE_SIZE = 8 * 1024 * 1024;
/** Lines of this size are let through in the smallest of files. */
const LEAST_LINE_SIZE = 2 * 1024 * 1024;

/** An opened scan of CSV files. */
export class CsvScan implements OpenedScan {
  readonly #layout: CsvLayout;
  readonly #byPath: ReadonlyMap<string, CsvFile>;
  readonly #fileColumn: string;
  /** Path on disk by path in the recipe, where the engine can't read the encoding and a copy was made. */
  readonly #copies = new Map<string, string>();
  readonly #rejects: string;
  types: ColumnTypes = new Map();
  untyped = false;

  constructor(layout: CsvLayout) {
    this.#layout = layout;
    this.#byPath = new Map(layout.files.map((file) => [file.path, file]));
    this.#fileColumn = unusedName("_file", layout.names);
    this.#rejects = layout.context.session.temporaryName("csv_rejects");
  }

  get warnings(): readonly string[] {
    return this.#layout.warnings;
  }

  get formats(): TextFormats {
    const { date_format, timestamp_format, decimal_separator } = this.#layout.options;
    return {
      dateFormat: date_format,
      timestampFormat: timestamp_format,
      decimalSeparator: decimal_separator,
    };
  }

  async sql(paths: readonly string[]): Promise<string> {
    const files = paths.map((path) => this.#byPath.get(path)).filter((file) => file !== undefined);
    // Only empty files: no rows, but the columns of all.
    if (files.length === 0) return `${await this.#select([this.#layout.files[0]!])} LIMIT 0`;
    const selects: string[] = [];
    for (const group of groupByNames(files)) selects.push(await this.#select(group));
    return selects.join(" UNION ALL ");
  }

  /** The text of all columns in the first rows of some files. */
  async sample(fileCount: number, rows: number | undefined): Promise<string> {
    const { files, names } = this.#layout;
    const chosen = rows === undefined ? files : spread(files, fileCount);
    const each = rows === undefined ? "" : ` LIMIT ${Math.ceil(rows / chosen.length)}`;
    const selects: string[] = [];
    for (const file of chosen) {
      const items = names.map((name) =>
        file.names.includes(name) ? quoteIdent(name) : `CAST(NULL AS VARCHAR) AS ${quoteIdent(name)}`
      );
      selects.push(`(SELECT ${items.join(", ")} FROM ${await this.#read([file])}${each})`);
    }
    return selects.join(" UNION ALL ");
  }

  /** The first row of a file, as text. */
  async firstRow(file: CsvFile): Promise<string> {
    return `SELECT ${file.names.map(quoteIdent).join(", ")} FROM ${await this.#read([file])} LIMIT 1`;
  }

  async #select(group: readonly CsvFile[]): Promise<string> {
    const { input, names } = this.#layout;
    const here = new Set(group[0]!.names);
    const items = names.map((name) => {
      const column = quoteIdent(name);
      const { type } = this.types.get(name)!;
      if (!here.has(name)) return `CAST(NULL AS ${engineType(type)}) AS ${column}`;
      return type.kind === "string" ? column : `${castText(column, this.#cast(name))} AS ${column}`;
    });
    for (const [name, type] of input.partitions ?? []) {
      const column = quoteIdent(name);
      items.push(type.kind === "string" ? column : `CAST(${column} AS ${engineType(type)}) AS ${column}`);
    }
    if (input.filenameColumn !== undefined) {
      items.push(`${this.#fileName()} AS ${quoteIdent(input.filenameColumn)}`);
    }
    return `SELECT ${items.join(", ")} FROM ${await this.#read(group)}`;
  }

  #cast(name: string): TextCast {
    const { type, inferred } = this.types.get(name)!;
    return {
      type,
      inferred,
      formats: this.formats,
      columns: this.#layout.names.length,
    };
  }

  /** SQL of the path as the recipe names it. */
  #fileName(): string {
    const column = quoteIdent(this.#fileColumn);
    const renamed = this.#layout.files.map(({ path }) => [engineName(this.#copies.get(path) ?? path), path])
      .filter(([from, to]) => from !== to);
    if (renamed.length === 0) return column;
    const cases = renamed.map(([from, to]) => `WHEN ${quoteLiteral(from!)} THEN ${quoteLiteral(to!)}`);
    return `CASE ${column} ${cases.join(" ")} ELSE ${column} END`;
  }

  /** The scan, every column as text, the file's name beside them. */
  async #read(group: readonly CsvFile[]): Promise<string> {
    const { input, options, dialect, encoding, context } = this.#layout;
    const native = encoding === "utf-8" || encoding === "latin-1";
    const paths: string[] = [];
    for (const { path } of group) {
      if (!native && !this.#copies.has(path)) {
        this.#copies.set(path, await transcode(context, path, { encoding, number: this.#copies.size }));
      }
      paths.push(this.#copies.get(path) ?? path);
    }
    const plain = native && group.every(({ path }) => isPlain(path, input.compression));
    const maxLine = this.#maxLine(group, plain);
    if (plain) {
      for (const { path } of group) await assertLastLineFits(context, path, { buffer: 2 * maxLine, maxLine });
    }
    const columns = group[0]!.names.map((name) => `${quoteIdent(name)}: 'VARCHAR'`).join(", ");
    const compression = native ? input.compression : "none";
    const settings = [
      "auto_detect = false",
      "strict_mode = true",
      `delim = ${quoteLiteral(dialect.delimiter)}`,
      `quote = ${quoteLiteral(dialect.quote)}`,
      `escape = ${quoteLiteral(dialect.escape)}`,
      `header = ${options.header ?? true}`,
      `skip = ${group[0]!.skip}`,
      `nullstr = ${quoteList(options.null_strings ?? [""])}`,
      // So that "" is an empty text and only an empty field is NULL.
      "allow_quoted_nulls = false",
      `max_line_size = ${maxLine}`,
      `buffer_size = ${2 * maxLine}`,
      `columns = {${columns}}`,
      ...(input.filenameColumn === undefined ? [] : [`filename = ${quoteLiteral(this.#fileColumn)}`]),
      `null_padding = ${options.ragged === "null_padding"}`,
      ...(options.ragged === "skip"
        ? [`store_rejects = true, rejects_table = '${this.#rejects}', rejects_scan = '${this.#rejects}_scan'`]
        : []),
      ...(dialect.comment === "" ? [] : [`comment = ${quoteLiteral(dialect.comment)}`]),
      ...(encoding === "latin-1" ? ["encoding = 'latin-1'"] : []),
      ...(compression === undefined ? [] : [`compression = ${quoteLiteral(compression)}`]),
      ...hiveSettings(input),
    ];
    return `read_csv(${pathList(paths)}, ${settings.join(", ")})`;
  }

  /** No line is longer than its file, so small files get small buffers. */
  #maxLine(group: readonly CsvFile[], plain: boolean): number {
    const { options, context } = this.#layout;
    const allowed = Math.min(options.max_line_size ?? MAX_LINE_SIZE, LONGEST_LINE);
    if (!plain) return allowed;
    const largest = Math.max(...group.map(({ path }) => context.size(path)));
    return Math.min(allowed, Math.max(largest + 1, LEAST_LINE_SIZE));
  }

  async skipped(): Promise<LeftOut | undefined> {
    if (this.#layout.options.ragged !== "skip") return undefined;
    const { session } = this.#layout.context;
    const [there] = await session.query(
      `SELECT 1 AS x FROM duckdb_tables() WHERE table_name = ${quoteLiteral(this.#rejects)}`,
    );
    if (there === undefined) return undefined;
    // A file may have been scanned several times (for types, or by a statement that was tried before), up to some line
    // or whole, and a line may be wrong in several ways: the scan that found most lines counts.
    const rejects = `(SELECT * FROM ${quoteIdent(this.#rejects)}
          JOIN (SELECT DISTINCT scan_id, file_id, file_path FROM ${quoteIdent(`${this.#rejects}_scan`)})
          USING (scan_id, file_id))`;
    const [row] = await session.query<{ n: bigint; file: string | null; line: bigint | null }>(
      `SELECT coalesce(sum(n), 0)::BIGINT AS n, arg_min(file_path, (file_path, line)) AS file,
         arg_min(line, (file_path, line)) AS line
       FROM (SELECT file_path, max(n) AS n, min(line) AS line FROM
         (SELECT file_path, scan_id, count(DISTINCT line_byte_position) AS n, min(line) AS line FROM ${rejects} GROUP BY ALL)
        GROUP BY file_path)`,
    );
    await session.run(`DELETE FROM ${quoteIdent(this.#rejects)}`);
    const rows = Number(row!.n);
    if (rows === 0) return undefined;
    return {
      rows,
      reason: `they have too few or too many fields, line ${row!.line} of ${row!.file} the first`,
    };
  }

  /** Finds the first value that does not fit its column, and the line it stands on; or the line that is too long. */
  async diagnose(paths: readonly string[], error: DataLoaderError): Promise<DataLoaderError | undefined> {
    const broken = await this.diagnoseLines(paths, error);
    if (broken !== undefined) return broken;
    if (error.code !== "CONVERSION_FAILED" && error.code !== "ENGINE_ERROR") return undefined;
    const { session } = this.#layout.context;
    for (const path of paths) {
      const file = this.#byPath.get(path);
      if (file === undefined) continue;
      const typed = file.names.filter((name) => this.types.get(name)!.type.kind !== "string");
      if (typed.length === 0) continue;
      const bad = (name: string) => misfit(quoteIdent(name), this.#cast(name));
      const which = typed.map((name) => `WHEN ${bad(name)} THEN ${quoteLiteral(name)}`).join(" ");
      const value = typed.map((name) => `WHEN ${quoteLiteral(name)} THEN ${quoteIdent(name)}`).join(" ");
      const [record, found] = [unusedName("_record", file.names), unusedName("_misfit", file.names)].map(
        quoteIdent,
      );
      const [row] = await session.query<{ record: bigint; name: string; value: string }>(
        `SELECT ${record} AS record, ${found} AS name, CASE ${found} ${value} END AS value
         FROM (SELECT *, CASE ${which} END AS ${found} FROM
           (SELECT row_number() OVER () AS ${record}, * FROM ${await this.#read([file])}))
         WHERE ${found} IS NOT NULL ORDER BY 1 LIMIT 1`,
      );
      if (row !== undefined) return await this.#misfitError(file, row);
    }
    return undefined;
  }

  /** What is wrong with lines whatever the types of the columns: one is too long, or line ends differ. */
  async diagnoseLines(
    paths: readonly string[],
    error: DataLoaderError,
  ): Promise<DataLoaderError | undefined> {
    if (mayBeTooLong(error)) return await this.#findLongLine(paths, error);
    const unclear = error.code === "ENGINE_ERROR" && /state machine reached an invalid/.test(error.message);
    return unclear ? invalidState(paths, error) : undefined;
  }

  async #findLongLine(
    paths: readonly string[],
    error: DataLoaderError,
  ): Promise<DataLoaderError | undefined> {
    const { context, dialect, input } = this.#layout;
    const { file: named, line } = error.context;
    for (const path of paths) {
      const file = this.#byPath.get(path);
      if (file === undefined) continue;
      const read = this.#copies.get(path) ?? path;
      if (typeof named === "string" && ![path, engineName(read)].includes(named)) continue;
      const limit = this.#maxLine([file], isPlain(path, input.compression));
      const found = await findLongRecord(await context.open(read), { dialect, limit });
      if (found !== undefined && (line === undefined || line === found.line)) {
        return longLine(path, found, limit);
      }
    }
    return undefined;
  }

  async #misfitError(
    file: CsvFile,
    row: { record: bigint; name: string; value: string },
  ): Promise<DataLoaderError> {
    const { context, dialect, options } = this.#layout;
    const header = (options.header ?? true) ? 1 : 0;
    const stream = await context.open(this.#copies.get(file.path) ?? file.path);
    const line = await lineOfRecord(stream, Number(row.record) + header, {
      dialect,
      skipLines: options.skip_lines ?? 0,
      blankIsRecord: file.names.length === 1,
    });
    const of = this.types.get(row.name)!;
    const value = row.value.length > 100 ? `${row.value.slice(0, 100)}…` : row.value;
    const where = line === undefined ? `row ${row.record}` : `line ${line}`;
    return new ConnectorError(
      "CSV_ERROR",
      `${file.path}, ${where}: "${value}" in column "${row.name}" is no ${formatType(of.type)}` +
        `${becauseOf(of)}.`,
      {
        hint: hintOf(row, { ...of, separator: options.decimal_separator ?? "." }),
        context: {
          file: file.path,
          row: Number(row.record),
          column: row.name,
          value,
          ...(line === undefined ? {} : { line }),
        },
      },
    );
  }
}

/** The engine does not say which line it is. */
function invalidState(paths: readonly string[], error: DataLoaderError): ConnectorError {
  const file = /^\s*file = (.*)$/m.exec(error.message)?.[1];
  const path = paths.find((path) => engineName(path) === file) ?? file ?? paths[0]!;
  return new ConnectorError("CSV_ERROR", `${path}: the lines can't be told apart by the CSV rules.`, {
    hint:
      "check that all line ends are of one kind (LF, CR LF or CR), and set `quote` and `escape` as the file has them",
    context: { file: path },
    cause: error,
  });
}

/** Settings of the engine's readers for `key=value` folders; their values come as text. */
export function hiveSettings(input: FormatInput): string[] {
  if (!input.hivePartitioning) return ["hive_partitioning = false"];
  const types = [...input.partitions?.keys() ?? []].map((name) => `${quoteIdent(name)}: 'VARCHAR'`);
  return ["hive_partitioning = true", `hive_types = {${types.join(", ")}}`];
}

/** Whether the size of a file is that of its text. */
export function isPlain(path: string, compression: FormatInput["compression"]): boolean {
  return compression === undefined ? !/\.(gz|gzip|zst|zstd)$/i.test(path) : compression === "none";
}

function groupByNames(files: readonly CsvFile[]): CsvFile[][] {
  const groups = new Map<string, CsvFile[]>();
  for (const file of files) {
    const key = JSON.stringify([file.skip, file.names]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [file]);
    else group.push(file);
  }
  return [...groups.values()];
}

/** `count` of `items`, evenly spread, the first and the last among them. */
export function spread<T>(items: readonly T[], count: number): T[] {
  if (items.length <= count) return [...items];
  return Array.from({ length: count }, (_, i) => items[Math.round(i * (items.length - 1) / (count - 1))]!);
}

/** `name`, with `_` before it until no column has it. */
export function unusedName(name: string, columns: readonly string[]): string {
  const taken = new Set(columns.map((column) => column.toLowerCase()));
  let unused = name;
  while (taken.has(unused.toLowerCase())) unused = `_${unused}`;
  return unused;
}

/** What to do about a value that does not fit. */
function hintOf(
  { name, value }: { name: string; value: string },
  { separator, ...of }: ColumnType & { separator: string },
): string {
  const { type } = of;
  const isFraction = type.kind === "float" || type.kind === "decimal";
  if (isFraction && separator === "." && /^\s*[+-]?[\d.]*,\d+\s*$/.test(value)) {
    return 'where a comma stands before the decimals, set `decimal_separator: ","`';
  }
  if (isFraction && separator === "," && value.includes(".")) {
    return `points between thousands are not taken out: read the column as text (columns: {${name}: string}) and do so in a step`;
  }
  if (type.kind === "date" && /\d/.test(value)) {
    return 'say how dates are written: `date_format: "%d/%m/%Y"`, for example';
  }
  if (type.kind === "datetime" && /\d/.test(value)) {
    return 'say how times are written: `timestamp_format: "%d/%m/%Y %H:%M:%S"`, for example';
  }
  return hintOnType(name, of);
}
