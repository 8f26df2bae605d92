/** Reading a table, a view or a query of a DuckDB file. The relation is the scan: nothing is read until it is pulled. */
import { basename } from "node:path";
import {
  ConnectorError,
  counted,
  type Discovered,
  EMPTY_SOURCE_STATE,
  type JsonObject,
  type OpenContext,
  qualifiedName,
  quoteLiteral,
  type ReadDescription,
  type ReadRequest,
  type Source,
  type SourceBatch,
  type SourceState,
} from "../../sdk/mod.ts";
import { describeIncremental, readIncremental } from "../_sql/incremental.ts";
import { checkRead, type DuckdbConfig } from "./config.ts";
import { listRelations, openForReading, requireRelation, targetOf } from "./database.ts";
import { qualifyQuery } from "./query.ts";
import { parseDuckType, toLogical } from "./types.ts";

/** Opens a source; the file itself is attached when it is first needed. */
export async function openSource(config: DuckdbConfig, context: OpenContext): Promise<Source> {
  const problem = checkRead(config, {})[0];
  if (problem !== undefined) {
    throw new ConnectorError("INVALID_CONFIG", problem.message, {
      hint: problem.hint,
      context: { key: [...problem.key] },
    });
  }
  return new DuckdbSource(config, context);
}

/** What a config names, ready to be read. */
interface Opened {
  readonly alias: string;
  readonly sql: string;
  readonly metadata: JsonObject;
  readonly name: string;
  readonly rows?: number;
}

class DuckdbSource implements Source {
  readonly #config: DuckdbConfig;
  readonly #context: OpenContext;
  #opened: Promise<Opened> | undefined;

  constructor(config: DuckdbConfig, context: OpenContext) {
    this.#config = config;
    this.#context = context;
  }

  async check(): Promise<string[]> {
    const { sql, name } = await this.#open();
    const { columns } = await this.#context.session.relation(sql);
    return [`${this.#config.database} can be read`, `${name} has ${counted(columns.length, "column")}`];
  }

  async discover(): Promise<Discovered[]> {
    const { session } = this.#context;
    const alias = await openForReading(this.#context, this.#config.database);
    const columns = await session.query<
      { schema: string; name: string; column: string; type: string; nullable: boolean }
    >(
      `SELECT schema_name AS schema, table_name AS name, column_name AS column, data_type AS type, is_nullable AS nullable
       FROM duckdb_columns() WHERE database_name = ${
        quoteLiteral(alias)
      } AND NOT internal ORDER BY 1, 2, column_index`,
    );
    const keys = await session.query<{ schema: string; name: string; columns: string[] }>(
      `SELECT schema_name AS schema, table_name AS name, constraint_column_names AS columns FROM duckdb_constraints()
       WHERE database_name = ${quoteLiteral(alias)} AND constraint_type = 'PRIMARY KEY'`,
    );
    const same = (a: { schema: string; name: string }, b: { schema: string; name: string }) =>
      a.schema === b.schema && a.name === b.name;
    return (await listRelations(session, alias)).map((relation): Discovered => ({
      name: relation.schema === "main" ? relation.name : `${relation.schema}.${relation.name}`,
      schema: {
        fields: columns.filter((c) => same(c, relation)).map((c) => ({
          name: c.column,
          type: toLogical(parseDuckType(c.type)),
          nullable: c.nullable,
        })),
      },
      primaryKey: keys.find((k) => same(k, relation))?.columns ?? [],
      estimatedRows: relation.estimatedRows,
    }));
  }

  async describe(request: ReadRequest, state: SourceState): Promise<ReadDescription> {
    const { sql, metadata, rows } = await this.#open();
    const { session } = this.#context;
    if (request.incremental !== undefined) {
      return await describeIncremental({ session, relation: sql, request, state, metadata });
    }
    const batch = await session.relation(sql, metadata);
    return {
      schema: batch.schema,
      statements: [sql],
      rows,
      warnings: batch.warnings ?? [],
      losses: batch.warnings ?? [],
    };
  }

  async *readBatches(request: ReadRequest, state: SourceState): AsyncGenerator<SourceBatch> {
    const { sql, metadata, name } = await this.#open();
    const { session } = this.#context;
    if (request.incremental !== undefined) {
      yield* readIncremental({ session, relation: sql, request, state, metadata });
      return;
    }
    // One batch is all there is: a run cut off after its commit has nothing left to read.
    if (state.checkpoints.some((c) => c.run_id === request.runId && c.read === name)) return;
    yield {
      batch: await session.relation(sql, metadata),
      state: { ...EMPTY_SOURCE_STATE, checkpoints: [{ run_id: request.runId, read: name }] },
      label: name,
    };
  }

  finalState(state: SourceState): SourceState {
    return { ...state, checkpoints: [] };
  }

  async close(): Promise<void> {
    // The file stays attached as long as the session: relations that were handed out are read by others.
  }

  #open(): Promise<Opened> {
    // Not kept when it failed: a lock may be gone at the next try.
    this.#opened ??= this.#find().catch((error) => {
      this.#opened = undefined;
      throw error;
    });
    return this.#opened;
  }

  async #find(): Promise<Opened> {
    const { session } = this.#context;
    const { database, query } = this.#config;
    const alias = await openForReading(this.#context, database);
    if (query !== undefined) {
      const home = {
        alias,
        schema: this.#config.schema ?? "main",
        stem: basename(database).replace(/\.[^.]*$/, ""),
      };
      return { alias, sql: await qualifyQuery(session, query, home), metadata: {}, name: "query" };
    }
    const found = await requireRelation(session, targetOf(this.#config, alias));
    const sql = `SELECT * FROM ${qualifiedName(alias, found.schema, found.name)}`;
    return {
      alias,
      sql,
      name: `${found.schema}.${found.name}`,
      metadata: { duckdb_table: `${alias}.${found.schema}.${found.name}`.toLowerCase() },
      rows: found.estimatedRows,
    };
  }
}
