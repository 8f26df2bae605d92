/** What a PostgreSQL refuses, and what passes by itself: each through the command line, at both ends. */
import assert from "node:assert/strict";
import { freePort, type PostgresServer } from "../servers/postgres.ts";
import { postgresTest } from "../servers/postgres_test_case.ts";
import { queryFile, sql } from "./database.ts";
import { withHome } from "./home.ts";
import { resize, withSmallDisk } from "./mounts.ts";
import { failed, Load, PATIENT, retries, succeeded, until, waiting } from "./postgres_faults.ts";

const CSV = { type: "csv", path: "in.csv", columns: { id: "int", name: "string" } };
const INTO_DUCKDB = { type: "duckdb", database: "out.duckdb", table: "rows" };

/** A database with `rows (id, name)`, and a home with `in.csv`. */
async function withRows(
  server: PostgresServer,
  body: (at: { database: string; home: string; block: Record<string, unknown> }) => Promise<void>,
): Promise<void> {
  const database = await server.createDatabase();
  await server.execute(
    `CREATE TABLE rows (id bigint PRIMARY KEY, name text); INSERT INTO rows VALUES (1, 'one'), (2, 'two');
     ALTER TABLE rows OWNER TO ${server.user}; ALTER SCHEMA public OWNER TO ${server.user}`,
    { database },
  );
  await withHome(async (home) => {
    await Deno.writeTextFile(`${home}/in.csv`, "id,name\n2,TWO\n3,three\n");
    await body({
      database,
      home,
      block: { type: "postgres", ...server.connection({ database }), table: "rows" },
    });
  });
}

const ROWS = "SELECT * FROM rows ORDER BY id";
const OLD = ["(1,one)", "(2,two)"];
const MERGED = ["(1,one)", "(2,TWO)", "(3,three)"];
const merge = { write_mode: "merge", merge_keys: ["id"] };

postgresTest("a server that is not there, a wrong password, a database that is none", async (server, t) => {
  await withRows(server, async ({ database, home, block }) => {
    const cases = [
      {
        name: "no server",
        more: { port: freePort() },
        code: "CONNECTION_REFUSED",
        says: /127\.0\.0\.1/,
        retryable: true,
      },
      {
        name: "wrong password",
        more: { password: "wr0ng/pa55" },
        code: "WRONG_PASSWORD",
        says: /loader/,
        retryable: false,
      },
      {
        name: "no database",
        more: { database: "nowhere" },
        code: "DATABASE_NOT_FOUND",
        says: /nowhere/,
        retryable: false,
      },
    ];
    for (const { name, more, ...expected } of cases) {
      const wrong = { ...block, ...more };
      const secret = String(wrong.password);
      await t.step(`${name}, read`, async () => {
        failed(await new Load(home, { source: wrong, destination: INTO_DUCKDB }).run(), {
          ...expected,
          secret,
        });
      });
      await t.step(`${name}, written`, async () => {
        failed(await new Load(home, { source: CSV, destination: { ...wrong, ...merge } }).run(), {
          ...expected,
          secret,
        });
      });
    }
    await t.step("a wrong password is not tried twice", async () => {
      const load = new Load(home, {
        source: { ...block, password: "wrong" },
        destination: INTO_DUCKDB,
        runtime: { retries: PATIENT },
      });
      assert.equal(retries(await load.run()), 0);
    });
    assert.deepEqual(await server.rows(ROWS, { database }), OLD);
  });
});

postgresTest("permission denied names what is needed, and nothing is written", async (server, t) => {
  await withRows(server, async ({ database, home, block }) => {
    const guest = await server.createRole(`guest_${database}`);
    const as = { ...block, user: guest };
    const secret = server.password;
    await server.execute(`GRANT USAGE ON SCHEMA public TO ${guest}`, { database });
    await t.step("a table that may not be read", async () => {
      const result = await new Load(home, { source: as, destination: INTO_DUCKDB }).run();
      failed(result, { code: "PERMISSION_DENIED", says: /rows/, retryable: false, secret });
    });
    for (
      const [name, write] of Object.entries({ append: {}, merge, overwrite: { write_mode: "overwrite" } })
    ) {
      await t.step(`a table that may not be written: ${name}`, async () => {
        await server.execute(`GRANT SELECT, INSERT ON rows TO ${guest}`, { database });
        const result = await new Load(home, { source: CSV, destination: { ...as, ...write } }).run();
        failed(result, { code: "PERMISSION_DENIED", retryable: false, secret });
        assert.deepEqual(await server.rows(ROWS, { database }), OLD);
      });
    }
    await t.step("a schema that may not be made", async () => {
      const into = { ...as, table: "fresh.rows" };
      failed(await new Load(home, { source: CSV, destination: into }).run(), {
        code: "PERMISSION_DENIED",
        secret,
      });
    });
    await server.execute(`DROP OWNED BY ${guest}; DROP ROLE ${guest}`, { database });
  });
});

postgresTest("a read-only server, and a table that is a view, can't be loaded into", async (server, t) => {
  await withRows(server, async ({ database, home, block }) => {
    await t.step("view", async () => {
      await server.execute(`CREATE VIEW seen AS TABLE rows; ALTER VIEW seen OWNER TO ${server.user}`, {
        database,
      });
      const into = { ...block, table: "seen" };
      const result = await new Load(home, { source: CSV, destination: into }).run();
      failed(result, { code: /NOT_A_TABLE/, says: /seen/, secret: server.password });
    });
    await t.step("read-only", async () => {
      await server.execute(`ALTER DATABASE ${database} SET default_transaction_read_only = on`);
      const result = await new Load(home, { source: CSV, destination: { ...block, ...merge } }).run();
      failed(result, { code: "READ_ONLY_SERVER", retryable: false, secret: server.password });
      assert.deepEqual(await server.rows(ROWS, { database }), OLD);
    });
  });
});

for (const [name, sqlstate] of Object.entries({ "serialization failure": "40001", "deadlock": "40P01" })) {
  postgresTest(`a ${name} that the server reports twice is tried again`, async (server, t) => {
    for (
      const [mode, write] of Object.entries({ append: {}, merge, overwrite: { write_mode: "overwrite" } })
    ) {
      await t.step(mode, () =>
        withRows(server, async ({ database, home, block }) => {
          // What a sequence has counted is not rolled back.
          await server.execute(
            `CREATE SEQUENCE tries; GRANT ALL ON SEQUENCE tries TO PUBLIC;
             CREATE FUNCTION fail_twice() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
               IF nextval('public.tries') <= 2 THEN RAISE EXCEPTION 'not now' USING ERRCODE = '${sqlstate}'; END IF;
               RETURN NEW; END $$;
             CREATE TRIGGER t BEFORE INSERT ON rows FOR EACH STATEMENT EXECUTE FUNCTION fail_twice();
             DELETE FROM rows`,
            { database },
          );
          const load = new Load(home, {
            source: CSV,
            destination: { ...block, ...write },
            runtime: { retries: PATIENT },
          });
          const result = await load.run();
          succeeded(result);
          // An overwrite fills a table of its own, which has no triggers.
          if (mode !== "overwrite") assert.ok(retries(result) > 0, result.stderr);
          assert.deepEqual(await server.rows(ROWS, { database }), ["(2,TWO)", "(3,three)"]);
        }));
    }
  });
}

postgresTest(
  "a real deadlock with another session: one is rolled back, and the load goes through",
  async (server) => {
    await withRows(server, async ({ database, home, block }) => {
      await server.execute("INSERT INTO rows VALUES (3, 'old')", { database });
      // The load waits a while between its rows, and finds the deadlock before the other session does.
      await server.execute(
        `ALTER ROLE ${server.user} SET deadlock_timeout = '50ms';
       CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(1); RETURN NEW; END $$;
       CREATE TRIGGER t BEFORE UPDATE ON rows FOR EACH ROW WHEN (current_user = '${server.user}') EXECUTE FUNCTION slow()`,
        { database },
      );
      await Deno.writeTextFile(`${home}/in.csv`, "id,name\n1,ONE\n2,TWO\n3,three\n");
      const other = server.session({ database });
      await other.run("SET deadlock_timeout = '60s'; BEGIN; UPDATE rows SET name = 'other' WHERE id = 3");
      const load = new Load(home, {
        source: CSV,
        destination: { ...block, ...merge },
        runtime: { retries: PATIENT },
      });
      let otherDone: Promise<string> | undefined;
      const result = await load.runWhile(async () => {
        await until(
          server,
          "EXISTS (SELECT 1 FROM pg_stat_activity WHERE usename = 'loader' AND wait_event = 'PgSleep')",
        );
        otherDone = other.run("UPDATE rows SET name = 'other' WHERE id = 1; COMMIT");
        await otherDone;
      });
      await other.close();
      await server.execute(`ALTER ROLE ${server.user} RESET deadlock_timeout`);
      succeeded(result);
      assert.ok(/deadlock/.test(await server.log()), "there was a deadlock");
      assert.deepEqual(await server.rows(ROWS, { database }), ["(1,ONE)", "(2,TWO)", "(3,three)"]);
    });
  },
);

postgresTest(
  "statement timeout: an error that says so, of a query and of a load that waits for a lock",
  async (server, t) => {
    await withRows(server, async ({ database, home, block }) => {
      const limited = { ...block, statement_timeout: "500ms" };
      await t.step("query", async () => {
        const { table: _table, ...rest }: Record<string, unknown> = limited;
        const source = { ...rest, query: "SELECT 1 AS a, pg_sleep(30)::text AS b" };
        const result = await new Load(home, { source, destination: INTO_DUCKDB }).run();
        failed(result, { code: "STATEMENT_TIMEOUT", retryable: false, secret: server.password });
      });
      await t.step("load", async () => {
        const other = server.session({ database });
        await other.run("BEGIN; LOCK TABLE rows IN ACCESS EXCLUSIVE MODE");
        const result = await new Load(home, { source: CSV, destination: { ...limited, ...merge } }).run();
        failed(result, { code: "STATEMENT_TIMEOUT", secret: server.password });
        await other.close();
        assert.deepEqual(await server.rows(ROWS, { database }), OLD);
        succeeded(await new Load(home, { source: CSV, destination: { ...limited, ...merge } }).run());
        assert.deepEqual(await server.rows(ROWS, { database }), MERGED);
      });
    });
  },
);

postgresTest("a load waits for a lock that another session holds, and goes on", async (server) => {
  await withRows(server, async ({ database, home, block }) => {
    const other = server.session({ database });
    await other.run("BEGIN; LOCK TABLE rows IN ACCESS EXCLUSIVE MODE");
    succeeded(
      await new Load(home, { source: CSV, destination: { ...block, ...merge } }).runWhile(async () => {
        await until(server, waiting);
        await other.run("COMMIT");
      }),
    );
    await other.close();
    assert.deepEqual(await server.rows(ROWS, { database }), MERGED);
  });
});

postgresTest("the table of the source is altered between runs", async (server, t) => {
  await withRows(server, async ({ database, home, block }) => {
    const load = new Load(home, {
      source: { ...block, incremental: { strategy: "cursor", cursor_column: "id" } },
      destination: { ...INTO_DUCKDB, ...merge },
    });
    const rows = (columns: string) =>
      queryFile(`${home}/out.duckdb`, `SELECT ${columns} FROM rows ORDER BY id`);
    await load.succeeds();
    await t.step("a column is added", async () => {
      await server.execute(
        "ALTER TABLE rows ADD extra date; INSERT INTO rows VALUES (3, 'three', '2024-01-01')",
        { database },
      );
      await load.succeeds();
      assert.deepEqual(await rows("id::INTEGER AS id, extra::VARCHAR AS extra"), [
        { id: 1, extra: null },
        { id: 2, extra: null },
        { id: 3, extra: "2024-01-01" },
      ]);
    });
    await t.step("a column is dropped, another renamed", async () => {
      await server.execute(
        "ALTER TABLE rows DROP extra; ALTER TABLE rows RENAME name TO title; INSERT INTO rows VALUES (4, 'four')",
        { database },
      );
      await load.succeeds();
      assert.deepEqual((await rows("id::INTEGER AS id, name, title")).slice(2), [
        { id: 3, name: "three", title: "three" },
        { id: 4, name: null, title: "four" },
      ]);
    });
    await t.step("a type that the table can't take is refused", async () => {
      await server.execute(
        "ALTER TABLE rows ALTER title TYPE numeric(5,1) USING id; ALTER TABLE rows ALTER id TYPE text",
        { database },
      );
      const result = await load.run();
      failed(result, {
        code: /TYPE_MISMATCH|CURSOR_TYPE_CHANGED/,
        says: /\bid\b|\btitle\b/,
        secret: server.password,
      });
      assert.equal((await rows("id")).length, 4);
    });
  });
});

postgresTest("the table of the destination is altered between runs", async (server, t) => {
  await withRows(server, async ({ database, home, block }) => {
    const load = new Load(home, { source: CSV, destination: { ...block, ...merge } });
    await load.succeeds();
    await t.step("a column that the load fills is dropped: it is added again", async () => {
      await server.execute("ALTER TABLE rows DROP name", { database });
      await load.succeeds();
      assert.deepEqual(await server.rows(ROWS, { database }), ["(1,)", "(2,TWO)", "(3,three)"]);
    });
    await t.step("its type is changed to one that can't hold the values", async () => {
      await server.execute("ALTER TABLE rows DROP name; ALTER TABLE rows ADD name integer", { database });
      failed(await load.run(), { code: "TYPE_MISMATCH", says: /name/, secret: server.password });
      assert.deepEqual(await server.rows(ROWS, { database }), ["(1,)", "(2,)", "(3,)"]);
    });
    await t.step("the table is dropped: it is made again", async () => {
      await server.execute("DROP TABLE rows", { database });
      await load.succeeds();
      assert.deepEqual(await server.rows(ROWS, { database }), ["(2,TWO)", "(3,three)"]);
    });
    await t.step(
      "the table of positions is dropped: an incremental load stops rather than lose rows",
      async () => {
        const incremental = new Load(home, {
          name: "kept",
          source: { ...CSV, incremental: { strategy: "cursor", cursor_column: "id" } },
          destination: { ...block, table: "kept", write_mode: "append" },
        });
        await incremental.succeeds();
        await server.execute("DROP TABLE _dataloader_loads", { database });
        failed(await incremental.run(), { code: "POSITION_LOST", secret: server.password });
        assert.equal((await server.rows("SELECT * FROM kept", { database })).length, 2);
      },
    );
  });
});

postgresTest("a disk of the server that is full: an error, the old rows, and with space it goes on", {
  own: {},
}, async (server, t) => {
  await withSmallDisk("40m", async (disk) => {
    if ("skipped" in disk) {
      return void await t.step({ name: `skipped: ${disk.skipped}`, ignore: true, fn: () => {} });
    }
    await server.give(disk.path);
    await server.execute(`CREATE TABLESPACE small LOCATION '${disk.path}'`);
    const database = await server.createDatabase();
    await server.execute(
      `GRANT CREATE ON TABLESPACE small TO ${server.user}; ALTER ROLE ${server.user} SET default_tablespace = 'small'`,
    );
    await server.execute(`ALTER SCHEMA public OWNER TO ${server.user}`, { database });
    await withHome(async (home) => {
      for (const [mode, write] of Object.entries({ append: {}, overwrite: { write_mode: "overwrite" } })) {
        await t.step(mode, async () => {
          const load = new Load(home, {
            name: mode,
            source: { type: "parquet", path: "in.parquet" },
            destination: { type: "postgres", ...server.connection({ database }), table: mode, ...write },
          });
          const make = (rows: number) =>
            sql(`COPY (SELECT i AS id, md5(i::VARCHAR) || md5((-i)::VARCHAR) AS name FROM range(${rows}) r(i))
                 TO '${home}/in.parquet' (FORMAT parquet)`);
          await make(1);
          await load.succeeds();
          await make(600_000);
          failed(await load.run(), { code: "DISK_FULL", retryable: false, secret: server.password });
          assert.deepEqual(await server.rows(`SELECT count(*) FROM ${mode}`, { database }), ["(1)"]);
          await resize(disk.path, "400m");
          await load.succeeds();
          const all = mode === "append" ? 600_001 : 600_000;
          assert.deepEqual(await server.rows(`SELECT count(*) FROM ${mode}`, { database }), [`(${all})`]);
          await server.execute(`DROP TABLE ${mode}`, { database });
          await server.execute("CHECKPOINT");
          await resize(disk.path, "40m");
        });
      }
    });
    await server.execute(`DROP DATABASE ${database} WITH (FORCE)`);
    await server.execute("DROP TABLESPACE small");
  });
});
