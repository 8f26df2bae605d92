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

/** Seventeen digits tell every double; with the point: what a load takes without a second look. */
const DOUBLE_TEXT = 18;

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
            `suffix(${x}, 'Z') OR suffix(${x}, 'z') OR contains(substring(${x}, 12), '-')`,
        )
        : undefined;
    default:
      return undefined;
  }
}

/** `left`, `right` and `substring` know characters beyond ASCII, and cost as much as several of these. */
function floatTests(i: number, x: string): string[] {
  const number = `TRY_CAST(${x} AS DOUBLE)`;
  const has = (text: string) => `contains(${x}, '${text}')`;
  const begins = (text: string) => `starts_with(${x}, '${text}')`;
  const fraction = `strlen(${x}) - instr(${x}, '.')`;
  const wrong = [
    `${number} IS NULL`,
    // A whole number of 17 digits is as a double another one.
    `(strlen(${x}) > 16 AND NOT ${has(".")})`,
    `(strlen(${x}) > ${DOUBLE_TEXT} AND CAST(${number} AS VARCHAR) <> ${x})`,
    ...["0", "-0"].map((zero) => `(${begins(zero)} AND NOT ${begins(`${zero}.`)} AND ${x} <> '${zero}')`),
    ...["+", " ", "_"].map(has),
    `suffix(${x}, '.')`,
    // Exponents, inf and nan are looked at again: 1e400 is no infinity.
    ...["e", "E", "n", "N"].map(has),
  ];
  return [
    `count(*) FILTER (WHERE CASE WHEN ${x} <> '' THEN ${wrong.join(" OR ")} ELSE false END) AS wrong${i}`,
    // Without a point the length counts, which is not the same for all unless all are.
    `min(CASE WHEN ${x} <> '' THEN ${fraction} END) AS least${i}`,
    `max(CASE WHEN ${x} <> '' THEN ${fraction} END) AS most${i}`,
    `max(strlen(${x})) AS length${i}`,
    `bool_or(CASE WHEN ${x} <> '' THEN NOT ${has(".")} END) AS whole${i}`,
  ];
}

/** Numbers that all have the same digits behind the point are amounts: a decimal keeps them as they are written. */
function fixedPoint(row: Record<string, unknown>, i: number): LogicalType | undefined {
  const [least, most, length] = [
    Number(row[`least${i}`]),
    Number(row[`most${i}`]),
    Number(row[`length${i}`]),
  ];
  if (row[`whole${i}`] === true || !(least > 0) || least !== most) return undefined;
  // The point is no digit. Some room, so that the next file fits too.
  const precision = length - 1 <= 18 ? 18 : 38;
  return most <= 9 && length - 1 <= 38 ? { kind: "decimal", precision, scale: most } : undefined;
}
