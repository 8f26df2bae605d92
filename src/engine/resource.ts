/** One resource of a run: read, transform, write, commit, batch by batch. */
import type { ResourcePlan } from "../plan/mod.ts";
import {
  type Batch,
  CommitUnknownError,
  type DataLoaderError,
  type Destination,
  EMPTY_SOURCE_STATE,
  getConnector,
  type Load,
  type Position,
  type ReadRequest,
  type Source,
  type SourceBatch,
  type SourceState,
  type TableSchema,
  type WriteResult,
} from "../sdk/mod.ts";
import { applySteps } from "../transforms/pipeline.ts";
import { type Conformed, SchemaGuard } from "./conform.ts";
import { asError, explain, isRowFault } from "./failure.ts";
import { checkPositionKind, textCursorWarning } from "./position_kind.ts";
import { decideStart, type Memory, sourceStateOf, type Start } from "./resume.ts";
import { rejectRows } from "./reject.ts";
import { Retries } from "./retries.ts";
import { SchemaHistory } from "./schema_history.ts";
import { type ResourceIO, Terms } from "./terms.ts";
import { rulesOf, tableBefore, typedByRules, typeHints } from "./type_hints.ts";
import { Validator } from "./validation/validator.ts";

/** Runs one resource of a plan. */
export class ResourceRun {
  readonly #resource: ResourcePlan;
  readonly #io: ResourceIO;
  #rowsRead = 0;
  #batches = 0;
  #bytesRead = 0;
  /** The end that is being called. */
  #end: "source" | "destination" = "source";
  /** The batch under way. */
  #reading: SourceBatch | undefined;
  #applied: Conformed | undefined;
  #source: Source | undefined;
  #destination: Destination | undefined;
  #load: Load | undefined;
  #start: Start | undefined;
  /** The state after the last commit: where reading begins again after a retry. */
  #state!: SourceState;
  #sequence = 0;
  /** Revision of the saved state that the run begins from. */
  readonly #basis: number;
  /** Changes that were told: a staging table is made like the live one for each batch anew. */
  readonly #told = new Set<string>();
  /** The destination has a record of this recipe. */
  #recorded = false;
  /** The table as it was found, where its types were asked for. */
  #table: TableSchema | undefined;
  readonly #terms: Terms;
  readonly #retries: Retries;
  readonly #guard: SchemaGuard;
  readonly #history: SchemaHistory;
  readonly #validator: Validator | undefined;

  constructor(resource: ResourcePlan, io: ResourceIO) {
    this.#resource = resource;
    this.#io = io;
    this.#terms = new Terms(resource, io);
    this.#retries = new Retries({ resource, io, sequence: () => this.#sequence });
    this.#basis = io.keeper.state?.revision ?? 0;
    this.#history = new SchemaHistory(io.registry, { recipe: io.plan.recipe, resource, emit: io.emit });
    this.#guard = new SchemaGuard({
      resource,
      session: io.session,
      emit: io.emit,
      loadRequest: this.#terms.loadRequest(),
      replaces: this.#terms.replaces,
      lastSchema: () => this.#history.last(),
    });
    this.#validator = this.#makeValidator();
  }

  /** @throws {DataLoaderError} what stopped it, with its place in the recipe. All that was committed stays committed. */
  async run(): Promise<void> {
    try {
      await this.#retries.run(() => this.#open());
      if (this.#io.options.dryRun) await this.#dryRun();
      else if (this.#start!.finished) {
        await this.#io.keeper.finish(this.#state, this.#sequence, { committed: true });
      } else await this.#loadAll();
    } catch (cause) {
      const error = await explain(asError(cause, this.#io.signal), this.#resource, {
        read: this.#reading,
        applied: this.#applied,
        end: this.#end,
      });
      await this.#giveUp(error);
      throw error;
    } finally {
      this.#reportValidation();
      await this.#close();
    }
  }

  /** True where the source had nothing new. */
  get nothingToDo(): boolean {
    return this.#batches === 0 ||
      (this.#rowsRead === 0 && this.#resource.source.incremental !== undefined && !this.#terms.replaces);
  }

  /** How far the resource is: rows of the batches that are committed, bytes of the one under way as well. */
  progress(): { rows: number; bytes: number; fraction?: number } {
    const { fraction } = this.#io.session.progress();
    const reading = this.#reading;
    const bytesNow = (fraction ?? 0) * (reading?.bytes ?? 0);
    const total = reading?.bytesToCome === undefined ? undefined : this.#bytesRead + reading.bytesToCome;
    return {
      rows: this.#rowsRead,
      bytes: Math.round(this.#bytesRead + bytesNow),
      fraction: total === undefined || total === 0 ? undefined : (this.#bytesRead + bytesNow) / total,
    };
  }

  async #open(): Promise<void> {
    await this.#close();
    const { source, destination } = this.#resource;
    const context = this.#terms.context();
    this.#end = "destination";
    const { openDestination } = await getConnector(destination.connector).openDestination!();
    this.#destination = await openDestination(destination.config, context);
    this.#guard.open(this.#destination);
    this.#end = "source";
    const { openSource } = await getConnector(source.connector).openSource!();
    this.#source = await openSource(source.config, context);
    this.#end = "destination";
    if (!this.#io.options.dryRun) this.#load = await this.#destination.openLoad(this.#terms.loadRequest());
    const committed = await this.#load?.resume();
    this.#start = decideStart(this.#memory(committed));
    this.#recorded = committed !== undefined;
    this.#end = "source";
    const note = checkPositionKind(this.#start.state, {
      incremental: source.incremental,
      mode: destination.mode,
    });
    this.#end = "destination";
    if (note !== undefined) this.#terms.log().log("warning", note);
    this.#validator?.open(this.#load, { tally: committed?.tally, resumed: this.#start.resumed });
    if (this.#start.resumed && !this.#start.finished) await this.#beginAnew(this.#start.state);
    this.#state = this.#start.state;
    this.#sequence = this.#start.sequence;
    this.#announce(this.#start);
  }

  #memory(committed: Position | undefined): Memory {
    const { destination, source } = this.#resource;
    const capabilities = getConnector(destination.connector).capabilities;
    return {
      state: this.#io.keeper.state,
      committed,
      incremental: source.incremental !== undefined,
      mode: destination.mode,
      fullRefresh: this.#io.options.fullRefresh ?? false,
      positionless: capabilities.positionless === true || this.#io.options.dryRun === true,
      plan: this.#terms.planId,
      source: this.#terms.sourceName,
      byFile: source.incremental?.strategy === "modified_time",
      describesData: getConnector(source.connector).describesData === true,
      newRunId: this.#io.newRunId,
    };
  }

  #announce(start: Start): void {
    for (const note of start.notes) this.#terms.log().log("warning", note);
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
    await this.#retries.run(() => this.#loadOnce());
    this.#end = "destination";
    const finalState = this.#source!.finalState?.(this.#state) ?? { ...this.#state, checkpoints: [] };
    const committed = this.#batches > 0 || this.#start!.resumed;
    const judged = !this.nothingToDo || this.#resource.source.incremental === undefined;
    if (judged && this.#terms.replaces) this.#validator?.finish();
    if (committed) {
      const position = { ...this.#position(finalState, { complete: true }), tally: this.#validator?.tally() };
      await this.#retries.run(() => this.#surely(position, () => this.#load!.commit(position)));
      this.#sequence += 1;
      await this.#validator?.published(this.#start!.runId);
      this.#recorded = true;
    } else {
      await this.#load!.abort();
    }
    this.#load = undefined;
    // Where the destination knows nothing of the recipe, a state that speaks of commits would be one of another destination.
    await this.#io.keeper.finish(finalState, this.#recorded ? this.#sequence : 0, { committed });
    if (judged && !this.#terms.replaces) this.#validator?.finish();
  }

  /**
   * What is staged for an overwrite is left behind where its source can't go on from `state`: its rows would be of two
   * moments. Its place is taken by the first batch of a new run.
   */
  async #beginAnew(state: SourceState): Promise<void> {
    if (!this.#terms.replaces || this.#source!.resumes === undefined) return;
    this.#end = "source";
    if (await this.#source!.resumes(this.#terms.readRequest(this.#start!.runId, this.#load), state)) return;
    this.#terms.log().log(
      "info",
      "The source has changed since the run that was cut off: it is read from the start again.",
    );
    // Staged rows moved no saved position: it is still where the run that staged them began.
    const saved = this.#io.keeper.state;
    const fromSaved = this.#resource.source.incremental !== undefined && saved !== undefined &&
      this.#io.options.fullRefresh !== true;
    this.#state = fromSaved ? sourceStateOf(saved) : EMPTY_SOURCE_STATE;
    this.#start = { ...this.#start!, runId: crypto.randomUUID(), resumed: false, state: this.#state };
    this.#rowsRead = this.#batches = this.#bytesRead = 0;
    this.#validator?.restart();
    this.#io.emit({ type: "restarted", time: Date.now(), resource: this.#resource.name });
  }

  async #loadOnce(): Promise<void> {
    this.#end = "destination";
    const request = await this.#hinted(this.#terms.readRequest(this.#start!.runId, this.#load));
    this.#end = "source";
    // A failure in between: what was read until then is of another moment.
    if (this.#batches > 0) await this.#beginAnew(this.#state);
    for await (const read of this.#source!.readBatches(request, this.#state)) {
      this.#io.signal.throwIfAborted();
      if (await this.#isNothing(read)) continue;
      this.#end = "destination";
      await this.#writeOne(read);
      this.#end = "source";
      if (this.#io.options.limit !== undefined && this.#rowsRead >= this.#io.options.limit) break;
    }
    if (this.#terms.replaces && this.#batches === 0 && !this.#start!.resumed) await this.#writeNone(request);
  }

  /** A source without rows replaces those of the destination by none. */
  async #writeNone(request: ReadRequest): Promise<void> {
    if (request.hints !== undefined && this.#table === undefined && !this.#overwrites) return;
    const { schema } = await this.#source!.describe(request, this.#state);
    if (schema.fields.length === 0) return;
    this.#end = "destination";
    await this.#writeOne({ batch: await this.#io.session.fromArrow([], { schema }), state: this.#state });
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
      sequence: this.#sequence + 1,
      label: read.label,
      bytes: read.bytes,
    });
    this.#reading = read;
    this.#warnOfText(read);
    this.#applied = undefined;
    this.#applied = await this.#apply(input);
    const position = this.#position(state, { complete: false });
    let rejected = 0;
    let left = { discarded: 0, reason: "" };
    let result;
    try {
      left = await this.#applied.count();
      result = await this.#writeSurely(this.#applied, { position, source: read.label });
    } catch (cause) {
      const error = asError(cause, this.#io.signal);
      const deadLetter = this.#io.plan.runtime.deadLetter;
      if (!isRowFault(error) || deadLetter === undefined || this.#load!.probe === undefined) throw error;
      const split = await rejectRows({
        input,
        load: this.#load!,
        error,
        session,
        deadLetter,
        identity: {
          recipe: this.#io.plan.recipe,
          resource: resource.name,
          position,
          state: this.#io.keeper.place,
        },
        apply: (batch) => this.#apply(batch),
        signal: this.#io.signal,
        redactor: this.#io.redactor,
      });
      rejected = split.rejected;
      await this.#applied.release();
      this.#applied = split.accepted;
      left = await split.accepted.count();
      result = await this.#writeSurely(split.accepted, { position, source: read.label });
      this.#io.emit({
        type: "rows_rejected",
        time: Date.now(),
        resource: resource.name,
        by: "destination",
        rows: rejected,
        reason: split.firstError.message,
        deadLetter: deadLetter.path,
      });
    }
    this.#sequence += 1;
    this.#state = state;
    if (left.discarded > 0) {
      const { discarded: rows, reason } = left;
      const told = { time: Date.now(), resource: resource.name };
      this.#io.emit({ type: "rows_rejected", ...told, by: "schema", rows, reason });
      rejected += rows;
    }
    await this.#validator?.committed();
    rejected += this.#validator?.rejectedRows ?? 0;
    const scanned = this.#validator?.scanned ?? result.rowsScanned;
    const rowsRead = await this.#countRead(input, result.rowsReceived + rejected, scanned) +
      await this.#leftOut(read);
    this.#reading = undefined;
    this.#rowsRead += rowsRead;
    this.#batches += 1;
    this.#bytesRead += read.bytes ?? 0;
    this.#applied.committed();
    const changes = await this.#history.record(this.#applied.recorded, {
      runId: this.#start!.runId,
      changes: [
        ...result.changes?.filter((change) => change.kind !== "none") ?? [],
        ...this.#applied.notes,
      ],
    });
    const fresh = changes.filter(({ description }) => !this.#told.has(description));
    for (const { description } of fresh) this.#told.add(description);
    if (fresh.length > 0) {
      this.#io.emit({ type: "schema_changed", time: Date.now(), resource: resource.name, changes: fresh });
    }
    this.#io.emit({
      type: "batch_committed",
      time: Date.now(),
      resource: resource.name,
      sequence: this.#sequence,
      rowsRead,
      rowsWritten: result.rowsWritten,
      bytesRead: read.bytes,
      bytesWritten: result.bytes,
      durationMs: Date.now() - started,
    });
    // Rows that are staged are no progress of the saved state yet: the destination alone knows of them.
    if (!position.staged) await this.#io.keeper.progress(this.#start!.runId, this.#state, this.#sequence);
    await this.#applied.release();
    await session.release(read.batch);
  }

  /** Tells of what was no row in the source, and counts it. */
  async #leftOut(read: SourceBatch): Promise<number> {
    const left = await read.leftOut?.();
    if (left === undefined) return 0;
    const told = { time: Date.now(), resource: this.#resource.name };
    this.#io.emit({ type: "rows_rejected", ...told, by: "source", ...left });
    return left.rows;
  }

  #warnOfText({ batch, state }: SourceBatch): void {
    const { incremental } = this.#resource.source;
    const warning = textCursorWarning(batch.schema, { incremental, state });
    if (warning === undefined || this.#told.has(warning)) return;
    this.#told.add(warning);
    this.#terms.log().log("warning", warning);
  }

  #writeSurely(
    { batch, changes }: Conformed,
    of: { position: Position; source?: string },
  ): Promise<WriteResult> {
    const { position } = of;
    return this.#surely(
      position,
      () =>
        this.#validator?.write(batch, { ...of, options: { changes } }) ??
          this.#load!.writeBatch(batch, position, { changes }),
    );
  }

  /**
   * A commit that was not answered may have happened. The destination tells: what is there already is not written again.
   */
  async #surely<T>(position: Position, write: () => Promise<T>): Promise<T> {
    try {
      return await write();
    } catch (error) {
      if (!(error instanceof CommitUnknownError)) throw error;
      let there: Position | undefined;
      await this.#retries.run(async () => {
        there = await this.#load!.resume();
      });
      if (there?.runId !== position.runId || there.sequence !== position.sequence) throw error;
      return error.result as T;
    }
  }

  async #dryRun(): Promise<void> {
    const { session } = this.#io;
    this.#end = "destination";
    const request = await this.#hinted(this.#terms.readRequest(this.#start!.runId, this.#load));
    this.#end = "source";
    for await (const read of this.#source!.readBatches(request, this.#state)) {
      if (await this.#isNothing(read)) continue;
      const started = Date.now();
      this.#reading = read;
      const input = await this.#limited(read);
      this.#applied = await this.#apply(input);
      const { discarded } = await this.#applied.count();
      const { sql } = this.#applied.batch;
      // Hashing the row makes the engine compute every column, so that a bad value is found without writing.
      const count = async () => {
        const [row] = await session.query<{ n: bigint }>(
          `SELECT count(*) AS n FROM (SELECT hash(input) AS h FROM (${sql}) AS input) WHERE h IS NOT NULL`,
        );
        return Number(row!.n);
      };
      const position = this.#position(read.state, { complete: false });
      const accepted = await this.#validator?.check(count, position) ?? await count();
      const scanned = this.#validator?.scanned ?? session.rowsScanned?.();
      const rejected = (this.#validator?.rejectedRows ?? 0) + discarded;
      const rowsRead = await this.#countRead(input, accepted + rejected, scanned) +
        await this.#leftOut(read);
      this.#applied.committed();
      this.#rowsRead += rowsRead;
      this.#batches += 1;
      this.#io.emit({
        type: "batch_committed",
        time: Date.now(),
        resource: this.#resource.name,
        sequence: this.#sequence,
        rowsRead,
        rowsWritten: 0,
        bytesRead: read.bytes,
        durationMs: Date.now() - started,
      });
      if (this.#io.options.limit !== undefined && this.#rowsRead >= this.#io.options.limit) break;
    }
  }

  /** The batch with all that the recipe does to it before it is written: its steps, its schema, its rules. */
  async #apply(batch: Batch): Promise<Conformed> {
    const steps = await applySteps(batch, this.#resource.steps, this.#terms.stepContext());
    const conformed = await this.#guard.apply(steps);
    if (this.#validator === undefined) return conformed;
    const validated = await this.#validator.apply(conformed);
    return { ...conformed, ...validated, ...await typedByRules(validated, this.#resource) };
  }

  #makeValidator(): Validator | undefined {
    const { destination } = this.#resource;
    const rules = rulesOf(this.#resource);
    if (rules === undefined) return undefined;
    return new Validator({
      rules,
      session: this.#io.session,
      emit: this.#io.emit,
      context: this.#terms.context(),
      stepContext: this.#terms.stepContext(),
      mergeKeys: destination.mode === "merge" ? destination.mergeKeys : [],
      replaces: this.#terms.replaces,
      settles: getConnector(destination.connector).capabilities.settles === true,
      temporaryDirectory: this.#io.plan.runtime.tempDirectory,
      startedAt: this.#io.startedAt,
      dryRun: this.#io.options.dryRun === true,
    });
  }

  #reportValidation(): void {
    if (this.#validator === undefined) return;
    this.#io.emit({
      type: "validation",
      time: Date.now(),
      resource: this.#resource.name,
      report: this.#validator.report(),
    });
    this.#validator.close();
  }

  async #limited(read: SourceBatch) {
    const { limit } = this.#io.options;
    if (limit === undefined) return read.batch;
    const left = Math.max(0, limit - this.#rowsRead);
    return await this.#io.session.relation(
      `SELECT * FROM (${read.batch.sql}) LIMIT ${left}`,
      read.batch.metadata,
    );
  }

  /**
   * Rows that came from the source. Steps that keep every row make it the number that was received; else the engine's
   * own scan counter tells, and where it can't the source is counted.
   */
  async #countRead(input: Batch, received: number, scanned: number | undefined): Promise<number> {
    if (this.#applied!.keepsRows) return received;
    const { limit } = this.#io.options;
    // The scan reads somewhat further than to the limit.
    const most = limit === undefined ? Infinity : Math.max(0, limit - this.#rowsRead);
    return scanned === undefined ? await input.rowCount() : Math.min(scanned, most);
  }

  #position(state: SourceState, { complete }: { complete: boolean }): Position {
    const staged = !complete && this.#terms.replaces;
    return {
      runId: this.#start!.runId,
      sequence: this.#sequence + 1,
      complete,
      ...(staged ? { staged: true } : {}),
      plan: this.#terms.planId,
      basis: this.#basis,
      source: this.#terms.sourceName,
      state,
    };
  }

  /** The request with what is known of types beforehand. */
  async #hinted(request: ReadRequest): Promise<ReadRequest> {
    const hints = await typeHints(this.#resource, {
      table: async () => this.#table = await tableBefore(this.#destination, () => this.#history.last()),
      replaces: this.#terms.replaces,
    });
    return hints === undefined ? request : { ...request, hints };
  }

  /** What is written is all that there will be: the next run finds its types anew. */
  get #overwrites(): boolean {
    return this.#resource.destination.mode === "overwrite";
  }

  /** A batch of no rows from which no table can be made: what it is of shows when there are rows. */
  async #isNothing({ batch, untyped, state }: SourceBatch): Promise<boolean> {
    if (untyped !== true || this.#overwrites || this.#table !== undefined) return false;
    if ((await batch.rows({ limit: 1 })).length > 0) return false;
    this.#state = state;
    await this.#io.session.release(batch);
    return true;
  }

  /** After a failure: leaves the destination as its last commit left it, and the state as it was where nothing was committed. */
  async #giveUp(error: DataLoaderError): Promise<void> {
    try {
      // Rows that were all staged and judged bad are not to be taken up by the next run.
      await this.#load?.abort({ discard: error.code === "TABLE_RULE_BROKEN" });
    } catch (cause) {
      this.#terms.log().log("warning", `Giving up the load failed as well: ${asError(cause).message}`);
    }
    this.#load = undefined;
    await this.#io.keeper.abandon(this.#batches > 0);
  }

  async #close(): Promise<void> {
    const open = [this.#source, this.#destination];
    this.#source = this.#destination = undefined;
    for (const end of open) {
      try {
        await end?.close();
      } catch (cause) {
        this.#terms.log().log("warning", `Closing failed: ${asError(cause).message}`);
      }
    }
  }
}
