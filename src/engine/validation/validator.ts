/** Holds the rows of a load against `validation`, between the steps and the destination. */
import { createHash } from "node:crypto";
import { encodeRows } from "../../batch/mod.ts";
import type { EventSink, ValidationReport } from "../../observe/mod.ts";
import {
  type Batch,
  DataLoaderError,
  EngineError,
  type JsonObject,
  type Load,
  type OpenContext,
  type Position,
  type QuarantinedRows,
  quoteIdent,
  quoteLiteral,
  RecipeError,
  type Schema,
  type Session,
  type StepContext,
  type WriteOptions,
  type WriteResult,
} from "../../sdk/mod.ts";
import type { AppliedSteps } from "../../transforms/mod.ts";
import {
  addAggregates,
  type Aggregate,
  aggregateSql,
  compileChecks,
  type CompiledCheck,
  describeCheck,
  judgeTable,
  needsValues,
  type NumberedCheck,
  numberedChecks,
  rejected,
  splitSql,
  type TableOutcome,
  type ValidationRules,
} from "../../validate/mod.ts";
import { Collector, splitKept } from "./collector.ts";
import {
  checkFunctions,
  extraColumn,
  readWhole,
  References,
  SeenKeys,
  type WholeBatch,
} from "./look_further.ts";
import { brokenError, tableError, thresholdError } from "./problems.ts";
import { type BatchIdentity, QuarantineFile } from "./quarantine_file.ts";
import { addCount, emptyCount, makeReport, type RunCount } from "./report.ts";

export interface ValidatorOptions {
  readonly rules: ValidationRules;
  readonly session: Session;
  readonly emit: EventSink;
  /** For sources that `references` opens, and functions. */
  readonly context: OpenContext;
  readonly stepContext: StepContext;
  readonly mergeKeys: readonly string[];
  /** All rows of the destination are replaced. */
  readonly replaces: boolean;
  /** `capabilities.settles` of the destination. */
  readonly settles: boolean;
  readonly temporaryDirectory?: string;
  /** RFC 3339, UTC. */
  readonly startedAt: string;
  /** Nothing is written anywhere. */
  readonly dryRun: boolean;
}

/** Rows of one batch that are remembered to be told from those that the next run reads again. */
const MOST_REMEMBERED = 2_000;

/** What a batch is when it comes to be written. */
interface Prepared {
  readonly checks: readonly CompiledCheck[];
  /** The rows with the columns of checks that look further, in a table; undefined where they are streamed. */
  readonly whole?: WholeBatch;
  readonly schema: Schema;
}

/** What is kept with the position. */
interface Tally {
  readonly count: RunCount;
  readonly aggregates: readonly Aggregate[];
  /** Hashes of the rows that the last batch has quarantined. */
  readonly quarantined?: string[];
}

/** What is kept of a quarantined row. */
const KEPT: Schema = {
  fields: ["broken", "row"].map((name) => ({ name, type: { kind: "string" }, nullable: false })),
};

/** Validates the batches of one load. */
export class Validator {
  readonly #options: ValidatorOptions;
  readonly #checks: readonly NumberedCheck[];
  readonly #collector: Collector;
  readonly #references: References;
  #seen: SeenKeys;
  readonly #file: QuarantineFile | undefined;
  /** Schemas whose rules were tried, as text. */
  readonly #tried = new Set<string>();
  #aside: string | undefined;
  #load: Load | undefined;
  #prepared: Prepared | undefined;
  #identity: BatchIdentity | undefined;
  /** The run, and with the batch that was settled and is not known to be committed. */
  #count: RunCount;
  #settled: RunCount;
  #aggregates: readonly Aggregate[] = [];
  #settledAggregates: readonly Aggregate[] = [];
  #outcomes: readonly TableOutcome[] = [];
  /** Hashes of rows that the batch before has quarantined: a merge reads those at the last cursor value again. */
  #before = new Set<string>();
  #remembered: string[] = [];

  constructor(options: ValidatorOptions) {
    const { rules, session, context } = options;
    this.#options = options;
    this.#checks = numberedChecks(rules.rules);
    this.#count = this.#settled = emptyCount(this.#checks.length);
    this.#collector = new Collector(this.#checks, {
      maxRejected: rules.maxBadRows,
      temporaryDirectory: options.temporaryDirectory,
    });
    this.#references = new References(context);
    this.#seen = new SeenKeys(session);
    this.#file = rules.quarantine?.path === undefined ? undefined : new QuarantineFile({
      path: rules.quarantine.path,
      recipe: context.recipe,
      resource: context.resource,
    });
  }

  /** Begins with a load that was just opened, from the tally of the position it goes on from; `resumed`: in the same run. */
  open(load: Load | undefined, from: { tally: JsonObject | undefined; resumed: boolean }): void {
    this.#load = load;
    if (from.tally === undefined) return;
    const { count, aggregates, quarantined } = from.tally as unknown as Tally;
    this.#remembered = quarantined ?? [];
    this.#before = new Set(this.#remembered);
    if (!from.resumed || count?.checks?.length !== this.#checks.length) return;
    this.#count = this.#settled = count;
    this.#aggregates = this.#settledAggregates = aggregates;
  }

  /** The run begins again from the source's first row. */
  restart(): void {
    this.#count = this.#settled = emptyCount(this.#checks.length);
    this.#aggregates = this.#settledAggregates = [];
    this.#seen = new SeenKeys(this.#options.session);
  }

  /**
   * Puts the rules around a batch: rows are checked when they are pulled, in the same pass. Where a rule looks further than the
   * row, or at rows together, the batch is read here, into a temporary table.
   * @throws {RecipeError} `RULE_COLUMN_MISSING`, `RULE_INVALID` with the place of the rule.
   */
  async apply(applied: AppliedSteps): Promise<AppliedSteps> {
    const { session } = this.#options;
    await this.#release();
    const { batch } = applied;
    const { schema } = batch;
    const { checks, constants } = compileChecks({ schema, checks: this.#checks, extra: extraColumn });
    await this.#try(batch, { checks, constants });
    const references = await this.#references.columns(this.#checks, schema);
    const whole = this.#needsWhole(checks)
      ? await readWhole({
        session,
        batch,
        checks,
        references,
        load: this.#load,
        mergeKeys: this.#options.mergeKeys,
        context: this.#options.stepContext,
        seen: this.#seen,
      })
      : undefined;
    const relation = whole?.relation ??
      (references.length === 0
        ? `(${batch.sql}) AS b`
        : `(SELECT ${["b.*", ...references].join(", ")} FROM (${batch.sql}) AS b) AS b`);
    this.#prepared = { checks, whole, schema };
    this.#aside ??= await session.registerAside((texts) => this.#collector.take(texts));
    const sql = splitSql({ relation, schema, checks, aside: this.#aside }) ??
      (whole === undefined
        ? undefined
        : `SELECT ${schema.fields.map(({ name }) => quoteIdent(name)).join(", ")} FROM ${relation}`);
    if (sql === undefined) return applied;
    return {
      batch: await session.relation(sql, batch.metadata),
      keepsRows: applied.keepsRows,
      diagnose: (error) => applied.diagnose(error),
      release: async () => {
        await this.#release();
        await applied.release();
      },
    };
  }

  #needsWhole(checks: readonly CompiledCheck[]): boolean {
    return this.#options.rules.table.some(needsValues) ||
      checks.some(({ check, broken }) =>
        broken !== undefined && (check.kind === "unique" || check.kind === "function")
      );
  }

  /** Drops what the batch before was put into. */
  async #release(): Promise<void> {
    const tables = this.#prepared?.whole?.tables ?? [];
    this.#prepared = undefined;
    for (const table of tables) await this.#options.session.run(`DROP TABLE IF EXISTS ${table}`);
  }

  /** Rows that left the scan of the source, where the batch was read into a table. */
  get scanned(): number | undefined {
    return this.#prepared?.whole?.scanned;
  }

  /** Binds each rule by itself, so that an error names its place; once for each schema. */
  async #try(batch: Batch, compiled: ReturnType<typeof compileChecks>): Promise<void> {
    const key = JSON.stringify(batch.schema.fields);
    if (this.#tried.has(key)) return;
    const { session } = this.#options;
    for (const { sql, rule, check, message } of compiled.constants) {
      const [row] = await session.query<{ good: boolean }>(`SELECT ${sql} IS NOT NULL AS good`);
      if (!row!.good) throw invalidRule({ rule, check }, message);
    }
    const from = `(${batch.sql}) AS b`;
    for (const { rule, check } of compiled.checks) {
      try {
        if (rule.when !== undefined) {
          await session.relation(`SELECT (${rule.when}\n) AND true AS x FROM ${from}`);
        }
        if (check.kind === "expression") {
          await session.relation(`SELECT (${check.sql}\n) AND true AS x FROM ${from}`);
        }
        if (check.kind === "pattern") {
          await session.query(`SELECT regexp_matches('', ${quoteLiteral(check.pattern)}) AS x`);
        }
      } catch (cause) {
        if (!(cause instanceof DataLoaderError)) throw cause;
        throw invalidRule({ rule, check }, cause.message, cause);
      }
    }
    await checkFunctions(this.#checks);
    this.#tried.add(key);
  }

  /** Writes a batch that `apply` has given (and others may have put something around). */
  async write(
    batch: Batch,
    of: { position: Position; source?: string; options: WriteOptions },
  ): Promise<WriteResult> {
    const { position, source, options } = of;
    const { session, settles } = this.#options;
    this.#begin({ position, source, time: new Date().toISOString() });
    try {
      if (settles) {
        return await this.#load!.writeBatch(batch, position, {
          ...options,
          settle: (accepted) => this.#settle(accepted),
        });
      }
      const table = quoteIdent(session.temporaryName("accepted"));
      const { rowsChanged } = await session.run(`CREATE TEMP TABLE ${table} AS ${batch.sql}`);
      await this.#settle(rowsChanged);
      const rows = await session.relation(`SELECT * FROM ${table}`, batch.metadata);
      const result = await this.#load!.writeBatch(rows, position, options);
      await session.run(`DROP TABLE ${table}`);
      return result;
    } catch (cause) {
      if (!this.#collector.stopped) throw cause;
      // The engine's error says only that a function of ours has ended the statement.
      this.#settled = addCount(this.#count, this.#collector.count, 0);
      throw this.#reason(0, { atLeast: true }) ?? cause;
    }
  }

  /** Checks the rows of a batch without writing them; gives how many came through. */
  async check(rows: () => Promise<number>, position: Position): Promise<number> {
    this.#begin({ position, time: new Date().toISOString() });
    try {
      const accepted = await rows();
      await this.#settle(accepted);
      await this.committed();
      return accepted;
    } catch (cause) {
      if (!this.#collector.stopped) throw cause;
      this.#settled = addCount(this.#count, this.#collector.count, 0);
      throw this.#reason(0, { atLeast: true }) ?? cause;
    }
  }

  #begin(identity: BatchIdentity): void {
    this.#identity = identity;
    this.#collector.begin();
    this.#settled = this.#count;
    this.#settledAggregates = this.#aggregates;
  }

  /**
   * All rows of the batch are known.
   * @throws {EngineError} `VALIDATION_FAILED`, `TOO_MANY_BAD_ROWS`, `QUARANTINE_FAILED`: the batch must not be committed.
   */
  async #settle(accepted: number): Promise<QuarantinedRows | undefined> {
    const { rules, session, dryRun } = this.#options;
    this.#settled = addCount(this.#count, this.#collector.count, accepted);
    const reason = this.#reason(accepted);
    if (reason !== undefined) throw reason;
    if (this.#prepared?.whole !== undefined && rules.table.some(needsValues)) {
      const { whole, checks, schema } = this.#prepared;
      const good = `${whole.relation} WHERE NOT ${rejected(checks)}`;
      const [row] = await session.query<Record<string, unknown>>(aggregateSql(rules.table, good, schema));
      this.#settledAggregates = addAggregates(this.#aggregates, rules.table, row!);
    }
    const { position } = this.#identity!;
    if (this.#options.mergeKeys.length > 0) await this.#forgetRepeated();
    position.tally = this.tally();
    if (dryRun) return undefined;
    await this.#file?.write(this.#collector.quarantined, this.#identity!);
    if (rules.quarantine?.table === undefined || this.#collector.quarantined.count === 0) return undefined;
    return { table: rules.quarantine.table, rows: await this.#quarantinedBatch() };
  }

  /** What the position keeps: of the batch that was settled last, and of the run. */
  tally(): JsonObject {
    const tally: Tally = {
      count: this.#settled,
      aggregates: this.#settledAggregates,
      ...(this.#remembered.length === 0 ? {} : { quarantined: this.#remembered }),
    };
    return JSON.parse(JSON.stringify(tally));
  }

  /** Leaves out rows that are in quarantine since the batch before: a merge reads rows at the last cursor value again. */
  async #forgetRepeated(): Promise<void> {
    const { quarantined } = this.#collector;
    if (quarantined.count > MOST_REMEMBERED) {
      this.#remembered = [];
      return;
    }
    const texts: string[] = [];
    for await (const some of quarantined.read()) texts.push(...some);
    this.#remembered = texts.map((text) => createHash("sha256").update(text).digest("base64").slice(0, 16));
    quarantined.clear();
    texts.forEach((text, i) => {
      if (!this.#before.has(this.#remembered[i]!)) quarantined.push(text);
    });
  }

  async #quarantinedBatch(): Promise<Batch> {
    const { session, context } = this.#options;
    const { position, source, time } = this.#identity!;
    const texts = this.#collector.quarantined.read();
    const records = async function* () {
      for await (const some of texts) {
        yield* encodeRows({
          columns: KEPT.fields.map(({ name }) => name),
          rows: some.map(splitKept),
          schema: KEPT,
        })
          .batches;
      }
    };
    const raw = await session.fromArrow(records(), { schema: KEPT });
    return await session.relation(
      `SELECT ${quoteLiteral(context.recipe)} AS recipe, ${quoteLiteral(context.resource)} AS resource,
         ${quoteLiteral(position.runId)} AS run_id, CAST(${position.sequence} AS BIGINT) AS sequence,
         CAST(${quoteLiteral(source ?? null)} AS VARCHAR) AS source,
         CAST(${
        quoteLiteral(time)
      } AS TIMESTAMPTZ) AS rejected_at, CAST(broken AS JSON) AS broken, CAST("row" AS JSON) AS "row"
       FROM (${raw.sql})`,
    );
  }

  /** Why the batch must not be loaded, if it must not. */
  #reason(accepted: number, options: { atLeast?: boolean } = {}): EngineError | undefined {
    const batch = this.#collector.count;
    const view = {
      checks: this.#checks,
      batch,
      collector: this.#collector,
      atLeast: options.atLeast ?? false,
    };
    if (batch.fail > 0) return brokenError(view);
    return thresholdError({
      ...view,
      run: this.#settled,
      rules: this.#options.rules,
      // Only all rows give a share.
      shares: !(options.atLeast ?? false) && accepted + this.#settled.checked > 0,
    });
  }

  /** The batch is committed: it counts, and people are told. */
  async committed(): Promise<void> {
    const { emit, context, rules } = this.#options;
    const batch = this.#collector.count;
    this.#count = this.#settled;
    this.#aggregates = this.#settledAggregates;
    this.#before = new Set(this.#remembered);
    if (this.#prepared?.whole !== undefined) {
      const { whole, checks } = this.#prepared;
      await this.#seen.add(`${whole.relation} WHERE NOT ${rejected(checks)}`);
    }
    const told = { time: Date.now(), resource: context.resource };
    const places = {
      skip: {},
      quarantine: { quarantine: rules.quarantine?.table ?? rules.quarantine?.path },
    };
    for (const fate of ["skip", "quarantine"] as const) {
      if (batch[fate] === 0) continue;
      const reason = this.#summary(batch.checks, (check) => check.rule.fate === fate);
      emit({ type: "rows_rejected", ...told, by: "rules", rows: batch[fate], reason, ...places[fate] });
    }
    if (batch.warn > 0) {
      emit({
        type: "log",
        ...told,
        level: "warning",
        message: `${batch.warn} rows that were loaded break rules that only warn: ${
          this.#summary(batch.checks, (check) => check.rule.fate === "warn")
        }`,
      });
    }
  }

  /** Rows that were left out of the batch that was settled last. */
  get rejectedRows(): number {
    const { skip, quarantine } = this.#collector.count;
    return skip + quarantine;
  }

  #summary(counts: readonly number[], wanted: (check: NumberedCheck) => boolean): string {
    const broken = this.#checks.filter((check) => wanted(check) && counts[check.index]! > 0)
      .sort((a, b) => counts[b.index]! - counts[a.index]!);
    const shown = broken.slice(0, 3).map(({ check, index }) => {
      const at = check.location;
      const place = at === undefined ? "" : ` (${at.file.split(/[\\/]/).at(-1)}:${at.line}:${at.column})`;
      return `${check.name} ${counts[index]}${place}`;
    });
    return `they break ${shown.join(", ")}${
      broken.length > 3 ? ` and ${broken.length - 3} other rules` : ""
    }`;
  }

  /**
   * Judges the rows of the run together, before a load that replaces all rows is published.
   * @throws {EngineError} `TABLE_RULE_BROKEN` with the place of the rule.
   */
  finish(): void {
    const { rules, startedAt, emit, context, replaces } = this.#options;
    const { checked, quarantine, skip, fail } = this.#count;
    this.#outcomes = judgeTable(rules.table, {
      rows: checked - quarantine - skip - fail,
      aggregates: this.#aggregates,
      startedAt,
    });
    const broken = this.#outcomes.filter(({ passed }) => !passed);
    for (const outcome of broken) {
      if (outcome.rule.fate !== "warn") continue;
      emit({
        type: "log",
        time: Date.now(),
        resource: context.resource,
        level: "warning",
        message: tableError([outcome], { replaces }).message,
      });
    }
    const failing = broken.filter(({ rule }) => rule.fate === "fail");
    if (failing.length > 0) throw tableError(failing, { replaces });
  }

  /** After the load was published: what runs before have quarantined went with their rows. */
  async published(runId: string): Promise<void> {
    if (this.#options.replaces) await this.#file?.keepOnly(runId);
  }

  /** Lets go of temporary files. */
  close(): void {
    this.#collector.begin();
  }

  /** What was found, also where the run failed: the batch it failed in counts. */
  report(): ValidationReport {
    const { quarantine } = this.#options.rules;
    return makeReport(this.#checks, {
      count: this.#settled,
      collector: this.#collector,
      table: this.#outcomes,
      quarantine: quarantine?.table ?? quarantine?.path,
      describe: ({ check, rule }) => rule.message ?? describeCheck(check, rule),
    });
  }
}

function invalidRule(
  { rule, check }: { rule: NumberedCheck["rule"]; check: NumberedCheck["check"] },
  message: string,
  cause?: unknown,
): RecipeError {
  return new RecipeError("RULE_INVALID", `The rule "${rule.name}" can't be used: ${message}`, {
    hint: (cause instanceof DataLoaderError ? cause.hint : undefined) ?? "correct the rule",
    location: check.location ?? rule.location,
    context: { rule: rule.name, check: check.kind },
    cause,
  });
}
