/** A table read in ranges of its rows' places (ctid): what is done, what is left, and how large a range is to be. */
import type { Json } from "../../sdk/mod.ts";

/** Places `from` (inclusive) to `to` (exclusive). A place is a block times `OFFSETS` plus a row's number in it. */
export type Range = readonly [from: number, to: number];

/** Numbers that rows of one block may have. */
export const OFFSETS = 65_536;
/** Rows that one block of 8 kB can hold at most (MaxHeapTuplesPerPage). */
const MOST_ROWS = 291;
/** Bytes on the wire that a range should give at most. */
const RANGE_BYTES = 16 << 20;

/** Hands out ranges. */
export class Blocks {
  readonly #left: Range[];
  #done: Range[];
  readonly #batchSize: number;
  #rowsPerBlock: number;
  #bytesPerBlock: number;

  /** `total` blocks; `done`: what an earlier run has read. `bytes` of the whole table; rows where they are known. */
  constructor(
    total: number,
    options: {
      done?: readonly Range[];
      batchSize: number;
      estimatedRows?: number;
      bytes: number;
    },
  ) {
    this.#done = joined(options.done ?? []);
    this.#left = complement(this.#done, total * OFFSETS);
    this.#batchSize = options.batchSize;
    const blocks = Math.max(1, total);
    // Without an estimate the first ranges are small, and tell.
    this.#rowsPerBlock = Math.max(1, (options.estimatedRows ?? MOST_ROWS * blocks) / blocks);
    this.#bytesPerBlock = Math.max(1, options.bytes / blocks);
  }

  get done(): readonly Range[] {
    return this.#done;
  }

  /** Blocks that are not handed out yet. */
  get left(): number {
    return this.#left.reduce((sum, range) => sum + blocksOf(range), 0);
  }

  /** The next range to read; undefined where there is none. */
  next(): Range | undefined {
    const first = this.#left.shift();
    if (first === undefined) return undefined;
    const [from, to] = first;
    const end = this.#endOf(from);
    if (end >= to) return first;
    this.#left.unshift([end, to]);
    return [from, end];
  }

  #endOf(from: number): number {
    const block = Math.floor(from / OFFSETS);
    const rows = Math.min(this.#batchSize, RANGE_BYTES / this.#bytesPerBlock * this.#rowsPerBlock);
    if (rows >= this.#rowsPerBlock) return (block + Math.floor(rows / this.#rowsPerBlock)) * OFFSETS;
    // Less than a block: as many numbers as rows are wanted; all there are beyond the most that fit.
    const end = from + Math.max(1, Math.floor(rows)) + (from % OFFSETS === 0 ? 1 : 0);
    return end % OFFSETS > MOST_ROWS ? (block + 1) * OFFSETS : end;
  }

  /** A range was read: what it held says how large the next ones may be. */
  read(range: Range, held: { rows: number; bytes: number }): void {
    const blocks = blocksOf(range);
    if (blocks < 1) return;
    // Falls slowly and rises at once, so that a denser part of the table makes smaller ranges.
    if (held.rows > 0) this.#rowsPerBlock = Math.max(held.rows / blocks, this.#rowsPerBlock * 0.9, 1);
    if (held.bytes > 0) this.#bytesPerBlock = Math.max(held.bytes / blocks, this.#bytesPerBlock * 0.9, 1);
  }

  /** The rows of a range are handed out: what is done with it. */
  finish(range: Range): readonly Range[] {
    this.#done = joined([...this.#done, range]);
    return this.#done;
  }
}

export function blocksOf([from, to]: Range): number {
  return (to - from) / OFFSETS;
}

/** Ranges in order, those that touch made one. */
function joined(ranges: readonly Range[]): Range[] {
  const sorted = [...ranges].sort((a, b) => a[0] - b[0]);
  const result: Range[] = [];
  for (const [from, to] of sorted) {
    const last = result.at(-1);
    if (last !== undefined && from <= last[1]) result[result.length - 1] = [last[0], Math.max(last[1], to)];
    else result.push([from, to]);
  }
  return result;
}

function complement(done: readonly Range[], total: number): Range[] {
  const left: Range[] = [];
  let at = 0;
  for (const [from, to] of done) {
    if (from > at) left.push([at, Math.min(from, total)]);
    at = Math.max(at, to);
  }
  if (at < total) left.push([at, total]);
  return left;
}

/** Ranges as the state keeps them; undefined where it is something else. */
export function rangesOf(value: Json | undefined): Range[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const ranges = value.filter((range): range is [number, number] =>
    Array.isArray(range) && range.length === 2 && range.every((end) => Number.isSafeInteger(end))
  );
  return ranges.length === value.length ? ranges : undefined;
}

/** The condition for the rows of a range. PostgreSQL 14 and later read just these blocks. */
export function rangeCondition([from, to]: Range): string {
  return `ctid >= ${place(from)} AND ctid < ${place(to)}`;
}

/** `(block,row)` */
function place(at: number): string {
  return `'(${Math.floor(at / OFFSETS)},${at % OFFSETS})'::pg_catalog.tid`;
}
