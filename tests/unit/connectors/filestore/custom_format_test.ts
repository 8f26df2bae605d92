/** Formats of users' modules, through the same doors as those that ship. */
import assert from "node:assert/strict";
import { Int32, type RecordBatch, Table, Utf8, vectorFromArray } from "apache-arrow";
import { z } from "zod";
import { filestore } from "../../../../src/connectors/filestore/mod.ts";
import { defineFormat, registerFormat } from "../../../../src/sdk/mod.ts";
import { bench, MODIFIED, openLoad, position } from "./support.ts";

/** `key: value` a line, as columns: what a user would write for a format of their own. */
const pairs = defineFormat({
  name: "pairs",
  summary: "A key and a value a line",
  extensions: [".pairs"],
  options: z.strictObject({
    separator: z.string().optional().describe("Between key and value. Default: `: `."),
  }),
  compressions: ["none", "gzip"],
  async *readArrow(bytes, options, { path }): AsyncGenerator<RecordBatch> {
    const text = await new Response(bytes).text();
    const lines = text.split("\n").filter((line) => line !== "").map((line) =>
      line.split(options.separator ?? ": ")
    );
    if (lines.some((line) => line.length !== 2)) {
      throw new Error(`a line of ${path.split("/").at(-1)} is no pair`);
    }
    const table = new Table({
      key: vectorFromArray(lines.map((line) => line[0]!), new Utf8()),
      value: vectorFromArray(lines.map((line) => Number(line[1])), new Int32()),
    });
    yield* table.batches;
  },
  async writeArrow(batches, options) {
    const lines: string[] = [];
    for await (const batch of batches) {
      for (const row of new Table([batch])) {
        lines.push(`${row.key}${options.separator ?? ": "}${row.value}\n`);
      }
    }
    return new Response(lines.join("")).body!;
  },
});
registerFormat("pairs", pairs);

/** A text of the engine's own, with a scan that needs nothing found first. */
registerFormat(
  "lines",
  defineFormat({
    name: "lines",
    summary: "A text a line",
    extensions: [".lines"],
    options: z.strictObject({}),
    compressions: ["none", "gzip"],
    scan: (input) =>
      `SELECT line FROM read_csv([${
        input.files.map((f) => `'${f}'`).join(", ")
      }], auto_detect = false, header = false,
     delim = '', quote = '', escape = '', columns = {line: 'VARCHAR'})`,
    copyOptions: () => ["FORMAT csv", "HEADER false", "QUOTE ''", "ESCAPE ''", "DELIMITER ''"].slice(0, 2),
  }),
);

Deno.test(
  "readArrow: one batch a file, incremental by modified_time, errors that name the file",
  bench(async (b) => {
    await b.put("in/a.pairs", "x: 1\ny: 2\n");
    await b.put("in/b.pairs", "z: 3\n");
    const config = { path: "in/*.pairs" };
    const first = await b.read(config, { incremental: MODIFIED });
    assert.equal(first.batches.length, 2);
    assert.deepEqual(first.rows, [{ key: "x", value: 1 }, { key: "y", value: 2 }, { key: "z", value: 3 }]);
    assert.deepEqual(first.batches.map((batch) => batch.state.checkpoints.length), [1, 1]);
    assert.equal((await b.read(config, { incremental: MODIFIED, state: first.state })).batches.length, 0);
    const rest = await b.read(config, { incremental: MODIFIED, state: first.batches[0]!.state });
    assert.deepEqual(rest.rows, [{ key: "z", value: 3 }]);
    const equals = await b.put("c.pairs", "x=1\n");
    assert.deepEqual((await b.read({ path: "c.pairs", separator: "=" })).rows, [{ key: "x", value: 1 }]);
    const error = await b.read({ path: "c.pairs" }).catch((e) => e);
    assert.deepEqual([error.code, error.context.file], ["FORMAT_ERROR", equals]);
  }),
);

Deno.test(
  "writeArrow: one file of several batches, a folder, compressed",
  bench(async (b) => {
    const selects = ["SELECT 'x' AS key, 1 AS value", "SELECT 'y' AS key, 2 AS value"];
    for (const path of ["out.pairs", "out.pairs.gz", "out/"]) {
      const mode = path === "out/" ? "append" : "overwrite";
      const { load } = await openLoad(await b.destination({ path, format: "pairs" }), { mode });
      for (const [i, sql] of selects.entries()) {
        const result = await load.writeBatch(await b.select(sql), position(i + 1));
        assert.equal(result.rowsWritten, 1);
      }
      await load.commit(position(3, { complete: true }));
      assert.deepEqual(
        (await b.read({ path, format: "pairs" })).rows.map((row) => row.key),
        ["x", "y"],
        path,
      );
    }
    assert.equal(await b.text("out.pairs"), "x: 1\ny: 2\n");
  }),
);

Deno.test(
  "scan and copyOptions alone: the engine reads and writes",
  bench(async (b) => {
    await b.put("a.lines", "one\ntwo\n");
    assert.deepEqual((await b.read({ path: "a.lines" })).rows, [{ line: "one" }, { line: "two" }]);
    const { load } = await openLoad(await b.destination({ path: "b.lines" }), { mode: "overwrite" });
    await load.writeBatch(await b.select("SELECT 'one' AS line"), position(1));
    await load.writeBatch(await b.select("SELECT 'two' AS line"), position(2));
    await load.commit(position(3, { complete: true }));
    assert.equal(await b.text("b.lines"), "one\ntwo\n");
  }),
);

Deno.test("options of a registered format are keys of filestore; what it can't do is a problem", () => {
  assert.ok(filestore.config.safeParse({ path: "a.pairs", separator: "=" }).success);
  assert.ok(!filestore.config.safeParse({ path: "a.pairs", separator: 1 }).success);
  const by = (
    strategy: "cursor" | "modified_time",
  ) => ({
    strategy,
    cursorColumn: strategy === "cursor" ? "value" : undefined,
    onNull: "error",
    order: "none",
  } as const);
  assert.equal(
    filestore.checkRead!({ path: "a.pairs" }, { incremental: by("cursor") })[0]?.key.join("."),
    "incremental.strategy",
  );
  assert.deepEqual(filestore.checkRead!({ path: "a.pairs" }, { incremental: by("modified_time") }), []);
  const planned = { mode: "append", mergeKeys: [], strategy: "upsert" } as const;
  const problems = filestore.checkWrite!({ path: "o/", format: "pairs", max_rows_per_file: 5 }, planned);
  assert.equal(problems[0]?.key.join("."), "max_rows_per_file");
});
