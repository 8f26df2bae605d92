/** Arrow record batches read where they are: nothing is copied before a statement asks, and as often as it asks. */
import assert from "node:assert/strict";
import { makeData, RecordBatch, Schema as ArrowSchema, Struct, Utf8 } from "apache-arrow";
import { Field as ArrowField } from "apache-arrow";
import { createSession } from "../../../src/batch/mod.ts";
import { EngineError } from "../../../src/sdk/mod.ts";

const NUMBERS = "SELECT range AS id, 'row ' || range AS name, range % 3 = 0 AS third FROM range(10000)";

async function numbers(session: Awaited<ReturnType<typeof createSession>>) {
  const source = await session.relation(NUMBERS);
  const batches = await Array.fromAsync(source.toArrow({ rowsPerBatch: 3000 }));
  return { batches, batch: await session.fromArrow(batches, { schema: source.schema, inPlace: true }) };
}

Deno.test("rows are read in order, any number of times, and beside themselves", async () => {
  await using session = await createSession();
  const { batch } = await numbers(session);
  assert.deepEqual(await batch.rows({ limit: 2 }), [[0n, "row 0", true], [1n, "row 1", false]]);
  const all = await batch.rows();
  assert.equal(all.length, 10_000);
  assert.deepEqual(all[9_999], [9999n, "row 9999", true]);
  const [joined] = await session.query(
    `SELECT count(*) AS n, sum(a.id) AS s FROM (${batch.sql}) AS a JOIN (${batch.sql}) AS b USING (id)`,
  );
  assert.deepEqual(joined, { n: 10_000n, s: 49_995_000n });
});

Deno.test("a statement reads only the columns it names; counting reads none", async () => {
  await using session = await createSession();
  const { batch } = await numbers(session);
  assert.deepEqual(await session.query(`SELECT count(*) AS n FROM (${batch.sql}) WHERE third`), [{
    n: 3334n,
  }]);
  assert.deepEqual(await session.query(`SELECT max(name) AS m FROM (${batch.sql})`), [{ m: "row 9999" }]);
  assert.deepEqual(await session.query(`SELECT count(*) AS n FROM (${batch.sql})`), [{ n: 10_000n }]);
  assert.equal(await batch.rowCount(), 10_000);
});

Deno.test("toArrow gives the very record batches, and cuts them where smaller ones are asked for", async () => {
  await using session = await createSession();
  const { batches, batch } = await numbers(session);
  const given = await Array.fromAsync(batch.toArrow());
  assert.deepEqual(given.map((each) => each.numRows), [3000, 3000, 3000, 1000]);
  given.forEach((each, index) =>
    assert.equal(each.data.children[0]!.values, batches[index]!.data.children[0]!.values)
  );
  const small = await Array.fromAsync(batch.toArrow({ rowsPerBatch: 700 }));
  assert.deepEqual([small.length, small[0]!.numRows], [15, 700]);
});

Deno.test("rows go into a table inside a transaction, and into one that another statement reads", async () => {
  await using session = await createSession();
  const { batch } = await numbers(session);
  await session.run("CREATE TABLE t (id BIGINT, name VARCHAR, third BOOLEAN)");
  await session.transaction(async () => {
    const { rowsChanged } = await session.run(`INSERT INTO t SELECT * FROM (${batch.sql})`);
    assert.equal(rowsChanged, 10_000);
    await session.run(`DELETE FROM t WHERE id IN (SELECT id FROM (${batch.sql}) WHERE third)`);
  });
  assert.deepEqual(await session.query("SELECT count(*) AS n FROM t"), [{ n: 6666n }]);
});

Deno.test("a released batch can't be read", async () => {
  await using session = await createSession();
  const { batch } = await numbers(session);
  await session.release(batch);
  await assert.rejects(
    () => batch.rows(),
    (error) => error instanceof EngineError && error.code === "BATCH_RELEASED",
  );
});

Deno.test("a batch without rows has its columns", async () => {
  await using session = await createSession();
  const schema = { fields: [{ name: "a", type: { kind: "uuid" as const }, nullable: true }] };
  const batch = await session.fromArrow([], { schema, inPlace: true });
  assert.deepEqual([batch.columns, await batch.rows(), await batch.rowCount()], [["a"], [], 0]);
  assert.deepEqual(await Array.fromAsync(batch.toArrow()), []);
});

Deno.test("what is wrong with a value shows when it is read, naming the column", async () => {
  await using session = await createSession();
  const field = new ArrowField("t", new Utf8(), true);
  const child = makeData({
    type: new Utf8(),
    length: 1,
    valueOffsets: Int32Array.of(0, 2),
    data: Uint8Array.of(0xc3, 0x28),
  });
  const broken = new RecordBatch(
    new ArrowSchema([field]),
    makeData({ type: new Struct([field]), length: 1, children: [child] }),
  );
  const batch = await session.fromArrow([broken], { inPlace: true });
  const check = (error: unknown) =>
    error instanceof EngineError && error.code === "ENCODING_ERROR" && error.context.column === "t";
  await assert.rejects(() => session.query(`SELECT max(t) AS m FROM (${batch.sql})`), check);
  await assert.rejects(() => session.run(`CREATE TABLE bad AS FROM (${batch.sql})`), check);
  // The session goes on.
  assert.deepEqual(await session.query("SELECT 1 AS one"), [{ one: 1 }]);
});

Deno.test("progress may be asked for while rows are read", async () => {
  await using session = await createSession();
  const { batch } = await numbers(session);
  const timer = setInterval(() => session.progress(), 0);
  try {
    const [row] = await session.query(
      `SELECT count(*) AS n FROM (${batch.sql}) AS a, range(300) WHERE length(a.name) > 0`,
    );
    assert.deepEqual(row, { n: 3_000_000n });
  } finally {
    clearInterval(timer);
  }
});

Deno.test("who reads ahead is told when a statement has read its record batches, however it ends", async () => {
  await using session = await createSession();
  const { batch } = await numbers(session);
  assert.equal(session.scanEnds(), undefined);
  /** Runs a statement; says whether a scan was seen under way, and that no promise is left open. */
  const seen = async (statement: () => Promise<unknown>) => {
    const promises = new Set<Promise<void>>();
    const look = setInterval(() => {
      const ends = session.scanEnds();
      if (ends !== undefined) promises.add(ends);
    }, 0);
    await statement().catch(() => undefined);
    clearInterval(look);
    await Promise.all(promises);
    assert.equal(session.scanEnds(), undefined, "nothing is waited for once it is over");
    return promises.size > 0;
  };
  const many = Array.from({ length: 200 }, () => `FROM (${batch.sql})`).join(" UNION ALL ");
  assert.ok(await seen(() => session.run(`CREATE TABLE whole AS ${many}`)), "while it reads");
  await seen(() => session.run(`CREATE TABLE part AS SELECT * FROM (${many}) LIMIT 5`));
  await seen(() => session.run(`CREATE TABLE bad AS SELECT error(name) FROM (${batch.sql})`));
  // These may stay open as long as their reader likes: nobody waits for them.
  assert.ok(!await seen(() => session.query(`SELECT count(name) FROM (${many})`)));
  assert.ok(!await seen(() => batch.rows({ limit: 2 })));
});
