/** One connection to a server, over `pg`: opened as the config says, its errors made ours. */
import pg from "pg";
import { ConnectorError, type Json } from "../../sdk/mod.ts";
import type { PostgresConfig } from "./config.ts";
import { connectionLost, isServerError, toConnectorError } from "./errors.ts";
import { pgLiteral } from "./names.ts";
import { serverOf, type Settings, settingsOf } from "./settings.ts";
import { attempts, openSocket, type Socket } from "./socket.ts";
import { Tap } from "./tap.ts";

export interface ConnectOptions {
  /** Aborted: connecting stops, and the statement under way is cancelled at the server. */
  readonly signal: AbortSignal;
}

/** Oldest server that is tried: COPY binary and exported snapshots are older, TID range scans are not needed. */
const OLDEST = 120_000;

/**
 * What a session is set to, so that text forms and casts do not depend on the server's settings. Times without a zone are
 * never touched by these; the zone decides how timestamptz is written as text, and UTC is the same everywhere.
 */
const SESSION =
  "SET client_encoding TO 'UTF8'; SET DateStyle TO 'ISO, YMD'; SET IntervalStyle TO 'postgres'; SET TimeZone TO 'UTC'; " +
  "SET extra_float_digits TO 1; SET bytea_output TO 'hex'; SET standard_conforming_strings TO on; SET xmloption TO content";

/** Values as `query` gives them, by type OID; all other types come as the text the server writes. */
const PARSERS: Record<number, (text: string) => unknown> = {
  16: (text) => text === "t",
  20: BigInt,
  21: Number,
  23: Number,
  26: Number,
  700: Number,
  701: Number,
  1003: textArray,
  1009: textArray,
  1005: numberArray,
  1007: numberArray,
  1028: numberArray,
};

/**
 * Opens a connection.
 * @throws {ConnectorError} `HOST_NOT_FOUND`, `CONNECTION_REFUSED`, `CONNECT_TIMEOUT`, `TLS_NOT_OFFERED`, `TLS_FAILED`,
 * `WRONG_PASSWORD`, `PASSWORD_MISSING`, `ACCESS_DENIED`, `DATABASE_NOT_FOUND`, `TOO_MANY_CONNECTIONS` and what else the
 * server says.
 */
export async function connect(config: PostgresConfig, options: ConnectOptions): Promise<PgConnection> {
  const settings = settingsOf(config);
  const connection = new PgConnection(await open(settings, options.signal), {
    settings,
    signal: options.signal,
  });
  try {
    if (connection.version < OLDEST) {
      throw new ConnectorError(
        "SERVER_TOO_OLD",
        `${serverOf(settings)} runs PostgreSQL ${connection.versionText}, which is too old.`,
        { hint: "PostgreSQL 12 or later is needed", context: { version: connection.versionText } },
      );
    }
    await connection.run(SESSION);
    if (config.statement_timeout !== undefined) {
      await connection.run(`SET statement_timeout TO ${pgLiteral(String(config.statement_timeout))}`);
    }
    if (config.schema !== undefined && config.table === undefined) {
      await connection.query(
        `SELECT set_config('search_path', quote_ident(${pgLiteral(config.schema)}) || ', ' ||
           current_setting('search_path'), false)`,
      );
    }
    return connection;
  } catch (error) {
    await connection.close();
    throw error;
  }
}

interface Opened {
  readonly client: pg.Client;
  readonly tap: Tap;
  readonly socket: Socket;
  /** `15.4 (Debian 15.4-1)` */
  readonly version: string;
}

/** Tries with and without TLS, in the order `sslmode` says. */
async function open(settings: Settings, signal: AbortSignal): Promise<Opened> {
  const ways = attempts(settings);
  let first: unknown;
  for (const way of ways) {
    try {
      return await openOnce(settings, { tls: way === "tls", signal });
    } catch (error) {
      // As libpq: the other way is for a server that wants it, and the first refusal says more than the second.
      const other = error instanceof ConnectorError &&
        ["TLS_NOT_OFFERED", "TLS_FAILED", "ACCESS_DENIED", "CONNECTION_LOST"].includes(error.code);
      // Whoever refuses the password, say, has got further than a server that does not offer TLS.
      if (!other) throw error;
      const skipped = first as ConnectorError | undefined;
      if (skipped === undefined) first = error;
      else throw skipped.code === "TLS_NOT_OFFERED" ? error : skipped;
    }
  }
  throw first;
}

async function openOnce(
  settings: Settings,
  options: { tls: boolean; signal: AbortSignal },
): Promise<Opened> {
  const limit = settings.connectTimeout === 0 ? undefined : AbortSignal.timeout(settings.connectTimeout);
  const signal = limit === undefined ? options.signal : AbortSignal.any([options.signal, limit]);
  try {
    signal.throwIfAborted();
    return await logIn(await openSocket(settings, { tls: options.tls, signal }), settings, signal);
  } catch (error) {
    options.signal.throwIfAborted();
    if (limit?.aborted !== true) throw error;
    throw new ConnectorError(
      "CONNECT_TIMEOUT",
      `${serverOf(settings)} did not let us in within ${settings.connectTimeout / 1000} s.`,
      {
        hint: "check host, port and firewalls, or raise connect_timeout",
        context: { server: serverOf(settings) },
        retryable: true,
      },
    );
  }
}

async function logIn(socket: Socket, settings: Settings, signal: AbortSignal): Promise<Opened> {
  const tap = new Tap(socket);
  const client = makeClient(socket, settings);
  const stop = () => socket.destroy();
  signal.addEventListener("abort", stop);
  try {
    let version = "";
    (client as unknown as { connection: NodeJS.EventEmitter }).connection.on(
      "parameterStatus",
      (status: { parameterName: string; parameterValue: string }) => {
        if (status.parameterName === "server_version") version = status.parameterValue;
      },
    );
    const connected = client.connect();
    // The socket is connected already: the driver waits for the event, and begins when it gets it.
    socket.emit("connect");
    await connected;
    return { client, tap, socket, version };
  } catch (cause) {
    socket.destroy();
    signal.throwIfAborted();
    if (settings.password === undefined && !isServerError(cause)) throw passwordMissing(settings, cause);
    throw toConnectorError(cause, {
      settings,
      context: { user: settings.user, database: settings.database },
    });
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/**
 * The driver reads PG… variables wherever an option is empty, and ~/.pgpass where there is no password. So each option is
 * given something, and what was only a stopgap is taken back before it is used.
 */
function makeClient(socket: Socket, settings: Settings): pg.Client {
  // The driver connects the stream it is given; this one is.
  socket.connect = (() => socket) as typeof socket.connect;
  const client = new pg.Client({
    host: settings.host,
    port: settings.port,
    database: settings.database,
    user: settings.user,
    password: () => settings.password as string,
    stream: () => socket,
    ssl: false,
    application_name: settings.applicationName,
    connectionTimeoutMillis: 0,
    binary: true,
    options: "-",
    replication: "-",
    client_encoding: "UTF8",
    sslnegotiation: "postgres",
    types: { getTypeParser: (oid: number) => PARSERS[oid] ?? ((text: string) => text) },
  } as pg.ClientConfig);
  const inner = client as unknown as {
    binary: boolean;
    replication: unknown;
    connectionParameters: Record<string, unknown>;
  };
  inner.binary = false;
  inner.replication = undefined;
  Object.assign(inner.connectionParameters, { binary: false, options: undefined, replication: undefined });
  // What goes wrong is told to the statement under way; without a listener it would end the process.
  client.on("error", () => {});
  return client;
}

function passwordMissing(settings: Settings, cause: unknown): unknown {
  if (!(cause instanceof Error) || !/password/i.test(cause.message)) {
    return toConnectorError(cause, { settings });
  }
  return new ConnectorError(
    "PASSWORD_MISSING",
    `${serverOf(settings)} asks "${settings.user}" for a password, and the recipe has none.`,
    { hint: "add password: \"{{ env_var('PGPASSWORD') }}\"", context: { user: settings.user } },
  );
}

/** A connection in use. Statements run one after the other. */
export class PgConnection {
  readonly settings: Settings;
  /** For bulk formats: submittables and the raw stream. Errors of it are the driver's own: see `error`. */
  readonly client: pg.Client;
  readonly tap: Tap;
  readonly socket: Socket;
  /** `server_version_num`: 150018. */
  readonly version: number;
  readonly versionText: string;
  readonly #signal: AbortSignal;
  readonly #stop: () => void;
  #closed = false;

  /** Use `connect`. */
  constructor(opened: Opened, from: { settings: Settings; signal: AbortSignal }) {
    this.client = opened.client;
    this.settings = from.settings;
    this.tap = opened.tap;
    this.socket = opened.socket;
    this.versionText = opened.version;
    this.version = versionNumber(opened.version);
    this.#signal = from.signal;
    this.#stop = () => void this.cancel();
    this.#signal.addEventListener("abort", this.#stop);
  }

  /** True once the socket is gone. */
  get lost(): boolean {
    return this.#closed || this.socket.destroyed;
  }

  /** Runs one statement or several, for their effect. Returns the rows that the last one changed or gave. */
  async run(sql: string, about: { doing?: string } = {}): Promise<number> {
    const results = await this.#call(() => this.client.query(sql), about) as
      | pg.QueryResult
      | pg.QueryResult[];
    const last = Array.isArray(results) ? results.at(-1) : results;
    return last?.rowCount ?? 0;
  }

  /**
   * Runs a query whose result is small, for metadata: bool as boolean, int2, int4 and oid as number, int8 as bigint,
   * floats as number, text and integer arrays as arrays, all else as text.
   */
  async query<T extends Record<string, unknown>>(
    sql: string,
    options: { values?: readonly (string | number | boolean | null)[]; doing?: string } = {},
  ): Promise<T[]> {
    const values = options.values === undefined ? undefined : [...options.values];
    const result = await this.#call(() => this.client.query(sql, values), options);
    return (result as pg.QueryResult).rows as T[];
  }

  async #call<T>(call: () => Promise<T>, about: { doing?: string }): Promise<T> {
    this.#signal.throwIfAborted();
    if (this.lost) throw connectionLost({ settings: this.settings, ...about });
    try {
      return await call();
    } catch (cause) {
      throw this.error(cause, about);
    }
  }

  /** An error of the driver's as one of ours; a cancel that the run asked for is the run's own reason. */
  error(cause: unknown, about: { doing?: string; context?: Record<string, Json> } = {}): unknown {
    const cancelled = isServerError(cause) && cause.code === "57014";
    if (this.#signal.aborted && (cancelled || this.lost)) {
      return this.#signal.reason instanceof Error ? this.#signal.reason : cause;
    }
    return toConnectorError(cause, { settings: this.settings, ...about });
  }

  /**
   * Asks the server to stop the statement under way, over a connection of its own, as the protocol has it. Does not wait
   * for the statement, and says nothing where the server is gone.
   */
  async cancel(): Promise<void> {
    if (!this.lost) await this.#sendCancel();
  }

  async #sendCancel(): Promise<void> {
    const { processID, secretKey } = this.client as unknown as { processID: number; secretKey: number };
    if (this.socket.destroyed || processID === null) return;
    try {
      const tls = "encrypted" in this.socket;
      const socket = await openSocket(this.settings, { tls, signal: AbortSignal.timeout(5_000) });
      const message = new DataView(new ArrayBuffer(16));
      [16, 80877102, processID, secretKey].forEach((word, index) => message.setInt32(index * 4, word));
      await new Promise<void>((resolve) => {
        socket.once("close", () => resolve());
        socket.once("error", () => resolve());
        socket.end(new Uint8Array(message.buffer));
        socket.resume();
      });
      socket.destroy();
    } catch (error) {
      // Whoever waits for the statement learns of a server that is gone without this.
      if (!(error instanceof ConnectorError) && !(error instanceof DOMException)) throw error;
    }
  }

  /** Ends the session at once, whatever runs in it. */
  async abandon(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#signal.removeEventListener("abort", this.#stop);
    await this.#sendCancel();
    this.socket.destroy();
  }

  /** Ends the session. A transaction that is open is rolled back by the server. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#signal.removeEventListener("abort", this.#stop);
    if (!this.socket.destroyed) {
      // A statement under way would make the driver wait for it.
      const ended = this.client.end().catch(() => undefined);
      const timer = Promise.withResolvers<void>();
      const patience = setTimeout(timer.resolve, 1_000);
      await Promise.race([ended, timer.promise]);
      clearTimeout(patience);
    }
    this.socket.destroy();
  }
}

/** `15.4 (Debian …)` is 150004, as `server_version_num` has it. */
function versionNumber(text: string): number {
  const found = /^(\d+)(?:\.(\d+))?/.exec(text);
  return found === null ? Infinity : Number(found[1]) * 10_000 + Number(found[2] ?? 0);
}

/** `{a,"b c",NULL}` of one dimension. */
function textArray(text: string): (string | null)[] {
  const items: (string | null)[] = [];
  const item = /(?:"((?:[^"\\]|\\.)*)"|([^,{}]+))(?=[,}])/gs;
  for (const found of text.matchAll(item)) {
    items.push(
      found[1] !== undefined ? found[1].replace(/\\(.)/gs, "$1") : found[2] === "NULL" ? null : found[2]!,
    );
  }
  return items;
}

function numberArray(text: string): (number | null)[] {
  return textArray(text).map((item) => item === null ? null : Number(item));
}
