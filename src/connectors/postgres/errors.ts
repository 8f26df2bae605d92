/**
 * Errors of the server and of the connection as `ConnectorError`s: what failed, what to do, whether a retry can help.
 * SQLSTATEs: https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
import { ConnectorError, DataLoaderError, type ErrorOptions, type Json } from "../../sdk/mod.ts";
import { serverOf, type Settings } from "./settings.ts";

/** What the server says with an error, as `pg` gives it. */
export interface ServerError extends Error {
  /** The SQLSTATE. */
  readonly code?: string;
  readonly detail?: string;
  readonly hint?: string;
  readonly where?: string;
  readonly schema?: string;
  readonly table?: string;
  readonly column?: string;
  readonly constraint?: string;
  readonly dataType?: string;
  /** 1-based character in the statement. */
  readonly position?: string;
  readonly severity?: string;
}

interface Rule {
  readonly code: string;
  readonly hint?: string;
  readonly retryable?: boolean;
}

/** By SQLSTATE, else by its class, the first two characters. */
const RULES: Record<string, Rule> = {
  "08": { code: "CONNECTION_LOST", hint: "check the network and the server's log", retryable: true },
  "0A": { code: "NOT_SUPPORTED" },
  "22": { code: "INVALID_VALUE", hint: "mend the value, or cast the column" },
  "23": { code: "CONSTRAINT_VIOLATION", hint: "mend the rows, or change the constraint" },
  "22021": {
    code: "INVALID_VALUE",
    hint: "PostgreSQL's text can't hold it: remove the character, or load the column as binary",
  },
  "23502": {
    code: "NOT_NULL_VIOLATION",
    hint: "fill the column at the source, or let the table take NULL there",
  },
  "23503": {
    code: "FOREIGN_KEY_VIOLATION",
    hint: "load the table that is referred to first",
  },
  "23505": {
    code: "DUPLICATE_KEY",
    hint: "use write_mode: merge with merge_keys, or remove the doubled rows",
  },
  "23514": { code: "CHECK_VIOLATION", hint: "mend the rows, or change the constraint" },
  "25": { code: "INVALID_TRANSACTION" },
  "25006": {
    code: "READ_ONLY_SERVER",
    hint: "the server is a standby or read-only: load into the primary",
  },
  "25P03": { code: "CONNECTION_LOST", hint: "raise idle_in_transaction_session_timeout", retryable: true },
  "28000": {
    code: "ACCESS_DENIED",
    hint: "check user, database and sslmode against the server's pg_hba.conf",
  },
  "28P01": { code: "WRONG_PASSWORD", hint: "check user and password" },
  "34": { code: "SQL_ERROR" },
  "3D000": { code: "DATABASE_NOT_FOUND", hint: "check database, or create it" },
  "3F000": { code: "SCHEMA_NOT_FOUND", hint: "check schema, or create it" },
  "40": { code: "TRANSACTION_ROLLED_BACK", retryable: true },
  "40001": { code: "SERIALIZATION_FAILURE", hint: "another transaction changed the rows", retryable: true },
  "40P01": { code: "DEADLOCK", hint: "another transaction held what this one needed", retryable: true },
  "42": { code: "SQL_ERROR", hint: "check the query and the names in it" },
  "42501": { code: "PERMISSION_DENIED", hint: "GRANT the role what it needs, or connect as another" },
  "42601": { code: "SQL_ERROR", hint: "the query must be one SELECT that the server understands" },
  "42703": { code: "COLUMN_NOT_FOUND", hint: "check the names of the columns" },
  "42P01": { code: "TABLE_NOT_FOUND", hint: "check the name, its schema, and that the role may see it" },
  "53": { code: "SERVER_FULL", retryable: true, hint: "the server is short of resources: see its log" },
  "53100": { code: "DISK_FULL", hint: "make room on the server's disk" },
  "53200": { code: "SERVER_OUT_OF_MEMORY", hint: "give the server more memory", retryable: true },
  "53300": {
    code: "TOO_MANY_CONNECTIONS",
    hint: "lower runtime.parallelism, or raise max_connections",
    retryable: true,
  },
  "54": { code: "LIMIT_EXCEEDED", hint: "a limit of PostgreSQL's own is passed" },
  "55006": { code: "OBJECT_IN_USE", retryable: true },
  "55P03": { code: "LOCK_NOT_AVAILABLE", hint: "another session holds the table", retryable: true },
  "57014": {
    code: "STATEMENT_TIMEOUT",
    hint: "raise statement_timeout, or read less at a time",
  },
  "57P01": {
    code: "SERVER_STOPPED",
    hint: "the server was stopped or the session ended by hand",
    retryable: true,
  },
  "57P02": { code: "SERVER_STOPPED", hint: "the server crashed: see its log", retryable: true },
  "57P03": { code: "SERVER_STARTING", hint: "the server is starting or stopping", retryable: true },
  "57P04": { code: "DATABASE_NOT_FOUND", hint: "the database was dropped" },
  "57P05": { code: "CONNECTION_LOST", hint: "raise idle_session_timeout", retryable: true },
  "58": { code: "SERVER_FAILURE", hint: "see the server's log" },
  "72000": { code: "SNAPSHOT_TOO_OLD", hint: "raise old_snapshot_threshold", retryable: true },
  "XX": { code: "SERVER_FAILURE", hint: "see the server's log" },
};

/** Errors of the network, by the code Node has for them. */
const NETWORK: Record<string, Rule & { readonly text: string }> = {
  ECONNREFUSED: {
    code: "CONNECTION_REFUSED",
    text: "refused the connection: no server listens there",
    hint: "check host and port, and that the server runs and listens on that address",
    retryable: true,
  },
  ENOENT: {
    code: "CONNECTION_REFUSED",
    text: "has no socket there",
    hint: "host is taken for the folder of a Unix socket: check it and the port, and that the server runs",
    retryable: true,
  },
  ENOTFOUND: { code: "HOST_NOT_FOUND", text: "is not known: the name has no address", hint: "check host" },
  EAI_AGAIN: {
    code: "HOST_NOT_FOUND",
    text: "could not be looked up just now",
    hint: "check host and the name service",
    retryable: true,
  },
  ETIMEDOUT: {
    code: "CONNECT_TIMEOUT",
    text: "does not answer",
    hint: "check host, port and firewalls, or raise connect_timeout",
    retryable: true,
  },
  EHOSTUNREACH: {
    code: "HOST_UNREACHABLE",
    text: "can't be reached from here",
    hint: "check the network and firewalls",
    retryable: true,
  },
  ENETUNREACH: {
    code: "HOST_UNREACHABLE",
    text: "can't be reached from here",
    hint: "check the network",
    retryable: true,
  },
  EACCES: {
    code: "PERMISSION_DENIED",
    text: "has a socket that may not be opened",
    hint: "check its rights",
  },
};

const LOST = /^(ECONNRESET|EPIPE|ECONNABORTED|ERR_STREAM_DESTROYED|ERR_STREAM_WRITE_AFTER_END)$/;

/** Whether an error is the server's own word, with an SQLSTATE. */
export function isServerError(error: unknown): error is ServerError {
  return error instanceof Error && "code" in error && typeof error.code === "string" &&
    /^[0-9A-Z]{5}$/.test(error.code) && "severity" in error;
}

/**
 * An error of the driver's as one of ours; errors of ours stay what they are. `doing` begins the message:
 * "Reading public.orders". Never holds a password or a connection URL.
 */
export function toConnectorError(
  cause: unknown,
  about: { settings: Settings; doing?: string; context?: Record<string, Json> },
): unknown {
  if (cause instanceof DataLoaderError || !(cause instanceof Error)) return cause;
  if (isServerError(cause)) return serverError(cause, about);
  return networkError(cause, about);
}

function serverError(
  cause: ServerError,
  about: { settings: Settings; doing?: string; context?: Record<string, Json> },
): ConnectorError {
  const sqlstate = cause.code!;
  const rule = ruleOf(cause);
  const facts: Record<string, Json> = { sqlstate, server: serverOf(about.settings) };
  for (const key of ["detail", "schema", "table", "column", "constraint", "where"] as const) {
    if (cause[key] !== undefined) facts[key] = cause[key];
  }
  const text = sentence(cause.message);
  return new ConnectorError(rule.code, about.doing === undefined ? text : `${about.doing} failed: ${text}`, {
    hint: cause.hint === undefined ? rule.hint : cause.hint.replace(/\.$/, ""),
    retryable: rule.retryable,
    context: { ...about.context, ...facts },
    cause,
  });
}

function ruleOf(cause: ServerError): Rule {
  const sqlstate = cause.code!;
  // The same state for a timeout and for a cancel by hand; only the words differ, and they are translated.
  if (sqlstate === "57014" && !/timeout|time.?out/i.test(cause.message)) {
    return { code: "CANCELLED", hint: "the statement was cancelled on the server" };
  }
  return RULES[sqlstate] ?? RULES[sqlstate.slice(0, 2)] ?? { code: "SERVER_ERROR" };
}

function networkError(
  cause: Error,
  about: { settings: Settings; doing?: string; context?: Record<string, Json> },
): ConnectorError {
  const code = errorCode(cause);
  const server = serverOf(about.settings);
  const context = { ...about.context, server };
  const known = NETWORK[code];
  if (known !== undefined) {
    return new ConnectorError(known.code, `${server} ${known.text}.`, { ...pick(known), context, cause });
  }
  if (LOST.test(code) || /terminated|not queryable|connection error|closed/i.test(cause.message)) {
    return connectionLost(about, { context, cause });
  }
  if (/self.signed|certificate|altnames|SSL|TLS|handshake/i.test(`${code} ${cause.message}`)) {
    return tlsError(cause, { context, server });
  }
  return new ConnectorError("CONNECTION_FAILED", `${server}: ${sentence(cause.message)}`, { context, cause });
}

/** The connection broke while it was in use. */
export function connectionLost(
  about: { settings: Settings; doing?: string },
  options: ErrorOptions = {},
): ConnectorError {
  const server = serverOf(about.settings);
  return new ConnectorError(
    "CONNECTION_LOST",
    `${about.doing === undefined ? "" : `${about.doing} failed: `}${server} closed the connection.`,
    { hint: "check the server's log and the network", retryable: true, context: { server }, ...options },
  );
}

function tlsError(cause: Error, at: { context: Record<string, Json>; server: string }): ConnectorError {
  const code = errorCode(cause);
  const hint = /ALTNAME|altnames/.test(`${code} ${cause.message}`)
    ? "connect by the name in the certificate, or use sslmode: verify-ca"
    : /self.signed|UNABLE_TO|issuer|unknown/i.test(`${code} ${cause.message}`)
    ? "name the certificate that signs the server's in sslrootcert"
    : "check sslmode, sslrootcert, sslcert and sslkey";
  return new ConnectorError("TLS_FAILED", `No TLS with ${at.server}: ${sentence(cause.message)}`, {
    hint,
    context: at.context,
    cause,
  });
}

function errorCode(error: Error): string {
  if ("code" in error && typeof error.code === "string") return error.code;
  // Connecting to several addresses of one name fails with all their errors.
  if (error instanceof AggregateError && error.errors[0] instanceof Error) return errorCode(error.errors[0]);
  return "";
}

function pick({ hint, retryable }: Rule): ErrorOptions {
  return { hint, retryable };
}

/** A capital first, where a word stands there, and a full stop last. */
function sentence(text: string): string {
  const trimmed = text.trim();
  if (trimmed === "") return "no reason given.";
  const begun = /^[a-z]+[ ,:]/.test(trimmed) ? trimmed[0]!.toUpperCase() + trimmed.slice(1) : trimmed;
  return /[.!?]$/.test(begun) ? begun : `${begun}.`;
}
