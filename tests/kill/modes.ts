/** The loads that are killed: one recipe per write mode and destination, all from the same input files. */
import { queryFile, sql } from "../integration/database.ts";

/** Files that are read, one batch each where the source reads by modified time. */
const FILES = 6;

/** One load that a test kills. */
export interface KillMode {
  readonly name: string;
  /** The recipe, as JSON, which is YAML too. `inputs` is the directory of the input files, `home` the run's own. */
  readonly recipe: (inputs: string, home: string) => Record<string, unknown>;
  /** SELECT of the rows that are at the destination, after `setup`. */
  readonly rows: (home: string, alias: string) => { setup: string[]; select: string };
  /** What must not be there when a run has ended. */
  readonly litter: (home: string) => Promise<string[]>;
  /** Other rows are loaded before the killed run: what it replaces. */
  readonly seeded: boolean;
  /** Right after the kill a reader sees the rows of before or all the new ones, nothing in between. */
  readonly atomic: boolean;
}

const newFiles = { incremental: { strategy: "modified_time" } };

function toTable(name: string, destination: Record<string, unknown>, options: {
  source?: Record<string, unknown>;
  seeded?: boolean;
} = {}): KillMode {
  return {
    name,
    seeded: options.seeded ?? false,
    atomic: options.seeded ?? false,
    recipe: (inputs, home) => ({
      name: "kill",
      source: { type: "filestore", path: `${inputs}/*.csv`, ...options.source },
      destination: { type: "duckdb", database: `${home}/out.duckdb`, table: "rows", ...destination },
    }),
    rows: (home, alias) => ({
      setup: [`ATTACH '${home}/out.duckdb' AS ${alias} (READ_ONLY)`],
      select: `SELECT * FROM ${alias}.main.rows`,
    }),
    litter: async (home) => {
      const tables = await queryFile(
        `${home}/out.duckdb`,
        `SELECT table_name AS name FROM duckdb_tables()
         WHERE database_name = 'db' AND table_name NOT IN ('rows', '_dataloader_loads')`,
      );
      const files = await filesUnder(home);
      return [
        ...tables.map((row) => `table ${row.name}`),
        ...files.filter((file) => /\.(tmp|wal|part)$/.test(file)),
      ];
    },
  };
}

function toFiles(name: string, destination: Record<string, unknown>, options: {
  source?: Record<string, unknown>;
  seeded?: boolean;
} = {}): KillMode {
  return {
    name,
    seeded: options.seeded ?? false,
    // A directory of files has no moment at which all of them change.
    atomic: false,
    recipe: (inputs, home) => ({
      name: "kill",
      source: { type: "filestore", path: `${inputs}/*.csv`, ...options.source },
      destination: { type: "filestore", path: `${home}/out/`, format: "parquet", ...destination },
    }),
    rows: (home) => ({ setup: [], select: `SELECT * FROM read_parquet('${home}/out/*.parquet')` }),
    litter: async (home) => {
      const files = await filesUnder(home);
      return files.filter((file) => /\.(tmp|part)$|\.tmp\b|staging/.test(file));
    },
  };
}

/** Every mode. The names are what the tests are called. */
export const MODES: readonly KillMode[] = [
  toTable("append to DuckDB, new files", { write_mode: "append" }, { source: newFiles }),
  toTable("append to DuckDB, everything", { write_mode: "append" }),
  toTable("overwrite in DuckDB", { write_mode: "overwrite" }, { seeded: true }),
  toTable("merge into DuckDB", { write_mode: "merge", merge_keys: ["id"] }, { source: newFiles }),
  toFiles("append to files, new files", { write_mode: "append" }, { source: newFiles }),
  toFiles("overwrite of files", { write_mode: "overwrite" }, { seeded: true }),
];

/**
 * Makes the input: `FILES` files of `rowsPerFile` rows. The ids of a file overlap those of the file before by half, with other
 * values, so that a merge which applied a file twice, or in another order, would be found out.
 */
export async function makeInputs(directory: string, rowsPerFile: number): Promise<void> {
  await Deno.mkdir(directory);
  for (let file = 0; file < FILES; file++) {
    const path = `${directory}/part-${file}.csv`;
    const start = Math.floor(file * rowsPerFile / 2);
    await sql(`
      COPY (
        SELECT i AS id, ${file} AS file, 'name ' || (hash(i, ${file}) % 100000) AS name,
               ((hash(i, ${file}, 1) % 1000000) / 100)::DECIMAL(10, 2) AS amount,
               TIMESTAMP '2024-01-01' + to_seconds((hash(i, 2) % 31536000)::BIGINT) AS created
        FROM range(${start}, ${start + rowsPerFile}) AS r(i)
      ) TO '${path}' (FORMAT csv, HEADER true)`);
    const modified = new Date(Date.UTC(2024, 0, 1, 0, file));
    await Deno.utime(path, modified, modified);
  }
}

/** Paths of all files under a directory, relative to it, sorted. */
export async function filesUnder(directory: string, prefix = ""): Promise<string[]> {
  const files: string[] = [];
  for await (const entry of Deno.readDir(directory)) {
    const name = `${prefix}${entry.name}`;
    if (entry.isDirectory) files.push(...await filesUnder(`${directory}/${entry.name}`, `${name}/`));
    else files.push(name);
  }
  return files.sort();
}
