/** The recipes of `recipes/postgres`, twice each, on a real server. In a copy, so that nothing is left in the repository. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { postgresTest } from "../servers/postgres_test_case.ts";
import { runRecipe } from "./cli.ts";
import { queryFile } from "./database.ts";
import { withHome } from "./home.ts";
import { copyTree, POSTGRES_RECIPES } from "./recipe_files.ts";

const RECIPES = fileURLToPath(new URL("../../recipes/", import.meta.url)).replaceAll("\\", "/");

postgresTest("example recipes of PostgreSQL", { own: {} }, async (server, t) => {
  const shop = { database: await server.createDatabase({ name: "shop" }) };
  const warehouse = { database: await server.createDatabase({ name: "warehouse" }) };
  for (const database of [shop, warehouse]) {
    await server.execute(`ALTER SCHEMA public OWNER TO ${server.user}`, database);
  }
  const { host, port, user, password } = server.connection();
  const env = { PGHOST: host, PGPORT: String(port), PGUSER: user, PGPASSWORD: password };
  const orders = "SELECT count(*), sum(amount), max(ordered_at) FROM";
  await withHome(async (home) => {
    await copyTree(RECIPES, `${home}/recipes`);
    const run = async (recipe: string, written: number) => {
      const { code, summary, stderr } = await runRecipe(`${home}/recipes/${recipe}`, { cwd: home, env });
      assert.equal(code, 0, `${JSON.stringify(summary.error, null, 2)}\n${stderr}`);
      assert.equal(summary.rows_written, written, `rows written by ${recipe}`);
      assert.ok(!stderr.includes(password), "the password is not shown");
    };
    const cases: Record<string, () => Promise<void>> = {
      "postgres/from_csv.yaml": async () => {
        await run("postgres/from_csv.yaml", 8);
        assert.deepEqual(await server.rows(`${orders} shop.orders`, shop), [
          '(8,1627.84,"2024-02-28 23:59:59")',
        ]);
        assert.deepEqual(
          await server.rows(
            `SELECT column_name, data_type, numeric_precision, numeric_scale FROM information_schema.columns
             WHERE table_schema = 'shop' AND table_name = 'orders' AND column_name IN ('id', 'amount', 'ordered_at') ORDER BY 1`,
            shop,
          ),
          ["(amount,numeric,10,2)", "(id,bigint,64,0)", '(ordered_at,"timestamp without time zone",,)'],
        );
        await run("postgres/from_csv.yaml", 0);
        await Deno.writeTextFile(
          `${home}/recipes/data/shop/orders-2024-03.csv`,
          "id,customer,ordered_at,amount,status\n1007,C-2,2024-03-01 09:00:00,89.95,shipped\n",
        );
        await run("postgres/from_csv.yaml", 1);
        assert.deepEqual(await server.rows("SELECT status FROM shop.orders WHERE id = 1007", shop), [
          "(shipped)",
        ]);
      },
      "postgres/keep_copy.yaml": async () => {
        await run("postgres/keep_copy.yaml", 8);
        await server.execute(
          "UPDATE shop.orders SET status = 'closed' WHERE id = 1007; INSERT INTO shop.orders VALUES (1009, 'C-1', '2024-03-01 09:00:00', 1, 'open')",
          shop,
        );
        // The last order has changed at an unchanged time; it is read again with the one that shares its time.
        await run("postgres/keep_copy.yaml", 2);
        await run("postgres/keep_copy.yaml", 0);
        const all = "SELECT * FROM";
        assert.deepEqual(
          await server.rows(`${all} staging.orders ORDER BY id`, warehouse),
          await server.rows(`${all} shop.orders ORDER BY id`, shop),
        );
      },
      "postgres/to_duckdb.yaml": async () => {
        await run("postgres/to_duckdb.yaml", 5);
        await run("postgres/to_duckdb.yaml", 5);
        assert.deepEqual(
          await queryFile(
            `${home}/out/postgres.duckdb`,
            "SELECT customer, orders::INTEGER AS orders, revenue::VARCHAR AS revenue, last_order::VARCHAR AS last FROM revenue ORDER BY 1 LIMIT 2",
          ),
          [
            { customer: "C-1", orders: 2, revenue: "35.50", last: "2024-03-01 09:00:00" },
            { customer: "C-2", orders: 2, revenue: "104.95", last: "2024-03-01 09:00:00" },
          ],
        );
      },
    };
    assert.deepEqual(Object.keys(cases), POSTGRES_RECIPES, "every recipe of the folder");
    for (const [name, body] of Object.entries(cases)) await t.step(name, body);
  });
});
