/** Binding a SELECT: its columns become known, its rows do not. */
import type engine from "@duckdb/node-bindings";
import { EngineError, type Field, quoteIdent, type Schema } from "../sdk/mod.ts";
import { asSubquery } from "./sql_text.ts";
import { type EngineTypeInfo, readEngineType } from "./types.ts";
import { takeNative } from "./native.ts";

const duckdb = takeNative();

/** What is known of a SELECT once it is bound. */
export interface BoundSelect {
  /** Gives exactly the columns of `schema`. */
  readonly sql: string;
  readonly schema: Schema;
  /** What reading the columns as `schema` says loses: one sentence a column. */
  readonly warnings: readonly string[];
}

/**
 * Binds a SELECT without running it. Columns of types that have no logical type are converted in the SQL.
 * @throws {EngineError} `NOT_A_QUERY`, `DUPLICATE_COLUMN`, and whatever binding finds wrong.
 */
export async function bindRelation(connection: engine.Connection, sql: string): Promise<BoundSelect> {
  const select = asSubquery(sql);
  const prepared = await prepareOne(connection, select);
  try {
    if (duckdb.prepared_statement_type(prepared) !== duckdb.StatementType.SELECT) {
      throw new EngineError("NOT_A_QUERY", "The statement is not a query: it must be one SELECT.");
    }
    if (duckdb.nparams(prepared) > 0) {
      throw new EngineError(
        "UNBOUND_PARAMETER",
        "The query has parameters ($1 or ?), which have no values here.",
        {
          hint: "use a template ({{ var('x') }}) instead",
        },
      );
    }
    const columns: { name: string; type: EngineTypeInfo }[] = [];
    for (let index = 0; index < duckdb.prepared_statement_column_count(prepared); index++) {
      columns.push({
        name: duckdb.prepared_statement_column_name(prepared, index),
        type: readEngineType(duckdb.prepared_statement_column_logical_type(prepared, index)),
      });
    }
    assertUnique(columns.map((column) => column.name));
    return {
      sql: convertColumns(select, columns),
      schema: {
        fields: columns.map(({ name, type }): Field => ({ name, type: type.logical, nullable: true })),
      },
      warnings: columns.flatMap(({ name, type }) =>
        type.loss === undefined ? [] : [`Column "${name}" is ${type.name}: ${type.loss}.`]
      ),
    };
  } finally {
    duckdb.destroy_prepare_sync(prepared);
  }
}

async function prepareOne(connection: engine.Connection, select: string): Promise<engine.PreparedStatement> {
  try {
    return await duckdb.prepare(connection, select);
  } catch (error) {
    if (error instanceof Error && /Cannot prepare multiple|No statement to prepare/.test(error.message)) {
      throw new EngineError("NOT_A_QUERY", "The text must be one SELECT statement, no more and no less.");
    }
    throw error;
  }
}

function convertColumns(select: string, columns: readonly { name: string; type: EngineTypeInfo }[]): string {
  if (columns.every(({ type }) => type.convert === undefined)) return select;
  const items = columns.map(({ name, type }) => {
    const column = quoteIdent(name);
    return type.convert === undefined ? column : `${type.convert(column)} AS ${column}`;
  });
  return `SELECT ${items.join(", ")} FROM (${select})`;
}

/** Names are compared as the engine does: letters A to Z without regard to case. */
export function assertUnique(names: readonly string[]): void {
  const seen = new Map<string, string>();
  for (const name of names) {
    const key = name.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
    const other = seen.get(key);
    if (other !== undefined) {
      throw new EngineError(
        "DUPLICATE_COLUMN",
        other === name
          ? `There are two columns named "${name}".`
          : `The columns "${other}" and "${name}" differ only in upper and lower case.`,
        { hint: "rename one of them at the source or in the query", context: { columns: [other, name] } },
      );
    }
    seen.set(key, name);
  }
}
