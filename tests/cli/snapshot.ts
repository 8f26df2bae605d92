/** Compares text with a file in `snapshots/`. `UPDATE_SNAPSHOTS=1 deno test -A tests/cli` writes them anew. */
import assert from "node:assert/strict";

const DIRECTORY = new URL("./snapshots/", import.meta.url);

/** Asserts that `text`, with what changes from run to run replaced, is what the snapshot holds. */
export async function assertSnapshot(
  name: string,
  text: string,
  options: { dir?: string } = {},
): Promise<void> {
  const file = new URL(`${name}.txt`, DIRECTORY);
  const actual = normalize(text, options.dir);
  if (Deno.env.get("UPDATE_SNAPSHOTS") === "1") {
    await Deno.mkdir(DIRECTORY, { recursive: true });
    await Deno.writeTextFile(file, actual);
    return;
  }
  let expected: string;
  try {
    expected = await Deno.readTextFile(file);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    assert.fail(`There is no snapshot ${name}: write it with UPDATE_SNAPSHOTS=1 and look at it.\n${actual}`);
  }
  assert.equal(actual, expected, `Snapshot ${name} differs; UPDATE_SNAPSHOTS=1 takes the new text.`);
}

/** Replaces paths, times, durations, speeds and ids. */
export function normalize(text: string, dir?: string): string {
  let normal = dir === undefined ? text : text.replaceAll(dir, "<dir>");
  normal = normal
    .replaceAll("\\", Deno.build.os === "windows" ? "/" : "\\")
    .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, "<uuid>")
    .replaceAll(/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, "<time>")
    .replaceAll(/"duration_ms": ?\d+(\.\d+)?/g, '"duration_ms":<ms>')
    .replaceAll(/"(rows_per_second|peak_memory_bytes)": ?\d+/g, '"$1":<number>')
    .replaceAll(/\b[\d.,]+( [kMG])? rows\/s/g, "<speed> rows/s")
    .replaceAll(/\b(in|after) \d+(\.\d+)?(ms|s)\b/g, "$1 <duration>")
    .replaceAll(/\(\d+(\.\d+)?(ms|s)\)/g, "(<duration>)")
    .replaceAll(/_[0-9a-f]{8}\b/g, "_<hash>")
    .replaceAll(/"fingerprint": "[0-9a-f]{16}"/g, '"fingerprint": "<hash>"');
  return normal;
}
