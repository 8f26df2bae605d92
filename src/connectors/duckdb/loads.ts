/**
 * `_dataloader_loads`: one row a commit, written in the transaction that writes the rows it speaks of (DESIGN §8). Only the
 * newest row of a load, and that of an overwrite under way, still hold a position; the others are its history.
 */
import {
  ConnectorError,
  type OpenContext,
  type Position,
  quoteLiteral,
  type Session,
} from "../../sdk/mod.ts";
import { beside, type Target } from "./database.ts";

/** The name of the table, in the schema of the table that is loaded. */
export const LOADS_TABLE = "_dataloader_loads";

/** The rows of one recipe and resource about one table. */
export class Loads {
  readonly #session: Session;
  readonly #table: Target;
  readonly #key: { recipe: string; resource: string; table: string };

  constructor(context: OpenContext, target: Target) {
    this.#session = context.session;
    this.#table = beside(target, LOADS_TABLE);
    this.#key = { recipe: context.recipe, resource: context.resource, table: target.name.toLowerCase() };
  }

  get #mine(): string {
    const { recipe, resource, table } = this.#key;
    return `recipe = ${quoteLiteral(recipe)} AND resource = ${quoteLiteral(resource)} AND table_name = ${
      quoteLiteral(table)
    }`;
  }

  /** Makes the table where it is missing. Inside a transaction. */
  async create(): Promise<void> {
    await this.#session.run(
      `CREATE TABLE IF NOT EXISTS ${this.#table.sql} (recipe VARCHAR NOT NULL, resource VARCHAR NOT NULL,
        table_name VARCHAR NOT NULL, run_id VARCHAR NOT NULL, sequence BIGINT NOT NULL, position JSON, rows BIGINT NOT NULL,
        staged BOOLEAN NOT NULL, committed_at TIMESTAMPTZ NOT NULL)`,
    );
  }

  async exists(): Promise<boolean> {
    const rows = await this.#session.query(
      `SELECT 1 AS x FROM duckdb_tables() WHERE database_name = ${quoteLiteral(this.#table.alias)}
       AND lower(schema_name) = lower(${quoteLiteral(this.#table.schema)}) AND table_name = '${LOADS_TABLE}'`,
    );
    return rows.length > 0;
  }

  /**
   * The newest position, of visible rows or of staged ones.
   * @throws {ConnectorError} `POSITION_CORRUPTED` where it can't be read: never a silent restart.
   */
  async newest(options: { staged: boolean }): Promise<Position | undefined> {
    if (!(await this.exists())) return undefined;
    const [row] = await this.#session.query<{ position: string; sequence: bigint }>(
      `SELECT CAST(position AS VARCHAR) AS position, sequence FROM ${this.#table.sql}
       WHERE ${this.#mine} AND staged = ${options.staged} AND position IS NOT NULL ORDER BY sequence DESC LIMIT 1`,
    );
    if (row === undefined) return undefined;
    try {
      const position = JSON.parse(row.position) as Position;
      if (
        typeof position.runId !== "string" || typeof position.state !== "object" || position.state === null
      ) {
        throw new SyntaxError("not a position");
      }
      return { ...position, sequence: Number(row.sequence) };
    } catch (cause) {
      throw new ConnectorError(
        "POSITION_CORRUPTED",
        `The position of recipe "${this.#key.recipe}" in ${this.#table.schema}.${LOADS_TABLE} can't be read.`,
        {
          hint:
            "someone has changed the table: delete the recipe's rows in it and load again with --full-refresh",
          context: { recipe: this.#key.recipe, sequence: Number(row.sequence) },
          cause,
        },
      );
    }
  }

  /**
   * Records a commit, and takes the position off the rows it outdates. Inside the transaction.
   * @throws {ConnectorError} `POSITION_CONFLICT` where another run has committed in the meantime.
   */
  async record(position: Position, of: { rows: number; staged: boolean }): Promise<void> {
    const { recipe, resource, table } = this.#key;
    // What is staged may be thrown away: until then the visible rows keep their position.
    const outdated = of.staged ? "AND staged" : "";
    // One call: it is made for each batch, and each waits for its turn of the event loop.
    const { rowsChanged } = await this.#session.run(
      `UPDATE ${this.#table.sql} SET position = NULL WHERE ${this.#mine} AND position IS NOT NULL ${outdated};
       INSERT INTO ${this.#table.sql} (recipe, resource, table_name, run_id, sequence, position, rows, staged, committed_at)
       SELECT ${quoteLiteral(recipe)}, ${quoteLiteral(resource)}, ${quoteLiteral(table)}, ${
        quoteLiteral(position.runId)
      }, ${position.sequence}, ${quoteLiteral(JSON.stringify(position))}, ${of.rows}, ${of.staged}, now()
       WHERE NOT EXISTS (SELECT 1 FROM ${this.#table.sql} WHERE ${this.#mine} AND sequence >= ${position.sequence})`,
    );
    if (rowsChanged === 1) return;
    const [row] = await this.#session.query<{ newest: bigint | null }>(
      `SELECT max(sequence) AS newest FROM ${this.#table.sql} WHERE ${this.#mine}`,
    );
    throw new ConnectorError(
      "POSITION_CONFLICT",
      `Commit ${position.sequence} of recipe "${recipe}" can't be written: the destination already has commit ${
        row!.newest
      }.`,
      {
        hint: "another run of the recipe is loading the same table: wait for it, then run again",
        context: { recipe, resource, sequence: position.sequence, newest: Number(row!.newest) },
      },
    );
  }

  /** The staged rows are visible now. Inside the transaction. */
  async publish(): Promise<void> {
    await this.#session.run(`UPDATE ${this.#table.sql} SET staged = false WHERE ${this.#mine} AND staged`);
  }

  /** Forgets what was staged. Inside the transaction that drops the staging. */
  async discardStaged(): Promise<void> {
    await this.#session.run(`DELETE FROM ${this.#table.sql} WHERE ${this.#mine} AND staged`);
  }
}
