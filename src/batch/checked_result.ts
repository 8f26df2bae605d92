/**
 * A streaming result that does not lose errors. The bindings end a stream that fails midway as if it were complete. But
 * the failure aborts the transaction the stream runs in, which the next statement there shows (tried with 1.5.5 on failed
 * casts, `error()`, overflows, bad CSV and JSON lines, and interrupts).
 */
import type engine from "@duckdb/node-bindings";
import { toEngineError } from "./errors.ts";
import { takeNative } from "./native.ts";

const duckdb = takeNative();

export interface CheckedOptions {
  /** True where the caller has a transaction open; else the result has one of its own. */
  readonly inTransaction: boolean;
  /** Finds the error of a stream that has failed. */
  readonly explain: () => Promise<Error>;
}

export class CheckedResult {
  readonly #connection: engine.Connection;
  readonly #options: CheckedOptions;
  #result: engine.Result | undefined;

  private constructor(connection: engine.Connection, result: engine.Result, options: CheckedOptions) {
    this.#connection = connection;
    this.#result = result;
    this.#options = options;
  }

  /** Starts a SELECT. The connection must run nothing else until `next` has given undefined or `end` was called. */
  static async start(
    connection: engine.Connection,
    sql: string,
    options: CheckedOptions,
  ): Promise<CheckedResult> {
    if (!options.inTransaction) await duckdb.query(connection, "BEGIN TRANSACTION");
    try {
      const prepared = await duckdb.prepare(connection, sql);
      try {
        const result = await duckdb.execute_prepared_streaming(prepared);
        return new CheckedResult(connection, result, options);
      } finally {
        duckdb.destroy_prepare_sync(prepared);
      }
    } catch (error) {
      if (!options.inTransaction) await endTransaction(connection, "ROLLBACK");
      throw toEngineError(error);
    }
  }

  /** The next chunk of up to 2,048 rows; undefined when all were read. */
  async next(): Promise<engine.DataChunk | undefined> {
    if (this.#result === undefined) return undefined;
    let chunk: engine.DataChunk | null;
    try {
      chunk = await duckdb.fetch_chunk(this.#result);
    } catch (error) {
      await this.end();
      throw toEngineError(error);
    }
    if (chunk !== null && duckdb.data_chunk_get_size(chunk) > 0) return chunk;
    this.#result = undefined;
    await this.#verify();
    return undefined;
  }

  async #verify(): Promise<void> {
    const failed = await isAborted(this.#connection);
    if (!this.#options.inTransaction) await endTransaction(this.#connection, "COMMIT");
    if (failed) throw await this.#options.explain();
  }

  /** Gives up what was not read. */
  async end(): Promise<void> {
    if (this.#result === undefined) return;
    this.#result = undefined;
    // Nothing but a SELECT ran in it. COMMIT, since it may have drawn from a sequence.
    if (!this.#options.inTransaction) await endTransaction(this.#connection, "COMMIT");
  }
}

/** True where a statement has failed in the connection's transaction, so that COMMIT would silently undo it. */
export async function isAborted(connection: engine.Connection): Promise<boolean> {
  try {
    await duckdb.query(connection, "SELECT 1");
    return false;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return true;
  }
}

/** Ends a transaction for certain: an interrupt that was meant for another statement may hit this one. */
export async function endTransaction(
  connection: engine.Connection,
  how: "COMMIT" | "ROLLBACK",
): Promise<void> {
  for (;;) {
    try {
      await duckdb.query(connection, how);
      return;
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      if (/no transaction is active/.test(error.message)) return;
      if (!/^INTERRUPT/.test(error.message)) throw error;
    }
  }
}
