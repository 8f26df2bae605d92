/** What stands for the source of a recipe in a test. */
import { ArrowBatch, type DuckSession } from "../../batch/mod.ts";
import type { SourcePlan } from "../../plan/mod.ts";
import type { TestGiven } from "../../recipe/mod.ts";
import {
  engineType,
  getConnector,
  type LogicalType,
  parseType,
  qualifiedName,
  quoteIdent,
  RecipeError,
  type Session,
} from "../../sdk/mod.ts";

/** Where a test puts what it gives to the engine. */
export interface Stage {
  readonly session: Session;
  /** A folder that is removed after the test. */
  readonly folder: string;
  /** Counts the runs of the test, from 1. */
  readonly run: number;
}

type Row = Readonly<Record<string, unknown>>;

const SCHEMA = "given";
const TABLE = "source";

/** The strategies that go by a column, which rows in a table can be read by as well as those of any other source. */
const BY_COLUMN: ReadonlySet<string> = new Set(["cursor", "timestamp", "watermark"]);

/**
 * The source that a test reads: files through the connector that the recipe names, everything else from a table in memory,
 * by the recipe's own incremental strategy where that goes by a column.
 * @throws {DataLoaderError} where the given rows have no columns or do not fit their types.
 */
export async function standIn(source: SourcePlan, given: TestGiven, stage: Stage): Promise<SourcePlan> {
  const definition = getConnector(source.connector);
  if (definition.standIn !== undefined) {
    const file = await fileOf(source, given, stage);
    const { connector, config } = definition.standIn(source.config, file);
    return { ...source, connector, config: withColumns(config, given) };
  }
  if (given.text !== undefined) {
    throw new RecipeError(
      "GIVEN_TEXT",
      `given.text is for sources of files, not for "${source.connector}".`,
      {
        hint: "give rows, or a file",
      },
    );
  }
  if (given.file !== undefined) {
    const config = getConnector("filestore").config.parse({ path: given.file });
    return { ...source, incremental: byColumn(source), connector: "filestore", config };
  }
  await fillTable(given, { session: stage.session, table: TABLE });
  const table = qualifiedName(SCHEMA, TABLE);
  return {
    ...source,
    incremental: byColumn(source),
    connector: "duckdb",
    config: getConnector("duckdb").config.parse({ database: ":memory:", table }),
  };
}

/** Other strategies are the connector's own: each run of a test then reads all that it is given. */
function byColumn(source: SourcePlan): SourcePlan["incremental"] {
  return source.incremental !== undefined && BY_COLUMN.has(source.incremental.strategy)
    ? source.incremental
    : undefined;
}

async function fileOf(source: SourcePlan, given: TestGiven, stage: Stage) {
  if (given.file !== undefined) return { path: given.file, rows: false };
  const arrives = source.incremental?.strategy === "modified_time";
  // Files that come one after the other are read together; else each run has a file of its own.
  const folder = `${stage.folder}/${arrives ? "given" : `given-${stage.run}`}`;
  await Deno.mkdir(folder, { recursive: true });
  const rows = given.rows !== undefined;
  const text = given.text ?? jsonLines(given);
  await Deno.writeTextFile(`${folder}/${String(stage.run).padStart(4, "0")}`, text);
  return { path: `${folder}/*`, rows };
}

function jsonLines(given: TestGiven): string {
  const names = columnNames(given);
  return given.rows!.map((row) =>
    `${JSON.stringify(Object.fromEntries(names.map((name) => [name, row[name] ?? null])))}\n`
  ).join("");
}

/** Types that the test gives win over those of the source; a type of a column that no row has says nothing. */
function withColumns(config: unknown, given: TestGiven): unknown {
  if (given.rows === undefined) return config;
  const names = new Set(columnNames(given));
  const { columns, ...rest } = config as { columns?: Record<string, string> };
  const all = Object.entries({ ...columns, ...given.columns }).filter(([name]) => names.has(name));
  return all.length === 0 ? rest : { ...rest, columns: Object.fromEntries(all) };
}

function columnNames(given: TestGiven): string[] {
  const names = new Set(given.rows!.flatMap((row) => Object.keys(row)));
  for (const name of Object.keys(given.columns ?? {})) names.add(name);
  if (names.size > 0) return [...names];
  throw new RecipeError("GIVEN_WITHOUT_COLUMNS", "The given rows are none, so their columns are not known.", {
    hint: "name the columns and their types: given: {rows: [], columns: {id: int}}",
  });
}

/** Makes a table of rows in the database in memory. */
export async function fillTable(
  given: TestGiven,
  { session, table }: { session: Session; table: string },
): Promise<void> {
  const names = columnNames(given);
  const declared = new Map(
    Object.entries(given.columns ?? {}).map(([name, text]) => [name, parseType(text)!]),
  );
  const rows = given.rows!.map((row: Row) =>
    names.map((name) => declared.has(name) ? textOf(row[name]) : row[name] ?? null)
  );
  const batch = await ArrowBatch.fromRows({ columns: names, rows, session: session as DuckSession });
  const alias = quoteIdent(await session.attach(":memory:", { readOnly: false }));
  const values = names.map((name) => {
    const type = declared.get(name);
    return type === undefined
      ? quoteIdent(name)
      : `${castText(quoteIdent(name), type)} AS ${quoteIdent(name)}`;
  });
  await session.run(`CREATE SCHEMA IF NOT EXISTS ${alias}.${quoteIdent(SCHEMA)}`);
  await session.run(
    `CREATE OR REPLACE TABLE ${alias}.${qualifiedName(SCHEMA, table)} AS SELECT ${
      values.join(", ")
    } FROM (${batch.sql})`,
  );
  await batch.close();
}

/** A value as the text that it is cast from. */
export function textOf(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** SQL that makes a text a value of a type. */
export function castText(text: string, type: LogicalType, cast = "CAST"): string {
  const nested = type.kind === "array" || type.kind === "struct";
  return `${cast}(${nested ? `${cast}(${text} AS JSON)` : text} AS ${engineType(type)})`;
}
