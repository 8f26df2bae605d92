/** A function for SQL that hands texts over to JavaScript while a statement runs. */
import type engine from "@duckdb/node-bindings";
import { columnReader, vectorBytes, vectorValidity } from "./vector_reader.ts";
import { isValid } from "./column_buffer.ts";
import { takeNative } from "./native.ts";

const duckdb = takeNative();

/** Takes the texts of some rows, in no order. Runs on the thread that has the session; what it throws ends the statement. */
export type TakeAside = (texts: readonly string[]) => void;

const decoder = new TextDecoder();

/**
 * Registers `name(text VARCHAR, keep BOOLEAN) → BOOLEAN`: gives each text that is not NULL to `take` and returns `keep`. The
 * engine calls it from its own threads and waits, so it costs a change of threads for each vector in which a row reaches it,
 * and nothing for the others. Being volatile it is called once for each row that reaches it.
 */
export function registerAside(connection: engine.Connection, name: string, take: TakeAside): void {
  const fn = duckdb.create_scalar_function();
  try {
    duckdb.scalar_function_set_name(fn, name);
    duckdb.scalar_function_add_parameter(fn, duckdb.create_logical_type(duckdb.Type.VARCHAR));
    duckdb.scalar_function_add_parameter(fn, duckdb.create_logical_type(duckdb.Type.BOOLEAN));
    duckdb.scalar_function_set_return_type(fn, duckdb.create_logical_type(duckdb.Type.BOOLEAN));
    duckdb.scalar_function_set_volatile(fn);
    // The function gets NULLs too: a text that is NULL still has a `keep`.
    duckdb.scalar_function_set_special_handling(fn);
    duckdb.scalar_function_set_function(fn, (info, input, output) => {
      try {
        callAside(input, output, take);
      } catch (error) {
        duckdb.scalar_function_set_error(info, error instanceof Error ? error.message : String(error));
      }
    });
    duckdb.register_scalar_function(connection, fn);
  } finally {
    duckdb.destroy_scalar_function_sync(fn);
  }
}

function callAside(input: engine.DataChunk, output: engine.Vector, take: TakeAside): void {
  const rows = duckdb.data_chunk_get_size(input);
  take(textsOf(duckdb.data_chunk_get_vector(input, 0), rows));
  const keep = vectorBytes(duckdb.data_chunk_get_vector(input, 1), rows);
  const valid = vectorValidity(duckdb.data_chunk_get_vector(input, 1), rows);
  const result = Uint8Array.from(keep, (byte, row) => byte !== 0 && isValid(valid, row) ? 1 : 0);
  duckdb.copy_data_to_vector(output, 0, result.buffer as ArrayBuffer, 0, rows);
}

function textsOf(vector: engine.Vector, rows: number): string[] {
  const reader = columnReader({ kind: "string" });
  reader.load(vector, rows);
  reader.append(0, rows);
  const { values, valueOffsets, nullBitmap, nullCount } = reader.finish();
  const texts: string[] = [];
  for (let row = 0; row < rows; row++) {
    if (nullCount > 0 && !isValid(nullBitmap, row)) continue;
    texts.push(decoder.decode(values.subarray(valueOffsets[row], valueOffsets[row + 1])));
  }
  return texts;
}
