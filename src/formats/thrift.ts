/**
 * Thrift's compact protocol, as far as Parquet's footers need it: a struct as a tree that is written again as it was read,
 * fields that nobody here knows included.
 * https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
 */

/** Types by their number on the wire. */
export const Kind = {
  TRUE: 1,
  FALSE: 2,
  BYTE: 3,
  I16: 4,
  I32: 5,
  I64: 6,
  DOUBLE: 7,
  BINARY: 8,
  LIST: 9,
  SET: 10,
  MAP: 11,
  STRUCT: 12,
} as const;

/** Integers as bigint; doubles and texts as their bytes; a boolean of a list as its byte; one of a struct is its kind. */
export type ThriftValue = bigint | number | Uint8Array | ThriftList | ThriftMap | ThriftStruct;

export interface ThriftField {
  readonly id: number;
  readonly kind: number;
  value: ThriftValue;
}

/** Fields in the order of the wire. */
export interface ThriftStruct {
  readonly fields: ThriftField[];
}

export interface ThriftList {
  readonly of: number;
  readonly items: ThriftValue[];
}

export interface ThriftMap {
  readonly keys: number;
  readonly values: number;
  readonly entries: (readonly [ThriftValue, ThriftValue])[];
}

/** Structs in structs: more is no footer, and would end the stack. */
const MOST_LEVELS = 64;

/** @throws {RangeError} for bytes that are no struct of the compact protocol. */
export function readStruct(bytes: Uint8Array): ThriftStruct {
  return new Reader(bytes).struct(0);
}

class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  struct(level: number): ThriftStruct {
    if (level > MOST_LEVELS) throw new RangeError("too many levels");
    const fields: ThriftField[] = [];
    let id = 0;
    for (;;) {
      const head = this.#byte();
      if (head === 0) return { fields };
      const kind = head & 15;
      id = head >> 4 === 0 ? Number(this.#integer()) : id + (head >> 4);
      const value = kind === Kind.TRUE || kind === Kind.FALSE ? 0 : this.#value(kind, level);
      fields.push({ id, kind, value });
    }
  }

  #value(kind: number, level: number): ThriftValue {
    switch (kind) {
      case Kind.TRUE:
      case Kind.FALSE:
      case Kind.BYTE:
        return this.#byte();
      case Kind.I16:
      case Kind.I32:
      case Kind.I64:
        return this.#integer();
      case Kind.DOUBLE:
        return this.#take(8);
      case Kind.BINARY:
        return this.#take(this.#size());
      case Kind.LIST:
      case Kind.SET:
        return this.#list(level);
      case Kind.MAP:
        return this.#map(level);
      case Kind.STRUCT:
        return this.struct(level + 1);
      default:
        throw new RangeError(`a value of the unknown kind ${kind}`);
    }
  }

  #list(level: number): ThriftList {
    const head = this.#byte();
    const count = head >> 4 === 15 ? this.#size() : head >> 4;
    const of = head & 15;
    const items: ThriftValue[] = [];
    for (let i = 0; i < count; i++) items.push(this.#value(of, level + 1));
    return { of, items };
  }

  #map(level: number): ThriftMap {
    const count = this.#size();
    const kinds = count === 0 ? 0 : this.#byte();
    const [keys, values] = [kinds >> 4, kinds & 15];
    const entries: [ThriftValue, ThriftValue][] = [];
    for (let i = 0; i < count; i++) {
      entries.push([this.#value(keys, level + 1), this.#value(values, level + 1)]);
    }
    return { keys, values, entries };
  }

  #byte(): number {
    if (this.#at >= this.#bytes.length) throw new RangeError("it ends too early");
    return this.#bytes[this.#at++]!;
  }

  #take(count: number): Uint8Array {
    if (count > this.#bytes.length - this.#at) throw new RangeError("it ends too early");
    return this.#bytes.subarray(this.#at, this.#at += count);
  }

  /** Seven bits a byte, the lowest first. */
  #varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#byte();
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
    throw new RangeError("an integer is too long");
  }

  #size(): number {
    return Number(this.#varint());
  }

  /** Zigzag: 0, -1, 1, -2 … */
  #integer(): bigint {
    const value = this.#varint();
    return (value >> 1n) ^ -(value & 1n);
  }
}

/** The bytes of a struct. */
export function writeStruct(struct: ThriftStruct): Uint8Array {
  const writer = new Writer();
  writer.struct(struct);
  return writer.bytes();
}

class Writer {
  #out = new Uint8Array(4096);
  #at = 0;

  bytes(): Uint8Array {
    return this.#out.subarray(0, this.#at);
  }

  struct({ fields }: ThriftStruct): void {
    let last = 0;
    for (const { id, kind, value } of fields) {
      const step = id - last;
      if (step > 0 && step < 16) this.#byte(step << 4 | kind);
      else {
        this.#byte(kind);
        this.#integer(BigInt(id));
      }
      last = id;
      if (kind !== Kind.TRUE && kind !== Kind.FALSE) this.#value(kind, value);
    }
    this.#byte(0);
  }

  #value(kind: number, value: ThriftValue): void {
    switch (kind) {
      case Kind.TRUE:
      case Kind.FALSE:
      case Kind.BYTE:
        return this.#byte(value as number);
      case Kind.I16:
      case Kind.I32:
      case Kind.I64:
        return this.#integer(value as bigint);
      case Kind.DOUBLE:
        return this.#put(value as Uint8Array);
      case Kind.BINARY:
        this.#varint(BigInt((value as Uint8Array).length));
        return this.#put(value as Uint8Array);
      case Kind.MAP:
        return this.#map(value as ThriftMap);
      case Kind.STRUCT:
        return this.struct(value as ThriftStruct);
      default:
        return this.#list(value as ThriftList);
    }
  }

  #list({ of, items }: ThriftList): void {
    this.#byte(Math.min(items.length, 15) << 4 | of);
    if (items.length >= 15) this.#varint(BigInt(items.length));
    for (const item of items) this.#value(of, item);
  }

  #map({ keys, values, entries }: ThriftMap): void {
    this.#varint(BigInt(entries.length));
    if (entries.length > 0) this.#byte(keys << 4 | values);
    for (const [key, value] of entries) {
      this.#value(keys, key);
      this.#value(values, value);
    }
  }

  #byte(byte: number): void {
    this.#room(1);
    this.#out[this.#at++] = byte;
  }

  #put(bytes: Uint8Array): void {
    this.#room(bytes.length);
    this.#out.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  #room(count: number): void {
    if (this.#at + count <= this.#out.length) return;
    const larger = new Uint8Array(Math.max(this.#at + count, this.#out.length * 2));
    larger.set(this.#out);
    this.#out = larger;
  }

  #varint(value: bigint): void {
    for (let rest = value;; rest >>= 7n) {
      if (rest < 128n) return this.#byte(Number(rest));
      this.#byte(Number(rest & 127n) | 128);
    }
  }

  #integer(value: bigint): void {
    this.#varint(value < 0n ? -value * 2n - 1n : value * 2n);
  }
}
