/** One resource of a run: read, transform, write, commit, batch by batch. */
import type { EventSink } from "../observe/mod.ts";
import type { Plan, ResourcePlan } from "../plan/mod.ts";
import {
  type DataLoaderError,
  type Destination,
  getConnector,
  type Load,
  type LoadRequest,
  type OpenContext,
  type Position,
  type ReadRequest,
  type Session,
  type Source,
  type SourceBatch,
  type SourceState,
} from "../sdk/mod.ts";
import { type AppliedSteps, applySteps } from "../transforms/pipeline.ts";
import { asError, explain, isRowFault } from "./failure.ts";
import { eventLogger, type RunOptions } from "./io.ts";
import { decideStart, type Memory, type Start } from "./resume.ts";
import { rejectRows } from "./reject.ts";
import { backoffDelay, delay } from "./retry.ts";
import type { StateKeeper } from "./state_keeper.ts";

/** What a resource run works with. */
export interface ResourceIO {
  readonly plan: Plan;
  readonly session: Session;
  readonly keeper: StateKeeper;
  readonly emit: EventSink;
  readonly signal: AbortSignal;
  readonly options: RunOptions;
  readonly newRunId: string;
  readonly startedAt: string;
}

/** What came of a resource. */
export interface ResourceResult {
  readonly runId: string;
  readonly rowsRead: number;
  readonly rowsWritten: number;
  readonly rowsRejected: number;
  readonly bytes: number;
  readonly batches: number;
  readonly resumed: boolean;
  readonly error?: DataLoaderError;
}

/** Runs one resource of a plan. Never throws: what went wrong is in `error`, and all that was committed stays committed. */
export class ResourceRun {
  readonly #resource: ResourcePlan;
  readonly #io: ResourceIO;
  readonly #totals = { rowsRead: 0, rowsWritten: 0, rowsRejected: 0, bytes: 0, batches: 0 };
  #applied: AppliedSteps | undefined;
  #source: Source | undefined;
  #destination: Destination | undefined;
  #load: Load | undefined;
  #start: Start | undefined;
  /** The state after the last commit: where reading begins again after a retry. */
  #state!: SourceState;
  #sequence = 0;

  constructor(resource: ResourcePlan, io: ResourceIO) {
    this.#resource = resource;
    this.#io = io;
  }

  async run(): Promise<ResourceResult> {
    let error: DataLoaderError | undefined;
    try {
      await this.#withRetries(() => this.#open());
      if (this.#io.options.dryRun) await this.#dryRun();
      else if (this.#start!.finished) await this.#io.keeper.finish(this.#state, this.#sequence);
      else await this.#loadAll();
    } catch (cause) {
      error = await explain(asError(cause, this.#io.signal), this.#resource, this.#applied);
      await this.#giveUp();
    } finally {
      await this.#close();
    }
    return {
      runId: this.#start?.runId ?? this.#io.newRunId,
      ...this.#totals,
      resumed: this.#start?.resumed ?? false,
      error,
    };
  }

  async #open(): Promise<void> {
    await this.#close();
    const { source, destination } = this.#resource;
    const context = this.#context();
    const { openDestination } = await getConnector(destination.connector).openDestination!();
    this.#destination = await openDestination(destination.config, context);
    const { openSource } = await getConnector(source.connector).openSource!();
    this.#source = await openSource(source.config, context);
    if (this.#io.options.dryRun) {
      this.#start = decideStart(this.#memory(undefined));
    } else {
      this.#start = await this.#openLoad();
    }
    this.#state = this.#start.state;
    this.#sequence = this.#start.sequence;
    this.#announce(this.#start);
  }

  /** Opens the load under the id of the run it belongs to, which the destination may be the only one to know. */
  async #openLoad(): Promise<Start> {
    const assumed = this.#io.keeper.state?.in_flight?.run_id ?? this.#io.newRunId;
    this.#load = await this.#destination!.openLoad(this.#loadRequest(assumed));
    let committed = await this.#load.resume();
    if (committed !== undefined && !committed.complete && committed.runId !== assumed) {
      await this.#load.abort();
      this.#load = await this.#destination!.openLoad(this.#loadRequest(committed.runId));
      committed = await this.#load.resume();
    }
    const start = decideStart(this.#memory(committed));
    const opened = committed !== undefined && !committed.complete ? committed.runId : assumed;
    if (start.runId !== opened) {
      await this.#load.abort();
      this.#load = await this.#destination!.openLoad(this.#loadRequest(start.runId));
      await this.#load.resume();
    }
    return start;
  }

  #memory(committed: Position | undefined): Memory {
    const { destination, source, fingerprint } = this.#resource;
    const capabilities = getConnector(destination.connector).capabilities;
    return {
      state: this.#io.keeper.state,
      committed,
      incremental: source.incremental !== undefined,
      mode: destination.mode,
      fullRefresh: this.#io.options.fullRefresh ?? false,
      positionless: capabilities.positionless === true || this.#io.options.dryRun === true,
      plan: fingerprint,
      newRunId: this.#io.newRunId,
    };
  }

  #announce(start: Start): void {
    for (const note of start.notes) this.#log().log("warning", note);
    if (start.resumed) {
      this.#io.emit({
        type: "resumed",
        time: Date.now(),
        resource: this.#resource.name,
        runId: start.runId,
        sequence: start.sequence,
      });
    }
  }

  /** Reads and writes until the source has no more; after a retryable failure goes on from the last commit. */
  async #loadAll(): Promise<void> {
    await this.#io.keeper.begin(this.#start!.runId, this.#resource, this.#start!.sequence);
    await this.#withRetries(() => this.#loadOnce());
    const finalState = this.#source!.finalState?.(this.#state) ?? { ...this.#state, checkpoints: [] };
    if (this.#totals.batches > 0 || this.#start!.resumed) {
      await this.#withRetries(async () =>
        await this.#load!.commit(this.#position(finalState, { complete: true }))
      );
      this.#sequence += 1;
    } else {
      await this.#load!.abort();
    }
    this.#load = undefined;
    await this.#io.keeper.finish(finalState, this.#sequence);
  }

  async #loadOnce(): Promise<void> {
    for await (const read of this.#source!.readBatches(this.#readRequest(), this.#state)) {
      this.#io.signal.throwIfAborted();
      await this.#writeOne(read);
      if (this.#io.options.limit !== undefined && this.#totals.rowsRead >= this.#io.options.limit) break;
    }
  }

  async #writeOne(read: SourceBatch): Promise<void> {
    const { resource, session } = { resource: this.#resource, session: this.#io.session };
    const input = await this.#limited(read);
    const state = this.#io.options.limit === undefined ? read.state : this.#state;
    const started = Date.now();
    this.#io.emit({
      type: "batch_started",
      time: started,
      resource: resource.name,
      label: read.label,
      bytes: read.bytes,
    });
    this.#applied = await applySteps(input, resource.steps, this.#stepContext());
    const position = this.#position(state, { complete: false });
    let rejected = 0;
    let result;
    try {
      result = await this.#load!.writeBatch(this.#applied.batch, position);
    } catch (cause) {
      const error = asError(cause, this.#io.signal);
      const deadLetter = this.#io.plan.runtime.deadLetter;
      if (!isRowFault(error) || deadLetter === undefined || this.#load!.probe === undefined) throw error;
      const split = await rejectRows({
        input,
        load: this.#load!,
        session,
        deadLetter,
        identity: { recipe: this.#io.plan.recipe, resource: resource.name, position },
        apply: (batch) => applySteps(batch, resource.steps, this.#stepContext()),
        signal: this.#io.signal,
      });
      rejected = split.rejected;
      this.#applied = split.accepted;
      result = await this.#load!.writeBatch(split.accepted.batch, position);
      this.#io.emit({
        type: "rows_rejected",
        time: Date.now(),
        resource: resource.name,
        rows: rejected,
        deadLetter: deadLetter.path,
        error: split.firstError.toJSON(),
      });
    }
    this.#sequence += 1;
    this.#state = state;
    const rowsRead = await this.#countRead(input, result.rowsReceived + rejected);
    this.#totals.rowsRead += rowsRead;
    this.#totals.rowsWritten += result.rowsWritten;
    this.#totals.rowsRejected += rejected;
    this.#totals.bytes += result.bytes ?? read.bytes ?? 0;
    this.#totals.batches += 1;
    for (const change of result.changes ?? []) {
      this.#io.emit({ type: "schema_changed", time: Date.now(), resource: resource.name, change });
    }
    this.#io.emit({
      type: "batch_committed",
      time: Date.now(),
      resource: resource.name,
      label: read.label,
      sequence: this.#sequence,
      rowsRead,
      rowsWritten: result.rowsWritten,
      bytes: result.bytes ?? read.bytes,
      durationMs: Date.now() - started,
    });
    await this.#io.keeper.progress(this.#start!.runId, this.#state, this.#sequence);
    if (this.#applied.batch !== read.batch) await session.release(this.#applied.batch);
    await session.release(read.batch);
  }

  async #dryRun(): Promise<void> {
    const { session } = this.#io;
    for await (const read of this.#source!.readBatches(this.#readRequest(), this.#state)) {
      this.#applied = await applySteps(await this.#limited(read), this.#resource.steps, this.#stepContext());
      // Hashing the row makes the engine compute every column, so that a bad value is found without writing.
      const [row] = await session.query<{ n: bigint }>(
        `SELECT count(*) AS n FROM (SELECT hash(input) AS h FROM (${this.#applied.batch.sql}) AS input) WHERE h IS NOT NULL`,
      );
      this.#totals.rowsRead += await this.#countRead(read.batch, Number(row!.n));
      this.#totals.batches += 1;
      if (this.#io.options.limit !== undefined && this.#totals.rowsRead >= this.#io.options.limit) break;
    }
  }

  async #limited(read: SourceBatch) {
    const { limit } = this.#io.options;
    if (limit === undefined) return read.batch;
    const left = Math.max(0, limit - this.#totals.rowsRead);
    return await this.#io.session.relation(
      `SELECT * FROM (${read.batch.sql}) LIMIT ${left}`,
      read.batch.metadata,
    );
  }

  /**
   * Rows that came from the source. Steps that keep every row make it the number that was received; else the engine's
   * own scan counter tells, and where it can't the source is counted.
   */
  async #countRead(input: SourceBatch["batch"], received: number): Promise<number> {
    if (this.#applied!.keepsRows) return received;
    return this.#io.session.rowsScanned?.() ?? await input.rowCount();
  }

  /** Runs `body`; when it fails with an error that a retry can help, waits and runs it again. */
  async #withRetries(body: () => Promise<void>): Promise<void> {
    const { retries } = this.#io.plan.runtime;
    for (let attempt = 1;; attempt++) {
      const sequence = this.#sequence;
      try {
        return await body();
      } catch (cause) {
        const error = asError(cause, this.#io.signal);
        // A commit in between is progress: the next failure is a first one again.
        if (this.#sequence > sequence) attempt = 1;
        if (!error.retryable || this.#io.signal.aborted || attempt >= retries.maxAttempts) throw error;
        const ms = backoffDelay(attempt, retries);
        this.#io.emit({
          type: "retry",
          time: Date.now(),
          resource: this.#resource.name,
          attempt,
          delayMs: ms,
          error: error.toJSON(),
        });
        await delay(ms, this.#io.signal);
      }
    }
  }

  #position(state: SourceState, { complete }: { complete: boolean }): Position {
    const staged = !complete &&
      (this.#resource.destination.mode === "overwrite" || this.#io.options.fullRefresh);
    return {
      runId: this.#start!.runId,
      sequence: this.#sequence + 1,
      complete,
      ...(staged ? { staged: true } : {}),
      plan: this.#resource.fingerprint,
      state,
    };
  }

  #loadRequest(runId: string): LoadRequest {
    const { mode, mergeKeys, strategy } = this.#resource.destination;
    return {
      mode,
      mergeKeys,
      strategy,
      runId,
      fullRefresh: this.#io.options.fullRefresh ?? false,
      startedAt: this.#io.startedAt,
      orderBy: this.#resource.source.incremental?.cursorColumn,
    };
  }

  #readRequest(): ReadRequest {
    const { runtime } = this.#io.plan;
    return {
      incremental: this.#resource.source.incremental,
      runId: this.#start!.runId,
      writeMode: this.#resource.destination.mode,
      batchSize: runtime.batchSize,
      parallelism: runtime.parallelism,
      startedAt: this.#io.startedAt,
      lookup: this.#load?.lookup === undefined
        ? undefined
        : (column, value) => this.#load!.lookup!(column, value),
    };
  }

  #context(): OpenContext {
    return {
      session: this.#io.session,
      log: this.#log(),
      signal: this.#io.signal,
      recipe: this.#io.plan.recipe,
      resource: this.#resource.name,
    };
  }

  #stepContext() {
    const { plan, signal } = this.#io;
    return { recipe: plan.recipe, resource: this.#resource.name, vars: plan.vars, log: this.#log(), signal };
  }

  #log() {
    return eventLogger(this.#io.emit, this.#resource.name);
  }

  /** After a failure: leaves the destination as its last commit left it, and the state as it was where nothing was committed. */
  async #giveUp(): Promise<void> {
    try {
      await this.#load?.abort();
    } catch (cause) {
      this.#log().log("warning", `Giving up the load failed as well: ${asError(cause).message}`);
    }
    this.#load = undefined;
    await this.#io.keeper.abandon(this.#totals.batches > 0);
  }

  async #close(): Promise<void> {
    const open = [this.#source, this.#destination];
    this.#source = this.#destination = undefined;
    for (const end of open) {
      try {
        await end?.close();
      } catch (cause) {
        this.#log().log("warning", `Closing failed: ${asError(cause).message}`);
      }
    }
  }
}
