/** Lines from all over large files, to look at what no sample of first rows shows. */
import type { ScanContext } from "../sdk/mod.ts";

/** Bytes read at one place: some hundreds of lines. */
const PLACE_BYTES = 256 * 1024;

/**
 * Copies whole lines from places that are evenly spread over the files, some `bytes` of them in all, into temporary files.
 * Returns the file that each copy is from, by the path of the copy; `undefined` where the storage can't read within files.
 */
export async function copySomeLines(
  context: ScanContext,
  files: readonly string[],
  options: { bytes: number },
): Promise<Map<string, string> | undefined> {
  if (context.openRange === undefined) return undefined;
  const total = files.reduce((sum, path) => sum + context.size(path), 0);
  const places = Math.max(1, Math.floor(options.bytes / PLACE_BYTES));
  const step = Math.max(PLACE_BYTES, Math.ceil(total / places));
  const directory = await context.temporaryDirectory();
  const copies = new Map<string, string>();
  // Where the next place is, in bytes from the start of the current file.
  let next = 0;
  for (const path of files) {
    const size = context.size(path);
    const chunks: Uint8Array[] = [];
    for (; next < size; next += step) {
      context.signal.throwIfAborted();
      const bytes = await readAll(await context.openRange(path, next, Math.min(size, next + PLACE_BYTES)));
      chunks.push(wholeLines(bytes, { first: next === 0, last: next + PLACE_BYTES >= size }));
    }
    next -= size;
    const content = concat(chunks);
    if (content.length === 0) continue;
    const copy = `${directory}/lines-${copies.size}.jsonl`;
    await Deno.writeFile(copy, content);
    copies.set(copy, path);
  }
  return copies;
}

/** Cuts off the line that began before and the one that goes on behind. */
function wholeLines(bytes: Uint8Array, at: { first: boolean; last: boolean }): Uint8Array {
  const from = at.first ? 0 : bytes.indexOf(0x0a) + 1;
  if (from === 0 && !at.first) return new Uint8Array();
  const to = at.last ? bytes.length : bytes.lastIndexOf(0x0a) + 1;
  return bytes.subarray(from, Math.max(from, to));
}

async function readAll(stream: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return concat(chunks);
}

function concat(chunks: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}
