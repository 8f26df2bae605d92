/** Makes rows fit `schema` before they are written: between the steps and the destination. */
import type { EventSink } from "../observe/mod.ts";
import type { ResourcePlan } from "../plan/mod.ts";
import {
  ConformSql,
  type Fit,
  fitRows,
  NULL_MESSAGE,
  type OutputColumn,
  type SchemaPolicy,
  schemaProblem,
} from "../schema/mod.ts";
import {
  type Batch,
  ConnectorError,
  DataLoaderError,
  type Destination,
  formatType,
  getConnector,
  type LoadRequest,
  quoteIdent,
  type Schema,
  type SchemaChange,
  type Session,
  type TableChange,
  type TableSchema,
} from "../sdk/mod.ts";
import type { AppliedSteps } from "../transforms/mod.ts";
import { converter } from "./converter.ts";
import { refuseDuplicates } from "./duplicates.ts";
import { tableBefore } from "./type_hints.ts";

/** The number of a row in the batch, while it is looked at. */
const ROW = "__dataloader_row";

/** A batch that fits, and what becomes of the table for it. */
export interface Conformed extends AppliedSteps {
  /** Undefined where the recipe has no `schema`. */
  readonly changes?: readonly TableChange[];
  /** What people are told of the rows beside `changes`. */
  readonly notes: readonly SchemaChange[];
  /** The columns that the rows really have, for the registry. */
  readonly recorded: Schema;
  /** Rows that are left out. Reports what is changed, made NULL or put elsewhere. Reads the rows, if there is anything to count. */
  count(): Promise<{ discarded: number; reason: string }>;
  /** To be called when the batch is committed. */
  committed(): void;
}

export interface GuardOptions {
  readonly resource: ResourcePlan;
  readonly session: Session;
  readonly emit: EventSink;
  readonly loadRequest: LoadRequest;
  /** All rows of the table are replaced. */
  readonly replaces: boolean;
  /** What is known of the rows loaded before, where the destination can't tell. */
  readonly lastSchema: () => Promise<Schema | undefined>;
}

/** Holds the batches of one load against the recipe's `schema` and the table. */
export class SchemaGuard {
  readonly #options: GuardOptions;
  readonly #policy: SchemaPolicy | undefined;
  #destination: Destination | undefined;
  #table: TableSchema | undefined;
  /** The table has been asked for. */
  #known = false;
  #replaces: boolean;
  #checked = false;
  readonly #told = new Set<string>();

  constructor(options: GuardOptions) {
    this.#options = options;
    this.#policy = options.resource.schema;
    this.#replaces = options.replaces;
  }

  /** Begins again with a destination that was just opened. */
  open(destination: Destination): void {
    this.#destination = destination;
    this.#known = false;
    this.#table = undefined;
    this.#replaces = this.#options.replaces;
  }

  /**
   * Puts the schema around a batch: nothing is run, unless NULLs must be looked for.
   * @throws {EngineError} where columns or types are not what the schema lets them be.
   */
  async apply(applied: AppliedSteps): Promise<Conformed> {
    if (this.#policy === undefined) return unchanged(applied);
    const { batch } = applied;
    const fit = this.#withNulls(await this.#fit(batch), batch);
    const { fitted, dropped } = await fit;
    const sql = new ConformSql(fitted, converter);
    const refused = sql.refused();
    if (refused !== undefined) throw this.#noConversion(refused);
    const plain = sql.changesNothing(batch.columns);
    const output = plain ? batch : await batch.session.relation(sql.select(`(${batch.sql})`), batch.metadata);
    const changes = [...fitted.changes, ...dropped];
    await this.#refuseLosses(output.schema, changes);
    return {
      batch: output,
      keepsRows: applied.keepsRows,
      changes,
      recorded: recordedSchema(fitted),
      notes: fitted.notes.filter(({ kind, column }) => !this.#told.has(`${kind} ${column}`)),
      diagnose: async (error) =>
        await applied.diagnose(error) ?? await this.#diagnose(applied, { fitted, sql, error }),
      release: () => applied.release(),
      count: () => this.#count(batch, { fitted, sql, output }),
      committed: () => {
        this.#table = fitted.after;
        this.#known = true;
        this.#replaces = false;
        for (const { kind, column } of fitted.notes) this.#told.add(`${kind} ${column}`);
      },
    };
  }

  async #fit(batch: Batch): Promise<Fit> {
    const policy = this.#policy!;
    const { identifierLength } = this.#capabilities;
    if (!this.#known) {
      this.#table = await this.#readTable();
      this.#known = true;
    }
    if (policy.mode === "strict" && (batch.warnings?.length ?? 0) > 0) {
      throw schemaProblem.lossyMapping(batch.warnings!, policy);
    }
    return fitRows({
      rows: batch.schema,
      policy,
      table: this.#table,
      replaces: this.#replaces,
      identifierLength,
      wholeRows: !this.#capabilities.transactions,
    });
  }

  /** Under `strict`, what the destination's mapping of types would lose stops the load before its first row. */
  async #refuseLosses(schema: Schema, changes: readonly TableChange[]): Promise<void> {
    const policy = this.#policy!;
    if (policy.mode !== "strict" || this.#checked || this.#destination === undefined) return;
    const { losses = [] } = await this.#destination.describe(schema, this.#options.loadRequest, { changes });
    if (losses.length > 0) throw schemaProblem.lossyMapping(losses, policy);
    this.#checked = true;
  }

  async #readTable(): Promise<TableSchema | undefined> {
    return await tableBefore(this.#destination, this.#options.lastSchema);
  }

  get #capabilities() {
    return getConnector(this.#options.resource.destination.connector).capabilities;
  }

  /** Columns whose NOT NULL must go because a NULL comes. */
  async #withNulls(fit: Fit, batch: Batch): Promise<{ fitted: Fit; dropped: readonly TableChange[] }> {
    const asked = fit.columns.filter(({ name, source }) =>
      source !== undefined && fit.nullable.includes(name)
    );
    if (asked.length === 0) return { fitted: fit, dropped: [] };
    const tests = asked.map(({ source }, i) =>
      `coalesce(bool_or(${quoteIdent(source!)} IS NULL), false) AS n${i}`
    );
    const [row] = await batch.session.query<Record<string, boolean>>(
      `SELECT ${tests.join(", ")} FROM (${batch.sql})`,
    );
    const dropped = asked.filter((_, i) => row![`n${i}`]).map(({ name }): TableChange => ({
      kind: "drop_not_null",
      column: name,
      description: `let column ${name} be NULL`,
      safety: "safe",
    }));
    const names = new Set(dropped.map((change) => (change as { column: string }).column));
    const columns = fit.after.columns.map((column) =>
      names.has(column.name) ? { ...column, nullable: true } : column
    );
    return { fitted: { ...fit, after: { columns } }, dropped };
  }

  #noConversion(column: OutputColumn) {
    return schemaProblem.noConversion(
      { name: column.source!, from: column.from!, to: column.via ?? column.type },
      { policy: this.#policy!, column: this.#policyOf(column) },
    );
  }

  #policyOf({ name }: { name: string }) {
    return this.#policy!.columns.find((column) => column.name.toLowerCase() === name.toLowerCase());
  }

  async #count(
    batch: Batch,
    { fitted, sql, output }: { fitted: Fit; sql: ConformSql; output: Batch },
  ): Promise<{ discarded: number; reason: string }> {
    await refuseDuplicates(output, {
      policy: this.#policy!,
      resource: this.#options.resource,
      constraints: this.#capabilities.constraints ?? [],
    });
    if (!sql.counts) return { discarded: 0, reason: "" };
    const [row] = await batch.session.query<Record<string, bigint | string | null>>(
      sql.countSql(`(${batch.sql})`, ROW),
    );
    const discarded = Number(row!.discarded ?? 0);
    let reason = fitted.discardWhenSet.length === 0
      ? ""
      : `they have a value in a column that is new: ${fitted.discardWhenSet.join(", ")}`;
    sql.counted().forEach((column, index) => {
      const [changed, lost] = [Number(row![`changed_${index}`] ?? 0), Number(row![`lost_${index}`] ?? 0)];
      if (changed + lost === 0) return;
      const first = { row: Number(row![`row_${index}`]), value: String(row![`value_${index}`]) };
      const type = formatType(column.via ?? column.type);
      if (column.onMisfit === "discard_row") {
        reason ||= `column ${column.source} holds values that are no ${type}, ` +
          `${JSON.stringify(first.value)} in row ${first.row} the first`;
        return;
      }
      const variant = fitted.columns.find((other) =>
        other.source === column.source && other.unlessFits !== undefined
      );
      this.#options.emit({
        type: "values_coerced",
        time: Date.now(),
        resource: this.#options.resource.name,
        column: column.name,
        to: type,
        changed,
        lost: variant === undefined ? lost : 0,
        ...(variant === undefined ? {} : { moved: lost, variant: variant.name }),
        first,
      });
    });
    return { discarded, reason: reason || "a column is NULL where the schema has none" };
  }

  /** The value that a statement failed on, where a column of the schema is the reason. */
  async #diagnose(
    applied: AppliedSteps,
    { fitted, sql, error }: { fitted: Fit; sql: ConformSql; error: unknown },
  ): Promise<DataLoaderError | undefined> {
    if (error instanceof DataLoaderError && error.code === "CONSTRAINT_VIOLATED") {
      return await refuseDuplicates(applied.batch, {
        policy: this.#policy!,
        resource: this.#options.resource,
        constraints: [],
        names: new Map(
          fitted.columns.flatMap(({ name, source }) =>
            source === undefined ? [] : [[name.toLowerCase(), source] as const]
          ),
        ),
      }).then(() => undefined, (found) => found instanceof ConnectorError ? found : undefined);
    }
    const select = sql.diagnoseSql(`(${applied.batch.sql})`, ROW);
    if (select === undefined) return undefined;
    const [found] = await applied.batch.session.query<{ row: bigint; index: number; value: string | null }>(
      select,
    );
    if (found === undefined) return undefined;
    const column = fitted.columns[found.index]!;
    return schemaProblem.badValue({
      column: column.source!,
      row: Number(found.row),
      value: found.value,
      reason: found.value === null
        ? "where the schema has none"
        : `is no ${formatType(column.via ?? column.type)} as it is`,
    }, { policy: this.#policy!, column: this.#policyOf(column) });
  }
}

/** The columns that have values, as the table has them. */
function recordedSchema(fit: Fit): Schema {
  const table = new Map(fit.after.columns.map((column) => [column.name, column]));
  return {
    fields: fit.columns.filter(({ source, fill }) => source !== undefined || fill !== undefined)
      .map(({ name, type }) => ({ name, type, nullable: table.get(name)?.nullable ?? true })),
  };
}

/** What a plan says of a schema. */
export interface PlannedSchema {
  /** The columns as they would be written. */
  readonly schema: Schema;
  readonly changes: readonly TableChange[];
  readonly notes: readonly SchemaChange[];
}

/**
 * What `schema` would make of rows and of the table, from their columns alone.
 * @throws {EngineError} as `SchemaGuard.apply`; under `strict` also for what the mapping of types loses.
 */
export function planConform(
  rows: Schema,
  of: { resource: ResourcePlan; table: TableSchema | undefined; replaces?: boolean },
): PlannedSchema {
  const policy = of.resource.schema!;
  const { identifierLength, transactions } = getConnector(of.resource.destination.connector).capabilities;
  const replaces = of.replaces ?? of.resource.destination.mode === "overwrite";
  const fit = fitRows({
    rows,
    policy,
    table: of.table,
    replaces,
    identifierLength,
    wholeRows: !transactions,
  });
  const refused = new ConformSql(fit, converter).refused();
  if (refused !== undefined) {
    throw schemaProblem.noConversion(
      { name: refused.source!, from: refused.from!, to: refused.via ?? refused.type },
      {
        policy,
        column: policy.columns.find(({ name }) => name.toLowerCase() === refused.name.toLowerCase()),
      },
    );
  }
  const nullable = new Map(fit.after.columns.map((column) => [column.name, column.nullable]));
  return {
    schema: {
      fields: fit.columns.map(({ name, type }) => ({ name, type, nullable: nullable.get(name) ?? true })),
    },
    changes: fit.changes,
    notes: fit.notes,
  };
}

/** Where there is no `schema`, rows are written as they come. */
function unchanged(applied: AppliedSteps): Conformed {
  return {
    ...applied,
    batch: applied.batch,
    recorded: applied.batch.schema,
    notes: [],
    diagnose: (error) => applied.diagnose(error),
    release: () => applied.release(),
    count: () => Promise.resolve({ discarded: 0, reason: "" }),
    committed: () => {},
  };
}

/** Whether an engine's error is that of a NULL that the schema does not take. */
export function isNullFault(error: DataLoaderError): boolean {
  return error.message.includes(NULL_MESSAGE);
}
