/** A relation's rows as a stream of Arrow record batches. */
import { type Data, makeData, RecordBatch, type Schema as ArrowSchema, Struct } from "apache-arrow";
import type { Schema } from "../sdk/mod.ts";
import { arrowSchema } from "./arrow_types.ts";
import type { Turn } from "./queue.ts";
import type { DuckSession } from "./session.ts";
import { type ColumnReader, columnReader } from "./vector_reader.ts";
import { takeNative } from "./native.ts";

const duckdb = takeNative();

/** A batch ends early when it holds so many bytes, so that large values don't fill the memory. */
const BATCH_BYTES = 64 * 1024 * 1024;

export interface ArrowStreamOptions {
  readonly sql: string;
  readonly schema: Schema;
  /** Default 65,536. */
  readonly rowsPerBatch?: number;
}

/** Record batches of at most `rowsPerBatch` rows. A relation without rows gives none. */
export function streamArrow(session: DuckSession, options: ArrowStreamOptions): AsyncIterable<RecordBatch> {
  // Taken here: a consumer outside the transaction's context, such as a socket's callback, may ask for the rows.
  const turn = session.currentTurn();
  return { [Symbol.asyncIterator]: () => batches(session, { ...options, turn }) };
}

async function* batches(
  session: DuckSession,
  options: ArrowStreamOptions & { turn: Turn | undefined },
): AsyncGenerator<RecordBatch, undefined, undefined> {
  const limit = Math.max(1, Math.floor(options.rowsPerBatch ?? 65_536));
  const schema = arrowSchema(options.schema);
  const readers = options.schema.fields.map((field) => columnReader(field.type));
  const stream = await session.openStream(options.sql, { schema: options.schema, turn: options.turn });
  try {
    let rows = 0;
    for (let chunk = await stream.next(); chunk !== undefined; chunk = await stream.next()) {
      const size = duckdb.data_chunk_get_size(chunk);
      readers.forEach((reader, index) => reader.load(duckdb.data_chunk_get_vector(chunk!, index), size));
      for (let start = 0; start < size;) {
        const count = Math.min(size - start, limit - rows);
        for (const reader of readers) reader.append(start, count);
        start += count;
        rows += count;
        if (rows === limit || readers.reduce((sum, reader) => sum + reader.byteLength, 0) > BATCH_BYTES) {
          yield recordBatch(schema, { readers, rows });
          rows = 0;
        }
      }
    }
    if (rows > 0) yield recordBatch(schema, { readers, rows });
  } finally {
    await stream.close();
  }
}

function recordBatch(
  schema: ArrowSchema,
  { readers, rows }: { readers: readonly ColumnReader[]; rows: number },
): RecordBatch {
  const children: Data[] = readers.map((reader) => reader.finish());
  return new RecordBatch(schema, makeData({ type: new Struct(schema.fields), length: rows, children }));
}
