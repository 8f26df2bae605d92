/** Parquet. */
import { z } from "zod";
import {
  type Compression,
  defineFormat,
  type FormatDefinition,
  type LogicalType,
  type Schema,
} from "../sdk/mod.ts";

/** Options of the format. */
export const ParquetOptions = z.strictObject({
  row_group_size: z.int().min(2048).max(2 ** 31).optional().describe(
    "Rows in a row group. Default: 122880. Writing only.",
  ),
});

/** Parsed options. */
export type ParquetOptions = z.infer<typeof ParquetOptions>;

/** Codecs as the engine names them. */
const CODECS: Record<Compression, string> = {
  none: "uncompressed",
  snappy: "snappy",
  gzip: "gzip",
  zstd: "zstd",
  lz4: "lz4_raw",
  brotli: "brotli",
};

/** The `parquet` format. */
export const parquet: FormatDefinition<ParquetOptions> = defineFormat({
  name: "parquet",
  summary: "Apache Parquet: typed columns, compressed",
  extensions: [".parquet", ".pq"],
  options: ParquetOptions,
  compressions: ["snappy", "zstd", "gzip", "lz4", "brotli", "none"] as const,
  compressesWithin: true,
  // Imported when files are read: a recipe is checked without.
  openScan: async (input, options, context) =>
    await (await import("./parquet_scan.ts")).openParquetScan(input, options, context),
  columnsOf: async (files, session) => await (await import("./parquet_scan.ts")).columnsOf(files, session),
  copyOptions: (options, compression) => [
    "FORMAT parquet",
    `COMPRESSION ${CODECS[compression ?? "snappy"]}`,
    ...(options.row_group_size === undefined ? [] : [`ROW_GROUP_SIZE ${options.row_group_size}`]),
  ],
  losses,
  joinParts: async (parts, options) =>
    await (await import("./parquet_join.ts")).joinParquet(parts, { rowGroupSize: options.row_group_size }),
});

function losses(schema: Schema): string[] {
  const intervals = schema.fields.filter((field) => holdsInterval(field.type)).map((field) =>
    `"${field.name}"`
  );
  return intervals.length === 0
    ? []
    : [`${intervals.join(", ")}: intervals keep milliseconds, microseconds are cut.`];
}

function holdsInterval(type: LogicalType): boolean {
  if (type.kind === "array") return holdsInterval(type.items);
  if (type.kind === "struct") return type.fields.some((field) => holdsInterval(field.type));
  return type.kind === "interval";
}
