import assert from "node:assert/strict";
import { Collector } from "../../../src/engine/validation/collector.ts";
import { QuarantineFile } from "../../../src/engine/validation/quarantine_file.ts";
import { TextSpool } from "../../../src/engine/validation/text_spool.ts";
import { EMPTY_SOURCE_STATE, type Position } from "../../../src/sdk/mod.ts";
import { type Fate, numberedChecks, type Rule } from "../../../src/validate/mod.ts";

async function all(spool: TextSpool): Promise<string[]> {
  const texts: string[] = [];
  for await (const some of spool.read()) texts.push(...some);
  return texts;
}

Deno.test("texts are kept in memory and in a temporary file, in order, and are gone when cleared", async () => {
  const directory = await Deno.makeTempDir();
  const spool = new TextSpool(directory);
  const expected = Array.from({ length: 3_000 }, (_, i) => `${i} ${"größe 🚀 ".repeat(500)}`);
  for (const text of expected) spool.push(text);
  assert.equal([...Deno.readDirSync(directory)].length, 1, "more than 8 MiB go into a file");
  assert.equal(spool.count, expected.length);
  assert.deepEqual(await all(spool), expected);
  spool.push("one more");
  assert.deepEqual((await all(spool)).at(-1), "one more");
  spool.clear();
  assert.equal(spool.count, 0);
  assert.deepEqual(await all(spool), []);
  assert.deepEqual([...Deno.readDirSync(directory)], []);
  spool.push("again");
  assert.deepEqual(await all(spool), ["again"]);
  await Deno.remove(directory, { recursive: true });
});

const position = (sequence: number, runId = "run-1"): Position => ({
  runId,
  sequence,
  complete: false,
  state: EMPTY_SOURCE_STATE,
});

function rows(...ids: number[]): TextSpool {
  const spool = new TextSpool();
  for (const id of ids) spool.push(`[{"rule":"r"}]\t{"id":${id}}`);
  return spool;
}

for (const ending of ["q.jsonl", "q/"]) {
  Deno.test(`a batch that is replayed takes the place of what it wrote before: ${ending}`, async () => {
    const directory = await Deno.makeTempDir();
    const path = `${directory}/${ending}`;
    const file = new QuarantineFile({ path, recipe: "a", resource: "main" });
    const other = new QuarantineFile({ path, recipe: "b", resource: "main" });
    const time = "2024-01-01T00:00:00Z";
    const ids = async () => {
      const names = ending.endsWith("/")
        ? [...Deno.readDirSync(path)].map(({ name }) => path + name)
        : [path];
      const texts = await Promise.all(names.map((name) => Deno.readTextFile(name)));
      return texts.join("").split("\n").filter(Boolean).map((line) => JSON.parse(line).row.id).sort((a, b) =>
        a - b
      );
    };
    await file.write(rows(1, 2), { position: position(1), time });
    await other.write(rows(100), { position: position(1), time });
    await file.write(rows(3), { position: position(2), time });
    assert.deepEqual(await ids(), [1, 2, 3, 100]);
    // Cut off before the commit: the run is taken up, or another begins at the same place.
    await file.write(rows(3), { position: position(2), time });
    await file.write(rows(4, 5), { position: position(2, "run-2"), time });
    assert.deepEqual(await ids(), [1, 2, 4, 5, 100]);
    // The rows are good now.
    await file.write(rows(), { position: position(2, "run-2"), time });
    assert.deepEqual(await ids(), [1, 2, 100]);
    await file.write(rows(7), { position: position(3, "run-3"), time });
    await file.keepOnly("run-3");
    assert.deepEqual(await ids(), [7, 100]);
    const left = [...Deno.readDirSync(directory)].map(({ name }) => name).filter((name) =>
      name.endsWith(".tmp")
    );
    assert.deepEqual(left, []);
    await Deno.remove(directory, { recursive: true });
  });
}

Deno.test("a quarantine file that can't be written stops the batch, and says what to do", async () => {
  const file = new QuarantineFile({ path: "/proc/none/q.jsonl", recipe: "a", resource: "main" });
  await assert.rejects(
    file.write(rows(1), { position: position(1), time: "" }),
    (error: Error & { code?: string; hint?: string }) =>
      error.code === "QUARANTINE_FAILED" && /validation\.quarantine/.test(error.hint!),
  );
});

const rule = (name: string, fate: Fate): Rule => ({
  name,
  columns: [],
  checks: [{ kind: "expression", sql: "x", name }],
  optional: false,
  severity: "error",
  fate,
});

Deno.test("a row gets the strongest of what the rules that it breaks ask; an attempt forgets the one before", () => {
  const checks = numberedChecks([
    rule("w", "warn"),
    rule("s", "skip"),
    rule("q", "quarantine"),
    rule("f", "fail"),
  ]);
  const collector = new Collector(checks, {});
  const text = (broken: string) => `${broken}\t[]\t{}`;
  collector.take([text("0"), text("0,1"), text("1,2")]);
  collector.begin();
  collector.take([text("0"), text("0,1"), text("1,2"), text("0,1,2,3"), text("2")]);
  const { checks: counts, ...fates } = collector.count;
  assert.deepEqual(fates, { fail: 1, quarantine: 2, skip: 1, warn: 1 });
  assert.deepEqual(counts, [3, 3, 3, 1]);
  assert.equal(collector.quarantined.count, 2);
});

Deno.test("a statement ends when there is no use in going on", () => {
  const failing = new Collector(numberedChecks([rule("f", "fail")]), {});
  const texts = Array.from({ length: 2_000 }, () => "0\t[]\t{}");
  assert.throws(() => failing.take(texts), /validation stops the load/);
  assert.ok(failing.stopped);
  const limited = new Collector(numberedChecks([rule("s", "skip")]), { maxRejected: 1 });
  limited.take(["0\t[]\t{}"]);
  assert.ok(!limited.stopped);
  assert.throws(() => limited.take(["0\t[]\t{}"]));
  limited.begin();
  assert.ok(!limited.stopped);
});
