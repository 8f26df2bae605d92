/** Rows of JavaScript values as Arrow record batches. */
import { makeData, RecordBatch, Struct } from "apache-arrow";
import { EngineError, type Schema } from "../sdk/mod.ts";
import { arrowSchema } from "./arrow_types.ts";
import { encodeColumn } from "./column_encoder.ts";
import { inferSchema } from "./infer_types.ts";

/** Rows as people write them. */
export interface RowsInput {
  readonly columns: readonly string[];
  /** Arrays in the order of `columns`, or objects with their names. A missing value is NULL. */
  readonly rows: readonly (readonly unknown[] | Readonly<Record<string, unknown>>)[];
  /** The columns' types, in the order of `columns`. Default: found from all rows. */
  readonly schema?: Schema;
}

const ROWS_PER_BATCH = 65_536;

/**
 * Encodes rows.
 * @throws {EngineError} `MIXED_TYPES`, `CONVERSION_FAILED` naming row and column, `ROW_SHAPE`, `SCHEMA_MISMATCH`.
 */
export function encodeRows(input: RowsInput): { schema: Schema; batches: Iterable<RecordBatch> } {
  const { columns } = input;
  const rows = input.rows.map((row, index) => asArray(row, { columns, index }));
  const schema = input.schema ?? inferSchema(columns, rows);
  const names = schema.fields.map((field) => field.name);
  if (names.length !== columns.length || names.some((name, index) => name !== columns[index])) {
    throw new EngineError(
      "SCHEMA_MISMATCH",
      "The schema's columns are not those of the rows, in their order.",
      {
        context: { columns: [...columns], schema: names },
      },
    );
  }
  return { schema, batches: encode(schema, rows) };
}

function* encode(schema: Schema, rows: readonly (readonly unknown[])[]): Generator<RecordBatch> {
  const arrow = arrowSchema(schema);
  for (let start = 0; start < rows.length; start += ROWS_PER_BATCH) {
    const part = rows.slice(start, start + ROWS_PER_BATCH);
    const children = schema.fields.map((field, index) =>
      encodeColumn(field.type, part.map((row) => row[index]), { column: field.name, firstRow: start })
    );
    yield new RecordBatch(arrow, makeData({ type: new Struct(arrow.fields), length: part.length, children }));
  }
}

function asArray(
  row: readonly unknown[] | Readonly<Record<string, unknown>>,
  { columns, index }: { columns: readonly string[]; index: number },
): readonly unknown[] {
  const fail = (what: string): never => {
    throw new EngineError("ROW_SHAPE", `Row ${index + 1} ${what}.`, { context: { row: index + 1 } });
  };
  if (Array.isArray(row)) {
    return row.length <= columns.length
      ? row
      : fail(`has ${row.length} values for ${columns.length} columns`);
  }
  if (typeof row !== "object" || row === null) return fail("is neither an array nor an object");
  const known = new Set(columns);
  const extra = Object.keys(row).find((name) => !known.has(name));
  if (extra !== undefined) fail(`has the column "${extra}", which is not in columns`);
  const object = row as Readonly<Record<string, unknown>>;
  return columns.map((name) => Object.hasOwn(object, name) ? object[name] : null);
}
