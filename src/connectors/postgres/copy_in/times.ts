/**
 * Dates and times. PostgreSQL counts days and microseconds from 2000-01-01, Arrow from 1970-01-01. Infinity is what DuckDB
 * means by it: the greatest number, and its negative.
 */
import type { Data } from "apache-arrow";
import {
  type FieldEncoder,
  FieldError,
  int64Text,
  putInt32,
  putNull,
  type Range,
  Validity,
  wordsOf,
} from "./field.ts";

const EPOCH_DAYS = 10_957;
/** PostgreSQL's first and last day, 4714-11-24 BC and 5874897-12-31, in days since 1970. */
const FIRST_DAY = -2_440_588;
const LAST_DAY = 2_145_042_905;
const INFINITE = 0x7fffffff;

/** Date32 into date. */
export class DateEncoder implements FieldEncoder {
  readonly #validity = new Validity();
  #days!: Int32Array;
  #count = 0;

  load(data: Data, { start, count }: Range, sizes: Int32Array): number {
    this.#validity.load(data, start);
    const days = this.#days = (data.values as Int32Array).subarray(start, start + count);
    this.#count = count;
    for (let i = 0; i < count; i++) {
      const day = days[i]!;
      if (day >= FIRST_DAY && day <= LAST_DAY) continue;
      if (day === INFINITE || day === -INFINITE || !this.#validity.has(i)) continue;
      throw new FieldError(
        i,
        "the date is out of the range of date (4714 BC to 5874897)",
        `day ${day} since 1970`,
      );
    }
    return this.#validity.fixedSizes(4, count, sizes);
  }

  write(out: Uint8Array, at: Int32Array): void {
    const days = this.#days;
    const validity = this.#validity;
    const nulls = validity.bits !== undefined;
    for (let i = 0; i < this.#count; i++) {
      const p = at[i]!;
      if (nulls && !validity.has(i)) {
        at[i] = putNull(out, p);
        continue;
      }
      const day = days[i]!;
      out[p] = out[p + 1] = out[p + 2] = 0;
      out[p + 3] = 4;
      putInt32(out, p + 4, day === INFINITE ? INFINITE : day === -INFINITE ? -0x80000000 : day - EPOCH_DAYS);
      at[i] = p + 8;
    }
  }
}

/** 2000-01-01 in microseconds since 1970, as words. */
const EPOCH_LOW = 946_684_800_000_000 % 0x100000000;
const EPOCH_HIGH = Math.floor(946_684_800_000_000 / 0x100000000);
/** PostgreSQL's first and last microsecond, 4714-11-24 BC and 294276-12-31, in microseconds since 1970. */
const FIRST_MICROS = -210_866_803_200_000_000n;
const END_MICROS = 9_224_318_016_000_000_000n;
const DAY_MICROS = 86_400_000_000;

/** Words of the 64-bit values that `MicrosEncoder` must look at twice: a day's microseconds have 37 bits. */
const high = (value: bigint) => Number(value >> 32n);

/** Timestamp(us) into timestamp and timestamptz, Time64(us) into time. */
export class MicrosEncoder implements FieldEncoder {
  readonly #kind: "timestamp" | "time";
  /** A value that is no multiple of this would be rounded: `timestamp(3)` has 1,000. */
  readonly #unit: number;
  readonly #validity = new Validity();
  #words!: Int32Array;
  #count = 0;

  /** @param options.precision digits after the second that the column keeps. */
  constructor(kind: "timestamp" | "time", options: { precision: number }) {
    this.#kind = kind;
    this.#unit = 10 ** (6 - options.precision);
  }

  load(data: Data, { start, count }: Range, sizes: Int32Array): number {
    this.#validity.load(data, start);
    this.#words = wordsOf(data, start, count);
    this.#count = count;
    if (this.#kind === "time") this.#checkTimes();
    else this.#checkTimestamps();
    if (this.#unit > 1) this.#checkUnit();
    return this.#validity.fixedSizes(8, count, sizes);
  }

  #checkTimes(): void {
    const words = this.#words;
    for (let i = 0; i < this.#count; i++) {
      const micros = words[i * 2 + 1]! * 0x100000000 + (words[i * 2]! >>> 0);
      if ((micros < 0 || micros > DAY_MICROS) && this.#validity.has(i)) {
        throw new FieldError(i, "the time is out of the range of time", `${micros} microseconds`);
      }
    }
  }

  #checkTimestamps(): void {
    const words = this.#words;
    const first = high(FIRST_MICROS);
    const last = high(END_MICROS);
    for (let i = 0; i < this.#count; i++) {
      const top = words[i * 2 + 1]!;
      if ((top > first && top < last) || !this.#validity.has(i)) continue;
      const low = words[i * 2]!;
      if (isInfinite(low, top)) continue;
      const value = (BigInt(top) << 32n) | BigInt(low >>> 0);
      if (value >= FIRST_MICROS && value < END_MICROS) continue;
      throw new FieldError(
        i,
        "the time is out of the range of timestamp (4714 BC to 294276)",
        `${int64Text(low, top)} microseconds since 1970`,
      );
    }
  }

  #checkUnit(): void {
    const words = this.#words;
    const unit = this.#unit;
    for (let i = 0; i < this.#count; i++) {
      const low = words[i * 2]! >>> 0;
      const top = words[i * 2 + 1]!;
      // 2^32 and the remainder of the high word are small enough to multiply exactly.
      const rest = ((top % unit) * (0x100000000 % unit) + low % unit) % unit;
      if (rest === 0 || isInfinite(low | 0, top) || !this.#validity.has(i)) continue;
      throw new FieldError(
        i,
        `the time has more digits after the second than the column keeps, and would be rounded`,
        `${int64Text(low, top)} microseconds${this.#kind === "time" ? "" : " since 1970"}`,
      );
    }
  }

  write(out: Uint8Array, at: Int32Array): void {
    const words = this.#words;
    const validity = this.#validity;
    const nulls = validity.bits !== undefined;
    const shifted = this.#kind === "timestamp";
    for (let i = 0; i < this.#count; i++) {
      const p = at[i]!;
      if (nulls && !validity.has(i)) {
        at[i] = putNull(out, p);
        continue;
      }
      let low = words[i * 2]!;
      let top = words[i * 2 + 1]!;
      if (shifted) {
        if (isInfinite(low, top)) {
          low = top > 0 ? -1 : 0;
          top = top > 0 ? 0x7fffffff : -0x80000000;
        } else {
          const difference = (low >>> 0) - EPOCH_LOW;
          top -= difference < 0 ? EPOCH_HIGH + 1 : EPOCH_HIGH;
          low = difference | 0;
        }
      }
      out[p] = out[p + 1] = out[p + 2] = 0;
      out[p + 3] = 8;
      putInt32(out, p + 4, top);
      putInt32(out, p + 8, low);
      at[i] = p + 12;
    }
  }
}

/** 2^63 - 1, and its negative. */
function isInfinite(low: number, top: number): boolean {
  return (top === 0x7fffffff && low === -1) || (top === -0x80000000 && low === 1);
}

/** Interval(MonthDayNano) into interval. */
export class IntervalEncoder implements FieldEncoder {
  readonly #validity = new Validity();
  #words!: Int32Array;
  #count = 0;

  load(data: Data, { start, count }: Range, sizes: Int32Array): number {
    this.#validity.load(data, start);
    const values = data.values as Int32Array;
    const words = this.#words = values.subarray(start * 4, (start + count) * 4);
    this.#count = count;
    for (let i = 0; i < count; i++) {
      const rest = ((words[i * 4 + 3]! % 1000) * (0x100000000 % 1000) + (words[i * 4 + 2]! >>> 0) % 1000) %
        1000;
      if (rest !== 0 && this.#validity.has(i)) {
        throw new FieldError(
          i,
          "the interval has nanoseconds, which interval does not keep",
          `${int64Text(words[i * 4 + 2]!, words[i * 4 + 3]!)} nanoseconds`,
        );
      }
    }
    return this.#validity.fixedSizes(16, count, sizes);
  }

  write(out: Uint8Array, at: Int32Array): void {
    const words = this.#words;
    const validity = this.#validity;
    for (let i = 0; i < this.#count; i++) {
      const p = at[i]!;
      if (!validity.has(i)) {
        at[i] = putNull(out, p);
        continue;
      }
      const top = words[i * 4 + 3]!;
      const low = words[i * 4 + 2]! >>> 0;
      // Division by 1,000 word by word: all steps are exact.
      const high = Math.floor(top / 1000);
      const micros = Math.floor(((top - high * 1000) * 0x100000000 + low) / 1000);
      putInt32(out, p, 16);
      putInt32(out, p + 4, high);
      putInt32(out, p + 8, micros | 0);
      putInt32(out, p + 12, words[i * 4 + 1]!);
      putInt32(out, p + 16, words[i * 4]!);
      at[i] = p + 20;
    }
  }
}
