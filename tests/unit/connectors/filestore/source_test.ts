import assert from "node:assert/strict";
import { gzipSync, zstdCompressSync } from "node:zlib";
import {
  groupFiles,
  planFullRead,
  planModifiedTime,
} from "../../../../src/connectors/filestore/file_batches.ts";
import { findPartitions } from "../../../../src/connectors/filestore/partitions.ts";
import { DataLoaderError, EMPTY_SOURCE_STATE, formatType, parseType } from "../../../../src/sdk/mod.ts";
import { bench, MODIFIED, readRequest } from "./support.ts";

const file = (path: string, size = 10, modified = 1) => ({ path, size, modified });

Deno.test("groupFiles: in order, about the limit each, a larger file alone", () => {
  const cases: [number[], number, number[][]][] = [
    [[], 100, []],
    [[50, 50, 50], 100, [[50, 50], [50]]],
    [[500, 10], 100, [[500], [10]]],
    [[10, 500], 100, [[10], [500]]],
    [[0, 0, 0], 100, [[0, 0, 0]]],
    [[10, 10], 0, [[10], [10]]],
  ];
  for (const [sizes, limit, expected] of cases) {
    const groups = groupFiles(sizes.map((size, i) => file(`f${i}`, size)), limit);
    assert.deepEqual(groups.map((group) => group.map((f) => f.size)), expected, sizes.join());
  }
});

Deno.test("planFullRead: a run that was cut off goes on behind its checkpoint; the next reads all", () => {
  const files = ["in/a", "in/b", "in/c"].map((path) => file(path));
  const options = { base: "in", runId: "r1", limit: 1 };
  const plan = planFullRead(files, EMPTY_SOURCE_STATE, options);
  assert.deepEqual(plan.map((batch) => batch.files[0]!.path), ["in/a", "in/b", "in/c"]);
  assert.deepEqual(plan.map((batch) => batch.state.checkpoints), [[{ run: "r1", through: "a" }], [{
    run: "r1",
    through: "b",
  }], [{ run: "r1", through: "c" }]]);
  const rest = planFullRead(files, plan[0]!.state, options);
  assert.deepEqual(rest.map((batch) => batch.files[0]!.path), ["in/b", "in/c"]);
  assert.equal(planFullRead(files, plan[2]!.state, options).length, 0, "cut off behind its last batch");
  assert.equal(planFullRead(files, { ...plan[2]!.state, checkpoints: [] }, options).length, 3, "complete");
});

Deno.test("planModifiedTime: new and changed files only, and each batch's state says what is in", () => {
  const options = { base: "in", runId: "r1", limit: 1 };
  const first = planModifiedTime([file("in/a"), file("in/b")], EMPTY_SOURCE_STATE, options);
  assert.deepEqual(first.map((batch) => batch.state.metadata.files), [{ a: [1, 10] }, {
    a: [1, 10],
    b: [1, 10],
  }]);
  assert.deepEqual(first.map((batch) => batch.state.checkpoints.length), [1, 1]);
  const state = first[1]!.state;
  const cases: [string, ReturnType<typeof file>[], string[]][] = [
    ["nothing new", [file("in/a"), file("in/b")], []],
    ["new", [file("in/a"), file("in/b"), file("in/c")], ["in/c"]],
    ["touched", [file("in/a", 10, 2), file("in/b")], ["in/a"]],
    ["grown in the same moment", [file("in/a", 11, 1), file("in/b")], ["in/a"]],
    ["set back", [file("in/a", 10, 0), file("in/b")], ["in/a"]],
    ["gone and back", [file("in/b")], []],
  ];
  for (const [name, files, expected] of cases) {
    const plan = planModifiedTime(files, state, options);
    assert.deepEqual(plan.flatMap((batch) => batch.files.map((f) => f.path)), expected, name);
  }
  // A file that is away for a while is not loaded again when it is back.
  const away = planModifiedTime([file("in/c")], state, options)[0]!.state;
  assert.deepEqual(planModifiedTime([file("in/a"), file("in/b"), file("in/c")], away, options), []);
  // Cut off after the first batch: the rest is what is missing.
  assert.deepEqual(
    planModifiedTime([file("in/a"), file("in/b")], first[0]!.state, options).map((x) => x.files[0]!.path),
    ["in/b"],
  );
});

Deno.test("findPartitions", () => {
  const find = (paths: string[], mode: "auto" | boolean = "auto") => {
    const found = findPartitions(paths, { base: "in", mode, columns: new Map([["z", parseType("date")!]]) });
    return found && Object.fromEntries([...found].map(([key, type]) => [key, formatType(type)]));
  };
  assert.deepEqual(find(["in/y=2024/m=01/a", "in/y=2023/m=12/b"]), { y: "int64", m: "string" });
  assert.deepEqual(find(["in/d=2024-01-01/a", "in/d=__HIVE_DEFAULT_PARTITION__/b"]), { d: "date" });
  assert.deepEqual(find(["in/z=1/a", "in/z=2/a"]), { z: "date" });
  assert.deepEqual(find(["in/k%20x=a%2Fb/a", "in/k%20x=c/a"]), { "k x": "string" });
  assert.equal(find(["in/a", "in/b"]), undefined);
  assert.equal(find(["in/y=1/a", "in/b"]), undefined);
  assert.equal(find(["in/y=1/a", "in/y=2/b"], false), undefined);
  assert.throws(() => find(["in/y=1/a", "in/b"], true), { code: "PARTITION_MISMATCH" });
});

Deno.test(
  "modified_time over real files: new, changed, unchanged; an emptied folder is no error, one that is gone is",
  bench(async (b) => {
    await b.put("in/a.csv", "i\n1\n");
    await b.put("in/b.csv", "i\n2\n");
    const config = { path: "in/*.csv" };
    const first = await b.read(config, { incremental: MODIFIED });
    assert.deepEqual(first.rows.map((row) => row.i), [1n, 2n]);
    assert.deepEqual(Object.keys(first.state.metadata.files!), ["a.csv", "b.csv"]);
    const again = await b.read(config, { incremental: MODIFIED, state: first.state });
    assert.equal(again.batches.length, 0);
    await b.put("in/b.csv", "i\n2\n3\n");
    await b.put("in/c.csv", "i\n4\n");
    const third = await b.read(config, { incremental: MODIFIED, state: first.state });
    assert.deepEqual(third.rows.map((row) => row.i), [2n, 3n, 4n]);
    const description = await (await b.source(config)).describe(
      readRequest({ incremental: MODIFIED }),
      first.state,
    );
    assert.deepEqual([description.files, description.statements.length], [2, 2]);
    for (const name of ["a", "b", "c"]) await Deno.remove(`${b.folder}/in/${name}.csv`);
    assert.equal((await b.read(config, { incremental: MODIFIED, state: third.state })).batches.length, 0);
    await Deno.remove(`${b.folder}/in`, { recursive: true });
    // A folder that is not there is not one that was emptied.
    await assert.rejects(b.read(config, { incremental: MODIFIED, state: third.state }), { code: "NO_FILES" });
    await assert.rejects(b.read(config, { incremental: MODIFIED }), { code: "NO_FILES" });
  }),
);

Deno.test(
  "cursor over all files",
  bench(async (b) => {
    await b.put("in/a.csv", "i,t\n1,2024-01-01\n2,2024-01-02\n");
    const incremental = { strategy: "cursor", cursorColumn: "i", onNull: "error", order: "none" } as const;
    const first = await b.read({ path: "in/", format: "csv" }, { incremental });
    assert.equal(first.rows.length, 2);
    assert.deepEqual(first.state.cursor_values, { i: "2" });
    await b.put("in/b.csv", "i,t\n3,2024-01-03\n");
    const second = await b.read({ path: "in/", format: "csv" }, { incremental, state: first.state });
    assert.deepEqual(second.rows.map((row) => row.i), [3n]);
    const description = await (await b.source({ path: "in/", format: "csv" }))
      .describe(readRequest({ incremental }), first.state);
    assert.match(description.resumesFrom!, /2/);
  }),
);

Deno.test(
  "folders, hive partitions, file names, misfits that are traced to their line",
  bench(async (b) => {
    await b.put("in/y=2024/a.csv", "i\n1\n");
    await b.put("in/y=2025/b.csv", "i\n2\n");
    await b.put("in/y=2025/notes.md", "no data");
    const { rows } = await b.read({ path: "in/", format: "csv", filename_column: "f" });
    assert.deepEqual(rows, [
      { i: 1n, y: 2024n, f: `${b.folder}/in/y=2024/a.csv` },
      { i: 2n, y: 2025n, f: `${b.folder}/in/y=2025/b.csv` },
    ]);
    assert.deepEqual((await b.read({ path: "in/", format: "csv", hive_partitioning: false })).rows, [{
      i: 1n,
    }, { i: 2n }]);
    assert.deepEqual((await b.read({ path: "in/", format: "csv", columns: { y: "string" } })).rows[0], {
      i: 1n,
      y: "2024",
    });
    await b.put("late.csv", `i\n${"1\n".repeat(21_000)}x\n`);
    const source = await b.source({ path: "late.csv" });
    for await (const read of source.readBatches(readRequest(), EMPTY_SOURCE_STATE)) {
      const error = await b.session.run(`CREATE TABLE t AS ${read.batch.sql}`).catch((e) => e);
      assert.ok(error instanceof DataLoaderError);
      const found = await read.diagnose!(error);
      assert.deepEqual([found?.context.line, found?.context.column], [21_002, "i"]);
    }
  }),
);

Deno.test(
  "skipped lines are told, with the first",
  bench(async (b) => {
    await b.put("a.csv", "i,j\n1,2\n3\n4,5,6\n7,8\n");
    const { rows, batches } = await b.read({ path: "a.csv", ragged: "skip" });
    assert.equal(rows.length, 2);
    const left = await batches[0]!.leftOut!();
    assert.equal(left?.rows, 2);
    assert.match(left!.reason, /line 3 of .*a\.csv the first/);
  }),
);

Deno.test(
  "missing files, empty globs and folders: the error names what is there",
  bench(async (b) => {
    await b.put("orders.csv", "i\n1\n");
    const cases: [Record<string, unknown> & { path: string }, string, RegExp][] = [
      [{ path: "order.csv" }, "FILE_NOT_FOUND", /orders\.csv/],
      [{ path: "*.json" }, "NO_FILES", /orders\.csv/],
      [{ path: "./", format: "parquet" }, "NO_FILES", /orders\.csv/],
      [{ path: "gone/", format: "csv" }, "NO_FILES", /not there/],
    ];
    for (const [config, code, hint] of cases) {
      const error = await b.read(config).catch((e) => e);
      assert.equal(error.code, code, config.path);
      assert.match(error.hint, hint);
      await assert.rejects((await b.source(config)).check(), {
        code: code === "NO_FILES" ? "NO_FILES" : code,
      });
    }
    assert.match((await (await b.source({ path: "*.csv" })).check()).join(), /1 file of format csv/);
  }),
);

Deno.test(
  "files that are cut off are refused before a row is handed out",
  bench(async (b) => {
    const lines = Array.from({ length: 50_000 }, (_, i) => `${i},${(i * 7919) % 100_003}`).join("\n");
    const jsonl = Array.from({ length: 50_000 }, (_, i) => `{"i":${i},"x":${(i * 7919) % 100_003}}`).join(
      "\n",
    );
    const whole: [string, Uint8Array][] = [
      ["a.csv.gz", gzipSync(`i,x\n${lines}\n`)],
      ["a.csv.zst", zstdCompressSync(`i,x\n${lines}\n`)],
      ["a.jsonl.gz", gzipSync(jsonl)],
      ["a.jsonl.zst", zstdCompressSync(jsonl)],
    ];
    for (const [name, bytes] of whole) {
      await b.put(name, bytes);
      assert.equal((await b.read({ path: name })).rows.length, 50_000, name);
      for (const part of [0.5, 0.9, 1 - 5 / bytes.length]) {
        await b.put(`cut-${name}`, bytes.subarray(0, Math.floor(bytes.length * part)));
        const error = await b.read({ path: `cut-${name}` }).catch((e) => e);
        assert.ok(error instanceof DataLoaderError, `${name} ${part} was taken`);
        assert.ok(error.message.includes(`cut-${name}`), error.message);
      }
    }
    const two = new Uint8Array([...gzipSync("i\n1\n"), ...gzipSync("2\n")]);
    await b.put("two.csv.gz", two);
    assert.equal((await b.read({ path: "two.csv.gz" })).rows.length, 2);
  }),
);

Deno.test(
  "files that were loaded and have changed are told where rows are appended",
  bench(async (b) => {
    await b.put("in/a.csv", "i\n1\n");
    const config = { path: "in/*.csv" };
    const { state } = await b.read(config, { incremental: MODIFIED });
    await b.put("in/a.csv", "i\n1\n2\n");
    await b.put("in/b.csv", "i\n3\n");
    b.logs.length = 0;
    await b.read(config, { incremental: MODIFIED, state });
    assert.match(b.logs.join(), /have changed, and all of their rows are appended again: a\.csv\.$/);
    const request = { ...readRequest({ incremental: MODIFIED }), writeMode: "append" as const };
    const { warnings } = await (await b.source(config)).describe(request, state);
    assert.match(warnings.join(), /appended again: a\.csv/);
  }),
);
