/** The chunks of a running SELECT, one after the other, however many statements run in between. */
import type engine from "@duckdb/node-bindings";
import { EngineError, engineType, quoteIdent, type Schema } from "../sdk/mod.ts";
import { CheckedResult } from "./checked_result.ts";
import { toEngineError } from "./errors.ts";
import type { CallQueue, Turn } from "./queue.ts";
import { ARROW_DATABASE, type SideConnections } from "./side_connections.ts";
import { takeNative } from "./native.ts";

const duckdb = takeNative();

/** What a stream needs of its session. */
export interface StreamHost {
  readonly connection: engine.Connection;
  readonly queue: CallQueue;
  readonly side: SideConnections;
  temporaryName(prefix: string): string;
  /** How often the session was interrupted so far. */
  interrupts(): number;
  /** Called once the stream needs the connection no more. */
  streamEnded(stream: ChunkStream): void;
}

export interface StreamOptions {
  readonly sql: string;
  readonly schema: Schema;
  readonly turn: Turn | undefined;
}

/**
 * A streaming result. DuckDB ends such a result, without an error, as soon as another statement starts on the
 * connection. So before one does, the session calls `setAside`: the rest is copied to a table of a side database, which
 * may spill to disk, and read from there.
 */
export class ChunkStream {
  readonly #host: StreamHost;
  readonly #options: StreamOptions;
  readonly #interrupts: number;
  #result: CheckedResult | undefined;
  #pending: Promise<engine.DataChunk | undefined> | undefined;
  #rest: { connection: engine.Connection; result: CheckedResult; table: string } | undefined;
  #failed: Error | undefined;

  private constructor(host: StreamHost, options: StreamOptions) {
    this.#host = host;
    this.#options = options;
    this.#interrupts = host.interrupts();
  }

  /** Starts a SELECT whose columns are `schema`. Called in the session's queue. */
  static async start(host: StreamHost, options: StreamOptions): Promise<ChunkStream> {
    const stream = new ChunkStream(host, options);
    stream.#result = await CheckedResult.start(host.connection, options.sql, {
      inTransaction: options.turn !== undefined,
      explain: () => stream.#explain(),
    });
    return stream;
  }

  /** The next chunk of up to 2,048 rows; undefined at the end. The one after it is fetched meanwhile. */
  async next(): Promise<engine.DataChunk | undefined> {
    const chunk = await (this.#pending ?? this.#fetch());
    if (chunk === undefined) {
      this.#pending = undefined;
      return undefined;
    }
    this.#pending = this.#fetch();
    // Whoever asks for it next gets the error; nobody may ask.
    this.#pending.catch(() => undefined);
    return chunk;
  }

  #fetch(): Promise<engine.DataChunk | undefined> {
    // What needs the connection no more must not wait for it: the transaction that holds it may be waiting for these rows.
    if (this.#result === undefined) return this.#fetchRest();
    return this.#host.queue.run(async () => {
      if (this.#result === undefined) return await this.#fetchRest();
      try {
        const chunk = await this.#result.next();
        if (chunk === undefined) this.#release();
        return chunk;
      } catch (error) {
        this.#release();
        throw error;
      }
    }, this.#options.turn);
  }

  async #fetchRest(): Promise<engine.DataChunk | undefined> {
    if (this.#failed !== undefined) throw this.#failed;
    const chunk = await this.#rest?.result.next();
    if (chunk === undefined) await this.#dropRest();
    return chunk;
  }

  /** Frees the connection for another statement. Called in the session's queue, so no fetch is under way. */
  async setAside(): Promise<void> {
    const result = this.#result;
    if (result === undefined) return;
    this.#release();
    try {
      await this.#copyRest(result);
    } catch (error) {
      // It is the stream's reader who gets the error, not the statement that came in between.
      this.#failed = error instanceof Error ? toEngineError(error) : new Error(String(error));
      await result.end();
    }
  }

  async #copyRest(result: CheckedResult): Promise<void> {
    let chunk = await result.next();
    if (chunk === undefined) return;
    const name = this.#host.temporaryName("rest");
    const table = `${ARROW_DATABASE}.main.${quoteIdent(name)}`;
    const connection = await this.#host.side.open();
    try {
      const { fields } = this.#options.schema;
      const columns = fields.map((field, index) => `c${index} ${engineType(field.type)}`).join(", ");
      await duckdb.query(connection, `CREATE TABLE ${table} (${columns})`);
      const appender = duckdb.appender_create_ext(connection, ARROW_DATABASE, "main", name);
      for (; chunk !== undefined; chunk = await result.next()) duckdb.append_data_chunk(appender, chunk);
      duckdb.appender_close_sync(appender);
      const rest = await CheckedResult.start(connection, `FROM ${table}`, {
        inTransaction: false,
        explain: () => Promise.resolve(this.#lost()),
      });
      this.#rest = { connection, table, result: rest };
    } catch (error) {
      this.#host.side.close(connection);
      await this.#host.side.drop(name);
      throw error;
    }
  }

  /** Frees the connection and forgets the rows. Called in the session's queue. */
  async discard(): Promise<void> {
    const result = this.#result;
    this.#release();
    this.#failed = new EngineError("SESSION_CLOSED", "The session is closed.");
    await result?.end();
  }

  /** Ends the stream, early or not. */
  async close(): Promise<void> {
    await this.#pending?.catch(() => undefined);
    this.#pending = undefined;
    if (this.#result !== undefined) {
      await this.#host.queue.run(async () => {
        await this.#result?.end();
        this.#release();
      }, this.#options.turn);
    }
    this.#failed = new EngineError("STREAM_CLOSED", "The rows are read after their stream was closed.");
    await this.#dropRest();
  }

  #release(): void {
    this.#result = undefined;
    this.#host.streamEnded(this);
  }

  async #dropRest(): Promise<void> {
    const rest = this.#rest;
    if (rest === undefined) return;
    this.#rest = undefined;
    await rest.result.end();
    await duckdb.query(rest.connection, `DROP TABLE IF EXISTS ${rest.table}`);
    this.#host.side.close(rest.connection);
  }

  /** Why the stream has failed: runs the SELECT once more, for the error only. */
  async #explain(): Promise<Error> {
    if (this.#host.interrupts() !== this.#interrupts) {
      return new EngineError("INTERRUPTED", "The statement was stopped before it was done.");
    }
    const { sql, schema, turn } = this.#options;
    // All columns have to be computed, and none kept.
    const columns = schema.fields.map((field) => quoteIdent(field.name)).join(", ");
    const probe = `SELECT bit_xor(hash(${columns})) FROM (${sql})`;
    // An aborted transaction runs nothing more, so another connection tries it; it may not see the same tables.
    const connection = turn === undefined ? this.#host.connection : await this.#host.side.open();
    try {
      await duckdb.query(connection, probe);
    } catch (error) {
      const found = toEngineError(error);
      const unseen = turn !== undefined && found instanceof EngineError &&
        ["BINDER", "CATALOG"].includes(found.code);
      if (!unseen) return found;
    } finally {
      if (turn !== undefined) this.#host.side.close(connection);
    }
    return this.#lost();
  }

  #lost(): EngineError {
    return this.#host.interrupts() !== this.#interrupts
      ? new EngineError("INTERRUPTED", "The statement was stopped before it was done.")
      : new EngineError("STREAM_FAILED", "Reading the rows failed midway, and the engine does not say why.", {
        hint: "run again; check memory and disk space",
        retryable: true,
      });
  }
}
