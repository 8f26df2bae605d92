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
    return beforeQuery(`"input" AS ${once}(SELECT * FROM ${input.relation})`, text);
  },
});

/** Puts a common table expression before a query, which may have some of its own. */
function beforeQuery(expression: string, query: string): string {
  const own = /^with\s+(recursive\s)?/i.exec(query);
  if (own !== null) {
    return `WITH ${own[1] === undefined ? "" : "RECURSIVE "}${expression}, ${query.slice(own[0].length)}`;
  }
  // Only a plain query may stand behind WITH as it is. Not all are put into brackets: in a subquery the engine would
  // give columns of the same name new names instead of an error.
  const plain = /^(select|from|values|table)\b/i.test(query);
  return `WITH ${expression} ${plain ? query : `SELECT * FROM (${query})`}`;
}

/** Puts the name in for {input}: in code only, so that texts and struct literals stay as they are. Drops comments. */
function withInput(pieces: readonly SqlPiece[]): { text: string; uses: number } {
  let uses = 0;
  const name = () => {
    uses++;
    return '"input"';
  };
  const text = pieces.map(({ kind, text }) =>
    kind === "code" ? text.replace(INPUT, name) : kind === "comment" ? " " : text
  ).join("");
  return { text: text.trim(), uses };
}
