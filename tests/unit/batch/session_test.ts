import assert from "node:assert/strict";
import { join } from "node:path";
import { createSession, type DuckSession } from "../../../src/batch/mod.ts";
import { EngineError } from "../../../src/sdk/mod.ts";

/** Runs a test with a directory and a session in it, and takes both away. */
function withSession(name: string, body: (session: DuckSession, directory: string) => Promise<void>): void {
  Deno.test(name, async () => {
    const directory = await Deno.makeTempDir();
    try {
      await using session = await createSession({ tempDirectory: join(directory, "tmp") });
      await body(session, directory);
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  });
}

const code = (expected: string) => (error: unknown) => {
  assert.ok(error instanceof EngineError, String(error));
  assert.equal(error.code, expected, error.message);
  return true;
};

withSession("query gives JavaScript values, exact", async (session) => {
  const [row] = await session.query(
    `SELECT 9007199254740993::BIGINT AS big, 'ü' AS text, 1.5::DOUBLE AS float, 7 AS int, true AS yes, NULL AS nothing, ` +
      `[1, NULL] AS list, {'a': [1]} AS struct, 1.250::DECIMAL(9,3) AS decimal, DATE '2024-01-02' AS day, ` +
      `current_setting('TimeZone') AS zone, '\\x00\\xFF'::BLOB AS bytes`,
  );
  assert.deepEqual(row, {
    big: 9007199254740993n,
    text: "ü",
    float: 1.5,
    int: 7,
    yes: true,
    nothing: null,
    list: [1, null],
    struct: { a: [1] },
    decimal: "1.250",
    day: "2024-01-02",
    zone: "UTC",
    bytes: new Uint8Array([0, 255]),
  });
});

withSession("run counts the rows it changes and the rows it scans", async (session, directory) => {
  const csv = join(directory, "x.csv");
  await Deno.writeTextFile(csv, "i\n" + Array.from({ length: 100 }, (_, i) => i).join("\n") + "\n");
  const cases: [string, number, number | undefined][] = [
    ["CREATE TABLE a (i BIGINT)", 0, undefined],
    [`CREATE TABLE b AS SELECT * FROM read_csv('${csv}')`, 100, 100],
    [`INSERT INTO a SELECT i FROM read_csv('${csv}') WHERE i % 2 = 0`, 50, 100],
    ["UPDATE a SET i = i + 1 WHERE i < 10", 5, 5],
    ["DELETE FROM a WHERE i = 11", 0, 0],
    [`COPY (SELECT a.i FROM a, b WHERE a.i = b.i) TO '${join(directory, "o.parquet")}'`, 50, undefined],
    ["INSERT INTO a VALUES (1), (2)", 2, undefined],
    ["MERGE INTO a USING (SELECT 999 AS i) s ON a.i = s.i WHEN NOT MATCHED THEN INSERT", 1, undefined],
    ["CREATE OR REPLACE TABLE a AS SELECT 1 AS i WHERE false", 0, undefined],
  ];
  for (const [sql, changed, scanned] of cases) {
    assert.deepEqual(await session.run(sql), { rowsChanged: changed }, sql);
    assert.equal(session.rowsScanned(), scanned, sql);
  }
});

withSession("a failed statement leaves no scan count behind", async (session) => {
  await session.run("CREATE TABLE t AS SELECT 1 AS i");
  await session.run("INSERT INTO t FROM t");
  assert.equal(session.rowsScanned(), 1);
  await assert.rejects(
    session.run("INSERT INTO t SELECT CAST('x' AS INT) FROM t"),
    code("CONVERSION_FAILED"),
  );
  assert.equal(session.rowsScanned(), undefined);
});

withSession("a transaction commits, or rolls back whatever fails in it", async (session) => {
  await session.run("CREATE TABLE t (i INTEGER PRIMARY KEY)");
  assert.equal(
    await session.transaction(async () => (await session.run("INSERT INTO t VALUES (1)")).rowsChanged),
    1,
  );
  await assert.rejects(
    session.transaction(async () => {
      await session.run("INSERT INTO t VALUES (2)");
      await session.run("INSERT INTO t VALUES (2)");
    }),
    code("CONSTRAINT_VIOLATED"),
  );
  const boom = new RangeError("boom");
  await assert.rejects(
    session.transaction(async () => {
      await session.run("INSERT INTO t VALUES (3)");
      throw boom;
    }),
    (error) => error === boom,
  );
  // The body swallows the error; DuckDB's COMMIT would too.
  await assert.rejects(
    session.transaction(async () => {
      await session.run("INSERT INTO t VALUES (4)");
      await session.run("INSERT INTO t VALUES (4)").catch(() => undefined);
    }),
    code("TRANSACTION_ABORTED"),
  );
  assert.deepEqual(await session.query("FROM t"), [{ i: 1 }]);
  await assert.rejects(
    session.transaction(() => session.transaction(() => Promise.resolve(1))),
    code("NESTED_TRANSACTION"),
  );
  assert.equal((await session.run("INSERT INTO t VALUES (5)")).rowsChanged, 1);
});

withSession(
  "calls of others wait for a transaction; calls of its body don't wait for them",
  async (session) => {
    await session.run("CREATE TABLE t (i INTEGER)");
    const order: string[] = [];
    const transaction = session.transaction(async () => {
      await session.run("INSERT INTO t VALUES (1)");
      order.push("first");
      await new Promise((resolve) => setTimeout(resolve, 20));
      await Promise.all([session.run("INSERT INTO t VALUES (2)"), session.query("SELECT 1")]);
      order.push("second");
      throw new RangeError("undo");
    });
    const other = session.run("INSERT INTO t VALUES (3)").then(() => order.push("other"));
    await assert.rejects(transaction, RangeError);
    await other;
    assert.deepEqual(order, ["first", "second", "other"]);
    assert.deepEqual(await session.query("FROM t"), [{ i: 3 }]);
  },
);

withSession("a stream goes on, whole and in order, whatever statements run in between", async (session) => {
  await session.run(
    "CREATE TEMP TABLE t AS SELECT i, 'text that is longer than twelve ' || i AS s FROM range(50000) r(i)",
  );
  const batch = await session.relation("SELECT i, s, [i] AS l FROM t ORDER BY i");
  for (
    const between of [
      () => session.query("SELECT 42"),
      () => session.relation("SELECT 42"),
      () => session.transaction(() => session.query("SELECT 42")),
      () => session.run("UPDATE t SET i = i"),
      () => batch.rows({ limit: 3 }),
    ]
  ) {
    let next = 0n;
    for await (const part of batch.toArrow({ rowsPerBatch: 3000 })) {
      const [ids, texts] = [part.getChildAt(0)!, part.getChildAt(1)!];
      for (let row = 0; row < part.numRows; row++, next++) {
        assert.equal(ids.get(row), next);
        assert.equal(texts.get(row), `text that is longer than twelve ${next}`);
      }
      await between();
    }
    assert.equal(next, 50_000n, String(between));
  }
  const leftOver = await session.query(
    "SELECT table_name FROM duckdb_tables() WHERE database_name = '_arrow'",
  );
  assert.deepEqual(leftOver, []);
});

withSession(
  "streams can be read side by side, left early, and brought in again while they run",
  async (session) => {
    const batch = await session.relation("SELECT i FROM range(30000) r(i)");
    const [a, b] = [batch.toArrow({ rowsPerBatch: 4000 }), batch.toArrow({ rowsPerBatch: 4000 })]
      .map((stream) => stream[Symbol.asyncIterator]()) as [AsyncIterator<unknown>, AsyncIterator<unknown>];
    let rows = 0;
    for (let done = false; !done;) {
      const [x, y] = [await a.next(), await b.next()];
      assert.equal(x.done, y.done);
      done = x.done === true;
      if (!done) rows += (x.value as { numRows: number }).numRows;
    }
    assert.equal(rows, 30_000);
    for await (const part of batch.toArrow({ rowsPerBatch: 10 })) {
      assert.equal(part.numRows, 10);
      break;
    }
    const copy = await session.fromArrow(batch.toArrow());
    assert.equal(await copy.rowCount(), 30_000);
    await session.transaction(async () => {
      const inside = await session.fromArrow(batch.toArrow({ rowsPerBatch: 7000 }));
      assert.equal(await inside.rowCount(), 30_000);
      const again = await session.fromArrow(inside.toArrow());
      assert.equal(await again.rowCount(), 30_000);
      await session.release(inside);
    });
  },
);

withSession("a stream taken in a transaction is read to its end from outside it", async (session) => {
  await session.run("CREATE TABLE t (i INTEGER)");
  let stream: AsyncIterator<{ numRows: number }> | undefined;
  await session.transaction(async () => {
    await session.run("INSERT INTO t FROM range(9000)");
    stream = (await session.relation("FROM t")).toArrow({ rowsPerBatch: 2048 })[Symbol.asyncIterator]();
    assert.equal((await stream.next()).value.numRows, 2048);
  });
  let rows = 2048;
  for (let part = await stream!.next(); !part.done; part = await stream!.next()) rows += part.value.numRows;
  assert.equal(rows, 9000);
});

withSession("an error in the middle of a stream reaches its reader", async (session) => {
  const batch = await session.relation(
    "SELECT CASE WHEN i = 400000 THEN CAST('x' || i AS INTEGER) ELSE i END AS i FROM range(500000) r(i)",
  );
  let rows = 0;
  await assert.rejects(async () => {
    for await (const part of batch.toArrow({ rowsPerBatch: 2048 })) rows += part.numRows;
  }, code("CONVERSION_FAILED"));
  assert.ok(rows < 400_000);
  // Also when the rest was set aside.
  await assert.rejects(async () => {
    for await (const _ of batch.toArrow({ rowsPerBatch: 2048 })) await session.query("SELECT 1");
  }, code("CONVERSION_FAILED"));
  // And inside a transaction, which is then rolled back.
  await session.run("CREATE TABLE t (i INTEGER)");
  await assert.rejects(
    session.transaction(async () => {
      await session.run("INSERT INTO t VALUES (1)");
      for await (const _ of batch.toArrow({ rowsPerBatch: 2048 }));
    }),
    code("CONVERSION_FAILED"),
  );
  await assert.rejects(
    session.transaction(async () => {
      await session.run(
        "CREATE TEMP TABLE s AS SELECT CASE WHEN i = 400000 THEN 'x' ELSE '1' END AS v FROM range(500000) r(i)",
      );
      const unseen = await session.relation("SELECT CAST(v AS INTEGER) AS v FROM s");
      for await (const _ of unseen.toArrow({ rowsPerBatch: 2048 }));
    }),
    code("STREAM_FAILED"),
  );
  assert.deepEqual(await session.query("SELECT count(*) AS n FROM t"), [{ n: 0n }]);
});

withSession("an interrupt in the middle of a stream reaches its reader", async (session) => {
  const batch = await session.relation("SELECT i FROM range(100000000) r(i)");
  for (const between of [() => Promise.resolve(), () => session.query("SELECT 1").catch(() => undefined)]) {
    const timer = setInterval(() => session.interrupt(), 5);
    try {
      await assert.rejects(async () => {
        for await (const _ of batch.toArrow({ rowsPerBatch: 2048 })) await between();
      }, code("INTERRUPTED"));
    } finally {
      // Or it would stop the statement after this one.
      clearInterval(timer);
    }
  }
  assert.deepEqual(await session.query("SELECT 1 AS a"), [{ a: 1 }]);
});

withSession("interrupt stops the statement under way and nothing after it", async (session) => {
  const slow = session.run(
    "CREATE TABLE t AS SELECT count(*) FROM range(10000000) a, range(100000) b WHERE a.range + b.range > 5",
  );
  const after = session.query("SELECT 1 AS a");
  setTimeout(() => session.interrupt(), 100);
  await assert.rejects(slow, code("INTERRUPTED"));
  assert.deepEqual(await after, [{ a: 1 }]);
  session.interrupt();
  assert.deepEqual(await session.query("SELECT 2 AS a"), [{ a: 2 }]);
});

withSession("progress moves while a statement runs", async (session, directory) => {
  const file = join(directory, "p.parquet");
  await session.run(
    `COPY (SELECT i, i % 7 AS k FROM range(2000000) r(i)) TO '${file}' (ROW_GROUP_SIZE 20000)`,
  );
  const { fraction = 0 } = session.progress();
  assert.ok(fraction >= 0 && fraction <= 1);
  const seen: number[] = [];
  const timer = setInterval(() => seen.push(session.progress().fraction ?? -1), 5);
  await session.run(`CREATE TABLE t AS SELECT md5(i::VARCHAR) AS h FROM read_parquet('${file}')`);
  clearInterval(timer);
  assert.ok(seen.every((fraction) => fraction === -1 || (fraction >= 0 && fraction <= 1)), seen.join());
});

withSession("a database is attached once a path, and again for writing", async (session, directory) => {
  const file = join(directory, "shop.duckdb");
  await assert.rejects(session.attach(file, { readOnly: true }), code("FILE_NOT_FOUND"));
  const alias = await session.attach(file, { readOnly: false });
  assert.match(alias, /^shop_/);
  await session.run(`CREATE TABLE ${alias}.t AS SELECT 1 AS i`);
  assert.equal(
    await session.attach(join(directory, ".", "x", "..", "shop.duckdb"), { readOnly: true }),
    alias,
  );
  await session.close();

  await using next = await createSession({ tempDirectory: join(directory, "tmp") });
  const readOnly = await next.attach(file, { readOnly: true });
  await assert.rejects(next.run(`INSERT INTO ${readOnly}.t VALUES (2)`), code("READ_ONLY_DATABASE"));
  assert.equal(await next.attach(file, { readOnly: false }), readOnly);
  await next.run(`INSERT INTO ${readOnly}.t VALUES (2)`);
  assert.deepEqual(await next.query(`FROM ${readOnly}.t`), [{ i: 1 }, { i: 2 }]);
  if (Deno.build.os !== "windows") {
    await Deno.symlink(file, join(directory, "link.duckdb"));
    assert.equal(await next.attach(join(directory, "link.duckdb"), { readOnly: false }), readOnly);
  }
  const memory = await next.attach(":memory:", { readOnly: false });
  assert.equal(await next.attach(":memory:", { readOnly: true }), memory);
});

withSession("closing lets go of attached files, even with a stream open", async (session, directory) => {
  const file = join(directory, "a.duckdb");
  const alias = await session.attach(file, { readOnly: false });
  await session.run(`CREATE TABLE ${alias}.t AS FROM range(100000)`);
  const stream = (await session.relation(`FROM ${alias}.t`)).toArrow({ rowsPerBatch: 10 })
    [Symbol.asyncIterator]();
  await stream.next();
  await session.close();
  await session.close();
  await assert.rejects(session.query("SELECT 1"), code("SESSION_CLOSED"));
  await assert.rejects(session.fromArrow([]), code("SESSION_CLOSED"));
  // Neither the log nor the directory is left.
  assert.equal((await Array.fromAsync(Deno.readDir(directory))).length, 2);
  assert.deepEqual(await Array.fromAsync(Deno.readDir(join(directory, "tmp"))), []);
  await using next = await createSession({ tempDirectory: join(directory, "tmp") });
  const again = await next.attach(file, { readOnly: false });
  assert.deepEqual(await next.query(`SELECT count(*) AS n FROM ${again}.t`), [{ n: 100_000n }]);
});

Deno.test("a session spills to a directory of its own, which it removes; a dead process's is removed too", async () => {
  const parent = await Deno.makeTempDir();
  const entries = async () => (await Array.fromAsync(Deno.readDir(parent), (entry) => entry.name)).sort();
  try {
    const dead = join(parent, "dataloader-dead");
    await Deno.mkdir(join(dead, "spill"), { recursive: true });
    await Deno.writeTextFile(join(dead, "lock"), "");
    const fresh = join(parent, "dataloader-justmade");
    await Deno.mkdir(fresh);
    await Deno.mkdir(join(parent, "other"));
    const first = await createSession({ tempDirectory: parent, memoryLimit: "60MB", threads: 1 });
    const second = await createSession({ tempDirectory: parent });
    assert.equal((await entries()).length, 4);
    await first.run(
      "CREATE TEMP TABLE t AS SELECT i, md5(i::VARCHAR) || md5((i + 1)::VARCHAR) AS h FROM range(2000000) r(i)",
    );
    assert.deepEqual(await first.query("SELECT count(*) AS n FROM t"), [{ n: 2_000_000n }]);
    assert.deepEqual(await second.query("SELECT 1 AS a"), [{ a: 1 }]);
    await first.close();
    await second.close();
    assert.deepEqual(await entries(), ["dataloader-justmade", "other"]);
  } finally {
    await Deno.remove(parent, { recursive: true });
  }
});

Deno.test("wrong options are refused and leave nothing behind", async () => {
  const parent = await Deno.makeTempDir();
  try {
    await assert.rejects(createSession({ tempDirectory: parent, memoryLimit: "lots" }), EngineError);
    await assert.rejects(createSession({ tempDirectory: parent, threads: 0 }), EngineError);
    assert.deepEqual(await Array.fromAsync(Deno.readDir(parent)), []);
    await Deno.writeTextFile(join(parent, "file"), "");
    await assert.rejects(createSession({ tempDirectory: join(parent, "file") }), code("TEMP_DIRECTORY"));
  } finally {
    await Deno.remove(parent, { recursive: true });
  }
});

withSession("no extension is ever loaded and no host asked", async (session) => {
  for (
    const sql of [
      "FROM 's3://bucket/x.csv'",
      "FROM 'https://localhost:1/x.csv'",
      "LOAD httpfs",
      "INSTALL httpfs",
    ]
  ) {
    await assert.rejects(session.run(sql), code("EXTENSION_NEEDED"), sql);
  }
});

withSession("temporary names differ", (session) => {
  const names = new Set(Array.from({ length: 100 }, () => session.temporaryName("x")));
  assert.equal(names.size, 100);
  assert.ok([...names].every((name) => /^x_\w+$/.test(name)));
  return Promise.resolve();
});
