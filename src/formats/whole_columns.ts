/**
 * Types that hold for all rows, at little more than the cost of reading them once: what a sample says is held against every
 * value, and only columns that it was wrong about are looked at again.
 */
import { engineType, type LogicalType, quoteIdent, type Session } from "../sdk/mod.ts";
import { decideType, readShapes, type Shape } from "./infer.ts";
import { misfit, plainDatetimeCases, type TextFormats } from "./text_cast.ts";

export interface WholeColumns {
  /** A SELECT of all rows, VARCHAR columns only. */
  readonly select: string;
  readonly columns: readonly string[];
  /** What the sample says, in the order of `columns`. */
  readonly shapes: readonly (Shape | undefined)[];
  readonly formats: TextFormats;
}

/** Seventeen digits tell every double; with the point: what a load takes without a second look. */
const DOUBLE_TEXT = 18;
/** Digits of a decimal that the engine holds in 64 bits. */
const SHORT_DECIMAL = 18;
/** Most digits behind the point of what is taken for an amount. */
const MOST_FRACTION = 9;

/** The types of columns of text after every row was looked at, in the order of `columns`. */
export async function wholeColumnTypes(session: Session, whole: WholeColumns): Promise<LogicalType[]> {
  const types = whole.shapes.map(decideType);
  const checked = types.flatMap((type, i) => type.kind === "string" ? [] : [i]);
  const wrong = new Set(whole.shapes.flatMap((shape, i) => shape === undefined ? [i] : []));
  if (checked.length > 0) {
    const [row] = await session.query<Record<string, number | null>>(
      `SELECT ${
        checked.map((i) => `${verdict(i, types[i]!, whole)} AS v${i}`).join(", ")
      } FROM (${whole.select})`,
    );
    for (const i of checked) {
      if (row![`v${i}`] === WRONG) wrong.add(i);
      else if (row![`v${i}`] !== AS_SAMPLED && types[i]!.kind === "float") {
        types[i] = fixedPoint(whole.shapes[i]) ?? types[i]!;
      }
    }
  }
  if (wrong.size === 0) return types;
  const again = [...wrong].sort((a, b) => a - b);
  const shapes = await readShapes(session, whole.select, {
    columns: again.map((i) => whole.columns[i]!),
    formats: whole.formats,
  });
  again.forEach((i, at) => types[i] = decideType(shapes[at]));
  return types;
}

/** A value is no value of the sample's type; all are; NULL or 0 where all are amounts, which are narrower. */
const WRONG = 2;
const AS_SAMPLED = 1;

/**
 * What the one scan finds of a column. The guards of a load find the value at fault and say why; here it is enough to know that
 * there is one, by the cheapest tests there are: a pattern costs several times as much as a cast. Inside of CASE the engine
 * evaluates all parts of an AND or OR for all rows, so what is dear stands behind a WHEN of its own.
 */
function verdict(i: number, type: LogicalType, { columns, formats, shapes }: WholeColumns): string {
  const x = quoteIdent(columns[i]!);
  const plain = formats.decimalSeparator === undefined || formats.decimalSeparator === ".";
  const wrong = type.kind === "float" && plain
    ? wrongFloat(x)
    : quickTest(x, type, formats) ?? misfit(x, { type, inferred: true, formats });
  const amount = type.kind === "float" && plain ? fixedPoint(shapes[i]) : undefined;
  const amounts = amount === undefined ? "" : isAmount(x, amount);
  return `max(CASE WHEN ${x} = '' THEN 0 ${amounts}WHEN ${wrong} THEN ${WRONG} WHEN ${x} IS NULL THEN 0 ` +
    `ELSE ${AS_SAMPLED} END)`;
}

/** SQL that is true for a text, not empty, that is no value of the type; it may be NULL for a NULL. */
function quickTest(x: string, type: LogicalType, formats: TextFormats): string | undefined {
  switch (type.kind) {
    case "integer":
      return `CAST(TRY_CAST(${x} AS BIGINT) AS VARCHAR) IS DISTINCT FROM ${x} AND ${x} IS NOT NULL`;
    case "date":
      return formats.dateFormat === undefined
        ? `(strlen(${x}) <> 10 OR TRY_CAST(${x} AS DATE) IS NULL) AND ${x} IS NOT NULL`
        : undefined;
    case "datetime":
      return formats.timestampFormat === undefined && !type.tz
        ? `CASE WHEN TRY_CAST(${x} AS TIMESTAMP) IS NULL THEN ${x} IS NOT NULL ${
          plainDatetimeCases(x, "false")
        }ELSE true END`
        : undefined;
    default:
      return undefined;
  }
}

function wrongFloat(x: string): string {
  const number = `TRY_CAST(${x} AS DOUBLE)`;
  const has = (text: string) => `contains(${x}, '${text}')`;
  // By the order of texts, most numbers first: from '1' on there is no zero, sign or blank in front, and beyond the digits are
  // inf and nan. A zero must be followed by a point.
  const start =
    `CASE WHEN ${x} >= '1' THEN ${x} < ':' WHEN ${x} >= '0/' THEN false WHEN ${x} >= '.' THEN true ` +
    `WHEN ${x} >= '-:' THEN false WHEN ${x} >= '-1' THEN true WHEN ${x} >= '-0/' THEN false ELSE ${x} >= '-.' END`;
  // A whole number of 17 digits is as a double another one.
  const digits =
    `CASE WHEN strlen(${x}) <= 16 THEN false WHEN strlen(${x}) <= ${DOUBLE_TEXT} THEN NOT ${has(".")} ` +
    `ELSE CAST(${number} AS VARCHAR) <> ${x} END`;
  const wrong = [
    `${number} IS NULL`,
    `NOT ${start}`,
    digits,
    // Exponents are looked at again: 1e400 is no infinity.
    ...[" ", "_", "e", "E"].map(has),
    `suffix(${x}, '.')`,
  ];
  return `(${wrong.join(" OR ")}) AND ${x} IS NOT NULL`;
}

/** Cases for a text that a decimal says just so, or but for the zero before its point. */
function isAmount(x: string, type: LogicalType): string {
  const text = `CAST(TRY_CAST(${x} AS ${engineType(type)}) AS VARCHAR)`;
  return `WHEN ${text} = ${x} THEN 0 WHEN ${text} = concat('0', ${x}) THEN 0 `;
}

/** Numbers that all have the same digits behind the point are amounts: a decimal keeps them as they are written. */
function fixedPoint(shape: Shape | undefined): LogicalType | undefined {
  if (shape === undefined || shape.fraction !== shape.leastFraction) return undefined;
  const { whole, fraction: scale } = shape;
  if (scale === 0 || scale > MOST_FRACTION || whole + scale > 38) return undefined;
  // Some room, so that the next file fits too.
  return { kind: "decimal", precision: whole + scale <= SHORT_DECIMAL ? SHORT_DECIMAL : 38, scale };
}
