/** JSON (one document: an array of records, or one) and JSON Lines (a record a line). */
import { z } from "zod";
import { type Compression, defineFormat, type FormatDefinition, quoteLiteral } from "../sdk/mod.ts";
import type { JsonLayout } from "./json_scan.ts";
import { dateFormat, sampleSize, timestampFormat } from "./options.ts";
import { encodeText, textLosses } from "./text_encode.ts";

const recordsPath = z.string().regex(/^[^.]+(\.[^.]+)*$/, "keys with dots between: data.items").optional()
  .describe(
    "Where the records are, when not at the root: data.items reads {data: {items: [...]}}. Reading only.",
  );
const objectSize = z.int().min(1024).max(2 ** 32 - 1).optional().describe(
  "Largest record in bytes. Default: 16 MiB, or the file's size where it is one object. Reading only.",
);

/** Options of both formats. */
export const JsonOptions = z.strictObject({
  records_path: recordsPath,
  sample_size: sampleSize,
  date_format: dateFormat,
  timestamp_format: timestampFormat,
  maximum_object_size: objectSize,
});

/** Parsed options. */
export type JsonOptions = z.infer<typeof JsonOptions>;

/** Imported when files are read: a recipe is checked without. */
function scanAs(layout: JsonLayout): FormatDefinition<JsonOptions>["openScan"] {
  return async (input, options, context) =>
    await (await import("./json_scan.ts")).openJsonScan(input, options, { context, layout });
}

const shared = {
  options: JsonOptions,
  compressions: ["none", "gzip", "zstd"] as const,
  encode: (relation: string, schema: Parameters<typeof encodeText>[1]) =>
    encodeText(relation, schema, "json"),
  losses: (schema: Parameters<typeof textLosses>[0]) => textLosses(schema, "json"),
};

/** The `json` format. */
export const json: FormatDefinition<JsonOptions> = defineFormat({
  ...shared,
  name: "json",
  summary: "JSON documents: an array of records, or one record",
  extensions: [".json"],
  findsTypes: true,
  openScan: scanAs("document"),
  copyOptions: (options, compression) => copyOptions(options, compression, true),
  joinParts: "json_array",
});

/** The `jsonl` format. */
export const jsonl: FormatDefinition<JsonOptions> = defineFormat({
  ...shared,
  name: "jsonl",
  summary: "JSON Lines: a record a line",
  extensions: [".jsonl", ".ndjson"],
  findsTypes: true,
  openScan: scanAs("lines"),
  copyOptions: (options, compression) => copyOptions(options, compression, false),
  joinParts: "bytes",
});

function copyOptions(options: JsonOptions, compression: Compression | undefined, array: boolean): string[] {
  return [
    "FORMAT json",
    `ARRAY ${array}`,
    ...(options.date_format === undefined ? [] : [`DATEFORMAT ${quoteLiteral(options.date_format)}`]),
    ...(options.timestamp_format === undefined
      ? []
      : [`TIMESTAMPFORMAT ${quoteLiteral(options.timestamp_format)}`]),
    `COMPRESSION ${quoteLiteral(compression ?? "none")}`,
  ];
}
