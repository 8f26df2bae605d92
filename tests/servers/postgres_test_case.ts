/** Tests that need a PostgreSQL: how they get one, and what becomes of them where there is none. */
import { type PostgresOptions, PostgresServer } from "./postgres.ts";
import { findBinaries, HOW_TO_INSTALL } from "./postgres_binaries.ts";

/** Why there is no PostgreSQL; undefined where there is one. */
export function postgresMissing(): string | undefined {
  if (Deno.build.os === "windows") return "needs PostgreSQL, which these tests don't start on Windows";
  return findBinaries() === undefined ? `needs ${HOW_TO_INSTALL}` : undefined;
}

/** True where a missing server is a failure: in continuous integration, on systems that the tests start it on. */
export function serversRequired(): boolean {
  return Deno.env.get("CI") === "true" && Deno.build.os !== "windows";
}

export type PostgresTest = (server: PostgresServer, t: Deno.TestContext) => void | Promise<void>;

export interface PostgresTestOptions {
  /** A server for this test alone, which it may stop or fill. */
  readonly own?: PostgresOptions;
  /** Another reason to leave the test out. */
  readonly ignore?: boolean;
}

let shared: Promise<PostgresServer> | undefined;

/** The server that all tests of this file share. It ends when they have ended. */
export function sharedPostgres(): Promise<PostgresServer> {
  shared ??= PostgresServer.start();
  return shared;
}

Deno.test.afterAll(async () => {
  const server = await shared?.catch(() => undefined);
  await server?.[Symbol.asyncDispose]();
  shared = undefined;
});

/** A test with a PostgreSQL: that of the file, or one of its own. */
export function postgresTest(name: string, fn: PostgresTest): void;
export function postgresTest(name: string, options: PostgresTestOptions, fn: PostgresTest): void;
export function postgresTest(
  name: string,
  ...rest: [PostgresTest] | [PostgresTestOptions, PostgresTest]
): void {
  const [options, fn] = rest.length === 1 ? [{}, rest[0]] : rest;
  const missing = postgresMissing();
  const left = missing !== undefined && !serversRequired();
  Deno.test({
    name: left ? `${name} [${missing}]` : name,
    ignore: left || options.ignore === true,
    fn: async (t) => {
      if (missing !== undefined) throw new Error(`This test ${missing}.`);
      if (options.own === undefined) return await fn(await sharedPostgres(), t);
      await using server = await PostgresServer.start(options.own);
      await fn(server, t);
    },
  });
}
