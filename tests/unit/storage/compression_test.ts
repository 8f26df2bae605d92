import assert from "node:assert/strict";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { compress, decompress, verifyCompressed } from "../../../src/storage/mod.ts";

const TEXT = "id,name\n" +
  Array.from({ length: 100_000 }, (_, i) => `${i},name ${i * 7919 % 10007}\n`).join("");
const BYTES = new TextEncoder().encode(TEXT);

/** A stream in chunks of 10 kB that notes whether it was cancelled. */
function streamOf(bytes: Uint8Array): { stream: ReadableStream<Uint8Array>; ended: () => boolean } {
  let at = 0;
  let ended = false;
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (at >= bytes.length) {
        ended = true;
        controller.close();
      } else controller.enqueue(bytes.subarray(at, at += 10_000));
    },
    cancel: () => void (ended = true),
  });
  return { stream, ended: () => ended };
}

const textOf = (stream: ReadableStream<Uint8Array>) =>
  new Response(stream as ReadableStream<Uint8Array<ArrayBuffer>>).text();

for (const codec of ["gzip", "zstd"] as const) {
  const packed: Uint8Array = codec === "gzip" ? gzipSync(BYTES) : zstdCompressSync(BYTES);

  Deno.test(`${codec}: what is compressed comes back`, async () => {
    const there = compress(streamOf(BYTES).stream, codec);
    assert.equal(await textOf(decompress(there, codec, "a.csv")), TEXT);
    await verifyCompressed(streamOf(packed).stream, { compression: codec, path: "a.csv" });
  });

  Deno.test(`${codec}: several compressed texts in a row are one`, async () => {
    const twice = new Uint8Array([...packed, ...packed]);
    assert.equal(await textOf(decompress(streamOf(twice).stream, codec, "a.csv")), TEXT + TEXT);
  });

  Deno.test(`${codec}: a file that is cut off, or is something else, is an error with its name`, async () => {
    const broken = { "cut off": packed.subarray(0, packed.length * 0.6), "something else": BYTES };
    for (const [what, bytes] of Object.entries(broken)) {
      const read = textOf(decompress(streamOf(bytes).stream, codec, "in.csv"));
      await assert.rejects(read, { code: "CORRUPT_FILE", message: /in\.csv/ }, what);
      const verified = verifyCompressed(streamOf(bytes).stream, { compression: codec, path: "in.csv" });
      await assert.rejects(verified, { code: "CORRUPT_FILE", message: /in\.csv/ }, what);
    }
  });

  Deno.test(`${codec}: a reader that has seen enough closes the file`, async () => {
    const { stream, ended } = streamOf(packed);
    const reader = decompress(stream, codec, "a.csv").getReader();
    await reader.read();
    await reader.cancel();
    await new Promise((done) => setTimeout(done, 50));
    assert.ok(ended());
  });
}

Deno.test("an error of the disk stays what it is", async () => {
  const stream = new ReadableStream<Uint8Array>({
    pull: () => {
      throw new Deno.errors.PermissionDenied("no");
    },
  });
  await assert.rejects(textOf(decompress(stream, "gzip", "a.csv")), Deno.errors.PermissionDenied);
});
