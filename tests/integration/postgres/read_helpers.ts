/** Reading from a server of the tests', without an engine run around it. */
import { createSession, type DuckSession } from "../../../src/batch/mod.ts";
import postgres from "../../../src/connectors/postgres/mod.ts";
import {
  EMPTY_SOURCE_STATE,
  type Incremental,
  type ReadRequest,
  type Source,
  type SourceBatch,
  type SourceState,
} from "../../../src/sdk/mod.ts";
import type { PostgresServer } from "../../servers/postgres.ts";

/** A database of a test's own, and readers of it. */
export class Reading implements AsyncDisposable {
  readonly server: PostgresServer;
  readonly database: string;
  readonly session: DuckSession;
  readonly logs: string[] = [];
  readonly #sources: Source[] = [];
  readonly abort = new AbortController();

  private constructor(server: PostgresServer, database: string, session: DuckSession) {
    this.server = server;
    this.database = database;
    this.session = session;
  }

  static async make(server: PostgresServer): Promise<Reading> {
    const database = await server.createDatabase();
    await server.execute(`GRANT ALL ON SCHEMA public TO ${server.user}`, { database });
    return new Reading(server, database, await createSession({ threads: 2, memoryLimit: "1GB" }));
  }

  /** Statements of the role that reads. */
  async run(sql: string): Promise<void> {
    await this.server.execute(`SET ROLE ${this.server.user}; ${sql}`, { database: this.database });
  }

  /** Statements of the server's owner. */
  async asOwner(sql: string): Promise<void> {
    await this.server.execute(sql, { database: this.database });
  }

  select<T = Record<string, unknown>>(query: string): Promise<T[]> {
    return this.server.select<T>(query, { database: this.database });
  }

  async source(block: Record<string, unknown>): Promise<Source> {
    const config = postgres.config.parse({
      ...this.server.connection({ database: this.database }),
      ...block,
    });
    const source = await (await postgres.openSource!()).openSource(config, {
      session: this.session,
      log: { log: (_level, message) => this.logs.push(message) },
      signal: this.abort.signal,
      recipe: "reading",
      resource: "main",
    });
    this.#sources.push(source);
    return source;
  }

  /** All batches of a read, with the rows of each. */
  async read(
    block: Record<string, unknown>,
    options: {
      request?: Partial<ReadRequest>;
      state?: SourceState;
      stopAfter?: number;
      each?: (batch: SourceBatch, index: number) => void | Promise<void>;
    } = {},
  ): Promise<{ rows: unknown[][]; sizes: number[]; state: SourceState; source: Source }> {
    const source = await this.source(block);
    const rows: unknown[][] = [];
    const sizes: number[] = [];
    let state = options.state ?? EMPTY_SOURCE_STATE;
    let ended = true;
    for await (const read of source.readBatches(request(options.request), state)) {
      await options.each?.(read, sizes.length);
      const part = await read.batch.rows();
      rows.push(...part);
      sizes.push(part.length);
      state = JSON.parse(JSON.stringify(read.state));
      await this.session.release(read.batch);
      if (sizes.length === options.stopAfter) {
        ended = false;
        break;
      }
    }
    if (ended) state = source.finalState?.(state) ?? state;
    return { rows, sizes, state, source };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const source of this.#sources) await source.close();
    await this.session.close();
  }
}

export function request(more: Partial<ReadRequest> = {}): ReadRequest {
  return {
    runId: "run-1",
    writeMode: "append",
    batchSize: 65_536,
    parallelism: 1,
    startedAt: "2024-06-01T12:00:00.000Z",
    ...more,
  };
}

export function incremental(more: Partial<Incremental> & Pick<Incremental, "strategy">): Incremental {
  return { onNull: "error", order: "none", cursorColumn: "at", ...more };
}
