/** The chunks of a running SELECT, one after the other, however many statements run in between. */
import duckdb from "@duckdb/node-bindings";
import { EngineError, engineType, quoteIdent, type Schema } from "../sdk/mod.ts";
import { toEngineError } from "./errors.ts";
import type { CallQueue, Turn } from "./queue.ts";
import { ARROW_DATABASE, type SideConnections } from "./side_connections.ts";

/** Starts a streaming result on a connection. */
export async function startStream(connection: duckdb.Connection, sql: string): Promise<duckdb.Result> {
  const prepared = await duckdb.prepare(connection, sql);
  try {
    return await duckdb.execute_prepared_streaming(prepared);
  } finally {
    duckdb.destroy_prepare_sync(prepared);
  }
}

/** What a stream needs of its session. */
export interface StreamHost {
  readonly queue: CallQueue;
  readonly side: SideConnections;
  temporaryName(prefix: string): string;
  /** Called once the stream needs the connection no more. */
  streamEnded(stream: ChunkStream): void;
}

/**
 * A streaming result. DuckDB ends such a result, without an error, as soon as another statement starts on the
 * connection. So before one does, the session calls `setAside`: the rest is copied to a table of a side database, which
 * may spill to disk, and read from there.
 */
export class ChunkStream {
  readonly #host: StreamHost;
  readonly #turn: Turn | undefined;
  readonly #schema: Schema;
  #result: duckdb.Result | undefined;
  #pending: Promise<duckdb.DataChunk | undefined> | undefined;
  #rest: { connection: duckdb.Connection; result: duckdb.Result; table: string } | undefined;
  #failed: unknown;

  constructor(host: StreamHost, result: duckdb.Result, options: { schema: Schema; turn: Turn | undefined }) {
    this.#host = host;
    this.#result = result;
    this.#schema = options.schema;
    this.#turn = options.turn;
  }

  /** The next chunk of up to 2,048 rows; undefined at the end. The one after it is fetched meanwhile. */
  async next(): Promise<duckdb.DataChunk | undefined> {
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

  #fetch(): Promise<duckdb.DataChunk | undefined> {
    // What needs the connection no more must not wait for it: the transaction that holds it may be waiting for these rows.
    if (this.#result === undefined) return this.#fetchRest();
    return this.#host.queue.run(async () => {
      if (this.#result === undefined) return await this.#fetchRest();
      try {
        const chunk = nonEmpty(await duckdb.fetch_chunk(this.#result));
        if (chunk === undefined) this.#release();
        return chunk;
      } catch (error) {
        this.#release();
        throw toEngineError(error);
      }
    }, this.#turn);
  }

  async #fetchRest(): Promise<duckdb.DataChunk | undefined> {
    if (this.#failed !== undefined) throw this.#failed;
    const rest = this.#rest;
    if (rest === undefined) return undefined;
    try {
      const chunk = nonEmpty(await duckdb.fetch_chunk(rest.result));
      if (chunk === undefined) await this.#dropRest();
      return chunk;
    } catch (error) {
      throw toEngineError(error);
    }
  }

  /** Frees the connection for another statement. Called in the session's queue, so no fetch is under way. */
  async setAside(): Promise<void> {
    const result = this.#result;
    if (result === undefined) return;
    this.#release();
    try {
      await this.#copyRest(result);
    } catch (error) {
      this.#failed = toEngineError(error);
    }
  }

  async #copyRest(result: duckdb.Result): Promise<void> {
    let chunk = nonEmpty(await duckdb.fetch_chunk(result));
    if (chunk === undefined) return;
    const name = this.#host.temporaryName("rest");
    const table = `${ARROW_DATABASE}.main.${quoteIdent(name)}`;
    const connection = await this.#host.side.open();
    const columns = this.#schema.fields.map((field, index) => `c${index} ${engineType(field.type)}`).join(
      ", ",
    );
    await duckdb.query(connection, `CREATE TABLE ${table} (${columns})`);
    const appender = duckdb.appender_create_ext(connection, ARROW_DATABASE, "main", name);
    for (; chunk !== undefined; chunk = nonEmpty(await duckdb.fetch_chunk(result))) {
      duckdb.append_data_chunk(appender, chunk);
    }
    duckdb.appender_close_sync(appender);
    this.#rest = { connection, table, result: await startStream(connection, `FROM ${table}`) };
  }

  /** Ends the stream early, or after its end does nothing. */
  async close(): Promise<void> {
    if (this.#result !== undefined) {
      await this.#host.queue.run(() => Promise.resolve(this.#release()), this.#turn);
    }
    await this.#pending?.catch(() => undefined);
    this.#pending = undefined;
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
    await duckdb.query(rest.connection, `DROP TABLE IF EXISTS ${rest.table}`);
    this.#host.side.close(rest.connection);
  }
}

function nonEmpty(chunk: duckdb.DataChunk | null): duckdb.DataChunk | undefined {
  return chunk === null || duckdb.data_chunk_get_size(chunk) === 0 ? undefined : chunk;
}
