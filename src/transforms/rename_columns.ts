import { z } from "zod";
import { defineTransform, quoteIdent, type StepInput, TransformError } from "../sdk/mod.ts";
import { ColumnIndex, fold, showName } from "./columns.ts";

const config = z.strictObject({
  mapping: z.record(z.string().min(1), z.string().min(1)).refine(
    (mapping) => Object.keys(mapping).length > 0,
    "name at least one column",
  ).describe("Old name to new name. All at once, so two columns can swap their names"),
  ignore_missing: z.boolean().default(false).describe(
    "Leave out old names that are not there. Default: an error",
  ),
});

type Config = z.infer<typeof config>;

/** Gives columns other names; their order stays. */
export const renameColumns = defineTransform<Config>({
  name: "rename_columns",
  summary: "Give columns other names",
  config,
  keepsRows: true,
  examples: [{
    title: "Readable names",
    recipe: `name: customers
source:
  type: csv
  path: customers.csv
transform:
  steps:
    - type: rename_columns
      mapping:
        fname: first_name
        lname: last_name
destination:
  type: jsonl
  path: customers.jsonl
`,
  }],
  origin: (column, { mapping }) => {
    const renamed = Object.entries(mapping);
    const [from] = renamed.find(([, to]) => fold(to) === fold(column)) ?? [];
    // A column that was given away can't be there under its old name.
    return from ?? (renamed.some(([from]) => fold(from) === fold(column)) ? undefined : column);
  },
  describe: ({ mapping }) => Object.entries(mapping).map(([from, to]) => `${from} to ${to}`).join(", "),
  sql: (input, config) => {
    const renames = resolve(input, config);
    if (renames.size === 0) return `SELECT * FROM ${input.relation}`;
    const parts = [...renames].map(([from, to]) => `${quoteIdent(from)} AS ${quoteIdent(to)}`);
    return `SELECT * RENAME (${parts.join(", ")}) FROM ${input.relation}`;
  },
});

/** New names by the column's own spelling of the old. */
function resolve(input: StepInput, config: Config): Map<string, string> {
  const index = new ColumnIndex(input.schema);
  const renames = new Map<string, string>();
  for (const [from, to] of Object.entries(config.mapping)) {
    const field = config.ignore_missing ? index.find(from) : index.get(from);
    if (field === undefined) continue;
    if (renames.has(field.name)) {
      throw new TransformError("DUPLICATE_COLUMN", `column ${showName(field.name)} is renamed twice`, {
        hint: "names differ in case only: keep one of them",
        context: { column: field.name },
      });
    }
    renames.set(field.name, to);
  }
  checkUnique(input, renames);
  return renames;
}

function checkUnique(input: StepInput, renames: ReadonlyMap<string, string>): void {
  const taken = new Map<string, string>();
  for (const { name } of input.schema.fields) {
    const result = renames.get(name) ?? name;
    const other = taken.get(fold(result));
    if (other !== undefined) {
      const renamed = renames.has(name) ? name : other;
      const twice = renames.has(name) && renames.has(other);
      throw new TransformError(
        "COLUMN_EXISTS",
        twice
          ? `columns ${showName(other)} and ${showName(name)} would both be named ${showName(result)}`
          : `column ${showName(renamed)} can't be named ${
            showName(renames.get(renamed)!)
          }: there is one already`,
        {
          hint: "choose another name, or drop or rename the other column in the same step",
          context: { column: renamed },
        },
      );
    }
    taken.set(fold(result), name);
  }
}
