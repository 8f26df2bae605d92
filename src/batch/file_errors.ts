/** What DuckDB's CSV and JSON readers say of a bad file. */
import { cut } from "./error_text.ts";
import type { Finding } from "./errors.ts";

const CSV_HINTS: readonly [RegExp, string][] = [
  [
    /columns found where|Expected Number of Columns/,
    "mend the line, or set `ragged: null_padding` to fill missing columns with NULL, or `ragged: skip`",
  ],
  [
    /unterminated quote/,
    "close the quote in the file, set `quote` to the character the file uses, or raise `max_line_size` if the value is longer",
  ],
  [/unicode|utf-8/i, "set `encoding` to the file's encoding"],
  [/Maximum line size/i, "raise `max_line_size`, or check the quotes: an open quote swallows lines"],
  [
    /Error when converting/,
    "give the column another type under `columns`, or name the text that means NULL in `null_strings`",
  ],
];

/** An error at one line: `CSV Error on Line: 3\nOriginal Line: …\n<reason>\n…\n  file = path`. */
export function csvError(_kind: string, body: string): Finding | undefined {
  if (/Parallel CSV Reader currently does not support a full read/.test(body)) return lineTooLong();
  const line = /CSV Error on Line: (\d+)/.exec(body)?.[1];
  if (line === undefined) return undefined;
  const file = /^\s*file = (.*)$/m.exec(body)?.[1];
  const original = /Original Line: ([^\n]*)/.exec(body)?.[1];
  const reason = csvReason(body);
  const column = /converting column "([\s\S]*?)"\./.exec(reason)?.[1];
  const value = /Could not convert string "([\s\S]*?)" to/.exec(reason)?.[1];
  const encoding = /unicode|utf-8/i.test(reason);
  return {
    code: encoding ? "ENCODING_ERROR" : "CSV_ERROR",
    message: `${file ?? "The CSV file"}, line ${line}: ${reason.replace(/\.$/, "")}.`,
    hint: CSV_HINTS.find(([pattern]) => pattern.test(reason))?.[1] ?? "check delimiter, quote and escape",
    context: {
      ...(file === undefined ? {} : { file }),
      line: Number(line),
      reason,
      ...(original === undefined ? {} : { text: cut(original) }),
      ...(column === undefined ? {} : { column }),
      ...(value === undefined ? {} : { value: cut(value) }),
    },
  };
}

/** The engine's word for a line that fills a whole buffer. */
function lineTooLong(): Finding {
  return {
    code: "CSV_ERROR",
    message: "A line of the CSV file is longer than what is read at a time.",
    hint: "raise `max_line_size`, or check the quotes: an open quote swallows lines",
    context: { reason: "line too long" },
  };
}

/** The line that says what is wrong stands after the original line, which may itself hold line breaks. */
function csvReason(body: string): string {
  const known =
    /^(Expected Number of Columns.*|Value with unterminated quote.*|Invalid unicode.*|Error when converting column.*|Maximum line size.*|The CSV Parser state machine.*|.*quote.*found.*)$/m
      .exec(body)?.[1];
  if (known !== undefined) {
    return cut(
      known.replace(
        /Expected Number of Columns: (\d+) Found: (\d+).*/,
        "$2 columns found where $1 are expected",
      )
        .replace(/ detected\. This file is not utf-8 encoded\./, ": the file is not UTF-8"),
      400,
    );
  }
  const after = body.replace(/^[\s\S]*?Original Line: [^\n]*\n/, "");
  return cut(after.split("\n").find((text) => text.trim() !== "")?.trim() ?? "the line can't be read", 400);
}

/** The sniffer found no way to read the file as CSV. */
export function csvSniffError(_kind: string, body: string): Finding | undefined {
  const file = /Error when sniffing file "([\s\S]*?)"/.exec(body)?.[1];
  if (file === undefined) return undefined;
  return {
    code: "CSV_ERROR",
    message: `${file}: how the file is laid out as CSV could not be found out.`,
    hint: "set `delimiter`, `quote` and `encoding`, and check that the file is complete and is CSV",
    context: { file, reason: "no delimiter and quote fit the file" },
  };
}

/** Files that are read as one have different columns. */
export function fileSchemaError(_kind: string, body: string): Finding | undefined {
  const csv =
    /Schema mismatch between globbed files\.\s*Main file schema: (.*)\s*Current file: (.*)\s*([^\n]*)/.exec(
      body,
    );
  const parquet =
    /Failed to read file "([\s\S]*?)": schema mismatch in glob: (column "([\s\S]*?)" was read from the original file "([\s\S]*?)"[^\n]*)/
      .exec(body);
  if (csv === null && parquet === null) return undefined;
  const file = csv?.[2] ?? parquet![1]!;
  const first = csv?.[1] ?? parquet![4]!;
  const column = parquet?.[3] ?? /name: "([\s\S]*?)"/.exec(csv![3]!)?.[1];
  const what = column === undefined
    ? `has other columns than ${cut(first)}`
    : `lacks the column "${column}" of ${cut(first)}`;
  return {
    code: "FILE_SCHEMA_MISMATCH",
    message: `${cut(file)} ${what}.`,
    hint: "mend the file, or set `union_by_name: true` to fill what a file lacks with NULL",
    context: { file, first_file: first, ...(column === undefined ? {} : { column }) },
  };
}

/** `Malformed JSON in file "x", at byte 6 in line 4: reason` and its relations. */
export function jsonError(_kind: string, body: string): Finding | undefined {
  const found =
    /^(?:Malformed JSON|JSON transform error|[\s\S]{0,120}?) in file "([\s\S]*?)", (?:at byte (\d+) )?in (line|record\/value) (\d+)(?:-\d+)?(?:: )?([^\n]*)/
      .exec(body);
  if (found === null) {
    const large = /"maximum_object_size" of (\d+) bytes exceeded while reading file "([\s\S]*?)"/.exec(body);
    if (large === null) return undefined;
    return {
      code: "JSON_ERROR",
      message: `${large[2]}: one value is larger than ${large[1]} bytes.`,
      hint: "raise `maximum_object_size`",
      context: { file: large[2]!, reason: "value too large" },
    };
  }
  const [, file, byte, unit, text, detail] = found;
  // For text that is no JSON, DuckDB 1.5 names the line after the bad one; for values of a wrong type the line itself.
  const number = Number(text) - (body.startsWith("Malformed JSON") ? 1 : 0);
  const reason = cut(detail!.trim().replace(/\.$/, "") || body.split(" in file")[0]!, 300);
  return {
    code: "JSON_ERROR",
    message: `${file}, ${unit === "line" ? "line" : "record"} ${number}: ${reason}.`,
    hint: /cast|transform/i.test(body)
      ? "give the column another type under `columns`"
      : "mend the file there",
    context: {
      file: file!,
      [unit === "line" ? "line" : "record"]: number,
      ...(byte === undefined ? {} : { byte: Number(byte) }),
      reason,
    },
  };
}
