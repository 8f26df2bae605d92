import { z } from "zod";
import { defineTransform, type StepInput, TransformError } from "../sdk/mod.ts";
import { ColumnIndex, columnList, ROW_COLUMN, showName } from "./columns.ts";
import { columnNames } from "./step_config.ts";

const config = z.strictObject({
  columns: columnNames.describe("Names of the columns to keep, in the order they shall have"),
  ignore_missing: z.boolean().default(false).describe(
    "Leave out names that are not there. Default: an error",
  ),
});

type Config = z.infer<typeof config>;

/** Keeps the named columns, in the given order. */
export const selectColumns = defineTransform<Config>({
  name: "select_columns",
  summary: "Keep some columns, in the order given",
  config,
  keepsRows: true,
  examples: [{
    title: "Three columns of many",
    recipe: `name: contacts
source:
  type: csv
  path: customers.csv
transform:
  steps:
    - type: select_columns
      columns: [id, lname, fname]
destination:
  type: jsonl
  path: contacts.jsonl
`,
  }],
  origin: (column) => column,
  describe: ({ columns }) => columns.join(", "),
  sql: (input, config) => `SELECT ${columnList(resolve(input, config))} FROM ${input.relation}`,
});

function resolve(input: StepInput, config: Config): string[] {
  const index = new ColumnIndex(input.schema);
  const kept = new Set<string>();
  for (const name of config.columns) {
    const field = config.ignore_missing ? index.find(name) : index.get(name);
    if (field === undefined) continue;
    if (kept.has(field.name)) {
      throw new TransformError("DUPLICATE_COLUMN", `column ${showName(field.name)} is selected twice`, {
        hint: "names differ in case only: keep one of them",
        context: { column: field.name },
      });
    }
    kept.add(field.name);
  }
  if (kept.size === 0) {
    throw new TransformError("NO_COLUMNS", "none of the selected columns is there", {
      hint: "select at least one column that is there",
    });
  }
  if (index.find(ROW_COLUMN) !== undefined) kept.add(ROW_COLUMN);
  return [...kept];
}
