/** Which of the rows at one cursor value are new, when the destination only appends. */
import {
  ConnectorError,
  quoteIdent,
  type ReadRequest,
  type Session,
  type SourceState,
} from "../../sdk/mod.ts";
import {
  type Boundary,
  BOUNDARY_LIMIT,
  boundaryFromState,
  countHashes,
  hashTable,
  mergeHashes,
  readBoundary,
  rowHash,
  rowsBeyond,
} from "./boundary.ts";
import { describeColumns, type TypedColumn } from "./cursor.ts";
import { stateKey } from "./position.ts";
import type { Bounds } from "./window.ts";

/** Rows not loaded yet, and what is loaded at the value once they are. */
export interface Fresh {
  readonly select: string;
  readonly boundary: Boundary;
}

interface Read {
  readonly session: Session;
  readonly relation: string;
  readonly request: ReadRequest;
}

/**
 * Rows at the last run's value that were not loaded then; undefined where there are none.
 * @throws {ConnectorError} `BOUNDARY_TOO_LARGE` where there were too many to keep and the destination can't tell.
 */
export async function newRowsAtLow(
  read: Read,
  bounds: Bounds,
  state: SourceState,
): Promise<Fresh | undefined> {
  const { column, low } = bounds;
  const value = low!.last!;
  const known = boundaryFromState(state, "boundary", { column: stateKey(read.request.incremental!), value });
  const here = [
    `r.${column.sql} = ${low!.lastSql}`,
    ...bounds.below.map((end) => `r.${column.sql} < ${end}`),
  ];
  const select = `SELECT * FROM (${read.relation}) AS r WHERE ${here.join(" AND ")}`;
  const hashed = columnsOf(known, bounds.columns);
  if (known?.hashes !== undefined && hashed !== undefined) {
    return await beyond(read.session, { select, known, hashed, columns: bounds.columns });
  }
  const lookup = await read.request.lookup?.(column.name, value);
  if (lookup !== undefined) {
    return await beyondDestination(read.session, { select, lookup, known, bounds, value });
  }
  if (known !== undefined) throw tooLarge(bounds, { value, loaded: known.overflow });
  // Nothing is known of the value, such as after `state set`: a position set by hand includes its own value.
  return { select, boundary: await readBoundary(read.session, select, bounds.columns) };
}

/**
 * Rows without a cursor value that were not loaded before; undefined where there are none.
 * @throws {ConnectorError} `BOUNDARY_TOO_LARGE` where there were too many to keep.
 */
export async function newNullRows(
  read: Read,
  bounds: Bounds,
  state: SourceState,
): Promise<Fresh | undefined> {
  const { column } = bounds;
  const known = boundaryFromState(state, "null_rows", { column: stateKey(read.request.incremental!) });
  const select = `SELECT * FROM (${read.relation}) AS r WHERE r.${column.sql} IS NULL`;
  const hashed = columnsOf(known, bounds.columns);
  const fresh = known === undefined
    ? { select, boundary: await readBoundary(read.session, select, bounds.columns) }
    : known.hashes !== undefined && hashed !== undefined
    ? await beyond(read.session, { select, known, hashed, columns: bounds.columns })
    : undefined;
  if (known !== undefined && (known.hashes === undefined || hashed === undefined)) {
    throw tooLarge(bounds, { value: null, loaded: known.overflow });
  }
  return fresh;
}

/** The columns that were hashed, as they are now; undefined where one of them is gone. */
function columnsOf(known: Boundary | undefined, columns: readonly TypedColumn[]): TypedColumn[] | undefined {
  const found = known?.columns.map((name) => columns.find((c) => c.name === name));
  return found?.every((c) => c !== undefined) ? found : undefined;
}

async function beyond(
  session: Session,
  at: { select: string; known: Boundary; hashed: TypedColumn[]; columns: readonly TypedColumn[] },
): Promise<Fresh | undefined> {
  const table = await hashTable(session, at.known.hashes!);
  const select = rowsBeyond(at.select, { columns: at.hashed, table, session });
  if (await isEmpty(session, select)) return undefined;
  const now = await readBoundary(session, at.select, at.columns);
  const sameColumns = at.columns.length === at.known.columns.length;
  if (now.hashes === undefined || !sameColumns) return { select, boundary: now };
  // In the order of before, so that hashes of both times are of the same list.
  const ordered = await readBoundary(session, at.select, at.hashed);
  const hashes = mergeHashes(at.known.hashes!, ordered.hashes!);
  const rows = countHashes(hashes);
  return {
    select,
    boundary: rows > BOUNDARY_LIMIT
      ? { columns: at.known.columns, overflow: rows }
      : { columns: at.known.columns, hashes },
  };
}

/** Compares with the destination's rows, on all columns of the source that are there too. */
async function beyondDestination(
  session: Session,
  at: { select: string; lookup: string; known: Boundary | undefined; bounds: Bounds; value: string },
): Promise<Fresh | undefined> {
  const theirs = await describeColumns(session, at.lookup);
  const common = at.bounds.columns.flatMap((ours) => {
    const their = theirs.find((c) => c.name.toLowerCase() === ours.name.toLowerCase());
    return their === undefined ? [] : [{ ours, their }];
  });
  if (!common.some((c) => c.ours.name === at.bounds.column.name)) {
    throw tooLarge(at.bounds, { value: at.value, loaded: at.known?.overflow });
  }
  const hashed = common.map((c) => c.ours);
  const list = common.map((c) =>
    `TRY_CAST(r.${quoteIdent(c.their.name)} AS ${c.ours.type}) AS ${quoteIdent(c.ours.name)}`
  );
  const table = quoteIdent(session.temporaryName("boundary"));
  await session.run(
    `CREATE TEMP TABLE ${table} AS SELECT ${rowHash(hashed, "d")} AS hash, count(*) AS times
     FROM (SELECT ${list.join(", ")} FROM (${at.lookup}) AS r) AS d GROUP BY 1`,
  );
  const [sums] = await session.query<{ there: bigint; strange: bigint }>(
    `SELECT CAST(coalesce(sum(b.times), 0) AS BIGINT) AS there,
       CAST(coalesce(sum(greatest(b.times - coalesce(s.times, 0), 0)), 0) AS BIGINT) AS strange
     FROM ${table} AS b LEFT JOIN (
       SELECT ${rowHash(hashed, "r")} AS hash, count(*) AS times FROM (${at.select}) AS r GROUP BY 1
     ) AS s ON s.hash = b.hash`,
  );
  // A row there that is not here was changed on the way or since: loaded rows can't be told from new ones by their values.
  if (sums!.strange > 0n || (sums!.there === 0n && at.known !== undefined)) {
    throw tooLarge(at.bounds, {
      value: at.value,
      loaded: at.known?.overflow,
      strange: Number(sums!.strange),
    });
  }
  const select = rowsBeyond(at.select, { columns: hashed, table, session });
  if (await isEmpty(session, select)) return undefined;
  return { select, boundary: await readBoundary(session, at.select, at.bounds.columns) };
}

async function isEmpty(session: Session, select: string): Promise<boolean> {
  return (await session.query(`SELECT 1 AS x FROM (${select}) AS r LIMIT 1`)).length === 0;
}

function tooLarge(
  bounds: Bounds,
  at: { value: string | null; loaded?: number; strange?: number },
): ConnectorError {
  const name = bounds.column.name;
  const where = at.value === null ? `${name} is NULL` : `${name} = ${at.value}`;
  const loaded = at.loaded === undefined ? "Rows" : `${at.loaded} rows`;
  const why = at.strange === undefined || at.strange === 0
    ? "more than are kept in the state, and the destination can't tell which of them it has"
    : `but ${at.strange} of those at the destination are not in the source as they are there`;
  return new ConnectorError(
    "BOUNDARY_TOO_LARGE",
    `${loaded} with ${where} were loaded, ${why}: new rows at that value can't be told from loaded ones.`,
    {
      hint: "use write_mode: merge with merge_keys, or a cursor column with finer values",
      context: { column: name, value: at.value, limit: BOUNDARY_LIMIT },
    },
  );
}
