/** A DuckDB of the tests' own, to look at what was loaded and to make files. */
import { DuckDBInstance } from "@duckdb/node-api";
import type { Json } from "../../src/sdk/mod.ts";

/** Runs statements in one database in memory and returns the rows of the last, with values as JSON has them. */
export async function sql(...statements: string[]): Promise<Record<string, Json>[]> {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  try {
    await connection.run("SET TimeZone = 'UTC'");
    let rows: Record<string, Json>[] = [];
    for (const statement of statements) {
      rows = (await connection.runAndReadAll(statement)).getRowObjectsJson() as Record<string, Json>[];
    }
    return rows;
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** Runs a query on a database file, opened for reading only; its tables stand in the catalog `db`. */
export async function queryFile(database: string, query: string): Promise<Record<string, Json>[]> {
  return await sql(`ATTACH '${database.replaceAll("'", "''")}' AS db (READ_ONLY)`, "USE db", query);
}

/**
 * The rows that one query gives and the other doesn't, counted in both directions, with repetitions. `setup` runs first.
 */
export async function difference(
  left: string,
  right: string,
  options: { setup?: readonly string[] } = {},
): Promise<{ onlyLeft: number; onlyRight: number; rows: number }> {
  const [row] = await sql(
    ...options.setup ?? [],
    `SELECT (SELECT count(*) FROM ((${left}) EXCEPT ALL (${right})))::INTEGER AS a,
            (SELECT count(*) FROM ((${right}) EXCEPT ALL (${left})))::INTEGER AS b,
            (SELECT count(*) FROM (${right}))::INTEGER AS n`,
  );
  return { onlyLeft: Number(row!.a), onlyRight: Number(row!.b), rows: Number(row!.n) };
}
