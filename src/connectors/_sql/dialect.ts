/**
 * What a SQL system is to a load: one record of how it writes SQL, and one driver that runs it. A destination is these two and
 * a bulk loader; the sequence of a load (`load.ts`), its table of positions, staging, fitting of columns and merging are shared.
 */
import type { Batch, LogicalType } from "../../sdk/mod.ts";
import type { FittedColumn } from "./fit.ts";
import type { SqlColumn, SqlTable, Target } from "./table.ts";

/** How values of a column of the batch get into one of the table. They arrive the same, or the load fails. */
export interface Conversion {
  /** SQL of the embedded engine that makes of the batch's value what is sent. */
  readonly engine?: (value: string) => string;
  /** What is sent can't go into the column as it is: it is staged as `type` and put in as `value(column)`. */
  readonly staged?: { readonly type: string; readonly value: (column: string) => string };
}

/** How a system writes SQL. Pure. */
export interface Dialect<C extends SqlColumn = SqlColumn> {
  /** For people: "PostgreSQL". */
  readonly system: string;
  /** Longest identifier in bytes. */
  readonly identifierBytes: number;
  readonly quote: (name: string) => string;
  readonly literal: (value: string | number | boolean | null) => string;
  /** The type of a new column. */
  readonly columnType: (type: LogicalType) => string;
  /** What a column holds, for holding rows against it: text where there is no type of ours. */
  readonly logicalType: (column: C) => LogicalType;
  /** A value as JSON. */
  readonly toJson: (value: string) => string;
  /** Undefined where a value could change on its way without an error. */
  readonly convert: (type: LogicalType, column: C) => Conversion | undefined;
  /** The type that recipes cast to so that the values fit, where there is such a word. */
  readonly castName: (column: C) => string;
  /** Types of the columns of dataloader's own tables. */
  readonly types: {
    readonly text: string;
    readonly int64: string;
    readonly boolean: string;
    readonly instant: string;
  };
  /** The time of the transaction, with its zone. */
  readonly now: string;
  /** A time in RFC 3339 as an instant; an instant a microsecond later. */
  readonly instant: (rfc3339: string) => string;
  readonly later: (instant: string) => string;
  /** A condition: the two values, of one column, are not the same value; NULL is the same as NULL. */
  readonly differs: (column: C, sides: { left: string; right: string }) => string;
  readonly statements: Statements;
}

/** Two tables and the columns they meet by. Names are quoted. */
export interface Meeting {
  readonly target: string;
  readonly staged: string;
  readonly keys: readonly string[];
  /** Columns to write, and the values for them: SQL over the staged rows, aliased `s`. */
  readonly columns: readonly string[];
  readonly values: readonly string[];
  /**
   * A condition: a row of the target, aliased `t`, and one of `side` are not the same in all columns. Undefined where there is
   * nothing but the keys. `excluded` is what an upsert calls the row that it can't insert.
   */
  readonly differs: (side: "s" | "excluded") => string | undefined;
}

/** Statements that systems write in different ways; `standardStatements` fits PostgreSQL and its kin. */
export interface Statements {
  readonly createTemporary: (name: string, columns: readonly string[]) => string;
  /** How a temporary table is named in later statements. */
  readonly temporary: (name: string) => string;
  readonly insert: (meeting: Meeting) => string;
  /** Rows whose keys are not there. */
  readonly insertMissing: (meeting: Meeting) => string;
  /** Rows whose keys are there and that are different. */
  readonly updateMatching: (meeting: Meeting) => string;
  readonly deleteMatching: (meeting: Meeting) => string;
  /** Insert or update in one, where a unique key is over just the merge keys; undefined where the system has no such thing. */
  readonly upsert?: (meeting: Meeting) => string;
  readonly insertNew?: (meeting: Meeting) => string;
}

/** What a bulk loader did. */
export interface BulkResult {
  readonly rows: number;
  /** Bytes sent. */
  readonly bytes: number;
}

/** Runs SQL over one session of a system. Statements run one after the other. */
export interface SqlDriver<C extends SqlColumn = SqlColumn> {
  readonly dialect: Dialect<C>;
  /** Runs a statement for its effect; the rows it changed. */
  run(sql: string, doing?: string): Promise<number>;
  /** Runs a query whose result is small. Numbers may come as bigint or number, texts as string, booleans as boolean. */
  query<T extends Record<string, unknown>>(sql: string, doing?: string): Promise<T[]>;
  /**
   * Runs `body` between BEGIN and COMMIT, and rolls back where it throws. Connects again where the connection was lost.
   * @throws {CommitUnknownError} where the connection breaks while the answer to COMMIT is waited for.
   */
  transaction<T>(body: () => Promise<T>): Promise<T>;
  /** Inside a transaction: runs `body`; where it throws, what it did is undone and the transaction goes on. */
  attempt<T>(body: () => Promise<T>): Promise<T>;
  /** Inside a transaction: runs `body` and undoes it, whether it throws or not. */
  undone<T>(body: () => Promise<T>): Promise<T>;
  /** Inside a transaction: waits until no other transaction of the same load is under way, and keeps them out till its end. */
  lockLoad(key: string): Promise<void>;
  /** Inside a transaction: keeps others from writing to a table till its end. Readers go on. */
  lockTable(target: Target): Promise<void>;
  readTable(target: Target): Promise<SqlTable<C> | undefined>;
  /** Makes the schema of a target where it is missing. */
  createSchema(target: Target): Promise<void>;
  /**
   * Streams a batch into a table. `rowColumn` is a column to fill with the rows' numbers, from 1.
   * @throws {ConnectorError} with `context.row`, from 1, where a row is refused and it can be told which.
   */
  bulkLoad(
    batch: Batch,
    into: { table: string; columns: readonly FittedColumn<C>[]; staged: boolean; rowColumn?: string },
  ): Promise<BulkResult>;
  /** The statement that `bulkLoad` sends, for plans. */
  bulkStatement(table: string, columns: readonly string[]): string;
  /** True where rows must be staged and inserted, such as where row-level security forbids bulk loading. */
  mustStage?(target: Target): Promise<boolean>;
  /** Checks now what the system would check at the commit. */
  checkDeferred?(): Promise<void>;
  /** What else a new table should have: an index for the current versions of scd2, say. */
  afterCreate?(target: Target, of: { keys: readonly string[]; scd2: boolean }): Promise<void>;
  /** The table that holds an overwrite's rows until they are put in place. See `staging.ts`. */
  readonly overwrite: Overwrite<C>;
}

/** How a system replaces the rows of a table. All inside a transaction. */
export interface Overwrite<C extends SqlColumn = SqlColumn> {
  /** Refuses, before anything is staged, what can't be replaced. */
  check(target: Target): Promise<void>;
  /** After the staging table is made: keys and checks of the live table that rows must pass. */
  constrain?(staging: Target, live: { target: Target; table: SqlTable<C> }): Promise<void>;
  /** Puts the staged rows in the place of the live ones and removes the staging table. */
  publish(staging: Target, target: Target): Promise<void>;
  /** The statements of `publish`, for plans. */
  describe(target: Target, live: boolean): readonly string[];
}
