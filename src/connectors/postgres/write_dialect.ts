/** PostgreSQL as a SQL destination. */
import type { Dialect, Meeting } from "../_sql/dialect.ts";
import { assignments, standardStatements } from "../_sql/statements.ts";
import { quoteIdent } from "../../sdk/mod.ts";
import { IDENTIFIER_BYTES, pgLiteral } from "./names.ts";
import { logicalType } from "./table_types.ts";
import type { PgColumn } from "./target_table.ts";
import { castName, columnType, convert, differs } from "./write_types.ts";

function literal(value: string | number | boolean | null): string {
  if (value === null) return "NULL";
  return typeof value === "string" ? pgLiteral(value) : String(value);
}

// Values for an identity column that is GENERATED ALWAYS are taken as they are, as COPY does.
const insert = ({ target, staged, columns, values }: Meeting): string =>
  `INSERT INTO ${target} AS t (${columns.join(", ")}) OVERRIDING SYSTEM VALUE SELECT ${
    values.join(", ")
  } FROM ${staged} AS s`;

const onConflict = (meeting: Meeting, action: string): string =>
  `${insert(meeting)} ON CONFLICT (${meeting.keys.join(", ")}) DO ${action}`;

export const dialect: Dialect<PgColumn> = {
  system: "PostgreSQL",
  identifierBytes: IDENTIFIER_BYTES,
  quote: quoteIdent,
  literal,
  columnType,
  logicalType,
  toJson: (value) => `to_jsonb(${value})`,
  convert: (type, column) => convert(type, column),
  castName,
  types: { text: "text", int64: "bigint", boolean: "boolean", instant: "timestamptz" },
  now: "now()",
  instant: (time) => `CAST(${pgLiteral(time)} AS timestamptz)`,
  later: (instant) => `${instant} + interval '1 microsecond'`,
  differs,
  statements: {
    ...standardStatements,
    createTemporary: (name, columns) =>
      `CREATE TEMPORARY TABLE ${name} (${columns.join(", ")}) ON COMMIT DROP`,
    temporary: (name) => `pg_temp.${name}`,
    insert,
    insertMissing: (meeting) =>
      `${insert(meeting)} WHERE NOT EXISTS (SELECT 1 FROM ${meeting.target} AS o WHERE ${
        meeting.keys.map((key) => `o.${key} = s.${key}`).join(" AND ")
      })`,
    // Rows that are there as they come are not written again: a replay costs no writing.
    upsert: (meeting) => {
      const differs = meeting.differs("excluded");
      const values = assignments(meeting, (i) => `excluded.${meeting.columns[i]}`);
      return onConflict(meeting, differs === undefined ? "NOTHING" : `UPDATE SET ${values} WHERE ${differs}`);
    },
    insertNew: (meeting) => onConflict(meeting, "NOTHING"),
  },
};
