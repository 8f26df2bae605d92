/** The file format `ini`: sections, keys and values as rows of three text columns. */
import { defineFormat, registerFormat } from "@dataloader/dataloader";
import { type RecordBatch, Table, Utf8, vectorFromArray } from "apache-arrow";
import { z } from "zod";

const IniOptions = z.strictObject({
  comment: z.string().length(1).optional().describe(
    "First character of lines to pass over. Default: a semicolon.",
  ),
});

/** The rows of one file as Arrow columns. */
async function* readArrow(
  bytes: ReadableStream<Uint8Array>,
  options: z.infer<typeof IniOptions>,
  info: { path: string },
): AsyncGenerator<RecordBatch> {
  const text = await new Response(bytes as ReadableStream<Uint8Array<ArrayBuffer>>).text();
  const columns = { section: [] as string[], key: [] as string[], value: [] as string[] };
  let section = "";
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.trim();
    if (line === "" || line.startsWith(options.comment ?? ";")) continue;
    const header = /^\[(.+)\]$/.exec(line);
    const setting = /^([^=]+?)\s*=\s*(.*)$/.exec(line);
    if (header !== null) section = header[1]!;
    else if (setting !== null) {
      columns.section.push(section);
      columns.key.push(setting[1]!);
      columns.value.push(setting[2]!);
    } else throw new Error(`${info.path}, line ${index + 1}: neither [section] nor key = value`);
  }
  const text8 = (values: string[]) => vectorFromArray(values, new Utf8());
  yield* new Table({
    section: text8(columns.section),
    key: text8(columns.key),
    value: text8(columns.value),
  }).batches;
}

registerFormat(
  "ini",
  defineFormat({
    name: "ini",
    summary: "Settings in sections, one row each",
    extensions: [".ini"],
    options: IniOptions,
    compressions: ["none"],
    readArrow,
  }),
);
