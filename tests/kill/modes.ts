/** The loads that are killed: one recipe per write mode and destination, all from the same input files. */
import { fileURLToPath } from "node:url";
import { queryFile, sql } from "../integration/database.ts";

/** Files that are read. */
const FILES = 6;

/** How the engine reads what a load has written. */
export interface RowsOf {
  readonly setup: readonly string[];
  readonly select: string;
}

/** One load that a test kills. */
export interface KillMode {
  readonly name: string;
  /** The recipe, as JSON, which is YAML too. `inputs` is the directory of the input files, `home` the run's own. */
  readonly recipe: (inputs: string, home: string) => Record<string, unknown>;
  /** SELECT of the rows that are at the destination, after `setup`. */
  readonly rows: (home: string, alias: string) => RowsOf | Promise<RowsOf>;
  /** What must not be there when a run has ended. */
  readonly litter: (home: string) => Promise<string[]>;
  /** The source keeps its position: a run that follows a whole one loads nothing. */
  readonly incremental: boolean;
  /** Other rows are loaded before the killed run: what it replaces. */
  readonly seeded: boolean;
  /** Of the random moments asked for, the share that this mode gets. */
  readonly share: number;
  /** Relative paths of files that a load makes: it is also killed at the first sight of each. */
  readonly sights: readonly RegExp[];
  /** Right after the kill a reader sees the rows of before or all the new ones, nothing in between. */
  readonly atomic: boolean;
}

/** What a mode reads: all CSV files as one batch, or each as a batch of its own. */
export const SOURCES = {
  files: (inputs: string) => ({ type: "filestore", path: `${inputs}/*.csv` }),
  newFiles: (inputs: string) => ({ ...SOURCES.files(inputs), incremental: { strategy: "modified_time" } }),
  parts: (inputs: string) => ({ type: "parts", path: inputs }),
  newParts: (inputs: string) => ({ ...SOURCES.parts(inputs), incremental: { strategy: "custom" } }),
};

export const STATE_FILE = /^\.state\/kill\.json$/;
export const PARTS_PLUGIN = fileURLToPath(new URL("./parts_source.ts", import.meta.url));

interface ModeOptions {
  readonly source: keyof typeof SOURCES;
  readonly seeded?: boolean;
  readonly share?: number;
  /** About one row in ten is quarantined: those rows count as well, each to be there once. */
  readonly quarantine?: "table" | "folder" | "file";
}

function recipe(
  options: ModeOptions,
  inputs: string,
  to: { destination: Record<string, unknown>; home: string },
) {
  const { source, quarantine } = options;
  const place = {
    table: { quarantine_table: "bad" },
    folder: { quarantine: `${to.home}/bad/` },
    file: { quarantine: `${to.home}/bad.jsonl` },
  };
  return {
    name: "kill",
    plugins: [PARTS_PLUGIN],
    source: SOURCES[source](inputs),
    destination: to.destination,
    ...(quarantine === undefined ? {} : {
      validation: {
        rules: [{ column: "amount", max: 9000 }],
        on_error: "quarantine",
        ...place[quarantine],
      },
    }),
  };
}

/** The rows that were loaded and, where a mode quarantines, those that were put aside, as texts. */
function withQuarantined(
  select: string,
  home: string,
  of: { alias: string; quarantine: ModeOptions["quarantine"] },
): string {
  if (of.quarantine === undefined) return select;
  const bad = {
    table: `SELECT CAST("row" AS VARCHAR) AS r FROM ${of.alias}.main.bad`,
    folder:
      `SELECT CAST("row" AS VARCHAR) AS r FROM read_ndjson('${home}/bad/*.jsonl', columns = {"row": 'JSON'})`,
    file:
      `SELECT CAST("row" AS VARCHAR) AS r FROM read_ndjson('${home}/bad.jsonl', columns = {"row": 'JSON'})`,
  }[of.quarantine];
  return `SELECT 'loaded' AS what, CAST(to_json(t) AS VARCHAR) AS r FROM (${select}) AS t UNION ALL SELECT 'quarantined', r FROM (${bad})`;
}

function toTable(name: string, write: Record<string, unknown>, options: ModeOptions): KillMode {
  return {
    name: `${name}, ${options.source}`,
    incremental: options.source.startsWith("new"),
    seeded: options.seeded ?? false,
    share: options.share ?? 1,
    sights: [STATE_FILE, /^out\.duckdb\.wal$/],
    // What is staged is quarantined already.
    atomic: (options.seeded ?? false) && options.quarantine === undefined,
    recipe: (inputs, home) =>
      recipe(options, inputs, {
        home,
        destination: { type: "duckdb", database: `${home}/out.duckdb`, table: "rows", ...write },
      }),
    rows: (home, alias) => ({
      setup: [`ATTACH '${home}/out.duckdb' AS ${alias} (READ_ONLY)`],
      select: withQuarantined(`SELECT * FROM ${alias}.main.rows`, home, {
        alias,
        quarantine: options.quarantine,
      }),
    }),
    litter: async (home) => {
      const tables = await queryFile(
        `${home}/out.duckdb`,
        `SELECT table_name AS name FROM duckdb_tables()
         WHERE database_name = 'db' AND table_name NOT IN ('rows', 'bad', '_dataloader_loads')`,
      );
      const files = await filesUnder(home);
      return [
        ...tables.map((row) => `table ${row.name}`),
        ...files.filter((file) => /\.(tmp|wal|part)$/.test(file)),
      ];
    },
  };
}

function toFiles(name: string, write: Record<string, unknown>, options: ModeOptions): KillMode {
  return {
    name: `${name}, ${options.source}`,
    incremental: options.source.startsWith("new"),
    seeded: options.seeded ?? false,
    share: options.share ?? 1,
    sights: [STATE_FILE, /^out\/.*\.tmp/, /^out\/_dataloader/, /^out\/.*\.parquet$/],
    // A directory of files has no moment at which all of them change.
    atomic: false,
    recipe: (inputs, home) =>
      recipe(options, inputs, {
        home,
        destination: { type: "filestore", path: `${home}/out/`, format: "parquet", ...write },
      }),
    rows: (home, alias) => ({
      setup: [],
      select: withQuarantined(`SELECT * FROM read_parquet('${home}/out/*.parquet')`, home, {
        alias,
        quarantine: options.quarantine,
      }),
    }),
    litter: async (home) => {
      const files = await filesUnder(home);
      return files.filter((file) => /\.(tmp|part)$|\.tmp\b|staging/.test(file));
    },
  };
}

const append = { write_mode: "append" };
const overwrite = { write_mode: "overwrite" };
const merge = { write_mode: "merge", merge_keys: ["id"] };

/** Every mode. The names are what the tests are called. */
export const MODES: readonly KillMode[] = [
  toTable("append to DuckDB", append, { source: "newFiles", share: 0.3 }),
  toTable("append to DuckDB", append, { source: "newParts" }),
  toTable("append to DuckDB", append, { source: "parts", share: 0.3 }),
  toTable("overwrite in DuckDB", overwrite, { source: "parts", seeded: true }),
  toTable("merge into DuckDB", merge, { source: "newParts" }),
  toFiles("append to files", append, { source: "newParts", share: 0.5 }),
  toFiles("overwrite of files", overwrite, { source: "parts", seeded: true, share: 0.5 }),
  toTable("append with quarantine", append, { source: "newParts", quarantine: "table", share: 0.2 }),
  toTable("overwrite with quarantine", overwrite, {
    source: "parts",
    seeded: true,
    quarantine: "table",
    share: 0.2,
  }),
  toFiles("append with quarantine in a folder", append, {
    source: "newParts",
    quarantine: "folder",
    share: 0.2,
  }),
  toFiles("overwrite with quarantine in a file", overwrite, {
    source: "parts",
    seeded: true,
    quarantine: "file",
    share: 0.2,
  }),
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
