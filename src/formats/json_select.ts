/** The SELECT over JSON files whose columns are known, the check for keys that no sample had, and finding lines. */
import {
  ConnectorError,
  DataLoaderError,
  engineType,
  type FormatInput,
  formatType,
  type LogicalType,
  type OpenedScan,
  quoteIdent,
  quoteLiteral,
  type ScanContext,
} from "../sdk/mod.ts";
import type { ColumnTypes } from "./columns.ts";
import { hiveSettings, isPlain, spread, unusedName } from "./csv_select.ts";
import { engineName, pathList } from "./engine_paths.ts";
import type { JsonOptions } from "./json.ts";
import type { JsonLayout } from "./json_scan.ts";
import { castJson, readAs, unknownKey } from "./json_types.ts";
import { copySomeLines } from "./line_sample.ts";
import { badJsonLine, lineOfValue } from "./lines.ts";
import type { TextFormats } from "./text_cast.ts";

/** Files up to this size in all are checked row by row for keys that no sample had; of larger ones, some rows are. */
const CHECK_ALL_BYTES = 64 * 1024 * 1024;
/** Bytes of larger files of lines that are checked: what that costs stays below a tenth of the load. */
const CHECK_BYTES = 32 * 1024 * 1024;
/** Per cent of the rows of other large files that are checked. */
const CHECK_PERCENT = 10;

/** An opened scan of JSON files. */
export class JsonScan implements OpenedScan {
  readonly #input: FormatInput;
  readonly #options: JsonOptions;
  readonly #context: ScanContext;
  readonly #layout: JsonLayout;
  readonly #objectSize: number;
  /** Copies by path, of files that the engine can't read as they are. */
  readonly #copies: ReadonlyMap<string, string>;
  /** For each key of `records_path`: whether a list is there. */
  readonly #lists: readonly boolean[];
  readonly warnings: readonly string[] = [];
  types: ColumnTypes = new Map();

  constructor(of: {
    input: FormatInput;
    options: JsonOptions;
    context: ScanContext;
    layout: JsonLayout;
    objectSize: number;
    copies: ReadonlyMap<string, string>;
    lists?: readonly boolean[];
  }) {
    this.#input = of.input;
    this.#options = of.options;
    this.#context = of.context;
    this.#layout = of.layout;
    this.#objectSize = of.objectSize;
    this.#copies = of.copies;
    const keys = of.options.records_path?.split(".") ?? [];
    this.#lists = of.lists ?? keys.map((_, level) => level === keys.length - 1);
  }

  get formats(): TextFormats {
    return { dateFormat: this.#options.date_format, timestampFormat: this.#options.timestamp_format };
  }

  /** Reads with the types the engine finds in the first rows of some files. */
  sniff(files: readonly string[], rows: number): string {
    const settings = [
      ...this.#settings(),
      `sample_size = ${rows}`,
      `maximum_sample_files = ${files.length}`,
      "maximum_depth = -1",
      // No maps: an object always is a struct.
      "map_inference_threshold = -1",
      "field_appearance_threshold = 0",
      "union_by_name = true",
      "hive_partitioning = false",
    ];
    return `SELECT * FROM read_json(${this.#paths(files)}, ${settings.join(", ")})`;
  }

  /** The text of some columns in the first rows of some files. */
  sample(files: readonly string[], of: { columns: readonly string[]; rows: number | undefined }): string {
    const chosen = of.rows === undefined ? [...this.#input.files] : spread(files, 8);
    const each = of.rows === undefined ? "" : ` LIMIT ${Math.ceil(of.rows / chosen.length)}`;
    const items = of.columns.map(quoteIdent).join(", ");
    return chosen.map((file) => `(SELECT ${items} FROM ${this.#read([file])}${each})`).join(" UNION ALL ");
  }

  async sql(files: readonly string[]): Promise<string> {
    try {
      await this.#refuseUnknownKeys(files);
    } catch (error) {
      throw error instanceof DataLoaderError ? await this.diagnose(files, error) ?? error : error;
    }
    const items = [...this.types].map(([name, { type, inferred }]) => {
      const column = quoteIdent(name);
      const value = castJson(column, type, { inferred, formats: this.formats });
      return value === column ? column : `${value} AS ${column}`;
    });
    for (const [name, type] of this.#input.partitions ?? []) {
      const column = quoteIdent(name);
      items.push(type.kind === "string" ? column : `CAST(${column} AS ${engineType(type)}) AS ${column}`);
    }
    if (this.#input.filenameColumn !== undefined) {
      items.push(`${this.#fileName()} AS ${quoteIdent(this.#input.filenameColumn)}`);
    }
    return `SELECT ${items.join(", ")} FROM ${this.#read(files)}`;
  }

  get #fileColumn(): string {
    return unusedName("_file", [...this.types.keys()]);
  }

  #fileName(): string {
    const column = quoteIdent(this.#fileColumn);
    const renamed = this.#input.files.filter((path) => this.#engineName(path) !== path)
      .map((path) => `WHEN ${quoteLiteral(this.#engineName(path))} THEN ${quoteLiteral(path)}`);
    return renamed.length === 0 ? column : `CASE ${column} ${renamed.join(" ")} ELSE ${column} END`;
  }

  #engineName(path: string): string {
    return engineName(this.#copies.get(path) ?? path);
  }

  #paths(files: readonly string[]): string {
    return pathList(files.map((path) => this.#copies.get(path) ?? path));
  }

  #settings(): string[] {
    const { compression } = this.#input;
    return [
      `format = '${this.#layout === "lines" ? "newline_delimited" : "auto"}'`,
      `maximum_object_size = ${this.#objectSize}`,
      ...(compression === undefined ? [] : [`compression = ${quoteLiteral(compression)}`]),
    ];
  }

  /** SQL to stand after FROM: the columns as they are read, partitions and the file's name beside them. */
  #read(files: readonly string[]): string {
    const path = this.#options.records_path?.split(".") ?? [];
    const fields = [...this.types].map(([name, { type }]) => ({
      name: quoteIdent(name),
      type: readAs(type),
    }));
    const columns = path.length === 0
      ? fields.map(({ name, type }) => `${name}: ${quoteLiteral(type)}`)
      : [`${quoteIdent(path[0]!)}: ${quoteLiteral(this.#typeAround(fields))}`];
    const settings = [
      ...this.#settings(),
      "auto_detect = false",
      "records = true",
      `columns = {${columns.join(", ")}}`,
      ...(this.#input.filenameColumn === undefined ? [] : [`filename = ${quoteLiteral(this.#fileColumn)}`]),
      ...hiveSettings(this.#input),
    ];
    const scan = `read_json(${this.#paths(files)}, ${settings.join(", ")})`;
    if (path.length === 0) return scan;
    const beside = [
      ...(this.#input.filenameColumn === undefined ? [] : [this.#fileColumn]),
      ...this.#input.partitions?.keys() ?? [],
    ].map((name) => `, ${quoteIdent(name)}`).join("");
    let select = `SELECT ${quoteIdent(path[0]!)} AS _record${beside} FROM ${scan}`;
    path.forEach((_, level) => {
      if (level > 0) {
        select = `SELECT _record.${quoteIdent(path[level]!)} AS _record${beside} FROM (${select})`;
      }
      if (this.#lists[level]) select = `SELECT unnest(_record) AS _record${beside} FROM (${select})`;
    });
    const items = fields.map(({ name }) => `_record.${name} AS ${name}`).join(", ");
    return `(SELECT ${items}${beside} FROM (${select}) WHERE _record IS NOT NULL)`;
  }

  /** The type of the column that `records_path` begins with, with nothing in it but the way to the records. */
  #typeAround(fields: readonly { name: string; type: string }[]): string {
    const path = this.#options.records_path!.split(".");
    let type = `STRUCT(${fields.map((field) => `${field.name} ${field.type}`).join(", ")})`;
    for (let level = path.length - 1; level >= 0; level--) {
      if (this.#lists[level]) type += "[]";
      if (level > 0) type = `STRUCT(${quoteIdent(path[level]!)} ${type})`;
    }
    return type;
  }

  /** A key that comes up after the sample would be left out without a word: stop instead. */
  async #refuseUnknownKeys(files: readonly string[]): Promise<void> {
    if (this.#options.sample_size === -1 || files.length === 0) return;
    const types = [...this.types].map(([name, { type }]) => ({ name, type }));
    const nested = this.#options.records_path !== undefined || types.some(({ type }) => hasFields(type));
    const bytes = files.reduce((sum, path) => sum + this.#context.size(path), 0);
    const large = bytes > CHECK_ALL_BYTES;
    const some = large ? await this.#someLines(files) : undefined;
    if (some?.size === 0) return;
    const rows = large && some === undefined ? ` USING SAMPLE ${CHECK_PERCENT} PERCENT (system, 1)` : "";
    const paths = some === undefined ? this.#paths(files) : pathList([...some.keys()]);
    const path = this.#options.records_path;
    const value = path === undefined ? "json" : `json_extract(json, ${quoteLiteral(this.#pathOf(path))})`;
    // Comparing lists of keys is several times as fast as comparing structures, and enough where nothing is nested.
    const shape = nested
      ? `CAST(json_structure(${value}) AS VARCHAR)`
      : "CAST(to_json(json_keys(json)) AS VARCHAR)";
    const shapes = await this.#context.session.query<{ shape: string | null; file: string }>(
      `SELECT shape, min(filename) AS file FROM (SELECT ${shape} AS shape, filename FROM
       read_json_objects(${paths}, ${this.#settings().join(", ")}, filename = true)${rows}) GROUP BY shape`,
    );
    const record: LogicalType = { kind: "struct", fields: types };
    for (const { shape, file } of shapes) {
      if (shape === null) continue;
      const parsed: unknown = JSON.parse(shape);
      const structure = nested ? parsed : Object.fromEntries((parsed as string[]).map((key) => [key, null]));
      const key = unknownKey(firstOf(structure), record);
      if (key !== undefined) {
        const origin = some?.get(file) ?? this.#input.files.find((path) => this.#engineName(path) === file);
        throw unknownKeyError(origin ?? file, key);
      }
    }
  }

  /** Lines from all over the files, by the path of the copy; `undefined` where they can't be had without reading it all. */
  async #someLines(files: readonly string[]): Promise<Map<string, string> | undefined> {
    const plain = this.#layout === "lines" &&
      files.every((path) => !this.#copies.has(path) && isPlain(path, this.#input.compression));
    return plain ? await copySomeLines(this.#context, files, { bytes: CHECK_BYTES }) : undefined;
  }

  /** A JSON path to the records; where lists are on the way, their items. */
  #pathOf(path: string): string {
    const keys = path.split(".");
    return "$" + keys.map((key, level) => {
      const items = this.#lists[level] && level < keys.length - 1 ? "[*]" : "";
      return `.${JSON.stringify(key)}${items}`;
    }).join("");
  }

  /** Names the line of a value that does not fit, or of a broken one. */
  async diagnose(files: readonly string[], error: DataLoaderError): Promise<DataLoaderError | undefined> {
    if (error.code === "JSON_ERROR") return await this.#brokenLine(error);
    if (error.code !== "CONVERSION_FAILED" && error.code !== "ENGINE_ERROR") return undefined;
    for (const file of files) {
      const found = await this.#findMisfit(file);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  async #findMisfit(file: string): Promise<DataLoaderError | undefined> {
    const bad = [...this.types].flatMap(([name, { type, inferred }]) => {
      const column = quoteIdent(name);
      const value = castJson(column, type, { inferred, formats: this.formats });
      // An empty text is NULL for types other than text.
      return value === column ? [] : [{
        name,
        test: `CASE WHEN ${column} IS NULL THEN false WHEN CAST(${column} AS VARCHAR) = '' THEN false ` +
          `ELSE TRY(${value}) IS NULL END`,
      }];
    });
    if (bad.length === 0) return undefined;
    const names = [...this.types.keys()];
    const [record, found] = [unusedName("_record_number", names), unusedName("_misfit", names)].map(
      quoteIdent,
    );
    const which = bad.map(({ name, test }) => `WHEN ${test} THEN ${quoteLiteral(name)}`).join(" ");
    const value = bad.map(({ name }) =>
      `WHEN ${quoteLiteral(name)} THEN CAST(${quoteIdent(name)} AS VARCHAR)`
    );
    const [row] = await this.#context.session.query<{ record: bigint; name: string; value: string }>(
      `SELECT ${record} AS record, ${found} AS name, CASE ${found} ${value.join(" ")} END AS value
       FROM (SELECT *, CASE ${which} END AS ${found} FROM
         (SELECT row_number() OVER () AS ${record}, * FROM ${this.#read([file])}))
       WHERE ${found} IS NOT NULL ORDER BY 1 LIMIT 1`,
    );
    if (row === undefined) return undefined;
    const { type, inferred } = this.types.get(row.name)!;
    const number = Number(row.record);
    const line = this.#layout === "lines"
      ? await lineOfValue(await this.#context.open(file), number)
      : undefined;
    const shown = row.value.length > 100 ? `${row.value.slice(0, 100)}…` : row.value;
    return new ConnectorError(
      "JSON_ERROR",
      `${file}, ${
        line === undefined ? `record ${number}` : `line ${line}`
      }: ${shown} in "${row.name}" is no ` +
        `${formatType(type)}${inferred ? ", which the column looked like in the sample" : ""}.`,
      {
        hint: inferred
          ? `give the column its type under \`columns:\`, or set \`sample_size: -1\` to look at every record first`
          : "mend the value, or give the column another type under `columns:`",
        context: {
          file,
          column: row.name,
          value: shown,
          record: number,
          ...(line === undefined ? {} : { line }),
        },
      },
    );
  }

  /** The engine counts values, not lines, and not always from one: the line is looked up around its number. */
  async #brokenLine(error: DataLoaderError): Promise<DataLoaderError | undefined> {
    const { file, line, byte, reason } = error.context;
    if (this.#layout !== "lines" || typeof file !== "string" || typeof line !== "number") return undefined;
    const path = this.#input.files.find((known) => known === file || this.#engineName(known) === file);
    if (path === undefined) return undefined;
    const found = await badJsonLine(await this.#context.open(path), { from: line - 1, to: line + 1 });
    if (found === undefined) return undefined;
    return new ConnectorError("JSON_ERROR", `${path}, line ${found}: ${reason ?? "the line is no JSON"}.`, {
      hint: error.hint,
      context: { ...error.context, file: path, line: found, ...(byte === undefined ? {} : { byte }) },
    });
  }
}

/** What a list, or list of lists, of records holds. */
function firstOf(structure: unknown): unknown {
  return Array.isArray(structure) ? firstOf(structure[0]) : structure;
}

function hasFields(type: LogicalType): boolean {
  return type.kind === "struct" || (type.kind === "array" && hasFields(type.items));
}

function unknownKeyError(file: string, key: string): ConnectorError {
  return new ConnectorError(
    "JSON_ERROR",
    `${file}: the key "${key}" comes up after the sample, and would be left out.`,
    {
      hint: "set `sample_size: -1` to look at every record first, or name the key under `columns:`",
      context: { file, key },
    },
  );
}
