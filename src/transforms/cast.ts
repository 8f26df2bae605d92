import { z } from "zod";
import {
  defineTransform,
  type Field,
  formatType,
  type LogicalType,
  quoteIdent,
  quoteLiteral,
  type StepInput,
  TransformError,
} from "../sdk/mod.ts";
import { conversion } from "./cast_conversion.ts";
import { castHint, reasonSql } from "./cast_reason.ts";
import { type CastOptions, type Conversion, isRefusal } from "./cast_rules.ts";
import { isTime } from "./cast_text.ts";
import { ColumnIndex, fold, ROW_COLUMN, showName } from "./columns.ts";
import { readType, typeName } from "./step_config.ts";

/** How much of a bad value an error shows, in characters. */
const SHOWN = 200;

const onError = z.union([z.enum(["error", "null"]), z.null()]);

const columnCast = z.strictObject({
  type: typeName.describe("The type, such as int, decimal(10,2), datetime(tz) or array<string>"),
  format: z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]).optional().describe(
    "strptime format, or a list to try in order, to read texts as dates and times; or to write them as text",
  ),
  on_error: onError.optional().describe(
    "For this column: `error` stops the run, `null` makes the value NULL",
  ),
  lossy: z.boolean().optional().describe("For this column: allow rounding and cutting"),
});

const config = z.strictObject({
  columns: z.record(z.string().min(1), z.union([typeName, columnCast])).refine(
    (columns) => Object.keys(columns).length > 0,
    "name at least one column",
  ).describe("A type per column, or {type, format, on_error, lossy}"),
  on_error: onError.default("error").describe(
    "What a value that does not fit does: `error` stops the run and names row and value, `null` makes it NULL",
  ),
  lossy: z.boolean().default(false).describe(
    "Allow what a cast would lose: fractions (rounded), digits, the time of day of a date. Default: an error",
  ),
});

type Config = z.infer<typeof config>;

/** One column of the step, looked up and decided. */
interface ColumnCast {
  readonly field: Field;
  readonly to: LogicalType;
  readonly options: CastOptions;
  readonly nullOnError: boolean;
  readonly conversion: Conversion;
}

/** Changes the types of columns; loses nothing unless told to. */
export const cast = defineTransform<Config>({
  name: "cast",
  summary: "Change the types of columns, exactly",
  config,
  keepsRows: true,
  examples: [{
    title: "Types for a CSV file of orders",
    recipe: `name: typed_orders
source:
  type: csv
  path: orders.csv
transform:
  steps:
    - type: cast
      columns:
        id: int
        amount: decimal(10,2)
        ordered: {type: date, format: "%d/%m/%Y"}
        discount: {type: float, on_error: null}
destination:
  type: jsonl
  path: orders.jsonl
`,
  }],
  origin: (column, { columns }) =>
    Object.keys(columns).some((name) => fold(name) === fold(column)) ? undefined : column,
  describe: ({ columns }) =>
    Object.entries(columns).map(([name, spec]) => `${name} to ${typeof spec === "string" ? spec : spec.type}`)
      .join(", "),
  // Every column by name: the engine takes quadratic time for * REPLACE of a thousand columns.
  sql: (input, config) => {
    const casts = new Map(resolve(input, config).map((column) => [column.field.name, column]));
    const columns = input.schema.fields.map(({ name }) => {
      const x = quoteIdent(name);
      const cast = casts.get(name);
      return cast === undefined
        ? x
        : `${cast.nullOnError ? cast.conversion.tolerant(x) : cast.conversion.strict(x)} AS ${x}`;
    });
    return `SELECT ${columns.join(", ")} FROM ${input.relation}`;
  },
  diagnose: (input, config) => {
    const columns = resolve(input, config).filter((column) => !column.nullOnError);
    return columns.length === 0 ? undefined : firstUnfit(input, columns);
  },
});

function resolve(input: StepInput, config: Config): ColumnCast[] {
  const index = new ColumnIndex(input.schema);
  const seen = new Set<string>();
  return Object.entries(config.columns).map(([name, spec]) => {
    const field = index.get(name);
    if (seen.has(field.name)) {
      throw new TransformError("DUPLICATE_COLUMN", `column ${showName(field.name)} is cast twice`, {
        hint: "names differ in case only: keep one of them",
        context: { column: field.name },
      });
    }
    seen.add(field.name);
    return resolveColumn(field, typeof spec === "string" ? { type: spec } : spec, config);
  });
}

function resolveColumn(field: Field, spec: z.infer<typeof columnCast>, config: Config): ColumnCast {
  const to = readType(spec.type);
  const lossy = spec.lossy ?? config.lossy;
  const formats = typeof spec.format === "string" ? [spec.format] : spec.format;
  const options: CastOptions = { lossy, formats };
  checkFormats(field, to, options);
  const found = conversion(field.type, to, options);
  if (isRefusal(found)) {
    throw new TransformError("CAST_UNSUPPORTED", `column ${showName(field.name)}: ${found.refused}`, {
      hint: found.hint,
      context: { column: field.name, from: formatType(field.type), to: formatType(to) },
    });
  }
  const onError = spec.on_error === undefined ? config.on_error : spec.on_error;
  return { field, to, options, nullOnError: onError !== "error", conversion: found };
}

function checkFormats(field: Field, to: LogicalType, options: CastOptions): void {
  if (options.formats === undefined) return;
  const column = showName(field.name);
  const context = { column: field.name };
  if (to.kind === "string" ? !isTime(field.type) : !isTime(to)) {
    throw new TransformError(
      "INVALID_CONFIG",
      `column ${column}: \`format\` has no meaning for ${formatType(field.type)} to ${formatType(to)}`,
      { hint: "remove `format`; it is for dates, times and datetimes", context },
    );
  }
  if (to.kind === "string" && options.formats.length > 1) {
    throw new TransformError("INVALID_CONFIG", `column ${column}: one \`format\` only to write text`, {
      context,
    });
  }
  if (!options.lossy && options.formats.some((format) => format.includes("%n"))) {
    throw new TransformError(
      "INVALID_CONFIG",
      `column ${column}: \`%n\` has nanoseconds, ${to.kind} has microseconds`,
      {
        hint: "use `%f`, or set `lossy: true` to cut them",
        context,
      },
    );
  }
}

/** The first row with a value that does not fit, in the order of the rows; of its columns the first. */
function firstUnfit(input: StepInput, columns: readonly ColumnCast[]): string {
  const numbered = new ColumnIndex(input.schema).find(ROW_COLUMN) !== undefined;
  const row = quoteIdent(ROW_COLUMN);
  const failed = quoteIdent("__dataloader_failed");
  const name = (column: ColumnCast) => quoteIdent(column.field.name);
  const text = (column: ColumnCast) => valueAsText(column.field);
  const tests = columns.map((column, i) => `WHEN ${column.conversion.unfit(name(column))} THEN ${i}`);
  const pick = (value: (column: ColumnCast) => string) =>
    `CASE ${failed} ${columns.map((column, i) => `WHEN ${i} THEN ${value(column)}`).join(" ")} END`;
  return `SELECT ${row} AS "row", ${pick((c) => quoteLiteral(c.field.name))} AS "column", ` +
    `left(${pick(text)}, ${SHOWN}) AS "value", ${
      pick((c) => reasonSql(text(c), c.to, c.options))
    } AS "reason", ` +
    `${pick((c) => quoteLiteral(castHint(c.to, c.options)))} AS "hint", 'CAST_FAILED' AS "code" FROM (` +
    `SELECT *, CASE ${tests.join(" ")} END AS ${failed} FROM (` +
    `SELECT ${numbered ? "" : "row_number() OVER () AS "}${row}, ` +
    `${columns.map(name).join(", ")} FROM ${input.relation})) WHERE ${failed} IS NOT NULL LIMIT 1`;
}

function valueAsText(field: Field): string {
  const found = conversion(field.type, { kind: "string" }, { lossy: false });
  return isRefusal(found) ? "NULL" : found.tolerant(quoteIdent(field.name));
}
