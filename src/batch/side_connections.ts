/** Connections beside the session's own, for rows that come in or wait while a statement runs there. */
import type engine from "@duckdb/node-bindings";
import { quoteIdent } from "../sdk/mod.ts";
import { takeNative } from "./native.ts";

const duckdb = takeNative();

/** The in-memory database that holds what comes from Arrow. All connections see it, which temporary tables are not. */
export const ARROW_DATABASE = "_arrow";

export class SideConnections {
  readonly #database: engine.Database;
  readonly #open = new Set<engine.Connection>();

  constructor(database: engine.Database) {
    this.#database = database;
  }

  async open(): Promise<engine.Connection> {
    const connection = await duckdb.connect(this.#database);
    this.#open.add(connection);
    return connection;
  }

  close(connection: engine.Connection): void {
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
