/** The schema registry as a table of a DuckDB file, through the session of whoever asks. */
import type { SchemaRegistry, SchemaVersion } from "../schema/mod.ts";
import { DataLoaderError, qualifiedName, quoteLiteral, type Session } from "../sdk/mod.ts";
import { conflict } from "./schema_files.ts";

const TABLE = "_dataloader_schemas";

/** Keeps versions in `_dataloader_schemas`, a row each. The file is made by the first one; it may be the destination's. */
export class SchemaTable implements SchemaRegistry {
  readonly #session: Session;
  readonly #database: string;

  constructor(session: Session, database: string) {
    this.#session = session;
    this.#database = database;
  }

  describe(_recipe: string): string {
    return `${this.#database}: ${TABLE}`;
  }

  async versions(recipe: string, resource: string): Promise<readonly SchemaVersion[]> {
    if (!(await exists(this.#database))) return [];
    const alias = await this.#session.attach(this.#database, { readOnly: true });
    const [there] = await this.#session.query(
      `SELECT 1 AS x FROM duckdb_tables() WHERE database_name = ${
        quoteLiteral(alias)
      } AND table_name = '${TABLE}'`,
    );
    if (there === undefined) return [];
    const rows = await this.#session.query<
      { version: number; recorded_at: string; run_id: string; columns: string; changes: string }
    >(
      `SELECT version, recorded_at, run_id, "columns"::VARCHAR AS "columns", changes::VARCHAR AS changes ` +
        `FROM ${qualifiedName(alias, "main", TABLE)} WHERE recipe = ${quoteLiteral(recipe)} ` +
        `AND resource = ${quoteLiteral(resource)} ORDER BY version`,
    );
    return rows.map((row) => ({
      version: Number(row.version),
      recorded_at: row.recorded_at,
      run_id: row.run_id,
      columns: JSON.parse(row.columns),
      changes: JSON.parse(row.changes),
    }));
  }

  async add(recipe: string, resource: string, version: SchemaVersion): Promise<void> {
    const alias = await this.#session.attach(this.#database, { readOnly: false });
    const table = qualifiedName(alias, "main", TABLE);
    const values = [
      recipe,
      resource,
      version.version,
      version.recorded_at,
      version.run_id,
      JSON.stringify(version.columns),
      JSON.stringify(version.changes),
    ];
    try {
      await this.#session.transaction(async () => {
        await this.#session.run(
          `CREATE TABLE IF NOT EXISTS ${table} (recipe VARCHAR, resource VARCHAR, version INTEGER, ` +
            `recorded_at VARCHAR, run_id VARCHAR, "columns" JSON, changes JSON, ` +
            `PRIMARY KEY (recipe, resource, version))`,
        );
        await this.#session.run(`INSERT INTO ${table} VALUES (${values.map(quoteLiteral).join(", ")})`);
      });
    } catch (error) {
      const taken = error instanceof DataLoaderError && error.code === "CONSTRAINT_VIOLATED";
      throw taken ? conflict(recipe, this.describe(recipe)) : error;
    }
  }

  /** The session detaches the file. */
  async close(): Promise<void> {}
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
