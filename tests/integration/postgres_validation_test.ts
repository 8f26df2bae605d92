/** `validation` in loads into PostgreSQL, on a real server: quarantine in the load's transaction, references, overwrite. */
import assert from "node:assert/strict";
import { postgresTest } from "../servers/postgres_test_case.ts";
import { type PostgresServer } from "../servers/postgres.ts";
import { runRecipe } from "./cli.ts";
import { withHome } from "./home.ts";

const CSV = "id,email,customer\n1,a@b.co,10\n2,nope,10\n3,c@d.org,99\n4,e@f.net,20\n";

async function setUp(server: PostgresServer, name: string) {
  const database = { database: await server.createDatabase({ name }) };
  await server.execute(`ALTER SCHEMA public OWNER TO ${server.user}`, database);
  await server.execute("CREATE TABLE customers (id int); INSERT INTO customers VALUES (10), (20)", database);
  await server.execute(`GRANT SELECT ON customers TO ${server.user}`, database);
  const { host, port, user, password } = server.connection();
  const recipe = (mode: string, more = "") => ({
    name: "pg",
    source: { type: "csv", path: "in.csv" },
    destination: {
      type: "postgres",
      host,
      port,
      user,
      password,
      database: database.database,
      sslmode: "disable",
      table: "orders",
      write_mode: mode,
    },
    validation: {
      on_error: "quarantine",
      quarantine_table: `side.bad${more}`,
      rules: [
        { column: "email", type: "email" },
        { column: "customer", references: { table: "customers", column: "id" } },
      ],
    },
  });
  return { database, recipe };
}

postgresTest(
  "rows that break rules go into a table, in the transaction that loads the others",
  async (server) => {
    const { database, recipe } = await setUp(server, "validation");
    await withHome(async (home) => {
      const run = async (mode: string, more = "") => {
        await Deno.writeTextFile(`${home}/r.yaml`, JSON.stringify(recipe(mode, more)));
        return await runRecipe(`${home}/r.yaml`, { cwd: home });
      };
      await Deno.writeTextFile(`${home}/in.csv`, CSV);
      const { code, summary, stderr } = await run("append");
      assert.equal(code, 0, `${JSON.stringify(summary.error)}\n${stderr}`);
      assert.deepEqual([summary.rows_read, summary.rows_written, summary.rows_rejected], [4, 2, 2]);
      assert.deepEqual(await server.rows("SELECT id FROM orders ORDER BY id", database), ["(1)", "(4)"]);
      const bad =
        `SELECT "row" ->> 'id', broken -> 0 ->> 'rule', broken -> 0 ->> 'value', recipe FROM side.bad ORDER BY 1`;
      assert.deepEqual(await server.rows(bad, database), [
        "(2,email.type,nope,pg)",
        "(3,customer.references,99,pg)",
      ]);
      await run("append");
      assert.deepEqual(await server.rows("SELECT count(*) FROM side.bad", database), ["(4)"]);
      // All rows are replaced, and with them those that were left out.
      await run("overwrite");
      assert.deepEqual(await server.rows("SELECT count(*), count(DISTINCT run_id) FROM side.bad", database), [
        "(2,1)",
      ]);
      assert.deepEqual(await server.rows("SELECT count(*) FROM orders", database), ["(2)"]);
    });
  },
);

postgresTest(
  "a quarantine table that is none: neither its rows nor the others are loaded",
  async (server) => {
    const { database, recipe } = await setUp(server, "validation_other");
    await withHome(async (home) => {
      await server.execute(
        `CREATE SCHEMA side AUTHORIZATION ${server.user}; CREATE TABLE side.bad2 (x int); ALTER TABLE side.bad2 OWNER TO ${server.user}`,
        database,
      );
      await Deno.writeTextFile(`${home}/r.yaml`, JSON.stringify(recipe("append", "2")));
      await Deno.writeTextFile(`${home}/in.csv`, CSV);
      const { code, summary } = await runRecipe(`${home}/r.yaml`, { cwd: home });
      assert.equal(code, 1);
      assert.equal(summary.error?.code, "QUARANTINE_TABLE");
      assert.deepEqual(
        await server.rows("SELECT count(*) FROM pg_tables WHERE tablename = 'orders'", database),
        ["(0)"],
      );
    });
  },
);
