/** Arrow record batches appended to a table of the engine's. */
import type engine from "@duckdb/node-bindings";
import {
  type Data,
  type Field as ArrowField,
  type RecordBatch,
  type Schema as ArrowSchema,
  Table,
} from "apache-arrow";
import {
  EngineError,
  engineType,
  type Field,
  formatType,
  type LogicalType,
  quoteIdent,
  sameType,
  type Schema,
} from "../sdk/mod.ts";
import { castsExactly, type ColumnPlan, meaningOf, planColumn } from "./arrow_columns.ts";
import { toEngineError } from "./errors.ts";
import { assertUnique, type BoundSelect } from "./bind.ts";
import { takeNative } from "./native.ts";

const duckdb = takeNative();

/** Where the rows go: a table `name` that is made in `catalog`. */
export interface ArrowTarget {
  readonly catalog: string;
  readonly create: "CREATE TABLE" | "CREATE TEMP TABLE";
  readonly connection: engine.Connection;
  /** Runs a call while no other uses the connection. */
  exclusive<T>(call: () => Promise<T>): Promise<T>;
  close(): void;
}

export interface ReadArrowOptions {
  readonly name: string;
  readonly schema?: Schema;
  readonly target: ArrowTarget;
}

/** Rows of a vector of DuckDB's. */
export const VECTOR = 2048;
/** Bytes of text that go into one vector at most; fewer rows then. */
const VECTOR_BYTES = 256 * 1024 * 1024;
/** Rows after which the event loop gets a turn: appending does not wait for anything by itself. */
const TURN = 100_000;

/**
 * Appends all batches and returns the relation over them. When it throws, the table is gone.
 * @throws {EngineError} `NO_SCHEMA` for a stream without batches, `SCHEMA_MISMATCH`, `UNSUPPORTED_TYPE`,
 * `INVALID_ARROW`, `ENCODING_ERROR`, `CONVERSION_FAILED` for a value that would change.
 */
export async function readArrow(
  data: Table | AsyncIterable<RecordBatch> | Iterable<RecordBatch>,
  options: ReadArrowOptions,
): Promise<BoundSelect> {
  const loader = new TableLoader(options);
  try {
    if (isTable(data)) loader.plan(data.schema);
    let rowsSinceTurn = 0;
    for await (const batch of isTable(data) ? data.batches : data) {
      await loader.append(batch);
      rowsSinceTurn += batch.numRows;
      if (rowsSinceTurn >= TURN) {
        rowsSinceTurn = 0;
        await new Promise((resolve) => setTimeout(resolve, 0));
      }
    }
    return await loader.finish();
  } catch (error) {
    await loader.abandon();
    throw error;
  } finally {
    options.target.close();
  }
}

function isTable(data: unknown): data is Table {
  return data instanceof Table;
}

/** A column of the Arrow data as it is brought in. */
export interface Column extends ColumnPlan {
  readonly name: string;
  /** What the column means: what `schema` asks for, else what Arrow says. */
  readonly meaning: LogicalType;
  readonly nullable: boolean;
}

/**
 * Settles the columns of Arrow data. `wanted`: the columns of the schema that the caller gave.
 * @throws {EngineError} `SCHEMA_MISMATCH`, `UNSUPPORTED_TYPE`.
 */
export function planColumns(fields: readonly ArrowField[], wanted?: readonly Field[]): Column[] {
  if (
    wanted !== undefined && fields.map((f) => f.name).join("\0") !== wanted.map((f) => f.name).join("\0")
  ) {
    throw mismatch(
      `The columns of the Arrow data are ${names(fields)}, where the schema says ${names(wanted)}.`,
    );
  }
  return fields.map((field, index) => {
    const want = wanted?.[index];
    const plan = planColumn(field, want?.type);
    const meaning = want?.type ?? meaningOf(field, plan.logical);
    if (!castsExactly(plan.logical, meaning)) {
      throw mismatch(
        `Column "${field.name}" is ${formatType(plan.logical)} in the Arrow data and can't be ` +
          `${formatType(meaning)}, as the schema says, without changing values.`,
      );
    }
    return { ...plan, name: field.name, meaning, nullable: want?.nullable ?? field.nullable };
  });
}

/** The SELECT over `from` that gives the columns their meaning. */
export function boundSelect(columns: readonly Column[], from: string): BoundSelect {
  const fields = columns.map(({ name, meaning, nullable }): Field => ({ name, type: meaning, nullable }));
  const items = columns.map(({ name, logical, meaning }) => {
    const column = quoteIdent(name);
    return sameType(logical, meaning) ? column : `CAST(${column} AS ${engineType(meaning)}) AS ${column}`;
  });
  return { sql: `SELECT ${items.join(", ")} FROM ${from}`, schema: { fields }, warnings: [] };
}

class TableLoader {
  readonly #options: ReadArrowOptions;
  readonly #table: string;
  #columns: readonly Column[] | undefined;
  #arrowSchema: ArrowSchema | undefined;
  #appender: engine.Appender | undefined;
  #chunk: engine.DataChunk | undefined;
  #batches = 0;

  constructor(options: ReadArrowOptions) {
    this.#options = options;
    this.#table = `${options.target.catalog}.main.${quoteIdent(options.name)}`;
  }

  /** Settles the columns by the first schema; every later one has to agree. */
  plan(schema: ArrowSchema): void {
    if (schema === this.#arrowSchema) return;
    const columns = planColumns(schema.fields, this.#options.schema?.fields);
    if (this.#columns === undefined) assertUnique(columns.map((column) => column.name));
    else assertSame(this.#columns, columns, this.#batches);
    this.#columns = columns;
    this.#arrowSchema = schema;
  }

  async append(batch: RecordBatch): Promise<void> {
    this.#batches++;
    this.plan(batch.schema);
    await this.#exclusive(async () => {
      this.#appender ??= await this.#create();
      this.#appendRows(batch.data as Data, batch.numRows);
    });
  }

  /** Calls of the engine's, with its errors typed; what the source of the batches throws stays what it is. */
  #exclusive(call: () => Promise<void>): Promise<void> {
    return this.#options.target.exclusive(async () => {
      try {
        await call();
      } catch (error) {
        throw toEngineError(error);
      }
    });
  }

  async #create(): Promise<engine.Appender> {
    const { connection, catalog, create } = this.#options.target;
    const columns = this.#columns!.map(({ name, logical }) => `${quoteIdent(name)} ${engineType(logical)}`);
    await duckdb.query(connection, `${create} ${this.#table} (${columns.join(", ")})`);
    const appender = duckdb.appender_create_ext(connection, catalog, "main", this.#options.name);
    const types = columns.map((_, index) => duckdb.appender_column_type(appender, index));
    this.#chunk = duckdb.create_data_chunk(types);
    return appender;
  }

  #appendRows(struct: Data, rows: number): void {
    const chunk = this.#chunk!;
    const columns = this.#columns!;
    for (let start = 0; start < rows;) {
      const count = rowsThatFit(struct, start, Math.min(VECTOR, rows - start));
      duckdb.data_chunk_reset(chunk);
      columns.forEach(({ name, write }, index) => {
        const data = struct.children[index]!;
        try {
          write(duckdb.data_chunk_get_vector(chunk, index), { data, start, count });
        } catch (error) {
          throw inColumn(error, name);
        }
      });
      duckdb.data_chunk_set_size(chunk, count);
      duckdb.append_data_chunk(this.#appender!, chunk);
      start += count;
    }
  }

  async finish(): Promise<BoundSelect> {
    const schema = this.#options.schema;
    if (this.#columns === undefined) {
      if (schema === undefined) {
        throw new EngineError("NO_SCHEMA", "There is no Arrow record batch, so the columns are not known.", {
          hint: "give the schema, or at least one batch without rows",
        });
      }
      assertUnique(schema.fields.map((field) => field.name));
      this.#columns = schema.fields.map((field) => ({
        name: field.name,
        logical: field.type,
        meaning: field.type,
        nullable: field.nullable,
        write: () => {},
      }));
    }
    await this.#exclusive(async () => {
      this.#appender ??= await this.#create();
      duckdb.appender_close_sync(this.#appender);
    });
    return boundSelect(this.#columns, this.#table);
  }

  /** Gives up: what is not written yet is dropped, then the table. */
  async abandon(): Promise<void> {
    const appender = this.#appender;
    if (appender === undefined) return;
    try {
      await this.#exclusive(async () => {
        duckdb.appender_clear(appender);
        duckdb.appender_close_sync(appender);
        await duckdb.query(this.#options.target.connection, `DROP TABLE IF EXISTS ${this.#table}`);
      });
    } catch (error) {
      // Inside a transaction that has failed nothing can be dropped: its rollback does it.
      if (!(error instanceof EngineError)) throw error;
    }
  }
}

/** Halves the rows until their texts fit into one vector. */
export function rowsThatFit(struct: Data, start: number, count: number): number {
  let rows = count;
  while (rows > 1 && struct.children.some((child) => textBytes(child, start, rows) > VECTOR_BYTES)) {
    rows >>= 1;
  }
  return rows;
}

function textBytes(data: Data, start: number, count: number): number {
  const offsets = data.valueOffsets as unknown as Int32Array | BigInt64Array | undefined;
  if (offsets === undefined) {
    return data.children.reduce(
      (sum, child) => sum + (child.length === data.length ? textBytes(child, start, count) : 0),
      0,
    );
  }
  if (offsets.length <= start + count) return 0;
  const from = Number(offsets[start]!);
  const length = Number(offsets[start + count]!) - from;
  return data.children.length === 0 ? length : length * 16 + textBytes(data.children[0]!, from, length);
}

export function assertSame(first: readonly Column[], now: readonly Column[], batch: number): void {
  const text = (columns: readonly Column[]) => columns.map((c) => `${c.name}: ${formatType(c.meaning)}`);
  const [before, after] = [text(first), text(now)];
  const index = Array.from({ length: Math.max(before.length, after.length) }, (_, i) => i)
    .find((i) => before[i] !== after[i] || !sameType(first[i]!.logical, now[i]!.logical));
  if (index === undefined) return;
  throw mismatch(
    `Arrow record batch ${batch} has the column ${after[index] ?? "(none)"} where the first has ` +
      `${before[index] ?? "none"}.`,
  );
}

function mismatch(message: string): EngineError {
  return new EngineError("SCHEMA_MISMATCH", message, {
    hint: "all batches of a stream need the columns and types that its schema says",
  });
}

function names(fields: readonly { readonly name: string }[]): string {
  const shown = fields.slice(0, 20).map((field) => field.name).join(", ");
  return fields.length > 20 ? `${shown}, … (${fields.length})` : shown;
}

export function inColumn(error: unknown, column: string): unknown {
  if (!(error instanceof EngineError)) return error;
  return new EngineError(error.code, `Column "${column}": ${error.message}`, {
    hint: error.hint,
    context: { ...error.context, column },
  });
}
