/**
 * Arrays in PostgreSQL's binary format as Arrow lists. Sent are: dimensions, a flag, the type of the items, for each
 * dimension its size and lower bound, then the items with their lengths.
 */
import { type Data, type DataType, Field, List, makeData } from "apache-arrow";
import { ConnectorError } from "../../sdk/mod.ts";
import { broken, int32 } from "./cells.ts";
import { type Decoder, validity } from "./decode.ts";

const HEADER = 12;
const DIMENSION = 8;

/** Decodes arrays of one dimension; `items` decodes what is in them. */
export function arrayDecoder(items: Decoder): Decoder {
  return (cells) => {
    const { bytes, starts, lengths, from, count } = cells;
    const valueOffsets = new Int32Array(count + 1);
    let total = 0;
    for (let i = 0; i < count; i++) {
      if (lengths[from + i]! >= 0) total += sizeOf(bytes, starts[from + i]!);
      valueOffsets[i + 1] = total;
    }
    const itemStarts = new Int32Array(total);
    const itemLengths = new Int32Array(total);
    let item = 0;
    for (let i = 0; i < count; i++) {
      let at = starts[from + i]! + HEADER + DIMENSION;
      for (const end = valueOffsets[i + 1]!; item < end; item++) {
        const length = int32(bytes, at);
        at += 4;
        itemStarts[item] = at;
        itemLengths[item] = length;
        if (length > 0) at += length;
      }
    }
    const child = items({ bytes, starts: itemStarts, lengths: itemLengths, from: 0, count: total });
    const type = new List(new Field("item", child.type as DataType, true));
    return makeData({ type, length: count, valueOffsets, child, ...validity(cells) } as never) as Data;
  };
}

/** Items of an array. */
function sizeOf(bytes: Uint8Array, at: number): number {
  const dimensions = int32(bytes, at);
  if (dimensions === 0) return 0;
  if (dimensions === 1) return Math.max(0, int32(bytes, at + HEADER));
  if (dimensions < 0 || dimensions > 6) broken("an array has no number of dimensions");
  throw new ConnectorError(
    "MULTI_DIMENSIONAL",
    `An array has ${dimensions} dimensions, and a list has one`,
    { hint: "read it as JSON in a query: to_jsonb(column)" },
  );
}
