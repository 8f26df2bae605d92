/** Where evolution cases are loaded into, and how what is there is read back. */
import { createSession } from "../../../src/batch/mod.ts";
import postgres from "../../../src/connectors/postgres/mod.ts";
import { EMPTY_SOURCE_STATE, formatType, quoteIdent, quoteLiteral } from "../../../src/sdk/mod.ts";

/** What a destination holds: types as recipes write them, values as text. */
export interface Content {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | null)[])[];
}

export interface EvolutionTarget {
  readonly name: string;
  /** The `destination:` block less its write mode, indented by two. */
  destination(folder: string): string;
  /** Statements of the destination's owner, before the loads. */
  prepare(folder: string, statements: readonly string[]): Promise<void>;
  read(folder: string): Promise<Content>;
  /** Rows are kept in a table with constraints, not in files. */
  readonly table: boolean;
}

async function withDatabase<T>(
  path: string,
  body: (run: (sql: string) => Promise<void>, read: (sql: string) => Promise<Content>) => Promise<T>,
): Promise<T> {
  const session = await createSession({ threads: 1, memoryLimit: "512MB" });
  try {
    if (path !== "") await session.run(`USE ${quoteIdent(await session.attach(path, { readOnly: false }))}`);
    const result = await body(async (sql) => void await session.run(sql), async (sql) => {
      const { schema } = await session.relation(sql);
      const texts = schema.fields.map(({ name }, i) => `CAST(${quoteIdent(name)} AS VARCHAR) AS c${i}`);
      const rows = await session.query<Record<string, string | null>>(
        `SELECT ${texts.join(", ")} FROM (${sql}) ORDER BY ALL`,
      );
      return {
        columns: schema.fields.map(({ name, type }) => `${name} ${formatType(type)}`),
        rows: rows.map((row) => schema.fields.map((_, i) => row[`c${i}`] ?? null)),
      };
    });
    await session.run("USE memory");
    return result;
  } finally {
    await session.close();
  }
}

export const duckdbTarget: EvolutionTarget = {
  name: "duckdb",
  table: true,
  destination: (folder) => `  type: duckdb\n  database: ${folder}/out.duckdb\n  table: t\n`,
  prepare: (folder, statements) =>
    withDatabase(`${folder}/out.duckdb`, async (run) => {
      for (const statement of statements) await run(statement);
    }),
  read: (folder) => withDatabase(`${folder}/out.duckdb`, (_run, read) => read("SELECT * FROM t")),
};

export const parquetTarget: EvolutionTarget = {
  name: "parquet",
  table: false,
  destination: (folder) => `  type: parquet\n  path: ${folder}/out/\n`,
  prepare: async () => {},
  read: (folder) =>
    withDatabase(
      "",
      (_run, read) =>
        read(`SELECT * FROM read_parquet(${quoteLiteral(`${folder}/out/*.parquet`)}, union_by_name = true)`),
    ),
};

/** A database of a PostgreSQL server, a table of its own for each case (told apart by the folder's name). */
export function postgresTarget(url: string): EvolutionTarget {
  const table = (folder: string) => `t_${folder.replaceAll(/\W/g, "_").slice(-16)}`;
  return {
    name: "postgres",
    table: true,
    destination: (folder) => `  type: postgres\n  url: ${JSON.stringify(url)}\n  table: ${table(folder)}\n`,
    prepare: async () => {},
    read: async (folder) => {
      const session = await createSession({ threads: 1, memoryLimit: "512MB" });
      try {
        const { openSource } = await postgres.openSource!();
        const source = await openSource(postgres.config.parse({ url, table: table(folder) }), {
          session,
          log: { log: () => {} },
          signal: new AbortController().signal,
          recipe: "evolution",
          resource: "main",
        });
        const request = {
          runId: "read",
          writeMode: "append" as const,
          batchSize: 1000,
          parallelism: 1,
          startedAt: new Date().toISOString(),
        };
        const { schema } = await source.describe(request, EMPTY_SOURCE_STATE);
        const rows: (string | null)[][] = [];
        for await (const { batch } of source.readBatches(request, EMPTY_SOURCE_STATE)) {
          const texts = schema.fields.map(({ name }, i) => `CAST(${quoteIdent(name)} AS VARCHAR) AS c${i}`);
          const read = await session.query<Record<string, string | null>>(
            `SELECT ${texts.join(", ")} FROM (${batch.sql}) ORDER BY ALL`,
          );
          rows.push(...read.map((row) => schema.fields.map((_, i) => row[`c${i}`] ?? null)));
        }
        await source.close();
        return { columns: schema.fields.map(({ name, type }) => `${name} ${formatType(type)}`), rows };
      } finally {
        await session.close();
      }
    },
  };
}
