import { z } from "zod";
import { defineTransform, quoteIdent, TransformError } from "../sdk/mod.ts";
import { ColumnIndex, fold, showName } from "./columns.ts";
import { constantProblem, constantSql } from "./constant.ts";
import { checkExpression, codeOf, sqlPieces } from "./sql_text.ts";
import { readType, typeName } from "./step_config.ts";

const config = z.strictObject({
  name: z.string().min(1).describe("Name of the new column; it comes last"),
  value: z.union([z.string(), z.number(), z.boolean(), z.null()]).optional().describe(
    "The same value in every row: text, number, true, false or null",
  ),
  // Not `type`, which says what kind of step it is.
  value_type: typeName.optional().describe(
    "Type of `value`. Default: what it is written as (string, int64, float, boolean; null is a string)",
  ),
  expression: z.string().min(1).optional().describe("SQL over the columns of the row, instead of `value`"),
  replace: z.boolean().default(false).describe(
    "Overwrite a column of that name, which keeps its place. Default: an error",
  ),
}).superRefine((config, context) => {
  const issue = (key: string, message: string) => context.addIssue({ code: "custom", path: [key], message });
  if ((config.value === undefined) === (config.expression === undefined)) {
    issue("value", "give either `value` or `expression`");
  } else if (config.value === undefined) {
    if (config.value_type !== undefined) {
      issue("value_type", "`value_type` goes with `value`; cast in the expression: (…)::DATE");
    }
  } else {
    const problem = constantProblem(
      config.value,
      config.value_type === undefined ? undefined : readType(config.value_type),
    );
    if (problem !== undefined) issue("value", `the value ${problem}`);
  }
});

type Config = z.infer<typeof config>;

/** Adds a column: a constant, or computed from the row. */
export const addColumn = defineTransform<Config>({
  name: "add_column",
  summary: "Add a column: a constant, or computed from the row",
  config,
  keepsRows: true,
  examples: [{
    title: "Where the rows come from, and a total",
    recipe: `name: orders
source:
  type: csv
  path: orders.csv
transform:
  steps:
    - type: add_column
      name: loaded_by
      value: "{{ recipe.name }}"
    - type: add_column
      name: total
      expression: price * quantity
destination:
  type: jsonl
  path: orders.jsonl
`,
  }],
  origin: (column, { name }) => fold(name) === fold(column) ? undefined : column,
  expressions: ({ expression }) => expression === undefined ? [] : [expression],
  describe: ({ name, value, expression }) => `${name} = ${expression ?? JSON.stringify(value)}`,
  sql: (input, config) => {
    const value = valueSql(config);
    const existing = new ColumnIndex(input.schema).find(config.name);
    if (existing === undefined) {
      return `SELECT *, ${value} AS ${quoteIdent(config.name)} FROM ${input.relation}`;
    }
    if (!config.replace) throw columnExists(config.name);
    return `SELECT * REPLACE (${value} AS ${quoteIdent(existing.name)}) FROM ${input.relation}`;
  },
});

function valueSql({ value, value_type: type, expression }: Config): string {
  if (expression === undefined) {
    return constantSql(value ?? null, type === undefined ? undefined : readType(type));
  }
  checkExpression(expression, "expression");
  if (/\bunnest\s*\(/i.test(codeOf(sqlPieces(expression)))) {
    throw new TransformError("INVALID_SQL", "`expression` uses unnest(), which gives several rows for one", {
      hint: "use a sql step: SELECT *, unnest(…) FROM {input}",
    });
  }
  // On a line of its own: the expression may end in a comment.
  return `(${expression}\n)`;
}

function columnExists(name: string): TransformError {
  return new TransformError("COLUMN_EXISTS", `there is a column ${showName(name)} already`, {
    hint: "choose another name, or set `replace: true` to overwrite it",
    context: { column: name },
  });
}
