/**
 * Incremental reading of a server: the strategies `cursor`, `timestamp` and `watermark` of DESIGN §7, with the work left
 * where the index is. Rows come in batches; the position of each passes only rows that it and those before it hold.
 */
import type { RecordBatch } from "apache-arrow";
import {
  type Batch,
  type Incremental,
  type JsonObject,
  type OpenContext,
  type ReadDescription,
  type ReadRequest,
  type SourceBatch,
  type SourceState,
} from "../../sdk/mod.ts";
import {
  type Boundary,
  BOUNDARY_LIMIT,
  boundaryToJson,
  countHashes,
  type Multiset,
  readBoundary,
} from "./boundary.ts";
import { describeColumns, typedLiteral } from "./cursor.ts";
import { advance, stateKey, withBoundary, withEntry, withoutBoundary } from "./position.ts";
import { newNullRows, newRowsAtLow } from "./seen.ts";
import {
  highest,
  serverBetween,
  type ServerBounds,
  serverBounds,
  type ServerRelation,
  type ServerValue,
  serverWatermark,
} from "./server_window.ts";
import type { Bounds } from "./window.ts";

export interface ServerRead {
  readonly context: OpenContext;
  readonly relation: ServerRelation;
  /** With `incremental`, whose strategy is `cursor`, `timestamp` or `watermark`. */
  readonly request: ReadRequest;
  /** The state after the last committed batch. */
  readonly state: SourceState;
  /** Put on each batch. */
  readonly metadata: JsonObject;
}

/** Rows of the main window, and what is known of them. */
interface Window {
  readonly where: string;
  readonly high: ServerValue;
  readonly bounds: ServerBounds;
}

/**
 * The rows after `state`, each batch with the state that holds once it is committed. No new rows, no batch.
 * @throws {ConnectorError} `CURSOR_COLUMN_MISSING`, `CURSOR_TYPE`, `CURSOR_TYPE_CHANGED`, `CURSOR_VALUE`, `CURSOR_NULL`,
 * `CURSOR_NOT_FINITE`, `BOUNDARY_TOO_LARGE`, before a row is handed out.
 */
export async function* readServerIncremental(read: ServerRead): AsyncGenerator<SourceBatch> {
  const { request, relation, context } = read;
  const incremental = request.incremental!;
  const bounds = await serverBounds(context.session, relation, {
    incremental,
    startedAt: request.startedAt,
    state: read.state,
  });
  const high = await highest(relation, bounds, incremental);
  const append = request.writeMode === "append";
  let state: SourceState = { ...read.state, checkpoints: [] };

  if (incremental.onNull === "include" && bounds.cursor.nullable) {
    const nulls = await nullRows(read, bounds, state);
    if (nulls !== undefined) {
      state = nulls.state;
      yield nulls;
    }
  }
  if (incremental.strategy === "watermark") {
    const end = await serverWatermark(relation, bounds, high);
    if (end === undefined) return;
    const where = serverBetween({ ...bounds, below: [] }, [`${bounds.sql} < ${end.sql}`]);
    const window = { where, high: end, bounds };
    if (append) yield* atOnce(read, window, state);
    else yield* batchByBatch(read, window, state);
    return;
  }
  if (append && bounds.last !== undefined) {
    const late = await lateRows(read, bounds, state);
    if (late !== undefined) {
      state = late.state;
      yield late;
    }
  }
  if (high === undefined) return;
  const upTo = `${bounds.sql} <= ${high.sql}`;
  // Rows at the last value have been dealt with row by row.
  const above = append && bounds.last !== undefined ? [`${bounds.sql} > ${bounds.last.sql}`, upTo] : [upTo];
  const low = append && bounds.last !== undefined ? undefined : bounds.low;
  yield* batchByBatch(read, { where: serverBetween({ ...bounds, low }, above), high, bounds }, state);
}

/** Whether a run that was cut off can be gone on with: not in the middle of rows that come in no order. */
export function canResumeServer(request: ReadRequest, state: SourceState): boolean {
  return request.writeMode !== "overwrite" || state.checkpoints.length === 0;
}

/** What is between the ends as one batch, for a position that can't stand in the middle of it. */
async function* atOnce(read: ServerRead, window: Window, state: SourceState): AsyncGenerator<SourceBatch> {
  const { high, bounds } = window;
  yield {
    batch: await spooled(read, window.where),
    state: advance(state, bounds.column.type, { incremental: read.request.incremental!, high: high.text }),
    label: `${bounds.column.name} < ${high.text}`,
  };
}

/** The rows of a condition, brought into the embedded engine as a whole. */
async function spooled(read: ServerRead, where: string): Promise<Batch> {
  async function* batches(): AsyncGenerator<RecordBatch> {
    for await (const part of read.relation.rows(where)) yield* part.batches;
  }
  const { schema } = read.relation;
  return await read.context.session.fromArrow(batches(), { schema, metadata: read.metadata });
}

/**
 * The main window. Where it is read in order, each batch moves the cursor to its last row; what of that value it holds is
 * kept for appends. In no order, only the last batch moves it, and a run that is cut off reads the window again.
 */
async function* batchByBatch(
  read: ServerRead,
  window: Window,
  from: SourceState,
): AsyncGenerator<SourceBatch> {
  const { request, relation, context } = read;
  const incremental = request.incremental!;
  const { bounds, high } = window;
  const append = request.writeMode === "append";
  const ordered = append || incremental.order === "asc";
  const moving = ordered && incremental.strategy !== "watermark";
  const partial = [{ run_id: request.runId, read: "part of a window" }];
  let boundary: { value: string; known: Boundary } | undefined;
  let state = from;
  let held: { batch: Batch; rows: number } | undefined;
  for await (const part of relation.rows(window.where, ordered ? bounds.sql : undefined)) {
    if (held !== undefined) yield give(held, { ...state, checkpoints: partial });
    const batch = await context.session.fromArrow(part.batches, {
      schema: relation.schema,
      metadata: read.metadata,
      inPlace: true,
    });
    held = { batch, rows: part.rows };
    if (!moving) continue;
    const value = await lastCursor(read, batch, bounds);
    state = advance(from, bounds.column.type, { incremental, high: value });
    if (append) {
      boundary = await boundaryAt(read, batch, { bounds, value, before: boundary });
      state = withBoundary(state, incremental, { value, boundary: boundaryToJson(boundary.known) });
    } else state = withoutBoundary(state, incremental);
  }
  if (held === undefined) return;
  yield give(held, await finalState());

  function give(of: { batch: Batch }, state: SourceState): SourceBatch {
    const sign = incremental.strategy === "watermark" ? "<" : "<=";
    return { batch: of.batch, state, label: `${bounds.column.name} ${sign} ${high.text}` };
  }

  async function finalState(): Promise<SourceState> {
    if (append) return state;
    const moved = advance(from, bounds.column.type, { incremental, high: high.text });
    if (incremental.strategy === "watermark") return moved;
    if (request.writeMode === "merge") return withoutBoundary(moved, incremental);
    // An append may follow: it has to know the rows at the last value.
    const rows = await spooled(read, `${bounds.sql} = ${high.sql}`);
    const known = await readBoundary(
      context.session,
      rows.sql,
      await describeColumns(context.session, rows.sql),
    );
    await context.session.release(rows);
    return withBoundary(moved, incremental, { value: high.text, boundary: boundaryToJson(known) });
  }
}

/** The cursor of the last row of a batch, as text. */
async function lastCursor(read: ServerRead, batch: Batch, { column }: ServerBounds): Promise<string> {
  const [row] = await read.context.session.query<{ value: string }>(
    `SELECT CAST(last(${column.sql}) AS VARCHAR) AS value FROM (${batch.sql})`,
  );
  return row!.value.replace(/ \(BC\)/, " BC");
}

/** What is loaded at a value once the batch is: its own rows, and those of the batches before that end at the same value. */
async function boundaryAt(
  read: ServerRead,
  batch: Batch,
  at: { bounds: ServerBounds; value: string; before?: { value: string; known: Boundary } },
): Promise<{ value: string; known: Boundary }> {
  const { session } = read.context;
  const { column } = at.bounds;
  const last = session.temporaryName("last");
  const select =
    `SELECT r.* FROM (${batch.sql}) AS r WHERE r.${column.sql} = (SELECT last(${column.sql}) AS ${last} ` +
    `FROM (${batch.sql}))`;
  const known = await readBoundary(session, select, await describeColumns(session, batch.sql));
  const before = at.before?.value === at.value ? at.before.known : undefined;
  return { value: at.value, known: before === undefined ? known : added(before, known) };
}

/** Rows loaded before and rows loaded now, which are others. */
function added(before: Boundary, now: Boundary): Boundary {
  const count = (known: Boundary) =>
    known.hashes === undefined ? known.overflow ?? 0 : countHashes(known.hashes);
  const rows = count(before) + count(now);
  if (before.hashes === undefined || now.hashes === undefined || rows > BOUNDARY_LIMIT) {
    return { columns: now.columns, overflow: rows };
  }
  const all = new Map(before.hashes as Multiset);
  for (const [hash, times] of now.hashes) all.set(hash, (all.get(hash) ?? 0) + times);
  return { columns: now.columns, hashes: all };
}

/** Rows at the last run's value that were not loaded then; undefined where there are none. */
async function lateRows(
  read: ServerRead,
  bounds: ServerBounds,
  state: SourceState,
): Promise<SourceBatch | undefined> {
  const { context, request } = read;
  const incremental = request.incremental!;
  const last = bounds.last!;
  const where = [`${bounds.sql} = ${last.sql}`, ...bounds.below.map((end) => `${bounds.sql} < ${end}`)].join(
    " AND ",
  );
  const rows = await spooled(read, where);
  const seen = { session: context.session, relation: rows.sql, request };
  const fresh = await newRowsAtLow(seen, await engineBounds(read, rows, { bounds, last: last.text }), state);
  if (fresh === undefined) {
    await context.session.release(rows);
    return undefined;
  }
  return {
    batch: await context.session.relation(fresh.select, read.metadata),
    state: withBoundary(state, incremental, { value: last.text, boundary: boundaryToJson(fresh.boundary) }),
    label: `${bounds.column.name} = ${last.text}`,
  };
}

/** Rows without a cursor: with `append` those that were not loaded before, else all of them. */
async function nullRows(
  read: ServerRead,
  bounds: ServerBounds,
  state: SourceState,
): Promise<SourceBatch | undefined> {
  const { context, request } = read;
  const incremental = request.incremental!;
  const rows = await spooled(read, `${bounds.sql} IS NULL`);
  const label = `${bounds.column.name} is NULL`;
  const { session } = context;
  if (await rows.rowCount() === 0) {
    await session.release(rows);
    return undefined;
  }
  if (request.writeMode !== "append") return { batch: rows, state, label };
  const seen = { session, relation: rows.sql, request };
  const fresh = await newNullRows(seen, await engineBounds(read, rows, { bounds }), state);
  if (fresh === undefined) {
    await session.release(rows);
    return undefined;
  }
  return {
    batch: await session.relation(fresh.select, read.metadata),
    state: withEntry(state, "null_rows", { [stateKey(incremental)]: boundaryToJson(fresh.boundary) }),
    label,
  };
}

/** The ends as they are over rows that were brought into the embedded engine. */
async function engineBounds(
  read: ServerRead,
  rows: Batch,
  of: { bounds: ServerBounds; last?: string },
): Promise<Bounds> {
  const columns = await describeColumns(read.context.session, rows.sql);
  const column = columns.find((each) => each.name === of.bounds.column.name)!;
  const lastSql = of.last === undefined ? undefined : typedLiteral(of.last, column.type);
  return {
    column: { ...of.bounds.column, type: column.type },
    columns,
    // The rows have been picked by the server, so that here any of them is at the last value.
    ...(lastSql === undefined
      ? {}
      : { low: { sql: lastSql, text: of.last!, last: of.last!, lastSql: `r.${of.bounds.column.sql}` } }),
    below: [],
  };
}

/**
 * What `readServerIncremental` would do, without looking at the rows.
 * @throws {ConnectorError} where the cursor column is missing or can't be a cursor.
 */
export async function describeServerIncremental(
  read: ServerRead,
): Promise<Pick<ReadDescription, "statements" | "resumesFrom" | "warnings"> & { where: string }> {
  const { request, relation, context } = read;
  const incremental = request.incremental!;
  const bounds = await serverBounds(context.session, relation, {
    incremental,
    startedAt: request.startedAt,
    state: read.state,
  });
  const condition = serverBetween(bounds);
  const where = incremental.onNull === "include" ? `(${condition}) OR ${bounds.sql} IS NULL` : condition;
  const number = bounds.watermark === undefined && incremental.strategy === "watermark";
  return {
    where,
    statements: [relation.select(where, orderOf(incremental, request, bounds))],
    resumesFrom: bounds.low === undefined ? undefined : `${bounds.column.name} >= ${bounds.low.text}`,
    warnings: number
      ? [
        `Rows with the highest ${bounds.column.name} are read once a higher one is there: the upper bound is exclusive.`,
      ]
      : [],
  };
}

function orderOf(incremental: Incremental, request: ReadRequest, bounds: ServerBounds): string | undefined {
  return request.writeMode === "append" || incremental.order === "asc" ? bounds.sql : undefined;
}
