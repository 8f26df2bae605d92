/**
 * Types that hold for all rows, at little more than the cost of reading them once: what a sample says is held against every
 * value, and only columns that it was wrong about are looked at again.
 */
import { engineType, type LogicalType, quoteIdent, type Session } from "../sdk/mod.ts";
import { decideType, readShapes, type Shape } from "./infer.ts";
import { misfit, type TextFormats } from "./text_cast.ts";

export interface WholeColumns {
  /** A SELECT of all rows, VARCHAR columns only. */
  readonly select: string;
  readonly columns: readonly string[];
  /** What the sample says, in the order of `columns`. */
  readonly shapes: readonly (Shape | undefined)[];
  readonly formats: TextFormats;
}

/** Digits that a double keeps, with the point. */
const DOUBLE_TEXT = 16;

/** The types of columns of text after every row was looked at, in the order of `columns`. */
export async function wholeColumnTypes(session: Session, whole: WholeColumns): Promise<LogicalType[]> {
  const types = whole.shapes.map(decideType);
  const checked = types.flatMap((type, i) => type.kind === "string" ? [] : [i]);
  const wrong = new Set(whole.shapes.flatMap((shape, i) => shape === undefined ? [i] : []));
  const decimals = new Map<number, LogicalType>();
  if (checked.length > 0) {
    const [row] = await session.query<Record<string, bigint | number | null>>(
      `SELECT ${checked.flatMap((i) => tests(i, types[i]!, whole)).join(", ")} FROM (${whole.select})`,
    );
    for (const i of checked) {
      if (Number(row![`wrong${i}`]) > 0) wrong.add(i);
      else if (types[i]!.kind === "float") {
        const decimal = fixedPoint(row!, i);
        if (decimal !== undefined) decimals.set(i, decimal);
      }
    }
  }
  for (const [i, decimal] of decimals) types[i] = decimal;
  if (wrong.size === 0) return types;
  const again = [...wrong].sort((a, b) => a - b);
  const shapes = await readShapes(session, whole.select, {
    columns: again.map((i) => whole.columns[i]!),
    formats: whole.formats,
  });
  again.forEach((i, at) => types[i] = decideType(shapes[at]));
  return types;
}

/** What is counted of a column in the one scan. */
function tests(i: number, type: LogicalType, { columns, formats }: WholeColumns): string[] {
  const x = quoteIdent(columns[i]!);
  const unfit = misfit(x, { type, inferred: true, formats });
  if (type.kind === "date" && formats.dateFormat === undefined) {
    return [
      `count(*) FILTER (WHERE CASE WHEN strlen(${x}) IN (0, 10) THEN ${unfit} ELSE ${x} IS NOT NULL END) AS wrong${i}`,
    ];
  }
  if (type.kind !== "float") return [`count(*) FILTER (WHERE ${unfit}) AS wrong${i}`];
  const n = formats.decimalSeparator === undefined || formats.decimalSeparator === "."
    ? x
    : `replace(${x}, '${formats.decimalSeparator.replaceAll("'", "''")}', '.')`;
  // A whole number of 17 digits is as a double another one.
  const zero =
    `CASE WHEN left(ltrim(${n}, '-'), 1) <> '0' THEN false ELSE regexp_matches(${n}, '^-?0\\d') END`;
  const beyond =
    `CASE WHEN contains(lower(${n}), 'e') THEN coalesce(isinf(TRY_CAST(${n} AS DOUBLE)), true) ELSE false END`;
  const inexact =
    `CASE WHEN ${zero} THEN true WHEN ${beyond} THEN true WHEN strlen(${n}) <= ${DOUBLE_TEXT} THEN false WHEN ${n} IS NULL THEN false ` +
    `ELSE CAST(TRY_CAST(${n} AS ${engineType(type)}) AS VARCHAR) IS DISTINCT FROM ${n} END`;
  const point = `instr(${n}, '.')`;
  const fraction = `CASE WHEN ${n} = '' THEN NULL WHEN ${point} = 0 THEN 0 ELSE strlen(${n}) - ${point} END`;
  return [
    `count(*) FILTER (WHERE CASE WHEN ${inexact} THEN true ELSE ${unfit} END) AS wrong${i}`,
    `min(${fraction}) AS least${i}`,
    `max(${fraction}) AS most${i}`,
    `max(strlen(${n})) AS length${i}`,
    // Exponents, inf and nan have letters.
    `bool_or(regexp_matches(${n}, '[A-Za-z]')) AS letters${i}`,
  ];
}

/** Numbers that all have the same digits behind the point are amounts: a decimal keeps them as they are written. */
function fixedPoint(row: Record<string, unknown>, i: number): LogicalType | undefined {
  const [least, most, length] = [
    Number(row[`least${i}`]),
    Number(row[`most${i}`]),
    Number(row[`length${i}`]),
  ];
  if (row[`letters${i}`] === true || !(least > 0) || least !== most) return undefined;
  // The point is no digit. Some room, so that the next file fits too.
  const precision = length - 1 <= 18 ? 18 : 38;
  return most <= 9 && length - 1 <= 38 ? { kind: "decimal", precision, scale: most } : undefined;
}
