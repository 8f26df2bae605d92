/** Deciding column types from samples of text, so that every value of the sample keeps all that it says. */
import { type LogicalType, quoteIdent, quoteLiteral, type Session } from "../sdk/mod.ts";
import { pointed, type TextFormats } from "./text_cast.ts";

/** What a value looks like. `exp` is a number with an exponent; `big` and `decimal` fit no int64 and no double exactly. */
export type Kind =
  | "empty"
  | "int"
  | "big"
  | "float"
  | "exp"
  | "decimal"
  | "nan"
  | "bool"
  | "date"
  | "ts"
  | "tstz"
  | "time"
  | "text";

/** What a sample says of one column. */
export interface Shape {
  readonly kinds: ReadonlySet<Kind>;
  /** Most digits before the point. */
  readonly whole: number;
  /** Most digits after it. */
  readonly fraction: number;
  /** Fewest digits after it; 0 where a value is none of digits and a point. */
  readonly leastFraction: number;
}

/** Rows looked at where the recipe does not say. */
export const DEFAULT_SAMPLE_ROWS = 20_480;
/** Values looked at at most where the recipe does not say: wide files get fewer rows, at least `LEAST_ROWS`. */
const DEFAULT_SAMPLE_VALUES = 1_000_000;
const LEAST_ROWS = 100;
/** Columns looked at together. The engine needs memory for 2,048 rows of them, however few there are. */
const COLUMNS_AT_ONCE = 1000;

/** How many rows to look at; `undefined` for all of them (`sample_size: -1`). */
export function sampleRows(sampleSize: number | undefined, columns: number): number | undefined {
  if (sampleSize === -1) return undefined;
  if (sampleSize !== undefined) return sampleSize;
  const affordable = Math.floor(DEFAULT_SAMPLE_VALUES / Math.max(1, columns));
  return Math.max(LEAST_ROWS, Math.min(DEFAULT_SAMPLE_ROWS, affordable));
}

/**
 * Looks at the values of text columns: `select` gives VARCHAR columns only. A column without values has no shape.
 * Columns are told apart by place, because names may differ in nothing but case.
 */
export async function readShapes(
  session: Session,
  select: string,
  options: { columns: readonly string[]; formats?: TextFormats },
): Promise<(Shape | undefined)[]> {
  const { columns } = options;
  const shapes: (Shape | undefined)[] = [];
  for (let from = 0; from < columns.length; from += COLUMNS_AT_ONCE) {
    const some = columns.slice(from, from + COLUMNS_AT_ONCE);
    shapes.push(...await readSomeShapes(session, select, { ...options, columns: some }));
  }
  return shapes;
}

/** Kinds whose digits count. */
const COUNTED = "'int', 'big', 'float', 'decimal'";

async function readSomeShapes(
  session: Session,
  select: string,
  { columns, formats = {} }: { columns: readonly string[]; formats?: TextFormats },
): Promise<(Shape | undefined)[]> {
  const renamed = columns.map((name, index) => `${quoteIdent(name)} AS c${index}`).join(", ");
  const rows = await session.query<
    { c: string; kind: Kind; whole: number; fraction: number; least: number }
  >(
    `SELECT c, kind, max(whole)::INTEGER AS whole, max(fraction)::INTEGER AS fraction,
       min(fraction)::INTEGER AS least FROM (
       SELECT c, kind, CASE WHEN point = 0 THEN long ELSE point - 1 END AS whole,
         CASE WHEN point = 0 THEN 0 ELSE long - point END AS fraction
       FROM (SELECT c, kind, CASE WHEN kind IN (${COUNTED}) THEN strlen(ltrim(n, '-')) ELSE 0 END AS long,
           CASE WHEN kind IN (${COUNTED}) THEN instr(ltrim(n, '-'), '.') ELSE 0 END AS point
         FROM (SELECT c, ${kindSql("v", formats)} AS kind, ${number("v", formats)} AS n
           FROM (UNPIVOT (SELECT ${renamed} FROM (${select})) ON COLUMNS(*) INTO NAME c VALUE v)))
     ) GROUP BY ALL`,
  );
  const shapes = new Map<
    number,
    { kinds: Set<Kind>; whole: number; fraction: number; leastFraction: number }
  >();
  for (const row of rows) {
    const index = Number(row.c.slice(1));
    const shape = shapes.get(index) ??
      { kinds: new Set<Kind>(), whole: 0, fraction: 0, leastFraction: Infinity };
    shape.kinds.add(row.kind);
    shape.whole = Math.max(shape.whole, row.whole);
    shape.fraction = Math.max(shape.fraction, row.fraction);
    if (row.kind !== "empty") shape.leastFraction = Math.min(shape.leastFraction, row.least);
    shapes.set(index, shape);
  }
  return columns.map((_, index) => shapes.get(index));
}

const STRING: LogicalType = { kind: "string" };
const NUMBERS: ReadonlySet<Kind> = new Set(["int", "big", "float", "exp", "decimal", "nan"]);

/** The narrowest type that keeps all values of a shape exactly; `string` where there is none. */
export function decideType(shape: Shape | undefined): LogicalType {
  const kinds = new Set(shape?.kinds);
  kinds.delete("empty");
  if (shape === undefined || kinds.size === 0 || kinds.has("text")) return STRING;
  const only = (...allowed: Kind[]) => [...kinds].every((kind) => allowed.includes(kind));
  if (only("bool")) return { kind: "boolean" };
  if (only("date")) return { kind: "date" };
  if (only("date", "ts")) return { kind: "datetime", tz: false };
  if (only("tstz")) return { kind: "datetime", tz: true };
  if (only("time")) return { kind: "time" };
  if (![...kinds].every((kind) => NUMBERS.has(kind))) return STRING;
  return decideNumber(shape, kinds);
}

/** Whether a sample has no value of a column, or empty texts alone. */
export function hasNoValues(shape: Shape | undefined): boolean {
  return shape === undefined || [...shape.kinds].every((kind) => kind === "empty");
}

/** Whether all values of a shape are values of a type, exactly: what is no value of it is text, or needs another one. */
export function shapeFits(shape: Shape | undefined, type: LogicalType): boolean {
  if (hasNoValues(shape)) return true;
  const kinds = new Set(shape!.kinds);
  kinds.delete("empty");
  const only = (...allowed: Kind[]) => [...kinds].every((kind) => allowed.includes(kind));
  switch (type.kind) {
    case "string":
      return true;
    case "integer":
      // A whole number of one digit less than the largest has is in range.
      return only("int") && shape!.whole < INTEGER_DIGITS[type.bits];
    case "float":
      return type.bits === 64 && only("int", "float", "exp", "nan") &&
        (!kinds.has("int") || shape!.whole <= 15);
    case "decimal":
      return only("int", "big", "float", "decimal") && shape!.fraction <= type.scale &&
        shape!.whole <= type.precision - type.scale;
    case "boolean":
      return only("bool");
    case "date":
      return only("date");
    case "datetime":
      return type.tz ? only("tstz") : only("date", "ts");
    case "time":
      return only("time");
    default:
      return false;
  }
}

/** Digits of the largest value. */
const INTEGER_DIGITS: Readonly<Record<8 | 16 | 32 | 64, number>> = { 8: 3, 16: 5, 32: 10, 64: 20 };

function decideNumber(shape: Shape, kinds: ReadonlySet<Kind>): LogicalType {
  if (kinds.size === 1 && kinds.has("int")) return { kind: "integer", bits: 64 };
  if (kinds.size === 1 && kinds.has("nan")) return STRING;
  const exact = kinds.has("big") || kinds.has("decimal") ||
    ((kinds.has("float") || kinds.has("exp") || kinds.has("nan")) && kinds.has("int") && shape.whole > 15);
  if (!exact) return { kind: "float", bits: 64 };
  if (kinds.has("exp") || kinds.has("nan") || shape.whole + shape.fraction > 38) return STRING;
  return { kind: "decimal", precision: 38, scale: shape.fraction };
}

function number(value: string, formats: TextFormats): string {
  const separator = formats.decimalSeparator;
  return separator === undefined || separator === "." ? value : pointed(value);
}

/** SQL that names the kind of a text. Numbers that start with 0, + or a blank are text: those say something. */
function kindSql(value: string, formats: TextFormats): string {
  const n = number(value, formats);
  const match = (x: string, pattern: string) => `regexp_full_match(${x}, ${quoteLiteral(pattern)})`;
  const parsed = (format: string) => `TRY(strptime(${value}, ${quoteLiteral(format)})) IS NOT NULL`;
  const cases: [string, string][] = [
    [`${value} = ''`, "'empty'"],
    ...(formats.dateFormat === undefined ? [] : [[parsed(formats.dateFormat), "'date'"] as [string, string]]),
    ...(formats.timestampFormat === undefined ? [] : [[
      parsed(formats.timestampFormat),
      formats.timestampFormat.includes("%z") || formats.timestampFormat.includes("%Z") ? "'tstz'" : "'ts'",
    ] as [string, string]]),
    // Behind the digits in the order of texts: most texts are told by that and meet no pattern.
    [
      `${value} >= ':'`,
      `CASE WHEN lower(${value}) IN ('true', 'false') THEN 'bool' ` +
      `WHEN lower(${value}) IN ('nan', 'inf', 'infinity') THEN 'nan' ELSE 'text' END`,
    ],
    [
      match(value, "0|-?[1-9]\\d*"),
      `CASE WHEN TRY_CAST(${value} AS BIGINT) IS NOT NULL THEN 'int' WHEN strlen(ltrim(${value}, '-')) <= 38 ` +
      `THEN 'big' ELSE 'text' END`,
    ],
    [
      match(n, "-?(0|[1-9]\\d*)?\\.\\d+"),
      `CASE WHEN strlen(${n}) <= 16 OR CAST(TRY_CAST(${n} AS DOUBLE) AS VARCHAR) = ${n} THEN 'float' ` +
      `WHEN strlen(${n}) <= 39 THEN 'decimal' ELSE 'text' END`,
    ],
    [
      match(n, "-?(0|[1-9]\\d*)?(\\.\\d+)?[eE][+-]?\\d{1,3}"),
      // 1e400 would be infinite as a double, and 1e-400 zero.
      `CASE WHEN isfinite(TRY_CAST(${n} AS DOUBLE)) AND ` +
      `(TRY_CAST(${n} AS DOUBLE) <> 0 OR NOT regexp_matches(${n}, '^[^eE]*[1-9]')) AND (strlen(${n}) <= 16 OR ` +
      `CAST(TRY_CAST(${n} AS DOUBLE) AS VARCHAR) = lower(${n})) THEN 'exp' ELSE 'text' END`,
    ],
    [`lower(${value}) IN ('-inf', '-infinity')`, "'nan'"],
    ...(formats.dateFormat === undefined
      ? [[
        `${match(value, "\\d{4}-\\d\\d-\\d\\d")} AND TRY_CAST(${value} AS DATE) IS NOT NULL`,
        "'date'",
      ] as [string, string]]
      : []),
    ...(formats.timestampFormat === undefined
      ? [[
        `${match(value, "\\d{4}-\\d\\d-\\d\\d[ Tt]\\d\\d:\\d\\d(:\\d\\d(\\.\\d{1,6})?)?")} ` +
        `AND TRY_CAST(${value} AS TIMESTAMP) IS NOT NULL`,
        "'ts'",
      ], [
        `${
          match(
            value,
            "\\d{4}-\\d\\d-\\d\\d[ Tt]\\d\\d:\\d\\d(:\\d\\d(\\.\\d{1,6})?)?([Zz]|[+-]\\d\\d(:?\\d\\d)?)",
          )
        } ` +
        `AND TRY_CAST(${value} AS TIMESTAMPTZ) IS NOT NULL`,
        "'tstz'",
      ]] as [string, string][]
      : []),
    [
      `${match(value, "\\d\\d:\\d\\d:\\d\\d(\\.\\d{1,6})?")} AND TRY_CAST(${value} AS TIME) IS NOT NULL`,
      "'time'",
    ],
  ];
  return `CASE ${cases.map(([when, then]) => `WHEN ${when} THEN ${then}`).join(" ")} ELSE 'text' END`;
}
