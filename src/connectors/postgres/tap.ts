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

/** Takes a piece of the payload of CopyData. `ends`: it is the last of its message. The bytes are valid during the call. */
export type CopySink = (bytes: Uint8Array, from: number, to: number, ends: boolean) => void;

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
    // What of the chunk is the driver's begins here; -1: nothing so far.
    let kept = -1;
    let at = 0;
    const flush = (to: number) => {
      if (kept >= 0 && to > kept) forward(chunk.subarray(kept, to));
      kept = -1;
    };
    while (at < end) {
      if (this.#left > 0) {
        const part = Math.min(this.#left, end - at);
        this.#left -= part;
        if (this.#isCopy) this.#sink!(chunk, at, at + part, this.#left === 0);
        else if (kept < 0) kept = at;
        at += part;
        continue;
      }
      let type: number;
      let length: number;
      if (this.#headerBytes === 0 && end - at >= HEADER) {
        type = chunk[at]!;
        length = int32(chunk, at + 1);
        this.#isCopy = type === COPY_DATA && this.#sink !== undefined;
        if (this.#isCopy) flush(at);
        else if (kept < 0) kept = at;
        at += HEADER;
      } else {
        // A header in pieces: whose it is shows only at its end.
        flush(at);
        while (this.#headerBytes < HEADER && at < end) this.#header[this.#headerBytes++] = chunk[at++]!;
        if (this.#headerBytes < HEADER) return;
        this.#headerBytes = 0;
        type = this.#header[0]!;
        length = int32(this.#header, 1);
        this.#isCopy = type === COPY_DATA && this.#sink !== undefined;
        if (!this.#isCopy) forward(this.#header.slice());
      }
      this.#left = Math.max(0, length - 4);
      if (this.#isCopy && this.#left === 0) this.#sink!(chunk, at, at, true);
    }
    flush(end);
  }
}

function int32(bytes: Uint8Array, at: number): number {
  return bytes[at]! << 24 | bytes[at + 1]! << 16 | bytes[at + 2]! << 8 | bytes[at + 3]!;
}
