import assert from "node:assert/strict";
import { copySomeLines } from "../../../src/formats/line_sample.ts";
import type { ScanContext, Session } from "../../../src/sdk/mod.ts";

/** Files in memory; `read` counts the bytes asked for. */
async function sample(contents: Record<string, string>, bytes: number) {
  const directory = await Deno.makeTempDir();
  let read = 0;
  const encoded = new Map(
    Object.entries(contents).map(([path, text]) => [path, new TextEncoder().encode(text)]),
  );
  const context: ScanContext = {
    session: undefined as unknown as Session,
    signal: new AbortController().signal,
    open: () => Promise.reject(new Error("not the whole file")),
    openRange: (path, start, end) => {
      read += end - start;
      return Promise.resolve(ReadableStream.from([encoded.get(path)!.slice(start, end)]));
    },
    size: (path) => encoded.get(path)!.length,
    temporaryDirectory: () => Promise.resolve(directory),
  };
  try {
    const copies = (await copySomeLines(context, Object.keys(contents), { bytes }))!;
    const lines: [string, string[]][] = [];
    for (const [copy, path] of copies) {
      lines.push([path, (await Deno.readTextFile(copy)).split("\n").filter((line) => line !== "")]);
    }
    return { lines, read };
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

const text = (rows: number, name: string) =>
  Array.from({ length: rows }, (_, i) => `{"id": ${i}, "name": "${name} größe ${"x".repeat(i % 90)}"}`).join(
    "\n",
  ) + "\n";

Deno.test("only whole lines are copied, from all over the file", async () => {
  const content = text(60_000, "a");
  const { lines: [[, lines]], read } = await sample({ "a.jsonl": content }, 1024 * 1024) as {
    lines: [[string, string[]]];
    read: number;
  };
  const all = new Set(content.split("\n"));
  assert.ok(lines.every((line) => all.has(line)));
  const ids = lines.map((line) => JSON.parse(line).id as number);
  for (const quarter of [0, 1, 2, 3]) {
    assert.ok(ids.some((id) => id >= quarter * 15_000 && id < (quarter + 1) * 15_000), `quarter ${quarter}`);
  }
  assert.ok(read <= 1.3 * 1024 * 1024, `${read} bytes are read`);
});

Deno.test("places are as far from each other as over one file", async () => {
  const files = { "a.jsonl": text(10, "a"), "b.jsonl": text(20, "b").trimEnd() };
  const { lines } = await sample(files, 1024 * 1024);
  assert.deepEqual(lines.map(([path]) => path), ["a.jsonl"]);
  assert.equal(lines[0]![1].length, 10);
});

Deno.test("of many files some are looked at", async () => {
  const files = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`${i}.jsonl`, text(2_000, "a")]));
  const { lines } = await sample(files, 2 * 1024 * 1024);
  assert.ok(lines.length >= 6 && lines.length <= 10, `${lines.length} files`);
});

Deno.test("a line that is longer than a place is passed over", async () => {
  const { lines } = await sample(
    { "a.jsonl": `{"id": "${"x".repeat(2_000_000)}"}\n{"id": 1}\n` },
    512 * 1024,
  );
  assert.ok(lines.flatMap(([, found]) => found).every((line) => JSON.parse(line) !== undefined));
});
