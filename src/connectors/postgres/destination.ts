/** Loading into a table of PostgreSQL. */
import {
  ConnectorError,
  type Destination,
  type Load,
  type LoadRequest,
  type OpenContext,
  quoteIdent,
  type Schema,
  type TableSchema,
  type WriteDescription,
  type WriteOptions,
} from "../../sdk/mod.ts";
import { tableSchema } from "../_sql/change_table.ts";
import { describeLoad } from "../_sql/describe.ts";
import { SqlLoad } from "../_sql/load.ts";
import type { Target } from "../_sql/table.ts";
import { checkWrite, type PostgresConfig } from "./config.ts";
import { PgDriver } from "./driver.ts";
import { lookup } from "./lookup.ts";
import { formatTableName, parseTableName, pgLiteral, type TableName } from "./names.ts";
import { proveRights } from "./write_check.ts";

/** Opens a destination; it connects when it is first used. */
export async function openDestination(config: PostgresConfig, context: OpenContext): Promise<Destination> {
  const problem = checkWrite(config, { mode: "append", mergeKeys: [], strategy: "upsert" })[0];
  if (problem !== undefined) {
    throw new ConnectorError("INVALID_CONFIG", problem.message, {
      hint: problem.hint,
      context: { key: [...problem.key] },
    });
  }
  return new PostgresDestination(config, context);
}

class PostgresDestination implements Destination {
  readonly #context: OpenContext;
  readonly #name: TableName;
  readonly #driver: PgDriver;

  constructor(config: PostgresConfig, context: OpenContext) {
    this.#context = context;
    const name = parseTableName(config.table!) as TableName;
    this.#name = { schema: name.schema ?? config.schema, name: name.name };
    this.#driver = new PgDriver(config, context, formatTableName(this.#name));
  }

  async check(): Promise<string[]> {
    return await proveRights(this.#driver, await this.#target());
  }

  async table(): Promise<TableSchema | undefined> {
    return await tableSchema(this.#driver, await this.#target());
  }

  async describe(
    schema: Schema,
    request: LoadRequest,
    options: WriteOptions = {},
  ): Promise<WriteDescription> {
    const target = await this.#target();
    return await describeLoad(this.#driver, schema, { target, request, ...options });
  }

  async openLoad(request: LoadRequest): Promise<Load> {
    const target = await this.#target();
    const load = new SqlLoad({ driver: this.#driver, target, request, context: this.#context });
    const { session } = this.#context;
    return Object.assign(load, {
      lookup: (column: string, value: string) =>
        lookup({ driver: this.#driver, target, session }, column, value),
    });
  }

  async close(): Promise<void> {
    await this.#driver.close();
  }

  /** The table's schema is the one it is found in, else the first of the search path, where a new one would be made. */
  async #target(): Promise<Target> {
    const connection = await this.#driver.connection();
    const { schema, name } = this.#name;
    if (schema !== undefined) return targetOf(schema, name);
    const [row] = await connection.query<{ schema: string | null }>(
      `SELECT coalesce((SELECT n.nspname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
         WHERE c.oid = to_regclass(${
        pgLiteral(quoteIdent(name))
      }) AND c.relpersistence <> 't'), current_schema()) AS schema`,
    );
    if (row!.schema === null) {
      throw new ConnectorError(
        "SCHEMA_NOT_FOUND",
        `The search path of the role names no schema that is there.`,
        {
          hint: "write table: schema.name",
          context: { table: name },
        },
      );
    }
    return targetOf(row!.schema, name);
  }
}

function targetOf(schema: string, name: string): Target {
  return { schema, name, sql: `${quoteIdent(schema)}.${quoteIdent(name)}` };
}
