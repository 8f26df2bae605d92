/** Where a config connects to, what it reaches, and what is wrong with it; nothing shows the password. */
import assert from "node:assert/strict";
import postgres from "../../../../src/connectors/postgres/mod.ts";
import { access, checkRead, PostgresConfig } from "../../../../src/connectors/postgres/config.ts";
import { settingsOf } from "../../../../src/connectors/postgres/settings.ts";

const FIELDS = { host: "db", database: "shop", user: "me" };
const parse = (block: Record<string, unknown>) => PostgresConfig.parse(block);
const settings = (block: Record<string, unknown>) => settingsOf(parse(block));

Deno.test("a URL gives what the keys give; odd characters are codes", () => {
  const url =
    "postgres://me:p%40ss%2F%3A%25@db:6432/sh%20op?sslmode=verify-full&sslrootcert=/ca.crt&connect_timeout=3";
  const of = settings({ url });
  assert.deepEqual([of.host, of.port, of.database, of.user, of.password], [
    "db",
    6432,
    "sh op",
    "me",
    "p@ss/:%",
  ]);
  assert.deepEqual([of.sslmode, of.sslrootcert, of.connectTimeout], ["verify-full", "/ca.crt", 3000]);
  assert.equal(settings({ url: "postgresql://me@[::1]/shop" }).host, "::1");
  assert.equal(settings({ url: "postgres://me@%2Frun%2Fpg/shop" }).host, "/run/pg");
  assert.equal(settings({ url: "postgres:///shop?host=/run/pg&user=me" }).host, "/run/pg");
  assert.equal(settings({ url: "postgres://me@db/shop", password: "x" }).password, "x");
});

Deno.test("defaults: port, prefer, ten seconds; nothing comes from the environment", () => {
  const of = settings(FIELDS);
  assert.deepEqual([of.port, of.sslmode, of.connectTimeout, of.password], [
    5432,
    "prefer",
    10_000,
    undefined,
  ]);
});

Deno.test("what is wrong is said by its key, and the URL is not shown", () => {
  const cases: [Record<string, unknown>, string, RegExp][] = [
    [{ database: "shop", user: "me" }, "host", /needs a host/],
    [{ host: "db", user: "me" }, "database", /needs a database/],
    [{ host: "db", database: "shop" }, "user", /needs a user/],
    [{ url: "mysql://me:hidden@db/shop" }, "url", /no PostgreSQL connection URL/],
    [{ url: "postgres://me:hidden@a,b/shop" }, "url", /several hosts/],
    [{ url: "postgres://me:hidden@db/shop?foo=1" }, "url", /"foo"/],
    [{ url: "postgres://me:hidden%@db/shop" }, "url", /begins no code/],
    [{ url: "postgres://me:hidden@db/shop?sslmode=maybe" }, "url", /sslmode/],
    [{ url: "postgres://me:hidden@db/shop", user: "you" }, "user", /given twice/],
    [{ ...FIELDS, sslcert: "/c" }, "sslkey", /both/],
    [{ ...FIELDS, host: "/run/pg", sslmode: "verify-full" }, "sslmode", /Unix socket/],
  ];
  for (const [block, key, says] of cases) {
    const [problem] = checkRead(parse({ ...block, table: "t" }), {});
    assert.deepEqual(
      [problem?.key, says.test(problem?.message ?? "")],
      [[key], true],
      JSON.stringify(problem),
    );
    assert.ok(!JSON.stringify(problem).includes("hidden"));
  }
});

Deno.test("table, query and columns go together or not", () => {
  const problem = (block: Record<string, unknown>) =>
    checkRead(parse({ ...FIELDS, ...block }), {})[0]?.key[0];
  assert.equal(problem({}), "table");
  assert.equal(problem({ table: "t", query: "SELECT 1" }), "query");
  assert.equal(problem({ query: "SELECT 1", columns: ["a"] }), "columns");
  assert.equal(problem({ table: "a.b.c" }), "table");
  assert.equal(problem({ table: "a.b", schema: "c" }), "schema");
  assert.equal(problem({ table: "x".repeat(64) }), "table");
  assert.equal(problem({ table: 'sales."odd.name"', columns: ["a", "b"] }), undefined);
});

Deno.test("access: the server or its socket, and the files of certificates", () => {
  const values = (block: Record<string, unknown>) =>
    access(parse(block)).map(({ kind, value }) => `${kind} ${value}`);
  assert.deepEqual(values({ ...FIELDS, sslrootcert: "/ca.crt" }), ["net db:5432", "read /ca.crt"]);
  assert.deepEqual(values({ url: "postgres://me:x@db:1/shop?sslcert=/c&sslkey=/k" }), [
    "net db:1",
    "read /c",
    "read /k",
  ]);
  const socket = values({ ...FIELDS, host: "/run/pg" });
  assert.ok(
    socket.includes("read /run/pg/.s.PGSQL.5432") && socket.includes("write /run/pg/.s.PGSQL.5432"),
    String(socket),
  );
});

Deno.test("the line for people has neither user nor password", () => {
  const line = postgres.describe(
    parse({ url: "postgres://someone:hidden@db/shop", table: "t", schema: "s" }),
  );
  assert.equal(line, "db:5432/shop: s.t");
});
