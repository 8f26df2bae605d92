import type engine from "@duckdb/node-bindings";
import { join } from "node:path";
import type { RecordBatch, Table } from "apache-arrow";
import {
  type Batch,
  EngineError,
  type JsonObject,
  quoteIdent,
  quoteLiteral,
  type RunResult,
  type Schema,
  type Session,
  type SessionProgress,
} from "../sdk/mod.ts";
import { toEngineError } from "./errors.ts";
import { type ArrowTarget, readArrow } from "./arrow_in.ts";
import { ArrowScans } from "./arrow_scan.ts";
import { isFsError } from "./fs_error.ts";
import { profileSettings, readProfile } from "./profile.ts";
import { CallQueue, type Turn } from "./queue.ts";
import { registerAside } from "./aside.ts";
import { AttachedDatabases } from "./attached_databases.ts";
import { ArrowBatch, type NativeRows } from "./arrow_batch.ts";
import { bindRelation } from "./bind.ts";
import { endTransaction, isAborted } from "./checked_result.ts";
import { ARROW_DATABASE, SideConnections } from "./side_connections.ts";
import { ChunkStream } from "./stream.ts";
import { TempDirectory } from "./temp_directory.ts";
import { readObjects } from "./query_values.ts";
import { wallStatements } from "./walls.ts";
import { takeNative } from "./native.ts";

const duckdb = takeNative();

export interface SessionOptions {
  /** As DuckDB reads it: `2GB`, `80%`. Default: 80% of the machine's memory. */
  readonly memoryLimit?: string;
  /** Default: one a core. */
  readonly threads?: number;
  /** Where the session makes its own directory for what does not fit into memory. Default: the system's. */
  readonly tempDirectory?: string;
}

/**
 * Opens a session: DuckDB in memory, spilling to a directory of its own, in UTC, never loading an extension.
 * Statements run one at a time, in the order they are called.
 * @throws {EngineError} where an option is not one DuckDB takes, or the directory can't be made.
 */
export async function createSession(options: SessionOptions = {}): Promise<DuckSession> {
  const directory = await TempDirectory.create(options.tempDirectory).catch((error) => {
    throw isFsError(error) ? temporaryDirectoryError(error, options.tempDirectory) : error;
  });
  try {
    const config = duckdb.create_config();
    const settings: Record<string, string> = {
      temp_directory: join(directory.path, "spill"),
      // Neither by name nor by need: a run reaches only what its recipe names.
      autoinstall_known_extensions: "false",
      autoload_known_extensions: "false",
      custom_extension_repository: join(directory.path, "extensions"),
      autoinstall_extension_repository: join(directory.path, "extensions"),
      allow_community_extensions: "false",
    };
    for (const [name, value] of Object.entries(settings)) duckdb.set_config(config, name, value);
    const database = await duckdb.open(":memory:", config);
    const connection = await duckdb.connect(database);
    const profile = join(directory.path, "profile.json");
    // Set by statement: the configuration object does not say what is wrong with a value.
    const limits = [
      ...(options.memoryLimit === undefined
        ? []
        : [`SET memory_limit = ${quoteLiteral(options.memoryLimit)};`]),
      ...(options.threads === undefined ? [] : [`SET threads = ${options.threads};`]),
    ].join(" ");
    await duckdb.query(
      connection,
      `${limits} SET TimeZone = 'UTC'; SET enable_progress_bar = true; SET enable_progress_bar_print = false;` +
        `ATTACH ':memory:' AS ${ARROW_DATABASE}; ${profileSettings(profile)}; ${wallStatements()}`,
    );
    const scans = new ArrowScans();
    scans.register(connection);
    return new DuckSession({ database, connection, directory, profile, scans });
  } catch (error) {
    await directory.remove();
    throw toEngineError(error);
  }
}

function temporaryDirectoryError(error: Error, parent: string | undefined): EngineError {
  return new EngineError("TEMP_DIRECTORY", `The temporary directory can't be made: ${error.message}`, {
    hint: "set runtime.temp_directory to a directory that can be written",
    context: parent === undefined ? {} : { path: parent },
    cause: error,
  });
}

interface Opened {
  readonly database: engine.Database;
  readonly connection: engine.Connection;
  readonly directory: TempDirectory;
  readonly profile: string;
  readonly scans: ArrowScans;
}

/** The `Session` of src/sdk over DuckDB. Made by `createSession`. */
export class DuckSession implements Session {
  readonly #opened: Opened;
  readonly #queue = new CallQueue();
  readonly #side: SideConnections;
  readonly #attached = new AttachedDatabases();
  readonly #tables = new WeakMap<Batch, { name: string; temporary: boolean }>();
  readonly #held = new WeakMap<Batch, { id: bigint; native: NativeRows }>();
  #stream: ChunkStream | undefined;
  #scanned: number | undefined;
  #names = 0;
  #interrupts = 0;
  #closed = false;

  /** Use `createSession`. */
  constructor(opened: Opened) {
    this.#opened = opened;
    this.#side = new SideConnections(opened.database);
  }

  /** Runs a call of the engine's when the connection is free; a stream that is open on it is set aside first. */
  #call<T>(call: (connection: engine.Connection) => Promise<T>, turn?: Turn): Promise<T> {
    return this.#queue.run(async () => {
      this.#assertOpen();
      await this.#stream?.setAside();
      try {
        return await call(this.#opened.connection);
      } catch (error) {
        throw toEngineError(error);
      }
    }, turn ?? this.#queue.current());
  }

  #assertOpen(): void {
    if (this.#closed) throw new EngineError("SESSION_CLOSED", "The session is closed.");
  }

  run(sql: string): Promise<RunResult> {
    return this.#call(async (connection) => {
      this.#scanned = undefined;
      const result = await this.#opened.scans.during(() => duckdb.query(connection, sql));
      this.#scanned = readProfile(this.#opened.profile);
      return { rowsChanged: await rowsChanged(result) };
    });
  }

  scanEnds(): Promise<void> | undefined {
    return this.#opened.scans.ended();
  }

  rowsScanned(): number | undefined {
    return this.#scanned;
  }

  query<T extends Record<string, unknown>>(sql: string): Promise<T[]> {
    return this.#call(async (connection) => await readObjects(await duckdb.query(connection, sql)) as T[]);
  }

  async relation(sql: string, metadata: JsonObject = {}): Promise<ArrowBatch> {
    const bound = await this.#call((connection) => bindRelation(connection, sql));
    return new ArrowBatch(this, { ...bound, metadata });
  }

  /** The chunks of a SELECT whose columns are `schema`. For this folder. */
  async openStream(sql: string, options: { schema: Schema; turn?: Turn }): Promise<ChunkStream> {
    const turn = options.turn?.open === true ? options.turn : this.#queue.current();
    return await this.#call(async (connection) => {
      const host = {
        connection,
        queue: this.#queue,
        side: this.#side,
        temporaryName: (prefix: string) => this.temporaryName(prefix),
        interrupts: () => this.#interrupts,
        streamEnded: (stream: ChunkStream) => {
          if (this.#stream === stream) this.#stream = undefined;
        },
      };
      this.#stream = await ChunkStream.start(host, { sql, schema: options.schema, turn });
      return this.#stream;
    }, turn);
  }

  /** The transaction the caller is in. For this folder. */
  currentTurn(): Turn | undefined {
    return this.#queue.current();
  }

  async fromArrow(
    data: Table | AsyncIterable<RecordBatch> | Iterable<RecordBatch>,
    options: { schema?: Schema; metadata?: JsonObject; inPlace?: boolean } = {},
  ): Promise<ArrowBatch> {
    this.#assertOpen();
    if (options.inPlace === true) return await this.#inPlace(data, options);
    const name = this.temporaryName("arrow");
    // What another connection writes while a transaction is open may not be visible in it.
    const temporary = this.#queue.current() !== undefined;
    const loaded = await readArrow(data, {
      name,
      schema: options.schema,
      target: temporary ? this.#temporaryTarget() : await this.#sideTarget(),
    });
    const batch = new ArrowBatch(this, { ...loaded, metadata: options.metadata ?? {} });
    this.#tables.set(batch, { name, temporary });
    return batch;
  }

  async #inPlace(
    data: Table | AsyncIterable<RecordBatch> | Iterable<RecordBatch>,
    options: { schema?: Schema; metadata?: JsonObject },
  ): Promise<ArrowBatch> {
    const batches: RecordBatch[] = [];
    for await (const batch of "batches" in data ? data.batches : data) batches.push(batch);
    const { id, rows, native, ...bound } = this.#opened.scans.hold(batches, options.schema);
    const metadata = options.metadata ?? {};
    const own: NativeRows = { rows, batches: native };
    const batch = new ArrowBatch(this, { ...bound, metadata, native: own });
    this.#held.set(batch, { id, native: own });
    return batch;
  }

  async #sideTarget(): Promise<ArrowTarget> {
    const connection = await this.#side.open();
    return {
      catalog: ARROW_DATABASE,
      create: "CREATE TABLE",
      connection,
      exclusive: <T>(call: () => Promise<T>) => call(),
      close: () => this.#side.close(connection),
    };
  }

  #temporaryTarget(): ArrowTarget {
    return {
      catalog: "temp",
      create: "CREATE TEMP TABLE",
      connection: this.#opened.connection,
      exclusive: <T>(call: () => Promise<T>) => this.#call(call),
      close: () => {},
    };
  }

  async release(batch: Batch): Promise<void> {
    const held = this.#held.get(batch);
    if (held !== undefined) {
      this.#opened.scans.release(held.id);
      held.native.batches = undefined;
    }
    const table = this.#tables.get(batch);
    if (table === undefined || this.#closed) return;
    this.#tables.delete(batch);
    if (table.temporary) await this.run(`DROP TABLE IF EXISTS temp.main.${quoteIdent(table.name)}`);
    else await this.#side.drop(table.name);
  }

  attach(path: string, options: { readOnly: boolean }): Promise<string> {
    return this.#call((connection) =>
      this.#attached.attach(connection, path, { ...options, newAlias: (stem) => this.temporaryName(stem) })
    );
  }

  transaction<T>(body: () => Promise<T>): Promise<T> {
    return this.#queue.exclusive(async (turn) => {
      await this.#call((connection) => duckdb.query(connection, "BEGIN TRANSACTION"), turn);
      let result: T;
      try {
        result = await body();
        await this.#call(commit, turn);
      } catch (error) {
        if (!this.#closed) await this.#call((connection) => endTransaction(connection, "ROLLBACK"), turn);
        throw toEngineError(error);
      }
      return result;
    });
  }

  get temporaryDirectory(): string {
    return this.#opened.directory.path;
  }

  temporaryName(prefix: string): string {
    return `${prefix}_${++this.#names}_${crypto.randomUUID().slice(0, 8)}`;
  }

  registerAside(take: (texts: readonly string[]) => void): Promise<string> {
    return this.#call((connection) => {
      const name = this.temporaryName("aside");
      registerAside(connection, name, take);
      return Promise.resolve(name);
    });
  }

  progress(): SessionProgress {
    if (this.#closed) return {};
    // `rows_processed` is no number of rows: the engine derives it from its estimate of the work.
    const { percentage } = duckdb.query_progress(this.#opened.connection);
    return percentage >= 0 ? { fraction: Math.min(1, percentage / 100) } : {};
  }

  interrupt(): void {
    if (this.#closed) return;
    this.#interrupts++;
    duckdb.interrupt(this.#opened.connection);
    this.#side.interrupt();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    await this.#queue.run(() => this.#close(), undefined);
  }

  async #close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const { connection, database, directory } = this.#opened;
    try {
      await this.#stream?.discard();
      await endTransaction(connection, "ROLLBACK");
      await this.#attached.detachAll(connection);
    } catch (error) {
      throw toEngineError(error);
    } finally {
      this.#opened.scans.clear();
      this.#side.closeAll();
      duckdb.disconnect_sync(connection);
      duckdb.close_sync(database);
      await directory.remove();
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/**
 * A statement that failed has aborted the transaction, and COMMIT alone would then roll back without a word: the statement
 * before it does not run, and both are one call, since each waits for its turn of the event loop.
 */
async function commit(connection: engine.Connection): Promise<void> {
  try {
    await duckdb.query(connection, "SELECT 1; COMMIT");
  } catch (error) {
    // A COMMIT that was refused has ended the transaction.
    if (!await isAborted(connection)) throw error;
    throw new EngineError(
      "TRANSACTION_ABORTED",
      "The transaction can't be committed, because a statement in it has failed.",
    );
  }
}

/** `CREATE TABLE … AS` counts its rows in a result of one row; everything else in the result itself. */
async function rowsChanged(result: engine.Result): Promise<number> {
  if (duckdb.result_return_type(result) === duckdb.ResultType.CHANGED_ROWS) {
    return duckdb.rows_changed(result);
  }
  if (duckdb.result_statement_type(result) !== duckdb.StatementType.CREATE) return 0;
  const [row] = await readObjects(result);
  return typeof row?.Count === "bigint" ? Number(row.Count) : 0;
}
