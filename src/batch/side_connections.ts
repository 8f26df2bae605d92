/** Connections beside the session's own, for rows that come in or wait while a statement runs there. */
import duckdb from "@duckdb/node-bindings";
import { quoteIdent } from "../sdk/mod.ts";

/** The in-memory database that holds what comes from Arrow. All connections see it, which temporary tables are not. */
export const ARROW_DATABASE = "_arrow";

export class SideConnections {
  readonly #database: duckdb.Database;
  readonly #open = new Set<duckdb.Connection>();

  constructor(database: duckdb.Database) {
    this.#database = database;
  }

  async open(): Promise<duckdb.Connection> {
    const connection = await duckdb.connect(this.#database);
    this.#open.add(connection);
    return connection;
  }

  close(connection: duckdb.Connection): void {
    if (this.#open.delete(connection)) duckdb.disconnect_sync(connection);
  }

  /** Drops a table of the side database, whatever runs elsewhere. */
  async drop(name: string): Promise<void> {
    const connection = await this.open();
    try {
      await duckdb.query(connection, `DROP TABLE IF EXISTS ${ARROW_DATABASE}.main.${quoteIdent(name)}`);
    } finally {
      this.close(connection);
    }
  }

  interrupt(): void {
    for (const connection of this.#open) duckdb.interrupt(connection);
  }

  closeAll(): void {
    for (const connection of [...this.#open]) this.close(connection);
  }
}
