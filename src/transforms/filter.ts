import { z } from "zod";
import { defineTransform } from "../sdk/mod.ts";
import { checkExpression } from "./sql_text.ts";

const config = z.strictObject({
  where: z.string().min(1).describe(
    "SQL condition over the columns. Rows for which it is false or NULL are left out",
  ),
});

/** Keeps the rows for which a condition is true. */
export const filter = defineTransform<z.infer<typeof config>>({
  name: "filter",
  summary: "Keep the rows for which a condition is true",
  config,
  keepsRows: false,
  streams: true,
  examples: [{
    title: "Paid orders of this year",
    recipe: `name: paid_orders
source:
  type: csv
  path: orders.csv
transform:
  steps:
    - type: filter
      where: status = 'paid' AND ordered >= DATE '2024-01-01'
destination:
  type: jsonl
  path: paid_orders.jsonl
`,
  }],
  origin: (column) => column,
  expressions: ({ where }) => [where],
  describe: ({ where }) => where.trim().replace(/\s+/g, " "),
  // On a line of its own: the condition may end in a comment.
  sql: (input, { where }) => `SELECT * FROM ${input.relation} WHERE (${checkExpression(where, "where")}\n)`,
});
