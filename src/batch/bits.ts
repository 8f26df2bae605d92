/** Bitmaps as Arrow and DuckDB both have them: bit `i` is bit `i % 8` of byte `i / 8`, 1 is set. */

/** Copies `count` bits. The bitmaps must not overlap. */
export function copyBits(
  target: Uint8Array,
  targetBit: number,
  source: { bits: Uint8Array; from: number; count: number },
): void {
  const { bits, count } = source;
  let from = source.from;
  let to = targetBit;
  const end = targetBit + count;
  for (; to < end && (to & 7) !== 0; to++, from++) setBit(target, to, getBit(bits, from));
  const bytes = (end - to) >> 3;
  const shift = from & 7;
  const first = from >> 3;
  const start = to >> 3;
  if (shift === 0) {
    target.set(bits.subarray(first, first + bytes), start);
  } else {
    for (let i = 0; i < bytes; i++) {
      target[start + i] = (bits[first + i]! >> shift) | (bits[first + i + 1]! << (8 - shift));
    }
  }
  to += bytes << 3;
  from += bytes << 3;
  for (; to < end; to++, from++) setBit(target, to, getBit(bits, from));
}

/** Sets `count` bits from `start` on to 1. */
export function setBits(target: Uint8Array, start: number, count: number): void {
  const end = start + count;
  let at = start;
  for (; at < end && (at & 7) !== 0; at++) setBit(target, at, true);
  const bytes = (end - at) >> 3;
  target.fill(255, at >> 3, (at >> 3) + bytes);
  at += bytes << 3;
  for (; at < end; at++) setBit(target, at, true);
}

export function getBit(bits: Uint8Array, index: number): boolean {
  return ((bits[index >> 3]! >> (index & 7)) & 1) !== 0;
}

export function setBit(bits: Uint8Array, index: number, value: boolean): void {
  const mask = 1 << (index & 7);
  if (value) bits[index >> 3]! |= mask;
  else bits[index >> 3]! &= ~mask;
}

/** Keeps only the bits of `target` that are set in `other` too; both start at bit 0. */
export function andBits(target: Uint8Array, other: Uint8Array): void {
  for (let i = 0; i < target.length; i++) target[i]! &= other[i]!;
}
