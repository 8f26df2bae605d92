/** `schema`, `normalization`, `schedule` and `alerts`. */
import { z } from "zod";
import { names, typeName } from "./common.ts";

const anyValue = () => z.union([z.string(), z.number(), z.boolean(), z.null()]);

export const schemaBlock = () =>
  z.strictObject({
    mode: z.enum(["strict", "lenient", "infer"]).default("infer")
      .describe(
        "strict: rows must fit the columns; lenient: convert what can be; infer: take the types found",
      ),
    columns: z.array(z.strictObject({
      name: z.string().min(1).describe("The column"),
      type: typeName().optional().describe("Its type"),
      nullable: z.boolean().default(true).describe("Whether it may be NULL"),
      primary_key: z.boolean().default(false).describe("Whether it is part of the primary key"),
      unique: z.boolean().default(false).describe("Whether no value may occur twice"),
      default: anyValue().optional().describe("The value where the source has none"),
      description: z.string().optional().describe("What it means"),
      rename_from: z.string().min(1).optional().describe("What the source calls it"),
    })).optional().describe("Columns that are expected"),
    evolution: z.strictObject({
      allow_new_columns: z.boolean().default(true).describe("Add columns that are new at the source"),
      allow_column_deletion: z.boolean().default(false).describe(
        "Go on when a column is gone from the source",
      ),
      allow_type_changes: z.boolean().default(false).describe(
        "Change the type of a column when the source does",
      ),
    }).optional().describe("What may change between runs"),
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
