import type { RecordBatch, Table } from "apache-arrow";
import type { Batch, JsonObject, Schema, Session } from "../sdk/mod.ts";
import { streamArrow } from "./arrow_out.ts";
import type { BoundSelect } from "./bind.ts";
import { encodeRows, type RowsInput } from "./from_rows.ts";
import { plainObject, readRows } from "./plain_rows.ts";
import type { DuckSession } from "./session.ts";

/** Rows, or Arrow data, to make a batch of. */
export interface MakeBatchOptions {
  readonly metadata?: JsonObject;
  /** Where the batch lives. Default: a session shared by all batches made without one. */
  readonly session?: Session;
}

/** Record batches that a batch stands for as they are. */
export interface NativeRows {
  readonly rows: number;
  /** Undefined where the engine has to convert a column, and once they are released. */
  batches?: readonly RecordBatch[];
}

/**
 * The class behind `Batch`: a SELECT over a session, with its schema. Sessions make them; `fromRows` and `fromArrow`
 * make one from data at hand.
 *
 * ```ts
 * await using batch = await ArrowBatch.fromRows({ columns: ["id", "name"], rows: [[1, "Ada"], [2, null]] });
 * await batch.rowCount(); // 2
 * ```
 */
export class ArrowBatch implements Batch {
  readonly session: DuckSession;
  readonly sql: string;
  readonly schema: Schema;
  readonly columns: readonly string[];
  readonly metadata: JsonObject;
  readonly warnings: readonly string[];
  readonly #native: NativeRows | undefined;
  #giveBack: (() => Promise<void>) | undefined;

  /** Use `session.relation`, `session.fromArrow`, `ArrowBatch.fromRows` or `ArrowBatch.fromArrow`. */
  constructor(session: DuckSession, bound: BoundSelect & { metadata: JsonObject; native?: NativeRows }) {
    this.session = session;
    this.sql = bound.sql;
    this.schema = bound.schema;
    this.columns = bound.schema.fields.map((field) => field.name);
    this.metadata = bound.metadata;
    this.warnings = bound.warnings;
    this.#native = bound.native;
  }

  /**
   * A batch of rows of plain values: what `rows()` gives can be given back with the same schema. Types that `schema`
   * does not say are found from all rows.
   * @throws {EngineError} `MIXED_TYPES`, `CONVERSION_FAILED` (naming row and column), `ROW_SHAPE`, `SCHEMA_MISMATCH`,
   * `DUPLICATE_COLUMN`.
   */
  static async fromRows(options: RowsInput & MakeBatchOptions): Promise<ArrowBatch> {
    const { schema, batches } = encodeRows(options);
    return await ArrowBatch.fromArrow(batches, { ...options, schema });
  }

  /**
   * A batch of Arrow data. `schema` says what Arrow alone can't (json, uuid) and is needed for a stream without batches.
   * @throws {EngineError} as `Session.fromArrow` does.
   */
  static async fromArrow(
    data: Table | AsyncIterable<RecordBatch> | Iterable<RecordBatch>,
    options: MakeBatchOptions & { readonly schema?: Schema } = {},
  ): Promise<ArrowBatch> {
    const { session, ...rest } = options;
    if (session !== undefined) return await session.fromArrow(data, rest) as ArrowBatch;
    // Imported here because sessions make batches: as a static import the two files would need each other.
    const { borrowSession } = await import("./shared_session.ts");
    const borrowed = await borrowSession();
    try {
      const batch = await borrowed.session.fromArrow(data, rest);
      batch.#giveBack = borrowed.giveBack;
      LEFT_OPEN.register(batch, borrowed.giveBack, batch);
      return batch;
    } catch (error) {
      await borrowed.giveBack();
      throw error;
    }
  }

  async rowCount(): Promise<number> {
    if (this.#native !== undefined) return this.#native.rows;
    const [row] = await this.session.query<{ n: bigint }>(`SELECT count(*) AS n FROM (${this.sql})`);
    return Number(row!.n);
  }

  toArrow(options: { rowsPerBatch?: number } = {}): AsyncIterable<RecordBatch> {
    const own = this.#native?.batches;
    const limit = options.rowsPerBatch ?? DEFAULT_ROWS;
    if (own?.every((batch) => batch.numRows <= limit)) return inOrder(own);
    return streamArrow(this.session, {
      sql: this.sql,
      schema: this.schema,
      rowsPerBatch: options.rowsPerBatch,
    });
  }

  rows(options: { limit?: number } = {}): Promise<unknown[][]> {
    return readRows(this, options);
  }

  async toObjects(options: { limit?: number } = {}): Promise<Record<string, unknown>[]> {
    const rows = await this.rows(options);
    return rows.map((row) => plainObject(this.columns.map((name, index) => [name, row[index]])));
  }

  /** Lets go of the rows that the batch holds itself; it can't be read any more. */
  async close(): Promise<void> {
    LEFT_OPEN.unregister(this);
    await this.session.release(this);
    await this.#giveBack?.();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

const DEFAULT_ROWS = 65_536;

async function* inOrder(batches: readonly RecordBatch[]): AsyncGenerator<RecordBatch> {
  yield* batches;
}

/** Batches of the shared session that nobody closed: the session must not stay open for them. */
const LEFT_OPEN = new FinalizationRegistry<() => Promise<void>>((giveBack) => {
  // Nobody waits for this any more; what is left of the session, the next one removes.
  giveBack().catch(() => undefined);
});
