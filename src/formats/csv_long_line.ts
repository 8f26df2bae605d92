/** Telling a line that is too long for the engine from one whose quote is never closed. */
import { ConnectorError, type DataLoaderError } from "../sdk/mod.ts";
import type { CsvDialect } from "./csv_records.ts";

/** Longest line that can be asked for. */
export const LONGEST_LINE = 2 ** 30;
/** What the hint names where it is enough. */
const USUAL_ANSWER = 64_000_000;

/** What the engine says of a line that does not fit into its buffer; of a quoted one, that its quote is open. */
export function mayBeTooLong(error: DataLoaderError): boolean {
  return error.code === "CSV_ERROR" &&
    /unterminated quote|maximum line size|line too long/i.test(String(error.context.reason));
}

/**
 * The first record of a file that is longer than `limit` bytes: the line it begins on and its length. ASCII stands for
 * itself in the encoding.
 */
export async function findLongRecord(
  bytes: AsyncIterable<Uint8Array>,
  options: { dialect: CsvDialect; limit: number },
): Promise<{ line: number; length: number } | undefined> {
  const { dialect, limit } = options;
  const quote = dialect.quote === "" ? -1 : dialect.quote.charCodeAt(0);
  const escape = dialect.escape === dialect.quote || dialect.escape === ""
    ? -1
    : dialect.escape.charCodeAt(0);
  const delimiter = dialect.delimiter.charCodeAt(dialect.delimiter.length - 1);
  let [line, start, length, last] = [1, 1, 0, 10];
  let [open, fieldStart, escaped] = [false, true, false];
  for await (const chunk of bytes) {
    for (const byte of chunk) {
      length++;
      const ends = byte === 10 || byte === 13;
      if (ends && !(byte === 10 && last === 13)) line++;
      if (open) {
        if (escaped) escaped = false;
        else if (byte === escape) escaped = true;
        else if (byte === quote) open = false;
      } else if (ends) {
        if (length - 1 > limit) return { line: start, length };
        [start, length, fieldStart] = [line, 0, true];
      } else if (byte === quote && (fieldStart || last === quote)) {
        [open, fieldStart] = [true, false];
      } else fieldStart = byte === delimiter || (fieldStart && byte === 32);
      last = byte;
    }
    if (length > LONGEST_LINE) break;
  }
  return length > limit ? { line: start, length } : undefined;
}

/** A line that is too long, and what would read it. */
export function longLine(
  path: string,
  found: { line: number; length: number },
  limit: number,
): ConnectorError {
  const enough = found.length < USUAL_ANSWER ? USUAL_ANSWER : Math.ceil(found.length * 1.1);
  const raise = enough <= LONGEST_LINE
    ? `set \`max_line_size: ${enough}\``
    : "no line above 1 GiB can be read";
  return new ConnectorError(
    "CSV_ERROR",
    `${path}, line ${found.line}: the line is longer than ${sizeText(limit)}.`,
    {
      hint: `${raise}; or check the quotes: an open quote swallows the lines that follow`,
      context: {
        file: path,
        line: found.line,
        reason: "line too long",
        line_size: found.length,
        max_line_size: limit,
      },
    },
  );
}

function sizeText(bytes: number): string {
  return bytes % 2 ** 20 === 0 ? `${bytes / 2 ** 20} MiB` : `${bytes} bytes`;
}
