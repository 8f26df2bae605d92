/** Reading a table, a view or a query of a PostgreSQL database. */
import {
  ConnectorError,
  counted,
  type Discovered,
  nearest,
  type OpenContext,
  type ReadDescription,
  type ReadRequest,
  type Source,
  type SourceBatch,
  type SourceState,
} from "../../sdk/mod.ts";
import {
  listRelations,
  primaryKeys,
  queryColumns,
  type Relation,
  requireRelation,
  tableColumns,
} from "./catalog.ts";
import { checkRead, type PostgresConfig } from "./config.ts";
import type { PgConnection } from "./connection.ts";
import { formatTableName } from "./names.ts";
import {
  canResumeServer,
  describeServerIncremental,
  readServerIncremental,
  type ServerRead,
} from "../_sql/server_incremental.ts";
import { canResume, metadataOf, type ReadTarget, readWhole, selectOf } from "./read.ts";
import { serverRelation } from "./read_dialect.ts";
import { type CatalogColumn, readColumn } from "./read_types.ts";
import { placeOfTable, serverOf } from "./settings.ts";
import { Snapshot } from "./snapshot.ts";

/** Opens a source; the server is connected to when it is first needed. */
export async function openSource(config: PostgresConfig, context: OpenContext): Promise<Source> {
  const problem = checkRead(config, {})[0];
  if (problem !== undefined) {
    throw new ConnectorError("INVALID_CONFIG", problem.message, {
      hint: problem.hint,
      context: { key: [...problem.key] },
    });
  }
  return new PostgresSource(config, context);
}

class PostgresSource implements Source {
  readonly #config: PostgresConfig;
  readonly #context: OpenContext;
  /** What is being read, so that `close` can end it. */
  readonly #open = new Set<Snapshot>();

  constructor(config: PostgresConfig, context: OpenContext) {
    this.#config = config;
    this.#context = context;
  }

  async check(): Promise<string[]> {
    return await this.#inSnapshot(async (snapshot) => {
      const { first } = snapshot;
      const { database, user } = first.settings;
      const target = await findTarget(first, this.#config);
      // Privileges on single columns, and on what a view or query reads, show only when it runs.
      await first.run(`${selectOf(target)} LIMIT 0`, { doing: `Reading ${target.name}` });
      return [
        `${serverOf(first.settings)} runs PostgreSQL ${first.versionText.split(" ")[0]}, ${
          "encrypted" in first.socket ? "with TLS" : "without TLS"
        }`,
        `"${user}" can read database "${database}"`,
        `${target.name} has ${counted(target.columns.length, "column")}`,
        ...securityNote(target.relation, user),
      ];
    });
  }

  async discover(): Promise<Discovered[]> {
    return await this.#inSnapshot(async ({ first }) => {
      const keys = await primaryKeys(first);
      const found: Discovered[] = [];
      for (const relation of await listRelations(first)) {
        const columns = (await tableColumns(first, relation.oid)).map(readColumn);
        found.push({
          name: formatTableName(relation.visible ? { name: relation.name } : relation),
          schema: { fields: columns.map(({ name, type, nullable }) => ({ name, type, nullable })) },
          primaryKey: keys.get(relation.oid) ?? [],
          estimatedRows: relation.estimatedRows,
        });
      }
      return found;
    });
  }

  async describe(request: ReadRequest, state: SourceState): Promise<ReadDescription> {
    return await this.#inSnapshot(async (snapshot) => {
      const { first } = snapshot;
      const target = await findTarget(first, this.#config);
      const incremental = request.incremental === undefined
        ? undefined
        : await describeServerIncremental(this.#serverRead({ snapshot, target, request, state }));
      const rows = incremental === undefined ? target.relation?.estimatedRows : undefined;
      return {
        schema: target.schema,
        statements: incremental?.statements ?? [selectOf(target)],
        resumesFrom: incremental?.resumesFrom,
        rows: rows ?? await plannedRows(first, selectOf(target, incremental?.where)),
        warnings: [
          ...incremental?.warnings ?? [],
          ...target.columns.flatMap((column) => column.note ?? []),
          ...securityNote(target.relation, first.settings.user),
        ],
      };
    });
  }

  async resumes(request: ReadRequest, state: SourceState): Promise<boolean> {
    if (request.incremental !== undefined) return canResumeServer(request, state);
    return await this.#inSnapshot(async (snapshot) => {
      const target = await findTarget(snapshot.first, this.#config);
      return await canResume({ context: this.#context, target, snapshot, request, state });
    });
  }

  async *readBatches(request: ReadRequest, state: SourceState): AsyncGenerator<SourceBatch> {
    const snapshot = await this.#snapshot();
    let busy = true;
    try {
      const target = await findTarget(snapshot.first, this.#config);
      await keepTable(snapshot.first, target);
      if (request.incremental === undefined) {
        yield* readWhole({ context: this.#context, target, snapshot, request, state });
      } else {
        yield* readServerIncremental(this.#serverRead({ snapshot, target, request, state }));
      }
      busy = false;
    } finally {
      await this.#end(snapshot, { busy });
    }
  }

  finalState(state: SourceState): SourceState {
    return { ...state, checkpoints: [] };
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open].map((snapshot) => this.#end(snapshot, { busy: true })));
  }

  #serverRead(
    { snapshot, target, request, state }: {
      snapshot: Snapshot;
      target: ReadTarget;
      request: ReadRequest;
      state: SourceState;
    },
  ): ServerRead {
    const relation = serverRelation({ context: this.#context, snapshot, target, request });
    return { context: this.#context, relation, request, state, metadata: metadataOf(target) };
  }

  async #snapshot(): Promise<Snapshot> {
    const snapshot = await Snapshot.open(this.#config, this.#context);
    this.#open.add(snapshot);
    return snapshot;
  }

  async #end(snapshot: Snapshot, options: { busy: boolean }): Promise<void> {
    this.#open.delete(snapshot);
    await snapshot.close(options);
  }

  async #inSnapshot<T>(body: (snapshot: Snapshot) => Promise<T>): Promise<T> {
    const snapshot = await this.#snapshot();
    try {
      return await body(snapshot);
    } finally {
      await this.#end(snapshot, { busy: false });
    }
  }
}

/** What the config names, with its columns as they are read. */
async function findTarget(connection: PgConnection, config: PostgresConfig): Promise<ReadTarget> {
  const relation = config.table === undefined ? undefined : await requireRelation(connection, config);
  const all = relation === undefined
    ? await queryColumns(connection, plainQuery(config.query!))
    : await tableColumns(connection, relation.oid);
  const name = relation === undefined ? "query" : formatTableName(relation);
  const columns = pick(all, config.columns, name).map(readColumn);
  return {
    name,
    from: relation === undefined
      ? `(\n${plainQuery(config.query!)}\n) AS q`
      : `${["r", "m"].includes(relation.kind) && !relation.hasChildren ? "ONLY " : ""}${relation.sql}`,
    columns,
    schema: { fields: columns.map(({ name, type, nullable }) => ({ name, type, nullable })) },
    relation,
    place: relation && placeOfTable(connection.settings, relation.sql),
  };
}

function pick(
  all: readonly CatalogColumn[],
  wanted: readonly string[] | undefined,
  table: string,
): readonly CatalogColumn[] {
  if (wanted === undefined) return all;
  return wanted.map((name) => {
    const found = all.find((column) => column.name === name);
    if (found !== undefined) return found;
    const near = nearest(name, all.map((column) => column.name));
    throw new ConnectorError("COLUMN_NOT_FOUND", `${table} has no column "${name}".`, {
      hint: near === undefined
        ? `its columns are: ${all.slice(0, 20).map((column) => column.name).join(", ")}`
        : `did you mean "${near}"?`,
      context: { key: ["columns"], column: name, table },
    });
  });
}

/** Without the semicolon that people end a statement with. */
function plainQuery(query: string): string {
  return query.trim().replace(/;\s*$/, "");
}

/**
 * Others may not drop, alter or truncate the table until all is read. A SELECT, since LOCK wants more rights than reading
 * some columns takes.
 */
async function keepTable(connection: PgConnection, target: ReadTarget): Promise<void> {
  if (target.relation === undefined || !["r", "p"].includes(target.relation.kind)) return;
  await connection.run(`SELECT FROM ${target.from} LIMIT 0`, { doing: `Reading ${target.name}` });
}

async function plannedRows(connection: PgConnection, select: string): Promise<number | undefined> {
  const [row] = await connection.query<{ "QUERY PLAN": string }>(`EXPLAIN (FORMAT JSON) ${select}`, {
    doing: "The query",
  });
  const [plan] = JSON.parse(row!["QUERY PLAN"]) as { Plan?: { "Plan Rows"?: number } }[];
  return plan?.Plan?.["Plan Rows"];
}

function securityNote(relation: Relation | undefined, user: string): string[] {
  return relation?.secured === true
    ? [`row-level security of ${formatTableName(relation)} decides which rows "${user}" sees`]
    : [];
}
