/** COPY … TO STDOUT, decoded into Arrow record batches while the rows come in. */
import {
  type Data,
  type Field as ArrowField,
  makeData,
  RecordBatch,
  Schema as ArrowSchema,
  Struct,
} from "apache-arrow";
import { type DataType, Field } from "apache-arrow";
import { ConnectorError } from "../../sdk/mod.ts";
import { CellTable } from "./cells.ts";
import type { PgConnection } from "./connection.ts";
import type { ReadColumn } from "./read_types.ts";
import { CopyBuffer, type CopySink } from "./tap.ts";

/** Bytes that are decoded at a time: large enough to be quick, small enough to let others have their turn. */
const SLICE_BYTES = 1 << 20;

/** Rows of a COPY, and what they came as. */
export interface Slice {
  readonly batch: RecordBatch;
  /** Bytes on the wire. */
  readonly bytes: number;
  /** Where the last row lies, for a reader with places. */
  readonly place?: number;
}

/** Takes the rows of a COPY. */
export interface SliceTarget {
  take(slice: Slice): void;
  /** Rows that the next slice may have at most. */
  limit?(): number;
  /** A promise where the target has no room: the server waits until it resolves. */
  room(): Promise<void> | undefined;
}

/** Reads with one connection, one COPY after the other. */
export class CopyReader {
  readonly #connection: PgConnection;
  readonly #columns: readonly ReadColumn[];
  readonly #cells: CellTable;
  readonly #places: boolean;
  readonly #buffer = new CopyBuffer();
  #schema: ArrowSchema | undefined;

  /** `places`: the SELECT has the ctid after the columns. */
  constructor(connection: PgConnection, columns: readonly ReadColumn[], options: { places?: boolean } = {}) {
    this.#connection = connection;
    this.#columns = columns;
    this.#places = options.places === true;
    this.#cells = new CellTable(columns.length + (this.#places ? 1 : 0));
  }

  get connection(): PgConnection {
    return this.#connection;
  }

  /**
   * Runs COPY (`select`) TO STDOUT and hands its rows on, in order. Resolves with their number once all were taken.
   * @throws {ConnectorError} what the server says, and what a value that can't be decoded says.
   */
  async copy(select: string, target: SliceTarget, about: { doing: string }): Promise<number> {
    this.#cells.reset();
    this.#buffer.drop();
    const run = new CopyRun(`COPY (${select}) TO STDOUT (FORMAT binary)`);
    const { tap, client, socket } = this.#connection;
    let rows = 0;
    let failed: unknown;
    const decode = (atEnd: boolean) => {
      if (failed !== undefined) return this.#buffer.drop();
      if (!atEnd && this.#buffer.length < SLICE_BYTES) return;
      try {
        rows += this.#decode(target);
      } catch (error) {
        // The server is told to stop; what it still sends is dropped.
        failed = error;
        void this.#connection.cancel();
        return;
      }
      const room = target.room();
      if (room === undefined || atEnd) return;
      socket.pause();
      room.then(() => socket.resume());
    };
    const sink: CopySink = { buffer: this.#buffer, received: () => decode(false) };
    tap.sink = sink;
    try {
      client.query(run as never);
      await run.done;
      decode(true);
    } catch (cause) {
      throw failed ?? this.#connection.error(cause, about);
    } finally {
      tap.sink = undefined;
    }
    if (failed !== undefined) throw failed;
    if (run.rows !== undefined && run.rows !== rows) {
      throw new ConnectorError("PROTOCOL_ERROR", `The server sent ${run.rows} rows, and ${rows} were read.`, {
        hint: "please report it",
      });
    }
    return rows;
  }

  /** Decodes the rows that are there as a whole. */
  #decode(target: SliceTarget): number {
    const buffer = this.#buffer;
    let rows = 0;
    for (let message = 0; message < buffer.count;) {
      const first = message;
      message = this.#cells.fill(buffer, message, target.limit?.());
      if (this.#cells.rows === 0) continue;
      const bytes = buffer.ends[message - 1]! - buffer.starts[first]!;
      const place = this.#places ? this.#cells.lastPlace() : undefined;
      target.take({ batch: this.#recordBatch(), bytes, place });
      rows += this.#cells.rows;
    }
    buffer.drop();
    return rows;
  }

  #recordBatch(): RecordBatch {
    const children = this.#columns.map((column, index) => {
      try {
        return column.decode(this.#cells.column(index));
      } catch (error) {
        throw inColumn(error, column);
      }
    });
    this.#schema ??= new ArrowSchema(
      this.#columns.map((column, index): ArrowField =>
        new Field(column.name, children[index]!.type as DataType, column.nullable)
      ),
    );
    const type = new Struct(this.#schema.fields);
    return new RecordBatch(
      this.#schema,
      makeData({ type, length: this.#cells.rows, children }) as Data<Struct>,
    );
  }
}

function inColumn(error: unknown, column: ReadColumn): unknown {
  if (!(error instanceof ConnectorError)) return error;
  return new ConnectorError(
    error.code,
    `Column "${column.name}" (${column.serverType}): ${error.message.replace(/\.?$/, ".")}`,
    { hint: error.hint, context: { ...error.context, column: column.name, type: column.serverType } },
  );
}

/** A query of the driver's that leaves the rows to the tap. */
class CopyRun {
  readonly done: Promise<void>;
  readonly #sql: string;
  readonly #resolve: () => void;
  readonly #reject: (error: unknown) => void;
  /** By the server's count. */
  rows: number | undefined;
  /** The driver puts one here where there is none. */
  callback = () => {};

  constructor(sql: string) {
    this.#sql = sql;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.done = promise;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  submit(connection: { query(sql: string): void }): null {
    connection.query(this.#sql);
    return null;
  }

  handleCommandComplete(message: { text: string }): void {
    const count = /^COPY (\d+)$/.exec(message.text)?.[1];
    if (count !== undefined) this.rows = Number(count);
  }

  handleReadyForQuery(): void {
    this.#resolve();
  }

  handleError(error: unknown): void {
    this.#reject(error);
  }

  handleCopyData(): void {}
  handleRowDescription(): void {}
  handleDataRow(): void {}
  handleEmptyQuery(): void {}
  handlePortalSuspended(): void {}
}
