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
import { becauseOf, type ColumnType, type ColumnTypes, hintOnType } from "./columns.ts";
import { hiveSettings, spread, unusedName } from "./csv_select.ts";
import { engineName, pathList } from "./engine_paths.ts";
import type { JsonOptions } from "./json.ts";
import type { JsonLayout } from "./json_scan.ts";
import { modelRecords } from "./json_model.ts";
import { castJson, type JsonCast, readAs, unknownKey } from "./json_types.ts";
import { badJsonLine, lineOfValue } from "./lines.ts";
import type { TextFormats } from "./text_cast.ts";

/**
 * Where the engine does not refuse keys that no sample had by itself: files up to this size in all are checked row by row, of
 * larger ones some rows are.
 */
const CHECK_ALL_BYTES = 256 * 1024 * 1024;
/** Of more columns, to ask for all takes the engine longer than to look at the keys. */
const MODEL_COLUMNS = 1000;
/** Per cent of the rows of larger files that are checked. */
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
  #model: Promise<string | undefined> | undefined;
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
    const model = await this.#modelFor(files);
    if (model === undefined) {
      try {
        await this.#refuseUnknownKeys(files);
      } catch (error) {
        throw error instanceof DataLoaderError ? await this.diagnose(files, error) ?? error : error;
      }
    }
    const items = [...this.types].map(([name, of]) => {
      const column = quoteIdent(name);
      const value = castJson(column, of.type, this.#cast(of));
      return value === column ? column : `${value} AS ${column}`;
    });
    for (const [name, type] of this.#input.partitions ?? []) {
      const column = quoteIdent(name);
      items.push(type.kind === "string" ? column : `CAST(${column} AS ${engineType(type)}) AS ${column}`);
    }
    if (this.#input.filenameColumn !== undefined) {
      const column = model === undefined ? this.#fileColumn : "filename";
      items.push(`${this.#fileName(column)} AS ${quoteIdent(this.#input.filenameColumn)}`);
    }
    const scan = model === undefined ? this.#read(files) : this.#readLike(model, files);
    return `SELECT ${items.join(", ")} FROM ${scan}`;
  }

  #cast({ inferred, beyond, exact }: ColumnType): JsonCast {
    return { inferred, beyond, exact, formats: this.formats, columns: this.types.size };
  }

  get #fileColumn(): string {
    return unusedName("_file", [...this.types.keys()]);
  }

  #fileName(name: string): string {
    const column = quoteIdent(name);
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
    const fields = [...this.types].map(([name, { type, exact }]) => ({
      name: quoteIdent(name),
      type: readAs(type, { exact }),
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

  /**
   * The file of records by which the engine finds the columns as they are known, for files in which it can refuse other keys
   * then; undefined where it can't, or need not.
   */
  async #modelFor(files: readonly string[]): Promise<string | undefined> {
    const { compression, hivePartitioning } = this.#input;
    if (this.#layout !== "lines" || this.#options.records_path !== undefined) return undefined;
    if (this.#options.sample_size === -1 || files.length === 0) return undefined;
    if (this.types.size === 0 || this.types.size > MODEL_COLUMNS) return undefined;
    if (compression !== undefined && compression !== "none") return undefined;
    if (hivePartitioning || (this.#input.partitions?.size ?? 0) > 0) return undefined;
    // The column by which the model's own records are left out.
    if ([...this.types.keys()].some((name) => name.toLowerCase() === "filename")) return undefined;
    this.#model ??= this.#writeModel();
    return await this.#model;
  }

  async #writeModel(): Promise<string | undefined> {
    const path = `${await this.#context.temporaryDirectory()}/model-${crypto.randomUUID().slice(0, 8)}.jsonl`;
    await Deno.writeTextFile(path, modelRecords(this.types));
    const found = await this.#context.session.query<{ column_name: string; column_type: string }>(
      `DESCRIBE SELECT * FROM ${this.#readLike(path, [])}`,
    );
    const wanted = await this.#context.session.query<{ column_name: string; column_type: string }>(
      `DESCRIBE SELECT ${
        [...this.types].map(([name, { type, exact }]) =>
          `CAST(NULL AS ${readAs(type, { exact })}) AS ${quoteIdent(name)}`
        )
          .join(
            ", ",
          )
      }`,
    );
    const same = wanted.every(({ column_name, column_type }, index) =>
      found[index]?.column_name === column_name && found[index].column_type === column_type
    );
    return same ? path : undefined;
  }

  /** SQL to stand after FROM, like `#read`: the engine finds the columns in `model` and fails at any other key. */
  #readLike(model: string, files: readonly string[]): string {
    const settings = [
      ...this.#settings(),
      "sample_size = 4",
      "maximum_sample_files = 2",
      "maximum_depth = -1",
      "map_inference_threshold = -1",
      "field_appearance_threshold = 0",
      "records = true",
      "filename = true",
      "hive_partitioning = false",
    ];
    // Twice: from one file that it has looked at the engine takes how many threads there is work for, and the model is small. One
    // thread would read a file of 760 MB that two read in half the time.
    const paths = pathList([model, model, ...files.map((path) => this.#copies.get(path) ?? path)]);
    const columns = [...this.types.keys()].map(quoteIdent).join(", ");
    // The engine looks for other keys only where it is asked for every column, which the second test does.
    return `(SELECT * FROM read_json(${paths}, ${settings.join(", ")}) ` +
      `WHERE filename <> ${quoteLiteral(engineName(model))} AND row(${columns}) IS NOT NULL)`;
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
    const bytes = files.reduce((sum, path) => sum + this.#context.size(path), 0);
    const found = await this.#findUnknownKey(files, { all: bytes <= CHECK_ALL_BYTES });
    if (found !== undefined) throw unknownKeyError(found.file, found);
  }

  async #findUnknownKey(
    files: readonly string[],
    { all }: { all: boolean },
  ): Promise<{ file: string; key: string } | undefined> {
    const types = [...this.types].map(([name, { type }]) => ({ name, type }));
    const nested = this.#options.records_path !== undefined || types.some(({ type }) => hasFields(type));
    const rows = all ? "" : ` USING SAMPLE ${CHECK_PERCENT} PERCENT (system, 1)`;
    const path = this.#options.records_path;
    const value = path === undefined ? "json" : `json_extract(json, ${quoteLiteral(this.#pathOf(path))})`;
    // Comparing lists of keys is several times as fast as comparing structures, and enough where nothing is nested.
    const shape = nested
      ? `CAST(json_structure(${value}) AS VARCHAR)`
      : "CAST(to_json(json_keys(json)) AS VARCHAR)";
    const shapes = await this.#context.session.query<{ shape: string | null; file: string }>(
      `SELECT shape, min(filename) AS file FROM (SELECT ${shape} AS shape, filename FROM
       read_json_objects(${this.#paths(files)}, ${
        this.#settings().join(", ")
      }, filename = true)${rows}) GROUP BY shape`,
    );
    const record: LogicalType = { kind: "struct", fields: types };
    for (const { shape, file } of shapes) {
      if (shape === null) continue;
      const parsed: unknown = JSON.parse(shape);
      const structure = nested ? parsed : Object.fromEntries((parsed as string[]).map((key) => [key, null]));
      const key = unknownKey(firstOf(structure), record);
      if (key !== undefined) {
        return { file: this.#input.files.find((path) => this.#engineName(path) === file) ?? file, key };
      }
    }
    return undefined;
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
    if (error.code === "JSON_ERROR") {
      return await this.#refusedKey(error) ?? await this.#brokenLine(error);
    }
    if (error.code !== "CONVERSION_FAILED" && error.code !== "ENGINE_ERROR") return undefined;
    for (const file of files) {
      const found = await this.#findMisfit(file);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  async #findMisfit(file: string): Promise<DataLoaderError | undefined> {
    const bad = [...this.types].flatMap(([name, of]) => {
      const column = quoteIdent(name);
      const value = castJson(column, of.type, this.#cast(of));
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
    const of = this.types.get(row.name)!;
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
        `${formatType(of.type)}${becauseOf(of)}.`,
      {
        hint: hintOnType(row.name, of),
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

  /** The engine names the key alone: where in the record it stands is looked up. */
  async #refusedKey(error: DataLoaderError): Promise<DataLoaderError | undefined> {
    const { file, line, reason } = error.context;
    const key = typeof reason === "string" ? / has unknown key "([\s\S]*)"/.exec(reason)?.[1] : undefined;
    const path = this.#input.files.find((known) => known === file || this.#engineName(known) === file);
    if (key === undefined || path === undefined) return undefined;
    const found = await this.#findUnknownKey([path], { all: true });
    return unknownKeyError(path, {
      key: found?.key ?? key,
      line: typeof line === "number" ? line : undefined,
    });
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

function unknownKeyError(file: string, { key, line }: { key: string; line?: number }): ConnectorError {
  return new ConnectorError(
    "JSON_ERROR",
    `${file}${
      line === undefined ? "" : `, line ${line}`
    }: the key "${key}" comes up after the sample, and would be left out.`,
    {
      hint: "set `sample_size: -1` to look at every record first, or name the key under `columns:`",
      context: { file, key, ...(line === undefined ? {} : { line }) },
    },
  );
}
