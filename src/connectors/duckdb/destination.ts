/** Loading into a table of a DuckDB file. */
import { dirname } from "node:path";
import {
  ConnectorError,
  counted,
  type Destination,
  type Load,
  type LoadRequest,
  type OpenContext,
  qualifiedName,
  quoteIdent,
  type Schema,
  type SchemaChange,
  type TableSchema,
  type WriteDescription,
  type WriteOptions,
} from "../../sdk/mod.ts";
import { findKeys, requireTargetKeys } from "../_sql/keys.ts";
import { checkWrite, type DuckdbConfig } from "./config.ts";
import { exists, isFolder, openForReading, openForWriting, type Target, targetOf } from "./database.ts";
import { DuckdbLoad } from "./load.ts";
import { LOADS_TABLE } from "./loads.ts";
import { checkScd2 } from "./scd2.ts";
import { asTableSchema, type ExistingTable, fitSchema, plannedChanges, readTable } from "./schema.ts";

/** Opens a destination; the file is attached, and made where it is missing, when a load is opened. */
export async function openDestination(config: DuckdbConfig, context: OpenContext): Promise<Destination> {
  const problem = checkWrite(config, { mode: "append", mergeKeys: [], strategy: "upsert" })[0];
  if (problem !== undefined) {
    throw new ConnectorError("INVALID_CONFIG", problem.message, {
      hint: problem.hint,
      context: { key: [...problem.key] },
    });
  }
  return new DuckdbDestination(config, context);
}

class DuckdbDestination implements Destination {
  readonly #config: DuckdbConfig;
  readonly #context: OpenContext;

  constructor(config: DuckdbConfig, context: OpenContext) {
    this.#config = config;
    this.#context = context;
  }

  async check(): Promise<string[]> {
    const { database } = this.#config;
    const { session } = this.#context;
    if (database !== ":memory:" && !(await exists(database))) {
      await this.#proveFolder(database);
      return [`${database} does not exist yet and can be made`];
    }
    const alias = await openForWriting(this.#context, database);
    const target = targetOf(this.#config, alias);
    const proof = qualifiedName(alias, "main", session.temporaryName("_dataloader_check"));
    await session.run(`CREATE TABLE ${proof} (x INTEGER)`);
    await session.run(`DROP TABLE ${proof}`);
    const table = await readTable(session, target);
    const name = `${target.schema}.${target.name}`;
    return [
      `${database} can be written`,
      table === undefined
        ? `${name} does not exist yet`
        : `${name} has ${counted(table.columns.length, "column")}`,
    ];
  }

  /** The nearest folder that is there takes a file. */
  async #proveFolder(database: string): Promise<void> {
    let folder = dirname(database);
    while (!(await isFolder(folder)) && dirname(folder) !== folder) folder = dirname(folder);
    try {
      await Deno.remove(
        await Deno.makeTempFile({ dir: folder, prefix: ".dataloader_check_", suffix: ".tmp" }),
      );
    } catch (cause) {
      throw new ConnectorError(
        "READ_ONLY_DATABASE",
        `The database file "${database}" can't be made: "${folder}" can't be written.`,
        {
          hint: "check the rights of the folder, and that the disk is not mounted read-only",
          context: { path: database },
          cause,
        },
      );
    }
  }

  async table(): Promise<TableSchema | undefined> {
    const { database } = this.#config;
    if (database !== ":memory:" && !(await exists(database))) return undefined;
    const alias = await openForReading(this.#context, database);
    const table = await readTable(this.#context.session, targetOf(this.#config, alias));
    return table && asTableSchema(table);
  }

  async describe(
    schema: Schema,
    request: LoadRequest,
    options: WriteOptions = {},
  ): Promise<WriteDescription> {
    const { database } = this.#config;
    const there = database === ":memory:" || await exists(database);
    const alias = there ? await openForReading(this.#context, database) : "new";
    const target = targetOf(this.#config, alias);
    const table = there ? await readTable(this.#context.session, target) : undefined;
    const replaces = request.mode === "overwrite" || request.fullRefresh;
    if (request.mode === "merge") {
      const keys = findKeys(schema, request.mergeKeys);
      requireTargetKeys(table, keys, target);
      if (request.strategy === "scd2") checkScd2(schema, table, { target, keys });
    }
    const changes = options.changes === undefined
      ? fitSchema(schema, table, { target, retype: replaces }).changes
      : plannedChanges(options.changes, table, target);
    // The name that the file has in this session says nothing to anybody, and is another one next time.
    const shown = (sql: string) => sql.replaceAll(`${quoteIdent(alias)}.`, "");
    return {
      statements: [
        ...(there ? [] : [`-- creates ${database}`]),
        ...statements(schema, request, { target, changes }).map(shown),
      ],
      changes: changes.map((change) =>
        change.statement === undefined ? change : { ...change, statement: shown(change.statement) }
      ),
      warnings: warnings(schema, table, { target, replaces }),
    };
  }

  async openLoad(request: LoadRequest): Promise<Load> {
    const alias = await openForWriting(this.#context, this.#config.database);
    return new DuckdbLoad(this.#context, targetOf(this.#config, alias), request);
  }

  async close(): Promise<void> {
    // The session detaches the file, which writes its log into it.
  }
}

/** What a batch would run, in short: staging tables have names that only a run knows. */
function statements(
  schema: Schema,
  request: LoadRequest,
  to: { target: Target; changes: readonly SchemaChange[] },
): string[] {
  const columns = schema.fields.map((f) => quoteIdent(f.name)).join(", ");
  const keys = request.mergeKeys.map(quoteIdent).join(", ");
  const name = to.target.sql;
  const record = `INSERT INTO ${qualifiedName(to.target.alias, to.target.schema, LOADS_TABLE)} VALUES (…)`;
  const made = to.changes.flatMap((change) => change.statement ?? []);
  if (request.mode === "overwrite" || request.fullRefresh) {
    return [
      ...made,
      `INSERT INTO staging (${columns}) SELECT …`,
      record,
      `DROP TABLE ${name}`,
      `ALTER TABLE staging RENAME TO ${to.target.name}`,
    ];
  }
  const write = request.mode === "append" ? `INSERT INTO ${name} (${columns}) SELECT …` : {
    upsert:
      `MERGE INTO ${name} USING batch ON (${keys}) WHEN MATCHED THEN UPDATE WHEN NOT MATCHED THEN INSERT`,
    delete_insert: `DELETE FROM ${name} USING batch ON (${keys}); INSERT INTO ${name} (${columns}) SELECT …`,
    insert_only: `INSERT INTO ${name} (${columns}) SELECT … WHERE (${keys}) IS NEW`,
    scd2:
      `UPDATE ${name} SET _valid_to = … WHERE (${keys}) HAS CHANGED; INSERT INTO ${name} (${columns}) SELECT …`,
  }[request.strategy];
  return [...made, write, record];
}

function warnings(
  schema: Schema,
  table: ExistingTable | undefined,
  of: { target: Target; replaces: boolean },
): string[] {
  const names = new Set(schema.fields.map((f) => f.name.toLowerCase()));
  const missing = (table?.columns ?? []).map((c) => c.name)
    .filter((name) => !names.has(name.toLowerCase()) && !/^_valid_(from|to)$/i.test(name));
  if (missing.length === 0) return [];
  const what = of.replaces
    ? "will be NULL or their default in all rows"
    : "are left as they are, or NULL in new rows";
  return [
    `${
      counted(missing.length, "column")
    } of ${of.target.schema}.${of.target.name} are not loaded and ${what}: ${
      missing.slice(0, 10).join(", ")
    }`,
  ];
}
