/** Copies of files in UTF-8, for encodings that the embedded engine does not read. */
import { ConnectorError, type ScanContext } from "../sdk/mod.ts";

/**
 * Writes a file as UTF-8, decompressed, into the temporary directory, under its own name so that messages name it.
 * @throws {ConnectorError} `ENCODING_ERROR` naming file and line.
 */
export async function transcode(
  context: ScanContext,
  path: string,
  options: { encoding: string; number: number },
): Promise<string> {
  const folder = `${await context.temporaryDirectory()}/${options.number}`;
  await Deno.mkdir(folder, { recursive: true });
  const name = path.slice(path.lastIndexOf("/") + 1).replace(/\.(gz|gzip|zst|zstd)$/i, "");
  const copy = `${folder}/${name}`;
  const decoder = new TextDecoder(options.encoding, { fatal: true });
  const encoder = new TextEncoder();
  let line = 1;
  using file = await Deno.open(copy, { write: true, createNew: true });
  const write = async (text: string) => {
    line += text.split("\n").length - 1;
    const bytes = encoder.encode(text);
    for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
  };
  for await (const chunk of await context.open(path)) {
    context.signal.throwIfAborted();
    await write(decode(decoder, chunk, { path, encoding: options.encoding, line }));
  }
  await write(decode(decoder, undefined, { path, encoding: options.encoding, line }));
  return copy;
}

function decode(
  decoder: TextDecoder,
  chunk: Uint8Array | undefined,
  at: { path: string; encoding: string; line: number },
): string {
  try {
    return decoder.decode(chunk, { stream: chunk !== undefined });
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new ConnectorError(
      "ENCODING_ERROR",
      `${at.path}, after line ${at.line}: a byte sequence is not ${at.encoding}.`,
      {
        hint: "set `encoding` to the file's encoding",
        context: { file: at.path, line: at.line, encoding: at.encoding },
        cause: error,
      },
    );
  }
}
