/** Reading Parquet files whose columns may differ from file to file. */
import {
  ConnectorError,
  DataLoaderError,
  engineType,
  type FormatInput,
  formatType,
  type LogicalType,
  nearest,
  type OpenedScan,
  quoteIdent,
  quoteLiteral,
  sameType,
  type ScanContext,
  type Schema,
  type Session,
} from "../sdk/mod.ts";
import { join, keepsKind } from "../schema/lattice.ts";
import { mergeColumns, unknownColumn } from "./columns.ts";
import { hiveSettings, unusedName } from "./csv_select.ts";
import { engineName, pathList } from "./engine_paths.ts";
import type { ParquetOptions } from "./parquet.ts";
import { castText } from "./text_cast.ts";

/** Files with the same columns of the same types. */
interface Group {
  readonly path: string;
  readonly names: readonly string[];
  readonly types: ReadonlyMap<string, LogicalType>;
}

/**
 * Opens Parquet files: reads all footers.
 * @throws {ConnectorError} `MISSING_COLUMN`, `TYPE_MISMATCH`, `UNKNOWN_COLUMN`. {EngineError} `CORRUPT_FILE`.
 */
export async function openParquetScan(
  input: FormatInput,
  _options: ParquetOptions,
  context: ScanContext,
): Promise<OpenedScan> {
  const groupOf = await groupFiles(input, context);
  const files = input.files.map((path) => ({ ...groupOf.get(path)!, path }));
  const merged = mergeColumns(files, { missing: input.missingColumns ?? "error" });
  for (const name of input.columns?.keys() ?? []) {
    if (!merged.names.includes(name) && !input.partitions?.has(name)) {
      throw unknownColumn(name, nearest(name, merged.names), merged.names);
    }
  }
  const types = new Map<string, LogicalType>();
  for (const name of merged.names) types.set(name, commonType(name, files, input));
  return new ParquetScan({ input, groupOf, types, warnings: merged.warnings, context });
}

/** The columns of files, by their footers: the least type that holds a column in all of them, whatever its name's case. */
export async function columnsOf(files: readonly string[], session: Session): Promise<Schema> {
  const groups = new Set((await groupFiles({ files, hivePartitioning: false }, { session })).values());
  const types = new Map<string, { name: string; type: LogicalType }>();
  for (const group of groups) {
    for (const [name, type] of group.types) {
      const key = name.toLowerCase();
      const before = types.get(key);
      types.set(key, before === undefined ? { name, type } : { ...before, type: join(before.type, type) });
    }
  }
  return { fields: [...types.values()].map((column) => ({ ...column, nullable: true })) };
}

interface Footers {
  readonly input: FormatInput;
  readonly groupOf: ReadonlyMap<string, Group>;
  readonly types: ReadonlyMap<string, LogicalType>;
  readonly warnings: readonly string[];
  readonly context: ScanContext;
}

class ParquetScan implements OpenedScan {
  readonly #of: Footers;

  constructor(of: Footers) {
    this.#of = of;
  }

  get warnings(): readonly string[] {
    return this.#of.warnings;
  }

  // deno-lint-ignore require-await -- the contract is asynchronous: other formats look at the files here.
  async sql(files: readonly string[]): Promise<string> {
    const groups = new Map<Group, string[]>();
    for (const path of files) {
      const group = this.#of.groupOf.get(path)!;
      const known = groups.get(group);
      if (known === undefined) groups.set(group, [path]);
      else known.push(path);
    }
    return [...groups].map(([group, paths]) => this.#select(group, paths)).join(" UNION ALL ");
  }

  /** The engine does not always say which file is damaged. */
  async diagnose(files: readonly string[], error: DataLoaderError): Promise<DataLoaderError | undefined> {
    if (error.code !== "CORRUPT_FILE" || error.context.file !== undefined) return undefined;
    for (const path of files) {
      const select = this.#select(this.#of.groupOf.get(path)!, [path]);
      const found = await failureOf(
        this.#of.context,
        `SELECT count(*) FROM (SELECT hash(r) AS h FROM (${select}) AS r) WHERE h = 0`,
      );
      if (found?.code === error.code) return damaged(path, found);
    }
    return undefined;
  }

  #select(group: Group, paths: readonly string[]): string {
    const { input, types } = this.#of;
    const fileColumn = unusedName("_file", [...types.keys()]);
    const items = [...types].map(([name, type]) => {
      const column = quoteIdent(name);
      const has = group.types.get(name);
      if (has === undefined) return `CAST(NULL AS ${engineType(type)}) AS ${column}`;
      return sameType(has, type)
        ? column
        : `${exactCast(column, { from: has, to: type, name })} AS ${column}`;
    });
    for (const [name, type] of input.partitions ?? []) {
      const column = quoteIdent(name);
      items.push(type.kind === "string" ? column : `CAST(${column} AS ${engineType(type)}) AS ${column}`);
    }
    const settings = hiveSettings(input);
    if (input.filenameColumn !== undefined) {
      settings.push(`filename = ${quoteLiteral(fileColumn)}`);
      items.push(`${fileName(fileColumn, paths)} AS ${quoteIdent(input.filenameColumn)}`);
    }
    return `SELECT ${items.join(", ")} FROM read_parquet(${pathList(paths)}, ${settings.join(", ")})`;
  }
}

function fileName(column: string, paths: readonly string[]): string {
  const renamed = paths.filter((path) => engineName(path) !== path)
    .map((path) => `WHEN ${quoteLiteral(engineName(path))} THEN ${quoteLiteral(path)}`);
  const name = quoteIdent(column);
  return renamed.length === 0 ? name : `CASE ${name} ${renamed.join(" ")} ELSE ${name} END`;
}

/** A value as another type, failing where it would change. */
function exactCast(value: string, as: { from: LogicalType; to: LogicalType; name: string }): string {
  const { from, to } = as;
  const type = engineType(to);
  if (from.kind === "string") {
    return castText(value, { type: to, inferred: false });
  }
  const numbers = ["integer", "float", "decimal"];
  if (numbers.includes(from.kind) && numbers.includes(to.kind)) {
    const message = `CAST(${value} AS VARCHAR) || ${quoteLiteral(` (column "${as.name}")`)}`;
    return `CASE WHEN ${value} IS NULL THEN NULL WHEN TRY_CAST(${value} AS ${type}) = ${value} ` +
      `THEN CAST(${value} AS ${type}) ELSE CAST(${message} AS ${type}) END`;
  }
  return `CAST(${value} AS ${type})`;
}

/** Which columns each file has, telling files apart by their footers. */
async function groupFiles(
  input: FormatInput,
  context: Pick<ScanContext, "session">,
): Promise<Map<string, Group>> {
  const rows = await context.session.query<{ layout: string; files: string[] }>(
    `SELECT layout, list(file_name) AS files FROM (
       SELECT file_name, md5(string_agg(concat_ws('|', name, type, type_length, repetition_type, num_children,
         converted_type, scale, precision, CAST(logical_type AS VARCHAR)), chr(10) ORDER BY n)) AS layout
       FROM (SELECT *, row_number() OVER () AS n FROM parquet_schema(${pathList(input.files)}))
       GROUP BY file_name
     ) GROUP BY layout`,
  ).catch(async (error) => {
    throw await nameDamaged(input.files, { error, context });
  });
  const byName = new Map(input.files.map((path) => [engineName(path), path]));
  const groups = new Map<string, Group>();
  for (const { files } of rows) {
    const paths = files.map((name) => byName.get(name) ?? name);
    const first = input.files.find((path) => paths.includes(path)) ?? paths[0]!;
    const { schema } = await context.session.relation(
      `SELECT * FROM read_parquet(${pathList([first])}, hive_partitioning = false)`,
    );
    const own = schema.fields.filter((field) => !input.partitions?.has(field.name));
    const group: Group = {
      path: first,
      names: own.map((field) => field.name),
      types: new Map(own.map((field) => [field.name, field.type])),
    };
    for (const path of paths) groups.set(path, group);
  }
  return groups;
}

async function nameDamaged(
  files: readonly string[],
  { error, context }: { error: unknown; context: Pick<ScanContext, "session"> },
): Promise<unknown> {
  if (
    !(error instanceof DataLoaderError) || error.code !== "CORRUPT_FILE" || error.context.file !== undefined
  ) {
    return error;
  }
  for (const path of files) {
    const found = await failureOf(context, `SELECT count(*) AS n FROM parquet_schema(${pathList([path])})`);
    if (found?.code === error.code) return damaged(path, found);
  }
  return error;
}

async function failureOf(
  context: Pick<ScanContext, "session">,
  query: string,
): Promise<DataLoaderError | undefined> {
  try {
    await context.session.query(query);
    return undefined;
  } catch (error) {
    if (error instanceof DataLoaderError) return error;
    throw error;
  }
}

function damaged(path: string, error: DataLoaderError): ConnectorError {
  return new ConnectorError("CORRUPT_FILE", `The file "${path}" is damaged or no Parquet file.`, {
    hint: error.hint,
    context: { file: path, reason: error.message },
    cause: error,
  });
}

/** The type that holds a column's values of all files. */
function commonType(name: string, files: readonly Group[], input: FormatInput): LogicalType {
  const asked = input.columns?.get(name);
  if (asked !== undefined) return asked;
  let common: LogicalType | undefined;
  let from = "";
  for (const file of files) {
    const type = file.types.get(name);
    if (type === undefined) continue;
    if (common === undefined || sameType(common, type)) {
      common ??= type;
      from = file.path;
      continue;
    }
    const wider = widen(common, type);
    if (wider === undefined) {
      throw new ConnectorError(
        "TYPE_MISMATCH",
        `Column "${name}" is ${formatType(type)} in ${file.path} and ${formatType(common)} in ${from}.`,
        {
          hint: `name the type to read it as under \`columns:\`, such as ${name}: string`,
          context: { column: name, file: file.path, first: from },
        },
      );
    }
    common = wider;
  }
  return common!;
}

/**
 * A type that holds all values of both, or undefined: text in place of numbers must be asked for. Reading checks the values that
 * a float may not hold.
 */
export function widen(a: LogicalType, b: LogicalType): LogicalType | undefined {
  const joined = join(a, b);
  return keepsKind(a, joined) && keepsKind(b, joined) ? joined : undefined;
}
