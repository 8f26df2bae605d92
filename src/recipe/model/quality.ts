/** `schema`, `normalization`, `schedule` and `alerts`. */
import { z } from "zod";
import { asPath } from "../../sdk/mod.ts";
import { asText, names, typeName } from "./common.ts";

const anyValue = () => z.union([z.string(), z.number(), z.boolean(), z.null()]);

/** What may be done about each change, with what it means. `src/schema/policy.ts` holds the same lists. */
const onNewColumn = () =>
  z.enum(["evolve", "freeze", "discard_column", "discard_row"]).describe(
    "A column that the destination does not have: add it (evolve), stop (freeze), leave it out (discard_column), " +
      "or leave out rows that have a value there (discard_row)",
  );
const onMissingColumn = () =>
  z.enum(["evolve", "freeze"]).describe(
    "A column that the rows don't have any more: go on, new rows have NULL there (evolve), or stop (freeze)",
  );
const onTypeChange = () =>
  z.enum(["evolve", "freeze", "discard_column", "discard_row", "variant"]).describe(
    "Values that the destination's type can't hold exactly: widen the type (evolve), stop (freeze), leave the column " +
      "out (discard_column), leave out such rows (discard_row), or put such values into a column beside it (variant)",
  );
const onNullabilityChange = () =>
  z.enum(["evolve", "freeze", "discard_row"]).describe(
    "NULL where the destination has none: let it (evolve), stop (freeze), or leave out such rows (discard_row)",
  );

export const schemaBlock = () =>
  z.strictObject({
    mode: z.enum(["strict", "lenient", "infer"]).default("infer")
      .describe(
        "strict: rows must fit the columns; lenient: convert what can be; infer: take the types found",
      ),
    columns: z.array(z.strictObject({
      name: z.string().min(1).describe("The column"),
      type: typeName().optional().describe("Its type; as it is found where there is none"),
      nullable: z.boolean().optional().describe("Whether it may be NULL: true unless it is a primary key"),
      primary_key: z.boolean().default(false).describe("Whether it is part of the primary key"),
      unique: z.boolean().default(false).describe("Whether no value may occur twice"),
      default: asText(anyValue()).optional().describe(
        "The value where the source has none: in a column that is missing, and for NULL where `nullable: false`",
      ),
      description: z.string().optional().describe("What it means; kept as a comment where there are such"),
      rename_from: z.string().min(1).optional().describe(
        "What the source calls it, or what it was called before",
      ),
      evolution: z.strictObject({
        on_new_column: onNewColumn().optional(),
        on_missing_column: onMissingColumn().optional(),
        on_type_change: onTypeChange().optional(),
        on_nullability_change: onNullabilityChange().optional(),
      }).optional().describe("What becomes of changes of this column alone"),
    })).optional().describe("Columns that are expected"),
    evolution: z.strictObject({
      allow_new_columns: z.boolean().optional().describe(
        "Add columns that are new at the source: `on_new_column: evolve`, else `freeze`. Default: true, but false " +
          "under `mode: strict`",
      ),
      allow_column_deletion: z.boolean().optional().describe(
        "Go on when a column is gone from the source: `on_missing_column: evolve`, else `freeze`. Default: false",
      ),
      allow_type_changes: z.boolean().optional().describe(
        "Change the type of a column when the source does: `on_type_change: evolve`, else `freeze`. Default: false",
      ),
      on_new_column: onNewColumn().optional(),
      on_missing_column: onMissingColumn().optional(),
      on_type_change: onTypeChange().optional(),
      on_nullability_change: onNullabilityChange().optional(),
    }).optional().describe("What may change between runs"),
    registry: z.strictObject({
      backend: z.enum(["local", "duckdb"]).default("local").describe(
        "local: a file a recipe, beside the state; duckdb: the table _dataloader_schemas of a DuckDB file",
      ),
      directory: asPath(z.string().min(1)).optional().describe(
        "local: the directory; `schemas` in the state's by default",
      ),
      database: asPath(z.string().min(1)).optional().describe("duckdb: the database file"),
    }).optional().describe("Where versions of the schema are kept"),
  }).superRefine((block, context) => {
    const names = new Map<string, number>();
    block.columns?.forEach(({ name, type, default: fill }, index) => {
      const first = names.get(name.toLowerCase());
      if (first !== undefined) {
        context.addIssue({
          code: "custom",
          message: `names the column "${name}" twice`,
          path: ["columns", index, "name"],
        });
      }
      names.set(name.toLowerCase(), index);
      if (fill !== undefined && fill !== null && type === undefined) {
        context.addIssue({
          code: "custom",
          message: "needs the type of the column beside it",
          path: ["columns", index, "default"],
        });
      }
    });
    const { evolution } = block;
    for (
      const [allow, on] of [
        ["allow_new_columns", "on_new_column"],
        ["allow_column_deletion", "on_missing_column"],
        ["allow_type_changes", "on_type_change"],
      ] as const
    ) {
      if (evolution?.[allow] === undefined || evolution[on] === undefined) continue;
      context.addIssue({
        code: "custom",
        message: `says with \`${allow}\` what \`${on}\` says too`,
        path: ["evolution", on],
        params: { hint: `keep one of them` },
      });
    }
    const { registry } = block;
    if (registry?.backend === "duckdb" && registry.database === undefined) {
      context.addIssue({
        code: "custom",
        message: "needs `database`, the file that versions are kept in",
        path: ["registry", "backend"],
      });
    }
  });

export const normalizationBlock = () =>
  z.strictObject({
    enabled: z.boolean().default(true).describe("Whether nested data is taken apart"),
    max_depth: z.int().positive().optional().describe("Levels to take apart; deeper ones stay JSON"),
    strategy: z.enum(["auto", "flatten", "explode", "json_column"]).default("auto")
      .describe("flatten: columns; explode: rows; json_column: leave as JSON; auto: by the data"),
    array_handling: z.array(z.strictObject({
      field: z.string().min(1).describe("The field that holds a list"),
      action: z.enum(["create_table", "explode", "json_column"]).describe("What becomes of its items"),
      table_name: z.string().min(1).optional().describe("create_table: the child table"),
      relationship: z.enum(["one_to_one", "one_to_many", "many_to_many"]).optional()
        .describe("create_table: how child rows relate to their parent"),
    })).optional().describe("What becomes of lists, by field"),
  });

/** `schedule` and `alerts`. */
export const scheduleBlock = () =>
  z.union([
    z.string().min(1),
    z.strictObject({
      cron: z.string().min(1).optional().describe("When to run, as in cron: `0 6 * * *`"),
      every: z.string().min(1).optional().describe("How often to run: `15 minutes`"),
      timezone: z.string().min(1).default("UTC").describe("Time zone of `cron`, such as Europe/Berlin"),
      enabled: z.boolean().default(true).describe("Whether the schedule is on"),
    }),
  ]);

export const alertsBlock = () =>
  z.array(z.strictObject({
    name: z.string().min(1).optional().describe("What the alert is called"),
    on: names("event").describe("Events: failure, success, schema_change, data_quality, late"),
    type: z.enum(["slack", "email", "webhook"]).describe("How to tell"),
    to: names("receiver").optional().describe("email: addresses; slack: channels"),
    url: z.string().min(1).meta({ "x-secret": true }).optional().describe("slack, webhook: where to post"),
    message: z.string().min(1).optional().describe("What to say"),
  }));
