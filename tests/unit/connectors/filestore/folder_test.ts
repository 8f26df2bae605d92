import assert from "node:assert/strict";
import { testPermissions } from "../../../other_user.ts";
import { type Bench, bench, openLoad, position } from "./support.ts";

const A = "out/r-main-00000001-0000";
const JOURNAL = "out/_dataloader_loads/r.main.json";

const rowsOf = async (b: Bench, glob = "out/**/*.csv") =>
  (await b.session.query<{ i: string }>(
    `SELECT CAST(i AS VARCHAR) AS i FROM read_csv('${b.folder}/${glob}', header = true, columns = {i: 'BIGINT'}, delim = ',')
     ORDER BY 1`,
  )).map((row) => row.i).join();

Deno.test(
  "append: a file a batch, the position in the journal, no litter",
  bench(async (b) => {
    const destination = await b.destination({ path: "out/", format: "csv" });
    const { load, resumed } = await openLoad(destination);
    assert.equal(resumed, undefined);
    const result = await load.writeBatch(await b.select("SELECT 1 AS i UNION ALL SELECT 2"), position(1));
    assert.deepEqual([result.rowsReceived, result.rowsWritten], [2, 2]);
    assert.equal(result.bytes, (await Deno.stat(`${b.folder}/${A}.csv`)).size);
    await load.writeBatch(await b.select("SELECT 3 AS i"), position(2));
    await load.writeBatch(await b.select("SELECT 3 AS i WHERE false"), position(3));
    await load.commit(position(4, { complete: true }));
    assert.deepEqual(await b.tree(), [JOURNAL, `${A}.csv`, "out/r-main-00000002-0000.csv"]);
    assert.equal(await rowsOf(b), "1,2,3");
    const again = await openLoad(destination);
    assert.deepEqual(again.resumed, position(4, { complete: true }));
    await again.load.writeBatch(await b.select("SELECT 4 AS i"), position(5, { runId: "run2" }));
    await again.load.abort();
    assert.equal(await rowsOf(b), "1,2,3,4", "what was committed stays");
    assert.equal((await openLoad(destination)).resumed?.sequence, 5);
  }),
);

Deno.test(
  "a sequence that begins again is refused, and replaces nothing",
  bench(async (b) => {
    const destination = await b.destination({ path: "out/", format: "csv" });
    const first = await openLoad(destination);
    await first.load.writeBatch(await b.select("SELECT 1 AS i"), position(1));
    await first.load.commit(position(2, { complete: true }));
    const second = await openLoad(destination);
    for (const sequence of [1, 2]) {
      await assert.rejects(
        second.load.writeBatch(await b.select("SELECT 2 AS i"), position(sequence, { runId: "run2" })),
        { code: "POSITION_CONFLICT" },
      );
    }
    assert.equal(await rowsOf(b), "1");
    await second.load.writeBatch(await b.select("SELECT 2 AS i"), position(3, { runId: "run2" }));
    await second.load.commit(position(4, { runId: "run2", complete: true }));
    assert.equal(await rowsOf(b), "1,2");
  }),
);

Deno.test(
  "overwrite: nothing is seen before commit; then the new files and only those",
  bench(async (b) => {
    const destination = await b.destination({ path: "out/", format: "csv" });
    const before = await openLoad(destination);
    await before.load.writeBatch(await b.select("SELECT 1 AS i"), position(1));
    await before.load.commit(position(2, { complete: true }));
    const { load } = await openLoad(destination, { mode: "overwrite" });
    await load.writeBatch(await b.select("SELECT 10 AS i"), position(3, { runId: "run2", staged: true }));
    await load.writeBatch(await b.select("SELECT 11 AS i"), position(4, { runId: "run2", staged: true }));
    assert.equal(await rowsOf(b), "1");
    await load.commit(position(5, { runId: "run2", complete: true }));
    assert.equal(await rowsOf(b), "10,11");
    assert.deepEqual(await b.tree(), [
      JOURNAL,
      "out/r-main-00000003-0000.csv",
      "out/r-main-00000004-0000.csv",
    ]);
    const empty = await openLoad(destination, { mode: "overwrite" });
    await empty.load.writeBatch(await b.select("SELECT 1 AS i WHERE false"), position(6, { runId: "run3" }));
    await empty.load.commit(position(7, { runId: "run3", complete: true }));
    assert.deepEqual(await b.tree(), [JOURNAL, "out/r-main-00000006-0000.csv"]);
    assert.equal(await b.text("out/r-main-00000006-0000.csv"), "i\n");
  }),
);

Deno.test(
  "overwrite that was cut off: the same run goes on, another one begins anew",
  bench(async (b) => {
    const config = { path: "out/", format: "csv" };
    const stage = async (sequence: number) => {
      const destination = await b.destination(config);
      const { load } = await openLoad(destination, { mode: "overwrite" });
      await load.writeBatch(await b.select("SELECT 1 AS i"), position(sequence, { staged: true }));
      await load.abort();
    };
    await stage(1);
    const same = await openLoad(await b.destination(config), { mode: "overwrite" });
    assert.equal(same.resumed?.sequence, 1);
    await same.load.writeBatch(await b.select("SELECT 2 AS i"), position(2, { staged: true }));
    await same.load.commit(position(3, { complete: true }));
    assert.equal(await rowsOf(b), "1,2");

    await stage(4);
    const other = await openLoad(await b.destination(config), { mode: "overwrite" });
    await other.load.writeBatch(
      await b.select("SELECT 7 AS i"),
      position(8, { runId: "run9", staged: true }),
    );
    await other.load.commit(position(9, { runId: "run9", complete: true }));
    assert.equal(await rowsOf(b), "7");

    await stage(10);
    const append = await openLoad(await b.destination(config));
    assert.deepEqual(
      [append.resumed?.sequence, append.resumed?.complete],
      [9, true],
      "staged rows are nothing to append",
    );
    await append.load.abort();
    assert.ok(!(await b.tree()).some((name) => name.endsWith(".tmp")));
  }),
);

Deno.test(
  "full refresh of an append: all rows are replaced",
  bench(async (b) => {
    const destination = await b.destination({ path: "out/", format: "csv" });
    const first = await openLoad(destination);
    await first.load.writeBatch(await b.select("SELECT 1 AS i"), position(1));
    await first.load.commit(position(2, { complete: true }));
    const { load } = await openLoad(destination, { fullRefresh: true });
    await load.writeBatch(await b.select("SELECT 2 AS i"), position(3, { runId: "run2" }));
    assert.equal(await rowsOf(b), "1");
    await load.commit(position(4, { runId: "run2", complete: true }));
    assert.equal(await rowsOf(b), "2");
  }),
);

Deno.test(
  "overwrite refuses a folder with other data; other formats and appends do not mind",
  bench(async (b) => {
    await b.put("out/sub/theirs.csv", "i\n9\n");
    await b.put("out/readme.md", "x");
    const destination = await b.destination({ path: "out/", format: "csv" });
    await assert.rejects(openLoad(destination, { mode: "overwrite" }), (error: Error & { code: string }) => {
      assert.equal(error.code, "FOREIGN_FILES");
      assert.match(error.message, /sub\/theirs\.csv/);
      return true;
    });
    assert.deepEqual(await b.tree(), ["out/readme.md", "out/sub/theirs.csv"], "nothing was written");
    const append = await openLoad(destination);
    await append.load.abort();
    const parquet = await b.destination({ path: "out/", format: "parquet" });
    await (await openLoad(parquet, { mode: "overwrite" })).load.abort();
  }),
);

Deno.test(
  "a name that is taken is not overwritten",
  bench(async (b) => {
    await b.put(`${A}.csv`, "precious");
    const { load } = await openLoad(await b.destination({ path: "out/", format: "csv" }));
    await assert.rejects(load.writeBatch(await b.select("SELECT 1 AS i"), position(1)), {
      code: "FILE_EXISTS",
    });
    await load.abort();
    assert.deepEqual(await b.tree(), [`${A}.csv`]);
    assert.equal(await b.text(`${A}.csv`), "precious");
  }),
);

Deno.test(
  "two loads of one target: the second is refused; two recipes share a folder",
  bench(async (b) => {
    const config = { path: "out/", format: "csv" };
    const first = await openLoad(await b.destination(config));
    await assert.rejects(openLoad(await b.destination(config)), {
      code: "DESTINATION_LOCKED",
      retryable: true,
    });
    const other = await openLoad(await b.destination(config, "other"));
    await other.load.writeBatch(await b.select("SELECT 2 AS i"), position(1));
    await first.load.writeBatch(await b.select("SELECT 1 AS i"), position(1));
    await other.load.commit(position(2, { complete: true }));
    await first.load.commit(position(2, { complete: true }));
    assert.equal(await rowsOf(b), "1,2");
    await (await openLoad(await b.destination(config))).load.abort();
  }),
);

Deno.test(
  "a batch that fails leaves nothing",
  bench(async (b) => {
    const destination = await b.destination({ path: "out/", format: "csv" });
    const { load } = await openLoad(destination);
    await load.writeBatch(await b.select("SELECT 1 AS i"), position(1));
    const bad = await b.select(
      "SELECT CASE WHEN range < 9000 THEN range ELSE CAST('x' || range AS BIGINT) END AS i FROM range(10000)",
    );
    await assert.rejects(load.writeBatch(bad, position(2)), { code: "CONVERSION_FAILED" });
    await assert.rejects(load.probe!(bad), { code: "CONVERSION_FAILED" });
    await load.probe!(await b.select("SELECT 5 AS i"));
    await load.writeBatch(await b.select("SELECT 2 AS i"), position(2));
    await load.commit(position(3, { complete: true }));
    assert.equal(await rowsOf(b), "1,2");
    assert.deepEqual((await b.tree()).length, 3);
  }),
);

Deno.test(
  "partitions, rows and bytes per file",
  bench(async (b) => {
    const rows =
      "SELECT range AS i, range % 3 AS k, CASE WHEN range % 2 = 0 THEN 'a/b=c' END AS t FROM range(1000)";
    const write = async (path: string, config: Record<string, unknown>) => {
      const { load } = await openLoad(await b.destination({ path, format: "parquet", ...config }));
      const result = await load.writeBatch(await b.select(rows), position(1));
      await load.commit(position(2, { complete: true }));
      assert.equal(result.rowsWritten, 1000);
      return (await b.tree()).filter((name) => name.startsWith(path) && name.endsWith(".parquet"));
    };
    const parts = await write("hive/", { partition_by: ["k", "t"] });
    assert.equal(parts.length, 6);
    assert.match(parts[0]!, /^hive\/k=0\/t=[^/]+\/r-main-00000001-\d{4}\.parquet$/);
    const back = await b.read({ path: "hive/", format: "parquet" });
    assert.equal(back.rows.length, 1000);
    const seven = back.rows.find((row) => row.i === 8n)!;
    assert.deepEqual([seven.k, seven.t], [2n, "a/b=c"]);
    assert.equal(back.rows.find((row) => row.i === 7n)!.t, null);

    const counted = await write("rows/", { max_rows_per_file: 300 });
    assert.equal(counted.length, 4);
    const counts = await Promise.all(
      counted.map(async (name) =>
        (await b.session.query<{ n: bigint }>(`SELECT count(*) AS n FROM '${b.folder}/${name}'`))[0]!.n
      ),
    );
    assert.deepEqual(counts, [300n, 300n, 300n, 100n]);
    const both = await write("both/", { partition_by: ["k"], max_rows_per_file: 100 });
    assert.equal(both.length, 12);
    assert.equal((await b.read({ path: "both/", format: "parquet" })).rows.length, 1000);

    const { load } = await openLoad(
      await b.destination({ path: "bytes/", format: "csv", max_bytes_per_file: 20_000 }),
    );
    await load.writeBatch(await b.select("SELECT range AS i FROM range(100000)"), position(1));
    await load.commit(position(2, { complete: true }));
    assert.ok((await b.tree()).filter((name) => name.startsWith("bytes/r-")).length > 1);
    assert.equal((await b.read({ path: "bytes/", format: "csv" })).rows.length, 100_000);

    const bad = await openLoad(await b.destination({ path: "bad/", format: "csv", partition_by: ["kk"] }));
    await assert.rejects(bad.load.writeBatch(await b.select(rows), position(1)), { code: "UNKNOWN_COLUMN" });
    const all = await openLoad(await b.destination({ path: "all/", format: "csv", partition_by: ["i"] }));
    await assert.rejects(all.load.writeBatch(await b.select("SELECT 1 AS i"), position(1)), {
      code: "ONLY_PARTITIONS",
    });
  }),
);

Deno.test(
  "overwrite of a partitioned folder removes what is left empty",
  bench(async (b) => {
    const destination = await b.destination({ path: "out/", format: "csv", partition_by: ["k"] });
    const first = await openLoad(destination, { mode: "overwrite" });
    await first.load.writeBatch(await b.select("SELECT range AS i, range AS k FROM range(3)"), position(1));
    await first.load.commit(position(2, { complete: true }));
    const second = await openLoad(destination, { mode: "overwrite" });
    await second.load.writeBatch(await b.select("SELECT 5 AS i, 1 AS k"), position(3, { runId: "run2" }));
    await second.load.commit(position(4, { runId: "run2", complete: true }));
    assert.deepEqual([...Deno.readDirSync(`${b.folder}/out`)].map((e) => e.name).sort(), [
      "_dataloader_loads",
      "k=1",
    ]);
  }),
);

Deno.test(
  "a journal that can't be read stops the load",
  bench(async (b) => {
    await b.put(JOURNAL, '{"version":1,');
    const destination = await b.destination({ path: "out/", format: "csv" });
    await assert.rejects(openLoad(destination), { code: "JOURNAL_CORRUPTED" });
    await assert.rejects(openLoad(destination), { code: "JOURNAL_CORRUPTED" }, "the lock was freed");
  }),
);

testPermissions(
  "a folder that can't be written: the error says so",
  import.meta.url,
  bench(async (b) => {
    await Deno.mkdir(`${b.folder}/out`, { mode: 0o500 });
    const destination = await b.destination({ path: "out/", format: "csv" });
    await assert.rejects(destination.check(), { code: "PERMISSION_DENIED" });
    await assert.rejects(openLoad(destination), { code: "PERMISSION_DENIED" });
    await Deno.chmod(`${b.folder}/out`, 0o700);
  }),
);

Deno.test(
  "a target below a file: the error names it",
  bench(async (b) => {
    await b.put("out", "a file");
    const destination = await b.destination({ path: "out/sub/", format: "csv" });
    await assert.rejects(destination.check(), /out/);
    await assert.rejects(openLoad(destination), /out/);
  }),
);

Deno.test(
  "append refuses rows that are read from its own files",
  bench(async (b) => {
    const destination = await b.destination({ path: "out/", format: "csv" });
    const { load } = await openLoad(destination);
    await load.writeBatch(await b.select("SELECT 1 AS i"), position(1));
    const from = (file: string) =>
      b.session.relation("SELECT 1 AS i", { files: [`${b.folder}/out/orders.csv`, file] });
    await assert.rejects(
      async () => await load.writeBatch(await from(`${b.folder}/${A}.csv`), position(2)),
      (error: { code?: string }) => error.code === "READS_ITSELF",
    );
    await load.writeBatch(await from(`${b.folder}/out/other-main-00000001-0000.csv`), position(2));
    await load.commit(position(3, { complete: true }));
    assert.equal(await rowsOf(b), "1,1");
  }),
);
