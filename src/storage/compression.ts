/** Compressed bytes: reading them, writing them, and proving that a file of them is whole. */
import { pipeline, Readable } from "node:stream";
import * as zlib from "node:zlib";
import { type Compression, ConnectorError } from "../sdk/mod.ts";

/**
 * A stream's bytes, decompressed. Reading fails with a `ConnectorError` `CORRUPT_FILE` that names `path`.
 * @throws {ConnectorError} `UNSUPPORTED_COMPRESSION` for codecs inside of formats.
 */
export function decompress(
  bytes: ReadableStream<Uint8Array>,
  compression: Compression | undefined,
  path: string,
): ReadableStream<Uint8Array> {
  if (compression === undefined || compression === "none") return bytes;
  const transform = compression === "gzip"
    ? zlib.createGunzip()
    : zstd(compression, zlib.createZstdDecompress);
  return ReadableStream.from(named(bytes, { transform, path }));
}

/** Says which file it was that could not be decompressed. What goes wrong with reading it stays what it is. */
async function* named(
  bytes: ReadableStream<Uint8Array>,
  { transform, path }: { transform: zlib.Gunzip | zlib.ZstdCompress; path: string },
): AsyncGenerator<Uint8Array> {
  let reading: unknown;
  async function* noted() {
    try {
      yield* bytes;
    } catch (error) {
      reading = error;
      throw error;
    }
  }
  try {
    yield* through(noted(), transform);
  } catch (error) {
    if (error === reading) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new ConnectorError("CORRUPT_FILE", `${path} can't be decompressed: ${why}.`, {
      hint: "copy or download the file again, or set the compression that it has",
      context: { file: path },
      cause: error,
    });
  }
}

/** A stream's bytes, compressed. @throws {ConnectorError} `UNSUPPORTED_COMPRESSION` for codecs inside of formats. */
export function compress(
  bytes: ReadableStream<Uint8Array>,
  compression: Compression | undefined,
): ReadableStream<Uint8Array> {
  if (compression === undefined || compression === "none") return bytes;
  return ReadableStream.from(through(
    bytes,
    compression === "gzip" ? zlib.createGzip() : zstd(compression, zlib.createZstdCompress),
  ));
}

function zstd<T>(compression: Compression, make: () => T): T {
  if (compression === "zstd") return make();
  throw new ConnectorError(
    "UNSUPPORTED_COMPRESSION",
    `Whole files can't be compressed with ${compression}.`,
    {
      hint: "use gzip or zstd",
    },
  );
}

/**
 * The bytes that come out of a codec. Read as a node stream: `Readable.toWeb` throws outside of any promise when a codec fails.
 */
async function* through(
  bytes: AsyncIterable<Uint8Array>,
  transform: zlib.Gunzip | zlib.ZstdCompress,
): AsyncGenerator<Uint8Array> {
  const source = Readable.from(bytes, { objectMode: false });
  // Destroys both ends when one fails or the reader has seen enough; the error comes out of the loop.
  pipeline(source, transform, () => {});
  for await (const chunk of transform) yield chunk as Uint8Array;
}

/**
 * Reads a compressed file to its end and makes sure that nothing is cut off. The embedded engine takes the end of a
 * gzip stream for the end of the file, wherever it comes, and would load half of it.
 * @throws {ConnectorError} `CORRUPT_FILE` naming the file.
 */
export async function verifyCompressed(
  bytes: ReadableStream<Uint8Array>,
  options: { compression: "gzip" | "zstd"; path: string; signal?: AbortSignal },
): Promise<void> {
  try {
    if (options.compression === "zstd") return await verifyZstd(bytes, options.signal);
    for await (const _ of through(bytes, zlib.createGunzip())) options.signal?.throwIfAborted();
  } catch (error) {
    if (options.signal?.aborted) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new ConnectorError("CORRUPT_FILE", `${options.path} is cut off or damaged: ${why}.`, {
      hint: "copy or download the file again; nothing of it was loaded",
      context: { file: options.path },
      cause: error,
    });
  }
}

/** Walks the frames and blocks by their lengths (RFC 8878 §3.1); nothing is decompressed. */
async function verifyZstd(bytes: ReadableStream<Uint8Array>, signal?: AbortSignal): Promise<void> {
  const reader = new ByteReader(bytes, signal);
  try {
    while (!(await reader.atEnd())) {
      const magic = await reader.number(4);
      if ((magic & 0xfffffff0) >>> 0 === 0x184d2a50) {
        await reader.skip(await reader.number(4));
        continue;
      }
      if (magic !== 0xfd2fb528) throw new Error("no zstd frame where one should begin");
      await frame(reader);
    }
  } finally {
    await reader.close();
  }
}

async function frame(reader: ByteReader): Promise<void> {
  const flags = await reader.number(1);
  const single = (flags & 0x20) !== 0;
  const dictionary = [0, 1, 2, 4][flags & 3]!;
  const contentSize = [single ? 1 : 0, 2, 4, 8][flags >> 6]!;
  await reader.skip((single ? 0 : 1) + dictionary + contentSize);
  for (let last = false; !last;) {
    const header = await reader.number(3);
    last = (header & 1) !== 0;
    // A run of one repeated byte holds that byte only.
    await reader.skip(((header >> 1) & 3) === 1 ? 1 : header >> 3);
  }
  if ((flags & 4) !== 0) await reader.skip(4);
}

class ByteReader {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #signal: AbortSignal | undefined;
  #chunk: Uint8Array = new Uint8Array();
  #at = 0;

  constructor(bytes: ReadableStream<Uint8Array>, signal?: AbortSignal) {
    this.#reader = bytes.getReader();
    this.#signal = signal;
  }

  async #fill(): Promise<boolean> {
    while (this.#at >= this.#chunk.length) {
      this.#signal?.throwIfAborted();
      const { done, value } = await this.#reader.read();
      if (done) return false;
      this.#chunk = value;
      this.#at = 0;
    }
    return true;
  }

  async atEnd(): Promise<boolean> {
    return !(await this.#fill());
  }

  /** An unsigned number of up to four bytes, the lowest first. */
  async number(size: number): Promise<number> {
    let value = 0;
    for (let index = 0; index < size; index++) {
      if (!(await this.#fill())) throw new Error("unexpected end of file");
      value += this.#chunk[this.#at++]! * 2 ** (8 * index);
    }
    return value;
  }

  async skip(count: number): Promise<void> {
    let left = count;
    while (left > 0) {
      if (!(await this.#fill())) throw new Error("unexpected end of file");
      const step = Math.min(left, this.#chunk.length - this.#at);
      this.#at += step;
      left -= step;
    }
  }

  async close(): Promise<void> {
    await this.#reader.cancel();
  }
}
