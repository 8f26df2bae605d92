/**
 * Where the values of rows in COPY's binary format lie: a table of offsets, so that columns can be decoded one by one.
 * Format: https://www.postgresql.org/docs/current/sql-copy.html#id-1.9.3.55.9.4
 */
import { ConnectorError } from "../../sdk/mod.ts";
import type { CopyBuffer } from "./tap.ts";

/** The values of one column: value `i` is `bytes` from `starts[from + i]`, `lengths[from + i]` long; -1 is NULL. */
export interface Cells {
  readonly bytes: Uint8Array;
  readonly starts: Int32Array;
  readonly lengths: Int32Array;
  readonly from: number;
  readonly count: number;
}

/** `PGCOPY\n\377\r\n\0` */
const SIGNATURE = [80, 71, 67, 79, 80, 89, 10, 255, 13, 10, 0];
const FLAGS_AND_EXTENSION = 8;

/** Finds the values of the rows in a buffer, so many rows at a time. */
export class CellTable {
  readonly #columns: number;
  readonly #capacity: number;
  readonly #starts: Int32Array;
  readonly #lengths: Int32Array;
  #bytes: Uint8Array = new Uint8Array(0);
  #rows = 0;
  #begun = false;
  #ended = false;

  constructor(columns: number) {
    this.#columns = columns;
    this.#capacity = Math.max(64, Math.min(16_384, Math.floor(1_500_000 / Math.max(1, columns))));
    this.#starts = new Int32Array(this.#capacity * columns);
    this.#lengths = new Int32Array(this.#capacity * columns);
  }

  /** Rows of the table after `fill`. */
  get rows(): number {
    return this.#rows;
  }

  /** Most rows at a time. */
  get capacity(): number {
    return this.#capacity;
  }

  column(index: number): Cells {
    return {
      bytes: this.#bytes,
      starts: this.#starts,
      lengths: this.#lengths,
      from: index * this.#capacity,
      count: this.#rows,
    };
  }

  /** The place of the last row, where the last column is its ctid: a block times 65,536 plus a number in it. */
  lastPlace(): number {
    const cell = (this.#columns - 1) * this.#capacity + this.#rows - 1;
    const at = this.#starts[cell]!;
    if (this.#lengths[cell] !== 6) broken("a ctid has another length than 6");
    return (int32(this.#bytes, at) >>> 0) * 65_536 + (this.#bytes[at + 4]! << 8 | this.#bytes[at + 5]!);
  }

  /** Begins another COPY. */
  reset(): void {
    this.#begun = this.#ended = false;
  }

  /**
   * Takes at most `limit` rows of the complete messages from `message` on until the table is full, and returns the message to
   * go on with.
   * @throws {ConnectorError} `PROTOCOL_ERROR` where the bytes are not what COPY sends.
   */
  fill(buffer: CopyBuffer, message: number, limit = this.#capacity): number {
    const { bytes, starts, ends } = buffer;
    this.#bytes = bytes;
    this.#rows = 0;
    const columns = this.#columns;
    const capacity = this.#capacity;
    const cellStarts = this.#starts;
    const cellLengths = this.#lengths;
    const most = Math.min(limit, capacity);
    let row = 0;
    let next = message;
    for (; next < buffer.count && row < most; next++) {
      let at = starts[next]!;
      const end = ends[next]!;
      if (!this.#begun) at = this.#readSignature(bytes, at, end);
      // One row a message is what the server sends; the protocol allows more.
      while (at < end) {
        const fields = bytes[at]! << 8 | bytes[at + 1]!;
        at += 2;
        if (fields === 0xffff) {
          this.#ended = true;
          break;
        }
        if (fields !== columns || this.#ended) broken(`a row has ${fields} values for ${columns} columns`);
        if (row === capacity) broken("a message holds more rows than are expected");
        for (let cell = row; cell < row + columns * capacity; cell += capacity) {
          const length = bytes[at]! << 24 | bytes[at + 1]! << 16 | bytes[at + 2]! << 8 | bytes[at + 3]!;
          at += 4;
          cellStarts[cell] = at;
          cellLengths[cell] = length;
          if (length > 0) at += length;
        }
        if (at > end) broken("a value is longer than its row");
        row++;
      }
    }
    this.#rows = row;
    return next;
  }

  #readSignature(bytes: Uint8Array, at: number, end: number): number {
    const from = at + SIGNATURE.length + FLAGS_AND_EXTENSION;
    if (from > end || SIGNATURE.some((byte, index) => bytes[at + index] !== byte)) {
      broken("it does not begin as COPY's binary format does");
    }
    if (int32(bytes, at + SIGNATURE.length) !== 0) broken("it has flags that are not known");
    this.#begun = true;
    return from + int32(bytes, from - 4);
  }
}

export function int32(bytes: Uint8Array, at: number): number {
  return bytes[at]! << 24 | bytes[at + 1]! << 16 | bytes[at + 2]! << 8 | bytes[at + 3]!;
}

/** Throws for bytes that no server of PostgreSQL's sends. */
export function broken(what: string): never {
  throw new ConnectorError("PROTOCOL_ERROR", `The rows that the server sends can't be read: ${what}.`, {
    hint: "is there a proxy in between, or another server than PostgreSQL? Please report it",
  });
}
