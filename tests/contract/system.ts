/** What the contract suites are run against, and what they use to do so. */
import assert from "node:assert/strict";
import { createSession, type DuckSession } from "../../src/batch/mod.ts";
import {
  type ConnectorDefinition,
  DataLoaderError,
  type Destination,
  EMPTY_SOURCE_STATE,
  formatType,
  type Incremental,
  type Load,
  type LoadRequest,
  type OpenContext,
  type Position,
  type ReadRequest,
  type Schema,
  type Source,
  type SourceBatch,
  type SourceState,
  type WriteMode,
  type WriteResult,
} from "../../src/sdk/mod.ts";
import { type Stream, textSelect, withoutSpaces } from "./stream.ts";

/** A connector, and how the suites get a place that it can read and write. */
export interface System {
  /** Of the tests: `duckdb`, `filestore csv`. */
  readonly name: string;
  // deno-lint-ignore no-explicit-any -- systems of every config type.
  readonly connector: ConnectorDefinition<any>;
  /** A new place with nothing in it: a database, a folder. */
  open(): Promise<Place>;
  /** Why it can't be had on this machine. */
  readonly missing?: string;
  /** Write modes that apply, where not all that the connector has do. */
  readonly modes?: readonly WriteMode[];
  /**
   * What does not hold, and why: by rule (`S9`), or by rule and case (`D1 arrays`). These steps are ignored, with the reason
   * in their names.
   */
  readonly lacks?: Readonly<Record<string, string>>;
  /** Types that come back as others, as recipes write them: `{ uint64: "decimal(20,0)" }`. */
  readonly becomes?: Readonly<Record<string, string>>;
}

/** What differs between places of one system. Names are those of tables, or of what the system has in their stead. */
export interface Place extends AsyncDisposable {
  /** The connector's block for a table. `schema` is what is known of its rows: for systems that keep no types. */
  block(name: string, use: { for: "read" | "write"; schema?: Schema }): Record<string, unknown>;
  /** Puts rows into a table without the connector; makes it where it is missing, with `keys` as its primary key. */
  seed(name: string, rows: Stream, options?: { keys?: readonly string[] }): Promise<void>;
  /** Texts that must never be shown: the password, and the like. */
  readonly secrets?: readonly string[];
  /** Blocks that can't work, and the error that says so. */
  readonly broken?: readonly Broken[];
  /** What lies about that nobody has asked for: temporary files, staging tables, sessions that are still open. */
  leftovers?(): Promise<string[]>;
}

export interface Broken {
  readonly name: string;
  readonly use: "read" | "write";
  readonly block: Record<string, unknown>;
  readonly code: string;
  readonly retryable: boolean;
  /** What the message must name. */
  readonly says: RegExp;
}

/** The place of one test, with what all rules need. */
export class Bed {
  readonly system: System;
  readonly place: Place;
  /** Everything that a person could come to see. */
  readonly #shown: string[] = [];
  #names = 0;

  constructor(system: System, place: Place) {
    this.system = system;
    this.place = place;
  }

  /** A name for a table that no other rule uses. */
  name(): string {
    return `t${++this.#names}`;
  }

  /** Runs `body` as a process of its own would: with a new session, whose sources and destinations are closed at the end. */
  async client<T>(
    body: (client: Client) => Promise<T>,
    options: { recipe?: string; resource?: string; signal?: AbortSignal } = {},
  ): Promise<T> {
    const session = await createSession({ threads: 2, memoryLimit: "2GB" });
    const client = new Client(this, session, options);
    try {
      return await body(client);
    } finally {
      await client.close();
      await session.close();
    }
  }

  /** A SELECT with the schema that the engine finds for it. */
  async stream(select: string): Promise<Stream> {
    return await this.client(async ({ session }) => {
      const { schema } = await session.relation(select);
      return { name: "made", select, schema };
    });
  }

  async seed(name: string, rows: Stream | string, options?: { keys?: readonly string[] }): Promise<void> {
    await this.place.seed(name, typeof rows === "string" ? await this.stream(rows) : rows, options);
  }

  /** The rows of a SELECT of the engine, as `rows` gives them. */
  async expected(rows: Stream | string): Promise<string[]> {
    const stream = typeof rows === "string" ? await this.stream(rows) : rows;
    return await this.client(({ session }) => texts(session, stream.select, { schema: stream.schema }));
  }

  /**
   * The rows of a table as a reader sees them, through the connector; sorted texts, one a row. Nothing where there is no
   * such table. `schema` is what the rows should be.
   */
  async rows(name: string, schema?: Schema): Promise<string[]> {
    return (await this.read(name, schema)).rows;
  }

  /** The same while a load is under way. */
  async rowsBeside(client: Client, name: string): Promise<string[]> {
    return await this.beside(client, async (other) => (await this.#read(other, name)).rows);
  }

  /**
   * Runs `body` as another process beside one that is under way. Where the engine holds the system itself, as it does a
   * database file, it is the same process: there can't be another.
   */
  async beside<T>(client: Client, body: (other: Client) => Promise<T>): Promise<T> {
    return this.system.connector.capabilities.embedded ? await body(client) : await this.client(body);
  }

  async read(name: string, schema?: Schema): Promise<{ rows: string[]; schema: Schema }> {
    return await this.client((client) => this.#read(client, name, schema));
  }

  async #read(client: Client, name: string, schema?: Schema): Promise<{ rows: string[]; schema: Schema }> {
    const source = await client.source(name, schema);
    const rows: string[] = [];
    let found: Schema = { fields: [] };
    try {
      for await (const { batch } of source.readBatches(readRequest(), EMPTY_SOURCE_STATE)) {
        found = batch.schema;
        rows.push(...await texts(client.session, batch.sql, { schema: batch.schema, expected: schema }));
        await client.session.release(batch);
      }
    } catch (error) {
      if (!(error instanceof DataLoaderError) || !NOTHING_THERE.has(error.code)) throw error;
    }
    return { rows: rows.sort(), schema: found };
  }

  /**
   * One whole run into a table: each SELECT is a batch. `end` is what becomes of it: `commit`, `abort`, or `vanish`, as if
   * the process had been killed.
   */
  async load(
    name: string,
    selects: readonly (Stream | string)[],
    { end = "commit", ...request }: TestRequest & { end?: "commit" | "abort" | "vanish" } = {},
  ): Promise<{ results: WriteResult[]; resumed?: Position; last: number }> {
    return await this.client(async (client) => {
      const load = await client.openLoad(name, request);
      const resumed = await load.resume();
      let last = resumed?.sequence ?? 0;
      const results: WriteResult[] = [];
      const staged = (request.mode === "overwrite" || request.fullRefresh) ? { staged: true } : {};
      const at = (more: Partial<Position>) => position(++last, { runId: request.runId, ...more });
      for (const rows of selects) results.push(await client.write(load, rows, at(staged)));
      if (end === "commit") await load.commit(at({ complete: true }));
      else if (end === "abort") await load.abort();
      return { results, resumed, last };
    }, request);
  }

  /** Remembers what a person could come to see. */
  show(what: unknown): void {
    this.#shown.push(typeof what === "string" ? what : JSON.stringify(what) ?? "");
  }

  /**
   * The error that a promise must end with: one of ours, with a code, a message and a hint, and as retryable as `expected`
   * says.
   */
  async refused(
    promise: Promise<unknown>,
    expected: { code?: string | RegExp; retryable?: boolean; says?: RegExp } = {},
  ): Promise<DataLoaderError> {
    const error = await promise.then(() => undefined, (error) => error);
    assert.ok(error !== undefined, "it should have been refused");
    assert.ok(error instanceof DataLoaderError, `no error of ours: ${error?.stack ?? error}`);
    this.show(errorChain(error));
    assert.match(error.code, /^[A-Z][A-Z0-9_]+$/);
    assert.ok(error.message.length > 0);
    if (typeof expected.code === "string") assert.equal(error.code, expected.code, error.message);
    else if (expected.code !== undefined) assert.match(error.code, expected.code, error.message);
    if (expected.retryable !== undefined) {
      assert.equal(error.retryable, expected.retryable, `${error.code} retryable`);
    }
    if (expected.says !== undefined) assert.match(error.message, expected.says);
    return error;
  }

  /** The secrets of the place that were shown so far. */
  leaks(): string[] {
    const spellings = (this.place.secrets ?? []).flatMap((secret) => [
      secret,
      encodeURIComponent(secret),
      JSON.stringify(secret).slice(1, -1),
      btoa(secret),
    ]);
    return this.#shown.filter((text) => spellings.some((secret) => text.includes(secret)));
  }
}

/** Codes that say that nothing has been written to a place yet. */
const NOTHING_THERE = new Set(["TABLE_NOT_FOUND", "FILE_NOT_FOUND", "NO_FILES"]);

/** What a load asks for, and who loads. */
export type TestRequest = Partial<LoadRequest> & { runId?: string; recipe?: string; resource?: string };

/** One process: a session, and what it has opened. */
export class Client {
  readonly session: DuckSession;
  readonly logs: string[] = [];
  readonly #bed: Bed;
  readonly #context: OpenContext;
  readonly #open: { close(): Promise<void> }[] = [];

  constructor(
    bed: Bed,
    session: DuckSession,
    { recipe = "contract", resource = "main", signal }: {
      recipe?: string;
      resource?: string;
      signal?: AbortSignal;
    },
  ) {
    this.#bed = bed;
    this.session = session;
    this.#context = {
      session,
      log: { log: (level, message, fields) => bed.show([level, message, fields ?? null]) },
      signal: signal ?? new AbortController().signal,
      recipe,
      resource,
    };
  }

  async source(name: string, schema?: Schema): Promise<Source> {
    return await this.openSource(this.#bed.place.block(name, { for: "read", schema }));
  }

  async openSource(block: Record<string, unknown>): Promise<Source> {
    const { connector } = this.#bed.system;
    const config = connector.config.parse(block);
    this.#bed.show(connector.describe(config));
    const source = await (await connector.openSource!()).openSource(config, this.#context);
    this.#open.push(source);
    return source;
  }

  async destination(name: string, schema?: Schema): Promise<Destination> {
    return await this.openDestination(this.#bed.place.block(name, { for: "write", schema }));
  }

  async openDestination(block: Record<string, unknown>): Promise<Destination> {
    const { connector } = this.#bed.system;
    const config = connector.config.parse(block);
    this.#bed.show(connector.describe(config));
    const destination = await (await connector.openDestination!()).openDestination(config, this.#context);
    this.#open.push(destination);
    return destination;
  }

  async openLoad(name: string, request: TestRequest = {}): Promise<Load> {
    return await (await this.destination(name)).openLoad(loadRequest(this.#bed.system, request));
  }

  async write(load: Load, rows: Stream | string, at: Position): Promise<WriteResult> {
    const select = typeof rows === "string" ? rows : rows.select;
    return await load.writeBatch(await this.session.relation(select), at);
  }

  async close(): Promise<void> {
    for (const end of this.#open.splice(0)) await end.close();
  }
}

export function readRequest(of: Partial<ReadRequest> = {}): ReadRequest {
  return {
    runId: "run-1",
    writeMode: "append",
    batchSize: 65_536,
    parallelism: 1,
    startedAt: "2024-06-01T12:00:00.000Z",
    ...of,
  };
}

/** `append` where the system can, else the first mode it has. */
export function loadRequest(
  system: System,
  { runId: _run, recipe: _recipe, resource: _resource, ...of }: TestRequest,
) {
  return {
    mode: modesOf(system)[0]!,
    mergeKeys: [],
    strategy: "upsert",
    fullRefresh: false,
    startedAt: "2024-06-01T12:00:00.000Z",
    ...of,
  } satisfies LoadRequest;
}

export function modesOf(system: System): readonly WriteMode[] {
  return system.modes ?? system.connector.capabilities.writeModes;
}

export function position(sequence: number, of: Partial<Position> = {}): Position {
  return { sequence, complete: false, state: EMPTY_SOURCE_STATE, ...of, runId: of.runId ?? "run-1" };
}

export function incremental(of: Partial<Incremental> & Pick<Incremental, "strategy">): Incremental {
  return { onNull: "error", order: "none", ...of };
}

/** Rows as sorted texts: a JSON array of the columns' texts each, NULL as null. */
async function texts(
  session: DuckSession,
  select: string,
  of: { schema: Schema; expected?: Schema },
): Promise<string[]> {
  const rows = await (await session.relation(textSelect(select, of.schema))).rows();
  const json = new Set(
    [...of.schema.fields, ...of.expected?.fields ?? []].filter((field) => field.type.kind === "json")
      .map((field) => field.name),
  );
  const isJson = of.schema.fields.map((field) => json.has(field.name));
  return rows.map((row) =>
    JSON.stringify(row.map((value, i) => isJson[i] && value !== null ? withoutSpaces(String(value)) : value))
  ).sort();
}

/** What an error and all that lies behind it say. */
export function errorChain(error: unknown): unknown {
  if (!(error instanceof Error)) return String(error);
  const own = error instanceof DataLoaderError ? error.toJSON() : { message: error.message };
  return {
    ...own,
    stack: error.stack ?? null,
    cause: error.cause === undefined ? null : errorChain(error.cause),
  };
}

/** Types by name, as recipes write them. */
export function typesOf(schema: Schema): Record<string, string> {
  return Object.fromEntries(schema.fields.map((field) => [field.name, formatType(field.type)]));
}

/** What a reader has read so far, as the engine keeps it between runs. */
export class Reader {
  state: SourceState = EMPTY_SOURCE_STATE;
  readonly #bed: Bed;
  readonly #name: string;
  readonly #request: Partial<ReadRequest>;
  readonly #schema?: Schema;
  #runs = 0;
  #unfinished = false;

  constructor(bed: Bed, name: string, request: Partial<ReadRequest>, schema?: Schema) {
    this.#bed = bed;
    this.#name = name;
    this.#request = request;
    this.#schema = schema;
  }

  /**
   * Reads what is new in a new process, and returns the rows as `Bed.rows` does. With `stopAfter` the run ends once so many
   * batches are committed, as by a crash; the next call takes it up.
   */
  async run(
    options: { stopAfter?: number; more?: Partial<ReadRequest>; each?: (read: SourceBatch) => void } = {},
  ) {
    if (!this.#unfinished) this.#runs += 1;
    const request = readRequest({ runId: `run-${this.#runs}`, ...this.#request, ...options.more });
    return await this.#bed.client(async (client) => {
      const source = await client.source(this.#name, this.#schema);
      const rows: string[] = [];
      let batches = 0;
      this.#unfinished = true;
      if (options.stopAfter === 0) return { rows, batches };
      for await (const read of source.readBatches(request, this.state)) {
        options.each?.(read);
        rows.push(...await texts(client.session, read.batch.sql, { schema: read.batch.schema }));
        this.state = throughJson(read.state);
        this.#bed.show(this.state);
        await client.session.release(read.batch);
        if (++batches === options.stopAfter) return { rows: rows.sort(), batches };
      }
      this.state = throughJson(source.finalState?.(this.state) ?? { ...this.state, checkpoints: [] });
      this.#unfinished = false;
      return { rows: rows.sort(), batches };
    });
  }
}

function throughJson<T>(value: T): T {
  return JSON.parse(JSON.stringify(value));
}
