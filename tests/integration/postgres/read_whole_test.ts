/** Reading whole tables, views and queries of a real server: one moment, several connections, and runs that are cut off. */
import assert from "node:assert/strict";
import { ConnectorError, EMPTY_SOURCE_STATE } from "../../../src/sdk/mod.ts";
import { postgresTest } from "../../servers/postgres_test_case.ts";
import { Reading, request } from "./read_helpers.ts";

const ids = (rows: readonly unknown[][]) => rows.map((row) => Number(row[0])).sort((a, b) => a - b);
const upTo = (count: number) => Array.from({ length: count }, (_, i) => i + 1);

/** 20,000 rows in some 5,000 blocks. */
async function wide(reading: Reading, table: string, rows = 20_000): Promise<void> {
  await reading.run(
    `CREATE TABLE ${table} (id int, pad char(1900)); INSERT INTO ${table} SELECT i, 'x' FROM generate_series(1, ${rows}) i`,
  );
}

/** Sessions of the tests' role, when those that were closed have had their time to end. */
async function sessions(reading: Reading): Promise<number> {
  let count = -1;
  for (let i = 0; i < 50 && count !== 0; i++) {
    if (i > 0) await new Promise((resolve) => setTimeout(resolve, 100));
    const [row] = await reading.select<{ n: number }>(
      `SELECT count(*) AS n FROM pg_stat_activity WHERE usename = '${reading.server.user}' AND datname = current_database()`,
    );
    count = row!.n;
  }
  return count;
}

postgresTest("several connections read one moment of a table that changes meanwhile", async (server) => {
  await using reading = await Reading.make(server);
  await wide(reading, "t", 40_000);
  let changed = false;
  const { rows, sizes } = await reading.read({ table: "t" }, {
    request: { batchSize: 1000, parallelism: 4 },
    each: async () => {
      if (changed) return;
      changed = true;
      const [row] = await reading.select<{ n: number }>(
        "SELECT count(*) AS n FROM pg_stat_activity WHERE application_name = 'dataloader' AND state <> 'idle'",
      );
      assert.ok(row!.n > 1, `${row!.n} sessions read`);
      await reading.run(
        "UPDATE t SET id = id + 1000000 WHERE id % 2 = 0; DELETE FROM t WHERE id % 3 = 0; INSERT INTO t VALUES (-1, '')",
      );
    },
  });
  assert.deepEqual(ids(rows), upTo(40_000));
  assert.ok(sizes.every((size) => size <= 1000), String(sizes));
  assert.equal(await sessions(reading), 0);
});

postgresTest(
  "views, partitions, inheritance, materialized views and queries are read whole",
  async (server, t) => {
    await using reading = await Reading.make(server);
    await wide(reading, "t", 3000);
    await reading.run(
      "CREATE VIEW v AS SELECT * FROM t; CREATE MATERIALIZED VIEW m AS SELECT * FROM t;" +
        "CREATE TABLE p (id int, pad text) PARTITION BY RANGE (id); CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (1000);" +
        "CREATE TABLE p2 PARTITION OF p DEFAULT; INSERT INTO p SELECT i, 'x' FROM generate_series(1, 3000) i;" +
        "CREATE TABLE parent (id int, pad text); CREATE TABLE child () INHERITS (parent);" +
        "INSERT INTO parent SELECT i, 'x' FROM generate_series(1, 1500) i; INSERT INTO child SELECT i, 'x' FROM generate_series(1501, 3000) i",
    );
    for (
      const block of [
        { table: "v" },
        { table: "m" },
        { table: "p" },
        { table: "parent" },
        { query: "SELECT id, pad FROM t WHERE id > 0;" },
        { query: "WITH w AS (SELECT * FROM t) SELECT * FROM w" },
        { query: "VALUES (1)" },
      ]
    ) {
      await t.step(JSON.stringify(block), async () => {
        for (const writeMode of ["append", "overwrite", "merge"] as const) {
          const { rows, sizes } = await reading.read(block, {
            request: { writeMode, batchSize: 700, parallelism: 3 },
          });
          assert.deepEqual(
            ids(rows),
            "query" in block && block.query === "VALUES (1)" ? [1] : upTo(3000),
            writeMode,
          );
          const batches = "table" in block && block.table === "m"
            ? undefined
            : writeMode === "append"
            ? 1
            : 5;
          if (rows.length > 1 && batches !== undefined) {
            assert.equal(sizes.length, batches, `${writeMode} ${sizes}`);
          }
        }
      });
    }
    await t.step("the parent alone is not its children", async () => {
      const { rows } = await reading.read({ query: "SELECT * FROM ONLY parent" });
      assert.equal(rows.length, 1500);
    });
  },
);

postgresTest(
  "a run that is cut off goes on where it was, while what it has read is as it was",
  async (server, t) => {
    await using reading = await Reading.make(server);
    await wide(reading, "t", 5000);
    const block = { table: "t" };
    const whole = await reading.read(block, { request: { batchSize: 300 } });
    await t.step("after any batch", async () => {
      for (let stopAfter = 1; stopAfter <= whole.sizes.length; stopAfter += 3) {
        const first = await reading.read(block, { request: { batchSize: 300 }, stopAfter });
        const rest = await reading.read(block, {
          request: { batchSize: 170, parallelism: 2 },
          state: first.state,
        });
        assert.deepEqual(ids([...first.rows, ...rest.rows]), upTo(5000));
      }
    });
    const cut = () => reading.read(block, { request: { batchSize: 300 }, stopAfter: 5 });
    const resumes = async (state: typeof EMPTY_SOURCE_STATE) =>
      await (await reading.source(block)).resumes!(request({ writeMode: "overwrite" }), state);
    await t.step("rows are added and changed in what is not read yet", async () => {
      const first = await cut();
      const read = new Set(ids(first.rows));
      const left = upTo(5000).filter((id) => !read.has(id));
      await reading.run(`DELETE FROM t WHERE id = ${left[0]}; INSERT INTO t VALUES (6000, '')`);
      assert.equal(await resumes(first.state), true);
      const rest = await reading.read(block, { request: { batchSize: 300 }, state: first.state });
      assert.deepEqual(ids([...first.rows, ...rest.rows]), [
        ...upTo(5000).filter((id) => id !== left[0]),
        6000,
      ]);
    });
    for (
      const [name, change] of [
        ["a row is updated", (id: number) => `UPDATE t SET pad = 'y' WHERE id = ${id}`],
        ["a row is deleted", (id: number) => `DELETE FROM t WHERE id = ${id}`],
        [
          "a row comes in their midst",
          (id: number) => `DELETE FROM t WHERE id = ${id}; VACUUM t; INSERT INTO t VALUES (${id}, 'new')`,
        ],
        ["the table is rewritten", () => "VACUUM FULL t"],
        ["a column is added", () => "ALTER TABLE t ADD COLUMN more int"],
      ] as [string, (id: number) => string][]
    ) {
      await t.step(`${name} among those that were read`, async () => {
        const first = await cut();
        for (const statement of change(ids(first.rows)[3]!).split("; ")) await reading.asOwner(statement);
        assert.equal(await resumes(first.state), false);
        await assert.rejects(
          () => reading.read(block, { request: { batchSize: 300 }, state: first.state }),
          (error) =>
            error instanceof ConnectorError && error.code === "SOURCE_CHANGED" && error.context.rows === 1500,
        );
        const merged = await reading.read(block, { request: { writeMode: "merge" }, state: first.state });
        const [row] = await reading.select<{ n: number }>("SELECT count(*) AS n FROM t");
        assert.equal(merged.rows.length, row!.n);
      });
    }
  },
);

postgresTest(
  "a table can't be dropped while it is read; one that is gone is said to be",
  async (server, t) => {
    await using reading = await Reading.make(server);
    await wide(reading, "t", 20_000);
    await t.step("dropped meanwhile", async () => {
      let dropped: Promise<void> | undefined;
      const { rows } = await reading.read({ table: "t" }, {
        request: { batchSize: 1000, parallelism: 2 },
        each: () => void (dropped ??= reading.run("DROP TABLE t")),
      });
      assert.deepEqual(ids(rows), upTo(20_000));
      await dropped;
    });
    await t.step("gone", async () => {
      await reading.run("CREATE TABLE tt (id int)");
      await assert.rejects(() => reading.read({ table: "t" }), (error) => {
        assert.ok(error instanceof ConnectorError);
        assert.deepEqual([error.code, error.hint, error.retryable], [
          "TABLE_NOT_FOUND",
          'did you mean "tt"?',
          false,
        ]);
        return true;
      });
    });
  },
);

postgresTest(
  "a reader that leaves early, is stopped, or fails, leaves no session behind",
  async (server, t) => {
    await using reading = await Reading.make(server);
    await wide(reading, "t", 20_000);
    await t.step("leaves", async () => {
      await reading.read({ table: "t" }, { request: { batchSize: 100, parallelism: 3 }, stopAfter: 2 });
      assert.equal(await sessions(reading), 0);
    });
    await t.step("a value can't be read", async () => {
      await reading.run(
        "CREATE TABLE bad AS SELECT i AS id, CASE WHEN i = 15000 THEN numeric 'NaN' ELSE i END::numeric(10,2) AS v FROM generate_series(1, 20000) i",
      );
      await assert.rejects(() => reading.read({ table: "bad" }, { request: { batchSize: 100 } }), /"v"/);
      await assert.rejects(() => reading.read({ query: "SELECT 1 / (id - 9000) FROM bad" }), (error) => {
        assert.ok(error instanceof ConnectorError);
        assert.deepEqual([error.code, error.context.sqlstate], ["INVALID_VALUE", "22012"]);
        assert.match(error.message, /Reading query failed: Division by zero/i);
        return true;
      });
      assert.equal(await sessions(reading), 0);
    });
    await t.step("a statement takes too long", async () => {
      await assert.rejects(
        () => reading.read({ query: "SELECT pg_sleep(20)", statement_timeout: "200ms" }),
        (error) => error instanceof ConnectorError && error.code === "STATEMENT_TIMEOUT" && !error.retryable,
      );
    });
    await t.step("the server ends the session", async () => {
      await assert.rejects(
        () =>
          reading.read({ table: "t" }, {
            request: { batchSize: 100 },
            each: async (_batch, index) => {
              if (index === 1) {
                await reading.asOwner(
                  "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'dataloader'",
                );
              }
            },
          }),
        (error) =>
          error instanceof ConnectorError && error.retryable &&
          ["SERVER_STOPPED", "CONNECTION_LOST"].includes(error.code),
      );
    });
    await t.step("stopped", async () => {
      const reason = new Error("stopped by a person");
      await assert.rejects(
        () =>
          reading.read({ table: "t" }, {
            request: { batchSize: 100 },
            each: (_batch, index) => {
              if (index === 1) reading.abort.abort(reason);
            },
          }),
        (error) => error === reason,
      );
      assert.equal(await sessions(reading), 0);
    });
  },
);

postgresTest("a slow destination makes the server wait: memory stays bounded", async (server) => {
  await using reading = await Reading.make(server);
  await reading.run(
    "CREATE TABLE t AS SELECT i AS id, repeat(md5(i::text), 30) AS pad FROM generate_series(1, 200000) i",
  );
  let most = 0;
  const before = Deno.memoryUsage();
  const source = await reading.source({ table: "t" });
  let rows = 0;
  for await (
    const { batch } of source.readBatches(request({ batchSize: 5000, parallelism: 2 }), EMPTY_SOURCE_STATE)
  ) {
    if (rows < 50_000) await new Promise((resolve) => setTimeout(resolve, 50));
    const { external, rss } = Deno.memoryUsage();
    most = Math.max(most, external - before.external);
    void rss;
    rows += await batch.rowCount();
    await reading.session.release(batch);
  }
  assert.equal(rows, 200_000);
  assert.ok(most < 80e6, `${Math.round(most / 1e6)} MB of buffers for 200 MB of rows`);
});

postgresTest(
  "columns: the ones asked for, in their order; one that is missing has a suggestion",
  async (server) => {
    await using reading = await Reading.make(server);
    await reading.run("CREATE TABLE t AS SELECT 1 AS id, 'a' AS name, 2 AS amount");
    const { rows } = await reading.read({ table: "t", columns: ["amount", "id"] });
    assert.deepEqual(rows, [[2, 1]]);
    await assert.rejects(
      () => reading.read({ table: "t", columns: ["amont"] }),
      (error) =>
        error instanceof ConnectorError && error.code === "COLUMN_NOT_FOUND" &&
        error.hint === 'did you mean "amount"?',
    );
  },
);

postgresTest("check and discover say what there is, and precisely what is not", async (server, t) => {
  await using reading = await Reading.make(server);
  await reading.run(
    "CREATE TABLE orders (id int PRIMARY KEY, amount numeric(10,2) NOT NULL, at timestamptz); INSERT INTO orders SELECT i, 1, now() FROM generate_series(1, 500) i;" +
      "CREATE VIEW recent AS SELECT * FROM orders; CREATE TABLE _dataloader_loads (x int); CREATE TABLE two (a int, b int, PRIMARY KEY (b, a))",
  );
  await reading.asOwner(
    "ANALYZE; CREATE TABLE secret (id int, open int); CREATE SCHEMA closed; CREATE TABLE closed.t (id int)",
  );
  await reading.asOwner(
    `GRANT SELECT (open) ON secret TO ${server.user}; GRANT USAGE ON SCHEMA closed TO ${server.user}`,
  );
  await t.step("discover", async () => {
    const found = await (await reading.source({ table: "orders" })).discover!();
    assert.deepEqual(
      found.map((each) => [each.name, each.primaryKey, each.estimatedRows]),
      [
        ["orders", ["id"], 500],
        ["recent", [], undefined],
        ["secret", [], undefined],
        ["two", ["b", "a"], 0],
      ].map((row) =>
        row[0] === "secret" ? ["secret", [], found.find((f) => f.name === "secret")!.estimatedRows] : row
      ),
    );
    assert.deepEqual(found[0]!.schema.fields.map((field) => [field.name, field.type.kind, field.nullable]), [
      ["id", "integer", false],
      ["amount", "decimal", false],
      ["at", "datetime", true],
    ]);
  });
  await t.step("check", async () => {
    const said = await (await reading.source({ table: "orders" })).check();
    assert.match(said[0]!, /runs PostgreSQL \d+.*without TLS/);
    assert.equal(said.at(-1), "public.orders has 3 columns");
  });
  const refused: [string, Record<string, unknown>, string, RegExp][] = [
    ["no table", { table: "ordres" }, "TABLE_NOT_FOUND", /public\.|ordres/],
    ["no schema", { table: "sales.orders" }, "SCHEMA_NOT_FOUND", /sales/],
    ["no right on the table", { table: "closed.t" }, "PERMISSION_DENIED", /may not read closed\.t/],
    ["no right on a column", { table: "secret" }, "PERMISSION_DENIED", /secret/],
    ["a query that is none", { query: "SELEC 1" }, "SQL_ERROR", /syntax error/i],
    ["a query that writes", { query: "DELETE FROM orders RETURNING id" }, "SQL_ERROR", /syntax error/i],
    ["two statements", { query: "SELECT 1; DROP TABLE orders" }, "SQL_ERROR", /syntax error/i],
    ["wrong password", { table: "orders", password: "swordfish" }, "WRONG_PASSWORD", /loader/],
    ["no password", { table: "orders", password: undefined }, "PASSWORD_MISSING", /loader/],
    ["no database", { table: "orders", database: "nope" }, "DATABASE_NOT_FOUND", /nope/],
    ["no server", { table: "orders", port: 1 }, "CONNECTION_REFUSED", /127\.0\.0\.1:1 refused/],
    ["no host", { table: "orders", host: "nope.invalid" }, "HOST_NOT_FOUND", /nope\.invalid/],
    ["no TLS", { table: "orders", sslmode: "require" }, "TLS_NOT_OFFERED", /does not offer TLS/],
  ];
  for (const [name, block, code, says] of refused) {
    await t.step(name, async () => {
      await assert.rejects(async () => await (await reading.source(block)).check(), (error) => {
        assert.ok(error instanceof ConnectorError, String(error));
        assert.equal(error.code, code, error.message);
        assert.match(error.message, says);
        assert.ok(error.hint !== undefined, "a hint");
        const all = JSON.stringify([error, error.stack, (error.cause as Error | undefined)?.message]);
        for (const secret of [server.password, "swordfish"]) assert.ok(!all.includes(secret), all);
        return true;
      });
    });
  }
  await t.step("columns that may be read are read", async () => {
    assert.deepEqual((await reading.read({ table: "secret", columns: ["open"] })).rows, []);
  });
  await t.step("row-level security is said", async () => {
    await reading.run("ALTER TABLE two ENABLE ROW LEVEL SECURITY; ALTER TABLE two FORCE ROW LEVEL SECURITY");
    const said = await (await reading.source({ table: "two" })).describe(request(), EMPTY_SOURCE_STATE);
    assert.match(said.warnings.join(), /row-level security of public\.two/);
  });
});
