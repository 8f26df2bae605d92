import assert from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import { type Bench, bench, loadRequest, openLoad, position } from "./support.ts";

/** Overwrites one file with some batches. */
async function write(
  b: Bench,
  config: Record<string, unknown> & { path: string },
  selects: string[],
): Promise<void> {
  const { load } = await openLoad(await b.destination(config), { mode: "overwrite" });
  for (const [index, sql] of selects.entries()) {
    await load.writeBatch(await b.select(sql), position(index + 1));
  }
  await load.commit(position(selects.length + 1, { complete: true }));
}

Deno.test(
  "one file of several batches, of none with rows, and what it looks like",
  bench(async (b) => {
    const two = ["SELECT 1 AS i, 'x' AS t", "SELECT 2 AS i, NULL::VARCHAR AS t", "SELECT 3 AS i, '' AS t"];
    const some = ["SELECT 1 AS i WHERE false", "SELECT 2 AS i", "SELECT 3 AS i WHERE false", "SELECT 4 AS i"];
    const none = ["SELECT 1 AS i WHERE false"];
    const cases: [string, Record<string, unknown>, string[], string][] = [
      ["a.csv", {}, two, 'i,t\n1,x\n2,\n3,""\n'],
      ["b.csv", {}, some, "i\n2\n4\n"],
      ["c.csv", {}, none, "i\n"],
      ["d.csv", { header: false, delimiter: ";", null_strings: ["NULL"] }, two, "1;x\n2;NULL\n3;\n"],
      ["e.tsv", {}, two, 'i\tt\n1\tx\n2\t\n3\t""\n'],
      ["f.csv", { quote: "'" }, ["SELECT 'it''s, ok' AS t"], "t\n'it''s, ok'\n"],
      ["g.csv", { date_format: "%d.%m.%Y" }, ["SELECT DATE '2024-12-31' AS d"], "d\n31.12.2024\n"],
      ["a.jsonl", {}, two, '{"i":1,"t":"x"}\n{"i":2,"t":null}\n{"i":3,"t":""}\n'],
      ["b.jsonl", {}, none, ""],
      ["a.json", {}, some, '[\n\t{"i":2},\n\t{"i":4}\n]\n'],
      ["b.json", {}, none, "[]"],
      ["c.json", {}, ["SELECT [1, 2] AS l", "SELECT [3] AS l"], '[{"l":[1,2]},{"l":[3]}]'],
      ["d.json", {}, ["SELECT 1 AS i"], '[{"i":1}]'],
    ];
    for (const [file, config, selects, expected] of cases) {
      await write(b, { path: file, ...config }, selects);
      const text = await b.text(file);
      if (file.endsWith(".json")) assert.deepEqual(JSON.parse(text), JSON.parse(expected), file);
      else assert.equal(text, expected, file);
    }
    assert.ok(
      (await b.tree()).every((name) => !name.includes("_dataloader_loads")),
      "nothing is left beside the files",
    );
  }),
);

Deno.test(
  "compressed and binary files of several batches read back whole",
  bench(async (b) => {
    const selects = ["SELECT 1::BIGINT AS i, 'x' AS t", "SELECT 2::BIGINT AS i, '' AS t"];
    const files = [
      "a.csv.gz",
      "a.csv.zst",
      "a.jsonl.gz",
      "a.jsonl.zst",
      "a.json.gz",
      "a.json.zst",
      "a.parquet",
    ];
    for (const path of files) {
      await write(b, { path }, selects);
      assert.deepEqual((await b.read({ path })).rows, [{ i: 1n, t: "x" }, { i: 2n, t: "" }], path);
      await write(b, { path }, selects.slice(1));
      assert.deepEqual((await b.read({ path })).rows, [{ i: 2n, t: "" }], `${path} is replaced`);
    }
    await write(b, { path: "b.csv", compression: "gzip" }, selects);
    assert.equal(
      new TextDecoder().decode(gunzipSync(await Deno.readFile(`${b.folder}/b.csv`))),
      'i,t\n1,x\n2,""\n',
    );
    const codecs = ["snappy", "zstd", "gzip", "lz4", "brotli", "none"];
    for (const compression of codecs) {
      await write(b, { path: "c.parquet", compression, row_group_size: 2048 }, [
        "SELECT range AS i FROM range(5000)",
      ]);
      const [meta] = await b.session.query<{ codec: string; groups: bigint }>(
        `SELECT min(compression) AS codec, count(*) AS groups FROM parquet_metadata('${b.folder}/c.parquet')`,
      );
      assert.equal(
        meta!.codec,
        { none: "UNCOMPRESSED", lz4: "LZ4_RAW" }[compression] ?? compression.toUpperCase(),
      );
      assert.equal(meta!.groups, 3n);
    }
  }),
);

Deno.test(
  "the old file stays until commit, and after a failure",
  bench(async (b) => {
    await b.put("out.csv", "old\n");
    const { load } = await openLoad(await b.destination({ path: "out.csv" }), { mode: "overwrite" });
    await load.writeBatch(await b.select("SELECT 1 AS i"), position(1));
    assert.equal(await b.text("out.csv"), "old\n");
    await assert.rejects(
      load.writeBatch(await b.select("SELECT CAST('x' || range AS INT) AS i FROM range(3)"), position(2)),
    );
    assert.equal(await b.text("out.csv"), "old\n");
    await load.abort();
    assert.equal(await b.text("out.csv"), "old\n");
    // Another run begins anew; what was staged goes.
    const other = await openLoad(await b.destination({ path: "out.csv" }), { mode: "overwrite" });
    assert.equal(other.resumed?.sequence, 1);
    await other.load.writeBatch(await b.select("SELECT 7 AS i"), position(2, { runId: "run2" }));
    await other.load.commit(position(3, { runId: "run2", complete: true }));
    assert.equal(await b.text("out.csv"), "i\n7\n");
    assert.deepEqual(await b.tree(), ["out.csv"]);
  }),
);

Deno.test(
  "Parquet parts are joined as they are, unless their row groups are small or a size was asked for",
  bench(async (b) => {
    const large = ["SELECT i FROM range(122880) AS r(i)", "SELECT i + 122880 AS i FROM range(50000) AS r(i)"];
    const small = ["SELECT 0::BIGINT AS i", "SELECT 1::BIGINT AS i", "SELECT 2::BIGINT AS i"];
    const cases: [Record<string, unknown>, string[], number[]][] = [
      [{}, large, [122_880, 50_000]],
      [{ row_group_size: 1_000_000 }, large, [172_880]],
      [{}, small, [3]],
    ];
    for (const [options, selects, groups] of cases) {
      await write(b, { path: "a.parquet", ...options }, selects);
      const found = await b.session.query<{ rows: bigint }>(
        `SELECT row_group_num_rows AS rows FROM parquet_metadata('${b.folder}/a.parquet') ORDER BY row_group_id`,
      );
      const sum = groups.reduce((a, n) => a + n, 0);
      assert.deepEqual(found.map(({ rows }) => Number(rows)), groups);
      const rows = await b.session.query<{ n: bigint }>(
        `SELECT count(*) AS n FROM read_parquet('${b.folder}/a.parquet', file_row_number = true) WHERE i = file_row_number`,
      );
      assert.equal(Number(rows[0]!.n), sum, "all rows, in order");
      assert.deepEqual(await b.tree(), ["a.parquet"]);
    }
  }),
);

Deno.test(
  "a load without a batch changes nothing",
  bench(async (b) => {
    await b.put("out.csv", "old\n");
    const { load } = await openLoad(await b.destination({ path: "out.csv" }), { mode: "overwrite" });
    await load.commit(position(1, { complete: true }));
    assert.equal(await b.text("out.csv"), "old\n");
    assert.deepEqual(await b.tree(), ["out.csv"]);
  }),
);

Deno.test(
  "batches of other columns do not fit into one file",
  bench(async (b) => {
    const others = ["SELECT 2 AS j", "SELECT 'x' AS i", "SELECT 1 AS i, 2 AS j"];
    for (const [index, second] of others.entries()) {
      const { load } = await openLoad(await b.destination({ path: "out.csv" }), { mode: "overwrite" });
      const runId = `run${index}`;
      await load.writeBatch(await b.select("SELECT 1 AS i"), position(index + 1, { runId }));
      await assert.rejects(load.writeBatch(await b.select(second), position(index + 2, { runId })), {
        code: "SCHEMA_CHANGED",
      });
      await load.abort();
    }
  }),
);

Deno.test(
  "two loads of one file, by two recipes",
  bench(async (b) => {
    const first = await openLoad(await b.destination({ path: "out.csv" }), { mode: "overwrite" });
    await assert.rejects(openLoad(await b.destination({ path: "out.csv" }, "other"), { mode: "overwrite" }), {
      code: "DESTINATION_LOCKED",
    });
    await first.load.writeBatch(await b.select("SELECT 1 AS i"), position(1));
    await first.load.abort();
    // The other recipe does not take up what is not its own.
    const other = await openLoad(await b.destination({ path: "out.csv" }, "other"), { mode: "overwrite" });
    assert.equal(other.resumed, undefined);
    await other.load.writeBatch(await b.select("SELECT 2 AS i"), position(1));
    await other.load.commit(position(2, { complete: true }));
    assert.equal(await b.text("out.csv"), "i\n2\n");
    assert.deepEqual(await b.tree(), ["out.csv"]);
  }),
);

Deno.test(
  "every type goes through every format; what changes is what is said to change",
  bench(async (b) => {
    const select =
      `SELECT 9223372036854775807 AS i, -0.1::DOUBLE AS f, 12345678901234567890.123456789::DECIMAL(38,9) AS dec,
      true AS b, DATE '0001-01-01' AS d, TIME '23:59:59.999999' AS t, TIMESTAMP '2024-02-29 12:34:56.123456' AS ts,
      TIMESTAMPTZ '2024-02-29 12:34:56.123456+02' AS tz, '6ba7b810-9dad-11d1-80b4-00c04fd430c8'::UUID AS u,
      '007' AS text, '' AS empty, NULL::VARCHAR AS none, [1, NULL] AS l, {'a': 'x', 'b': NULL::INT} AS s,
      '{"k": [1]}'::JSON AS j, '\\x00\\xFF'::BLOB AS bin`;
    const text = (sql: string) =>
      b.session.query(`SELECT COLUMNS(*)::VARCHAR FROM (${sql})`).then((rows) => rows[0]!);
    const original = await text(select);
    const exact = [
      ["i", "int"],
      ["f", "float"],
      ["dec", "decimal(38,9)"],
      ["b", "bool"],
      ["d", "date"],
      ["t", "time"],
      ["ts", "datetime"],
      ["tz", "datetime(tz)"],
      ["u", "uuid"],
      ["l", "array<int32>"],
      ["s", "struct<a: string, b: int32>"],
      ["j", "json"],
      ["bin", "binary"],
    ];
    const columns = Object.fromEntries(exact);
    const lossy: Record<string, string[]> = { "a.json": ["dec"], "a.jsonl": ["dec"] };
    for (const path of ["a.csv", "a.json", "a.jsonl", "a.parquet"]) {
      await write(b, { path }, [select]);
      const asked = path === "a.csv"
        ? columns
        : Object.fromEntries(exact.filter(([name]) => !lossy[path]?.includes(name!)));
      const { batches } = await b.read(path === "a.parquet" ? { path } : { path, columns: asked });
      const back = await text(batches[0]!.batch.sql);
      for (const name of Object.keys(original)) {
        if (lossy[path]?.includes(name)) continue;
        const [was, is] = [original[name], back[name]].map((v) =>
          name === "j" ? String(v).replaceAll(" ", "") : v
        );
        assert.equal(is, was, `${path} ${name}`);
      }
    }
    assert.match(await b.text("a.json"), /12345678901234567890\.123456789/, "all digits are in the file");
    const destination = await b.destination({ path: "x.json" });
    const { schema } = await b.select(select);
    const { warnings } = await destination.describe(schema, {
      mode: "overwrite",
      mergeKeys: [],
      strategy: "upsert",
      fullRefresh: false,
      startedAt: "2024-01-01T00:00:00Z",
    });
    assert.match(warnings.join("\n"), /"dec": all digits are written/);
  }),
);

Deno.test(
  "a publish that fails half-way is finished by the next load, and never undone",
  bench(async (b) => {
    for (const path of ["out/", "out.csv"]) {
      const mode = path === "out/" ? "append" : "overwrite";
      const destination = await b.destination({ path, format: "csv" });
      const { load } = await openLoad(destination, { mode });
      const real = Deno.rename;
      const failOnce = () => {
        Deno.rename = (from, to) => {
          if (!String(from).includes(".stage.tmp/")) return real(from, to);
          Deno.rename = real;
          return Promise.reject(new Error("Input/output error (os error 5)"));
        };
      };
      const fails = { code: "PUBLISH_INCOMPLETE" };
      const last = mode === "append" ? position(1) : position(2, { complete: true });
      try {
        if (mode === "append") {
          failOnce();
          await assert.rejects(load.writeBatch(await b.select("SELECT 1 AS i"), last), fails);
        } else {
          await load.writeBatch(await b.select("SELECT 1 AS i"), position(1));
          failOnce();
          await assert.rejects(load.commit(last), fails);
        }
      } finally {
        Deno.rename = real;
      }
      await load.abort();
      const next = await openLoad(await b.destination({ path, format: "csv" }), { mode });
      assert.equal(next.resumed?.sequence, last.sequence, "the position is committed");
      assert.equal((await b.read({ path, format: "csv" })).rows.length, 1, path);
      await next.load.abort();
    }
  }),
);

Deno.test(
  "one file where a folder is: refused before anything is read or written",
  bench(async (b) => {
    await b.put("out/lake/a.txt", "x");
    const destination = await b.destination({ path: "out/lake", format: "jsonl" });
    const schema = { fields: [] };
    for (
      const act of [
        () => destination.check(),
        () => destination.describe(schema, loadRequest({ mode: "overwrite" })),
        () => destination.openLoad(loadRequest({ mode: "overwrite" })),
      ]
    ) {
      const error = await (act() as Promise<unknown>).then(() => undefined, (e) => e);
      assert.equal(error.code, "IS_A_FOLDER");
      assert.match(error.hint, /end the path with \/ .*out\/lake\/$/);
    }
    assert.deepEqual(await b.tree(), ["out/lake/a.txt"]);
  }),
);
