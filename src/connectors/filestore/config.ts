/** The keys of a `type: filestore` block, put together from the formats that are registered, and their checks. */
import { z } from "zod";
import {
  asPath,
  type Compression,
  type ConfigProblem,
  findFormat,
  type FormatDefinition,
  formatNames,
  getFormat,
  type LogicalType,
  nearest,
  parseType,
  type PlannedRead,
  type PlannedWrite,
  TYPE_NAMES,
  type WriteMode,
} from "../../sdk/mod.ts";
import { compressionOf, extensionOf, schemeOf } from "../../storage/paths.ts";
import { checkIncremental } from "../_sql/check.ts";

/** A parsed block. Options of formats stand beside these keys. */
export interface FilestoreConfig {
  readonly path: string;
  readonly format?: string;
  readonly compression?: Compression;
  readonly columns?: Readonly<Record<string, string>>;
  readonly filename_column?: string;
  readonly missing_columns?: "error" | "null";
  readonly hive_partitioning?: "auto" | boolean;
  readonly partition_by?: readonly string[];
  readonly max_rows_per_file?: number;
  readonly max_bytes_per_file?: number;
  /** Options of a format that a plug-in registers. */
  readonly options?: Readonly<Record<string, unknown>>;
  readonly [option: string]: unknown;
}

const COMPRESSIONS = ["none", "gzip", "zstd", "snappy", "lz4", "brotli"] as const;

const columnType = z.string().refine((text) => parseType(text) !== undefined, {
  error: (issue) => {
    const text = String(issue.input);
    const near = nearest(text, TYPE_NAMES);
    return `"${text}" is no type${
      near === undefined ? ": use string, int, decimal(10,2), date, …" : `; did you mean ${near}?`
    }`;
  },
});

const KEYS = {
  path: asPath(z.string().min(1)).describe(
    "File, glob (*, **, ?, [a-z], {a,b}) or folder. As a source, a path that ends with / is all files of the format " +
      "below that folder. As a destination, it is a folder of part files (default write_mode: append); any other path " +
      "is one file (default write_mode: overwrite).",
  ),
  format: z.string().min(1).optional().describe(
    "csv, json, jsonl, parquet, or a registered format. Default: by the ending of the path.",
  ),
  compression: z.enum(COMPRESSIONS).optional().describe(
    "gzip, zstd or none for text formats (default: by the ending .gz or .zst); snappy (default), zstd, gzip, lz4, " +
      "brotli or none for parquet.",
  ),
  columns: z.record(z.string(), columnType).optional().describe(
    "Types to read columns as, by name: {id: int, zip: string, price: 'decimal(10,2)'}. The rest is found by looking.",
  ),
  filename_column: z.string().min(1).optional().describe(
    "Name of a text column to add when reading, with the file that each row comes from.",
  ),
  missing_columns: z.preprocess(
    // Without quotes YAML takes the word for its own null.
    (value) => value === null ? "null" : value,
    z.enum(["error", "null"]).optional(),
  ).optional().describe(
    "A column that a later file lacks: stop (default), or read NULL. A column that is new in a later file is added.",
  ),
  hive_partitioning: z.union([z.literal("auto"), z.boolean()]).optional().describe(
    "Read key=value folders of the path as columns. Default auto: where all files have the same keys.",
  ),
  options: z.record(z.string(), z.unknown()).optional().describe(
    "Options of a format that a plug-in registers, as a mapping. They may stand beside the other keys as well.",
  ),
  partition_by: z.array(z.string().min(1)).min(1).optional().describe(
    "Columns to write as key=value folders. Needs a path that ends with /.",
  ),
  max_rows_per_file: z.int().min(1).optional().describe(
    "Rows after which a new file is begun. Needs a path that ends with /.",
  ),
  max_bytes_per_file: z.int().min(1).optional().describe(
    "Bytes after which a new file is begun; files get a little larger. Needs a path that ends with /.",
  ),
};

/** Formats that ship: their options stand beside the keys of the block. */
const BUILTIN = ["csv", "json", "jsonl", "parquet"];

const READ_ONLY = ["columns", "filename_column", "missing_columns", "hive_partitioning"] as const;
const WRITE_ONLY = ["partition_by", "max_rows_per_file", "max_bytes_per_file"] as const;

type AnyObject = z.ZodObject<Record<string, z.ZodType>>;

const built = new Map<string, z.ZodType<FilestoreConfig>>();

/** The schema of the block: of all registered formats, or of the one that `fixed` names. */
export function configSchema(fixed?: string): z.ZodType<FilestoreConfig> {
  const names = fixed === undefined ? formatNames() : [fixed];
  const key = `${fixed ?? ""}:${names.join()}`;
  const known = built.get(key);
  if (known !== undefined) return known;
  const options: Record<string, z.ZodType> = {};
  for (const name of names) {
    for (const [option, schema] of Object.entries(optionsOf(findFormat(name)))) {
      const before = options[option];
      // Formats that share an option by one schema object mean the same by it.
      options[option] = before === undefined || before === schema ? schema : z.union([before, schema]);
    }
  }
  const { format, options: nested, ...rest } = KEYS;
  const shape = fixed === undefined
    ? { ...options, ...rest, format, options: nested }
    : { ...options, ...rest };
  const schema = z.strictObject(shape) as unknown as z.ZodType<FilestoreConfig>;
  built.set(key, schema);
  return schema;
}

function optionsOf(format: FormatDefinition | undefined): Record<string, z.ZodType> {
  return (format?.options as AnyObject | undefined)?.shape ?? {};
}

/** The name of the format a block means; undefined where it can't be told. */
export function formatOf(config: FilestoreConfig): string | undefined {
  if (config.format !== undefined) return config.format;
  const ending = extensionOf(config.path);
  return formatNames().find((name) => ending !== "" && getFormat(name).extensions.includes(ending));
}

/** True for a block whose format nobody has registered yet: its options are not known. */
export function hasOpenKeys(block: Readonly<Record<string, unknown>>): boolean {
  const { path, format } = block;
  if (typeof format === "string") return findFormat(format) === undefined;
  return typeof path === "string" && formatOf({ path }) === undefined;
}

/** The options of a format that a block gives, parsed. */
export function formatOptions(config: FilestoreConfig, format: FormatDefinition): unknown {
  return format.options.parse(givenOptions(config, format));
}

/** What the block gives of a format's options: beside the other keys, and under `options`. */
function givenOptions(config: FilestoreConfig, format: FormatDefinition): Record<string, unknown> {
  const flat = Object.keys(optionsOf(format)).filter((key) => config[key] !== undefined && !(key in KEYS));
  return { ...Object.fromEntries(flat.map((key) => [key, config[key]])), ...config.options };
}

/** Problems of `options`, which only the format itself can check. */
function checkNested(config: FilestoreConfig, format: FormatDefinition): ConfigProblem[] {
  if (config.options === undefined) return [];
  if (BUILTIN.includes(format.name)) {
    return [{
      key: ["options"],
      message: `The options of ${format.name} stand beside path, not under \`options\`.`,
      hint: "move them one level up",
    }];
  }
  const twice = Object.keys(config.options).find((key) => config[key] !== undefined && !(key in KEYS));
  if (twice !== undefined) {
    return [{ key: ["options", twice], message: `${twice} is given twice.`, hint: "keep one of them" }];
  }
  const parsed = format.options.safeParse(givenOptions(config, format));
  if (parsed.success) return [];
  return parsed.error.issues.map((issue) => ({
    key: ["options", ...issue.path.map((part) => typeof part === "symbol" ? String(part) : part)],
    message: `${issue.message}.`.replace(/\.\.$/, "."),
    hint: `options of ${format.name}: ${Object.keys(optionsOf(format)).join(", ") || "none"}`,
  }));
}

/** `columns:` as types. */
export function columnTypes(config: FilestoreConfig): Map<string, LogicalType> {
  return new Map(Object.entries(config.columns ?? {}).map(([name, text]) => [name, parseType(text)!]));
}

/** True for a destination of part files. */
export function isFolder(path: string): boolean {
  return /[/\\]$/.test(path);
}

/** The codec that a destination writes with, where the recipe or the file's ending names one. */
export function writeCompression(config: FilestoreConfig): Compression | undefined {
  return config.compression ?? (isFolder(config.path) ? undefined : compressionOf(config.path));
}

/** The write mode where a recipe names none: a folder grows, a file is replaced. */
export function defaultWriteMode(config: FilestoreConfig): WriteMode {
  return isFolder(config.path) ? "append" : "overwrite";
}

/** Problems of a source block. Pure. */
export function checkRead(config: FilestoreConfig, request: PlannedRead): ConfigProblem[] {
  const problems = checkCommon(config, request);
  for (const key of WRITE_ONLY) {
    if (config[key] !== undefined) {
      problems.push(meaningless(key, "reading", "remove it, or move it to the destination"));
    }
  }
  const format = knownFormat(config);
  if (
    format !== undefined && format.scan === undefined && format.openScan === undefined && !format.readArrow
  ) {
    problems.push({
      key: ["format"],
      message: `The format "${format.name}" can't be read, only written.`,
      hint: "use another format",
      dependsOn: formatKeys(config),
    });
  }
  const incremental = request.incremental;
  if (incremental === undefined) return problems;
  problems.push(...checkIncremental(incremental, request.writeMode));
  if (incremental.strategy === "modified_time") {
    if (incremental.cursorColumn === undefined) return problems;
    problems.push({
      key: ["incremental", "cursor_column"],
      message: "The strategy modified_time goes by the time of the files and has no column.",
      hint: "remove cursor_column",
    });
  } else if (format !== undefined && format.scan === undefined && format.openScan === undefined) {
    problems.push({
      key: ["incremental", "strategy"],
      message: `Files of format "${format.name}" can only be read by modified_time.`,
      hint: "use strategy: modified_time",
      dependsOn: formatKeys(config),
    });
  }
  return problems;
}

/** Problems of a destination block. Pure. */
export function checkWrite(config: FilestoreConfig, request: PlannedWrite): ConfigProblem[] {
  const problems = checkCommon(config, request);
  for (const key of READ_ONLY) {
    if (config[key] !== undefined) {
      problems.push(meaningless(key, "writing", "remove it, or move it to the source"));
    }
  }
  const folder = isFolder(config.path);
  if (request.mode === "append" && !folder) {
    problems.push({
      key: ["write_mode"],
      message: `Rows can't be appended to one file ("${config.path}").`,
      hint: "append needs a directory: end the path with /; or use write_mode: overwrite",
      dependsOn: ["path"],
    });
  }
  if (!folder && /[*?{]/.test(config.path)) {
    problems.push({
      key: ["path"],
      message: `A destination is one file or a folder, not a glob: "${config.path}".`,
      hint: "write a plain path, ending with / for a folder of part files",
    });
  }
  for (const key of WRITE_ONLY) {
    if (config[key] !== undefined && !folder) {
      problems.push({
        key: [key],
        message: `${key} makes several files.`,
        hint: "end the path with /",
        dependsOn: ["path"],
      });
    }
  }
  if (
    config.max_bytes_per_file !== undefined && (config.partition_by ?? config.max_rows_per_file) !== undefined
  ) {
    problems.push({
      key: ["max_bytes_per_file"],
      message: "max_bytes_per_file can't be combined with partition_by or max_rows_per_file.",
      hint: "use max_rows_per_file with partition_by, or one limit alone",
      dependsOn: ["partition_by", "max_rows_per_file"],
    });
  }
  const format = knownFormat(config);
  if (format !== undefined && format.copyOptions === undefined && format.writeArrow === undefined) {
    problems.push({
      key: ["format"],
      message: `The format "${format.name}" can't be written, only read.`,
      hint: "use another format",
      dependsOn: formatKeys(config),
    });
  }
  if (format !== undefined && !canSplit(format)) {
    for (const key of WRITE_ONLY) {
      if (config[key] !== undefined) {
        problems.push({
          key: [key],
          message: `${key} does not work with the format "${format.name}".`,
          hint: "remove it, or use csv or parquet",
          dependsOn: formatKeys(config),
        });
      }
    }
  }
  return problems;
}

/** The engine splits what it writes itself, but for JSON. */
function canSplit(format: FormatDefinition): boolean {
  return format.copyOptions !== undefined && !["json", "jsonl"].includes(format.name);
}

/** The key that the format comes from. */
function formatKeys(config: FilestoreConfig): string[] {
  return [config.format === undefined ? "path" : "format"];
}

function knownFormat(config: FilestoreConfig): FormatDefinition | undefined {
  const name = formatOf(config);
  return name === undefined ? undefined : findFormat(name);
}

function checkCommon(config: FilestoreConfig, request: { pluginsPending?: boolean }): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const scheme = schemeOf(config.path);
  if (scheme !== undefined && scheme !== "file") {
    problems.push({
      key: ["path"],
      message: `Paths that begin with ${scheme}:// can't be read or written yet.`,
      hint: "use a local path",
    });
  }
  const name = formatOf(config);
  // A plug-in that has not been imported may know it.
  if (request.pluginsPending && (name === undefined || findFormat(name) === undefined)) return problems;
  if (name === undefined) {
    problems.push({
      key: ["format"],
      message: `The format of "${config.path}" can't be told from its ending.`,
      hint: `set format: ${formatNames().join(" | ")}`,
      dependsOn: ["path"],
    });
    return problems;
  }
  const format = findFormat(name);
  if (format === undefined) {
    const near = nearest(name, formatNames());
    problems.push({
      key: ["format"],
      message: `The format "${name}" is not known.`,
      hint: near === undefined ? `known are: ${formatNames().join(", ")}` : `did you mean "${near}"?`,
      dependsOn: formatKeys(config),
    });
    return problems;
  }
  const dependsOn = formatKeys(config);
  for (const problem of [...checkOptions(config, format), ...checkNested(config, format)]) {
    problems.push({ ...problem, dependsOn });
  }
  const { compression } = config;
  if (compression !== undefined && !format.compressions.includes(compression)) {
    problems.push({
      key: ["compression"],
      message: `The format "${name}" has no compression "${compression}".`,
      hint: `it has: ${format.compressions.join(", ")}`,
      dependsOn,
    });
  }
  return problems;
}

/** Options that are given and belong to another format. */
function checkOptions(config: FilestoreConfig, format: FormatDefinition): ConfigProblem[] {
  const own = optionsOf(format);
  return Object.keys(config).filter((key) => config[key] !== undefined && !(key in KEYS) && !(key in own))
    .map((key) => {
      const others = formatNames().filter((name) => key in optionsOf(findFormat(name)));
      return {
        key: [key],
        message: `${key} is an option of ${others.join(" and ")}, not of ${format.name}.`,
        hint: config.format === undefined ? `remove it, or set format: ${others[0]}` : "remove it",
      };
    });
}

function meaningless(key: string, doing: string, hint: string): ConfigProblem {
  return { key: [key], message: `${key} has no meaning when ${doing}.`, hint };
}

/** One line for people. */
export function describeConfig(config: FilestoreConfig): string {
  return `${config.path} (${formatOf(config) ?? "unknown format"})`;
}

/** The block that reads `file` as this one reads its own files; of rows given as JSON lines only types are the same. */
export function standIn(config: FilestoreConfig, file: { path: string; rows: boolean }): FilestoreConfig {
  if (file.rows) return { path: file.path, format: "jsonl", columns: config.columns };
  const format = formatOf(config);
  const { compression: _written, ...rest } = config;
  return { ...rest, path: file.path, format };
}
