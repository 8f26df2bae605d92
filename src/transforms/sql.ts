import { z } from "zod";
import { defineTransform, TransformError } from "../sdk/mod.ts";
import { checkSelect, type SqlPiece } from "./sql_text.ts";

const config = z.strictObject({
  query: z.string().min(1).describe(
    "One SELECT (DuckDB's SQL) over {input}, the rows of the step before. {input} may be used more than once and be given an alias",
  ),
});

const INPUT = /\{\s*input\s*\}/g;

/** Runs a query over the rows. */
export const sql = defineTransform<z.infer<typeof config>>({
  name: "sql",
  summary: "Run a SELECT over the rows",
  config,
  keepsRows: false,
  examples: [{
    title: "A year and a tier for each order",
    recipe: `name: tiers
source:
  type: csv
  path: orders.csv
transform:
  steps:
    - type: sql
      query: |
        SELECT *,
          extract(year FROM ordered) AS year,
          CASE WHEN amount > 1000 THEN 'high' ELSE 'normal' END AS tier
        FROM {input}
destination:
  type: jsonl
  path: tiers.jsonl
`,
  }],
  describe: ({ query }) => query.trim().replace(/\s+/g, " "),
  sql: (input, { query }) => {
    const { text, uses } = withInput(checkSelect(query, "query"));
    if (uses === 0) {
      throw new TransformError("INVALID_SQL", "`query` does not use {input}, so the rows would be lost", {
        hint: "read the rows: SELECT … FROM {input}",
      });
    }
    // A name, not a subquery, so that the query can give it an alias. Used once it is inlined; used more often the
    // engine computes it once.
    const once = uses === 1 ? "NOT MATERIALIZED " : "";
    return `WITH "input" AS ${once}(SELECT * FROM ${input.relation}) SELECT * FROM (${text}\n)`;
  },
});

/** Puts the name in for {input}: in code only, so that texts and struct literals stay as they are. */
function withInput(pieces: readonly SqlPiece[]): { text: string; uses: number } {
  let uses = 0;
  const text = pieces.map((piece) =>
    piece.kind !== "code" ? piece.text : piece.text.replace(INPUT, () => {
      uses++;
      return '"input"';
    })
  ).join("");
  return { text, uses };
}
