/** Finding the columns and types of JSON files. */
import {
  ConnectorError,
  DataLoaderError,
  type Field,
  type FormatInput,
  type LogicalType,
  nearest,
  type OpenedScan,
  quoteIdent,
  sameType,
  type ScanContext,
  type StructField,
} from "../sdk/mod.ts";
import type { ColumnType, ColumnTypes } from "./columns.ts";
import { unknownColumn } from "./columns.ts";
import { spread } from "./csv_select.ts";
import { hintedJson } from "./hints.ts";
import { decideType, DEFAULT_SAMPLE_ROWS, readShapes, sampleRows, type Shape } from "./infer.ts";
import type { JsonOptions } from "./json.ts";
import { JsonScan } from "./json_select.ts";
import { transcode } from "./transcode.ts";
import { castJson, nestedType } from "./json_types.ts";

/** Files that are looked at for columns. JSON may lack keys, so more than for CSV. */
const SAMPLE_FILES = 100;
/**
 * Largest record read where the recipe does not say, in bytes: the engine's own default. It reads files in pieces of twice that
 * size, one a thread: with 64 MiB a file of some hundreds of megabytes keeps few threads busy, and takes half as long again.
 */
const MAX_OBJECT_SIZE = 16 * 1024 * 1024;
const LARGEST_OBJECT_SIZE = 2 ** 32 - 1;

/** How records follow each other in a file. */
export type JsonLayout = "document" | "lines";

/**
 * Opens JSON files for reading: columns and types are known then.
 * @throws {ConnectorError} `EMPTY_FILE` where no file has a record, `RECORDS_PATH`, `UNKNOWN_COLUMN`, `ENCODING_ERROR`.
 */
export async function openJsonScan(
  input: FormatInput,
  asked: JsonOptions,
  at: { context: ScanContext; layout: JsonLayout },
): Promise<OpenedScan> {
  const options = input.wholeColumns === true ? { ...asked, sample_size: -1 } : asked;
  const { context, layout } = at;
  const copies = await withoutMarks(input, context);
  const samples = await filesWithText(input.files, { context, all: options.sample_size === -1 });
  if (samples.length === 0 && (input.columns?.size ?? 0) === 0) throw empty(input.files);
  const objectSize = options.maximum_object_size ??
    await objectSizeFor(samples, { context, layout, options });
  let scan = new JsonScan({ input, options, context, layout, objectSize, copies });
  if (samples.length === 0) {
    scan.types = given(input);
    return scan;
  }
  const rows = options.sample_size ?? DEFAULT_SAMPLE_ROWS;
  const sniffed = await context.session.relation(scan.sniff(samples, rows)).catch(async (error) => {
    throw error instanceof DataLoaderError ? await scan.diagnose(samples, error) ?? error : error;
  });
  const { fields, lists } = records(sniffed.schema.fields, { path: options.records_path, files: samples });
  scan = new JsonScan({ input, options, context, layout, objectSize, copies, lists });
  const onlyColumn = fields.length === 1 ? fields[0] : undefined;
  if (
    onlyColumn?.name === "json" && onlyColumn.type.kind === "json" && !(await hasKey(samples[0]!, context))
  ) {
    if ((input.columns?.size ?? 0) > 0 && await hasNoRecords(scan, samples, context)) {
      scan.types = given(input);
      return scan;
    }
    throw notRecords(samples[0]!, await hasNoRecords(scan, samples, context), input.files);
  }
  for (const name of input.columns?.keys() ?? []) {
    const names = fields.map((field) => field.name);
    if (!names.includes(name) && !input.partitions?.has(name)) {
      // A key may be in none of the sampled records and still be asked for; a misspelt one is likelier.
      const near = nearest(name, names);
      if (near !== undefined) throw unknownColumn(name, near, names);
    }
  }
  const found = { fields, input, options, samples, context };
  scan.types = await withHints(await decideTypes(scan, found), { scan, ...found });
  return scan;
}

/** The types found, or those that are known beforehand. */
async function withHints(
  types: ColumnTypes,
  of: {
    scan: JsonScan;
    input: FormatInput;
    samples: readonly string[];
    context: ScanContext;
    options: JsonOptions;
  },
): Promise<ColumnTypes> {
  const { scan, input, samples, context, options } = of;
  const { hints } = input;
  if (hints === undefined) return types;
  // What is null in all records looks like any JSON.
  const open = [...types].filter(([name, { type, inferred }]) =>
    inferred && type.kind === "json" && hints.destination.has(name.toLowerCase())
  ).map(([name]) => name);
  const empty = new Set<string>();
  if (open.length > 0) {
    scan.types = types;
    const select = scan.sample(samples, {
      columns: open,
      rows: sampleRows(options.sample_size, open.length),
    });
    const counts = open.map((name, i) => `count(${quoteIdent(name)}) AS n${i}`).join(", ");
    const [row] = await context.session.query<Record<string, bigint>>(`SELECT ${counts} FROM (${select})`);
    open.forEach((name, i) => Number(row![`n${i}`]) === 0 && empty.add(name));
  }
  return new Map([...types].map(([name, of]) => {
    const type = of.inferred ? hintedJson(name, { type: of.type, empty: empty.has(name) }, hints) : undefined;
    return [
      name,
      type === undefined || sameType(type, of.type)
        ? of
        : { type, inferred: true, hinted: true, exact: true },
    ];
  }));
}

/** The types that `columns:` gives, where nothing else is known. */
function given(input: FormatInput): ColumnTypes {
  const columns = [...input.columns ?? []].filter(([name]) => !input.partitions?.has(name));
  return new Map(columns.map(([name, type]) => [name, { type, inferred: false }]));
}

async function decideTypes(
  scan: JsonScan,
  at: {
    fields: readonly Field[];
    input: FormatInput;
    options: JsonOptions;
    samples: readonly string[];
    context: ScanContext;
  },
): Promise<ColumnTypes> {
  const { fields, input, options } = at;
  const types = new Map<string, ColumnType>();
  for (const { name, type } of fields) {
    const asked = input.columns?.get(name);
    types.set(
      name,
      asked === undefined ? { type: nestedOnly(type), inferred: true } : { type: asked, inferred: false },
    );
  }
  for (const [name, type] of given(input)) if (!types.has(name)) types.set(name, type);
  // What looked like a date or a double to the engine is looked at again: neither zone nor digit may get lost.
  const doubtful = fields.filter(({ name, type }) =>
    ["float", "decimal", "date", "time", "datetime"].includes(type.kind) &&
    input.columns?.get(name) === undefined
  ).map((field) => field.name);
  const text = fields.filter(({ name, type }) =>
    type.kind === "string" && input.columns?.get(name) === undefined &&
    (options.date_format !== undefined || options.timestamp_format !== undefined)
  ).map((field) => field.name);
  const columns = [...doubtful, ...text];
  await narrowNested(scan, { types, ...at });
  if (columns.length === 0) return types;
  scan.types = new Map(
    [...types].map(([name, of]) =>
      columns.includes(name) ? [name, { type: { kind: "string" }, inferred: true }] : [name, of]
    ),
  );
  const select = scan.sample(at.samples, { columns, rows: sampleRows(options.sample_size, columns.length) });
  const shapes = await readShapes(at.context.session, select, { columns, formats: scan.formats });
  columns.forEach((name, index) => {
    const decided = decideType(shapes[index]);
    const was = types.get(name)!.type;
    const temporal = ["date", "datetime"].includes(decided.kind);
    // A text stays text unless it has the form that the recipe gives dates; numbers in quotes are texts.
    if (text.includes(name)) {
      if (temporal) types.set(name, { type: decided, inferred: true });
    } else if (shapes[index] !== undefined) {
      types.set(name, { type: decided, inferred: true, beyond: beyondDoubles(shapes[index]) });
    } else types.set(name, { type: was, inferred: true });
  });
  return types;
}

/** 15 digits are those that every double holds. */
function beyondDoubles({ kinds, whole }: Shape): boolean {
  return whole > 15 || kinds.has("exp") || kinds.has("nan");
}

/**
 * The engine takes 1 and -1 for 128-bit numbers together. Within records such numbers become 64-bit ones where those of
 * the sample all fit.
 */
async function narrowNested(
  scan: JsonScan,
  at: {
    types: Map<string, ColumnType>;
    samples: readonly string[];
    options: JsonOptions;
    context: ScanContext;
  },
): Promise<void> {
  const wide = [...at.types].filter(([, { type, inferred }]) =>
    inferred && ["array", "struct"].includes(type.kind) &&
    JSON.stringify(narrowed(type)) !== JSON.stringify(type)
  );
  if (wide.length === 0) return;
  const before = scan.types;
  scan.types = at.types;
  const columns = wide.map(([name]) => name);
  const select = scan.sample(at.samples, {
    columns,
    rows: sampleRows(at.options.sample_size, columns.length),
  });
  const tests = wide.map(([name, { type }], index) => {
    const value = castJson(quoteIdent(name), narrowed(type), { inferred: true, formats: {} });
    return `coalesce(bool_and(CASE WHEN ${
      quoteIdent(name)
    } IS NULL THEN true ELSE TRY(${value}) IS NOT NULL END), true) ` +
      `AS c${index}`;
  });
  const [row] = await at.context.session.query<Record<string, boolean>>(
    `SELECT ${tests.join(", ")} FROM (${select})`,
  );
  wide.forEach(([name, { type }], index) => {
    if (row![`c${index}`]) at.types.set(name, { type: narrowed(type), inferred: true });
  });
  scan.types = before;
}

/** 128-bit whole numbers as 64-bit ones. */
function narrowed(type: LogicalType): LogicalType {
  if (type.kind === "array") return { kind: "array", items: narrowed(type.items) };
  if (type.kind === "struct") {
    return { kind: "struct", fields: type.fields.map((f) => ({ name: f.name, type: narrowed(f.type) })) };
  }
  return type.kind === "decimal" && type.scale === 0 ? { kind: "integer", bits: 64 } : type;
}

function nestedOnly(type: LogicalType): LogicalType {
  if (type.kind === "uuid") return { kind: "string" };
  return type.kind === "array" || type.kind === "struct" ? nestedType(type) : type;
}

/** The fields of the records at `path`. */
function records(
  fields: readonly Field[],
  at: { path: string | undefined; files: readonly string[] },
): { fields: readonly Field[]; lists: boolean[] } {
  if (at.path === undefined) return { fields, lists: [] };
  const lists: boolean[] = [];
  let type: LogicalType = { kind: "struct", fields };
  for (const key of at.path.split(".")) {
    const here: LogicalType = type.kind === "array" ? type.items : type;
    const found: StructField | undefined = here.kind === "struct"
      ? here.fields.find((field) => field.name === key)
      : undefined;
    if (found === undefined) {
      const names = here.kind === "struct" ? here.fields.map((field) => field.name) : [];
      const near = nearest(key, names);
      throw new ConnectorError(
        "RECORDS_PATH",
        `There is no "${key}" of records_path "${at.path}" in ${at.files[0]}.`,
        {
          hint: near === undefined
            ? `there are: ${names.slice(0, 20).join(", ")}`
            : `did you mean "${near}"?`,
          context: { file: at.files[0]!, records_path: at.path },
        },
      );
    }
    type = found.type;
    lists.push(type.kind === "array");
  }
  const record = type.kind === "array" ? type.items : type;
  if (record.kind !== "struct") {
    throw new ConnectorError(
      "RECORDS_PATH",
      `records_path "${at.path}" does not lead to records in ${at.files[0]}.`,
      {
        hint: "it must lead to a list of objects, or to one object",
        context: { file: at.files[0]!, records_path: at.path },
      },
    );
  }
  return { fields: record.fields.map((field) => ({ ...field, nullable: true })), lists };
}

/** A file that begins with a byte order mark, which the engine does not take, as a copy without it. */
async function withoutMarks(input: FormatInput, context: ScanContext): Promise<Map<string, string>> {
  const copies = new Map<string, string>();
  for (const path of input.files) {
    const reader = (await context.open(path)).getReader();
    const { value } = await reader.read();
    await reader.cancel();
    const mark = value?.[0] === 0xef && value[1] === 0xbb && value[2] === 0xbf;
    if (mark) copies.set(path, await transcode(context, path, { encoding: "utf-8", number: copies.size }));
  }
  return copies;
}

/** Some files that hold more than blanks. */
async function filesWithText(
  files: readonly string[],
  { context, all }: { context: ScanContext; all: boolean },
): Promise<string[]> {
  const found: string[] = [];
  for (const path of all ? files : spread(files, SAMPLE_FILES)) {
    if (await firstCharacter(path, context) !== undefined) found.push(path);
  }
  if (found.length > 0 || files.length <= SAMPLE_FILES) return found;
  for (const path of files) if (await firstCharacter(path, context) !== undefined) return [path];
  return found;
}

/** The first character that is no blank, after a byte order mark. */
async function firstCharacter(path: string, context: ScanContext): Promise<string | undefined> {
  return (await start(path, context))[0];
}

async function start(path: string, context: ScanContext): Promise<string> {
  const reader = (await context.open(path)).getReader();
  const decoder = new TextDecoder();
  let text = "";
  try {
    while (text.length < 1000) {
      const { done, value } = await reader.read();
      if (done) break;
      if (text === "") refuseBinary(value, path);
      text = (text + decoder.decode(value, { stream: true })).trimStart();
    }
  } finally {
    await reader.cancel();
  }
  return text;
}

function refuseBinary(bytes: Uint8Array, path: string): void {
  const begins = (...wanted: number[]) => wanted.every((byte, index) => bytes[index] === byte);
  const wide = begins(0xff, 0xfe) || begins(0xfe, 0xff);
  const compressed = begins(0x1f, 0x8b) ? "gzip" : begins(0x28, 0xb5, 0x2f, 0xfd) ? "zstd" : undefined;
  if (compressed !== undefined) {
    throw new ConnectorError("CORRUPT_FILE", `${path} is compressed with ${compressed}.`, {
      hint: `set \`compression: ${compressed}\``,
      context: { file: path },
    });
  }
  if (wide || bytes.subarray(0, 4096).includes(0)) {
    throw new ConnectorError("ENCODING_ERROR", `${path} is not UTF-8, which JSON must be.`, {
      hint: "convert the file to UTF-8",
      context: { file: path },
    });
  }
}

/** One object that fills its file must be read at once, however large it is. */
async function objectSizeFor(
  samples: readonly string[],
  at: { context: ScanContext; layout: JsonLayout; options: JsonOptions },
): Promise<number> {
  if (at.layout === "lines" || samples.length === 0) return MAX_OBJECT_SIZE;
  if (at.options.records_path === undefined && await firstCharacter(samples[0]!, at.context) !== "{") {
    return MAX_OBJECT_SIZE;
  }
  // A compressed file is ten times as large when unpacked, by and large.
  const sizes = samples.map((path) => at.context.size(path) * (/\.(gz|gzip|zst|zstd)$/i.test(path) ? 10 : 1));
  return Math.min(LARGEST_OBJECT_SIZE, Math.max(MAX_OBJECT_SIZE, ...sizes.map((size) => size + 1024)));
}

async function hasKey(path: string, context: ScanContext): Promise<boolean> {
  return /^(\[\s*)?\{\s*"json"/.test(await start(path, context));
}

async function hasNoRecords(
  scan: JsonScan,
  samples: readonly string[],
  context: ScanContext,
): Promise<boolean> {
  return (await context.session.query(`SELECT 1 AS x FROM (${scan.sniff(samples, 1)}) LIMIT 1`)).length === 0;
}

function notRecords(path: string, none: boolean, files: readonly string[]): ConnectorError {
  if (none) return empty(files);
  return new ConnectorError(
    "JSON_ERROR",
    `${path} holds values that are no records: numbers, texts or lists.`,
    {
      hint: "each record must be an object; set `records_path` where they are deeper in the document",
      context: { file: path },
    },
  );
}

function empty(files: readonly string[]): ConnectorError {
  const more = files.length > 1 ? ` and ${files.length - 1} more` : "";
  return new ConnectorError("EMPTY_FILE", `${files[0]}${more}: there is no record, so no column is known.`, {
    hint: "check how the file was written; or name the columns and their types under `columns:`",
    context: { file: files[0]!, files: files.length },
  });
}
