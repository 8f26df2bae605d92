/** Flows from and to PostgreSQL, each against what a person would do with psql and DuckDB. */
import type { PostgresServer } from "../servers/postgres.ts";
import type { BenchData } from "./data.ts";

/** Where one repetition of one side works. */
export interface ServerTarget {
  readonly server: PostgresServer;
  readonly database: string;
  /** A directory of its own. */
  readonly directory: string;
  /** Counts repetitions of this side from 0. */
  readonly turn: number;
  readonly side: "native" | "ours";
}

/** One step of the native side: a command of the shell with `$PSQL` in it, or statements of DuckDB. */
export type NativeStep = { readonly shell: string } | { readonly duckdb: readonly string[] };

export interface ServerFlow {
  readonly name: string;
  readonly title: string;
  /** What it is held against, for people. */
  readonly against: string;
  /** Ours may take so many times as long. */
  readonly limit: number;
  /** Statements of the server's, as its superuser, before the clock runs. */
  readonly prepare?: (data: BenchData, target: ServerTarget) => readonly string[];
  /** The recipe, as JSON. */
  readonly recipe: (data: BenchData, target: ServerTarget) => Record<string, unknown>;
  readonly native: (data: BenchData, target: ServerTarget) => readonly NativeStep[];
  /** The rows there are then: a query of the server's, or statements of DuckDB. */
  readonly count: (
    target: ServerTarget,
  ) => { readonly server: string } | { readonly duckdb: readonly string[] };
}

/** The columns of the generated rows as PostgreSQL has them. */
export const COLUMNS =
  "id integer, big bigint, measure double precision, amount numeric(12,2), code text, note text, active boolean, " +
  "day date, created timestamp, score integer";

/** The same as recipes write them: CSV has no types. */
const TYPES = {
  id: "int32",
  big: "int64",
  measure: "float",
  amount: "decimal(12,2)",
  active: "boolean",
  day: "date",
  created: "datetime",
  score: "int32",
};

/** Rows that the merge changes. */
const CHANGED = 100_000;

const connection = ({ server, database }: ServerTarget) => ({
  type: "postgres",
  ...server.connection({ database }),
});
const fresh = (target: ServerTarget) => `out_${target.side}`;
/** An empty table without indexes, for both sides alike. */
const emptyTable = (_data: BenchData, target: ServerTarget) => [
  `DROP TABLE IF EXISTS ${fresh(target)}`,
  `CREATE TABLE ${fresh(target)} (${COLUMNS})`,
  `ALTER TABLE ${fresh(target)} OWNER TO ${target.server.user}`,
  "CHECKPOINT",
];
const countFresh = (target: ServerTarget) => ({ server: `SELECT count(*) AS n FROM ${fresh(target)}` });

/** The flows, in the order of the table. */
export const SERVER_FLOWS: readonly ServerFlow[] = [
  {
    name: "pg_duckdb",
    title: "PostgreSQL → DuckDB",
    against: "psql, binary COPY to nowhere, plus DuckDB filling a table from Parquet",
    limit: 1.0,
    recipe: (_data, target) => ({
      source: { ...connection(target), table: "rows" },
      destination: {
        type: "duckdb",
        database: `${target.directory}/out.duckdb`,
        table: "rows",
        write_mode: "append",
      },
    }),
    native: (data, { directory }) => [
      { shell: `$PSQL -c "COPY rows TO STDOUT (FORMAT binary)" > /dev/null` },
      {
        duckdb: [
          `ATTACH '${directory}/out.duckdb' AS out_db`,
          `CREATE TABLE out_db.main.rows AS SELECT * FROM read_parquet('${data.parquet}')`,
        ],
      },
    ],
    count: ({ directory }) => ({
      duckdb: [`ATTACH '${directory}/out.duckdb' AS out_db`, "SELECT count(*) AS n FROM out_db.main.rows"],
    }),
  },
  {
    name: "pg_parquet",
    title: "PostgreSQL → Parquet",
    against: "psql, COPY CSV to a file, then DuckDB, CSV → Parquet",
    limit: 0.7,
    recipe: (_data, target) => ({
      source: { ...connection(target), table: "rows" },
      destination: { type: "filestore", path: `${target.directory}/out.parquet`, write_mode: "overwrite" },
    }),
    native: (_data, { directory }) => [
      { shell: `$PSQL -c "COPY rows TO STDOUT (FORMAT csv, HEADER)" > '${directory}/out.csv'` },
      {
        duckdb: [
          `COPY (SELECT * FROM read_csv('${directory}/out.csv')) TO '${directory}/out.parquet' (FORMAT parquet)`,
        ],
      },
    ],
    count: ({ directory }) => ({
      duckdb: [`SELECT count(*) AS n FROM read_parquet('${directory}/out.parquet')`],
    }),
  },
  {
    name: "csv_pg",
    title: "CSV → PostgreSQL",
    against: "psql, \\copy of the same file",
    limit: 1.15,
    prepare: emptyTable,
    recipe: (data, target) => ({
      source: { type: "csv", path: data.csv, columns: TYPES },
      destination: { ...connection(target), table: fresh(target), write_mode: "append" },
    }),
    native: (data, target) => [
      { shell: `$PSQL -c "\\copy ${fresh(target)} FROM '${data.csv}' (FORMAT csv, HEADER)"` },
    ],
    count: countFresh,
  },
  {
    name: "pg_pg",
    title: "PostgreSQL → PostgreSQL",
    against: "psql, binary COPY out piped into COPY in",
    limit: 1.2,
    prepare: emptyTable,
    recipe: (_data, target) => ({
      source: { ...connection(target), table: "rows" },
      destination: { ...connection(target), table: fresh(target), write_mode: "append" },
    }),
    native: (_data, target) => [
      {
        shell: `$PSQL -c "COPY rows TO STDOUT (FORMAT binary)" | $PSQL -c "COPY ${
          fresh(target)
        } FROM STDIN (FORMAT binary)"`,
      },
    ],
    count: countFresh,
  },
  {
    name: "pg_merge",
    title: `merge of ${CHANGED.toLocaleString("en")} changed rows`,
    against: "psql, \\copy to a temporary table, then INSERT … ON CONFLICT",
    limit: 1.3,
    // Each turn changes the rows to other values. The statistics and the dead rows of the turn before are seen to.
    prepare: (data, { server, side, turn }) => [
      `CREATE TABLE IF NOT EXISTS merged_${side} (${COLUMNS}, PRIMARY KEY (id))`,
      `ALTER TABLE merged_${side} OWNER TO ${server.user}`,
      `INSERT INTO merged_${side} SELECT * FROM rows ON CONFLICT DO NOTHING`,
      `VACUUM (ANALYZE) merged_${side}`,
      "CHECKPOINT",
      `COPY (SELECT id, big, measure + ${
        turn + 1
      } AS measure, amount, code, note, NOT active AS active, day, created, score
             FROM rows WHERE id % ${
        Math.max(1, Math.floor(data.rows / CHANGED))
      } = 0) TO '${server.directory}/changed_${side}.csv'
       (FORMAT csv, HEADER)`,
    ],
    recipe: (_data, target) => ({
      source: { type: "csv", path: `${target.server.directory}/changed_ours.csv`, columns: TYPES },
      destination: { ...connection(target), table: "merged_ours", write_mode: "merge", merge_keys: ["id"] },
    }),
    native: (_data, { server }) => {
      const columns = COLUMNS.split(", ").map((column) => column.split(" ")[0]!);
      const set = columns.slice(1).map((name) => `${name} = EXCLUDED.${name}`).join(", ");
      return [{
        shell: `$PSQL <<'END'
CREATE TEMP TABLE changed (LIKE merged_native);
\\copy changed FROM '${server.directory}/changed_native.csv' (FORMAT csv, HEADER)
INSERT INTO merged_native SELECT * FROM changed ON CONFLICT (id) DO UPDATE SET ${set};
END`,
      }];
    },
    // All rows, and which of them were changed.
    count: ({ side }) => ({
      server: `SELECT count(*) + 1000 * count(*) FILTER (WHERE m.measure <> r.measure) AS n
               FROM merged_${side} AS m JOIN rows AS r USING (id)`,
    }),
  },
];
