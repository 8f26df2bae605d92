/** The column that an incremental read goes by: finding it, what its type allows, its values as text and SQL. */
import { ConnectorError, nearest, quoteIdent, quoteLiteral, type Session } from "../../sdk/mod.ts";

/** What the values of a cursor column are, as far as order and comparison go. */
export type CursorKind =
  | "integer"
  | "decimal"
  | "float"
  | "date"
  | "datetime"
  | "instant"
  | "time"
  | "text"
  | "uuid";

/** A column of a relation, with the engine's name of its type. */
export interface TypedColumn {
  readonly name: string;
  readonly type: string;
}

/** The cursor column. */
export interface CursorColumn extends TypedColumn {
  readonly kind: CursorKind;
  /** The name, quoted for SQL. */
  readonly sql: string;
}

/** The columns of a SELECT with the engine's own type names. Binds it and reads no rows. */
export async function describeColumns(session: Session, relation: string): Promise<TypedColumn[]> {
  return await session.query<{ name: string; type: string }>(
    `SELECT column_name AS name, column_type AS type FROM (DESCRIBE ${relation})`,
  );
}

/** What kind of cursor an engine type makes; undefined for types whose order says nothing of time or sequence. */
export function cursorKind(type: string): CursorKind | undefined {
  if (/^U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)$/.test(type)) return "integer";
  if (/^DECIMAL\(/.test(type)) return "decimal";
  if (type === "FLOAT" || type === "DOUBLE") return "float";
  if (type === "DATE") return "date";
  if (/^TIMESTAMP(_S|_MS|_NS)?$/.test(type)) return "datetime";
  if (type === "TIMESTAMP WITH TIME ZONE") return "instant";
  if (type === "TIME") return "time";
  if (type === "VARCHAR") return "text";
  if (type === "UUID") return "uuid";
  return undefined;
}

/**
 * Finds the cursor column, regardless of case.
 * @throws {ConnectorError} `CURSOR_COLUMN_MISSING` with the nearest name, `CURSOR_TYPE` where its type can't be one.
 */
export function findCursor(columns: readonly TypedColumn[], wanted: string): CursorColumn {
  const found = columns.find((c) => c.name === wanted) ??
    columns.find((c) => c.name.toLowerCase() === wanted.toLowerCase());
  if (found === undefined) {
    const near = nearest(wanted, columns.map((c) => c.name));
    const names = columns.slice(0, 20).map((c) => c.name).join(", ");
    throw new ConnectorError("CURSOR_COLUMN_MISSING", `The cursor column "${wanted}" is not in the source.`, {
      hint: near === undefined ? `its columns are: ${names}` : `did you mean "${near}"?`,
      context: { column: wanted },
    });
  }
  const kind = cursorKind(found.type);
  if (kind === undefined) {
    throw new ConnectorError(
      "CURSOR_TYPE",
      `Column "${found.name}" is ${found.type}, which can't be a cursor: its order says nothing of what is new.`,
      {
        hint: "take a number, date, time, text or uuid column, or cast it in the source's query",
        context: { column: found.name, type: found.type },
      },
    );
  }
  return { name: found.name, type: found.type, kind, sql: quoteIdent(found.name) };
}

/** Kinds whose values compare with each other by value, so that a column may change among them between runs. */
const FAMILY: Record<CursorKind, string> = {
  integer: "number",
  decimal: "number",
  float: "number",
  date: "zoneless",
  datetime: "zoneless",
  instant: "instant",
  time: "time",
  text: "text",
  uuid: "uuid",
};

/** Whether a value kept as `before` can be compared with a column that is `now` (engine types). */
export function comparable(before: string, now: string): boolean {
  const a = cursorKind(before);
  const b = cursorKind(now);
  return a !== undefined && b !== undefined && FAMILY[a] === FAMILY[b];
}

/** A value as SQL: exact, whatever the type. */
export function typedLiteral(text: string, type: string): string {
  return `CAST(${quoteLiteral(text)} AS ${type})`;
}

/**
 * A value that a person wrote (`initial_value`, `end_value`) as SQL to compare with the column. A date column takes
 * a time too, compared as such.
 * @throws {ConnectorError} `CURSOR_VALUE` where it is no value of the column's type, or would be changed by the cast.
 */
export async function userLiteral(
  session: Session,
  column: CursorColumn,
  value: UserValue,
): Promise<string> {
  if (column.kind === "text") return quoteLiteral(value.text);
  return typedLiteral(await userValue(session, column, value), column.type);
}

/** A value as a person wrote it, and the key it stands under. */
export interface UserValue {
  readonly key: "initial_value" | "end_value" | "lag" | "state";
  readonly text: string;
}

/** The same as text in the engine's form. */
export async function userValue(session: Session, column: CursorColumn, value: UserValue): Promise<string> {
  const text = value.text.trim();
  const refuse = (why: string, hint: string) =>
    new ConnectorError("CURSOR_VALUE", `${value.key} "${text}" ${why}.`, {
      hint,
      context: { key: value.key, value: text, column: column.name, type: column.type },
    });
  if (column.kind === "text") return value.text;
  const zoneless = column.kind === "datetime" || column.kind === "date";
  if (zoneless && /\d[T\s]\d.*[+-]\d\d(:?\d\d)?$/.test(text)) {
    throw refuse(
      `names a time zone, but column "${column.name}" (${column.type}) has none`,
      "write it as the column's own wall-clock time: values without a zone are never shifted",
    );
  }
  const plain = zoneless ? text.replace(/Z$/i, "") : text;
  const literal = quoteLiteral(plain);
  // A date compared with a time of day: both >= and < mean the next date, unless it is midnight.
  const cast = column.kind === "date" && /\d[T\s]\d/.test(plain)
    ? `CAST(TRY_CAST(${literal} AS TIMESTAMP) + INTERVAL 1 DAY - INTERVAL 1 MICROSECOND AS DATE)`
    : `TRY_CAST(${literal} AS ${column.type})`;
  const exact = column.kind === "integer" || column.kind === "decimal"
    ? `${cast} = TRY_CAST(${literal} AS DECIMAL(38,15))`
    : "true";
  const [row] = await session.query<{ value: string | null; exact: boolean | null }>(
    `SELECT CAST(${cast} AS VARCHAR) AS value, ${exact} AS exact`,
  );
  if (row?.value === null || row === undefined) {
    throw refuse(
      `is no ${column.type}, which column "${column.name}" is`,
      column.kind === "instant" || zoneless
        ? "write it as 2024-05-01 or 2024-05-01 13:45:00"
        : "write a value of the column's type",
    );
  }
  if (row.exact === false) {
    throw refuse(
      `has more decimals than column "${column.name}" (${column.type})`,
      "write it as the column has it",
    );
  }
  return row.value;
}
