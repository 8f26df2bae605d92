/** `sslmode` against real servers: without TLS, with it, with nothing else, and with certificates of clients. */
import assert from "node:assert/strict";
import { createSession } from "../../../src/batch/mod.ts";
import postgres from "../../../src/connectors/postgres/mod.ts";
import { ConnectorError, EMPTY_SOURCE_STATE } from "../../../src/sdk/mod.ts";
import { makeCertificates } from "../../servers/certificates.ts";
import type { PostgresServer } from "../../servers/postgres.ts";
import { postgresTest } from "../../servers/postgres_test_case.ts";

/** An address of this machine that the server's certificate is not for. */
const OTHER_HOST = "127.0.0.2";
const LISTEN = { settings: { listen_addresses: `127.0.0.1,${OTHER_HOST}` } };

/** What a connection came to: encrypted, not encrypted, or the code of its error. */
type Outcome = "tls" | "plain" | RegExp;

type Block = Record<string, unknown>;

/** Connects as a recipe would, and asks the server whether the connection is encrypted. */
async function outcome(
  server: PostgresServer,
  block: Block,
): Promise<{ is: string; error?: ConnectorError }> {
  const session = await createSession();
  const query = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
  const source = await (await postgres.openSource!()).openSource(
    postgres.config.parse({ ...server.connection(), query, ...block }),
    { session, log: { log: () => {} }, signal: new AbortController().signal, recipe: "r", resource: "main" },
  );
  try {
    const request = {
      batchSize: 10,
      parallelism: 1,
      runId: "1",
      startedAt: new Date().toISOString(),
      writeMode: "overwrite",
    };
    for await (const { batch } of source.readBatches(request as never, EMPTY_SOURCE_STATE)) {
      return { is: (await batch.rows())[0]![0] === true ? "tls" : "plain" };
    }
    throw new Error("no rows");
  } catch (error) {
    if (!(error instanceof ConnectorError)) throw error;
    return { is: error.code, error };
  } finally {
    await source.close();
    await session.close();
  }
}

async function expectAll(
  server: PostgresServer,
  cases: readonly (readonly [what: string, block: Block, expected: Outcome])[],
  t: Deno.TestContext,
): Promise<void> {
  for (const [what, block, expected] of cases) {
    await t.step(`${what}: ${expected instanceof RegExp ? "refused" : expected}`, async () => {
      const { is, error } = await outcome(server, block);
      if (typeof expected === "string") return assert.equal(is, expected, error?.message);
      assert.ok(error !== undefined, `it was let in: ${is}`);
      assert.match(`${error.code} ${error.message}`, expected);
      assert.ok(error.hint !== undefined && error.hint !== "", "a hint");
      assert.equal(error.retryable, false, "another attempt would not help");
      const shown = JSON.stringify([error, error.stack, String(error.cause)]);
      assert.ok(!shown.includes(server.password) && !shown.includes("PRIVATE KEY"), "no secret is shown");
    });
  }
}

postgresTest("sslmode: a server without TLS", { own: {} }, async (server, t) => {
  const refused = /^TLS_NOT_OFFERED .*does not offer TLS/;
  await expectAll(server, [
    ["disable", { sslmode: "disable" }, "plain"],
    ["allow", { sslmode: "allow" }, "plain"],
    ["prefer", { sslmode: "prefer" }, "plain"],
    ["no sslmode, which is prefer", {}, "plain"],
    ["require", { sslmode: "require" }, refused],
    ["verify-ca", { sslmode: "verify-ca" }, refused],
    ["verify-full", { sslmode: "verify-full" }, refused],
    [
      "require, over a Unix socket, which has no TLS",
      { sslmode: "require", host: server.directory },
      "plain",
    ],
  ], t);
});

postgresTest("sslmode: a server with TLS", { own: { tls: "offered", ...LISTEN } }, async (server, t) => {
  const { ca, strangeCa } = server.certificates!;
  const untrusted = /^TLS_FAILED .*certificate/;
  await Deno.writeTextFile(`${server.directory}/no.pem`, "no certificate");
  await expectAll(server, [
    ["disable", { sslmode: "disable" }, "plain"],
    ["allow", { sslmode: "allow" }, "plain"],
    ["prefer", { sslmode: "prefer" }, "tls"],
    ["prefer, which trusts anybody", { sslmode: "prefer", sslrootcert: strangeCa }, "tls"],
    ["require, which trusts anybody", { sslmode: "require" }, "tls"],
    ["require with an authority verifies it", { sslmode: "require", sslrootcert: ca }, "tls"],
    [
      "require with the authority, another host",
      { sslmode: "require", sslrootcert: ca, host: OTHER_HOST },
      "tls",
    ],
    ["require with a strange authority", { sslmode: "require", sslrootcert: strangeCa }, untrusted],
    ["verify-ca", { sslmode: "verify-ca", sslrootcert: ca }, "tls"],
    ["verify-ca, another host", { sslmode: "verify-ca", sslrootcert: ca, host: OTHER_HOST }, "tls"],
    ["verify-ca, a strange authority", { sslmode: "verify-ca", sslrootcert: strangeCa }, untrusted],
    ["verify-ca, those the system trusts", { sslmode: "verify-ca" }, untrusted],
    ["verify-full, the address", { sslmode: "verify-full", sslrootcert: ca }, "tls"],
    ["verify-full, the name", { sslmode: "verify-full", sslrootcert: ca, host: "localhost" }, "tls"],
    [
      "verify-full, another host",
      { sslmode: "verify-full", sslrootcert: ca, host: OTHER_HOST },
      /^TLS_FAILED .*127\.0\.0\.2/,
    ],
    ["verify-full, a strange authority", { sslmode: "verify-full", sslrootcert: strangeCa }, untrusted],
    ["verify-full, those the system trusts", { sslmode: "verify-full" }, untrusted],
    [
      "an authority that is not there",
      { sslmode: "verify-full", sslrootcert: `${server.directory}/nowhere.crt` },
      /^FILE_NOT_READABLE .*nowhere\.crt/,
    ],
    [
      "an authority that is none",
      { sslmode: "verify-full", sslrootcert: `${server.directory}/no.pem` },
      /^INVALID_CERTIFICATE .*no\.pem/,
    ],
    ["a wrong password, over TLS", { sslmode: "require", password: "wrong" }, /^WRONG_PASSWORD /],
    ["verify-full in a URL", {
      host: undefined,
      port: undefined,
      database: undefined,
      user: undefined,
      password: undefined,
      url: `${server.url()}?sslmode=verify-full&sslrootcert=${ca}`,
    }, "tls"],
  ], t);
});

postgresTest("sslmode: a server that takes TLS only", { own: { tls: "required" } }, async (server, t) => {
  const { ca, strangeCa } = server.certificates!;
  await expectAll(server, [
    ["disable", { sslmode: "disable" }, /^ACCESS_DENIED .*pg_hba\.conf/],
    ["allow tries again with TLS", { sslmode: "allow" }, "tls"],
    ["prefer", { sslmode: "prefer" }, "tls"],
    ["require", { sslmode: "require" }, "tls"],
    ["verify-ca", { sslmode: "verify-ca", sslrootcert: ca }, "tls"],
    ["verify-full", { sslmode: "verify-full", sslrootcert: ca }, "tls"],
    [
      "verify-full never goes on without TLS",
      { sslmode: "verify-full", sslrootcert: strangeCa },
      /^TLS_FAILED /,
    ],
  ], t);
});

postgresTest(
  "sslmode: a server that wants a certificate",
  { own: { tls: "client_cert" } },
  async (server, t) => {
    const { ca, clientCert, clientKey, serverCert, serverKey } = server.certificates!;
    const other = await makeCertificates(`${server.directory}/others`, { clientName: "loader" });
    const own = { sslcert: clientCert, sslkey: clientKey };
    await expectAll(server, [
      ["none", { sslmode: "require" }, /certificate/],
      ["none, prefer", { sslmode: "prefer" }, /certificate/],
      ["the role's", { sslmode: "require", ...own }, "tls"],
      ["the role's, prefer", { sslmode: "prefer", ...own }, "tls"],
      ["the role's, allow", { sslmode: "allow", ...own }, "tls"],
      ["the role's, verify-ca", { sslmode: "verify-ca", sslrootcert: ca, ...own }, "tls"],
      ["the role's, verify-full, no password", {
        sslmode: "verify-full",
        sslrootcert: ca,
        password: undefined,
        ...own,
      }, "tls"],
      ["without TLS", { sslmode: "disable", ...own }, /^ACCESS_DENIED /],
      [
        "another name's",
        { sslmode: "require", sslcert: serverCert, sslkey: serverKey },
        /^(ACCESS_DENIED|WRONG_PASSWORD) /,
      ],
      [
        "of an authority that the server does not know",
        { sslmode: "require", sslcert: other.clientCert, sslkey: other.clientKey },
        /^(TLS_FAILED|ACCESS_DENIED) /,
      ],
      [
        "a key of another certificate",
        { sslmode: "require", sslcert: clientCert, sslkey: serverKey },
        /^TLS_FAILED /,
      ],
    ], t);
  },
);
