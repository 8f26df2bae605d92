import { z } from "zod";
import { defineTransform, type StepInput, TransformError } from "../sdk/mod.ts";
import { ColumnIndex, columnList, visibleNames } from "./columns.ts";
import { columnNames } from "./step_config.ts";

const config = z.strictObject({
  columns: columnNames.describe("Names of the columns to leave out"),
  ignore_missing: z.boolean().default(false).describe(
    "Leave out names that are not there. Default: an error",
  ),
});

type Config = z.infer<typeof config>;

/** Leaves columns out. */
export const dropColumns = defineTransform<Config>({
  name: "drop_columns",
  summary: "Leave columns out",
  config,
  keepsRows: true,
  examples: [{
    title: "Without personal data",
    recipe: `name: customers
source:
  type: csv
  path: customers.csv
transform:
  steps:
    - type: drop_columns
      columns: [email, phone]
destination:
  type: parquet
  path: customers.parquet
`,
  }],
  origin: (column) => column,
  describe: ({ columns }) => columns.join(", "),
  sql: (input, config) => {
    const dropped = resolve(input, config);
    return dropped.length === 0
      ? `SELECT * FROM ${input.relation}`
      : `SELECT * EXCLUDE (${columnList(dropped)}) FROM ${input.relation}`;
  },
});

function resolve(input: StepInput, config: Config): string[] {
  const index = new ColumnIndex(input.schema);
  const names = config.columns
    .map((name) => config.ignore_missing ? index.find(name) : index.get(name))
    .filter((field) => field !== undefined)
    .map((field) => field.name);
  const dropped = new Set(names);
  if (visibleNames(input.schema).every((name) => dropped.has(name))) {
    throw new TransformError("NO_COLUMNS", "the step drops every column", {
      hint: "keep at least one; select_columns says which to keep",
    });
  }
  return [...dropped];
}
