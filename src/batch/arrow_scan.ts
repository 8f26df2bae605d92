/**
 * Arrow record batches read by the engine where they are, through a table function: no row is copied before a statement
 * asks for it, and a statement may be run any number of times.
 */
import type engine from "@duckdb/node-bindings";
import { type Data, makeData, RecordBatch, Struct } from "apache-arrow";
import { EngineError, type LogicalType, type Schema } from "../sdk/mod.ts";
import {
  assertSame,
  boundSelect,
  type Column,
  inColumn,
  planColumns,
  rowsThatFit,
  VECTOR,
} from "./arrow_in.ts";
import { arrowSchema } from "./arrow_types.ts";
import { assertUnique, type BoundSelect } from "./bind.ts";
import { keepScanError } from "./scan_errors.ts";
import { takeNative } from "./native.ts";

const duckdb = takeNative();

const FUNCTION = "_arrow_rows";

/** Record batches that statements may read. */
interface Held {
  readonly columns: readonly Column[];
  readonly types: readonly engine.LogicalType[];
  readonly batches: readonly RecordBatch[];
  readonly rows: number;
}

/** One statement's way through them. */
interface Scan {
  readonly held: Held;
  /** The columns that the statement reads, by their place in the output; beyond them: none of ours. */
  readonly read: readonly number[];
  batch: number;
  row: number;
}

/** What `hold` gives. */
export interface HeldBatches extends BoundSelect {
  readonly id: bigint;
  readonly rows: number;
  /** The batches as `toArrow` gives them; undefined where a column has to be converted for that. */
  readonly native?: readonly RecordBatch[];
}

/** The record batches of one session. */
export class ArrowScans {
  readonly #held = new Map<bigint, Held>();
  #last = 0n;
  /** Scans under way of a statement that is run to its end, and who waits for theirs. */
  #running = 0;
  #counts = false;
  #ended = Promise.withResolvers<void>();

  /** Makes the function known to the session's database. */
  register(connection: engine.Connection): void {
    const definition = duckdb.create_table_function();
    duckdb.table_function_set_name(definition, FUNCTION);
    duckdb.table_function_add_parameter(definition, duckdb.create_logical_type(duckdb.Type.BIGINT));
    duckdb.table_function_supports_projection_pushdown(definition, true);
    duckdb.table_function_set_bind(definition, (info) => this.#bind(info));
    duckdb.table_function_set_init(definition, (info) => this.#start(info));
    duckdb.table_function_set_function(definition, (info, output) => {
      if (!fill(info, output) && this.#counts) this.#finish(1);
    });
    duckdb.register_table_function(connection, definition);
    duckdb.destroy_table_function_sync(definition);
  }

  /**
   * Holds record batches until `release`.
   * @throws {EngineError} `SCHEMA_MISMATCH`, `UNSUPPORTED_TYPE`, `DUPLICATE_COLUMN`.
   */
  hold(batches: readonly RecordBatch[], schema: Schema | undefined): HeldBatches {
    const first = batches[0];
    const fields = first?.schema.fields ?? (schema === undefined ? undefined : arrowSchema(schema).fields);
    if (fields === undefined) {
      throw new EngineError("NO_SCHEMA", "There is no Arrow record batch, so the columns are not known.", {
        hint: "give the schema, or at least one batch without rows",
      });
    }
    const columns = planColumns(fields, schema?.fields);
    assertUnique(columns.map((column) => column.name));
    for (let i = 1; i < batches.length; i++) {
      if (batches[i]!.schema !== first!.schema) {
        assertSame(columns, planColumns(batches[i]!.schema.fields, schema?.fields), i + 1);
      }
    }
    const rows = batches.reduce((sum, batch) => sum + batch.numRows, 0);
    const id = ++this.#last;
    this.#held.set(id, {
      columns,
      types: columns.map((column) => nativeType(column.logical)),
      batches: batches.filter((batch) => batch.numRows > 0),
      rows,
    });
    const bound = boundSelect(columns, `${FUNCTION}(${id})`);
    return { ...bound, id, rows, native: nativeBatches(batches, bound.schema) };
  }

  /** Forgets record batches and frees their memory now, not when the garbage is next collected. */
  release(id: bigint): void {
    const held = this.#held.get(id);
    this.#held.delete(id);
    for (const batch of held?.batches ?? []) free(batch.data as Data);
  }

  clear(): void {
    this.#held.clear();
  }

  /** Resolves when no scan is under way; undefined where none is. */
  ended(): Promise<void> | undefined {
    return this.#running === 0 ? undefined : this.#ended.promise;
  }

  /** Runs a statement that reads until it is done: whatever it has left unread then, its scans are over. */
  async during<T>(statement: () => Promise<T>): Promise<T> {
    this.#counts = true;
    try {
      return await statement();
    } finally {
      this.#counts = false;
      this.#finish(this.#running);
    }
  }

  #finish(count: number): void {
    if (this.#running === 0) return;
    this.#running -= count;
    if (this.#running > 0) return;
    this.#ended.resolve();
    this.#ended = Promise.withResolvers();
  }

  #bind(info: engine.TableFunctionBindInfo): void {
    try {
      const held = this.#held.get(duckdb.get_int64(duckdb.bind_get_parameter(info, 0)));
      if (held === undefined) {
        throw new EngineError("BATCH_RELEASED", "The batch was released: its rows are gone.");
      }
      held.columns.forEach(({ name }, index) =>
        duckdb.bind_add_result_column(info, name, held.types[index]!)
      );
      duckdb.bind_set_cardinality(info, held.rows, true);
      duckdb.bind_set_bind_data(info, held);
    } catch (error) {
      duckdb.bind_set_error(info, keepScanError(error));
    }
  }

  #start(info: engine.TableFunctionInitInfo): void {
    const held = duckdb.init_get_bind_data(info) as Held;
    const count = duckdb.init_get_column_count(info);
    const read = Array.from({ length: count }, (_, index) => duckdb.init_get_column_index(info, index));
    duckdb.init_set_init_data(info, { held, read, batch: 0, row: 0 } satisfies Scan);
    // The function runs on the one thread of JavaScript: more of the engine's would only wait for it.
    duckdb.init_set_max_threads(info, 1);
    if (this.#counts) this.#running++;
  }
}

function free(data: Data): void {
  for (const part of [data.values, data.valueOffsets, data.nullBitmap] as (ArrayBufferView | undefined)[]) {
    const buffer = part?.buffer;
    if (buffer instanceof ArrayBuffer && !buffer.detached) buffer.transfer(0);
  }
  for (const child of data.children as Data[]) free(child);
}

/** Gives the engine the next rows; false where there are none, which is the end. */
function fill(info: engine.TableFunctionInfo, output: engine.DataChunk): boolean {
  try {
    const scan = duckdb.function_get_init_data(info) as Scan;
    const { columns, batches } = scan.held;
    const batch = batches[scan.batch];
    if (batch === undefined) {
      duckdb.data_chunk_set_size(output, 0);
      return false;
    }
    const struct = batch.data as Data;
    const count = rowsThatFit(struct, scan.row, Math.min(VECTOR, batch.numRows - scan.row));
    scan.read.forEach((column, index) => {
      const plan = columns[column];
      // Counting rows asks for a row number that nobody looks at.
      if (plan === undefined) return;
      try {
        const data = struct.children[column]!;
        plan.write(duckdb.data_chunk_get_vector(output, index), { data, start: scan.row, count });
      } catch (error) {
        throw inColumn(error, plan.name);
      }
    });
    duckdb.data_chunk_set_size(output, count);
    scan.row += count;
    if (scan.row >= batch.numRows) {
      scan.batch++;
      scan.row = 0;
    }
    return true;
  } catch (error) {
    duckdb.function_set_error(info, keepScanError(error));
    return false;
  }
}

/** The engine's type object for what a column is written as. */
function nativeType(type: LogicalType): engine.LogicalType {
  switch (type.kind) {
    case "decimal":
      return duckdb.create_decimal_type(type.precision, type.scale);
    case "array":
      return duckdb.create_list_type(nativeType(type.items));
    case "struct":
      return duckdb.create_struct_type(
        type.fields.map((field) => nativeType(field.type)),
        type.fields.map((field) => field.name),
      );
    default:
      return duckdb.create_logical_type(scalarType(type));
  }
}

function scalarType(type: LogicalType): engine.Type {
  const { Type } = duckdb;
  switch (type.kind) {
    case "integer":
      return type.unsigned
        ? { 8: Type.UTINYINT, 16: Type.USMALLINT, 32: Type.UINTEGER, 64: Type.UBIGINT }[type.bits]
        : { 8: Type.TINYINT, 16: Type.SMALLINT, 32: Type.INTEGER, 64: Type.BIGINT }[type.bits];
    case "float":
      return type.bits === 32 ? Type.FLOAT : Type.DOUBLE;
    case "boolean":
      return Type.BOOLEAN;
    case "date":
      return Type.DATE;
    case "time":
      return Type.TIME;
    case "datetime":
      return type.tz ? Type.TIMESTAMP_TZ : Type.TIMESTAMP;
    case "interval":
      return Type.INTERVAL;
    case "uuid":
      return Type.UUID;
    case "binary":
      return Type.BLOB;
    default:
      return Type.VARCHAR;
  }
}

/** The batches under the schema that `toArrow` promises, where their columns are laid out that way already. */
function nativeBatches(batches: readonly RecordBatch[], schema: Schema): RecordBatch[] | undefined {
  const wanted = arrowSchema(schema);
  const struct = new Struct(wanted.fields);
  const fits = batches.every((batch) =>
    batch.schema.fields.every((field, index) => {
      const other = wanted.fields[index]!.type;
      return String(field.type) === String(other) && field.typeId === other.typeId &&
        (batch.data.children[index] as Data).offset === 0;
    })
  );
  if (!fits) return undefined;
  return batches.filter((batch) => batch.numRows > 0).map((batch) =>
    new RecordBatch(
      wanted,
      makeData({ type: struct, length: batch.numRows, children: batch.data.children as Data[] }),
    )
  );
}
