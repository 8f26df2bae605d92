/**
 * One load into one table of a SQL system: the sequence that all of them share. Every write is one transaction, with its row in
 * `_dataloader_loads`.
 */
import {
  type Batch,
  CommitUnknownError,
  ConnectorError,
  DataLoaderError,
  type Load,
  type LoadRequest,
  type OpenContext,
  type Position,
  type SchemaChange,
  type TableChange,
  type WriteOptions,
  type WriteResult,
} from "../../sdk/mod.ts";
import { changedTable, changeTable, laterChanges, plannedChanges } from "./change_table.ts";
import type { SqlDriver } from "./dialect.ts";
import { type Fit, fitSchema } from "./fit.ts";
import { findKeys, requireTargetKeys } from "./keys.ts";
import { Loads } from "./loads.ts";
import { locate } from "./locate.ts";
import { applyMerge, meetingOf, type MergePlan, settleKeys, stageBatch, type Staged } from "./merge.ts";
import { addQuarantined, removeOlder } from "./quarantine.ts";
import { addValidity, checkScd2, versionTime } from "./scd2.ts";
import { stagingOf } from "./staging.ts";
import { nameOf, type SqlColumn, type SqlTable, type Target } from "./table.ts";

/** Thrown to end the transaction of a probe. */
const UNDO = new DataLoaderError("UNDO", "rolled back on purpose");

export interface SqlLoadOptions<C extends SqlColumn> {
  readonly driver: SqlDriver<C>;
  readonly target: Target;
  readonly request: LoadRequest;
  readonly context: OpenContext;
}

/** A load of any SQL destination. */
export class SqlLoad<C extends SqlColumn> implements Load {
  readonly #driver: SqlDriver<C>;
  readonly #context: OpenContext;
  readonly #request: LoadRequest;
  readonly #target: Target;
  readonly #staging: Target;
  readonly #loads: Loads;
  /** All rows are replaced: they are staged and put in place by `commit`. */
  readonly #replaces: boolean;
  /** SQL: when the versions of this load begin. */
  #versionsAt: string | undefined;
  /** Changes of the live table that wait until its rows are replaced; with the staged position they outlast this process. */
  #later: readonly TableChange[] = [];

  constructor({ driver, target, request, context }: SqlLoadOptions<C>) {
    this.#driver = driver;
    this.#context = context;
    this.#request = request;
    this.#target = target;
    const { recipe, resource } = context;
    this.#staging = stagingOf(target, { recipe, resource, dialect: driver.dialect });
    this.#loads = new Loads(driver as unknown as SqlDriver, { recipe, resource, target });
    this.#replaces = request.mode === "overwrite" || request.fullRefresh;
  }

  async resume(): Promise<Position | undefined> {
    return await this.#transaction(async () => {
      // A commit of this load whose answer was lost may still be under way.
      await this.#driver.lockLoad(this.#loads.key);
      const staged = await this.#loads.newest({ staged: true });
      const there = await this.#driver.readTable(this.#staging) !== undefined;
      if (staged !== undefined && there && this.#replaces) {
        const { later = [], ...position } = staged;
        this.#later = later;
        return position;
      }
      if (staged !== undefined || there) await this.#discardStaging();
      // Rows that someone has dropped with their table were not loaded: a position without them would hide that.
      if (await this.#driver.readTable(this.#target) === undefined) return undefined;
      return await this.#loads.newest({ staged: false });
    });
  }

  async writeBatch(batch: Batch, position: Position, options: WriteOptions = {}): Promise<WriteResult> {
    let result: WriteResult | undefined;
    let later: readonly TableChange[] = [];
    try {
      await this.#transaction(async () => {
        await this.#prepare(position);
        if (this.#replaces && !(await this.#stagedBy(position.runId))) await this.#discardStaging();
        later = laterChanges(this.#later, options.changes);
        result = await this.#write(batch, { ...options, later });
        const quarantined = await options.settle?.(result.rowsReceived);
        if (quarantined !== undefined) await addQuarantined(this.#driver, quarantined, this.#target);
        await this.#loads.record(position, { rows: result.rowsWritten, staged: this.#replaces, later });
      });
      this.#loads.committed();
      this.#later = later;
    } catch (error) {
      if (error instanceof CommitUnknownError) error.result = result;
      throw error;
    }
    return result!;
  }

  async probe(batch: Batch, options: WriteOptions = {}): Promise<void> {
    try {
      await this.#transaction(async () => {
        await this.#prepare();
        await this.#write(batch, { ...options, later: laterChanges(this.#later, options.changes) });
        await this.#driver.checkDeferred?.();
        throw UNDO;
      });
    } catch (error) {
      if (error !== UNDO) throw error;
    }
  }

  async commit(position: Position): Promise<void> {
    await this.#transaction(async () => {
      await this.#prepare(position);
      if (this.#replaces && await this.#stagedBy(position.runId)) {
        const there = await this.#driver.readTable(this.#target) !== undefined;
        // The rows that are replaced may have NULLs where the new ones have none.
        const isLast = ({ kind }: TableChange) => kind === "set_not_null";
        if (there) await this.#changeLive(this.#later.filter((change) => !isLast(change)));
        await this.#driver.overwrite.publish(this.#staging, this.#target);
        if (there) await this.#changeLive(this.#later.filter(isLast));
        await this.#loads.publish();
      }
      const { quarantineTable: table } = this.#request;
      if (this.#replaces && table !== undefined) {
        const { recipe, resource } = this.#context;
        const of = { table, beside: this.#target, recipe, resource, runId: position.runId };
        await removeOlder(this.#driver, of);
      }
      await this.#loads.record(position, { rows: 0, staged: false });
    });
  }

  async abort(options: { discard?: boolean } = {}): Promise<void> {
    // Every write was a transaction of its own, which is rolled back where it failed. What is staged stays for the
    // next run, which takes it up or discards it.
    if (!options.discard || !this.#replaces) return;
    await this.#transaction(async () => {
      await this.#driver.lockLoad(this.#loads.key);
      await this.#discardStaging();
    });
  }

  async #changeLive(changes: readonly TableChange[]): Promise<void> {
    if (changes.length === 0) return;
    const table = await this.#driver.readTable(this.#target);
    await changeTable(this.#driver, changes, { target: this.#target, table });
  }

  async #transaction<T>(body: () => Promise<T>): Promise<T> {
    this.#context.signal.throwIfAborted();
    try {
      return await this.#driver.transaction(body);
    } catch (error) {
      this.#loads.forget();
      throw error;
    }
  }

  async #prepare(position?: Position): Promise<void> {
    await this.#driver.lockLoad(this.#loads.key);
    await this.#driver.createSchema(this.#target);
    await this.#loads.create();
    if (position !== undefined) await this.#loads.refuseConflict(position);
  }

  /** Writes a batch into the table it belongs in now, which is made or widened first. Inside a transaction. */
  async #write(
    batch: Batch,
    options: WriteOptions & { later: readonly TableChange[] },
  ): Promise<WriteResult> {
    const driver = this.#driver;
    const there = await driver.readTable(this.#target);
    this.#refuseView(there);
    const merges = this.#request.mode === "merge";
    const keys = merges ? findKeys(batch.schema, this.#request.mergeKeys) : [];
    const scd2 = merges && this.#request.strategy === "scd2";
    const into = this.#replaces ? this.#staging : this.#target;
    const told = await this.#change(options.changes, { table: there, keys: scd2 ? [] : keys });
    const live = this.#replaces
      ? there && changedTable(there, options.later)
      : told.length === 0
      ? there
      : await driver.readTable(this.#target);
    const before = (this.#replaces ? await driver.readTable(into) : undefined) ?? live;
    if (merges) requireTargetKeys(before, keys, this.#target);
    if (scd2) checkScd2(batch.schema, this.#replaces ? undefined : before, { target: this.#target, keys });
    const isNew = there === undefined;
    const room = await this.#makeRoom(batch, { live, isNew, keys, scd2, changes: options.changes });
    const isTold = (change: SchemaChange) =>
      told.some(({ kind, column }) => kind === change.kind && column === change.column);
    const changes = [...told, ...room.filter((change) => !isTold(change))];
    const table = (await driver.readTable(into))!;
    const fit = fitSchema(batch.schema, table, { target: into, dialect: driver.dialect });
    if (!merges) return { ...await this.#insert(batch, { fit, into }), changes };
    if (scd2) this.#versionsAt ??= await versionTime(driver, into, this.#request.startedAt);
    const plan = {
      request: this.#request,
      keys: keys.map((key) => fit.columns.find((c) => c.field.name === key)!.column.name),
      target: into,
      at: this.#versionsAt ?? "",
      table,
    };
    return { ...await this.#merge(batch, { fit, plan }), changes };
  }

  /** The table or staging table, with a column for each of the batch's. Returns what changes, as people know the tables. */
  async #makeRoom(
    batch: Batch,
    of: {
      live: SqlTable<C> | undefined;
      isNew: boolean;
      keys: readonly string[];
      scd2: boolean;
      changes?: readonly TableChange[];
    },
  ): Promise<readonly SchemaChange[]> {
    const driver = this.#driver;
    const { dialect } = driver;
    const keys = of.scd2 ? [] : of.keys;
    const fitting = { keys, dialect };
    const told = fitSchema(batch.schema, of.live, {
      ...fitting,
      target: this.#target,
      retype: this.#replaces,
    });
    const into = this.#replaces ? this.#staging : this.#target;
    const there = this.#replaces ? await driver.readTable(this.#staging) : of.live;
    const isNewStaging = this.#replaces && there === undefined;
    const made = isNewStaging
      ? await this.#createStaging(batch, { ...of, keys })
      : await this.#make(fitSchema(batch.schema, there, { ...fitting, target: into }), into);
    if (isNewStaging && of.live !== undefined) await this.#retypeStaging(of.changes);
    if (of.scd2) await addValidity(driver, into);
    if (made || (of.isNew && !this.#replaces)) await driver.afterCreate?.(into, of);
    return told.changes;
  }

  /** What the engine has decided on. A table whose rows are replaced gets its columns from the staging table. */
  async #change(
    changes: readonly TableChange[] | undefined,
    of: { table: SqlTable<C> | undefined; keys: readonly string[] },
  ): Promise<readonly SchemaChange[]> {
    if (changes === undefined) return [];
    if (!this.#replaces) return await changeTable(this.#driver, changes, { ...of, target: this.#target });
    const table = await this.#driver.readTable(this.#staging);
    if (of.table !== undefined) {
      if (table !== undefined) await this.#retypeStaging(changes);
      const live = [
        ...laterChanges([], changes),
        ...changes.filter(({ kind }) => kind === "change_type"),
      ];
      return plannedChanges(this.#driver, live, { ...of, target: this.#target });
    }
    if (table === undefined) {
      await changeTable(this.#driver, changes, { ...of, table, target: this.#staging });
    }
    return [];
  }

  /** The staging table is made as the live one will be, as far as that is known; more may come with each batch. */
  async #retypeStaging(changes: readonly TableChange[] = []): Promise<void> {
    const wanted = changes.filter(({ kind }) => kind === "drop_not_null" || kind === "change_type");
    if (wanted.length === 0) return;
    const table = await this.#driver.readTable(this.#staging);
    await changeTable(this.#driver, wanted, { table, target: this.#staging });
  }

  async #make(fit: Fit<C>, target: Target): Promise<boolean> {
    for (const change of fit.changes) await this.#driver.run(change.statement!, `Changing ${nameOf(target)}`);
    return fit.changes.some((change) => change.kind === "create_table");
  }

  /**
   * A staging table has the columns that are loaded and no others, each with the type it has or will have in the live table, and
   * the live table's keys and checks over them: a row that can't go in there is found when its batch is written.
   */
  async #createStaging(
    batch: Batch,
    of: { live: SqlTable<C> | undefined; keys: readonly string[] },
  ): Promise<boolean> {
    const driver = this.#driver;
    const { dialect } = driver;
    if (of.live === undefined) {
      const fit = fitSchema(batch.schema, undefined, { target: this.#staging, keys: of.keys, dialect });
      return await this.#make(fit, this.#staging);
    }
    await driver.overwrite.check(this.#target);
    const fit = fitSchema(batch.schema, of.live, { target: this.#target, retype: true, dialect });
    const columns = batch.schema.fields.map((field) => {
      const fitted = fit.columns.find((c) => c.field === field);
      const retyped = fit.changes.find((c) => c.kind === "change_type" && sameName(c.column!, field.name));
      const name = fitted?.column.name ?? retyped?.column ?? field.name;
      return `${dialect.quote(name)} ${fitted?.column.type ?? dialect.columnType(field.type)}`;
    });
    await driver.run(
      `CREATE TABLE ${this.#staging.sql} (${columns.join(", ")})`,
      `Making the staging table of ${nameOf(this.#target)}`,
    );
    await driver.overwrite.constrain?.(this.#staging, { target: this.#target, table: of.live });
    return true;
  }

  /** Into the table at once, where all columns go in as they are sent; else by a staging table and casts. */
  async #insert(batch: Batch, to: { fit: Fit<C>; into: Target }): Promise<WriteResult> {
    const driver = this.#driver;
    const { columns } = to.fit;
    const direct = columns.every((c) => c.conversion.staged === undefined) &&
      !(await driver.mustStage?.(to.into));
    if (direct) {
      const { rows, bytes } = await driver.bulkLoad(batch, { table: to.into.sql, columns, staged: false });
      return { rowsReceived: rows, rowsWritten: rows, bytes };
    }
    const staged = await stageBatch(driver, batch, columns);
    const meeting = meetingOf(driver, staged, { target: to.into, keys: [] });
    const written = await locate(
      driver,
      staged,
      async (part) => await driver.run(driver.dialect.statements.insert({ ...meeting, staged: part })),
    );
    return await this.#staged(staged, written);
  }

  async #merge(
    batch: Batch,
    with_: { fit: Fit<C>; plan: MergePlan & { table: SqlTable<C> } },
  ): Promise<WriteResult> {
    const driver = this.#driver;
    const staged = await stageBatch(driver, batch, with_.fit.columns);
    await settleKeys(driver, staged, with_.plan);
    const written = await locate(
      driver,
      staged,
      async (table) => await applyMerge(driver, { ...staged, table }, with_.plan),
    );
    return await this.#staged(staged, written);
  }

  async #staged(staged: Staged<C>, rowsWritten: number): Promise<WriteResult> {
    await this.#driver.run(`DROP TABLE ${staged.table}`);
    return { rowsReceived: staged.loaded.rows, rowsWritten, bytes: staged.loaded.bytes };
  }

  async #stagedBy(runId: string): Promise<boolean> {
    const staged = await this.#loads.newest({ staged: true });
    return staged?.runId === runId && await this.#driver.readTable(this.#staging) !== undefined;
  }

  async #discardStaging(): Promise<void> {
    this.#later = [];
    await this.#driver.run(`DROP TABLE IF EXISTS ${this.#staging.sql}`);
    if (await this.#loads.exists()) await this.#loads.discardStaged();
  }

  #refuseView(table: SqlTable<C> | undefined): void {
    if (table === undefined || table.writable) return;
    throw new ConnectorError(
      "NOT_A_TABLE",
      `${nameOf(this.#target)} is a ${table.kind}, which can't be loaded into.`,
      {
        hint: "name a table",
        context: { table: this.#target.name, schema: this.#target.schema },
      },
    );
  }
}

function sameName(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
