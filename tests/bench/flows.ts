/** What is measured: each flow as a recipe and as the statement that a person would write for DuckDB. */
import type { BenchData } from "./data.ts";

/** Where one repetition writes to; empty at its start. */
export interface FlowTarget {
  /** A directory of its own. */
  readonly directory: string;
}

export interface Flow {
  readonly name: string;
  readonly title: string;
  /** The recipe, as JSON, which is YAML too. */
  readonly recipe: (data: BenchData, target: FlowTarget) => Record<string, unknown>;
  /** DuckDB's own statements, `target` being a database that the first of them may attach. */
  readonly native: (data: BenchData, target: FlowTarget) => readonly string[];
  /** Counts the rows that were written: both sides must agree. */
  readonly count: (target: FlowTarget) => readonly string[];
}

const file = (path: string) => ({ type: "filestore", path });
const table = ({ directory }: FlowTarget) => ({
  type: "duckdb",
  database: `${directory}/out.duckdb`,
  table: "rows",
  write_mode: "overwrite",
});
const attach = ({ directory }: FlowTarget) => `ATTACH '${directory}/out.duckdb' AS out_db`;
const countTable = (target: FlowTarget) => [attach(target), "SELECT count(*) AS n FROM out_db.main.rows"];
const countFile = (name: string, reader: string) => ({ directory }: FlowTarget) => [
  `SELECT count(*) AS n FROM ${reader}('${directory}/${name}')`,
];

/** The flows, in the order of the table. */
export const FLOWS: readonly Flow[] = [
  {
    name: "csv_parquet",
    title: "CSV → Parquet",
    recipe: (data, { directory }) => ({
      source: file(data.csv),
      destination: { ...file(`${directory}/out.parquet`), write_mode: "overwrite" },
    }),
    native: (data, { directory }) => [
      `COPY (SELECT * FROM read_csv('${data.csv}')) TO '${directory}/out.parquet' (FORMAT parquet)`,
    ],
    count: countFile("out.parquet", "read_parquet"),
  },
  {
    name: "csv_duckdb",
    title: "CSV → DuckDB",
    recipe: (data, target) => ({ source: file(data.csv), destination: table(target) }),
    native: (data, target) => [
      attach(target),
      `CREATE TABLE out_db.main.rows AS SELECT * FROM read_csv('${data.csv}')`,
    ],
    count: countTable,
  },
  {
    name: "jsonl_parquet",
    title: "JSONL → Parquet",
    recipe: (data, { directory }) => ({
      source: file(data.jsonl),
      destination: { ...file(`${directory}/out.parquet`), write_mode: "overwrite" },
    }),
    native: (data, { directory }) => [
      `COPY (SELECT * FROM read_ndjson('${data.jsonl}')) TO '${directory}/out.parquet' (FORMAT parquet)`,
    ],
    count: countFile("out.parquet", "read_parquet"),
  },
  {
    name: "parquet_duckdb",
    title: "Parquet → DuckDB",
    recipe: (data, target) => ({ source: file(data.parquet), destination: table(target) }),
    native: (data, target) => [
      attach(target),
      `CREATE TABLE out_db.main.rows AS SELECT * FROM read_parquet('${data.parquet}')`,
    ],
    count: countTable,
  },
  {
    name: "csv_jsonl_steps",
    title: "CSV → JSONL, rename + cast + filter",
    recipe: (data, { directory }) => ({
      source: file(data.csv),
      transform: {
        steps: [
          { type: "rename_columns", mapping: { id: "row_id", created: "created_at" } },
          { type: "cast", columns: { big: "string", amount: "decimal(14,2)", score: "float" } },
          { type: "filter", where: "active AND row_id % 10 <> 0" },
        ],
      },
      destination: { ...file(`${directory}/out.jsonl`), write_mode: "overwrite" },
    }),
    native: (data, { directory }) => [
      `COPY (
         SELECT id AS row_id, CAST(big AS VARCHAR) AS big, measure, CAST(amount AS DECIMAL(14, 2)) AS amount, code, note,
                active, day, created AS created_at, CAST(score AS DOUBLE) AS score
         FROM read_csv('${data.csv}')
         WHERE active AND id % 10 <> 0
       ) TO '${directory}/out.jsonl' (FORMAT json)`,
    ],
    count: countFile("out.jsonl", "read_ndjson"),
  },
];
