/**
 * Types that hold for all rows, at little more than the cost of reading them once: what a sample says is held against every
 * value, and only columns that it was wrong about are looked at again.
 */
import { type LogicalType, quoteIdent, type Session } from "../sdk/mod.ts";
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

/**
 * What is counted of a column in the one scan. The guards of a load find the value at fault and say why; here it is enough to
 * know that there is one, by the cheapest tests there are: a pattern costs several times as much as a cast.
 */
function tests(i: number, type: LogicalType, { columns, formats }: WholeColumns): string[] {
  const x = quoteIdent(columns[i]!);
  const plain = formats.decimalSeparator === undefined || formats.decimalSeparator === ".";
  if (type.kind === "float" && plain) return floatTests(i, x);
  const wrong = quickTest(x, type, formats) ?? misfit(x, { type, inferred: true, formats });
  // NULL where the value is NULL or empty.
  return [`count(*) FILTER (WHERE ${wrong}) AS wrong${i}`];
}

/** SQL that is true for a text that is no value of the type; it may be NULL for an empty one. */
function quickTest(x: string, type: LogicalType, formats: TextFormats): string | undefined {
  const given = (test: string) => `CASE WHEN ${x} <> '' THEN ${test} ELSE false END`;
  switch (type.kind) {
    case "integer":
      return given(`CAST(TRY_CAST(${x} AS BIGINT) AS VARCHAR) IS DISTINCT FROM ${x}`);
    case "date":
      return formats.dateFormat === undefined
        ? given(`strlen(${x}) <> 10 OR TRY_CAST(${x} AS DATE) IS NULL`)
        : undefined;
    case "datetime":
      // As long as a datetime without a zone is, and none of the characters that zones begin with.
      return formats.timestampFormat === undefined && !type.tz
        ? given(
          `TRY_CAST(${x} AS TIMESTAMP) IS NULL OR strlen(${x}) > 26 OR contains(${x}, '+') OR ` +
            `contains(substring(${x}, 12), '-') OR right(${x}, 1) > '9' OR strlen(${x}) NOT IN (10, 16, 19, 21, 22, 23, 24, 25, 26)`,
        )
        : undefined;
    default:
      return undefined;
  }
}

function floatTests(i: number, x: string): string[] {
  const number = `TRY_CAST(${x} AS DOUBLE)`;
  const point = `instr(${x}, '.')`;
  const special = `NOT isfinite(${number})`;
  const wrong = [
    `${number} IS NULL`,
    // 1e400 is no infinity.
    `(${special} AND (contains(${x}, 'e') OR contains(${x}, 'E')))`,
    // A whole number of 17 digits is as a double another one.
    `(strlen(${x}) > ${DOUBLE_TEXT} AND CAST(${number} AS VARCHAR) <> ${x})`,
    `(left(${x}, 1) = '0' AND substring(${x}, 2, 1) BETWEEN '0' AND '9')`,
    `(left(${x}, 2) = '-0' AND substring(${x}, 3, 1) BETWEEN '0' AND '9')`,
    `left(${x}, 1) IN ('+', ' ')`,
    `right(${x}, 1) IN (' ', '.')`,
    `contains(${x}, '_')`,
  ];
  return [
    `count(*) FILTER (WHERE CASE WHEN ${x} <> '' THEN ${wrong.join(" OR ")} ELSE false END) AS wrong${i}`,
    `min(CASE WHEN ${x} = '' THEN NULL WHEN ${point} = 0 THEN 0 ELSE strlen(${x}) - ${point} END) AS least${i}`,
    `max(CASE WHEN ${point} = 0 THEN 0 ELSE strlen(${x}) - ${point} END) AS most${i}`,
    `max(strlen(${x})) AS length${i}`,
    // Exponents, inf and nan.
    `bool_or(contains(${x}, 'e') OR contains(${x}, 'E') OR ${special}) AS letters${i}`,
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
