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
  const decode = compression === "gzip"
    ? (source: AsyncIterable<Uint8Array>) => through(source, zlib.createGunzip())
    : zstd(compression, () => decodeZstd);
  return ReadableStream.from(named(bytes, { decode, path }));
}

/** Says which file it was that could not be decompressed. What goes wrong with reading it stays what it is. */
async function* named(
  bytes: ReadableStream<Uint8Array>,
  { decode, path }: {
    decode: (source: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>;
    path: string;
  },
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
    yield* decode(noted());
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

/** Walks the frames by their lengths; nothing is decompressed. */
async function verifyZstd(bytes: ReadableStream<Uint8Array>, signal?: AbortSignal): Promise<void> {
  const reader = new ByteReader(bytes);
  try {
    while (!(await reader.atEnd())) {
      for await (const _ of frameBytes(reader)) signal?.throwIfAborted();
    }
  } finally {
    await reader.close();
  }
}

/** The runtime's zstd takes the end of the first frame for the end of the file: each frame gets a codec of its own. */
async function* decodeZstd(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = new ByteReader(bytes);
  try {
    while (!(await reader.atEnd())) yield* through(frameBytes(reader), zlib.createZstdDecompress());
  } finally {
    await reader.close();
  }
}

/** The bytes of one frame, told by the lengths of its blocks (RFC 8878 §3.1); none for a frame to be skipped. */
async function* frameBytes(reader: ByteReader): AsyncGenerator<Uint8Array> {
  const magic = await reader.bytes(4);
  const number = toNumber(magic);
  if ((number & 0xfffffff0) >>> 0 === 0x184d2a50) {
    for await (const _ of reader.take(toNumber(await reader.bytes(4)))) continue;
    return;
  }
  if (number !== 0xfd2fb528) throw new Error("no zstd frame where one should begin");
  yield magic;
  const descriptor = await reader.bytes(1);
  yield descriptor;
  const flags = descriptor[0]!;
  const single = (flags & 0x20) !== 0;
  const dictionary = [0, 1, 2, 4][flags & 3]!;
  const contentSize = [single ? 1 : 0, 2, 4, 8][flags >> 6]!;
  yield* reader.take((single ? 0 : 1) + dictionary + contentSize);
  for (let last = false; !last;) {
    const block = await reader.bytes(3);
    yield block;
    const header = toNumber(block);
    last = (header & 1) !== 0;
    // A run of one repeated byte holds that byte only.
    yield* reader.take(((header >> 1) & 3) === 1 ? 1 : header >> 3);
  }
  if ((flags & 4) !== 0) yield* reader.take(4);
}

/** An unsigned number of up to four bytes, the lowest first. */
function toNumber(bytes: Uint8Array): number {
  return bytes.reduceRight((value, byte) => value * 256 + byte, 0);
}

/** Bytes of a stream, as many at a time as are asked for. */
class ByteReader {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #chunk: Uint8Array = new Uint8Array();
  #at = 0;

  constructor(bytes: AsyncIterable<Uint8Array>) {
    this.#chunks = bytes[Symbol.asyncIterator]();
  }

  async atEnd(): Promise<boolean> {
    while (this.#at >= this.#chunk.length) {
      const { done, value } = await this.#chunks.next();
      if (done) return true;
      this.#chunk = value;
      this.#at = 0;
    }
    return false;
  }

  /** @throws {Error} where the stream ends before. */
  async bytes(count: number): Promise<Uint8Array> {
    const all = new Uint8Array(count);
    let at = 0;
    for await (const part of this.take(count)) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  }

  /** @throws {Error} where the stream ends before. */
  async *take(count: number): AsyncGenerator<Uint8Array> {
    for (let left = count; left > 0;) {
      if (await this.atEnd()) throw new Error("unexpected end of file");
      const part = this.#chunk.subarray(this.#at, this.#at + left);
      this.#at += part.length;
      left -= part.length;
      yield part;
    }
  }

  async close(): Promise<void> {
    await this.#chunks.return?.();
  }
}
