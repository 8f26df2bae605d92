/** Finding the rows that a destination refuses, by bisection, and keeping them in the dead letter file. */
import {
  type Batch,
  ConnectorError,
  type DataLoaderError,
  EngineError,
  type Load,
  quoteIdent,
  quoteLiteral,
  type Session,
  TransformError,
} from "../sdk/mod.ts";
import type { Redactor } from "../secrets/mod.ts";
import type { Conformed } from "./conform.ts";
import { type DeadLetterBatch, type DeadLetterRow, writeDeadLetter } from "./dead_letter.ts";
import { asError, isRowFault } from "./failure.ts";

/** Most rows set aside in one batch where `runtime.dead_letter.max_rows` says nothing: more is a wrong recipe, not bad rows. */
const DEFAULT_MAX_ROWS = 1_000;

export interface RejectRequest {
  /** The batch as the source gave it. */
  readonly input: Batch;
  readonly load: Load;
  /** What the load has refused the whole batch with. */
  readonly error: DataLoaderError;
  readonly session: Session;
  readonly deadLetter: { readonly path: string; readonly maxRows?: number };
  readonly identity: Pick<DeadLetterBatch, "recipe" | "resource" | "position" | "state">;
  /** Runs the recipe's steps over a batch. */
  readonly apply: (batch: Batch) => Promise<Conformed>;
  readonly signal: AbortSignal;
  readonly redactor: Redactor;
}

export interface RejectResult {
  readonly accepted: Conformed;
  readonly rejected: number;
  readonly firstError: DataLoaderError;
}

/**
 * Splits a batch into rows that load and rows that don't. The source is read once more, into a temporary table; then
 * halves, or what is before and after the row that the destination names, are tried and rolled back, always together with the rows found good so far (two rows may be good alone and
 * refused together), until each bad row stands alone. k bad rows among n cost about 2·k·log₂(n) tries.
 * The dead letter file is written before the rows are: a replay of the batch replaces its own lines.
 */
export async function rejectRows(request: RejectRequest): Promise<RejectResult> {
  const { session, input } = request;
  const spool = session.temporaryName("spool");
  // Not DuckDB's own `rowid`: a source may have a column of that name.
  const id = quoteIdent(session.temporaryName("row"));
  await session.run(
    `CREATE TEMP TABLE ${
      quoteIdent(spool)
    } AS SELECT *, row_number() OVER () - 1 AS ${id} FROM (${input.sql})`,
  );
  const search = new Search(request, { spool, id });
  const rows = await search.count();
  await search.split(0, rows, request.error);
  const { bad } = search;
  if (bad.length === 0) {
    throw new EngineError(
      "NOT_REPRODUCED",
      "A batch was refused as a whole, but each of its rows is taken.",
      {
        hint:
          "run it again; if it stays so, the rows conflict with each other in a way the destination does not name",
        retryable: true,
      },
    );
  }
  await writeDeadLetter(request.deadLetter.path, {
    ...request.identity,
    redactor: request.redactor,
    rows: await search.content(),
  });
  return {
    accepted: await request.apply(await search.relation("TRUE")),
    rejected: bad.length,
    firstError: bad[0]!.error,
  };
}

interface BadRow {
  readonly row: number;
  readonly error: DataLoaderError;
}

class Search {
  readonly bad: BadRow[] = [];
  readonly #request: RejectRequest;
  readonly #spool: string;
  /** The column with the row's number in the batch, from 0. */
  readonly #id: string;
  readonly #columns: string;

  constructor(request: RejectRequest, { spool, id }: { spool: string; id: string }) {
    this.#request = request;
    this.#spool = spool;
    this.#id = id;
    this.#columns = request.input.columns.map(quoteIdent).join(", ");
  }

  async count(): Promise<number> {
    const [row] = await this.#request.session.query<{ n: bigint }>(
      `SELECT count(*) AS n FROM ${quoteIdent(this.#spool)}`,
    );
    return Number(row!.n);
  }

  /** Settles the rows `from` (inclusive) to `to` (exclusive). Called in row order. `known`: what all of them are refused with. */
  async split(from: number, to: number, known?: DataLoaderError): Promise<void> {
    if (from >= to) return;
    // One row is tried also where it is the whole batch: only that proves it.
    const error = to - from > 1 && known !== undefined ? known : await this.#try(to);
    if (error === undefined) return;
    if (to - from === 1) {
      this.bad.push({ row: from, error: await this.#named(error, from) });
      const most = this.#request.deadLetter.maxRows ?? DEFAULT_MAX_ROWS;
      if (this.bad.length > most) throw tooMany(most, this.bad[0]!.error);
      return;
    }
    const suspect = this.#suspect(error);
    if (suspect !== undefined && suspect >= from && suspect < to) {
      await this.split(from, suspect);
      await this.split(suspect, suspect + 1);
      await this.split(suspect + 1, to);
    } else {
      const middle = from + Math.floor((to - from) / 2);
      await this.split(from, middle);
      await this.split(middle, to);
    }
  }

  /**
   * The row that the destination names, where it does. It is only where to split, so that a wrong guess, such as after a step that
   * drops rows, costs tries and nothing else.
   */
  #suspect(error: DataLoaderError): number | undefined {
    const { row } = error.context;
    if (typeof row !== "number") return undefined;
    // The bad rows found so far, all before it, were not in the batch.
    let index = row - 1;
    for (const { row: bad } of this.bad) if (bad <= index) index++;
    return index;
  }

  /** The rows of the spool that satisfy `condition`, without the bad ones, in order. */
  async relation(condition: string): Promise<Batch> {
    const without = this.bad.length === 0
      ? ""
      : ` AND ${this.#id} NOT IN (${this.bad.map((b) => b.row).join(", ")})`;
    return await this.#request.session.relation(
      `SELECT ${this.#columns} FROM ${
        quoteIdent(this.#spool)
      } WHERE ${condition}${without} ORDER BY ${this.#id}`,
      this.#request.input.metadata,
    );
  }

  /** The bad rows as the source gave them. */
  async content(): Promise<DeadLetterRow[]> {
    const ids = this.bad.map((b) => b.row).join(", ");
    const rows = await this.#request.session.query<{ id: bigint; content: string }>(
      `SELECT ${this.#id} AS id, CAST(to_json(t) AS VARCHAR) AS content FROM ` +
        `(SELECT ${this.#id}, {${this.#structFields()}} AS t FROM ${
          quoteIdent(this.#spool)
        } WHERE ${this.#id} IN (${ids})) ORDER BY 1`,
    );
    const content = new Map(rows.map((row) => [Number(row.id), row.content]));
    return this.bad.map(({ row, error }) => ({ row: row + 1, error, content: content.get(row)! }));
  }

  #structFields(): string {
    return this.#request.input.columns.map((name) => `${quoteLiteral(name)}: ${quoteIdent(name)}`).join(", ");
  }

  /** The error with step, column and value, where a step's value is at fault. */
  async #named(error: DataLoaderError, row: number): Promise<DataLoaderError> {
    const alone = await this.#request.apply(await this.relation(`${this.#id} = ${row}`));
    const found = await alone.diagnose(error);
    if (found === undefined) return renumbered(error, row + 1);
    // Looked at alone it was row 1.
    const Found = found instanceof TransformError ? TransformError : ConnectorError;
    return new Found(found.code, found.message.replace(", row 1", `, row ${row + 1}`), {
      hint: found.hint,
      context: { ...found.context, row: row + 1 },
      location: found.location,
      cause: error,
    });
  }

  async #try(to: number): Promise<DataLoaderError | undefined> {
    this.#request.signal.throwIfAborted();
    try {
      const applied = await this.#request.apply(await this.relation(`${this.#id} < ${to}`));
      await this.#request.load.probe!(applied.batch, { changes: applied.changes });
      return undefined;
    } catch (cause) {
      const error = asError(cause, this.#request.signal);
      if (!isRowFault(error)) throw error;
      return error;
    }
  }
}

/** The destination counts the rows that it was sent, which were without the bad ones before. */
function renumbered(error: DataLoaderError, row: number): DataLoaderError {
  const named = error.context.row;
  if (typeof named !== "number" || named === row) return error;
  const message = error.message.replace(`row ${named} of the batch`, `row ${row} of the batch`);
  return new ConnectorError(error.code, message, {
    hint: error.hint,
    context: { ...error.context, row },
    location: error.location,
    cause: error.cause,
  });
}

function tooMany(most: number, first: DataLoaderError): EngineError {
  return new EngineError(
    "TOO_MANY_REJECTED",
    `More than ${most} rows of one batch were refused: ${first.message}`,
    {
      hint: "mend the recipe or the data, or raise runtime.dead_letter.max_rows",
      context: { code: first.code, message: first.message },
      cause: first,
    },
  );
}
