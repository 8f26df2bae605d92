/**
 * Between the socket and the driver: follows the messages of the server, and takes the rows of a COPY out before the
 * driver sees them. The driver makes an object and an event of every message, and a COPY sends one a row.
 * Messages: https://www.postgresql.org/docs/current/protocol-message-formats.html
 */
import { Buffer } from "node:buffer";
import type { Socket } from "./socket.ts";

/** The first byte of CopyData. */
const COPY_DATA = 0x64;
/** A type and a length. */
const HEADER = 5;

/**
 * What the server sent in CopyData messages, as it came: the payloads, with headers between them. Message `i` is `bytes`
 * from `starts[i]` to `ends[i]`; the first `count` messages are complete.
 */
export class CopyBuffer {
  bytes = new Uint8Array(1 << 20);
  length = 0;
  starts = new Int32Array(1 << 13);
  ends = new Int32Array(1 << 13);
  count = 0;
  /** Messages begun: `count`, or one more. */
  #begun = 0;

  append(chunk: Uint8Array, from: number, to: number): void {
    const needed = this.length + to - from;
    if (needed > this.bytes.length) {
      const larger = new Uint8Array(Math.max(needed, this.bytes.length * 2));
      larger.set(this.bytes.subarray(0, this.length));
      this.bytes = larger;
    }
    this.bytes.set(from === 0 && to === chunk.length ? chunk : chunk.subarray(from, to), this.length);
    this.length = needed;
  }

  begin(start: number, end: number): void {
    if (this.#begun === this.starts.length) {
      this.starts = doubled(this.starts);
      this.ends = doubled(this.ends);
    }
    this.starts[this.#begun] = start;
    this.ends[this.#begun] = end;
    this.#begun++;
  }

  complete(): void {
    this.count = this.#begun;
  }

  /** Forgets the complete messages; what there is of the next one moves to the front. */
  drop(): void {
    if (this.#begun > this.count) {
      const start = this.starts[this.count]!;
      this.starts[0] = 0;
      this.ends[0] = this.ends[this.count]! - start;
      this.bytes.copyWithin(0, start, this.length);
      this.length -= start;
      this.#begun = 1;
    } else {
      this.length = 0;
      this.#begun = 0;
    }
    this.count = 0;
  }
}

function doubled(array: Int32Array): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(array.length * 2);
  larger.set(array);
  return larger;
}

/** Where the rows of a COPY go. */
export interface CopySink {
  readonly buffer: CopyBuffer;
  /** Called once for each piece of data from the socket that held rows. */
  received(): void;
}

/** Follows one connection. */
export class Tap {
  #sink: CopySink | undefined;
  /** Bytes of the current message that are still to come. */
  #left = 0;
  #isCopy = false;
  /** The first bytes of a header that was cut. */
  readonly #header = new Uint8Array(HEADER);
  #headerBytes = 0;

  /** From now on `socket` hands its data out through the tap. */
  constructor(socket: Socket) {
    const emit = socket.emit.bind(socket) as (event: string | symbol, ...values: unknown[]) => boolean;
    const forward = (bytes: Uint8Array) => {
      emit("data", Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    };
    socket.emit = ((event: string | symbol, ...values: unknown[]): boolean => {
      if (event !== "data") return emit(event, ...values);
      this.#take(values[0] as Uint8Array, forward);
      return true;
    }) as typeof socket.emit;
  }

  /** Rows of a COPY go to `sink`; undefined: to the driver. */
  set sink(sink: CopySink | undefined) {
    this.#sink = sink;
  }

  #take(chunk: Uint8Array, forward: (bytes: Uint8Array) => void): void {
    const end = chunk.length;
    let at = 0;
    let received = false;
    let allRows = true;
    while (at < end) {
      if (this.#left === 0 && !this.#readHeader(chunk, at)) {
        at = this.#keepHeader(chunk, at, forward);
      } else if (this.#isCopy) {
        at = this.#takeRows(chunk, at);
        received = true;
      } else {
        at = this.#takeOther(chunk, at, forward);
        allRows = false;
      }
    }
    if (!received) return;
    // Freed now: garbage of these would be most of the memory that a read takes.
    const { buffer } = chunk;
    if (allRows && chunk.length === buffer.byteLength && buffer instanceof ArrayBuffer) buffer.transfer(0);
    this.#sink?.received();
  }

  /** Looks at a header that is there as a whole: whether the message is a row. */
  #readHeader(chunk: Uint8Array, at: number): boolean {
    if (this.#headerBytes > 0 || chunk.length - at < HEADER) return false;
    this.#isCopy = chunk[at] === COPY_DATA && this.#sink !== undefined;
    return true;
  }

  /** A header in pieces: whose it is shows only at its end. */
  #keepHeader(chunk: Uint8Array, from: number, forward: (bytes: Uint8Array) => void): number {
    let at = from;
    while (this.#headerBytes < HEADER && at < chunk.length) this.#header[this.#headerBytes++] = chunk[at++]!;
    if (this.#headerBytes < HEADER) return at;
    this.#headerBytes = 0;
    this.#left = int32(this.#header, 1) - 4;
    this.#isCopy = this.#header[0] === COPY_DATA && this.#sink !== undefined;
    if (this.#isCopy) {
      const { buffer } = this.#sink!;
      buffer.begin(buffer.length, buffer.length + this.#left);
      if (this.#left === 0) buffer.complete();
    } else forward(this.#header.slice());
    return at;
  }

  /** Rows, as many as follow each other: copied at once, with the headers between them. */
  #takeRows(chunk: Uint8Array, from: number): number {
    const { buffer } = this.#sink!;
    const end = chunk.length;
    const shift = buffer.length - from;
    let at = from;
    for (;;) {
      if (this.#left > 0) {
        const part = Math.min(this.#left, end - at);
        at += part;
        this.#left -= part;
        if (this.#left > 0) break;
        buffer.complete();
      }
      if (end - at < HEADER || chunk[at] !== COPY_DATA) break;
      this.#left = int32(chunk, at + 1) - 4;
      at += HEADER;
      buffer.begin(at + shift, at + shift + this.#left);
      if (this.#left === 0) buffer.complete();
    }
    buffer.append(chunk, from, at);
    return at;
  }

  /** Everything else, up to the next row. */
  #takeOther(chunk: Uint8Array, from: number, forward: (bytes: Uint8Array) => void): number {
    const end = chunk.length;
    let at = from;
    for (;;) {
      const part = Math.min(this.#left, end - at);
      at += part;
      this.#left -= part;
      if (this.#left > 0 || end - at < HEADER) break;
      if (chunk[at] === COPY_DATA && this.#sink !== undefined) break;
      this.#left = int32(chunk, at + 1) - 4;
      at += HEADER;
    }
    forward(from === 0 && at === end ? chunk : chunk.subarray(from, at));
    return at;
  }
}

function int32(bytes: Uint8Array, at: number): number {
  return bytes[at]! << 24 | bytes[at + 1]! << 16 | bytes[at + 2]! << 8 | bytes[at + 3]!;
}
