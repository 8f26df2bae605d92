/** One load into one table. Every write is one transaction, with its row in `_dataloader_loads`. */
import {
  type Batch,
  ConnectorError,
  DataLoaderError,
  type Load,
  type LoadRequest,
  type OpenContext,
  type Position,
  qualifiedName,
  quoteIdent,
  quoteLiteral,
  type SchemaChange,
  type Session,
  type TableChange,
  type WriteOptions,
  type WriteResult,
} from "../../sdk/mod.ts";
import { findKeys, requireTargetKeys } from "../_sql/keys.ts";
import { asConnectorError, findRelation, inTransaction, type Target } from "./database.ts";
import { Loads } from "./loads.ts";
import { addQuarantined, removeOlder } from "./quarantine.ts";
import { applyMerge, stageBatch } from "./merge.ts";
import { addValidity, checkScd2, hasVersions, VALID_TO, versionTime } from "./scd2.ts";
import { type Fit, fitSchema, makeChanges, readTable } from "./schema.ts";
import { createStaging, dropStaging, fitStaging, stagingOf, swap } from "./staging.ts";

/** Thrown to end the transaction of a probe. */
const UNDO = new DataLoaderError("UNDO", "rolled back on purpose");

/** Rows of a batch, and what writing them took. */
interface Written {
  readonly received: number;
  readonly written: number;
  /** Rows the scan gave, where they went straight into the table. */
  readonly scanned?: number;
  readonly changes: readonly SchemaChange[];
  /** How the columns went in, where the next batch can go in the same way. */
  readonly fit?: Fit;
}

/** A load of `openDestination`. */
export class DuckdbLoad implements Load {
  readonly #context: OpenContext;
  readonly #session: Session;
  readonly #request: LoadRequest;
  readonly #target: Target;
  readonly #staging: Target;
  readonly #loads: Loads;
  /** All rows are replaced: they are staged and put in place by `commit`. */
  readonly #replaces: boolean;
  #versionsAt: string | undefined;
  /**
   * How the batches of a run fit the table, once one was committed: nobody else changes a file that this process has open, so
   * the next of the same columns need not look again.
   */
  #fitted: { readonly runId: string; readonly columns: string; readonly fit: Fit } | undefined;

  constructor(context: OpenContext, target: Target, request: LoadRequest) {
    this.#context = context;
    this.#session = context.session;
    this.#request = request;
    this.#target = target;
    this.#staging = stagingOf(target, context);
    this.#loads = new Loads(context, target);
    this.#replaces = request.mode === "overwrite" || request.fullRefresh;
  }

  async resume(): Promise<Position | undefined> {
    const staged = await this.#loads.newest({ staged: true });
    const there = await readTable(this.#session, this.#staging) !== undefined;
    if (staged !== undefined && there && this.#replaces) return staged;
    if (staged !== undefined || there) await this.#transaction(() => this.#discardStaging());
    // Rows that someone has dropped with their table were not loaded: a position without them would hide that.
    if (await readTable(this.#session, this.#target) === undefined) return undefined;
    return await this.#loads.newest({ staged: false });
  }

  async writeBatch(batch: Batch, position: Position, options: WriteOptions = {}): Promise<WriteResult> {
    this.#refuseItself(batch);
    const columns = JSON.stringify(batch.schema.fields);
    const plain = this.#request.mode !== "merge" && (options.changes ?? []).length === 0;
    const known = this.#fitted;
    const again = plain && known?.runId === position.runId && known.columns === columns;
    const done = await this.#transaction(async () => {
      if (!again) await this.#prepare();
      if (!again && this.#replaces && !(await this.#stagedBy(position.runId))) await this.#discardStaging();
      const written = again ? await this.#insertAgain(batch, known.fit) : await this.#write(batch, options);
      const quarantined = await options.settle?.(written.received);
      if (quarantined !== undefined) await addQuarantined(this.#session, quarantined, this.#target);
      await this.#loads.record(position, { rows: written.written, staged: this.#replaces });
      return written;
    });
    this.#fitted = done.fit && { runId: position.runId, columns, fit: done.fit };
    return {
      rowsReceived: done.received,
      rowsWritten: done.written,
      rowsScanned: done.scanned,
      changes: done.changes,
    };
  }

  async probe(batch: Batch, options: WriteOptions = {}): Promise<void> {
    this.#refuseItself(batch);
    try {
      await this.#transaction(async () => {
        await this.#prepare();
        await this.#write(batch, options);
        throw UNDO;
      });
    } catch (error) {
      if (error !== UNDO) throw error;
    }
  }

  async commit(position: Position): Promise<void> {
    await this.#transaction(async () => {
      await this.#prepare();
      if (this.#replaces && await this.#stagedBy(position.runId)) {
        await swap(this.#session, { target: this.#target, staging: this.#staging });
        await this.#loads.publish();
      }
      const { quarantineTable: table } = this.#request;
      if (this.#replaces && table !== undefined) {
        await removeOlder(this.#context, { table, beside: this.#target, runId: position.runId });
      }
      await this.#loads.record(position, { rows: 0, staged: false });
    });
  }

  async abort(options: { discard?: boolean } = {}): Promise<void> {
    // Every write was a transaction of its own, which is rolled back where it failed. What is staged stays for the
    // next run, which takes it up or discards it.
    if (options.discard && this.#replaces) await this.#transaction(() => this.#discardStaging());
  }

  async existing(): Promise<string | undefined> {
    const target = this.#replaces ? this.#staging : this.#target;
    const table = await readTable(this.#session, target);
    if (table === undefined) return undefined;
    const { mode, strategy } = this.#request;
    const versions = mode === "merge" && strategy === "scd2" && hasVersions(table);
    // Versions that have ended are no rows that are there.
    const current = versions ? ` WHERE ${VALID_TO} IS NULL` : "";
    return `SELECT * FROM ${target.sql}${current}`;
  }

  async lookup(column: string, value: string): Promise<string | undefined> {
    const table = await readTable(this.#session, this.#target);
    const found = table?.columns.find((c) => c.name.toLowerCase() === column.toLowerCase());
    if (found === undefined) return undefined;
    const literal = `TRY_CAST(${quoteLiteral(value)} AS ${found.type})`;
    const [row] = await this.#session.query<{ fits: boolean }>(`SELECT ${literal} IS NOT NULL AS fits`);
    return row!.fits
      ? `SELECT * FROM ${this.#target.sql} WHERE ${quoteIdent(found.name)} = ${literal}`
      : undefined;
  }

  async #prepare(): Promise<void> {
    if (this.#target.schema.toLowerCase() !== "main") {
      await this.#session.run(
        `CREATE SCHEMA IF NOT EXISTS ${qualifiedName(this.#target.alias, this.#target.schema)}`,
      );
    }
    await this.#loads.create();
  }

  /** Writes a batch into the table it belongs in now, which is made or widened first. Inside a transaction. */
  async #write(batch: Batch, { changes }: WriteOptions): Promise<Written> {
    await this.#refuseView();
    const made = this.#replaces || changes === undefined ? [] : await this.#change(changes);
    const merges = this.#request.mode === "merge";
    const keys = merges ? findKeys(batch.schema, this.#request.mergeKeys) : [];
    const scd2 = merges && this.#request.strategy === "scd2";
    const into = this.#replaces ? this.#staging : this.#target;
    const table = await readTable(this.#session, into) ??
      (this.#replaces ? await readTable(this.#session, this.#target) : undefined);
    if (merges) requireTargetKeys(table, keys, this.#target);
    if (scd2) checkScd2(batch.schema, table, { target: this.#target, keys });
    const fit = await this.#makeRoom(batch, { made, changes });
    if (scd2) {
      await addValidity(this.#session, into);
      this.#versionsAt ??= await versionTime(this.#session, into, this.#request.startedAt);
    }
    if (!merges) return { ...await this.#insertAgain(batch, fit), changes: fit.changes };
    const staged = await stageBatch(this.#session, batch, { fit, request: this.#request, keys });
    const written = await applyMerge(this.#session, staged, {
      target: into,
      request: this.#request,
      at: this.#versionsAt ?? "",
    });
    await this.#session.run(`DROP TABLE ${staged.table}`);
    return { received: staged.received, written, changes: fit.changes };
  }

  /** The table or staging table, with a column for each of the batch's. */
  async #makeRoom(batch: Batch, by: { made: readonly SchemaChange[] } & WriteOptions): Promise<Fit> {
    const { schema } = batch;
    const tables = { target: this.#target, staging: this.#staging, schema, changes: by.changes };
    if (this.#replaces) {
      return await readTable(this.#session, this.#staging) === undefined
        ? await createStaging(this.#session, tables)
        : await fitStaging(this.#session, tables);
    }
    const fit = fitSchema(schema, await readTable(this.#session, this.#target), { target: this.#target });
    for (const change of fit.changes) await this.#session.run(change.statement!);
    return { ...fit, changes: [...by.made, ...fit.changes] };
  }

  /** Makes the table, or changes it, as the engine has decided. */
  async #change(changes: readonly TableChange[]): Promise<SchemaChange[]> {
    const table = await readTable(this.#session, this.#target);
    return await makeChanges(this.#session, changes, { table, target: this.#target });
  }

  async #insertAgain(batch: Batch, fit: Fit): Promise<Written> {
    const rows = await this.#insert(batch, fit, this.#replaces ? this.#staging : this.#target);
    return { received: rows, written: rows, scanned: this.#session.rowsScanned?.(), changes: [], fit };
  }

  /** One statement, so that the rows go from their source to the file without leaving the engine. */
  async #insert(batch: Batch, fit: Fit, into: Target): Promise<number> {
    const names = fit.columns.map((c) => quoteIdent(c.name)).join(", ");
    const values = fit.columns.map((c) => c.value).join(", ");
    const result = await this.#session.run(
      `INSERT INTO ${into.sql} (${names}) SELECT ${values} FROM (${batch.sql}) AS b`,
    );
    return result.rowsChanged;
  }

  async #stagedBy(runId: string): Promise<boolean> {
    const staged = await this.#loads.newest({ staged: true });
    return staged?.runId === runId && await readTable(this.#session, this.#staging) !== undefined;
  }

  async #discardStaging(): Promise<void> {
    await dropStaging(this.#session, this.#staging);
    if (await this.#loads.exists()) await this.#loads.discardStaged();
  }

  #refuseItself(batch: Batch): void {
    const { alias, schema, name } = this.#target;
    const same = batch.metadata.duckdb_table === `${alias}.${schema}.${name}`.toLowerCase();
    if (!same || this.#request.mode !== "append" || this.#request.fullRefresh) return;
    throw new ConnectorError(
      "SAME_TABLE",
      `${schema}.${name} is both source and destination: its rows would be doubled.`,
      {
        hint: "load into another table, or use write_mode: overwrite or merge",
        context: { table: name, schema },
      },
    );
  }

  async #refuseView(): Promise<void> {
    const found = await findRelation(this.#session, this.#target);
    if (found?.view !== true) return;
    throw new ConnectorError(
      "NOT_A_TABLE",
      `${found.schema}.${found.name} is a view, which can't be loaded into.`,
      {
        hint: "name a table, or drop the view",
        context: { table: found.name, schema: found.schema },
      },
    );
  }

  async #transaction<T>(body: () => Promise<T>): Promise<T> {
    this.#context.signal.throwIfAborted();
    try {
      return await inTransaction(this.#session, body);
    } catch (cause) {
      this.#fitted = undefined;
      if (cause === UNDO || !(cause instanceof DataLoaderError)) throw cause;
      // Faults of the rows and of the source keep their code; all are about this table.
      throw WRITE_FAULTS.has(cause.code)
        ? asConnectorError(cause, { table: `${this.#target.schema}.${this.#target.name}` })
        : cause;
    }
  }
}

const WRITE_FAULTS = new Set([
  "CONSTRAINT_VIOLATED",
  "DISK_FULL",
  "READ_ONLY_DATABASE",
  "TRANSACTION_CONFLICT",
  "CATALOG",
]);
