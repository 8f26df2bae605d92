/** The keys of a `type: postgres` block, what they reach, and the checks that need the whole picture. */
import { z } from "zod";
import {
  type Access,
  asPath,
  asSecret,
  type ConfigProblem,
  type PlannedRead,
  type PlannedWrite,
} from "../../sdk/mod.ts";
import { checkIncremental } from "../_sql/check.ts";
import { formatTableName, IDENTIFIER_BYTES, parseTableName } from "./names.ts";
import { placeOf, serverOf, settingProblems, settingsOf, socketPath, SSL_MODES } from "./settings.ts";

/** As `SET statement_timeout` takes it: https://www.postgresql.org/docs/current/config-setting.html */
const TIMEOUT = /^\d+\s*(ms|s|min|h|d)?$/;

/** Schema of the block, without `type` and the keys of the engine's. */
export const PostgresConfig = z.strictObject({
  host: z.string().min(1).optional().describe(
    "Name or address of the server, or the folder of its Unix socket, such as /var/run/postgresql.",
  ),
  port: z.int().min(1).max(65535).optional().describe("Port of the server. Default: 5432."),
  database: z.string().min(1).optional().describe("Database to connect to."),
  user: z.string().min(1).optional().describe("Role to log in as."),
  password: asSecret(z.string()).optional().describe(
    "Its password. Neither PGPASSWORD nor ~/.pgpass is read: write {{ env_var('PGPASSWORD') }}.",
  ),
  url: asSecret(z.string().min(1)).optional().describe(
    "Connection URL in place of the keys above: postgres://user:password@host:5432/database?sslmode=require.",
  ),
  sslmode: z.enum(SSL_MODES).optional().describe(
    "As libpq has it: disable, allow, prefer (TLS where the server has it), require (TLS, whoever the server is), " +
      "verify-ca (its certificate is signed by sslrootcert), verify-full (and names the host). Default: prefer.",
  ),
  sslrootcert: asPath(z.string().min(1)).optional().describe(
    "File with the certificates (PEM) that sign the server's. With it, sslmode require verifies as verify-ca does. " +
      "Default for the verifying modes: the authorities that Deno trusts.",
  ),
  sslcert: asPath(z.string().min(1)).optional().describe("File with the client's certificate (PEM)."),
  sslkey: asPath(z.string().min(1)).optional().describe("File with the key (PEM) of sslcert."),
  connect_timeout: z.int().nonnegative().optional().describe(
    "Seconds to wait for a connection; 0 waits for as long as it takes. Default: 10.",
  ),
  statement_timeout: z.union([
    z.int().nonnegative(),
    z.string().regex(TIMEOUT, { error: 'must be milliseconds, or a time such as "30s" or "5min"' }),
  ]).optional().describe(
    "Time the server gives each statement, in milliseconds or as 30s, 5min; 0 for no limit. Default: the server's own.",
  ),
  application_name: z.string().min(1).max(IDENTIFIER_BYTES).optional().describe(
    "Name that the server shows in pg_stat_activity. Default: dataloader.",
  ),
  table: z.string().min(1).optional().describe(
    'Table to load into, or table or view to read: name, schema.name, or with quotes "odd.name"."a table". Names keep ' +
      "their case.",
  ),
  query: z.string().min(1).optional().describe("SELECT to read instead of a table. For sources only."),
  schema: z.string().min(1).optional().describe(
    "Schema of a table written without one, and where names in the query are looked up first. Default: the search path " +
      "of the role, which is public as a rule.",
  ),
  columns: z.array(z.string().min(1)).min(1).optional().describe(
    "Columns of the table to read, in this order. Default: all. For sources only.",
  ),
});

/** The parsed block. */
export type PostgresConfig = z.infer<typeof PostgresConfig>;

const RESERVED = /^_dataloader_/i;

/** The server, and the certificate files. */
export function access(config: PostgresConfig): Access[] {
  if (settingProblems(config).length > 0) return [];
  const settings = settingsOf(config);
  const from = config.url === undefined || config.host !== undefined ? ["host"] : ["url"];
  const socket = socketPath(settings);
  const place: Access[] = socket === undefined ? [{ kind: "net", value: serverOf(settings), key: from }] : [
    { kind: "net", value: `unix:${socket}`, key: from },
    { kind: "read", value: socket, key: from },
    { kind: "write", value: socket, key: from },
  ];
  const files = (["sslrootcert", "sslcert", "sslkey"] as const).flatMap((key): Access[] => {
    const value = settings[key];
    return value === undefined
      ? []
      : [{ kind: "read", value, key: [config[key] === undefined ? "url" : key] }];
  });
  return [...place, ...files];
}

/** Problems of a source block. Pure. */
export function checkRead(config: PostgresConfig, request: PlannedRead): ConfigProblem[] {
  const problems: ConfigProblem[] = [...connectionProblems(config)];
  if (config.table === undefined && config.query === undefined) {
    problems.push({
      key: ["table"],
      message: "A postgres source needs a table or a query.",
      hint: "add table: name, or query: SELECT …",
      dependsOn: ["query"],
    });
  }
  if (config.table !== undefined && config.query !== undefined) {
    problems.push({
      key: ["query"],
      message: "A postgres source takes a table or a query, not both.",
      hint: "remove one of them",
    });
  }
  if (config.query !== undefined && config.columns !== undefined) {
    problems.push({
      key: ["columns"],
      message: "columns goes with a table, not with a query.",
      hint: "select the columns in the query",
    });
  }
  const twice = config.columns?.find((name, index) => config.columns!.indexOf(name) !== index);
  if (twice !== undefined) {
    problems.push({
      key: ["columns"],
      message: `The column "${twice}" is listed twice.`,
      hint: "remove one",
    });
  }
  problems.push(...checkTable(config));
  const incremental = request.incremental;
  if (incremental !== undefined) {
    if (!["cursor", "timestamp", "watermark"].includes(incremental.strategy)) {
      problems.push({
        key: ["incremental", "strategy"],
        message: `A postgres source can't read by "${incremental.strategy}".`,
        hint: "use cursor, timestamp or watermark",
      });
    } else problems.push(...checkIncremental(incremental, request.writeMode));
  }
  return problems;
}

/** Problems of a destination block. Pure. */
export function checkWrite(config: PostgresConfig, _request: PlannedWrite): ConfigProblem[] {
  const problems: ConfigProblem[] = [...connectionProblems(config)];
  for (const key of ["query", "columns"] as const) {
    if (config[key] === undefined) continue;
    problems.push({
      key: [key],
      message: `A destination has no ${key}.`,
      hint: key === "query" ? "name the table to load into" : "use the step select_columns",
    });
  }
  if (config.table === undefined) {
    problems.push({
      key: ["table"],
      message: "A postgres destination needs a table.",
      hint: "add table: name; it is created where it is missing",
    });
  }
  problems.push(...checkTable(config));
  if (config.table !== undefined && RESERVED.test(parseTableName(config.table)?.name ?? "")) {
    problems.push({
      key: ["table"],
      message: `Tables named _dataloader_… are dataloader's own: "${config.table}" can't be loaded into.`,
      hint: "choose another name",
    });
  }
  return problems;
}

function connectionProblems(config: PostgresConfig): ConfigProblem[] {
  // Each setting may stand in the url, too; what TLS wants hangs together.
  const tls = ["sslmode", "sslcert", "sslkey", "host"];
  return settingProblems(config).map(({ key, message, hint }) => ({
    key: [key],
    message,
    hint,
    dependsOn: ["url", ...key.startsWith("ssl") ? tls : []],
  }));
}

function checkTable(config: PostgresConfig): ConfigProblem[] {
  if (config.table === undefined) return [];
  const name = parseTableName(config.table);
  if (name === undefined) {
    return [{
      key: ["table"],
      message: `"${config.table}" is no table name.`,
      hint: 'write name or schema.name, with quotes around parts that hold a dot: "odd.name"',
    }];
  }
  const long = [name.schema, name.name].find((part) =>
    new TextEncoder().encode(part ?? "").length > IDENTIFIER_BYTES
  );
  if (long !== undefined) {
    return [{
      key: ["table"],
      message: `"${long}" is longer than ${IDENTIFIER_BYTES} bytes, where PostgreSQL cuts names.`,
      hint: "choose a shorter name",
    }];
  }
  if (name.schema !== undefined && config.schema !== undefined && name.schema !== config.schema) {
    return [{
      key: ["schema"],
      message: `The table is in schema "${name.schema}", but schema says "${config.schema}".`,
      hint: "name the schema in one place",
      dependsOn: ["table"],
    }];
  }
  return [];
}

/** One line for people, without user and password. */
export function describeConfig(config: PostgresConfig): string {
  const name = config.table === undefined ? undefined : parseTableName(config.table);
  const what = name === undefined
    ? "query"
    : formatTableName({ schema: name.schema ?? config.schema, name: name.name });
  return `${placeOf(config)}: ${what}`;
}
