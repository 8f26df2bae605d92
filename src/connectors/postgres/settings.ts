/** Where a config connects to: the fields and the `url` as one. Pure, and reads no environment variable and no file. */
import { ConnectorError } from "../../sdk/mod.ts";
import type { PostgresConfig } from "./config.ts";

/** As libpq names them: https://www.postgresql.org/docs/current/libpq-ssl.html#LIBPQ-SSL-PROTECTION */
export const SSL_MODES = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"] as const;
export type SslMode = typeof SSL_MODES[number];

/** What a connection needs, defaults filled in. */
export interface Settings {
  /** A host name or address, or the folder of a Unix socket (it begins with `/`). */
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password?: string;
  readonly sslmode: SslMode;
  readonly sslrootcert?: string;
  readonly sslcert?: string;
  readonly sslkey?: string;
  readonly applicationName: string;
  /** Milliseconds; 0 is no limit. */
  readonly connectTimeout: number;
}

/** A problem of the keys that say where to connect. */
export interface SettingProblem {
  readonly key: string;
  readonly message: string;
  readonly hint?: string;
}

export const DEFAULT_PORT = 5432;
const DEFAULT_CONNECT_TIMEOUT_S = 10;

/** The keys of a config that a `url` may give too, by the names libpq has for them in a connection URI. */
const PARAMETERS: Record<string, keyof PostgresConfig> = {
  host: "host",
  port: "port",
  dbname: "database",
  user: "user",
  password: "password",
  sslmode: "sslmode",
  sslrootcert: "sslrootcert",
  sslcert: "sslcert",
  sslkey: "sslkey",
  connect_timeout: "connect_timeout",
  application_name: "application_name",
};

type Fields = Partial<Record<keyof PostgresConfig, string>>;

/** What is wrong with where a config connects to. */
export function settingProblems(config: PostgresConfig): SettingProblem[] {
  return resolve(config).problems;
}

/** @throws {ConnectorError} `INVALID_CONFIG`, never showing the URL. */
export function settingsOf(config: PostgresConfig): Settings {
  const { problems, settings } = resolve(config);
  const [first] = problems;
  if (first !== undefined) {
    throw new ConnectorError("INVALID_CONFIG", first.message, {
      hint: first.hint,
      context: { key: [first.key] },
    });
  }
  return settings;
}

/** `localhost:5432/shop` or `/run/postgresql:5432/shop`; what is not known is left out. */
export function placeOf(config: PostgresConfig): string {
  const { settings } = resolve(config);
  return `${serverOf(settings)}${settings.database === "" ? "" : `/${settings.database}`}`;
}

/** `localhost:5432`, `[::1]:5432`. */
export function serverOf(settings: Pick<Settings, "host" | "port">): string {
  const { host, port } = settings;
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** The path of the Unix socket, where the host is the folder of one. */
export function socketPath(settings: Pick<Settings, "host" | "port">): string | undefined {
  return settings.host.startsWith("/")
    ? `${settings.host.replace(/\/+$/, "")}/.s.PGSQL.${settings.port}`
    : undefined;
}

function resolve(config: PostgresConfig): { settings: Settings; problems: SettingProblem[] } {
  const problems: SettingProblem[] = [];
  const fromUrl = config.url === undefined ? {} : readUrl(config.url, problems);
  const pick = (key: keyof PostgresConfig): string | undefined => {
    const own = config[key] === undefined ? undefined : String(config[key]);
    const theirs = fromUrl[key];
    if (own !== undefined && theirs !== undefined && own !== theirs) {
      problems.push({
        key,
        message: `${key} is given twice, here and in url, and the two differ.`,
        hint: "give it in one place",
      });
    }
    return own ?? theirs;
  };
  const required = (key: "host" | "database" | "user", hint: string): string => {
    const value = pick(key);
    if (value === undefined && problems.length === 0) {
      problems.push({ key, message: `A PostgreSQL connection needs a ${key}.`, hint });
    }
    return value ?? "";
  };
  const settings: Settings = {
    host: required("host", "add host: a name, an address, or the folder of a Unix socket; or use url"),
    port: Number(pick("port") ?? DEFAULT_PORT),
    database: required("database", "add database: its name"),
    user: required("user", "add user: the role to log in as; it is not taken from the environment"),
    password: pick("password"),
    sslmode: (pick("sslmode") ?? "prefer") as SslMode,
    sslrootcert: pick("sslrootcert"),
    sslcert: pick("sslcert"),
    sslkey: pick("sslkey"),
    applicationName: pick("application_name") ?? "dataloader",
    connectTimeout: Number(pick("connect_timeout") ?? DEFAULT_CONNECT_TIMEOUT_S) * 1000,
  };
  return { settings, problems: [...problems, ...checkTls(settings)] };
}

function checkTls(settings: Settings): SettingProblem[] {
  const verifies = settings.sslmode.startsWith("verify");
  if (verifies && settings.host.startsWith("/")) {
    return [{
      key: "sslmode",
      message: `sslmode ${settings.sslmode} has no meaning over a Unix socket, which has no TLS.`,
      hint: "name a host, or remove sslmode",
    }];
  }
  if ((settings.sslcert === undefined) !== (settings.sslkey === undefined)) {
    return [{
      key: settings.sslcert === undefined ? "sslcert" : "sslkey",
      message: "A client certificate needs both sslcert and sslkey.",
      hint: "name both files",
    }];
  }
  return [];
}

/** Reads a connection URI: https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS */
function readUrl(url: string, problems: SettingProblem[]): Fields {
  const fail = (message: string, hint: string): Fields => {
    problems.push({ key: "url", message, hint });
    return {};
  };
  const form = "write postgres://user:password@host:5432/database, with % codes for odd characters";
  // By hand: the URL class refuses hosts that are percent-encoded paths of a socket.
  const parts = /^postgres(?:ql)?:\/\/(?:([^@/?#]*)@)?([^/?#]*)(?:\/([^?#]*))?(?:\?([^#]*))?$/.exec(
    url.trim(),
  );
  if (parts === null) return fail("The url is no PostgreSQL connection URL.", form);
  const [, login, place, path, query] = parts;
  if (place!.includes(",")) {
    return fail("The url names several hosts.", "name one; failover between hosts is not supported");
  }
  const hostPort = /^(\[[^\]]*\]|[^:]*)(?::(\d*))?$/.exec(place!);
  if (hostPort === null) return fail("The url's host and port can't be read.", form);
  const fields: Fields = {};
  try {
    const set = (key: keyof PostgresConfig, value: string | undefined) => {
      if (value !== undefined && value !== "") fields[key] = decodeURIComponent(value);
    };
    const at = login?.indexOf(":") ?? -1;
    set("user", at < 0 ? login : login!.slice(0, at));
    set("password", at < 0 ? undefined : login!.slice(at + 1));
    set("host", hostPort[1]!.replace(/^\[|\]$/g, ""));
    set("port", hostPort[2]);
    set("database", path);
    for (const pair of query === undefined || query === "" ? [] : query.split("&")) {
      const [name, value = ""] = pair.split(/=(.*)/s, 2);
      const key = PARAMETERS[name!];
      if (key === undefined) {
        return fail(
          `The url has the parameter "${name}", which is not supported.`,
          `supported are: ${Object.keys(PARAMETERS).join(", ")}`,
        );
      }
      set(key, value);
    }
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
    return fail("The url holds a % that begins no code.", "write %25 for a percent sign");
  }
  if (fields.sslmode !== undefined && !(SSL_MODES as readonly string[]).includes(fields.sslmode)) {
    return fail(`The url's sslmode is none of ${SSL_MODES.join(", ")}.`, "take one of these");
  }
  for (const key of ["port", "connect_timeout"] as const) {
    if (fields[key] !== undefined && !/^\d{1,5}$/.test(fields[key])) {
      return fail(`The url's ${key} is no number.`, form);
    }
  }
  return fields;
}

/** A table of a server, to tell whether two blocks mean the same one. `sql` is its qualified name, quoted. */
export function placeOfTable(settings: Settings, sql: string): string {
  return `${serverOf(settings)}/${settings.database} ${sql}`;
}
