/** Reading whole: a table in ranges of its blocks over several connections, anything else as one stream. */
import type { RecordBatch } from "apache-arrow";
import {
  ConnectorError,
  EMPTY_SOURCE_STATE,
  type Json,
  type JsonObject,
  type OpenContext,
  type ReadRequest,
  type Schema,
  type Session,
  type SourceBatch,
  type SourceState,
} from "../../sdk/mod.ts";
import { Handover } from "../_sql/handover.ts";
import { Blocks, blocksOf, type Range, rangeCondition, rangesOf } from "./blocks.ts";
import { BLOCK_BYTES, type Relation } from "./catalog.ts";
import { CopyReader, type SliceTarget } from "./copy_out.ts";
import type { PgConnection } from "./connection.ts";
import type { ReadColumn } from "./read_types.ts";
import type { Snapshot } from "./snapshot.ts";

/** Batches that wait for the destination, beside the one it writes and the one each connection reads. */
const READ_AHEAD = 1;
/** Bytes of a batch at most, as they come from the server: fewer rows then. */
export const BATCH_BYTES = 24 << 20;
/** A connection pays from so many blocks of a table on, and reads as many at a time: 64 MB. */
const BLOCKS_PER_CONNECTION = 8_192;
/** The first version that reads a range of ctids without reading the whole table. */
const TID_RANGE_SCAN = 140_000;

/** What is read: a table or a query. */
export interface ReadTarget {
  /** For people, and in the state: `public.orders`, `query`. */
  readonly name: string;
  /** To stand after FROM. */
  readonly from: string;
  readonly columns: readonly ReadColumn[];
  readonly schema: Schema;
  /** Undefined for a query. */
  readonly relation?: Relation;
  /** Server, database and table: what a load into the same one is told by. Undefined for a query. */
  readonly place?: string;
}

export interface WholeRead {
  readonly context: OpenContext;
  readonly target: ReadTarget;
  readonly snapshot: Snapshot;
  readonly request: ReadRequest;
  readonly state: SourceState;
}

/** Rows that make one batch. */
interface Item {
  readonly batches: readonly RecordBatch[];
  readonly rows: number;
  readonly range?: Range;
}

/** True where the table can be read in ranges, and so by several connections and from where a run was cut off. */
export function hasRanges(target: ReadTarget, connection: PgConnection): boolean {
  const { relation } = target;
  return relation !== undefined && ["r", "m"].includes(relation.kind) && !relation.hasChildren &&
    connection.version >= TID_RANGE_SCAN;
}

export function selectOf(target: ReadTarget, where?: string, more: readonly string[] = []): string {
  const columns = [...target.columns.map((column) => column.select), ...more].join(", ");
  return `SELECT ${columns} FROM ${target.from}${where === undefined ? "" : ` WHERE ${where}`}`;
}

/** All rows, in any order. An empty source gives one batch without rows, so that its table is there. */
export async function* readWhole(read: WholeRead): AsyncGenerator<SourceBatch> {
  if (hasRanges(read.target, read.snapshot.first)) yield* readRanges(read);
  else if (read.request.writeMode === "append") yield* readAtOnce(read);
  else yield* readStream(read);
}

/** What a run that was cut off has read, as the state says. */
interface Checkpoint {
  readonly done: readonly Range[];
  readonly rows: number;
  readonly file: number;
  readonly before: string;
  readonly columns: readonly string[];
}

function checkpointOf(read: WholeRead): Checkpoint | "complete" | undefined {
  const found = read.state.checkpoints.find((entry) =>
    entry.run_id === read.request.runId && entry.read === read.target.name
  );
  if (found === undefined) return undefined;
  if (found.complete === true) return "complete";
  const done = rangesOf(found.done);
  if (done === undefined) return undefined;
  return {
    done,
    rows: Number(found.rows),
    file: Number(found.file),
    before: String(found.before),
    columns: Array.isArray(found.columns) ? found.columns.map(String) : [],
  };
}

/**
 * Whether reading can go on from what a run that was cut off has read, so that the rows are those of one moment: nothing
 * of it has changed since.
 */
export async function canResume(read: WholeRead): Promise<boolean> {
  const checkpoint = checkpointOf(read);
  if (checkpoint === undefined) return read.state.checkpoints.length === 0;
  if (checkpoint === "complete") return true;
  return hasRanges(read.target, read.snapshot.first) && await isUnchanged(read, checkpoint);
}

/**
 * The rows that were read are still there, and no others among them: their number is the same, and each was written
 * before any transaction that was under way then. Rows that are updated are written anew, wherever they lie.
 */
async function isUnchanged(read: WholeRead, checkpoint: Checkpoint): Promise<boolean> {
  const { relation, columns } = read.target;
  const sameColumns = columns.map(signature).join() === checkpoint.columns.join();
  if (relation!.file !== checkpoint.file || !sameColumns) return false;
  if (checkpoint.done.length === 0) return true;
  // Transaction numbers wrap around at 2^32; below 3 are those that are older than all others.
  const old = `(xmin::text::int8 < 3 OR (xmin::text::int8 - ${BigInt(checkpoint.before) % 4294967296n} ` +
    `+ 4294967296) % 4294967296 >= 2147483648)`;
  const parts = checkpoint.done.map((range) =>
    `SELECT count(*) AS n, count(*) FILTER (WHERE NOT ${old}) AS strange FROM ${read.target.from} WHERE ${
      rangeCondition(range)
    }`
  );
  const [row] = await read.snapshot.first.query<{ n: string; strange: string }>(
    `SELECT sum(n)::text AS n, sum(strange)::text AS strange FROM (${parts.join(" UNION ALL ")}) AS p`,
  );
  return Number(row!.n) === checkpoint.rows && Number(row!.strange) === 0;
}

function signature(column: ReadColumn): string {
  return `${column.name} ${column.serverType}`;
}

async function* readRanges(read: WholeRead): AsyncGenerator<SourceBatch> {
  const { target, request, snapshot } = read;
  const relation = target.relation!;
  const checkpoint = checkpointOf(read);
  if (checkpoint === "complete") return;
  const resumes = checkpoint !== undefined && await isUnchanged(read, checkpoint);
  if (checkpoint !== undefined && !resumes && request.writeMode === "append") throw changed(read, checkpoint);
  const done = resumes ? checkpoint.done : [];
  const before = resumes ? checkpoint.before : await snapshot.oldestTransaction();
  const wanted = Math.ceil(new Blocks(relation.blocks, { done, size: 1 }).left / BLOCKS_PER_CONNECTION);
  const connections = await snapshot.connections(Math.max(1, Math.min(request.parallelism, wanted)));
  const size = connections.length === 1 ? relation.blocks : BLOCKS_PER_CONNECTION;
  const blocks = new Blocks(relation.blocks, { done, size });
  const handover = new Handover<Item>({
    most: READ_AHEAD,
    producers: connections.length,
    signal: read.context.signal,
  });
  const share = new Share();
  for (const connection of connections) {
    const reader = new CopyReader(connection, target.columns, { places: true });
    void readWith(reader, { target, blocks, handover, request, share, session: read.context.session });
  }
  let rows = resumes ? checkpoint.rows : 0;
  let given = resumes;
  for await (const item of handover) {
    rows += item.rows;
    const ranges = blocks.finish(item.range!);
    const bytesToCome = Math.max(
      0,
      relation.blocks - ranges.reduce((sum, range) => sum + blocksOf(range), 0),
    ) *
      BLOCK_BYTES;
    if (item.rows === 0) continue;
    const bytes = Math.ceil(blocksOf(item.range!)) * BLOCK_BYTES;
    given = true;
    yield await batchOf(read, item, {
      entry: {
        done: ranges.map((range): Json => [...range]),
        rows,
        file: relation.file,
        before,
        columns: target.columns.map(signature),
      },
      bytes,
      bytesToCome: bytesToCome + bytes,
    });
  }
  if (!given) yield await batchOf(read, { batches: [], rows: 0 }, { entry: { complete: true } });
}

async function readWith(
  reader: CopyReader,
  from: {
    target: ReadTarget;
    blocks: Blocks;
    handover: Handover<Item>;
    request: ReadRequest;
    share: Share;
    session: Session;
  },
): Promise<void> {
  const { target, blocks, handover, request, share, session } = from;
  const part = share.part();
  try {
    for (;;) {
      const range = handover.failed ? undefined : blocks.next();
      if (range === undefined) break;
      let at = range[0];
      const cut = cutInto(request.batchSize, {
        grows: (bytes) => part.grow(bytes),
        room: () => handover.room() ?? part.wait() ?? session.scanEnds?.(),
        put: ({ batches, rows, place }) => {
          handover.put({ batches, rows, range: [at, place! + 1] });
          at = place! + 1;
          part.give();
        },
      });
      await reader.copy(selectOf(target, rangeCondition(range), ["ctid"]), cut.target, {
        doing: `Reading ${target.name}`,
      });
      cut.flush();
      // Nothing is left beyond the last row.
      handover.put({ batches: [], rows: 0, range: [at, range[1]] });
    }
    handover.end();
  } catch (error) {
    handover.fail(error);
  } finally {
    part.give();
  }
}

/** What several connections may hold together of batches that are not whole yet, beside the one that is furthest. */
const SHARED_BYTES = 8 << 20;

/** Sees to that. Above it only the one that is furthest goes on, so that one of them is always done. */
class Share {
  readonly #held: number[] = [];
  #given = Promise.withResolvers<void>();

  part(): { grow(bytes: number): void; give(): void; wait(): Promise<void> | undefined } {
    const own = this.#held.push(0) - 1;
    return {
      grow: (bytes) => void (this.#held[own]! += bytes),
      give: () => {
        this.#held[own] = 0;
        this.#given.resolve();
        this.#given = Promise.withResolvers();
      },
      wait: () => {
        const all = this.#held.reduce((sum, held) => sum + held, 0);
        const furthest = this.#held.indexOf(Math.max(...this.#held)) === own;
        return all < SHARED_BYTES || furthest ? undefined : this.#given.promise;
      },
    };
  }
}

interface Cut {
  readonly batches: readonly RecordBatch[];
  readonly rows: number;
  readonly place?: number;
}

/** Collects slices until they make a batch. `flush` gives what is left. */
function cutInto(
  batchSize: number,
  to: { put(cut: Cut): void; room(): Promise<void> | undefined; grows?(bytes: number): void },
): { target: SliceTarget; flush(): void } {
  let batches: RecordBatch[] = [];
  let rows = 0;
  let bytes = 0;
  let place: number | undefined;
  const flush = () => {
    if (rows === 0) return;
    const cut = { batches, rows, place };
    batches = [];
    rows = bytes = 0;
    to.put(cut);
  };
  const target: SliceTarget = {
    take: (slice) => {
      batches.push(slice.batch);
      rows += slice.batch.numRows;
      bytes += slice.bytes;
      place = slice.place;
      to.grows?.(slice.bytes);
      if (rows >= batchSize || bytes >= BATCH_BYTES) flush();
    },
    limit: () => batchSize - rows,
    room: to.room,
  };
  return { target, flush };
}

function changed(read: WholeRead, checkpoint: Checkpoint): ConnectorError {
  return new ConnectorError(
    "SOURCE_CHANGED",
    `A run that was cut off has appended ${checkpoint.rows} rows of ${read.target.name}, which was changed since: which ` +
      `rows are still missing can't be told.`,
    {
      hint:
        "delete the rows it has appended, reset the state (dataloader state reset) and run again; overwrite, merge and " +
        "incremental reads go on by themselves",
      context: { table: read.target.name, rows: checkpoint.rows },
    },
  );
}

/** Rows that can't be read again in parts, for a destination that only adds: one batch, so that it is all or nothing. */
async function* readAtOnce(read: WholeRead): AsyncGenerator<SourceBatch> {
  if (checkpointOf(read) === "complete") return;
  const { context, target } = read;
  async function* batches() {
    for await (const item of stream(read, selectOf(target))) yield* item.batches;
  }
  yield {
    batch: await context.session.fromArrow(batches(), {
      schema: target.schema,
      metadata: metadataOf(target),
    }),
    state: stateWith(read, { complete: true }),
    label: target.name,
  };
}

/** Rows batch by batch; a run that was cut off reads them all again. */
async function* readStream(read: WholeRead): AsyncGenerator<SourceBatch> {
  if (checkpointOf(read) === "complete") return;
  let rows = 0;
  let held: Item = { batches: [], rows: 0 };
  for await (const item of stream(read, selectOf(read.target))) {
    if (held.rows > 0) {
      rows += held.rows;
      yield await batchOf(read, held, { entry: { rows } });
    }
    held = item;
  }
  yield await batchOf(read, held, { entry: { rows: rows + held.rows, complete: true } });
}

/** The rows of a SELECT in order, cut into items. */
export async function* stream(
  read: {
    context?: Pick<OpenContext, "signal" | "session">;
    snapshot: Pick<Snapshot, "first">;
    target: Pick<ReadTarget, "name" | "columns">;
    request: Pick<ReadRequest, "batchSize">;
  },
  select: string,
): AsyncGenerator<Cut> {
  const handover = new Handover<Cut>({ most: READ_AHEAD, producers: 1, signal: read.context?.signal });
  const reader = new CopyReader(read.snapshot.first, read.target.columns);
  const cut = cutInto(read.request.batchSize, {
    room: () => handover.room() ?? read.context?.session.scanEnds?.(),
    put: ({ batches, rows }) => handover.put({ batches, rows }),
  });
  reader.copy(select, cut.target, { doing: `Reading ${read.target.name}` }).then(
    () => {
      cut.flush();
      handover.end();
    },
    (error) => handover.fail(error),
  );
  yield* handover;
}

export function metadataOf(target: ReadTarget): JsonObject {
  return { postgres: target.name, ...(target.place === undefined ? {} : { postgres_table: target.place }) };
}

async function batchOf(
  read: WholeRead,
  item: Item,
  with_: { entry: JsonObject; bytes?: number; bytesToCome?: number },
): Promise<SourceBatch> {
  const { context, target } = read;
  return {
    batch: await context.session.fromArrow(item.batches, {
      schema: target.schema,
      metadata: metadataOf(target),
      inPlace: true,
    }),
    state: stateWith(read, with_.entry),
    label: target.name,
    bytes: with_.bytes,
    bytesToCome: with_.bytesToCome,
  };
}

function stateWith(read: WholeRead, entry: JsonObject): SourceState {
  return {
    ...EMPTY_SOURCE_STATE,
    checkpoints: [{ run_id: read.request.runId, read: read.target.name, ...entry }],
  };
}
