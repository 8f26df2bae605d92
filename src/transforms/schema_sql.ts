import { engineType, quoteIdent, type Schema } from "../sdk/mod.ts";

/** A SELECT that gives the columns of a schema and no rows. */
export function emptySelect(schema: Schema): string {
  const columns = schema.fields.map((field) =>
    `CAST(NULL AS ${engineType(field.type)}) AS ${quoteIdent(field.name)}`
  );
  return `SELECT ${columns.join(", ")} WHERE false`;
}
