/** Opening the file and looking into its catalog. */
import { dirname } from "node:path";
import {
  ConnectorError,
  DataLoaderError,
  nearest,
  type OpenContext,
  qualifiedName,
  quoteIdent,
  quoteLiteral,
  type Session,
} from "../../sdk/mod.ts";
import type { DuckdbConfig } from "./config.ts";
import { newDatabase, parseTableName, type TableName } from "./names.ts";

/** A table that is there or will be, in an attached file. */
export interface Target {
  readonly alias: string;
  readonly schema: string;
  readonly name: string;
  /** The qualified name, quoted. */
  readonly sql: string;
}

/** A table or view of the file. */
export interface Relation {
  readonly schema: string;
  readonly name: string;
  readonly view: boolean;
  readonly estimatedRows?: number;
}

/**
 * Attaches the file for reading. Never makes it.
 * @throws {ConnectorError} `FILE_NOT_FOUND`, `NOT_A_DATABASE`, `DATABASE_TOO_NEW`, `DATABASE_LOCKED`, `PERMISSION_DENIED`.
 */
export async function openForReading(context: OpenContext, path: string): Promise<string> {
  if (path !== ":memory:" && !(await exists(path))) {
    throw new ConnectorError("FILE_NOT_FOUND", `The database file "${path}" does not exist.`, {
      hint: "check database: a relative path is relative to the recipe that writes it",
      context: { path },
    });
  }
  return await attach(context.session, path, { readOnly: true });
}

/**
 * Attaches the file for writing; makes it, and the folder it lies in, where they are missing.
 * @throws {ConnectorError} as `openForReading`, and `READ_ONLY_DATABASE` where the file can't be written.
 */
export async function openForWriting(context: OpenContext, path: string): Promise<string> {
  if (path !== ":memory:") {
    try {
      if (!(await isFolder(dirname(path)))) await Deno.mkdir(dirname(path), { recursive: true });
      await oneByOne(path, async () => {
        await removeNewDatabase(path);
        if (!(await exists(path))) await makeDatabase(context.session, path);
      });
    } catch (cause) {
      if (cause instanceof DataLoaderError) throw cause;
      throw cannotWrite(path, cause);
    }
  }
  return await attach(context.session, path, { readOnly: false });
}

/** The making of files that is under way. */
const making = new Map<string, Promise<void>>();

/** Runs of one process that make the same file would make it under the same other name. */
async function oneByOne(path: string, body: () => Promise<void>): Promise<void> {
  const before = making.get(path) ?? Promise.resolve();
  const mine = before.catch(() => {}).then(body);
  making.set(path, mine);
  try {
    await mine;
  } finally {
    if (making.get(path) === mine) making.delete(path);
  }
}

/**
 * Makes an empty database under another name and moves it: DuckDB writes its header in several steps, and a process that is
 * killed in between would leave a file that nobody can open.
 */
async function makeDatabase(session: Session, path: string): Promise<void> {
  const temporary = newDatabase(path);
  const alias = quoteIdent(session.temporaryName("new"));
  try {
    await session.run(`ATTACH ${quoteLiteral(temporary)} AS ${alias}; CHECKPOINT ${alias}; DETACH ${alias}`);
    // A link does not take the place of a file that another run has made meanwhile; not every file system has links.
    await Deno.link(temporary, path).catch(async (error) => {
      if (!(error instanceof Deno.errors.AlreadyExists)) await Deno.rename(temporary, path);
    });
  } catch (cause) {
    throw explainAttach(path, cause, { readOnly: false });
  } finally {
    await removeNewDatabase(path);
  }
}

/** What is left of `makeDatabase` when the process is killed in it. */
async function removeNewDatabase(path: string): Promise<void> {
  for (const file of [newDatabase(path), `${newDatabase(path)}.wal`]) {
    await Deno.remove(file).catch((error) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
  }
}

/** Whether there is a folder of that name. One that may not be looked at is taken to be there: the file in it will tell. */
export async function isFolder(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isDirectory;
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) return true;
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return false;
    throw error;
  }
}

/** Whether there is a file. @throws {ConnectorError} where that can't be told, or it is a folder. */
export async function exists(path: string): Promise<boolean> {
  try {
    const info = await Deno.stat(path);
    if (info.isDirectory) throw notADatabase(path, "it is a folder");
    return true;
  } catch (cause) {
    if (cause instanceof DataLoaderError) throw cause;
    if (cause instanceof Deno.errors.NotFound) return false;
    throw new ConnectorError("PERMISSION_DENIED", `The database file "${path}" can't be reached.`, {
      hint: "check the rights of the file and its folder",
      context: { path },
      cause,
    });
  }
}

async function attach(session: Session, path: string, options: { readOnly: boolean }): Promise<string> {
  try {
    return await session.attach(path, options);
  } catch (cause) {
    throw explainAttach(path, cause, options);
  }
}

/** The engine's error of an ATTACH as one of the connector's. */
export function explainAttach(path: string, cause: unknown, options: { readOnly: boolean }): unknown {
  if (!(cause instanceof DataLoaderError)) return cause;
  const text = cause.message;
  if (/not a valid DuckDB database|not a DuckDB|Is a directory/i.test(text)) {
    return notADatabase(path, "it was not made by DuckDB", cause);
  }
  if (/version number (\d+)/.test(text)) {
    return new ConnectorError(
      "DATABASE_TOO_NEW",
      `The database file "${path}" was written in a storage version that this DuckDB can't read.`,
      {
        hint:
          "write it with an older version (ATTACH … (STORAGE_VERSION 'v1.0.0') and COPY FROM DATABASE), or update dataloader",
        context: { path, detail: text },
        cause,
      },
    );
  }
  if (!options.readOnly && ["PERMISSION_DENIED", "READ_ONLY_DATABASE"].includes(cause.code)) {
    return cannotWrite(path, cause);
  }
  return asConnectorError(cause, { path });
}

/** An error of the engine's that is about the file or its tables, as a `ConnectorError` of the same code. */
export function asConnectorError(
  cause: DataLoaderError,
  context: { path?: string; table?: string },
): DataLoaderError {
  if (cause instanceof ConnectorError || cause.code === "INTERRUPTED") return cause;
  return new ConnectorError(cause.code, cause.message, {
    hint: cause.hint,
    context: { ...context, ...cause.context },
    retryable: cause.retryable,
    cause,
  });
}

function notADatabase(path: string, why: string, cause?: unknown): ConnectorError {
  return new ConnectorError("NOT_A_DATABASE", `"${path}" is no DuckDB database file: ${why}.`, {
    hint: "name a DuckDB file, or use type: csv, json or parquet for files of those formats",
    context: { path },
    cause,
  });
}

function cannotWrite(path: string, cause: unknown): ConnectorError {
  return new ConnectorError("READ_ONLY_DATABASE", `The database file "${path}" can't be written.`, {
    hint: "check the rights of the file and its folder, and that the disk is not mounted read-only",
    context: { path },
    cause,
  });
}

/** The table of a config, in an attached file. */
export function targetOf(config: DuckdbConfig, alias: string): Target {
  const name = parseTableName(config.table!) as TableName;
  const schema = name.schema ?? config.schema ?? "main";
  return { alias, schema, name: name.name, sql: qualifiedName(alias, schema, name.name) };
}

/** A name beside a target, in the same schema. */
export function beside(target: Target, name: string): Target {
  return { ...target, name, sql: qualifiedName(target.alias, target.schema, name) };
}

/** Tables and views of a file, without those of dataloader's own. */
export async function listRelations(session: Session, alias: string): Promise<Relation[]> {
  const rows = await session.query<{ schema: string; name: string; view: boolean; rows: bigint | null }>(
    `SELECT schema_name AS schema, table_name AS name, false AS view, CAST(estimated_size AS BIGINT) AS rows
     FROM duckdb_tables() WHERE database_name = ${quoteLiteral(alias)}
     UNION ALL SELECT schema_name, view_name, true, NULL
     FROM duckdb_views() WHERE database_name = ${quoteLiteral(alias)} AND NOT internal
     ORDER BY 1, 2`,
  );
  return rows.filter((row) => !/^_dataloader_/i.test(row.name)).map((row) => ({
    schema: row.schema,
    name: row.name,
    view: row.view,
    ...(row.rows === null ? {} : { estimatedRows: Number(row.rows) }),
  }));
}

/** The table or view of that name, regardless of case. */
export async function findRelation(session: Session, target: Target): Promise<Relation | undefined> {
  const where = (name: string) =>
    `database_name = ${quoteLiteral(target.alias)} AND lower(schema_name) = lower(${
      quoteLiteral(target.schema)
    })
     AND lower(${name}) = lower(${quoteLiteral(target.name)})`;
  const [row] = await session.query<{ schema: string; name: string; view: boolean; rows: bigint | null }>(
    `SELECT schema_name AS schema, table_name AS name, false AS view, CAST(estimated_size AS BIGINT) AS rows
     FROM duckdb_tables() WHERE ${where("table_name")}
     UNION ALL SELECT schema_name, view_name, true, NULL FROM duckdb_views() WHERE ${where("view_name")}`,
  );
  return row && { ...row, estimatedRows: row.rows === null ? undefined : Number(row.rows) };
}

/** @throws {ConnectorError} `TABLE_NOT_FOUND` with the nearest name. */
export async function requireRelation(session: Session, target: Target): Promise<Relation> {
  const found = await findRelation(session, target);
  if (found !== undefined) return found;
  const all = await listRelations(session, target.alias);
  const names = all.map((r) => r.schema === "main" ? r.name : `${r.schema}.${r.name}`);
  const elsewhere = all.find((r) => r.name.toLowerCase() === target.name.toLowerCase());
  const near = elsewhere === undefined
    ? nearest(target.schema === "main" ? target.name : `${target.schema}.${target.name}`, names)
    : `${elsewhere.schema}.${elsewhere.name}`;
  throw new ConnectorError("TABLE_NOT_FOUND", `There is no table or view ${target.schema}.${target.name}.`, {
    hint: near !== undefined
      ? `did you mean "${near}"?`
      : names.length === 0
      ? "the database has no tables"
      : `there are: ${names.slice(0, 20).join(", ")}${names.length > 20 ? ", …" : ""}`,
    context: { schema: target.schema, table: target.name },
  });
}

/** The default for names that `within` has changed and not put back yet. */
const homes = new WeakMap<Session, { database: string; schema: string }>();

/**
 * A transaction in which `within` may be used: after an error the default for names is what it was.
 */
export async function inTransaction<T>(session: Session, body: () => Promise<T>): Promise<T> {
  try {
    return await session.transaction(body);
  } catch (cause) {
    const home = homes.get(session);
    homes.delete(session);
    try {
      if (home !== undefined) await session.run(`USE ${qualifiedName(home.database, home.schema)}`);
    } catch (second) {
      // The session is gone. The first error is the one to tell.
      if (!(second instanceof DataLoaderError)) throw second;
    }
    throw cause;
  }
}

/**
 * Runs `body` with the file and schema of a target as the default for names, as the file's owner writes them. Inside
 * `inTransaction`, which puts the default back after an error: a transaction that failed takes no more statements.
 */
export async function within<T>(
  session: Session,
  place: { alias: string; schema: string },
  body: () => Promise<T>,
): Promise<T> {
  const [before] = await session.query<{ database: string; schema: string }>(
    "SELECT current_database() AS database, current_schema() AS schema",
  );
  homes.set(session, before!);
  await session.run(`USE ${qualifiedName(place.alias, place.schema)}`);
  const result = await body();
  await session.run(`USE ${qualifiedName(before!.database, before!.schema)}`);
  homes.delete(session);
  return result;
}
