/** A batch into a table by binary COPY: Arrow columns are encoded while the engine makes the next and the server takes the last. */
import { type Data, DataType, type RecordBatch } from "apache-arrow";
import { type Batch, ConnectorError, quoteIdent, type Session } from "../../sdk/mod.ts";
import type { BulkResult } from "../_sql/dialect.ts";
import type { FittedColumn } from "../_sql/fit.ts";
import type { PgConnection } from "./connection.ts";
import { type FieldEncoder, putInt32, type Range } from "./copy_in/field.ts";
import { type EncodedColumn, RowEncoder, RowError } from "./copy_in/rows.ts";
import { CopyStream } from "./copy_in/stream.ts";
import type { PgColumn } from "./target_table.ts";
import { type ValueFinder, writeError } from "./write_errors.ts";
import type { PgConversion } from "./write_types.ts";

/** Rows of a record batch: enough to be quick, and few enough that those on their way take little memory. */
const BATCH_ROWS = 16_384;
/** Rows that are kept at least: the server may be some megabytes behind when it refuses one. */
const KEPT_ROWS = 65_536;

export interface BulkTarget {
  /** Qualified and quoted. */
  readonly table: string;
  /** For people. */
  readonly name: string;
  readonly columns: readonly FittedColumn<PgColumn>[];
  /** A column of type bigint to number the rows in, from 1. */
  readonly rowColumn?: string;
}

/** The COPY of `bulkLoad`. */
export function copyStatement(table: string, columns: readonly string[]): string {
  return `COPY ${table} (${columns.map(quoteIdent).join(", ")}) FROM STDIN WITH (FORMAT binary)`;
}

/**
 * Sends a batch. Inside a transaction: what fails is gone with it.
 * @throws {ConnectorError} `VALUE_ERROR` or `CONSTRAINT_VIOLATED` with row, column and value, and what else the server says.
 */
export async function bulkLoad(
  connection: PgConnection,
  batch: Batch,
  into: BulkTarget,
): Promise<BulkResult> {
  const relation = await sent(batch, into.columns);
  try {
    return await send(connection, relation.batch, into);
  } finally {
    if (relation.own) await batch.session.release(relation.batch);
  }
}

/** The batch itself, or, where the engine must convert a column first, the relation that does. */
async function sent(
  batch: Batch,
  columns: readonly FittedColumn<PgColumn>[],
): Promise<{ batch: Batch; own: boolean }> {
  if (columns.every((c) => c.conversion.engine === undefined)) return { batch, own: false };
  const list = columns.map(({ field, conversion }) => {
    const value = `b.${quoteIdent(field.name)}`;
    return `${conversion.engine?.(value) ?? value} AS ${quoteIdent(field.name)}`;
  });
  return { batch: await relationOver(batch.session, batch, list), own: true };
}

async function relationOver(session: Session, batch: Batch, list: readonly string[]): Promise<Batch> {
  return await session.relation(`SELECT ${list.join(", ")} FROM (${batch.sql}) AS b`, batch.metadata);
}

async function send(connection: PgConnection, batch: Batch, into: BulkTarget): Promise<BulkResult> {
  const numbers = new RowNumberEncoder();
  const columns: EncodedColumn[] = into.columns.map(({ field, column, conversion }) => ({
    name: column.name,
    index: batch.columns.indexOf(field.name),
    encoder: (conversion as PgConversion).encoder(),
  }));
  const names = into.columns.map((c) => c.column.name);
  if (into.rowColumn !== undefined) {
    columns.push({ name: into.rowColumn, index: 0, encoder: numbers });
    names.push(into.rowColumn);
  }
  const encoder = new RowEncoder(columns);
  const copy = new CopyStream(connection, copyStatement(into.table, names));
  const recent = new RecentBatches(columns);
  let rows = 0;
  try {
    await copy.start();
    for await (const record of batch.toArrow({ rowsPerBatch: BATCH_ROWS })) {
      recent.add(record, rows);
      numbers.next = rows + 1;
      for (const message of encoder.encode(record, (size) => copy.buffer(size))) await copy.write(message);
      rows += record.numRows;
    }
    const taken = await copy.end();
    return { rows: taken, bytes: copy.bytes };
  } catch (cause) {
    const own = cause instanceof RowError ? valueError(cause, { into, rows }) : cause;
    await copy.fail(own instanceof Error ? own.name : "the rows could not be read");
    const error = connection.error(own, { doing: `Writing ${into.name}` });
    throw writeError(error, { table: into.name, findValue: recent.find });
  }
}

function valueError(cause: RowError, at: { into: BulkTarget; rows: number }): ConnectorError {
  const row = at.rows + cause.row + 1;
  const value = cause.value === undefined ? "" : `, value "${cause.value}"`;
  return new ConnectorError(
    "VALUE_ERROR",
    `${at.into.name} does not take a row: ${cause.message} (row ${row} of the batch, column "${cause.column}"${value}).`,
    {
      hint: "mend the value, or cast or filter it in a step",
      context: { table: at.into.name, row, column: cause.column, value: cause.value ?? null },
    },
  );
}

/** The last record batches that were sent, for the value of a row that the server refuses. */
class RecentBatches {
  readonly #columns: readonly EncodedColumn[];
  readonly #kept: { record: RecordBatch; first: number }[] = [];

  constructor(columns: readonly EncodedColumn[]) {
    this.#columns = columns;
  }

  add(record: RecordBatch, first: number): void {
    this.#kept.push({ record, first });
    // The second has enough rows behind its first: the first is not needed.
    const end = first + record.numRows;
    while (this.#kept.length > 1 && end - this.#kept[1]!.first >= KEPT_ROWS) this.#kept.shift();
  }

  find: ValueFinder = (row, name) => {
    const column = this.#columns.find((c) => c.name === name);
    const kept = this.#kept.find(({ first, record }) => row > first && row <= first + record.numRows);
    if (column === undefined || kept === undefined) return undefined;
    return valueText(kept.record, { column: column.index, row: row - 1 - kept.first });
  };
}

/** A value for people: Arrow gives decimals without their point and times as numbers. */
function valueText(record: RecordBatch, at: { column: number; row: number }): string | null {
  const column = record.getChildAt(at.column);
  const value = column?.get(at.row);
  if (column === null || value === null || value === undefined) return null;
  if (DataType.isDecimal(column.type)) {
    const { scale } = column.type;
    const words = value as Uint32Array;
    const number = BigInt.asIntN(128, words.reduceRight((sum, word) => (sum << 32n) | BigInt(word), 0n));
    const digits = String(number < 0n ? -number : number).padStart(scale + 1, "0");
    const whole = digits.slice(0, digits.length - scale);
    return `${number < 0n ? "-" : ""}${whole}${scale === 0 ? "" : `.${digits.slice(-scale)}`}`;
  }
  const isTime = DataType.isDate(column.type) || DataType.isTimestamp(column.type);
  if (isTime && Math.abs(Number(value)) < 8.64e15) {
    const text = new Date(Number(value)).toISOString();
    return DataType.isDate(column.type) ? text.slice(0, -14) : text;
  }
  return String(value);
}

/** Numbers the rows, whatever column it is given. */
class RowNumberEncoder implements FieldEncoder {
  next = 1;
  #count = 0;

  load(_data: Data, { count }: Range): number {
    this.#count = count;
    return 12;
  }

  write(out: Uint8Array, at: Int32Array): void {
    for (let i = 0; i < this.#count; i++) {
      const p = at[i]!;
      const number = this.next++;
      putInt32(out, p, 8);
      putInt32(out, p + 4, Math.floor(number / 0x100000000));
      putInt32(out, p + 8, number | 0);
      at[i] = p + 12;
    }
  }
}
