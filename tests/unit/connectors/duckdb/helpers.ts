import { createSession, type DuckSession } from "../../../../src/batch/mod.ts";
import duckdb from "../../../../src/connectors/duckdb/mod.ts";
import {
  type Destination,
  EMPTY_SOURCE_STATE,
  type Load,
  type LoadRequest,
  type OpenContext,
  type Position,
  type Source,
  type SourceState,
  type WriteResult,
} from "../../../../src/sdk/mod.ts";

export async function withDirectory(body: (directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "dataloader_duckdb_" });
  try {
    await body(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

export async function withSession<T>(body: (session: DuckSession) => Promise<T>): Promise<T> {
  const session = await createSession({ threads: 2, memoryLimit: "2GB" });
  try {
    return await body(session);
  } finally {
    await session.close();
  }
}

export function context(session: DuckSession, more: Partial<OpenContext> = {}): OpenContext {
  return {
    session,
    log: { log: () => {} },
    signal: new AbortController().signal,
    recipe: "r",
    resource: "main",
    ...more,
  };
}

/** Runs statements on a file, as its owner would, and returns the rows of the last one as text. */
export function onFile(path: string, ...statements: string[]): Promise<string[]> {
  return withSession(async (session) => {
    const alias = await session.attach(path, { readOnly: false });
    await session.run(`USE "${alias}"`);
    let rows: string[] = [];
    try {
      for (const statement of statements.slice(0, -1)) await session.run(statement);
      const last = statements.at(-1)!;
      if (/^\s*(SELECT|FROM)/i.test(last)) {
        const { columns } = await session.relation(last);
        const texts = columns.map((c) => `coalesce(CAST("${c.replaceAll('"', '""')}" AS VARCHAR), 'NULL')`);
        const list = await session.query<{ row: string }>(
          `SELECT concat_ws(', ', ${texts.join(", ")}) AS row FROM (${last}) AS q`,
        );
        rows = list.map((r) => r.row);
      } else await session.run(last);
    } finally {
      await session.run("USE memory");
    }
    return rows;
  });
}

export async function openSource(
  session: DuckSession,
  config: Record<string, unknown>,
  more?: Partial<OpenContext>,
): Promise<Source> {
  const { openSource } = await duckdb.openSource!();
  return await openSource(duckdb.config.parse(config), context(session, more));
}

export async function openDestination(
  session: DuckSession,
  config: Record<string, unknown>,
  more?: Partial<OpenContext>,
): Promise<Destination> {
  const { openDestination } = await duckdb.openDestination!();
  return await openDestination(duckdb.config.parse(config), context(session, more));
}

/** A load's request, and the run that its positions belong to. */
export type TestRequest = Partial<LoadRequest> & { readonly runId?: string };

export function loadRequest({ runId: _, ...more }: TestRequest = {}): LoadRequest {
  return {
    mode: "append",
    mergeKeys: [],
    strategy: "upsert",
    fullRefresh: false,
    startedAt: "2024-06-01T12:00:00.000Z",
    ...more,
  };
}

export function position(sequence: number, more: Partial<Position> = {}): Position {
  return { runId: "run-1", sequence, complete: false, state: EMPTY_SOURCE_STATE, ...more };
}

export function stateAt(value: string): SourceState {
  return { ...EMPTY_SOURCE_STATE, cursor_values: { c: value } };
}

/** One whole run in a session of its own: each SELECT is a batch. */
export function load(
  config: Record<string, unknown>,
  selects: readonly string[],
  request: TestRequest = {},
  options: { commit?: boolean; recipe?: string } = {},
): Promise<WriteResult[]> {
  return withSession(async (session) => {
    const destination = await openDestination(
      session,
      config,
      options.recipe ? { recipe: options.recipe } : {},
    );
    const opened = await destination.openLoad(loadRequest(request));
    const before = await opened.resume();
    let sequence = before?.sequence ?? 0;
    const runId = request.runId ?? "run-1";
    const results: WriteResult[] = [];
    for (const select of selects) {
      results.push(await write(session, opened, select, position(++sequence, { runId })));
    }
    if (options.commit !== false) await opened.commit(position(++sequence, { runId, complete: true }));
    else await opened.abort();
    return results;
  });
}

export async function write(
  session: DuckSession,
  opened: Load,
  select: string,
  at: Position,
): Promise<WriteResult> {
  return await opened.writeBatch(await session.relation(select), at);
}
