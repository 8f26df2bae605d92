/**
 * `_dataloader_loads`: one row a commit, written in the transaction that writes the rows it speaks of (DESIGN §8). Only the
 * newest row of a load, and that of an overwrite under way, still hold a position; the others are its history.
 */
import { ConnectorError, type Position, type TableChange } from "../../sdk/mod.ts";
import type { SqlDriver } from "./dialect.ts";
import { beside, type SqlColumn, type Target } from "./table.ts";

/** The name of the table, in the schema of the table that is loaded. */
export const LOADS_TABLE = "_dataloader_loads";

/** A position as it is kept: with staged rows, what changes of the live table when they take its place. */
export type KeptPosition = Position & { readonly later?: readonly TableChange[] };

/** The rows of one recipe and resource about one table. */
export class Loads {
  readonly #driver: SqlDriver<SqlColumn>;
  readonly #table: Target;
  readonly #key: { recipe: string; resource: string; table: string };
  #there = false;

  constructor(driver: SqlDriver<SqlColumn>, of: { recipe: string; resource: string; target: Target }) {
    this.#driver = driver;
    this.#table = beside(of.target, LOADS_TABLE, driver.dialect.quote);
    this.#key = { recipe: of.recipe, resource: of.resource, table: of.target.name };
  }

  /** What no two transactions may hold at once. */
  get key(): string {
    const { recipe, resource, table } = this.#key;
    return [recipe, resource, this.#table.schema, table].join("\0");
  }

  get #mine(): string {
    const { literal } = this.#driver.dialect;
    const { recipe, resource, table } = this.#key;
    return `recipe = ${literal(recipe)} AND resource = ${literal(resource)} AND table_name = ${
      literal(table)
    }`;
  }

  /** The statement that makes the table, for plans and for people who must make it themselves. */
  get definition(): string {
    const { text, int64, boolean, instant } = this.#driver.dialect.types;
    return `CREATE TABLE ${this.#table.sql} (recipe ${text} NOT NULL, resource ${text} NOT NULL, ` +
      `table_name ${text} NOT NULL, run_id ${text} NOT NULL, sequence ${int64} NOT NULL, position ${text}, ` +
      `"rows" ${int64} NOT NULL, staged ${boolean} NOT NULL, committed_at ${instant} NOT NULL)`;
  }

  /** Makes the table where it is missing. Inside a transaction. */
  async create(): Promise<void> {
    if (await this.exists()) return;
    await this.#driver.lockLoad(`${this.#table.schema}\0${LOADS_TABLE}`);
    // Another run may have made it while this one waited.
    if (await this.exists()) return;
    await this.#driver.run(this.definition, `Making ${this.#table.schema}.${LOADS_TABLE}`);
    // What is made in a transaction that fails is gone with it: `exists` must look again.
  }

  async exists(): Promise<boolean> {
    if (this.#there) return true;
    return await this.#driver.readTable(this.#table) !== undefined;
  }

  /** The transaction that may have made the table is committed. */
  committed(): void {
    this.#there = true;
  }

  /** The connection was lost or the transaction failed: nothing is certain. */
  forget(): void {
    this.#there = false;
  }

  /**
   * The newest position, of visible rows or of staged ones.
   * @throws {ConnectorError} `POSITION_CORRUPTED` where it can't be read: never a silent restart.
   */
  async newest(options: { staged: boolean }): Promise<KeptPosition | undefined> {
    if (!(await this.exists())) return undefined;
    const staged = options.staged ? "staged" : "NOT staged";
    const [row] = await this.#driver.query<{ position: string; sequence: bigint | number }>(
      `SELECT position, sequence FROM ${this.#table.sql}
       WHERE ${this.#mine} AND ${staged} AND position IS NOT NULL ORDER BY sequence DESC LIMIT 1`,
      `Reading ${this.#table.schema}.${LOADS_TABLE}`,
    );
    if (row === undefined) return undefined;
    try {
      const position = JSON.parse(row.position) as KeptPosition;
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
   * Inside the transaction, before the rows are sent.
   * @throws {ConnectorError} `POSITION_CONFLICT` where another run has committed in the meantime.
   */
  async refuseConflict(position: Position): Promise<void> {
    const { recipe, resource } = this.#key;
    const [row] = await this.#driver.query<{ newest: bigint | number | null }>(
      `SELECT max(sequence) AS newest FROM ${this.#table.sql} WHERE ${this.#mine}`,
      `Reading ${this.#table.schema}.${LOADS_TABLE}`,
    );
    const newest = row!.newest;
    if (newest === null || Number(newest) < position.sequence) return;
    throw new ConnectorError(
      "POSITION_CONFLICT",
      `Commit ${position.sequence} of recipe "${recipe}" can't be written: the destination already has commit ${newest}.`,
      {
        hint: "another run of the recipe is loading the same table: wait for it, then run again",
        context: { recipe, resource, sequence: position.sequence, newest: Number(newest) },
      },
    );
  }

  /** Records a commit, and takes the position off the rows it outdates. Inside the transaction. */
  async record(
    position: Position,
    of: { rows: number; staged: boolean; later?: readonly TableChange[] },
  ): Promise<void> {
    const { literal, now } = this.#driver.dialect;
    const { recipe, resource, table } = this.#key;
    // What is staged may be thrown away: until then the visible rows keep their position.
    const outdated = of.staged ? "AND staged" : "";
    const doing = `Writing ${this.#table.schema}.${LOADS_TABLE}`;
    await this.#driver.run(
      `UPDATE ${this.#table.sql} SET position = NULL WHERE ${this.#mine} AND position IS NOT NULL ${outdated}`,
      doing,
    );
    const values = [recipe, resource, table, position.runId].map(literal);
    const later = of.later ?? [];
    const kept: KeptPosition = later.length === 0 ? position : { ...position, later };
    await this.#driver.run(
      `INSERT INTO ${this.#table.sql}
         (recipe, resource, table_name, run_id, sequence, position, "rows", staged, committed_at)
       VALUES (${values.join(", ")}, ${position.sequence}, ${literal(JSON.stringify(kept))}, ${of.rows}, ${
        literal(of.staged)
      }, ${now})`,
      doing,
    );
  }

  /** The staged rows are visible now. Inside the transaction. */
  async publish(): Promise<void> {
    await this.#driver.run(
      `UPDATE ${this.#table.sql} SET staged = ${
        this.#driver.dialect.literal(false)
      } WHERE ${this.#mine} AND staged`,
    );
  }

  /** Forgets what was staged. Inside the transaction that drops the staging. */
  async discardStaged(): Promise<void> {
    await this.#driver.run(`DELETE FROM ${this.#table.sql} WHERE ${this.#mine} AND staged`);
  }
}
