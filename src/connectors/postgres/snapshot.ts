/** Connections that see one state of the database: a read-only transaction, and others that take up its snapshot. */
import { ConnectorError, type Logger } from "../../sdk/mod.ts";
import type { PostgresConfig } from "./config.ts";
import { connect, type PgConnection } from "./connection.ts";
import { pgLiteral } from "./names.ts";

const BEGIN = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/** One state of the database, for as long as it is open. */
export class Snapshot {
  readonly first: PgConnection;
  readonly #config: PostgresConfig;
  readonly #context: { signal: AbortSignal; log: Logger };
  readonly #others: PgConnection[] = [];

  private constructor(
    first: PgConnection,
    config: PostgresConfig,
    context: { signal: AbortSignal; log: Logger },
  ) {
    this.first = first;
    this.#config = config;
    this.#context = context;
  }

  /** @throws {ConnectorError} what keeps it from connecting. */
  static async open(
    config: PostgresConfig,
    context: { signal: AbortSignal; log: Logger },
  ): Promise<Snapshot> {
    const first = await connect(config, context);
    try {
      await first.run(BEGIN);
      return new Snapshot(first, config, context);
    } catch (error) {
      await first.close();
      throw error;
    }
  }

  /** The oldest transaction that was under way: all before it were over. PostgreSQL 13 and later. */
  async oldestTransaction(): Promise<string> {
    const [row] = await this.first.query<{ xmin: string }>(
      "SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS xmin",
    );
    return row!.xmin;
  }

  /**
   * `count` connections with the snapshot, this one's included; fewer where the server has no more to give.
   * @throws {ConnectorError} as `connect` does, where not even they can be told apart from a lack of room.
   */
  async connections(count: number): Promise<PgConnection[]> {
    if (count > 1 && this.#others.length === 0) {
      const [row] = await this.first.query<{ id: string }>("SELECT pg_export_snapshot() AS id");
      const opened = await Promise.allSettled(
        Array.from({ length: count - 1 }, () => this.#open(row!.id)),
      );
      for (const result of opened) {
        if (result.status === "fulfilled") this.#others.push(result.value);
      }
      const failed = opened.find((result) => result.status === "rejected");
      if (failed !== undefined) this.#settleForLess(failed.reason);
    }
    return [this.first, ...this.#others];
  }

  async #open(id: string): Promise<PgConnection> {
    const connection = await connect(this.#config, this.#context);
    try {
      await connection.run(`${BEGIN}; SET TRANSACTION SNAPSHOT ${pgLiteral(id)}`);
      return connection;
    } catch (error) {
      await connection.close();
      throw error;
    }
  }

  #settleForLess(reason: unknown): void {
    const full = reason instanceof ConnectorError &&
      ["TOO_MANY_CONNECTIONS", "SERVER_FULL"].includes(reason.code);
    if (!full) throw reason;
    this.#context.log.log(
      "warning",
      `The server has no room for more connections: reading with ${this.#others.length + 1}.`,
    );
  }

  /** Ends all connections at once, whatever runs in them. */
  async close(options: { busy: boolean }): Promise<void> {
    await Promise.all(
      [this.first, ...this.#others].map((connection) =>
        options.busy ? connection.abandon() : connection.close()
      ),
    );
  }
}
