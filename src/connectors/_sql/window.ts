/** What an incremental read takes this time: from where, up to where, and what is in between. */
import {
  ConnectorError,
  type Incremental,
  quoteIdent,
  quoteLiteral,
  type ReadRequest,
  type Session,
  type SourceState,
} from "../../sdk/mod.ts";
import { isNumberLag } from "./check.ts";
import { lastValue, stateKey } from "./position.ts";
import {
  comparable,
  type CursorColumn,
  describeColumns,
  findCursor,
  type TypedColumn,
  typedLiteral,
  userLiteral,
} from "./cursor.ts";

/** Where a read starts. */
export interface Low {
  /** SQL to compare the column with: `>=`. Steps back by the lag. */
  readonly sql: string;
  /** For people. */
  readonly text: string;
  /** The value of the last run as text, where there was one. */
  readonly last?: string;
  /** The same as SQL, without the lag. */
  readonly lastSql?: string;
}

/** The two ends, before the data is looked at. */
export interface Bounds {
  readonly column: CursorColumn;
  readonly columns: readonly TypedColumn[];
  /** Undefined: from the beginning. */
  readonly low?: Low;
  /** Exclusive ends, as SQL: `end_value`, and the start of the run for a watermark on dates and times. */
  readonly below: readonly string[];
  /** For a watermark on dates and times: the upper bound as text, which becomes the state. */
  readonly watermark?: string;
}

/** What the rows between the ends are. */
export interface Found {
  /** The highest value there, exact, as text; undefined where there is none. */
  readonly high?: string;
  /** Rows with a value between the ends. */
  readonly rows: number;
  /** Of them, rows above the last run's value. */
  readonly above: number;
  /** Rows of the whole relation without a value. */
  readonly nulls: number;
}

/**
 * Works out both ends from the request and the state; reads no rows.
 * @throws {ConnectorError} `CURSOR_COLUMN_MISSING`, `CURSOR_TYPE`, `CURSOR_VALUE`.
 */
export async function findBounds(
  session: Session,
  relation: string,
  request: { incremental: Incremental; startedAt: string; state: SourceState },
): Promise<Bounds> {
  const { incremental, state } = request;
  const columns = await describeColumns(session, relation);
  const column = findCursor(columns, stateKey(incremental));
  checkStrategy(incremental, column);
  const below: string[] = [];
  if (incremental.endValue !== undefined) {
    below.push(await userLiteral(session, column, { key: "end_value", text: incremental.endValue }));
  }
  let watermark: string | undefined;
  if (incremental.strategy === "watermark" && ["date", "datetime", "instant"].includes(column.kind)) {
    watermark = await startOfRun(session, column, request.startedAt);
    below.push(typedLiteral(watermark, column.type));
  }
  return {
    column,
    columns,
    low: await findLow(session, column, { incremental, state, relation }),
    below,
    watermark,
  };
}

export function checkStrategy(incremental: Incremental, column: CursorColumn): void {
  const time = ["date", "datetime", "instant"].includes(column.kind);
  const number = column.kind === "integer" || column.kind === "decimal";
  if (incremental.strategy === "timestamp" && !time) {
    throw new ConnectorError(
      "CURSOR_TYPE",
      `The strategy "timestamp" needs a date or time, but column "${column.name}" is ${column.type}.`,
      { hint: "use strategy: cursor", context: { column: column.name, type: column.type } },
    );
  }
  if (incremental.strategy === "watermark" && !time && !number) {
    throw new ConnectorError(
      "CURSOR_TYPE",
      `The strategy "watermark" needs a date, time or exact number, but column "${column.name}" is ${column.type}.`,
      { hint: "use strategy: cursor", context: { column: column.name, type: column.type } },
    );
  }
}

/** When the run began, as text of the column's type. */
export async function startOfRun(session: Session, column: CursorColumn, startedAt: string): Promise<string> {
  // A column without a zone is compared with the UTC wall clock: the only reading that is the same on every machine.
  const utc = column.kind === "instant"
    ? `CAST(${quoteLiteral(startedAt)} AS TIMESTAMPTZ)`
    : `CAST(${quoteLiteral(startedAt)} AS TIMESTAMPTZ) AT TIME ZONE 'UTC'`;
  const [row] = await session.query<{ at: string }>(
    `SELECT CAST(CAST(${utc} AS ${column.type}) AS VARCHAR) AS at`,
  );
  return row!.at;
}

async function findLow(
  session: Session,
  column: CursorColumn,
  from: { incremental: Incremental; state: SourceState; relation: string },
): Promise<Low | undefined> {
  const { incremental, state } = from;
  const saved = lastValue(state, incremental);
  if (saved === undefined) {
    if (incremental.initialValue === undefined) return undefined;
    const sql = await userLiteral(session, column, { key: "initial_value", text: incremental.initialValue });
    return { sql, text: incremental.initialValue };
  }
  const { value: last, type } = saved;
  if (type !== undefined && !comparable(type, column.type)) {
    // A column without any value has whatever type the reader falls back to: there is nothing to compare.
    if (!(await hasValues(session, from.relation, column))) return undefined;
    throw new ConnectorError(
      "CURSOR_TYPE_CHANGED",
      `Column "${column.name}" was ${type} when ${last} was read last, and is ${column.type} now.`,
      {
        hint:
          "cast it to its old type at the source, or reset the state (dataloader state reset) to read from the start",
        context: { column: column.name, before: type, now: column.type },
      },
    );
  }
  // The saved type where it is known: a value that does not fit into a narrower column is compared all the same.
  const lastSql = type === undefined
    ? await userLiteral(session, column, { key: "state", text: last })
    : typedLiteral(last, type);
  if (incremental.lag === undefined) return { sql: lastSql, text: last, last, lastSql };
  const lagged = await stepBack(session, column, { lastSql, lag: incremental.lag });
  return lagged === undefined ? undefined : { ...lagged, last, lastSql };
}

async function hasValues(session: Session, relation: string, column: CursorColumn): Promise<boolean> {
  const rows = await session.query(
    `SELECT 1 AS x FROM (${relation}) AS r WHERE r.${column.sql} IS NOT NULL LIMIT 1`,
  );
  return rows.length > 0;
}

/** The last value less the lag; undefined where that is below all that the type can hold. */
export async function stepBack(
  session: Session,
  column: CursorColumn,
  from: { lastSql: string; lag: string },
): Promise<{ sql: string; text: string; type: string } | undefined> {
  const number = isNumberLag(from.lag);
  const timed = ["date", "datetime", "instant"].includes(column.kind);
  const counted = ["integer", "decimal", "float"].includes(column.kind);
  if (number ? !counted : !timed) {
    throw new ConnectorError(
      "CURSOR_VALUE",
      `The lag "${from.lag}" can't be taken from column "${column.name}", which is ${column.type}.`,
      {
        hint: timed
          ? 'write an interval, such as "15 minutes"'
          : counted
          ? "write a number"
          : "remove the lag",
        context: { lag: from.lag, column: column.name, type: column.type },
      },
    );
  }
  const lag = quoteLiteral(from.lag.trim());
  // Whole numbers step back by whole numbers, rounded up: nothing is left out.
  const value = !number
    ? `${from.lastSql} - CAST(${lag} AS INTERVAL)`
    : column.kind === "integer"
    ? `CAST(${from.lastSql} AS HUGEINT) - CAST(ceil(CAST(${lag} AS DECIMAL(38,9))) AS HUGEINT)`
    : `CAST(${from.lastSql} AS ${column.type}) - CAST(${lag} AS ${column.type})`;
  const [row] = await session.query<{ text: string; type: string; fits: boolean }>(
    `SELECT CAST(v AS VARCHAR) AS text, typeof(v) AS type, TRY_CAST(v AS ${column.type}) IS NOT NULL AS fits
     FROM (SELECT ${value} AS v)`,
  );
  if (!row!.fits) return undefined;
  const type = number ? column.type : row!.type;
  return { sql: typedLiteral(row!.text, type), text: row!.text, type };
}

/** The condition for rows between the ends. `1 = 1` where there is none. */
export function between(bounds: Bounds, upTo?: string): string {
  const { column, low, below } = bounds;
  const parts = [
    ...(low === undefined ? [] : [`${column.sql} >= ${low.sql}`]),
    ...(upTo === undefined ? [] : [upTo]),
    ...below.map((end) => `${column.sql} < ${end}`),
  ];
  return parts.length === 0 ? `${column.sql} IS NOT NULL` : parts.join(" AND ");
}

/**
 * Looks at the values between the ends, in one pass over one column.
 * @throws {ConnectorError} `CURSOR_NULL` where `on_null: error` meets a NULL, `CURSOR_NOT_FINITE` for NaN and infinity.
 */
export async function lookBetween(
  session: Session,
  relation: string,
  bounds: Bounds,
  request: Pick<ReadRequest, "incremental">,
): Promise<Found> {
  const { column, low } = bounds;
  const onNull = request.incremental!.onNull;
  const c = `r.${column.sql}`;
  const finite = ["float", "date", "datetime", "instant"].includes(column.kind);
  const nullsToo = onNull === "exclude" ? "" : ` OR ${quoteIdent(column.name)} IS NULL`;
  const [row] = await session.query<
    { high: string | null; found: bigint; above: bigint; nulls: bigint; endless: bigint }
  >(
    `SELECT CAST(max(${c}) AS VARCHAR) AS high, count(${c}) AS found,
       count(*) FILTER (WHERE ${
      low?.lastSql === undefined ? `${c} IS NOT NULL` : `${c} > ${low.lastSql}`
    }) AS above,
       count(*) FILTER (WHERE ${c} IS NULL) AS nulls,
       ${finite ? `count(*) FILTER (WHERE NOT isfinite(${c}))` : "CAST(0 AS BIGINT)"} AS endless
     FROM (${relation}) AS r WHERE (${between(bounds)})${nullsToo}`,
  );
  const nulls = Number(row!.nulls);
  if (nulls > 0 && onNull === "error") throw nullError(column, nulls);
  if (row!.endless > 0n) throw endlessError(column, Number(row!.endless));
  return { high: row!.high ?? undefined, rows: Number(row!.found), above: Number(row!.above), nulls };
}

export function endlessError(column: CursorColumn, rows: number): ConnectorError {
  return new ConnectorError(
    "CURSOR_NOT_FINITE",
    `Column "${column.name}" is NaN or infinite in ${rows} rows: a cursor that got there would never move again.`,
    {
      hint: "leave such rows out in the source's query",
      context: { column: column.name, rows },
    },
  );
}

export function nullError(column: CursorColumn, rows: number): ConnectorError {
  return new ConnectorError(
    "CURSOR_NULL",
    `Column "${column.name}" is NULL in ${rows} ${
      rows === 1 ? "row" : "rows"
    }, so it can't be told whether they are new.`,
    {
      hint:
        "set incremental.on_null to exclude (leave them out) or include (read them in every run), or fill the column",
      context: { column: column.name, rows },
    },
  );
}
