/** A table read in ranges of its rows' places (ctid): what is done and what is left. */
import type { Json } from "../../sdk/mod.ts";

/** Places `from` (inclusive) to `to` (exclusive). A place is a block times `OFFSETS` plus a row's number in it. */
export type Range = readonly [from: number, to: number];

/** Numbers that rows of one block may have. */
export const OFFSETS = 65_536;

/** Hands out ranges of `size` blocks. */
export class Blocks {
  readonly #left: Range[];
  readonly #size: number;
  #done: Range[];

  /** `total` blocks; `done`: what an earlier run has read. */
  constructor(total: number, options: { done?: readonly Range[]; size: number }) {
    this.#done = joined(options.done ?? []);
    this.#left = complement(this.#done, total * OFFSETS);
    this.#size = Math.max(1, Math.floor(options.size));
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
    const end = (Math.floor(from / OFFSETS) + this.#size) * OFFSETS;
    if (end >= to) return first;
    this.#left.unshift([end, to]);
    return [from, end];
  }

  /** The rows of a range, or of a part of it, are handed out: what is done with it. */
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
