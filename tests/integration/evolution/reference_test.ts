/** A strict schema over a table of PostgreSQL, into DuckDB: the whole way, with every way it must stop. */
import assert from "node:assert/strict";
import { executePlan } from "../../../src/app/execute.ts";
import { prepareRecipe } from "../../../src/app/prepare.ts";
import { postgresTest } from "../../servers/postgres_test_case.ts";
import { sql } from "../database.ts";

const recipe = (url: string) =>
  `name: customers_pipeline

source:
  type: postgres
  url: ${JSON.stringify(url)}
  table: customers

schema:
  mode: strict  # or: infer, lenient
  columns:
    - name: id
      type: integer
      nullable: false
      primary_key: true
    - name: email
      type: string
      nullable: false
      unique: true
    - name: created_at
      type: datetime
      nullable: false
  evolution:
    allow_new_columns: true
    allow_column_deletion: false
    allow_type_changes: false

destination:
  type: duckdb
  database: output.duckdb
  table: customers
`;

postgresTest("a strict schema from PostgreSQL to DuckDB", async (server, t) => {
  const database = await server.createDatabase();
  const own = (statements: string) => server.execute(statements, { database });
  const folder = await Deno.makeTempDir();
  const output = `${folder}/output.duckdb`;
  const run = async () => {
    const { plan } = await prepareRecipe(`${folder}/recipe.yaml`);
    return await executePlan(plan, { stateDirectory: `${folder}/state` });
  };
  const read = (query: string) => sql(`ATTACH '${output}' AS db (READ_ONLY)`, "USE db", query);
  try {
    await Deno.writeTextFile(`${folder}/recipe.yaml`, recipe(server.url({ database })));
    await own(`CREATE TABLE customers (id integer, email text, created_at timestamp);
      ALTER TABLE customers OWNER TO "${server.user}";
      INSERT INTO customers VALUES (1, 'ada@example.com', '2024-01-02 03:04:05.000006')`);
    await t.step("loads with the types, the key and the constraints of the schema", async () => {
      const summary = await run();
      assert.equal(summary.error, undefined, JSON.stringify(summary.error));
      assert.deepEqual(
        await read("SELECT id::INTEGER AS id, email, created_at::VARCHAR AS at FROM customers"),
        [
          { id: 1, email: "ada@example.com", at: "2024-01-02 03:04:05.000006" },
        ],
      );
      assert.deepEqual(
        await read(
          "SELECT constraint_type AS kind, constraint_column_names[1] AS name FROM duckdb_constraints() WHERE " +
            "table_name = 'customers' AND constraint_type <> 'NOT NULL' ORDER BY kind",
        ),
        [{ kind: "PRIMARY KEY", name: "id" }, { kind: "UNIQUE", name: "email" }],
      );
    });
    await t.step("a new column is added", async () => {
      await own(`DELETE FROM customers; ALTER TABLE customers ADD COLUMN country text;
        INSERT INTO customers VALUES (2, 'grace@example.com', '2024-01-03 00:00:00', 'US')`);
      const summary = await run();
      assert.equal(summary.error, undefined, JSON.stringify(summary.error));
      assert.deepEqual(summary.schema_changes.map(({ kind, column }) => [kind, column]), [[
        "add_column",
        "country",
      ]]);
    });
    const refused: [string, string, string, RegExp][] = [
      ["a NULL", "(3, NULL, '2024-01-04 00:00:00', 'DE')", "SCHEMA_NULL", /"email", row 1/],
      [
        "an email that comes twice",
        "(4, 'x', '2024-01-04', 'DE'), (5, 'x', '2024-01-04', 'DE')",
        "SCHEMA_DUPLICATE",
        /row 2: "x"/,
      ],
      ["a key that is there", "(2, 'y', '2024-01-04', 'DE')", "CONSTRAINT_VIOLATED", /id: 2/],
    ];
    for (const [name, rows, code, says] of refused) {
      await t.step(`${name} stops the load`, async () => {
        await own(`DELETE FROM customers; INSERT INTO customers VALUES ${rows}`);
        const summary = await run();
        assert.equal(summary.error?.code, code, JSON.stringify(summary.error));
        assert.match(summary.error!.message, says);
        assert.deepEqual(await read("SELECT count(*)::INTEGER AS n FROM customers"), [{ n: 2 }]);
      });
    }
    await t.step("a column that is gone stops the load", async () => {
      await own("DELETE FROM customers; ALTER TABLE customers DROP COLUMN email");
      const { error } = await run();
      assert.equal(error?.code, "SCHEMA_MISSING_COLUMN");
      assert.equal(error?.location?.line, 15);
    });
    await t.step("a zone that the schema does not have stops the load before it begins", async () => {
      await own(
        `ALTER TABLE customers ADD COLUMN email text; ALTER TABLE customers ALTER COLUMN created_at TYPE timestamptz`,
      );
      assert.equal((await run()).error?.code, "SCHEMA_LOSSY");
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
