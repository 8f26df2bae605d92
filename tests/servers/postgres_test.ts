/** The tests' own PostgreSQL: it starts, answers, dies and comes back. */
import assert from "node:assert/strict";
import { isAlive, PostgresServer } from "./postgres.ts";
import { postgresTest } from "./postgres_test_case.ts";

postgresTest("a server of the tests: databases, roles, rows", async (server) => {
  const database = await server.createDatabase();
  await server.execute(`CREATE TABLE "odd ""name" AS SELECT 1 AS a, '' AS b, NULL::text AS c, 'ä, "' AS d`, {
    database,
  });
  assert.deepEqual(await server.rows(`SELECT * FROM "odd ""name"`, { database }), ['(1,"",,"ä, """)']);
  assert.deepEqual(await server.select(`SELECT * FROM "odd ""name"`, { database }), [
    { a: 1, b: "", c: null, d: 'ä, "' },
  ]);
  await assert.rejects(server.execute("SELECT 1/0; CREATE TABLE never (a int)"), /22012.*division by zero/s);
  await server.createRole("reader");
  assert.deepEqual(await server.rows("SELECT session_user", { user: "reader" }), ["(reader)"]);
});

postgresTest("a session of the tests holds its transaction", async (server) => {
  const database = await server.createDatabase();
  await server.execute("CREATE TABLE held (a int)", { database });
  const session = server.session({ database });
  await session.run("BEGIN; INSERT INTO held VALUES (1)");
  assert.equal(await session.run("SELECT count(*) FROM held"), "1");
  assert.deepEqual(await server.rows("SELECT * FROM held", { database }), []);
  await session.close();
  assert.deepEqual(await server.rows("SELECT * FROM held", { database }), []);
});

postgresTest("texts in an order that is not that of their bytes", async (server) => {
  const database = await server.createDatabase({ icuLocale: "en-US" });
  assert.deepEqual(await server.rows("SELECT 'a' < 'B' AS x", { database }), ["(t)"]);
});

postgresTest("passwords are asked for over TCP", { own: {} }, async (server) => {
  const login = (url: string) =>
    new Deno.Command(`${server.binaries}/psql`, { args: ["-X", "-A", "-t", url, "-c", "SELECT 1"] }).output();
  assert.equal((await login(server.url())).success, true);
  const refused = await login(server.url({ password: "wrong" }));
  assert.match(new TextDecoder().decode(refused.stderr), /password authentication failed/);
});

postgresTest("a killed server comes back with what was committed", { own: {} }, async (server) => {
  await server.execute("CREATE TABLE kept AS SELECT 1 AS a");
  const session = server.session();
  await session.run("BEGIN; INSERT INTO kept VALUES (2)");
  const before = server.pid;
  await server.kill();
  await assert.rejects(server.rows("SELECT 1"), /No such file|refused|Is the server running/);
  await server.startAgain();
  assert.notEqual(server.pid, before);
  assert.deepEqual(await server.rows("SELECT a FROM kept"), ["(1)"]);
  await server.restart();
  assert.deepEqual(await server.rows("SELECT a FROM kept"), ["(1)"]);
});

postgresTest("certificates", async (_shared, t) => {
  const login = async (server: PostgresServer, more: string) => {
    const { stdout, stderr } = await new Deno.Command(`${server.binaries}/psql`, {
      args: [
        "-X",
        "-A",
        "-t",
        `${server.url()}?${more}`,
        "-c",
        "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
      ],
    }).output();
    return new TextDecoder().decode(stdout).trim() || new TextDecoder().decode(stderr).trim();
  };
  await t.step("required", async () => {
    await using server = await PostgresServer.start({ tls: "required" });
    const { ca, strangeCa } = server.certificates!;
    assert.equal(await login(server, `sslmode=verify-full&sslrootcert=${ca}`), "t");
    assert.match(
      await login(server, `sslmode=verify-full&sslrootcert=${strangeCa}`),
      /certificate verify failed/,
    );
    assert.match(await login(server, "sslmode=disable"), /no pg_hba.conf entry/);
  });
  await t.step("of the client", async () => {
    await using server = await PostgresServer.start({ tls: "client_cert" });
    const { clientCert, clientKey } = server.certificates!;
    assert.match(await login(server, "sslmode=require"), /certificate/);
    assert.equal(await login(server, `sslmode=require&sslcert=${clientCert}&sslkey=${clientKey}`), "t");
  });
});

postgresTest("nothing is left of a server whose tests were killed", async () => {
  const script = `
    const { PostgresServer } = await import(${
    JSON.stringify(new URL("./postgres.ts", import.meta.url).href)
  });
    const server = await PostgresServer.start();
    console.log(JSON.stringify({ pid: server.pid, directory: server.directory }));
    Deno.kill(Deno.pid, "SIGKILL");`;
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["eval", script] }).output();
  const { pid, directory } = JSON.parse(new TextDecoder().decode(stdout));
  assert.ok(pid > 0);
  const there = () => {
    try {
      return Deno.statSync(directory).isDirectory;
    } catch {
      return false;
    }
  };
  for (let tries = 0; there() && tries < 100; tries++) await new Promise((done) => setTimeout(done, 100));
  assert.ok(!there(), `${directory} is still there`);
  assert.ok(!isAlive(pid), "the postmaster has ended");
});
