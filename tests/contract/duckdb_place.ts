/** A DuckDB file for the suites. */
import { createSession } from "../../src/batch/mod.ts";
import duckdb from "../../src/connectors/duckdb/mod.ts";
import { quoteIdent } from "../../src/sdk/mod.ts";
import { makeFolder } from "./folder.ts";
import type { System } from "./system.ts";

export const duckdbSystem: System = {
  name: "duckdb",
  connector: duckdb,
  async open() {
    const folder = await makeFolder();
    const database = `${folder.path}/a b.duckdb`;
    const block = (table: string) => ({ database, table: `"${table.replaceAll('"', '""')}"` });
    await Deno.writeTextFile(
      `${folder.path}/text.duckdb`,
      "no database at all, but long enough to look like one\n",
    );
    return {
      block,
      async seed(name, rows, { keys = [] } = {}) {
        const session = await createSession();
        const table = `${quoteIdent(await session.attach(database, { readOnly: false }))}.${
          quoteIdent(name)
        }`;
        await session.run(`CREATE TABLE IF NOT EXISTS ${table} AS FROM (${rows.select}) WHERE false`);
        if (keys.length > 0) {
          await session.run(`ALTER TABLE ${table} ADD PRIMARY KEY (${keys.map(quoteIdent).join(", ")})`);
        }
        await session.run(`INSERT INTO ${table} BY NAME ${rows.select}`);
        await session.close();
      },
      broken: [
        {
          name: "an unknown table",
          use: "read",
          block: block("nowhere"),
          code: "TABLE_NOT_FOUND",
          retryable: false,
          says: /nowhere/,
        },
        {
          name: "an unknown file",
          use: "read",
          block: { database: `${folder.path}/none.duckdb`, table: "t" },
          code: "FILE_NOT_FOUND",
          retryable: false,
          says: /none\.duckdb/,
        },
        ...(["read", "write"] as const).map((use) => ({
          name: `no database, to ${use}`,
          use,
          block: { database: `${folder.path}/text.duckdb`, table: "t" },
          code: "NOT_A_DATABASE",
          retryable: false,
          says: /text\.duckdb/,
        })),
      ],
      leftovers: async () => {
        const files = [...Deno.readDirSync(folder.path)].map((entry) => entry.name);
        return files.filter((name) => name !== "a b.duckdb" && name !== "text.duckdb");
      },
      [Symbol.asyncDispose]: folder.remove,
    };
  },
  lacks: { C10: "no secrets in its keys" },
};
