/** Proof that the engine will not lose the last line of a CSV file. */
import { ConnectorError, type ScanContext } from "../sdk/mod.ts";

/** Bytes looked at first: nearly every last line is shorter. */
const FIRST_LOOK = 64 * 1024;

/**
 * Makes sure that the last line of a file that is not compressed fits into the engine's buffer. A line in the middle that does
 * not is an error of the engine's; the last one it leaves out without a word (DuckDB 1.5.5).
 * @throws {ConnectorError} `CSV_ERROR` naming the file.
 */
export async function assertLastLineFits(
  context: ScanContext,
  path: string,
  options: { buffer: number; maxLine: number },
): Promise<void> {
  const size = context.size(path);
  if (context.openRange === undefined || size <= options.buffer) return;
  for (const look of [FIRST_LOOK, options.buffer]) {
    if (await hasLineBreak(await context.openRange(path, size - look, size), look)) return;
  }
  throw new ConnectorError(
    "CSV_ERROR",
    `${path}: the last line is longer than ${options.maxLine} bytes, the longest that is read.`,
    {
      hint: "raise `max_line_size`, or check the quotes: an open quote swallows lines",
      context: { file: path, reason: "line too long", max_line_size: options.maxLine },
    },
  );
}

/** Whether a line ends before the last byte. */
async function hasLineBreak(bytes: ReadableStream<Uint8Array>, length: number): Promise<boolean> {
  let at = 0;
  for await (const chunk of bytes) {
    // The last two bytes may be the end of the last line itself.
    const end = Math.min(chunk.length, length - 2 - at);
    const found = [0x0a, 0x0d].some((code) => {
      const index = chunk.indexOf(code);
      return index >= 0 && index < end;
    });
    if (found) return true;
    at += chunk.length;
  }
  return false;
}
