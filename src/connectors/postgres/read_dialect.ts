/** What an incremental read needs of PostgreSQL's SQL. */
import { type OpenContext, quoteIdent, type ReadRequest } from "../../sdk/mod.ts";
import type { ReadDialect, ServerRelation } from "../_sql/server_window.ts";
import type { PgConnection } from "./connection.ts";
import { pgLiteral } from "./names.ts";
import { type ReadTarget, selectOf, stream } from "./read.ts";
import type { Snapshot } from "./snapshot.ts";

export const READ_DIALECT: ReadDialect = {
  quote: quoteIdent,
  literal: pgLiteral,
  value: (text, type) => `CAST(${pgLiteral(text)} AS pg_catalog.${type})`,
  text: (sql) => `CAST(${sql} AS pg_catalog.text)`,
  // Not max(): there is none for uuid.
  highest: (column, { from, where }) =>
    `SELECT CAST(v AS pg_catalog.text) AS high FROM (SELECT ${column} AS v FROM ${from} WHERE ${where} ` +
    `ORDER BY ${column} DESC LIMIT 1) AS h`,
  endless: (sql, kind) => {
    if (kind === "float" || kind === "decimal") {
      const type = kind === "float" ? "float8" : "numeric";
      return `CAST(${sql} AS pg_catalog.${type})::text IN ('NaN', 'Infinity', '-Infinity')`;
    }
    return ["date", "datetime", "instant"].includes(kind) ? `NOT isfinite(${sql})` : undefined;
  },
  datetime: "timestamp",
};

/** A table or query in a snapshot. */
export function serverRelation(
  read: { context: OpenContext; snapshot: Snapshot; target: ReadTarget; request: ReadRequest },
): ServerRelation {
  const { snapshot, target } = read;
  const column = (name: string) => target.columns.find((each) => each.name === name)!;
  const select = (where: string, order?: string) =>
    `${selectOf(target, where)}${order === undefined ? "" : ` ORDER BY ${order}`}`;
  return {
    dialect: READ_DIALECT,
    from: target.from,
    schema: target.schema,
    cursor: (name) => {
      const { cursor, nullable } = column(name);
      return cursor === undefined ? undefined : { name, nullable, ...cursor };
    },
    typeName: (name) => column(name).serverType,
    query: (sql) => queryTexts(snapshot.first, sql, target.name),
    select,
    rows: (where, order) => stream(read, select(where, order)),
  };
}

async function queryTexts(
  connection: PgConnection,
  sql: string,
  name: string,
): Promise<Record<string, string | null>[]> {
  return await connection.query<Record<string, string | null>>(sql, { doing: `Reading ${name}` });
}
