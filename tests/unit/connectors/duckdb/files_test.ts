import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { explainAttach } from "../../../../src/connectors/duckdb/database.ts";
import duckdb from "../../../../src/connectors/duckdb/mod.ts";
import { ConnectorError, EMPTY_SOURCE_STATE, EngineError } from "../../../../src/sdk/mod.ts";
import {
  load,
  loadRequest,
  onFile,
  openDestination,
  openSource,
  withDirectory,
  withSession,
} from "./helpers.ts";

const CHILD = fileURLToPath(new URL("./child.ts", import.meta.url));

Deno.test("files that are no databases are named, and left alone", async (t) => {
  const cases: [name: string, content: string, code: string][] = [
    ["text", "id,v\n1,a\n".repeat(2000), "NOT_A_DATABASE"],
    ["a few bytes", "x", "NOT_A_DATABASE"],
    ["empty", "", "NOT_A_DATABASE"],
  ];
  for (const [name, content, code] of cases) {
    await t.step(name, () =>
      withDirectory(async (directory) => {
        const database = `${directory}/a.duckdb`;
        await Deno.writeTextFile(database, content);
        await withSession(async (session) => {
          await assert.rejects((await openSource(session, { database, table: "t" })).check(), { code });
          const destination = await openDestination(session, { database, table: "t" });
          await assert.rejects(destination.check(), { code });
          await assert.rejects(destination.openLoad(loadRequest()), { code });
        });
        assert.equal(await Deno.readTextFile(database), content);
      }));
  }
});

Deno.test("a file in use by another process: the process is named, and a retry may help", async (t) => {
  await withDirectory(async (directory) => {
    const database = `${directory}/a.duckdb`;
    await onFile(database, "CREATE TABLE t (id INTEGER)");
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "-q", "--no-check", CHILD, "hold", database],
      stdout: "piped",
      stderr: "null",
    }).spawn();
    try {
      await child.stdout.getReader().read();
      const locked = (error: unknown) =>
        error instanceof ConnectorError && error.code === "DATABASE_LOCKED" && error.retryable &&
        error.message.includes(String(child.pid)) && error.context.pid === child.pid;
      await t.step("as a source", () =>
        withSession(async (session) => {
          await assert.rejects((await openSource(session, { database, table: "t" })).check(), locked);
        }));
      await t.step("as a destination", () =>
        withSession(async (session) => {
          await assert.rejects(
            (await openDestination(session, { database, table: "t" })).openLoad(loadRequest()),
            locked,
          );
        }));
    } finally {
      child.kill("SIGKILL");
      await child.status;
    }
    await t.step("once it is gone, the same source opens", () =>
      withSession(async (session) => {
        assert.equal((await (await openSource(session, { database, table: "t" })).check()).length, 2);
      }));
  });
});

Deno.test("what can't be written is told before anything is read", async (t) => {
  await t.step("a folder that can't be made", () =>
    withDirectory(async (directory) => {
      await Deno.writeTextFile(`${directory}/file`, "");
      const database = `${directory}/file/a.duckdb`;
      await withSession(async (session) => {
        const destination = await openDestination(session, { database, table: "t" });
        await assert.rejects(destination.check());
        await assert.rejects(destination.openLoad(loadRequest()), { code: "READ_ONLY_DATABASE" });
      });
    }));
  await t.step("a view", () =>
    withDirectory(async (directory) => {
      const config = { database: `${directory}/a.duckdb`, table: "v" };
      await onFile(config.database, "CREATE VIEW v AS SELECT 1 AS x");
      for (const mode of ["append", "overwrite"] as const) {
        await assert.rejects(load(config, ["SELECT 1 AS x"], { mode }), { code: "NOT_A_TABLE" });
      }
      assert.deepEqual(await onFile(config.database, "SELECT * FROM v"), ["1"]);
    }));
});

Deno.test("errors of an attach", async (t) => {
  const cases: [string, EngineError, readOnly: boolean, code: string][] = [
    [
      "a newer storage version",
      new EngineError(
        "CORRUPT_FILE",
        "Trying to read a database file with version number 99, but we can only read versions between 64 and 67.",
      ),
      true,
      "DATABASE_TOO_NEW",
    ],
    [
      "no right to write",
      new EngineError("PERMISSION_DENIED", "Access denied."),
      false,
      "READ_ONLY_DATABASE",
    ],
    ["no right to read", new EngineError("PERMISSION_DENIED", "Access denied."), true, "PERMISSION_DENIED"],
    ["a full disk", new EngineError("DISK_FULL", "The disk is full."), false, "DISK_FULL"],
  ];
  for (const [name, cause, readOnly, code] of cases) {
    await t.step(name, () => {
      const error = explainAttach("a.duckdb", cause, { readOnly });
      assert.ok(error instanceof ConnectorError);
      assert.equal(error.code, code);
    });
  }
});

Deno.test("check and describe leave nothing behind", () =>
  withDirectory(async (directory) => {
    const config = { database: `${directory}/new/a.duckdb`, table: "t" };
    await withSession(async (session) => {
      const destination = await openDestination(session, config);
      assert.match((await destination.check())[0]!, /can be made/);
      const { schema } = await session.relation("SELECT 1 AS id, 'x' AS v");
      const plan = await destination.describe(schema, loadRequest());
      assert.match(
        plan.statements.join("\n"),
        /creates .*CREATE TABLE "main"\."t" \("id" INTEGER, "v" VARCHAR\)/s,
      );
    });
    assert.deepEqual([...Deno.readDirSync(directory)], []);
    await onFile(`${directory}/b.duckdb`, "CREATE TABLE t (id INTEGER, old VARCHAR)");
    const before = await Deno.readFile(`${directory}/b.duckdb`);
    await withSession(async (session) => {
      const destination = await openDestination(session, { ...config, database: `${directory}/b.duckdb` });
      const { schema } = await session.relation("SELECT 1 AS id, 'x' AS v");
      for (
        const request of [{}, { mode: "merge", mergeKeys: ["id"], strategy: "scd2" }, {
          mode: "overwrite",
        }] as const
      ) {
        const plan = await destination.describe(schema, loadRequest(request));
        assert.deepEqual(plan.changes.map((c) => `${c.kind} ${c.column}`), ["add_column v"]);
        assert.match(plan.warnings[0]!, /: old$/);
      }
      const wrong = await session.relation("SELECT 'x' AS id");
      await assert.rejects(destination.describe(wrong.schema, loadRequest()), { code: "TYPE_MISMATCH" });
    });
    assert.deepEqual(await Deno.readFile(`${directory}/b.duckdb`), before);
    await withSession(async (session) => {
      assert.equal(
        (await (await openDestination(session, { ...config, database: `${directory}/b.duckdb` })).check())
          .length,
        2,
      );
    });
    assert.deepEqual(await onFile(`${directory}/b.duckdb`, "SELECT table_name FROM duckdb_tables()"), ["t"]);
  }));

Deno.test("what is wrong with a block is said at planning", async (t) => {
  const write = { mode: "append", mergeKeys: [], strategy: "upsert" } as const;
  const cursor = { strategy: "cursor", onNull: "error", order: "none" } as const;
  const cases: [
    name: string,
    found: () => readonly { key: readonly (string | number)[] }[],
    keys: string[],
  ][] = [
    ["a source with neither", () => duckdb.checkRead!({ database: "d" }, {}), ["table"]],
    ["a source with both", () => duckdb.checkRead!({ database: "d", table: "t", query: "q" }, {}), ["query"]],
    ["a bad name", () => duckdb.checkRead!({ database: "d", table: "a.b.c" }, {}), ["table"]],
    ["two schemas", () => duckdb.checkRead!({ database: "d", table: "a.b", schema: "c" }, {}), ["schema"]],
    [
      "by files",
      () =>
        duckdb.checkRead!({ database: "d", table: "t" }, {
          incremental: { ...cursor, strategy: "modified_time" },
        }),
      ["incremental.strategy"],
    ],
    ["no cursor column", () => duckdb.checkRead!({ database: "d", table: "t" }, { incremental: cursor }), [
      "incremental.cursor_column",
    ]],
    [
      "a destination with a query",
      () => duckdb.checkWrite!({ database: "d", table: "t", query: "q" }, write),
      ["query"],
    ],
    ["a destination without a table", () => duckdb.checkWrite!({ database: "d" }, write), ["table"]],
    ["a table of ours", () => duckdb.checkWrite!({ database: "d", table: "s._dataloader_loads" }, write), [
      "table",
    ]],
    ["nothing", () => duckdb.checkWrite!({ database: "d", table: "s.t" }, write), []],
  ];
  for (const [name, found, keys] of cases) {
    await t.step(name, () => assert.deepEqual(found().map((p) => p.key.join(".")), keys));
  }
  await t.step("an unknown key", () => {
    assert.equal(duckdb.config.safeParse({ database: "d", table: "t", tabel: 1 }).success, false);
  });
  await t.step("one line for people", () => {
    assert.equal(
      duckdb.describe({ database: "/data/shop.duckdb", table: "orders" }),
      "shop.duckdb: main.orders",
    );
    assert.equal(duckdb.describe({ database: "shop.duckdb", query: "SELECT 1" }), "shop.duckdb: query");
  });
  await t.step("opened all the same, it is an error", () =>
    withSession(async (session) => {
      await assert.rejects(openSource(session, { database: "d" }), { code: "INVALID_CONFIG" });
      await assert.rejects(openDestination(session, { database: "d" }), { code: "INVALID_CONFIG" });
      assert.deepEqual(EMPTY_SOURCE_STATE.checkpoints, []);
    }));
});
