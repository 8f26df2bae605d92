/** What the server says of rows it refuses and of rights that are missing, as errors that name row, column and value. */
import { ConnectorError, type Json } from "../../sdk/mod.ts";

/** Finds a value of the batch that was being sent: 1-based row, column of the table. Undefined where it is gone. */
export type ValueFinder = (row: number, column: string) => string | null | undefined;

const CONSTRAINTS: Record<string, string> = {
  "23502": "not_null",
  "23503": "foreign_key",
  "23505": "unique",
  "23514": "check",
  "23P01": "exclusion",
};

/** `COPY orders, line 3, column amount`: rows of binary COPY are lines; the word is the server's language. */
const COPY_ROW = /^COPY .*?, \p{L}[\p{L} ]* (\d+)(?:, \p{L}[\p{L} ]* ([^\n:]+?))?(?::|$)/mu;
const DETAIL_KEY = /\(((?:[^()]|\([^()]*\))+)\)=\(([\s\S]*)\)/;

/**
 * An error of writing into a table. Faults of rows get one of the two codes that the engine takes a batch apart for; others stay
 * what they are.
 */
export function writeError(error: unknown, about: { table: string; findValue?: ValueFinder }): unknown {
  if (!(error instanceof ConnectorError)) return error;
  const sqlstate = error.context.sqlstate;
  if (typeof sqlstate !== "string") return error;
  if (sqlstate === "42501") return permission(error, about.table);
  const isValue = sqlstate.startsWith("22");
  const isConstraint = sqlstate.startsWith("23");
  if (!isValue && !isConstraint) return error;
  const facts = factsOf(error, about.findValue);
  const where = [
    ...(facts.row === undefined ? [] : [`row ${facts.row} of the batch`]),
    ...(facts.column === undefined ? [] : [`column "${facts.column}"`]),
    ...(facts.value === undefined
      ? []
      : [`value ${facts.value === null ? "NULL" : `"${short(facts.value)}"`}`]),
  ];
  const place = where.length === 0 ? "" : ` (${where.join(", ")})`;
  const context: Record<string, Json> = { ...error.context, table: about.table };
  for (const [key, value] of Object.entries(facts)) if (value !== undefined) context[key] = value;
  if (isConstraint) context.kind = CONSTRAINTS[sqlstate] ?? "other";
  return new ConnectorError(
    isValue ? "VALUE_ERROR" : "CONSTRAINT_VIOLATED",
    `${about.table} does not take a row: ${said(error)}${detailOf(error)}${place}.`,
    { hint: error.hint, context, cause: error.cause },
  );
}

interface Facts {
  readonly row?: number;
  readonly column?: string;
  readonly value?: string | null;
}

function factsOf(error: ConnectorError, valueOf: ValueFinder | undefined): Facts {
  const { where, column, detail } = error.context;
  const found = typeof where === "string" ? COPY_ROW.exec(where) : null;
  const row = found === null ? undefined : Number(found[1]);
  const key = typeof detail === "string" ? DETAIL_KEY.exec(detail) : null;
  const named = typeof column === "string" ? column : found?.[2];
  if (named !== undefined) {
    const value = row === undefined ? undefined : valueOf?.(row, named);
    return {
      row,
      column: named,
      ...(value === undefined ? {} : { value: value === null ? null : short(value) }),
    };
  }
  return key === null ? { row } : { row, column: key[1], value: short(key[2]!) };
}

/** The server's own words, without a full stop. */
function said(error: ConnectorError): string {
  const text = error.cause instanceof Error ? error.cause.message : error.message;
  return text.trim().replace(/\.$/, "");
}

/** The detail tells which key is doubled or missing, or the row that breaks a check. */
function detailOf(error: ConnectorError): string {
  const { detail } = error.context;
  if (typeof detail !== "string" || detail === "") return "";
  return `; ${short(detail.replace(/\.$/, ""), 300)}`;
}

function short(text: string, most = 200): string {
  return text.length <= most ? text : `${text.slice(0, most)}…`;
}

function permission(error: ConnectorError, table: string): ConnectorError {
  return new ConnectorError("PERMISSION_DENIED", error.message, {
    hint:
      `${table} needs: USAGE and CREATE on its schema (for _dataloader_loads and staging tables), INSERT and SELECT on ` +
      "the table, UPDATE and DELETE for merge and overwrite, and its ownership where columns are to be added",
    context: { ...error.context, loading: table },
    cause: error.cause,
  });
}
