/** CSV and TSV: read through the embedded engine with a layout and types that are decided here, never guessed by it. */
import { z } from "zod";
import { type Compression, defineFormat, type FormatDefinition, quoteLiteral } from "../sdk/mod.ts";
import { dateFormat, sampleSize, timestampFormat } from "./options.ts";
import { encodeText, textLosses } from "./text_encode.ts";

const character = z.string().min(1).max(4);
const oneOrNone = z.string().max(1);

/** Options of the format. */
export const CsvOptions = z.strictObject({
  delimiter: character.optional().describe(
    "Between fields, one to four characters. Default when reading: tab for .tsv; else comma, or ; | or tab where the " +
      "header plainly has those. When writing: tab for .tsv, else comma.",
  ),
  quote: oneOrNone.optional().describe(
    'Around values that hold a delimiter or line break; "" for none. Default: ".',
  ),
  escape: oneOrNone.optional().describe("Before a quote within a quoted value. Default: the quote itself."),
  header: z.boolean().optional().describe(
    "Whether the first line holds the names. Default true; a first line that looks like data is then an error.",
  ),
  null_strings: z.array(z.string()).min(1).optional().describe(
    'Unquoted texts that mean NULL, in place of the empty field. The first is what NULL is written as. Default: [""].',
  ),
  encoding: z.string().min(1).optional().describe(
    "utf-8 (default), utf-16, latin-1, windows-1252, shift_jis or any other name a web browser knows. Reading only.",
  ),
  skip_lines: z.int().min(0).optional().describe("Lines before the header to leave out. Reading only."),
  comment: oneOrNone.optional().describe("Lines that begin with this character are left out. Reading only."),
  date_format: dateFormat,
  timestamp_format: timestampFormat,
  decimal_separator: z.enum([".", ","]).optional().describe("Default: `.`. Reading only."),
  ragged: z.enum(["error", "null_padding", "skip"]).optional().describe(
    "Lines with too few or too many fields: stop (default), fill missing fields with NULL (too many still stop), or " +
      "leave the line out and count it. Reading only.",
  ),
  max_line_size: z.int().min(1024).optional().describe(
    "Longest line in bytes, at most 1 GiB. Default: 8 MiB. Reading only.",
  ),
  sample_size: sampleSize,
  all_text: z.boolean().optional().describe(
    "Read every column as text, whatever it looks like. Reading only.",
  ),
});

/** Parsed options. */
export type CsvOptions = z.infer<typeof CsvOptions>;

/** The `csv` format. */
export const csv: FormatDefinition<CsvOptions> = defineFormat({
  name: "csv",
  summary: "Comma-separated text and its relations (tab, semicolon, bar)",
  extensions: [".csv", ".tsv", ".tab", ".txt"],
  options: CsvOptions,
  compressions: ["none", "gzip", "zstd"] as const,
  // Imported when files are read: a recipe is checked without.
  findsTypes: true,
  openScan: async (input, options, context) =>
    await (await import("./csv_scan.ts")).openCsvScan(input, options, context),
  copyOptions,
  encode: (relation, schema) => encodeText(relation, schema, "csv"),
  losses: (schema) => textLosses(schema, "csv"),
  joinParts: "bytes" as const,
});

function copyOptions(
  options: CsvOptions,
  compression: Compression | undefined,
  target?: { part: number },
): string[] {
  const quote = options.quote ?? '"';
  return [
    "FORMAT csv",
    `HEADER ${(options.header ?? true) && (target?.part ?? 0) === 0}`,
    `DELIMITER ${quoteLiteral(options.delimiter ?? ",")}`,
    `QUOTE ${quoteLiteral(quote)}`,
    `ESCAPE ${quoteLiteral(options.escape ?? quote)}`,
    `NULLSTR ${quoteLiteral(options.null_strings?.[0] ?? "")}`,
    ...(options.date_format === undefined ? [] : [`DATEFORMAT ${quoteLiteral(options.date_format)}`]),
    ...(options.timestamp_format === undefined
      ? []
      : [`TIMESTAMPFORMAT ${quoteLiteral(options.timestamp_format)}`]),
    `COMPRESSION ${quoteLiteral(compression ?? "none")}`,
  ];
}
