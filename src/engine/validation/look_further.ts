/** Columns for checks that look further than the row: other tables, functions, all rows of the batch and those before. */
import { loadFunction, loadVerdicts } from "../../transforms/mod.ts";
import {
  type Batch,
  DataLoaderError,
  EMPTY_SOURCE_STATE,
  getConnector,
  type Load,
  type OpenContext,
  quoteIdent,
  RecipeError,
  type Schema,
  type Session,
  type StepContext,
  TransformError,
} from "../../sdk/mod.ts";
import { type Check, type CompiledCheck, type NumberedCheck, rejected } from "../../validate/mod.ts";

/** The column of a check that looks further. */
export function extraColumn(index: number): string {
  return `"__dataloader_check_${index}"`;
}

/** The number of a row of the batch. */
const ROW = `"__dataloader_row"`;
/** True for rows that another rule leaves out. */
const OUT = `"__dataloader_out"`;

/** The values that `references` checks hold rows against, read once a run into temporary tables. */
export class References {
  readonly #context: OpenContext;
  readonly #tables = new Map<number, string>();

  constructor(context: OpenContext) {
    this.#context = context;
  }

  /** SQL columns: true where the value is found, or is NULL. */
  async columns(checks: readonly NumberedCheck[], schema: Schema): Promise<string[]> {
    const columns: string[] = [];
    for (const { check, rule, index } of checks) {
      if (check.kind !== "references") continue;
      const name = rule.columns[0]!;
      const field = schema.fields.find((each) => each.name.toLowerCase() === name.toLowerCase());
      if (field === undefined) {
        columns.push(`true AS ${extraColumn(index)}`);
        continue;
      }
      const table = await this.#table(index, check);
      const value = quoteIdent(field.name);
      columns.push(
        `(${value} IS NULL OR CAST(${value} AS VARCHAR) IN (SELECT v FROM ${table})) AS ${
          extraColumn(index)
        }`,
      );
    }
    return columns;
  }

  async #table(index: number, check: Check & { kind: "references" }): Promise<string> {
    const known = this.#tables.get(index);
    if (known !== undefined) return known;
    const { session } = this.#context;
    const table = quoteIdent(session.temporaryName("references"));
    try {
      await session.run(`CREATE TEMP TABLE ${table} (v VARCHAR)`);
      await this.#fill(table, check);
    } catch (cause) {
      if (cause instanceof DataLoaderError && this.#context.signal.aborted === false) {
        throw cause.at(check.location);
      }
      throw cause;
    }
    this.#tables.set(index, table);
    return table;
  }

  async #fill(table: string, { reference, location }: Check & { kind: "references" }): Promise<void> {
    const { session } = this.#context;
    const { openSource } = await getConnector(reference.connector).openSource!();
    const source = await openSource(reference.config, this.#context);
    const request = {
      runId: "references",
      writeMode: "append" as const,
      batchSize: 100_000,
      parallelism: 1,
      startedAt: new Date().toISOString(),
    };
    try {
      for await (const { batch } of source.readBatches(request, EMPTY_SOURCE_STATE)) {
        const column = batch.columns.find((name) => name === reference.column) ??
          batch.columns.find((name) => name.toLowerCase() === reference.column.toLowerCase());
        if (column === undefined) {
          throw new RecipeError(
            "RULE_COLUMN_MISSING",
            `There is no column "${reference.column}" in ${reference.summary.replace(/\.[^.]*$/, "")}.`,
            { hint: `it has: ${batch.columns.slice(0, 20).join(", ")}`, location },
          );
        }
        const value = quoteIdent(column);
        await session.run(
          `INSERT INTO ${table} SELECT DISTINCT CAST(${value} AS VARCHAR) FROM (${batch.sql}) WHERE ${value} IS NOT NULL`,
        );
        await session.release(batch);
      }
    } finally {
      await source.close();
    }
  }
}

export interface WholeBatchInput {
  readonly session: Session;
  readonly batch: Batch;
  /** All checks of the rules, compiled. */
  readonly checks: readonly CompiledCheck[];
  /** Columns of `references` checks. */
  readonly references: readonly string[];
  readonly load: Load | undefined;
  readonly mergeKeys: readonly string[];
  readonly context: StepContext;
  /** Keys that batches before have loaded, where the destination can't be asked. */
  readonly seen: SeenKeys;
}

/** A batch in a temporary table, with the columns that its checks need. */
export interface WholeBatch {
  /** SQL to stand after FROM. */
  readonly relation: string;
  /** Rows that left the scan of the source. */
  readonly scanned: number | undefined;
  /** Tables to drop when the batch is done. */
  readonly tables: readonly string[];
}

/** Reads the batch once, into a temporary table: what is `unique`, what functions say and what tables must fulfil is then looked up there. */
export async function readWhole(input: WholeBatchInput): Promise<WholeBatch> {
  const { session, batch, checks, references } = input;
  const table = quoteIdent(session.temporaryName("validated"));
  await session.run(
    `CREATE TEMP TABLE ${table} AS SELECT *, row_number() OVER () AS ${ROW} FROM (${batch.sql})`,
  );
  const scanned = session.rowsScanned?.();
  const tables = [table];
  let from = `${table} AS b`;
  const columns = [...references];
  for (const each of checks) {
    if (each.check.kind !== "function") continue;
    const verdicts = await runFunctionRule(each, { ...input, table });
    tables.push(verdicts);
    const alias = quoteIdent(`f${each.index}`);
    from += ` LEFT JOIN ${verdicts} AS ${alias} ON ${alias}.n = b.${ROW}`;
    columns.push(`${alias}.m AS ${extraColumn(each.index)}`);
  }
  const rows = `(SELECT ${["b.*", ...columns].join(", ")} FROM ${from})`;
  const unique = checks.filter(({ check, broken }) => check.kind === "unique" && broken !== undefined);
  if (unique.length === 0) return { relation: `${rows} AS b`, scanned, tables };
  const others = rejected(checks.filter(({ check }) => check.kind !== "unique"));
  const marked = `(SELECT *, ${others} AS ${OUT} FROM ${rows} AS b)`;
  const flags = await Promise.all(unique.map((each) => uniqueColumn(each, input)));
  return { relation: `(SELECT *, ${flags.join(", ")} FROM ${marked} AS b) AS b`, scanned, tables };
}

/** True where a row with these values stands before, in the batch or at the destination. NULL is no value. */
async function uniqueColumn({ index, rule }: CompiledCheck, input: WholeBatchInput): Promise<string> {
  const { batch, mergeKeys, load, seen } = input;
  const spelled = (names: readonly string[]) =>
    names.map((name) => batch.columns.find((each) => each.toLowerCase() === name.toLowerCase()) ?? name);
  const columns = spelled(rule.columns).map(quoteIdent);
  const keys = spelled(mergeKeys).map(quoteIdent);
  const there = columns.map((column) => `b.${column} IS NOT NULL`).join(" AND ");
  const counts = rule.when === undefined ? "true" : `coalesce((${rule.when}\n), false)`;
  const within = `PARTITION BY ${[...columns, OUT, counts].join(", ")} ORDER BY ${ROW}`;
  // Rows of one merge key are versions of one row.
  const again = keys.length === 0
    ? `row_number() OVER (${within}) > 1`
    : `(${
      keys.map((key) => `first_value(b.${key}) OVER (${within}) IS DISTINCT FROM b.${key}`).join(" OR ")
    })`;
  const existing = load?.existing === undefined
    ? await seen.table(index, { columns, batch })
    : await load.existing();
  const same = columns.map((column) => `e.${column} = b.${column}`).join(" AND ");
  const otherRow = keys.length === 0 || load?.existing === undefined
    ? ""
    : ` AND (${keys.map((key) => `e.${key} IS DISTINCT FROM b.${key}`).join(" OR ")})`;
  const before = existing === undefined
    ? "false"
    : `EXISTS (SELECT 1 FROM (${existing}) AS e WHERE ${same}${otherRow})`;
  return `(NOT ${OUT} AND ${there} AND (${again} OR ${before})) AS ${extraColumn(index)}`;
}

/** Keys of rows that a run has loaded, for destinations that can't be asked what they hold. */
export class SeenKeys {
  readonly #session: Session;
  readonly #tables = new Map<number, { name: string; columns: readonly string[] }>();

  constructor(session: Session) {
    this.#session = session;
  }

  /** A SELECT of the keys. */
  async table(index: number, of: { columns: readonly string[]; batch: Batch }): Promise<string> {
    let table = this.#tables.get(index);
    if (table === undefined) {
      table = { name: quoteIdent(this.#session.temporaryName("seen")), columns: of.columns };
      await this.#session.run(
        `CREATE TEMP TABLE ${table.name} AS SELECT ${of.columns.join(", ")} FROM (${of.batch.sql}) LIMIT 0`,
      );
      this.#tables.set(index, table);
    }
    return `SELECT * FROM ${table.name}`;
  }

  /** Adds the keys of rows that were loaded. */
  async add(accepted: string): Promise<void> {
    for (const { name, columns } of this.#tables.values()) {
      await this.#session.run(`INSERT INTO ${name} SELECT DISTINCT ${columns.join(", ")} FROM ${accepted}`);
    }
  }
}

/** Asks a user's function about each row. The result has a row for each that is refused: its number, and what the function says. */
async function runFunctionRule(
  { check, rule }: CompiledCheck,
  input: WholeBatchInput & { table: string },
): Promise<string> {
  if (check.kind !== "function") throw new TypeError("not a function rule");
  const { session, batch, context, table } = input;
  const config = { module: check.module, export: check.export, params: check.params };
  try {
    const { verdictsOf } = await loadVerdicts();
    const refused = verdictsOf(batch, { session, table, row: ROW, config, context, name: rule.name });
    const made = await session.fromArrow(refused, {
      schema: {
        fields: [
          { name: "n", type: { kind: "integer", bits: 64 }, nullable: false },
          { name: "m", type: { kind: "string" }, nullable: false },
        ],
      },
    });
    const verdicts = quoteIdent(session.temporaryName("verdicts"));
    await session.run(`CREATE TEMP TABLE ${verdicts} AS SELECT n, m FROM (${made.sql})`);
    await session.release(made);
    return verdicts;
  } catch (cause) {
    throw cause instanceof TransformError ? cause.at(check.location) : cause;
  }
}

/** Fails early where a function rule's module can't be loaded. */
export async function checkFunctions(checks: readonly NumberedCheck[]): Promise<void> {
  for (const { check } of checks) {
    if (check.kind !== "function") continue;
    try {
      await loadFunction(check);
    } catch (cause) {
      throw cause instanceof DataLoaderError ? cause.at(check.location) : cause;
    }
  }
}
