/** COPY … FROM STDIN over a connection of `pg`: rows go out as they are made, no faster than the server takes them. */
import { Buffer } from "node:buffer";
import type { PgConnection } from "../connection.ts";
import { copyHeader, copyTrailer } from "./rows.ts";

/** Bytes that may be on their way: enough to keep the socket busy while the next message is made. */
const MOST_BYTES = 2 * 1024 * 1024;
/** Size of the buffers that are used again and again; a larger message gets one of its own. */
const BUFFER_BYTES = 512 * 1024;

/** Told of by the driver, which takes it for a query. https://node-postgres.com/apis/client#clientquery */
interface Submittable {
  submit(wire: Wire): void;
  handleCopyInResponse(wire: Wire): void;
  handleCommandComplete(message: { text: string }): void;
  handleReadyForQuery(): void;
  handleError(error: Error): void;
}

interface Wire {
  query(text: string): void;
  sendCopyFail(message: string): void;
}

/** One COPY under way. Calls: `start`, then `write`…, then `end` or `fail`. */
export class CopyStream {
  readonly #connection: PgConnection;
  readonly #sql: string;
  readonly #started = Promise.withResolvers<void>();
  readonly #finished = Promise.withResolvers<number>();
  readonly #free: Uint8Array[] = [];
  #wire: Wire | undefined;
  #underWay = 0;
  #bytes = 0;
  #wake: (() => void) | undefined;
  #error: Error | undefined;
  #rows = 0;

  /** @param sql a COPY … FROM STDIN WITH (FORMAT binary). */
  constructor(connection: PgConnection, sql: string) {
    this.#connection = connection;
    this.#sql = sql;
    // Whoever calls next gets the error; nobody may.
    this.#started.promise.catch(() => undefined);
    this.#finished.promise.catch(() => undefined);
  }

  /** Bytes sent so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Sends the statement and waits until the server wants rows. @throws the driver's error. */
  async start(): Promise<void> {
    const query: Submittable = {
      submit: (wire) => {
        this.#wire = wire;
        wire.query(this.#sql);
      },
      handleCopyInResponse: () => this.#started.resolve(),
      handleCommandComplete: ({ text }) => {
        this.#rows = Number(/^COPY (\d+)/.exec(text)?.[1] ?? 0);
      },
      handleReadyForQuery: () => this.#finished.resolve(this.#rows),
      handleError: (error) => this.#fail(error),
    };
    this.#connection.client.query(query as never);
    await this.#started.promise;
    await this.write(copyHeader());
  }

  #fail(error: Error): void {
    this.#error ??= error;
    this.#started.reject(error);
    this.#finished.reject(error);
    this.#wake?.();
  }

  /** Bytes to write a message of `size` into. They go back when the message is sent. */
  buffer(size: number): Uint8Array {
    if (size > BUFFER_BYTES) return new Uint8Array(size);
    return this.#free.pop() ?? new Uint8Array(BUFFER_BYTES);
  }

  /** Sends a message, and waits while too much is on its way. @throws the error that the server has answered with. */
  async write(message: Uint8Array): Promise<void> {
    if (this.#error !== undefined) throw this.#error;
    const { length } = message;
    this.#underWay += length;
    this.#bytes += length;
    const content = Buffer.from(message.buffer, message.byteOffset, length);
    this.#connection.socket.write(content, () => {
      this.#underWay -= length;
      if (message.buffer.byteLength === BUFFER_BYTES) this.#free.push(new Uint8Array(message.buffer));
      this.#wake?.();
    });
    while (this.#underWay > MOST_BYTES && this.#error === undefined) {
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    if (this.#error !== undefined) throw this.#error;
  }

  /** All rows are sent. Returns how many the server took. @throws the driver's error. */
  async end(): Promise<number> {
    await this.write(copyTrailer());
    this.#connection.socket.write(Buffer.from([0x63, 0, 0, 0, 4]));
    return await this.#finished.promise;
  }

  /** Gives up: the server forgets the rows, and the connection may be used again. */
  async fail(reason: string): Promise<void> {
    if (this.#error !== undefined) return;
    this.#wire?.sendCopyFail(reason.slice(0, 200));
    // The answer to this is an error, always.
    await this.#finished.promise.catch(() => undefined);
  }
}
