/** Values of small results as JavaScript has them. */
import type engine from "@duckdb/node-bindings";
import type { DuckDBValueConverter } from "@duckdb/node-api";
import { takeApi } from "./native.ts";

const { DuckDBBlobValue, DuckDBResult, DuckDBTypeId, JSDuckDBValueConverter } = takeApi();

// What JavaScript has no exact value for is text; a caller who wants another form casts it in the query.
const AS_TEXT: ReadonlySet<number> = new Set([
  DuckDBTypeId.DECIMAL,
  DuckDBTypeId.DATE,
  DuckDBTypeId.TIME,
  DuckDBTypeId.TIME_NS,
  DuckDBTypeId.TIME_TZ,
  DuckDBTypeId.TIMESTAMP,
  DuckDBTypeId.TIMESTAMP_S,
  DuckDBTypeId.TIMESTAMP_MS,
  DuckDBTypeId.TIMESTAMP_NS,
  DuckDBTypeId.TIMESTAMP_TZ,
  DuckDBTypeId.INTERVAL,
  DuckDBTypeId.BIT,
]);

const convert: DuckDBValueConverter<unknown> = (value, type, converter) =>
  value instanceof DuckDBBlobValue
    ? new Uint8Array(value.bytes)
    : value !== null && AS_TEXT.has(type.typeId)
    ? String(value)
    // The package types its converter by what it returns, which here is anything.
    : (JSDuckDBValueConverter as DuckDBValueConverter<unknown>)(value, type, converter);

/** All rows of a result as objects. */
export function readObjects(result: engine.Result): Promise<Record<string, unknown>[]> {
  return new DuckDBResult(result).convertRowObjects(convert);
}
