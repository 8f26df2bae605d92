/** The start of a CSV file: enough of it to see how it is laid out. */
import { ConnectorError, type ScanContext } from "../sdk/mod.ts";

/** Read at first; more follows while the header does not end. */
const HEAD_BYTES = 64 * 1024;
/** A header longer than this is none: an open quote swallows the file. */
const LONGEST_HEAD = 64 * 1024 * 1024;

/** The start of a file as text. */
export interface Head {
  /** Without the lines to skip. */
  readonly text: string;
  /** The lines to skip. */
  readonly skipped: string;
  /** The whole file is in `text`. */
  readonly atEnd: boolean;
}

/**
 * The start of a file, read on until `enough` says so. Lines to skip are left out.
 * @throws {ConnectorError} `ENCODING_ERROR`, `CORRUPT_FILE` where it is no text, `CSV_ERROR` where the header never ends.
 */
export async function readHead(
  context: ScanContext,
  path: string,
  options: { encoding: string; skipLines: number; enough: (head: Head) => boolean },
): Promise<Head> {
  const stream = await context.open(path);
  const reader = stream.getReader();
  const decoder = new TextDecoder(options.encoding);
  let text = "";
  let bytes = 0;
  let next = HEAD_BYTES;
  try {
    while (true) {
      const { done, value } = await reader.read();
      if (value !== undefined) {
        if (bytes === 0) refuseBinary(value, path, options.encoding);
        bytes += value.length;
        text += decoder.decode(value, { stream: true });
      }
      if (done) text += decoder.decode();
      if (!done && bytes < next) continue;
      const rest = withoutLines(text, options.skipLines);
      const head = { text: rest, skipped: text.slice(0, text.length - rest.length), atEnd: done };
      if (done || options.enough(head)) return checked(head, path, options);
      if (bytes > LONGEST_HEAD) throw endless(path);
      next = bytes * 4;
    }
  } finally {
    await reader.cancel();
  }
}

function checked(head: Head, path: string, options: { encoding: string; skipLines: number }): Head {
  const bad = head.text.indexOf("\ufffd");
  // A file may hold the character itself; in the first lines of one it is a wrong encoding.
  const first = head.text.search(/[\r\n]/);
  if (bad >= 0 && (first < 0 || bad < first)) {
    const line = options.skipLines + 1;
    throw new ConnectorError(
      "ENCODING_ERROR",
      `${path}, line ${line}: the text is not ${options.encoding}.`,
      {
        hint: "set `encoding` to the file's encoding, such as latin-1 or windows-1252",
        context: { file: path, line, encoding: options.encoding },
      },
    );
  }
  return head;
}

function refuseBinary(start: Uint8Array, path: string, encoding: string): void {
  const wide = /^utf-?16/i.test(encoding);
  const begins = (...bytes: number[]) => bytes.every((byte, index) => start[index] === byte);
  const fail = (code: string, what: string, hint: string) => {
    throw new ConnectorError(code, `${path} ${what}.`, { hint, context: { file: path } });
  };
  if (begins(0x1f, 0x8b)) fail("CORRUPT_FILE", "is compressed with gzip", "set `compression: gzip`");
  if (begins(0x28, 0xb5, 0x2f, 0xfd)) {
    fail("CORRUPT_FILE", "is compressed with zstd", "set `compression: zstd`");
  }
  if (begins(0x50, 0x41, 0x52, 0x31)) fail("CORRUPT_FILE", "is a Parquet file", "set `format: parquet`");
  if (begins(0x50, 0x4b, 3, 4)) fail("CORRUPT_FILE", "is a zip archive", "unpack it, or save it as CSV");
  if (!wide && (begins(0xff, 0xfe) || begins(0xfe, 0xff))) {
    fail("ENCODING_ERROR", "begins with a UTF-16 byte order mark", "set `encoding: utf-16`");
  }
  if (!wide && start.subarray(0, 4096).includes(0)) {
    fail(
      "ENCODING_ERROR",
      "holds NUL bytes: it is no text in this encoding",
      "set `encoding: utf-16`, or check the file",
    );
  }
}

function endless(path: string): ConnectorError {
  return new ConnectorError("CSV_ERROR", `${path}, line 1: the header does not end.`, {
    hint: "a quote is never closed, or `quote` is not the character the file uses",
    context: { file: path, line: 1 },
  });
}

/** A text without its first lines. */
export function withoutLines(text: string, count: number): string {
  let at = 0;
  for (let line = 0; line < count; line++) {
    const found = /\r\n|\n|\r/g;
    found.lastIndex = at;
    const match = found.exec(text);
    if (match === null) return "";
    at = match.index + match[0].length;
  }
  return text.slice(at);
}
