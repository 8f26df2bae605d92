/**
 * Incremental reading over any relation of the embedded engine: the strategies `cursor`, `timestamp` and
 * `watermark` of DESIGN §7. The position of a batch is known before its rows are read, and a batch is the
 * relation with a WHERE around it, so that the engine can push the filter into the scan.
 */
import {
  type JsonObject,
  type ReadDescription,
  type ReadRequest,
  type Session,
  type SourceBatch,
  type SourceState,
} from "../../sdk/mod.ts";
import { boundaryToJson, readBoundary } from "./boundary.ts";
import { typedLiteral } from "./cursor.ts";
import { advance, stateKey, withBoundary, withEntry, withoutBoundary } from "./position.ts";
import { newNullRows, newRowsAtLow } from "./seen.ts";
import { between, type Bounds, findBounds, type Found, lookBetween } from "./window.ts";
import { watermarkHigh } from "./watermark.ts";

export { checkIncremental } from "./check.ts";
export { BOUNDARY_LIMIT } from "./boundary.ts";

/** What is read incrementally. */
export interface IncrementalRead {
  readonly session: Session;
  /** A SELECT. It is read more than once, and must give the same rows each time while the run lasts. */
  readonly relation: string;
  /** With `incremental`, whose strategy is `cursor`, `timestamp` or `watermark`. */
  readonly request: ReadRequest;
  /** The state after the last committed batch. */
  readonly state: SourceState;
  /** Put on each batch. */
  readonly metadata?: JsonObject;
  /** Bytes of the whole relation, where known. */
  readonly bytes?: number;
}

/**
 * The rows after `state`, each batch with the state that holds once it is committed. No new rows, no batch. With
 * `append` there are up to three batches: rows without a cursor value, rows that came late at the last value, and the
 * rows above it.
 * @throws {ConnectorError} `CURSOR_COLUMN_MISSING`, `CURSOR_TYPE`, `CURSOR_TYPE_CHANGED`, `CURSOR_VALUE`, `CURSOR_NULL`,
 * `CURSOR_NOT_FINITE`, `BOUNDARY_TOO_LARGE`, before a row is handed out.
 */
export async function* readIncremental(read: IncrementalRead): AsyncGenerator<SourceBatch> {
  const { session, relation, request } = read;
  const incremental = request.incremental!;
  const bounds = await findBounds(session, relation, {
    incremental,
    startedAt: request.startedAt,
    state: read.state,
  });
  const found = await lookBetween(session, relation, bounds, request);
  const append = request.writeMode === "append";
  const withNulls = incremental.onNull === "include" && found.nulls > 0;
  let state: SourceState = { ...read.state, checkpoints: [] };

  if (withNulls && append) {
    const fresh = await newNullRows(read, bounds, state);
    if (fresh !== undefined) {
      state = withEntry(state, "null_rows", { [stateKey(incremental)]: boundaryToJson(fresh.boundary) });
      yield await batch(read, fresh.select, { state, label: `${bounds.column.name} is NULL` });
    }
  }
  const pick = (condition: string) =>
    select(read, bounds, withNulls && !append ? orNull(bounds, condition) : condition);

  if (incremental.strategy === "watermark") {
    const high = await watermarkHigh(read, bounds, found);
    if (high === undefined) {
      if (withNulls && !append) yield await batch(read, pick("1 = 0"), { state });
      return;
    }
    const upTo = `${bounds.column.sql} < ${typedLiteral(high, bounds.column.type)}`;
    state = advance(state, bounds.column.type, { incremental, high });
    yield await batch(read, pick(between(bounds, upTo)), {
      state,
      label: `${bounds.column.name} < ${high}`,
      bytes: read.bytes,
    });
    return;
  }

  const late = append && bounds.low?.lastSql !== undefined && found.rows > found.above;
  if (late) {
    const fresh = await newRowsAtLow(read, bounds, state);
    if (fresh !== undefined) {
      state = withBoundary(state, incremental, {
        value: bounds.low!.last!,
        boundary: boundaryToJson(fresh.boundary),
      });
      yield await batch(read, fresh.select, { state, label: `${bounds.column.name} = ${bounds.low!.text}` });
    }
  }
  const fromLow = append && bounds.low?.lastSql !== undefined ? found.above : found.rows;
  if (fromLow === 0) {
    if (withNulls && !append) yield await batch(read, pick("1 = 0"), { state });
    return;
  }
  yield await cursorBatch(read, bounds, { found, state, pick });
}

/** The main batch of a cursor read: everything above the last value, up to the highest there is now. */
async function cursorBatch(
  read: IncrementalRead,
  bounds: Bounds,
  now: { found: Found; state: SourceState; pick: (condition: string) => string },
): Promise<SourceBatch> {
  const { column, low } = bounds;
  const { request, session } = read;
  const incremental = request.incremental!;
  const high = now.found.high!;
  const highSql = typedLiteral(high, column.type);
  const upTo = `${column.sql} <= ${highSql}`;
  const append = request.writeMode === "append";
  // Rows at the last value have been dealt with row by row.
  const condition = append && low?.lastSql !== undefined
    ? [`${column.sql} > ${low.lastSql}`, upTo, ...bounds.below.map((end) => `${column.sql} < ${end}`)].join(
      " AND ",
    )
    : between(bounds, upTo);
  let state = advance(now.state, bounds.column.type, { incremental, high });
  // merge applies the boundary rows again, whatever they are; any other mode may be followed by an append.
  const atHigh = `SELECT * FROM (${read.relation}) AS r WHERE r.${column.sql} = ${highSql}`;
  state = request.writeMode === "merge"
    ? withoutBoundary(state, incremental)
    : withBoundary(state, incremental, {
      value: high,
      boundary: boundaryToJson(await readBoundary(session, atHigh, bounds.columns)),
    });
  return await batch(read, now.pick(condition), {
    state,
    label: `${column.name} <= ${high}`,
    bytes: read.bytes,
  });
}

function select(read: IncrementalRead, bounds: Bounds, condition: string): string {
  const order = read.request.incremental!.order === "asc" ? ` ORDER BY r.${bounds.column.sql}` : "";
  return `SELECT * FROM (${read.relation}) AS r WHERE ${condition}${order}`;
}

function orNull(bounds: Bounds, condition: string): string {
  return `(${condition}) OR ${bounds.column.sql} IS NULL`;
}

async function batch(
  read: IncrementalRead,
  sql: string,
  of: { state: SourceState; label?: string; bytes?: number },
): Promise<SourceBatch> {
  return { batch: await read.session.relation(sql, read.metadata), ...of };
}

/**
 * What `readIncremental` would do, without looking at the rows.
 * @throws {ConnectorError} where the cursor column is missing or can't be a cursor.
 */
export async function describeIncremental(read: IncrementalRead): Promise<ReadDescription> {
  const { session, relation, request } = read;
  const incremental = request.incremental!;
  const bounds = await findBounds(session, relation, {
    incremental,
    startedAt: request.startedAt,
    state: read.state,
  });
  const { schema } = await session.relation(relation, read.metadata);
  const condition = between(bounds);
  const number = bounds.watermark === undefined && incremental.strategy === "watermark";
  return {
    schema,
    statements: [
      select(read, bounds, incremental.onNull === "include" ? orNull(bounds, condition) : condition),
    ],
    resumesFrom: bounds.low === undefined ? undefined : `${bounds.column.name} >= ${bounds.low.text}`,
    bytes: read.bytes,
    warnings: number
      ? [
        `Rows with the highest ${bounds.column.name} are read once a higher one is there: the upper bound is exclusive.`,
      ]
      : [],
  };
}
