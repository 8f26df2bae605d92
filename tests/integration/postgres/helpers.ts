/** Loading into a server of the tests', without an engine run around it. */
import { createSession, type DuckSession } from "../../../src/batch/mod.ts";
import postgres from "../../../src/connectors/postgres/mod.ts";
import {
  type Destination,
  EMPTY_SOURCE_STATE,
  type Load,
  type LoadRequest,
  type OpenContext,
  type Position,
  type WriteResult,
} from "../../../src/sdk/mod.ts";
import type { PostgresServer } from "../../servers/postgres.ts";

export async function withSession<T>(body: (session: DuckSession) => Promise<T>): Promise<T> {
  const session = await createSession({ threads: 2, memoryLimit: "1GB" });
  try {
    return await body(session);
  } finally {
    await session.close();
  }
}

/** The tables of one test: a database of its own, and what loads into it. */
export class Place {
  readonly server: PostgresServer;
  readonly database: string;

  constructor(server: PostgresServer, database: string) {
    this.server = server;
    this.database = database;
  }

  static async make(server: PostgresServer): Promise<Place> {
    const database = await server.createDatabase();
    await server.execute(`GRANT ALL ON SCHEMA public TO ${server.user}`, { database });
    return new Place(server, database);
  }

  /** Statements of the role that loads. */
  async run(sql: string): Promise<void> {
    await this.server.execute(`SET ROLE ${this.server.user}; ${sql}`, { database: this.database });
  }

  rows(query: string): Promise<string[]> {
    return this.server.rows(query, { database: this.database });
  }

  select<T = Record<string, unknown>>(query: string): Promise<T[]> {
    return this.server.select<T>(query, { database: this.database });
  }

  config(table: string, more: Record<string, unknown> = {}): Record<string, unknown> {
    return { ...this.server.connection({ database: this.database }), table, ...more };
  }

  async open(session: DuckSession, table: string, options: LoadOptions = {}): Promise<Destination> {
    const { openDestination } = await postgres.openDestination!();
    const config = postgres.config.parse(this.config(table, options.config));
    return await openDestination(config, context(session, options.context));
  }

  /** One whole run in a session of its own: each SELECT is a batch. */
  load(
    table: string,
    selects: readonly string[],
    request: Partial<LoadRequest> = {},
    options: LoadOptions & { commit?: boolean } = {},
  ): Promise<WriteResult[]> {
    return withSession(async (session) => {
      const destination = await this.open(session, table, options);
      try {
        const load = await destination.openLoad(loadRequest(request));
        return await writeAll(session, load, { selects, request, options });
      } finally {
        await destination.close();
      }
    });
  }
}

export interface LoadOptions {
  readonly config?: Record<string, unknown>;
  readonly context?: Partial<OpenContext>;
  readonly runId?: string;
}

async function writeAll(
  session: DuckSession,
  load: Load,
  of: {
    selects: readonly string[];
    request: Partial<LoadRequest>;
    options: LoadOptions & { commit?: boolean };
  },
): Promise<WriteResult[]> {
  const before = await load.resume();
  let sequence = before?.sequence ?? 0;
  const runId = of.options.runId ?? before?.runId ?? crypto.randomUUID();
  const staged = of.request.mode === "overwrite" || of.request.fullRefresh === true;
  const results: WriteResult[] = [];
  for (const select of of.selects) {
    const batch = await session.relation(select);
    results.push(
      await load.writeBatch(batch, position(++sequence, { runId, ...(staged ? { staged } : {}) })),
    );
  }
  if (of.options.commit !== false) await load.commit(position(++sequence, { runId, complete: true }));
  return results;
}

export function loadRequest(more: Partial<LoadRequest> = {}): LoadRequest {
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
