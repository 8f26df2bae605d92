/** Writing the rows of a batch into files that nobody sees yet. */
import {
  type Batch,
  type Compression,
  ConnectorError,
  type FormatDefinition,
  nearest,
  type OpenContext,
  quoteIdent,
  quoteLiteral,
  type Schema,
} from "../../sdk/mod.ts";
import {
  compress,
  fileError,
  joinPath,
  LocalStorage,
  makeFolder,
  syncFile,
  syncFolder,
} from "../../storage/mod.ts";
import type { FilestoreConfig } from "./config.ts";
import { assertAllRows, partitionError, refuseNullTexts } from "./partition_values.ts";

/** How files are written. */
export interface Writer {
  readonly config: FilestoreConfig;
  readonly format: FormatDefinition;
  readonly options: unknown;
  readonly compression: Compression | undefined;
  readonly context: OpenContext;
}

/** A file that was written. */
export interface WrittenPart {
  /** Name within the folder; `key=value/` folders included. */
  readonly name: string;
  /** The `key=value/` folders alone, "" without. */
  readonly partition: string;
  readonly bytes: number;
}

const PART_COLUMN = "_dataloader_part";

/**
 * Writes a batch into `folder`, which must not be there, and brings the files to the disk. Removes the folder when that
 * fails. `part` counts the files that are to be joined into one.
 */
export async function writeParts(
  batch: Batch,
  folder: string,
  writer: Writer & { part?: number },
): Promise<{ rows: number; parts: WrittenPart[] }> {
  await makeFolder(folder);
  try {
    const rows = writer.format.copyOptions === undefined
      ? await writeArrow(batch, joinPath(folder, "part.tmp"), writer)
      : await copy(batch, folder, writer);
    const parts = await writtenParts(folder, "");
    for (const { name } of parts) await syncFile(joinPath(folder, name));
    await syncFolder(folder);
    return { rows, parts };
  } catch (error) {
    await Deno.remove(folder, { recursive: true });
    throw error;
  }
}

async function writeArrow(batch: Batch, path: string, writer: Writer): Promise<number> {
  let rows = 0;
  async function* counted() {
    for await (const records of batch.toArrow()) {
      writer.context.signal.throwIfAborted();
      rows += records.numRows;
      yield records;
    }
  }
  const bytes = await writer.format.writeArrow!(counted(), writer.options);
  await new LocalStorage().write(path, compress(bytes, writer.compression));
  return rows;
}

/** The statement that writes a batch; `folder` is where its files go. */
export function copyStatement(
  batch: { readonly sql: string; readonly schema: Schema },
  folder: string,
  writer: Writer & { part?: number },
): string {
  const { config, format, options, compression } = writer;
  const relation = `(${batch.sql})`;
  const encoded = format.encode?.(relation, batch.schema, options);
  const settings = [...format.copyOptions!(options, compression, { part: writer.part ?? 0 })];
  const { partition_by: keys = [], max_rows_per_file: maxRows, max_bytes_per_file: maxBytes } = config;
  if (keys.length === 0 && maxRows === undefined && maxBytes === undefined) {
    const target = quoteLiteral(joinPath(folder, "part.tmp"));
    return `COPY (${encoded ?? batch.sql}) TO ${target} (${settings.join(", ")}, USE_TMP_FILE false)`;
  }
  settings.push("FILE_EXTENSION 'tmp'");
  if (maxBytes !== undefined) {
    settings.push(`FILE_SIZE_BYTES ${maxBytes}`);
    return `COPY (${encoded ?? batch.sql}) TO ${quoteLiteral(folder)} (${
      settings.join(", ")
    }, OVERWRITE_OR_IGNORE true)`;
  }
  const columns = keys.map(quoteIdent);
  let select = refuseNullTexts(encoded ?? batch.sql, batch.schema, keys);
  if (maxRows !== undefined) {
    const within = columns.length === 0 ? "" : `PARTITION BY ${columns.join(", ")}`;
    select = `SELECT *, (row_number() OVER (${within}) - 1) // ${maxRows} AS ${PART_COLUMN} FROM (${select})`;
    columns.push(PART_COLUMN);
  }
  settings.push(`PARTITION_BY (${columns.join(", ")})`, "OVERWRITE_OR_IGNORE true");
  // Values whose folders are the same for the engine, or for the file system, never share a file: one would replace another.
  settings.push("FILENAME_PATTERN 'data_{uuidv7}'");
  return `COPY (${select}) TO ${quoteLiteral(folder)} (${settings.join(", ")})`;
}

async function copy(batch: Batch, folder: string, writer: Writer & { part?: number }): Promise<number> {
  assertPartitions(batch.schema, writer.config.partition_by ?? []);
  const { partition_by: keys = [] } = writer.config;
  const { session } = writer.context;
  const { rowsChanged } = await session.run(copyStatement(batch, folder, writer)).catch((error) => {
    throw partitionError(error, keys);
  });
  if (keys.length > 0 && writer.format.name === "parquet") {
    const parts = await writtenParts(folder, "");
    await assertAllRows(session, parts.map((part) => joinPath(folder, part.name)), rowsChanged);
  }
  if (rowsChanged === 0 && writer.config.partition_by === undefined) {
    // A split of no rows is no file: the columns are kept in an empty one.
    const { max_rows_per_file: _rows, max_bytes_per_file: _bytes, ...config } = writer.config;
    await Deno.remove(folder, { recursive: true });
    await makeFolder(folder);
    // The batch was pulled already: only its columns are wanted.
    const columns = { sql: `SELECT * FROM (${batch.sql}) LIMIT 0`, schema: batch.schema };
    await writer.context.session.run(copyStatement(columns, folder, { ...writer, config }));
  }
  return rowsChanged;
}

/** @throws {ConnectorError} `UNKNOWN_COLUMN`, `ONLY_PARTITIONS`. */
function assertPartitions(schema: Schema, keys: readonly string[]): void {
  const names = schema.fields.map((field) => field.name);
  for (const key of keys) {
    if (names.some((name) => name.toLowerCase() === key.toLowerCase())) continue;
    const near = nearest(key, names);
    throw new ConnectorError(
      "UNKNOWN_COLUMN",
      `partition_by names "${key}", which is no column of what is written.`,
      {
        hint: near === undefined
          ? `the columns are: ${names.slice(0, 20).join(", ")}`
          : `did you mean "${near}"?`,
        context: { column: key },
      },
    );
  }
  if (keys.length > 0 && keys.length >= names.length) {
    throw new ConnectorError(
      "ONLY_PARTITIONS",
      "partition_by names every column: nothing is left for the files.",
      {
        hint: "leave a column out of partition_by",
      },
    );
  }
}

/** Files below a folder, sorted, without the folders that only number parts. */
async function writtenParts(folder: string, below: string): Promise<WrittenPart[]> {
  const parts: WrittenPart[] = [];
  const entries: Deno.DirEntry[] = [];
  for await (const entry of Deno.readDir(joinPath(folder, below))) entries.push(entry);
  entries.sort((a, b) => byNumber(a.name, b.name));
  for (const entry of entries) {
    const name = below === "" ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory) {
      parts.push(...await writtenParts(folder, name));
      continue;
    }
    const { size } = await Deno.stat(joinPath(folder, name)).catch((error) => {
      throw fileError(error, "read", joinPath(folder, name));
    });
    const partition = name.split("/").slice(0, -1).filter((part) => !part.startsWith(`${PART_COLUMN}=`));
    parts.push({ name, partition: partition.map((part) => `${part}/`).join(""), bytes: size });
  }
  return parts;
}

/** `data_10` after `data_9`. */
function byNumber(a: string, b: string): number {
  const [x, y] = [/^(.*?)(\d+)(\D*)$/.exec(a), /^(.*?)(\d+)(\D*)$/.exec(b)];
  if (x !== null && y !== null && x[1] === y[1]) return Number(x[2]) - Number(y[2]);
  return a < b ? -1 : a > b ? 1 : 0;
}
