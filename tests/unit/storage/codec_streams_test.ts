import assert from "node:assert/strict";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { compress, decompress, verifyCompressed } from "../../../src/storage/mod.ts";

const text = Array.from({ length: 40_000 }, (_, i) => `${i},${(i * 7919) % 100_003}`).join("\n");
const stream = (bytes: Uint8Array, size = 10_000) =>
  ReadableStream.from((function* () {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
  })());

Deno.test("round trip, and streams of several members", async () => {
  for (const codec of ["gzip", "zstd", "none", undefined] as const) {
    const there = compress(stream(new TextEncoder().encode(text)), codec);
    assert.equal(await new Response(decompress(there, codec, "f")).text(), text, codec);
  }
  const two = new Uint8Array([...gzipSync("ab"), ...gzipSync("cd")]);
  assert.equal(await new Response(decompress(stream(two), "gzip", "f")).text(), "abcd");
  assert.throws(() => decompress(stream(two), "snappy", "f"), { code: "UNSUPPORTED_COMPRESSION" });
});

Deno.test("a source that fails, and a reader that has seen enough", async () => {
  const failing = new ReadableStream<Uint8Array>({
    pull(controller) {
      controller.error(new Error("connection lost"));
    },
  });
  await assert.rejects(new Response(decompress(failing, "gzip", "f")).text(), /connection lost/);
  let cancelled = false;
  const bytes = gzipSync(text);
  const endless = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(bytes),
    cancel: () => void (cancelled = true),
  });
  const reader = decompress(endless, "gzip", "f").getReader();
  assert.ok((await reader.read()).value!.length > 0);
  await reader.cancel();
  // The codec's stream closes its source a turn later.
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.ok(cancelled);
});

Deno.test("verifyCompressed: whole files pass, cut and damaged ones do not", async () => {
  for (const [codec, bytes] of [["gzip", gzipSync(text)], ["zstd", zstdCompressSync(text)]] as const) {
    const check = (content: Uint8Array, size?: number) =>
      verifyCompressed(stream(content, size), { compression: codec, path: "in/x" });
    await check(bytes);
    await check(bytes, 1);
    await check(new Uint8Array([...bytes, ...bytes]));
    for (const cut of [1, 3, 5, 9, bytes.length >> 1, bytes.length - 1]) {
      await assert.rejects(check(bytes.subarray(0, cut)), (error: Error & { code: string }) => {
        assert.equal(error.code, "CORRUPT_FILE", `${codec} ${cut}`);
        assert.match(error.message, /in\/x/);
        return true;
      });
    }
    await assert.rejects(check(new TextEncoder().encode("plain text, no archive")), { code: "CORRUPT_FILE" });
  }
  const damaged = gzipSync(text);
  damaged[damaged.length >> 1]! ^= 0xff;
  await assert.rejects(verifyCompressed(stream(damaged), { compression: "gzip", path: "x" }), {
    code: "CORRUPT_FILE",
  });
  // A skippable frame, as pzstd writes them, and a frame with a checksum.
  const skippable = new Uint8Array([0x50, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 9, 9]);
  await verifyCompressed(stream(new Uint8Array([...skippable, ...zstdCompressSync("x")])), {
    compression: "zstd",
    path: "x",
  });
});
