/** Loads into PostgreSQL that are killed: each home has a schema of its own in one database. */
import type { PostgresServer } from "../servers/postgres.ts";
import { filesUnder, type KillMode, PARTS_PLUGIN, SOURCES, STATE_FILE } from "./modes.ts";

interface ModeOptions {
  readonly source: keyof typeof SOURCES | "table";
  readonly seeded?: boolean;
  readonly share?: number;
}

/** Rows of the table that `table` modes read. */
const TABLE_ROWS = 120_000;

/** Makes the database, and the table that some modes read. */
export async function makeDatabase(server: PostgresServer): Promise<string> {
  const database = await server.createDatabase();
  await server.execute(
    `CREATE TABLE big AS SELECT i AS id, 'name ' || i AS name, (i % 1000 / 100.0)::numeric(10,2) AS amount,
        timestamp '2024-01-01' + i * interval '1 second' AS created, 0::bigint AS file
      FROM generate_series(1, ${TABLE_ROWS}) AS s(i);
     ALTER TABLE big ADD PRIMARY KEY (id), OWNER TO ${server.user}; ANALYZE big`,
    { database },
  );
  return database;
}

/** The modes. `database` is asked for when one is run. */
export function postgresModes(at: () => { server: PostgresServer; database: string }): KillMode[] {
  const schemaOf = (home: string) => `home_${home.split("/").at(-1)!.replaceAll(/\W/g, "_").toLowerCase()}`;

  function mode(name: string, write: Record<string, unknown>, options: ModeOptions): KillMode {
    const connection = () => at().server.connection({ database: at().database });
    const source = (inputs: string) =>
      options.source === "table"
        ? { type: "postgres", ...connection(), table: "big" }
        : SOURCES[options.source](inputs);
    return {
      name: `${name}, ${options.source}`,
      incremental: options.source.startsWith("new"),
      seeded: options.seeded ?? false,
      share: options.share ?? 1,
      sights: [STATE_FILE],
      atomic: options.seeded ?? false,
      recipe: (inputs, home) => ({
        name: "kill",
        plugins: [PARTS_PLUGIN],
        runtime: { batch_size: 20_000 },
        source: source(inputs),
        destination: { type: "postgres", ...connection(), table: `${schemaOf(home)}.rows`, ...write },
      }),
      rows: async (home) => {
        const { server, database } = at();
        // Those of the unbroken run are looked at from several sides at once.
        const file = `${home}/rows_${crypto.randomUUID()}.jsonl`;
        const rows = await server.select(
          `SELECT id, file, name, amount::text AS amount, created::text AS created FROM ${
            schemaOf(home)
          }.rows`,
          { database },
        ).catch((error) => {
          // Killed before the table was made.
          if (/42P01/.test(String(error))) return [];
          throw error;
        });
        await Deno.writeTextFile(file, rows.map((row) => JSON.stringify(row) + "\n").join(""));
        const columns =
          "{id: 'BIGINT', file: 'BIGINT', name: 'VARCHAR', amount: 'VARCHAR', created: 'VARCHAR'}";
        return { setup: [], select: `SELECT * FROM read_ndjson('${file}', columns = ${columns})` };
      },
      litter: async (home) => {
        const { server, database } = at();
        const tables = await server.rows(
          `SELECT table_name FROM information_schema.tables WHERE table_schema = '${schemaOf(home)}'
             AND table_name NOT IN ('rows', '_dataloader_loads')`,
          { database },
        );
        const files = await filesUnder(home);
        return [
          ...tables.map((table) => `table ${table}`),
          ...files.filter((file) => /\.(tmp|part)$/.test(file)),
        ];
      },
    };
  }

  const append = { write_mode: "append" };
  const overwrite = { write_mode: "overwrite" };
  const merge = { write_mode: "merge", merge_keys: ["id"] };
  return [
    mode("append to PostgreSQL", append, { source: "newParts" }),
    mode("append to PostgreSQL", append, { source: "newFiles", share: 0.2 }),
    mode("overwrite in PostgreSQL", overwrite, { source: "parts", seeded: true }),
    mode("overwrite in PostgreSQL", overwrite, { source: "table", seeded: true, share: 0.3 }),
    mode("merge into PostgreSQL", merge, { source: "newParts" }),
  ];
}
