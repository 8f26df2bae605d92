/** numeric in PostgreSQL's binary format as Arrow's Decimal128: digits of base 10,000 become one number of 128 bits. */
import { type Data, Decimal, makeData } from "apache-arrow";
import { broken, type Cells } from "./cells.ts";
import { type Decoder, outOfRange, validity } from "./decode.ts";

/** `sign` of a value: https://doxygen.postgresql.org/backend_2utils_2adt_2numeric_8c_source.html */
const NEGATIVE = 0x4000;
const NAN = 0xc000;
const INFINITE = 0xd000;
const MINUS_INFINITE = 0xf000;

/** Up to here a value times 10^scale is exact in a double. */
const DOUBLE_DIGITS = 15;
const WORD = 0x100000000;
const POWERS = [1, 10, 100, 1000, 10_000];

/** Decodes values of a column whose digits all fit into `precision` and `scale`. */
export function numericDecoder(precision: number, scale: number): Decoder {
  const type = new Decimal(scale, precision, 128);
  /** Digits of base 10,000 after the point, and what of the last one is beyond the scale. */
  const groups = Math.ceil(scale / 4);
  const beyond = POWERS[groups * 4 - scale]!;
  return (cells) => {
    const out = new Uint32Array(cells.count * 4);
    const { starts, lengths, from, count } = cells;
    for (let i = 0; i < count; i++) {
      if (lengths[from + i]! < 0) continue;
      decodeOne(cells, starts[from + i]!, lengths[from + i]!, { out, to: i * 4, groups, beyond, precision });
    }
    return makeData({ type, length: count, data: out, ...validity(cells) } as never) as Data;
  };
}

interface Target {
  readonly out: Uint32Array;
  readonly to: number;
  readonly groups: number;
  readonly beyond: number;
  readonly precision: number;
}

function decodeOne({ bytes }: Cells, at: number, length: number, target: Target): void {
  const digits = bytes[at]! << 8 | bytes[at + 1]!;
  const weight = (bytes[at + 2]! << 24 | bytes[at + 3]! << 16) >> 16;
  const sign = bytes[at + 4]! << 8 | bytes[at + 5]!;
  if (length !== 8 + digits * 2) broken("a numeric has another length than its digits");
  if (sign !== 0 && sign !== NEGATIVE) notFinite(sign);
  const { out, to, groups, beyond, precision } = target;
  const last = -groups;
  // Digits that are not sent are zeros: at the end always, at the front where weight is below zero.
  let small = 0;
  let w0 = 0, w1 = 0, w2 = 0, w3 = 0;
  for (let place = weight; place >= last; place--) {
    const index = weight - place;
    const from = at + 8 + index * 2;
    let digit = index < digits ? bytes[from]! << 8 | bytes[from + 1]! : 0;
    let factor = 10_000;
    if (place === last && beyond > 1) {
      factor = 10_000 / beyond;
      digit = Math.floor(digit / beyond);
    }
    if (precision <= DOUBLE_DIGITS) {
      small = small * factor + digit;
    } else {
      let sum = w0 * factor + digit;
      let carry = Math.floor(sum / WORD);
      w0 = sum - carry * WORD;
      sum = w1 * factor + carry;
      carry = Math.floor(sum / WORD);
      w1 = sum - carry * WORD;
      sum = w2 * factor + carry;
      carry = Math.floor(sum / WORD);
      w2 = sum - carry * WORD;
      w3 = w3 * factor + carry;
    }
  }
  if (precision <= DOUBLE_DIGITS) {
    w1 = Math.floor(small / WORD);
    w0 = small - w1 * WORD;
  }
  if (sign === NEGATIVE) {
    // Two's complement: all bits turned, plus one.
    w0 = (~w0 + 1) >>> 0;
    w1 = (~w1 + (w0 === 0 ? 1 : 0)) >>> 0;
    w2 = (~w2 + (w0 === 0 && w1 === 0 ? 1 : 0)) >>> 0;
    w3 = (~w3 + (w0 === 0 && w1 === 0 && w2 === 0 ? 1 : 0)) >>> 0;
  }
  out[to] = w0;
  out[to + 1] = w1;
  out[to + 2] = w2;
  out[to + 3] = w3;
}

function notFinite(sign: number): never {
  const name = sign === NAN ? "NaN" : sign === INFINITE || sign === MINUS_INFINITE ? "infinite" : undefined;
  if (name === undefined) broken("a numeric has a sign that is not known");
  return outOfRange(
    `A numeric value is ${name}, which decimals can't hold`,
    "leave it out or replace it in a query, such as NULLIF(column, 'NaN'), or cast the column to text or float8 there",
  );
}
