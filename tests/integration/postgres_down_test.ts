/**
 * The server dies or is stopped in the middle of a load and comes back: the load goes through with the retries that a recipe
 * has by default, its rows exact.
 */
import assert from "node:assert/strict";
import type { PostgresServer } from "../servers/postgres.ts";
import { postgresTest } from "../servers/postgres_test_case.ts";
import { sql } from "./database.ts";
import { withHome } from "./home.ts";
import { copying, Load, retries, succeeded, until } from "./postgres_faults.ts";

const ROWS = 400_000;
/** How long the server stays away. */
const AWAY_MS = 5_000;

const TABLE = `SELECT i AS id, md5(i::text) AS name, (i % 10000 / 100.0)::numeric(10,2) AS amount,
    timestamp '2024-01-01' + i * interval '1 second' AS created FROM generate_series(1, ${ROWS}) AS s(i)`;

/** Count, sums and a hash over all rows that tells any difference. */
const DIGEST = `SELECT count(*), sum(id), sum(amount), min(created), max(created), count(DISTINCT name),
    sum(hashtext(id || name || amount || created)::bigint) FROM`;

const ENDS = {
  "killed (kill -9)": (server: PostgresServer) => server.kill(),
  "stopped": (server: PostgresServer) => server.stop("fast"),
};

for (const [how, end] of Object.entries(ENDS)) {
  postgresTest(`server ${how} while it is read, and back after 5 s`, { own: {} }, async (server) => {
    const database = await server.createDatabase();
    await server.execute(
      `CREATE TABLE big AS ${TABLE}; ALTER TABLE big OWNER TO ${server.user}; ANALYZE big`,
      { database },
    );
    await withHome(async (home) => {
      const load = new Load(home, {
        source: { type: "postgres", ...server.connection({ database }), table: "big" },
        destination: { type: "duckdb", database: "out.duckdb", table: "big", write_mode: "append" },
        runtime: { batch_size: 50_000 },
      });
      const result = await load.runWhile(async () => {
        await until(server, copying(1_000_000));
        await end(server);
        await new Promise((done) => setTimeout(done, AWAY_MS));
        await server.startAgain();
      });
      succeeded(result);
      assert.ok(retries(result) > 0, `it was tried again:\n${result.stderr}`);
      assert.deepEqual(
        await sql(
          `ATTACH '${home}/out.duckdb' AS db (READ_ONLY)`,
          `SELECT count(*)::INTEGER AS n, count(DISTINCT id)::INTEGER AS ids, sum(id)::VARCHAR AS sum,
             count(*) FILTER (name <> md5(id::VARCHAR) OR amount <> (id % 10000 / 100.0)::DECIMAL(10,2)
               OR created <> TIMESTAMP '2024-01-01' + to_seconds(id))::INTEGER AS wrong FROM db.big`,
        ),
        [{ n: ROWS, ids: ROWS, sum: String(ROWS * (ROWS + 1) / 2), wrong: 0 }],
      );
    });
  });

  postgresTest(`server ${how} while it is written, and back after 5 s`, { own: {} }, async (server, t) => {
    const database = await server.createDatabase();
    await server.execute(`CREATE TABLE expected AS ${TABLE}; ALTER SCHEMA public OWNER TO ${server.user}`, {
      database,
    });
    const [expected] = await server.rows(`${DIGEST} expected`, { database });
    await withHome(async (home) => {
      await sql(
        `COPY (SELECT i AS id, md5(i::VARCHAR) AS name, (i % 10000 / 100.0)::DECIMAL(10,2) AS amount,
           TIMESTAMP '2024-01-01' + to_seconds(i) AS created FROM range(1, ${
          ROWS + 1
        }) r(i)) TO '${home}/in.parquet' (FORMAT parquet)`,
      );
      for (const write_mode of ["append", "overwrite", "merge"]) {
        await t.step(write_mode, async () => {
          const table = `by_${write_mode}`;
          const keys = write_mode === "merge" ? { merge_keys: ["id"] } : {};
          // Some old rows: an overwrite replaces them, a merge corrects them.
          if (write_mode !== "append") {
            await server.execute(
              `CREATE TABLE ${table} AS SELECT id, 'old' AS name, amount, created FROM expected WHERE id <= 100;
               ALTER TABLE ${table} OWNER TO ${server.user}`,
              { database },
            );
          }
          const load = new Load(home, {
            name: table,
            source: { type: "parquet", path: "in.parquet" },
            destination: { type: "postgres", ...server.connection({ database }), table, write_mode, ...keys },
            runtime: {},
          });
          const result = await load.runWhile(async () => {
            await until(server, copying(1_000_000));
            await end(server);
            await new Promise((done) => setTimeout(done, AWAY_MS));
            await server.startAgain();
          });
          succeeded(result);
          assert.ok(retries(result) > 0, `it was tried again:\n${result.stderr}`);
          assert.deepEqual(await server.rows(`${DIGEST} ${table}`, { database }), [expected]);
          const left =
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relname LIKE '\\_dataloader\\_%'";
          assert.deepEqual(
            await server.rows(left, { database }),
            ["(_dataloader_loads)"],
            "nothing is left behind",
          );
        });
      }
    });
  });
}

postgresTest("server killed at random moments of a load that is written", { own: {} }, async (server) => {
  const database = await server.createDatabase();
  await server.execute(`CREATE TABLE expected AS ${TABLE}; ALTER SCHEMA public OWNER TO ${server.user}`, {
    database,
  });
  const [expected] = await server.rows(`${DIGEST} expected`, { database });
  const moments = Math.max(1, Math.floor(Number(Deno.env.get("DATALOADER_KILLS") ?? 2) / 5));
  await withHome(async (home) => {
    await sql(
      `COPY (SELECT i AS id, md5(i::VARCHAR) AS name, (i % 10000 / 100.0)::DECIMAL(10,2) AS amount,
         TIMESTAMP '2024-01-01' + to_seconds(i) AS created FROM range(1, ${
        ROWS + 1
      }) r(i)) TO '${home}/in.parquet' (FORMAT parquet)`,
    );
    for (let nth = 0; nth < moments; nth++) {
      const load = new Load(home, {
        name: `random_${nth}`,
        source: { type: "parquet", path: "in.parquet" },
        destination: {
          type: "postgres",
          ...server.connection({ database }),
          table: `random_${nth}`,
          write_mode: "append",
        },
        runtime: {},
      });
      succeeded(
        await load.runWhile(async () => {
          await until(server, "EXISTS (SELECT 1 FROM pg_stat_activity WHERE usename = 'loader')");
          await new Promise((done) => setTimeout(done, Math.random() * 2_500));
          await server.kill();
          await server.startAgain();
        }),
      );
      assert.deepEqual(
        await server.rows(`${DIGEST} random_${nth}`, { database }),
        [expected],
        `moment ${nth}`,
      );
    }
  });
});
