/** Changes of names and NOT NULL that wait until the rows of an overwrite are replaced. */
import assert from "node:assert/strict";
import { described } from "../../../src/schema/mod.ts";
import type { TableChange } from "../../../src/sdk/mod.ts";
import { postgresTest } from "../../servers/postgres_test_case.ts";
import { loadRequest, Place, position, withSession } from "./helpers.ts";

const RENAME = described({ kind: "rename_column", column: "old", to: "new" });
const MAY_BE_NULL = described({ kind: "drop_not_null", column: "a" });
const NOT_NULL = described({ kind: "set_not_null", column: "b" });

const COLUMNS = `SELECT attname::text, attnotnull FROM pg_attribute
  WHERE attrelid = 't'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum`;

async function table(server: Parameters<typeof Place.make>[0]): Promise<Place> {
  const place = await Place.make(server);
  await place.run(
    "CREATE TABLE t (old integer UNIQUE, a text NOT NULL, b text); INSERT INTO t VALUES (1, 'x', NULL)",
  );
  return place;
}

postgresTest("what an overwrite changes outlasts the process that has staged its rows", async (server) => {
  const place = await table(server);
  const request = loadRequest({ mode: "overwrite" });
  const first = position(1, { staged: true });
  await withSession(async (session) => {
    const destination = await place.open(session, "t");
    const load = await destination.openLoad(request);
    await load.resume();
    const batch = await session.relation("SELECT 2 AS new, NULL::VARCHAR AS a, 'y' AS b");
    await load.writeBatch(batch, first, { changes: [RENAME, MAY_BE_NULL, NOT_NULL] });
    await destination.close();
  });
  assert.deepEqual(await place.rows("SELECT * FROM t"), ["(1,x,)"], "nothing is changed yet");
  assert.deepEqual(await place.rows(COLUMNS), ["(old,f)", "(a,t)", "(b,f)"]);
  await withSession(async (session) => {
    const destination = await place.open(session, "t");
    const load = await destination.openLoad(request);
    assert.deepEqual(await load.resume(), first, "the position is what was written");
    await load.commit(position(2, { complete: true }));
    await destination.close();
  });
  assert.deepEqual(await place.rows("SELECT * FROM t"), ["(2,,y)"]);
  assert.deepEqual(await place.rows(COLUMNS), ["(new,f)", "(a,f)", "(b,t)"]);
  await place.run("INSERT INTO t VALUES (3, NULL, 'z')");
  await assert.rejects(place.run("INSERT INTO t VALUES (3, NULL, 'z')"), /t_old_key/);
});

postgresTest("changes that come twice, and with a later batch, are made once", async (server) => {
  const place = await table(server);
  await withSession(async (session) => {
    const destination = await place.open(session, "t");
    const load = await destination.openLoad(loadRequest({ mode: "overwrite" }));
    await load.resume();
    const write = async (sequence: number, select: string, changes: TableChange[]) =>
      await load.writeBatch(await session.relation(select), position(sequence, { staged: true }), {
        changes,
      });
    await write(1, "SELECT 2 AS new, 'y' AS a, 'y' AS b", [RENAME]);
    // A key of the live table holds among the staged rows, under its new name.
    await assert.rejects(write(2, "SELECT 2 AS new, 'y' AS a, 'y' AS b", [RENAME, MAY_BE_NULL]), {
      code: "CONSTRAINT_VIOLATED",
    });
    await write(2, "SELECT 3 AS new, NULL::VARCHAR AS a, 'y' AS b", [RENAME, MAY_BE_NULL]);
    await load.commit(position(3, { complete: true }));
    await destination.close();
  });
  assert.deepEqual(await place.rows("SELECT * FROM t ORDER BY 1"), ["(2,y,y)", "(3,,y)"]);
  assert.deepEqual(await place.rows(COLUMNS), ["(new,f)", "(a,f)", "(b,f)"]);
});

postgresTest("what is thrown away with its rows changes nothing", async (server) => {
  const place = await table(server);
  const request = loadRequest({ mode: "overwrite" });
  await withSession(async (session) => {
    const destination = await place.open(session, "t");
    const load = await destination.openLoad(request);
    await load.resume();
    const batch = await session.relation("SELECT 2 AS new, 'y' AS a, 'y' AS b");
    await load.writeBatch(batch, position(1, { staged: true }), { changes: [RENAME, MAY_BE_NULL] });
    // Another run: what was staged is of another plan.
    const other = await session.relation("SELECT 5 AS old, 'z' AS a, NULL::VARCHAR AS b");
    await load.writeBatch(other, position(2, { staged: true, runId: "run-2" }), { changes: [] });
    await load.commit(position(3, { complete: true, runId: "run-2" }));
    await destination.close();
  });
  assert.deepEqual(await place.rows("SELECT * FROM t"), ["(5,z,)"]);
  assert.deepEqual(await place.rows(COLUMNS), ["(old,f)", "(a,t)", "(b,f)"]);
});
