import type { RecordBatch, Table } from "apache-arrow";
import type { JsonObject } from "./json.ts";
import type { Schema } from "./schema.ts";

/**
 * A relation that has not been computed yet: a SELECT over a session of the embedded engine, with its schema.
 * Nothing is read until somebody asks for rows (DESIGN §3).
 */
export interface Batch {
  /** Column names, in order. */
  readonly columns: readonly string[];
  readonly schema: Schema;
  /** Facts about where the rows come from, kept through transforms. */
  readonly metadata: JsonObject;
  /** The SELECT. Valid in `session` only, as long as the batch is not released. */
  readonly sql: string;
  readonly session: Session;
  /** What reading the columns as `schema` says loses, one sentence a column: nanoseconds, say. */
  readonly warnings?: readonly string[];
  /** Counts the rows: runs the relation. */
  rowCount(): Promise<number>;
  /** Streams the rows as Arrow record batches of at most `rowsPerBatch` rows (default 65,536). */
  toArrow(options?: { rowsPerBatch?: number }): AsyncIterable<RecordBatch>;
  /** The first `limit` rows (default all) as arrays of plain values, for people. int64 come as bigint. */
  rows(options?: { limit?: number }): Promise<unknown[][]>;
  /** The first `limit` rows (default all) as objects, for people. */
  toObjects(options?: { limit?: number }): Promise<Record<string, unknown>[]>;
}

/** What a statement did. */
export interface RunResult {
  /** Rows inserted, updated, deleted or copied. */
  readonly rowsChanged: number;
}

/** How far the statement under way has come. */
export interface SessionProgress {
  /** 0…1, or undefined where the engine can't tell. */
  readonly fraction?: number;
}

/** A session of the embedded engine (DuckDB): one connection, in memory, spilling to a temporary directory. */
export interface Session {
  /** Runs statements for their effect. */
  run(sql: string): Promise<RunResult>;
  /**
   * Runs a query whose result is small, for metadata. Values come as JavaScript has them: BIGINT as bigint,
   * VARCHAR as string, DOUBLE and INTEGER as number, BOOLEAN as boolean, NULL as null, lists as arrays; cast the
   * rest to VARCHAR in the query.
   */
  query<T extends Record<string, unknown>>(sql: string): Promise<T[]>;
  /** Binds a SELECT, reads no rows, and makes it a batch. */
  relation(sql: string, metadata?: JsonObject): Promise<Batch>;
  /**
   * Brings Arrow columns in: appends them to a temporary table as they come and returns the relation over it.
   * `schema` says what the columns mean where Arrow alone can't (json, uuid), and is needed for an empty stream.
   * With `inPlace` nothing is copied: the record batches, all of them, are given away and stay where they are until the batch
   * is released, which frees their memory at once. They are read as often as the relation is, and `toArrow` gives them
   * back as they came. What is wrong with their values shows when they are read.
   */
  fromArrow(
    data: Table | AsyncIterable<RecordBatch> | Iterable<RecordBatch>,
    options?: { schema?: Schema; metadata?: JsonObject; inPlace?: boolean },
  ): Promise<Batch>;
  /** Drops what a batch made by `fromArrow` holds. Does nothing for others. */
  release(batch: Batch): Promise<void>;
  /**
   * Attaches a DuckDB database file and returns the alias to qualify names with. The same path attached twice gives
   * the same alias; attached read-only first and for writing then, it is attached again for writing.
   */
  attach(path: string, options: { readOnly: boolean }): Promise<string>;
  /** Runs `body` between BEGIN and COMMIT; rolls back if it throws. Not to be nested. */
  transaction<T>(body: () => Promise<T>): Promise<T>;
  /** A directory of the session's own for files that may go with it; undefined where it has none. */
  readonly temporaryDirectory?: string;
  /** A name for a temporary object that no other has. */
  temporaryName(prefix: string): string;
  /**
   * Rows that left the scan of the last `run`: what a load read, before filters above the scan. Undefined where the
   * statement had no scan, or several.
   */
  rowsScanned?(): number | undefined;
  /**
   * A promise for the moment when the statement under way has read the record batches that it reads in place; undefined where it
   * reads none. The engine fetches them on the thread that also decodes, a vector at a time: a source that reads ahead waits
   * so that the engine doesn't.
   */
  scanEnds?(): Promise<void> | undefined;
  /**
   * A function for the SQL of this session that hands texts over while a statement runs, and its name: `name(text, keep)`
   * gives the text to `take` and returns `keep` (a BOOLEAN), once for each row that reaches it, in no order. `take` gets the
   * texts of some rows at a time and must be quick: the engine waits for it. What it throws ends the statement.
   */
  registerAside(take: (texts: readonly string[]) => void): Promise<string>;
  progress(): SessionProgress;
  /** Stops the statement under way, which then throws `INTERRUPTED`. */
  interrupt(): void;
  close(): Promise<void>;
}
