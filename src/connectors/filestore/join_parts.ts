/** Making one file of the parts that several batches have written. */
import { type Compression, type PartFile, quoteList } from "../../sdk/mod.ts";
import { compress, decompress, joinPath, LocalStorage, makeFolder, syncFile } from "../../storage/mod.ts";
import { copyStatement, type Writer } from "./write_parts.ts";

/** Writes `target` from parts (paths, in order). @throws what reading and writing throws. */
export async function joinParts(parts: readonly string[], target: string, writer: Writer): Promise<void> {
  const storage = new LocalStorage();
  const how = writer.format.joinParts;
  if (how === "bytes") {
    // Compressed members stand one after the other in gzip and zstd files as well.
    await storage.write(target, streamOf(bytesOf(parts)));
  } else if (how === "json_array") {
    await storage.write(target, compress(streamOf(arrayOf(parts, writer.compression)), writer.compression));
  } else {
    const joined = await how?.(await Promise.all(parts.map(partFile)), writer.options);
    if (joined === undefined) await rewrite(parts, target, writer);
    else await storage.write(target, joined);
  }
}

async function partFile(path: string): Promise<PartFile> {
  const { size } = await Deno.stat(path);
  return { size, open: (start, end) => new LocalStorage().open(path, { start, end }) };
}

async function* bytesOf(parts: readonly string[]): AsyncGenerator<Uint8Array> {
  const storage = new LocalStorage();
  for (const part of parts) yield* await storage.open(part);
}

/** `[a]`, `[b]` as `[a,b]`, whatever blanks there are. */
async function* arrayOf(
  parts: readonly string[],
  compression: Compression | undefined,
): AsyncGenerator<Uint8Array> {
  const storage = new LocalStorage();
  const text = new TextEncoder();
  yield text.encode("[");
  let any = false;
  for (const part of parts) {
    let separator = any ? "," : "";
    const content = withoutBrackets(decompress(await storage.open(part), compression, part));
    for await (const chunk of content) {
      if (separator !== "") yield text.encode(separator);
      separator = "";
      any = true;
      yield chunk;
    }
  }
  yield text.encode("\n]\n");
}

/** What is between the first `[` and the last `]`; nothing where that is blank. */
async function* withoutBrackets(bytes: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  let begun = false;
  let held = new Uint8Array();
  for await (const chunk of bytes) {
    let fresh: Uint8Array = chunk;
    if (!begun) {
      const open = chunk.indexOf(0x5b);
      if (open < 0) continue;
      begun = true;
      fresh = chunk.subarray(open + 1);
    }
    const all = new Uint8Array(held.length + fresh.length);
    all.set(held);
    all.set(fresh, held.length);
    // The end of the array may be in this chunk or in the next: from its last bracket on, it waits.
    const close = all.lastIndexOf(0x5d);
    const ready = close < 0 ? all : all.subarray(0, close);
    held = close < 0 ? new Uint8Array() : all.slice(close);
    if (ready.some((byte) => byte > 0x20)) yield ready;
  }
}

async function rewrite(parts: readonly string[], target: string, writer: Writer): Promise<void> {
  const { session } = writer.context;
  const batch = await session.relation(`SELECT * FROM read_parquet(${quoteList(parts.map(escapeGlob))})`);
  if (writer.format.copyOptions === undefined) {
    const bytes = await writer.format.writeArrow!(batch.toArrow(), writer.options);
    await new LocalStorage().write(target, compress(bytes, writer.compression));
    return;
  }
  const folder = `${target}.join`;
  await makeFolder(folder);
  await session.run(copyStatement(batch, folder, writer));
  await syncFile(joinPath(folder, "part.tmp"));
  await Deno.rename(joinPath(folder, "part.tmp"), target);
}

function escapeGlob(path: string): string {
  return path.replace(/[*?[]/g, "[$&]");
}

function streamOf(chunks: AsyncGenerator<Uint8Array>): ReadableStream<Uint8Array> {
  return ReadableStream.from(chunks);
}
