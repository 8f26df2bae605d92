/** `validation`: what rows must fulfil. */
import { z } from "zod";
import { asPath } from "../../sdk/mod.ts";
import { asText } from "./common.ts";

const RULE_TYPES = [
  "string",
  "integer",
  "float",
  "number",
  "decimal",
  "boolean",
  "date",
  "datetime",
  "time",
  "enum",
  "email",
  "url",
  "uuid",
  "ip",
  "phone",
  "json",
] as const;

const onError = () => z.enum(["fail", "skip", "warn", "quarantine"]);
const bound = () => asText(z.union([z.string().min(1), z.number()]));
const share = () => z.number().min(0).max(1);
const maxBadRows = () => z.int().nonnegative();

const references = () =>
  z.strictObject({
    table: z.string().min(1).optional().describe("A table at the destination"),
    query: z.string().min(1).optional().describe("A query that the destination runs; it gives the values"),
    file: asPath(z.string().min(1)).optional().describe("A CSV, JSON, JSON lines or Parquet file"),
    resource: z.string().min(1).optional().describe("Another resource of this recipe: its table"),
    column: z.string().min(1).optional().describe(
      "The column that holds the values; default: the rule's own",
    ),
  }).superRefine((value, context) => {
    const ways = (["table", "query", "file", "resource"] as const).filter((key) => value[key] !== undefined);
    if (ways.length === 1) return;
    context.addIssue({
      code: "custom",
      message: ways.length === 0
        ? "needs one of table, query, file and resource"
        : `has both ${ways.join(" and ")}`,
      params: { hint: "say in one way where the values are, such as {table: customers, column: id}" },
      path: ways.length === 0 ? [] : [ways[1]!],
    });
  });

/** Keys that say what is checked; the others say of what, when, and what follows. */
export const CHECK_KEYS = [
  "required",
  "type",
  "min",
  "max",
  "length",
  "min_length",
  "max_length",
  "pattern",
  "values",
  "references",
  "expression",
  "function",
  "unique",
] as const;

const rule = () =>
  z.strictObject({
    name: z.string().min(1).optional().describe("What reports call the rule; default: its column"),
    column: z.string().min(1).optional().describe("The column it is about"),
    columns: z.array(z.string().min(1)).min(1).optional().describe(
      "unique: columns whose values together may occur once",
    ),
    type: z.enum(RULE_TYPES).optional().describe(
      'What values must be. Texts count as what they say: "12" is an integer',
    ),
    format: z.string().min(1).optional().describe(
      "type date, datetime and time: how texts write them, as in strptime: %d.%m.%Y",
    ),
    required: z.boolean().optional().describe("Whether NULL breaks the rule. All other checks let NULL pass"),
    unique: z.boolean().optional().describe("Whether no value may occur twice: the first row is kept"),
    min: bound().optional().describe("The least value: a number, date or time; `today`, `now` for dates"),
    max: bound().optional().describe("The greatest value: a number, date or time; `today`, `now` for dates"),
    length: z.int().nonnegative().optional().describe("The number of characters, or of items of a list"),
    min_length: z.int().nonnegative().optional().describe("The least number of characters or items"),
    max_length: z.int().nonnegative().optional().describe("The greatest number of characters or items"),
    pattern: z.string().min(1).optional().describe(
      "A regular expression (RE2) that occurs in the value; ^ and $ bind it to the whole",
    ),
    values: z.array(asText(z.union([z.string(), z.number(), z.boolean(), z.null()]))).min(1).optional()
      .describe("The values there may be"),
    references: references().optional().describe("Where each value must be found"),
    expression: z.string().min(1).optional().describe(
      "SQL over the row that must not be false; NULL passes, as in a CHECK of SQL",
    ),
    function: z.strictObject({
      module: asPath(z.string().min(1)).describe("TypeScript or JavaScript module, relative to the recipe"),
      export: z.string().min(1).default("default").describe("Name of the exported function"),
      params: z.record(z.string(), z.json()).default({}).describe(
        "Passed to the function as `context.params`",
      ),
    }).optional().describe(
      "A function that gets rows and gives, for each, true or null where it is good, else false or what is wrong",
    ),
    when: z.string().min(1).optional().describe("SQL over the row: the rule holds only where this is true"),
    optional: z.boolean().optional().describe(
      "Whether the column may be missing: it is then NULL in all rows",
    ),
    message: z.string().min(1).optional().describe("What to say of rows that break the rule"),
    severity: z.enum(["error", "warning", "info"]).optional().describe(
      "For reports. `warning` and `info` keep the rows, unless on_error says otherwise",
    ),
    on_error: onError().optional().describe("What becomes of rows that break this rule"),
    max_bad_rows: maxBadRows().optional().describe(
      "More rows than so many that break this rule stop the run",
    ),
    max_bad_fraction: share().optional().describe(
      "A greater share of rows (0 to 1) that break this rule stops the run",
    ),
  }).superRefine((value, context) => {
    const wrong = (message: string, hint: string, path: string[] = []) =>
      context.addIssue({ code: "custom", message, params: { hint }, path });
    const checks = CHECK_KEYS.filter((key) => value[key] !== undefined && value[key] !== false);
    if (checks.length === 0) {
      wrong(
        "checks nothing",
        "add a check such as required: true, type: email, min: 0 or expression: a <= b",
      );
      return;
    }
    const ofRow: readonly string[] = ["expression", "function"];
    const needsColumn = checks.find((key) => !ofRow.includes(key));
    if (value.column === undefined && value.columns === undefined && needsColumn !== undefined) {
      wrong("needs a column", "add column: name");
    }
    if (value.column !== undefined && value.columns !== undefined) {
      wrong("has both column and columns", "keep one of them", ["columns"]);
    }
    if (value.columns !== undefined && checks.some((key) => key !== "unique")) {
      wrong("is about several columns, which only unique can be", "write a rule of its own for each column");
    }
    if (value.type === "enum" && value.values === undefined) {
      wrong("needs values", "list them: values: [active, inactive]", ["type"]);
    }
    if (value.format !== undefined && !["date", "datetime", "time"].includes(value.type ?? "")) {
      wrong("is for type date, datetime and time", "add type: date", ["format"]);
    }
    if (
      value.min_length !== undefined && value.max_length !== undefined && value.min_length > value.max_length
    ) {
      wrong("is greater than max_length", "exchange them", ["min_length"]);
    }
  });

const limits = {
  min: bound().optional().describe("The least"),
  max: bound().optional().describe("The greatest"),
};

const tableRule = () =>
  z.strictObject({
    name: z.string().min(1).optional().describe("What reports call the rule"),
    row_count: z.strictObject(limits).optional().describe("How many rows a run may load"),
    freshness: z.strictObject({
      column: z.string().min(1).describe("The column with the time"),
      max_age: z.string().min(1).describe(
        "How long ago the newest may be when the run begins: 2 days, 3 hours",
      ),
    }).optional().describe("How new the newest row must be"),
    sum: z.strictObject({ column: z.string().min(1).describe("The column"), ...limits }).optional().describe(
      "Bounds of a column's sum",
    ),
    avg: z.strictObject({ column: z.string().min(1).describe("The column"), ...limits }).optional().describe(
      "Bounds of a column's average",
    ),
    completeness: z.strictObject({
      column: z.string().min(1).describe("The column"),
      min: share().describe("The least share of rows (0 to 1) in which it is not NULL"),
    }).optional().describe("How many rows must have a value"),
    message: z.string().min(1).optional().describe("What to say where it does not hold"),
    severity: z.enum(["error", "warning", "info"]).optional().describe(
      "For reports. `warning` and `info` do not fail the run, unless on_error says otherwise",
    ),
    on_error: z.enum(["fail", "warn"]).optional().describe("Whether the run fails; default fail"),
  }).superRefine((value, context) => {
    const given = TABLE_CHECKS.filter((key) => value[key] !== undefined);
    const hint = "write one rule for each check";
    if (given.length !== 1) {
      context.addIssue({
        code: "custom",
        message: given.length === 0 ? "checks nothing" : `has both ${given.join(" and ")}`,
        params: { hint: given.length === 0 ? "add one such as row_count: {min: 1}" : hint },
      });
    }
    for (const key of ["row_count", "sum", "avg"] as const) {
      const check = value[key];
      if (check === undefined || check.min !== undefined || check.max !== undefined) continue;
      context.addIssue({
        code: "custom",
        message: "needs min or max",
        params: { hint: "add min: 1" },
        path: [key],
      });
    }
  });

/** The checks that a table rule can be. */
export const TABLE_CHECKS = ["row_count", "freshness", "sum", "avg", "completeness"] as const;

export const validationBlock = () =>
  z.strictObject({
    enabled: z.boolean().optional().describe("Whether rows are checked; default true"),
    rules: z.array(rule()).min(1).optional().describe("What each row must fulfil"),
    table: z.array(tableRule()).min(1).optional().describe("What the rows of a run must fulfil together"),
    on_error: onError().default("fail").describe(
      "What becomes of rows that break a rule. fail: the run stops before they are loaded; skip: they are left out; " +
        "warn: they are loaded and counted; quarantine: they are kept elsewhere",
    ),
    quarantine_table: z.string().min(1).optional().describe(
      "Table at the destination that quarantined rows go to, in the transaction that loads the others",
    ),
    quarantine: asPath(z.string().min(1)).optional().describe(
      "File (JSON lines) that quarantined rows go to; a path that ends with / is a folder with a file for each batch",
    ),
    max_bad_rows: maxBadRows().optional().describe("More rejected rows than so many in a run stop it"),
    max_bad_fraction: share().optional().describe(
      "A greater share of rejected rows (0 to 1) stops the run; looked at after each batch, over the run so far",
    ),
  }).superRefine((value, context) => {
    const wrong = (message: string, hint: string, path: (string | number)[]) =>
      context.addIssue({ code: "custom", message, params: { hint }, path });
    if (value.quarantine_table !== undefined && value.quarantine !== undefined) {
      wrong("has both quarantine_table and quarantine", "keep one of them", ["quarantine"]);
    }
    const asks = value.on_error === "quarantine"
      ? ["on_error"]
      : value.rules?.flatMap((each, i) => each.on_error === "quarantine" ? ["rules", i, "on_error"] : [])
        .slice(0, 3) ?? [];
    if (asks.length > 0 && value.quarantine_table === undefined && value.quarantine === undefined) {
      wrong(
        "needs a place for the rows",
        "add quarantine_table: name, or quarantine: path of a file",
        asks as (string | number)[],
      );
    }
    const seen = new Set<string>();
    value.rules?.forEach(({ name }, i) => {
      if (name !== undefined && seen.has(name)) {
        wrong(`names two rules "${name}"`, "give one of them another name", ["rules", i, "name"]);
      }
      if (name !== undefined) seen.add(name);
    });
  });

export type ValidationBlock = z.infer<ReturnType<typeof validationBlock>>;
export type RuleBlock = NonNullable<ValidationBlock["rules"]>[number];
export type TableRuleBlock = NonNullable<ValidationBlock["table"]>[number];
