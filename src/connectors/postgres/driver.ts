/** Runs the statements of a load over one connection, which is opened again where it was lost. */
import {
  type Batch,
  CommitUnknownError,
  ConnectorError,
  type OpenContext,
  quoteIdent,
} from "../../sdk/mod.ts";
import type { BulkResult, SqlDriver } from "../_sql/dialect.ts";
import type { FittedColumn } from "../_sql/fit.ts";
import { cutBytes } from "../_sql/staging.ts";
import { VALID_TO } from "../_sql/scd2.ts";
import { beside, nameOf, type Target } from "../_sql/table.ts";
import { bulkLoad, copyStatement } from "./bulk_load.ts";
import type { PostgresConfig } from "./config.ts";
import { connect, type PgConnection } from "./connection.ts";
import { IDENTIFIER_BYTES, pgLiteral } from "./names.ts";
import { PgOverwrite } from "./overwrite.ts";
import { placeOfTable } from "./settings.ts";
import { type CachedTable, type PgColumn, type PgTable, readTable } from "./target_table.ts";
import { dialect } from "./write_dialect.ts";
import { writeError } from "./write_errors.ts";

/** What a COMMIT ends with where it may have happened all the same: the connection is gone, or the server is going. */
const UNKNOWN = new Set(["CONNECTION_LOST", "CONNECTION_FAILED", "SERVER_STOPPED", "SERVER_STARTING"]);

/** Longest wait for a lock, where the server or the role has no limit of its own. The error can be retried. */
const LOCK_TIMEOUT = "5min";

export class PgDriver implements SqlDriver<PgColumn> {
  readonly dialect = dialect;
  readonly overwrite: PgOverwrite;
  readonly #config: PostgresConfig;
  readonly #context: OpenContext;
  /** The table that errors speak of. */
  readonly #name: string;
  #open: PgConnection | undefined;
  /** The server's process of this connection, and of the one that was lost, as conditions. */
  #backend: string | undefined;
  #before: string | undefined;
  #savepoints = 0;
  /** Tables as they were last read. */
  readonly #tables = new Map<string, CachedTable>();
  /** Schemas that are there for certain: seen outside of the transaction under way. */
  readonly #schemas = new Set<string>();

  constructor(config: PostgresConfig, context: OpenContext, name: string) {
    this.#config = config;
    this.#context = context;
    this.#name = name;
    this.overwrite = new PgOverwrite({
      connection: () => this.#connection,
      readTable: (target) => this.readTable(target),
    });
  }

  get #connection(): PgConnection {
    return this.#open!;
  }

  /** The connection, opened where there is none. */
  async connection(): Promise<PgConnection> {
    if (this.#open !== undefined && !this.#open.lost) return this.#open;
    await this.close();
    const connection = await connect(this.#config, { signal: this.#context.signal });
    this.#open = connection;
    this.#before = this.#backend ?? this.#before;
    const [backend] = await connection.query<{ condition: string }>(
      `SELECT format('pid = %s AND backend_start = %L', pid, backend_start) AS condition
       FROM pg_catalog.pg_stat_activity WHERE pid = pg_backend_pid()`,
    );
    this.#backend = backend?.condition;
    // A recipe that reads the table it changes holds its lock itself: nobody else would end the wait.
    await connection.query(
      `SELECT set_config('lock_timeout', '${LOCK_TIMEOUT}', false) WHERE current_setting('lock_timeout') = '0'`,
    );
    return connection;
  }

  async close(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    await open?.close();
  }

  async run(sql: string, doing = `Writing ${this.#name}`): Promise<number> {
    return await this.#explained(() => this.#connection.run(sql, { doing }));
  }

  async query<T extends Record<string, unknown>>(sql: string, doing?: string): Promise<T[]> {
    return await this.#explained(() => this.#connection.query<T>(sql, { doing }));
  }

  async #explained<T>(body: () => Promise<T>): Promise<T> {
    try {
      return await body();
    } catch (error) {
      throw writeError(error, { table: this.#name });
    }
  }

  async transaction<T>(body: () => Promise<T>): Promise<T> {
    const connection = await this.connection();
    // Another level would show, after a wait for another load, what was there before it.
    await connection.run("BEGIN ISOLATION LEVEL READ COMMITTED");
    let result: T;
    try {
      result = await body();
    } catch (error) {
      this.#schemas.clear();
      await this.#rollback(connection);
      throw error;
    }
    try {
      await connection.run("COMMIT");
    } catch (error) {
      this.#schemas.clear();
      await this.#rollback(connection);
      if (error instanceof ConnectorError && (UNKNOWN.has(error.code) || connection.lost)) {
        throw new CommitUnknownError(`The commit into ${this.#name} was not answered: ${error.message}`, {
          hint: error.hint,
          context: error.context,
          cause: error,
        });
      }
      throw writeError(error, { table: this.#name });
    }
    return result;
  }

  /** A connection that does not take it is of no more use: the server rolls back what it leaves. */
  async #rollback(connection: PgConnection): Promise<void> {
    try {
      if (!connection.lost) await connection.run("ROLLBACK");
    } catch {
      await this.close();
    }
  }

  async attempt<T>(body: () => Promise<T>): Promise<T> {
    const savepoint = `attempt_${++this.#savepoints}`;
    await this.#connection.run(`SAVEPOINT ${savepoint}`);
    try {
      const result = await body();
      await this.#connection.run(`RELEASE SAVEPOINT ${savepoint}`);
      return result;
    } catch (error) {
      if (!this.#connection.lost) await this.#connection.run(`ROLLBACK TO SAVEPOINT ${savepoint}`);
      throw error;
    }
  }

  async undone<T>(body: () => Promise<T>): Promise<T> {
    const savepoint = `undone_${++this.#savepoints}`;
    await this.#connection.run(`SAVEPOINT ${savepoint}`);
    try {
      return await body();
    } finally {
      if (!this.#connection.lost) {
        await this.#connection.run(`ROLLBACK TO SAVEPOINT ${savepoint}; RELEASE SAVEPOINT ${savepoint}`);
      }
    }
  }

  async lockLoad(key: string): Promise<void> {
    const id = `hashtextextended(${pgLiteral(key.replaceAll("\0", "\u0001"))}, 0)`;
    const [row] = await this.query<{ got: boolean }>(`SELECT pg_try_advisory_xact_lock(${id}) AS got`);
    if (row!.got) return;
    await this.#endLostBackend(id);
    this.#context.log.log("info", `Another transaction is loading ${this.#name}; waiting for it.`);
    await this.run(`SELECT pg_advisory_xact_lock(${id})`, `Waiting for another load of ${this.#name}`);
  }

  /**
   * A server that has not noticed that its client is gone holds on to the load's lock, for hours where the network broke. That
   * process is this load's own.
   */
  async #endLostBackend(lock: string): Promise<void> {
    if (this.#before === undefined) return;
    await this.query(
      `SELECT pg_terminate_backend(a.pid) FROM pg_catalog.pg_stat_activity AS a WHERE ${this.#before} AND EXISTS (
         SELECT FROM pg_catalog.pg_locks AS l WHERE l.pid = a.pid AND l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
           AND (l.classid::bigint << 32 | l.objid::bigint) = ${lock})`,
    );
  }

  async lockTable(target: Target): Promise<void> {
    await this.run(`LOCK TABLE ${target.sql} IN SHARE ROW EXCLUSIVE MODE`, `Locking ${nameOf(target)}`);
  }

  async readTable(target: Target): Promise<PgTable | undefined> {
    const read = await readTable(this.#connection, target, this.#tables.get(target.sql));
    if (read === undefined) this.#tables.delete(target.sql);
    else this.#tables.set(target.sql, read);
    return read?.table;
  }

  async createSchema(target: Target): Promise<void> {
    if (this.#schemas.has(target.schema)) return;
    const [row] = await this.query<{ there: boolean }>(
      `SELECT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = ${
        pgLiteral(target.schema)
      }) AS there`,
    );
    if (row!.there) {
      this.#schemas.add(target.schema);
      return;
    }
    await this.lockLoad(`schema\0${target.schema}`);
    await this.run(
      `CREATE SCHEMA IF NOT EXISTS ${quoteIdent(target.schema)}`,
      `Making the schema "${target.schema}"`,
    );
  }

  async bulkLoad(
    batch: Batch,
    into: { table: string; columns: readonly FittedColumn<PgColumn>[]; staged: boolean; rowColumn?: string },
  ): Promise<BulkResult> {
    const connection = this.#connection;
    if (!into.staged && batch.metadata.postgres_table === placeOfTable(connection.settings, into.table)) {
      throw new ConnectorError(
        "SAME_TABLE",
        `${this.#name} is both source and destination: its rows would be doubled.`,
        {
          hint: "load into another table, or use write_mode: overwrite or merge",
          context: { table: this.#name },
        },
      );
    }
    return await bulkLoad(connection, batch, { ...into, name: this.#name });
  }

  bulkStatement(table: string, columns: readonly string[]): string {
    return copyStatement(table, columns);
  }

  /** COPY is refused where row-level security holds; INSERT is checked by the policies. */
  async mustStage(target: Target): Promise<boolean> {
    return (await this.readTable(target))?.rowSecurity === true;
  }

  async checkDeferred(): Promise<void> {
    await this.run("SET CONSTRAINTS ALL IMMEDIATE");
  }

  /** Versions are looked up by key among the current ones; one key has one of them. */
  async afterCreate(target: Target, of: { keys: readonly string[]; scd2: boolean }): Promise<void> {
    if (!of.scd2) return;
    const name = `${cutBytes(target.name, IDENTIFIER_BYTES - "_current_idx".length)}_current_idx`;
    const taken = await this.readTable(beside(target, name, quoteIdent)) !== undefined;
    await this.run(
      `CREATE UNIQUE INDEX ${taken ? "" : quoteIdent(name)} ON ${target.sql} (${
        of.keys.map(quoteIdent).join(", ")
      }) WHERE ${VALID_TO} IS NULL`,
    );
  }
}
