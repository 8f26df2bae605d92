import assert from "node:assert/strict";
import { createSession } from "../../../src/batch/mod.ts";

const ROWS = 300_000;

Deno.test("texts are handed over while a statement runs, once a row that reaches the function", async () => {
  await using session = await createSession({ threads: 4 });
  const taken: string[] = [];
  const name = await session.registerAside((texts) => void taken.push(...texts));
  const { rowsChanged } = await session.run(
    `CREATE TEMP TABLE kept AS SELECT * FROM range(${ROWS}) AS t(i)
     WHERE CASE WHEN i % 1000 <> 7 THEN true ELSE ${name}('row ' || i || ' größe 🚀', i % 2000 = 7) END`,
  );
  assert.equal(taken.length, ROWS / 1000);
  assert.equal(new Set(taken).size, ROWS / 1000);
  assert.ok(taken.includes("row 299007 größe 🚀"));
  assert.equal(rowsChanged, ROWS - ROWS / 2000);
});

Deno.test("NULL texts are not handed over, a NULL to keep is false, short and empty texts arrive", async () => {
  await using session = await createSession();
  const taken: string[] = [];
  const name = await session.registerAside((texts) => void taken.push(...texts));
  const rows = await session.query(
    `SELECT t, ${name}(t, k) AS keep FROM (VALUES (NULL, true), ('', NULL), ('x', true), ('a text of more than 12', false)) AS v(t, k)`,
  );
  assert.deepEqual(rows.map(({ keep }) => keep), [true, false, true, false]);
  assert.deepEqual(taken, ["", "x", "a text of more than 12"]);
});

Deno.test("what the taker throws ends the statement, and the session goes on", async () => {
  await using session = await createSession();
  const name = await session.registerAside(() => {
    throw new Error("enough is enough");
  });
  await assert.rejects(
    session.run(`SELECT count(*) FROM range(10000) AS t(i) WHERE ${name}(i::VARCHAR, true)`),
    /enough is enough/,
  );
  const [row] = await session.query("SELECT 1 AS x");
  assert.equal(row!.x, 1);
});

Deno.test("works in a transaction, and while rows are streamed", async () => {
  await using session = await createSession();
  const taken: string[] = [];
  const name = await session.registerAside((texts) => void taken.push(...texts));
  const batch = await session.relation(
    `SELECT i FROM range(10000) AS t(i) WHERE CASE WHEN i % 100 = 0 THEN ${name}(i::VARCHAR, false) ELSE true END`,
  );
  let rows = 0;
  await session.transaction(async () => {
    for await (const records of batch.toArrow()) rows += records.numRows;
  });
  assert.equal(rows, 9900);
  assert.equal(taken.length, 100);
});
