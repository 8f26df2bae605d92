/** What a `type: duckdb` block reaches. Pure. */
import { type Access, readWrite } from "../../sdk/mod.ts";
import type { DuckdbConfig } from "./config.ts";
import { newDatabase } from "./names.ts";

/** Files that DuckDB 1.5 keeps beside a database: its log, and the log's stand-ins while it is written into the file. */
const BESIDE = [".wal", ".wal.checkpoint", ".wal.recovery"];

/** The database file and what DuckDB keeps beside it; for a destination also the name under which a new one is made. */
export function accessOf(config: DuckdbConfig, use: "read" | "write"): Access[] {
  const { database } = config;
  if (database === ":memory:") return [];
  const key = ["database"];
  const beside = { key, why: "the database's log" };
  if (use === "read") {
    return [
      { kind: "read", value: database, key },
      ...BESIDE.map((ending): Access => ({ kind: "read", value: database + ending, ...beside })),
    ];
  }
  const fresh = newDatabase(database);
  return [
    ...readWrite([database], { key }),
    ...readWrite(BESIDE.map((ending) => database + ending), beside),
    ...readWrite([fresh, ...BESIDE.map((ending) => fresh + ending)], {
      key,
      why: "a new database, until it is whole",
    }),
  ];
}
