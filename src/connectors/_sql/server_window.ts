/**
 * What an incremental read of a server takes this time. The ends are worked out by the embedded engine, as for every other
 * source, and written in the server's dialect; what lies between them is asked of the server, so that an index is used.
 */
import {
  ConnectorError,
  type Incremental,
  nearest,
  quoteIdent,
  type Schema,
  type Session,
  type SourceState,
} from "../../sdk/mod.ts";
import type { RecordBatch } from "apache-arrow";
import {
  comparable,
  type CursorColumn,
  type CursorKind,
  typedLiteral,
  type UserValue,
  userValue,
} from "./cursor.ts";
import { lastValue, stateKey } from "./position.ts";
import { checkStrategy, endlessError, nullError, startOfRun, stepBack } from "./window.ts";

/** How a server writes what an incremental read needs of its SQL. */
export interface ReadDialect {
  readonly quote: (name: string) => string;
  /** A text as a literal without a type, which takes the type of what it is compared with. */
  readonly literal: (text: string) => string;
  /** A value of a type: exact, and such that comparing a column with it uses the column's index. */
  readonly value: (text: string, type: string) => string;
  /** A value as text that `value` reads back exactly. */
  readonly text: (sql: string) => string;
  /** The highest value of a column, as text under the name `high`: no row where there is none. */
  readonly highest: (column: string, of: { from: string; where: string }) => string;
  /** A condition: the value is NaN or infinite; undefined where the kind has no such values. */
  readonly endless: (sql: string, kind: CursorKind) => string | undefined;
  /** The type that dates less an interval are compared in. */
  readonly datetime: string;
}

/** A column of a server's, as a cursor. */
export interface ServerCursor {
  readonly name: string;
  readonly kind: CursorKind;
  /** The server's type to compare in; undefined: literals without a type. */
  readonly type?: string;
  readonly nullable: boolean;
}

/** A table or query of a server's, in one snapshot. */
export interface ServerRelation {
  readonly dialect: ReadDialect;
  /** To stand after FROM. */
  readonly from: string;
  readonly schema: Schema;
  /** What a column is as a cursor; undefined where its order says nothing of what is new. */
  cursor(column: string): ServerCursor | undefined;
  /** The server's name of a column's type, for people. */
  typeName(column: string): string;
  /** Runs a query of few rows; values come as text. */
  query(sql: string): Promise<Record<string, string | null>[]>;
  /** The rows of the relation that satisfy a condition, in batches. */
  rows(where: string, order?: string): AsyncIterable<{ batches: readonly RecordBatch[]; rows: number }>;
  /** The SELECT that `rows` reads, for plans. */
  select(where: string, order?: string): string;
}

/** A value of the cursor column: as text, and in the server's SQL. */
export interface ServerValue {
  readonly text: string;
  readonly sql: string;
}

/** The ends of a read. */
export interface ServerBounds {
  /** The column as the embedded engine has it. */
  readonly column: CursorColumn;
  readonly cursor: ServerCursor;
  /** The column, quoted for the server. */
  readonly sql: string;
  /** Inclusive; steps back by the lag. Undefined: from the beginning. */
  readonly low?: ServerValue;
  /** The value of the last run, without the lag. */
  readonly last?: ServerValue;
  /** Exclusive ends, in the server's SQL. */
  readonly below: readonly string[];
  /** For a watermark on dates and times: the upper bound. */
  readonly watermark?: ServerValue;
}

/** What the embedded engine works out values of a kind in. */
const ENGINE_TYPES: Record<CursorKind, string> = {
  integer: "BIGINT",
  decimal: "DECIMAL(38,12)",
  float: "DOUBLE",
  date: "DATE",
  datetime: "TIMESTAMP",
  instant: "TIMESTAMP WITH TIME ZONE",
  time: "TIME",
  text: "VARCHAR",
  uuid: "UUID",
};

/**
 * Works out both ends; reads no rows.
 * @throws {ConnectorError} `CURSOR_COLUMN_MISSING`, `CURSOR_TYPE`, `CURSOR_TYPE_CHANGED`, `CURSOR_VALUE`.
 */
export async function serverBounds(
  session: Session,
  relation: ServerRelation,
  request: { incremental: Incremental; startedAt: string; state: SourceState },
): Promise<ServerBounds> {
  const { incremental, state } = request;
  const { column, cursor } = findCursor(relation, stateKey(incremental));
  checkStrategy(incremental, { ...column, type: relation.typeName(column.name) });
  const value = (text: string, type = cursor.type): ServerValue => ({
    text,
    sql: type === undefined ? relation.dialect.literal(text) : relation.dialect.value(plain(text), type),
  });
  const user = async (given: UserValue) => value(await userText(session, column, given));
  const below: string[] = [];
  if (incremental.endValue !== undefined) {
    below.push((await user({ key: "end_value", text: incremental.endValue })).sql);
  }
  let watermark: ServerValue | undefined;
  if (incremental.strategy === "watermark" && ["date", "datetime", "instant"].includes(column.kind)) {
    watermark = value(await startOfRun(session, column, request.startedAt));
    below.push(watermark.sql);
  }
  const saved = lastValue(state, incremental);
  const base = { column, cursor, sql: relation.dialect.quote(column.name), below, watermark };
  if (saved === undefined) {
    return incremental.initialValue === undefined
      ? base
      : { ...base, low: await user({ key: "initial_value", text: incremental.initialValue }) };
  }
  if (saved.type !== undefined && !comparable(saved.type, column.type)) {
    throw typeChanged(relation, column, saved);
  }
  const last = saved.type === undefined
    ? await user({ key: "state", text: saved.value })
    : value(saved.value);
  if (incremental.lag === undefined) return { ...base, low: last, last };
  const lagged = await stepBack(session, column, {
    lastSql: typedLiteral(saved.value, column.type),
    lag: incremental.lag,
  });
  if (lagged === undefined) return { ...base, last };
  const isTime = column.kind === "date" && lagged.type !== column.type;
  return { ...base, low: value(lagged.text, isTime ? relation.dialect.datetime : cursor.type), last };
}

/** A value that a person wrote, as text; numbers as they stand, so that no digit is lost. */
async function userText(session: Session, column: CursorColumn, given: UserValue): Promise<string> {
  const text = given.text.trim();
  const number = column.kind === "decimal" || column.kind === "float";
  if (number && /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i.test(text)) return text;
  return await userValue(session, column, given);
}

/** DuckDB writes years before Christ as `0044-03-15 (BC)`. */
function plain(text: string): string {
  return text.replace(/ \(BC\)/, " BC");
}

function findCursor(
  relation: ServerRelation,
  wanted: string,
): { column: CursorColumn; cursor: ServerCursor } {
  const names = relation.schema.fields.map((field) => field.name);
  const name = names.find((each) => each === wanted) ??
    names.find((each) => each.toLowerCase() === wanted.toLowerCase());
  if (name === undefined) {
    const near = nearest(wanted, names);
    throw new ConnectorError("CURSOR_COLUMN_MISSING", `The cursor column "${wanted}" is not in the source.`, {
      hint: near === undefined
        ? `its columns are: ${names.slice(0, 20).join(", ")}`
        : `did you mean "${near}"?`,
      context: { column: wanted },
    });
  }
  const cursor = relation.cursor(name);
  if (cursor === undefined) {
    const type = relation.typeName(name);
    throw new ConnectorError(
      "CURSOR_TYPE",
      `Column "${name}" is ${type}, which can't be a cursor: its order says nothing of what is new.`,
      {
        hint: "take a number, date, time, text or uuid column, or cast it in the source's query",
        context: { column: name, type },
      },
    );
  }
  return {
    cursor,
    column: { name, type: ENGINE_TYPES[cursor.kind], kind: cursor.kind, sql: quoteIdent(name) },
  };
}

function typeChanged(
  relation: ServerRelation,
  column: CursorColumn,
  saved: { value: string; type?: string },
): ConnectorError {
  const now = relation.typeName(column.name);
  return new ConnectorError(
    "CURSOR_TYPE_CHANGED",
    `Column "${column.name}" was ${saved.type} when ${saved.value} was read last, and is ${now} now.`,
    {
      hint:
        "cast it to its old type at the source, or reset the state (dataloader state reset) to read from the start",
      context: { column: column.name, before: saved.type!, now },
    },
  );
}

/** The condition for rows between the ends. */
export function serverBetween(bounds: ServerBounds, more: readonly string[] = []): string {
  const { sql, low, below } = bounds;
  const parts = [
    ...(low === undefined ? [] : [`${sql} >= ${low.sql}`]),
    ...more,
    ...below.map((end) => `${sql} < ${end}`),
  ];
  return parts.length === 0 ? `${sql} IS NOT NULL` : parts.join(" AND ");
}

/**
 * The highest value between the ends; undefined where there is none. With an index on the column the server looks at its
 * end only.
 * @throws {ConnectorError} `CURSOR_NULL` where `on_null: error` meets a NULL, `CURSOR_NOT_FINITE` for NaN and infinity.
 */
export async function highest(
  relation: ServerRelation,
  bounds: ServerBounds,
  incremental: Incremental,
): Promise<ServerValue | undefined> {
  const { dialect, from } = relation;
  const { sql, column, cursor } = bounds;
  if (incremental.onNull === "error" && cursor.nullable) {
    const nulls = await relation.query(`SELECT 1 AS x FROM ${from} WHERE ${sql} IS NULL LIMIT 1`);
    if (nulls.length > 0) {
      const [row] = await relation.query(
        `SELECT ${dialect.text("count(*)")} AS n FROM ${from} WHERE ${sql} IS NULL`,
      );
      throw nullError(column, Number(row!.n));
    }
  }
  const where = serverBetween(bounds);
  const [row] = await relation.query(dialect.highest(sql, { from, where }));
  const high = row?.high;
  if (high === null || high === undefined) return undefined;
  const literal = cursor.type === undefined ? dialect.literal(high) : dialect.value(high, cursor.type);
  const endless = dialect.endless(sql, column.kind);
  if (endless !== undefined) {
    const [check] = await relation.query(
      `SELECT CASE WHEN ${dialect.endless(literal, column.kind)} THEN (SELECT ${
        dialect.text("count(*)")
      } FROM ${from} WHERE ${endless}) END AS n`,
    );
    if (check?.n !== null && check?.n !== undefined) throw endlessError(column, Number(check.n));
  }
  return { text: high, sql: literal };
}

/**
 * The exclusive upper end of a watermark window; undefined where it holds no rows. See `watermarkHigh`, which is the same for
 * relations of the embedded engine.
 */
export async function serverWatermark(
  relation: ServerRelation,
  bounds: ServerBounds,
  high: ServerValue | undefined,
): Promise<ServerValue | undefined> {
  if (high === undefined) return undefined;
  const { dialect, from } = relation;
  const { sql, below, cursor, low } = bounds;
  const ends = [...below];
  if (bounds.watermark === undefined) {
    const above = below.length === 0 ? [] : await relation.query(
      `SELECT 1 AS x FROM ${from} WHERE ${below.map((end) => `${sql} >= ${end}`).join(" AND ")} LIMIT 1`,
    );
    // Rows at or above end_value show that all below it has been reached.
    if (above.length === 0) ends.push(high.sql);
  }
  const [row] = await relation.query(`SELECT ${dialect.text(`least(${ends.join(", ")})`)} AS high`);
  const text = row!.high!;
  const end = {
    text,
    sql: cursor.type === undefined ? dialect.literal(text) : dialect.value(text, cursor.type),
  };
  const inside = serverBetween({ ...bounds, low, below: [] }, [`${sql} < ${end.sql}`]);
  const rows = await relation.query(`SELECT 1 AS x FROM ${from} WHERE ${inside} LIMIT 1`);
  return rows.length === 0 ? undefined : end;
}
