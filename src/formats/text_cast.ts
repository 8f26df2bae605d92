/**
 * Reading text as a type without losing anything. A plain CAST rounds ('1.7' to 2), drops zeros ('007' to 7), zones and
 * times of day; the SQL made here fails on such a value instead, with the value in the message.
 */
import { engineType, type LogicalType, quoteLiteral } from "../sdk/mod.ts";

/** How values are written, as a recipe says. */
export interface TextFormats {
  /** `strptime` format of dates. */
  readonly dateFormat?: string;
  /** `strptime` format of datetimes. */
  readonly timestampFormat?: string;
  /** Default `.`. */
  readonly decimalSeparator?: string;
}

/** What is read as what. */
export interface TextCast {
  readonly type: LogicalType;
  /** True for a type that was found in a sample: only values written as such a type is written fit it. */
  readonly inferred: boolean;
  readonly formats?: TextFormats;
  /**
   * How many columns the statement has. Of few, a value and its test share one cast; the engine's time to find out that they
   * can grows with the square of the columns, so in a wide file each casts for itself. Default: few.
   */
  readonly columns?: number;
}

/** Up to so many columns casts are shared. */
export const SHARED_CASTS = 200;

/**
 * The SQL of `text` (SQL of a VARCHAR) as a type. Empty text is NULL for every type but string and binary. There is no AND, OR or
 * BETWEEN in it: the engine's time to bind those grows with the square of the columns, minutes for 10,000.
 *
 * Values in their usual form are let through by a first, cheap test: where it holds for a whole vector the engine evaluates
 * nothing else.
 */
export function castText(text: string, cast: TextCast): string {
  if (cast.type.kind === "string") return text;
  const value = numberText(text, cast);
  const type = engineType(cast.type);
  const when = ({ fits, as }: Case) => `WHEN ${fits} THEN ${as}`;
  const cases = fitting(value, cast);
  // Fails through a cast and not through error(), which the engine would not move filters past. The quote in front keeps
  // the engine from taking the start of the message for a date. Where the value stands is found afterwards.
  const message = `concat('"', ${text}, '"')`;
  const empty = cast.type.kind === "binary" ? "" : `WHEN ${text} = '' THEN NULL `;
  const otherwise = `ELSE CAST(${message} AS ${type}) END`;
  if (!shares(cast)) {
    return `CASE ${empty}${cases.map(when).join(" ")} WHEN ${text} IS NULL THEN NULL ${otherwise}`;
  }
  const [quick, ...others] = cases;
  return `CASE ${when(quick)} ${empty}WHEN ${text} IS NULL THEN NULL ${
    others.map(when).join(" ")
  } ${otherwise}`;
}

/** SQL that is true for a text that `castText` fails on, and never NULL. */
export function misfit(text: string, cast: TextCast): string {
  if (cast.type.kind === "string") return "false";
  return `CASE WHEN ${text} IS NULL THEN false WHEN ${text} = '' THEN false ELSE TRY(${
    castText(text, cast)
  }) IS NULL END`;
}

/** SQL that is true for a datetime without a zone whose text says nothing that the value does not. */
function plainDatetime(text: string): string {
  return shaped(text, USUAL_DATETIMES, `${DATE}([ Tt]${CLOCK})?`);
}

/** Cases of such a text, most of them told by one GLOB. */
export function plainDatetimeCases(text: string, then: string): string {
  const usual = USUAL_DATETIMES.toReversed().map((glob) =>
    `WHEN ${text} GLOB ${quoteLiteral(glob)} THEN ${then} `
  );
  return `${usual.join("")}WHEN ${plainDatetime(text)} THEN ${then} `;
}

/** Whether a type is made of digits, so that a decimal separator matters. */
function isNumber(type: LogicalType): boolean {
  return type.kind === "float" || type.kind === "decimal";
}

function numberText(text: string, cast: TextCast): string {
  const separator = cast.formats?.decimalSeparator;
  return separator === undefined || separator === "." || !isNumber(cast.type) ? text : pointed(text);
}

/** A number with a decimal comma as one with a point. A point in it makes it none: it would stand between thousands. */
export function pointed(text: string): string {
  return `translate(${text}, ',.', '.!')`;
}

const DATE = "\\d{4,}-\\d\\d-\\d\\d";
const CLOCK = "\\d\\d:\\d\\d(:\\d\\d(\\.\\d{1,6})?)?";
const ZONE = "([Zz]|[+-]\\d\\d(:?\\d\\d)?)";

/** A test that a text fits, and the SQL of its value then. */
interface Case {
  readonly fits: string;
  readonly as: string;
}

/** The cases in which a text (not empty) fits, in order: the first must not hold for an empty text. */
function fitting(x: string, cast: TextCast): [Case, ...Case[]] {
  const type = engineType(cast.type);
  const plain = `CAST(${x} AS ${type})`;
  switch (cast.type.kind) {
    case "integer": {
      const value = `TRY_CAST(${x} AS ${type})`;
      const canonical = { fits: `CAST(${value} AS VARCHAR) = ${x}`, as: shares(cast) ? value : plain };
      return cast.inferred
        ? [canonical]
        : [canonical, { fits: match(x, "\\s*[+-]?\\d+(\\.0*)?\\s*"), as: plain }];
    }
    case "decimal": {
      const fraction = `(\\.\\d{0,${cast.type.scale}}0*)?`;
      const pattern = cast.inferred ? `-?(0|[1-9]\\d*)?${fraction}` : `\\s*[+-]?\\d*${fraction}\\s*`;
      const fits = `CASE WHEN ${x} = '' THEN false ELSE ${match(x, pattern)} END`;
      return [{ fits, as: decimalOf(x, cast.type) }];
    }
    case "float":
      return floatCases(x, cast);
    case "boolean":
      return [{ fits: cast.inferred ? `strlen(${x}) >= 4` : `${x} <> ''`, as: plain }];
    case "date":
      return dateCases(x, cast, plain);
    case "datetime":
      return datetimeCases(x, cast, plain);
    case "time":
      return [{ fits: shaped(x, USUAL_TIMES, CLOCK), as: plain }];
    case "binary":
      return [{ fits: `${x} IS NOT NULL`, as: `from_base64(${x})` }];
    case "array":
    case "struct":
      return [{ fits: `${x} <> ''`, as: `CAST(CAST(${x} AS JSON) AS ${type})` }];
    default:
      return [{ fits: `${x} <> ''`, as: plain }];
  }
}

/** Digits of a decimal that the engine holds in 64 bits. */
const SHORT_DECIMAL = 18;

/**
 * A text that is known to be a decimal of this scale. DuckDB 1.5.5 takes some 10 µs to read one text as a decimal of more than
 * 18 digits, and a three-hundredth of that for fewer or for a HUGEINT.
 */
function decimalOf(x: string, type: { readonly precision: number; readonly scale: number }): string {
  const { precision, scale } = type;
  const wanted = `DECIMAL(${precision}, ${scale})`;
  if (precision <= SHORT_DECIMAL) return `CAST(${x} AS ${wanted})`;
  if (scale === 0) return `CAST(CAST(${x} AS HUGEINT) AS ${wanted})`;
  if (scale >= SHORT_DECIMAL) return `CAST(${x} AS ${wanted})`;
  return `coalesce(CAST(TRY_CAST(${x} AS DECIMAL(${SHORT_DECIMAL}, ${scale})) AS ${wanted}), CAST(${x} AS ${wanted}))`;
}

function shares(cast: TextCast): boolean {
  return (cast.columns ?? 1) <= SHARED_CASTS;
}

/**
 * A text beyond the range of doubles would be infinite. 17 digits tell every double (IEEE 754); more of them say that the text
 * is not a double, unless it comes back as it was, and so do 16 and more of a whole number.
 */
function floatCases(x: string, cast: TextCast): [Case, ...Case[]] {
  const value = `TRY_CAST(${x} AS DOUBLE)`;
  const asText = `CAST(${value} AS VARCHAR)`;
  const type = engineType(cast.type);
  const result = type === "DOUBLE" ? value : `CAST(${value} AS ${type})`;
  if (!shares(cast)) {
    // Without the rarer tests: they would be megabytes of SQL, and minutes.
    const as = `CAST(${x} AS ${type})`;
    return cast.inferred
      ? [{ fits: `strlen(${x}) <= 18`, as }, { fits: `${asText} = ${x}`, as }]
      : [{ fits: `${x} <> ''`, as }];
  }
  // A text too small for a double would be zero; up to four characters none is.
  const zero = `CASE WHEN strlen(${x}) <= 4 THEN true ELSE NOT regexp_matches(${x}, '^[^eE]*[1-9]') END`;
  const finite = `CASE WHEN ${value} = 0 THEN ${zero} ELSE isfinite(${value}) END`;
  // A pattern and no IN: the engine makes a join of a list, and one in a thousand columns overflows its stack.
  const named = { fits: match(x, "(?i)\\s*[+-]?(nan|inf|infinity)\\s*"), as: result };
  if (!cast.inferred) return [{ fits: finite, as: result }, named];
  // By their order as texts: from '1' on, or 0.… and .…, or -1…, there is no zero or plus in front.
  const start = `CASE WHEN ${x} >= '1' THEN true WHEN ${x} >= '0/' THEN false ELSE ${x} >= '-1' END`;
  const quick = `CASE WHEN strlen(${x}) > 18 THEN ${asText} = ${x} WHEN strlen(${x}) <= 15 THEN ${start} ` +
    `WHEN contains(${x}, '.') THEN ${start} ELSE false END`;
  const whole = `CAST(TRY_CAST(${value} AS HUGEINT) AS VARCHAR) = ${x}`;
  const slow = `CASE WHEN NOT ${match(x, "-?(0|[1-9]\\d*)?(\\.\\d*)?([eE][+-]?\\d+)?")} THEN false ` +
    `WHEN ${match(x, "-?\\d{16,}")} THEN ${whole} ` +
    `WHEN strlen(${x}) <= 18 THEN true ELSE ${asText} = lower(${x}) END`;
  return [
    { fits: `CASE WHEN ${finite} THEN ${quick} END`, as: result },
    { fits: `CASE WHEN ${finite} THEN ${slow} END`, as: result },
    named,
  ];
}

function dateCases(x: string, cast: TextCast, plain: string): [Case, ...Case[]] {
  const format = cast.formats?.dateFormat;
  if (format !== undefined) {
    return [{ fits: `${x} <> ''`, as: `CAST(strptime(${x}, ${quoteLiteral(format)}) AS DATE)` }];
  }
  const usual = { fits: `${x} LIKE '____-__-__'`, as: plain };
  if (cast.inferred) return [usual, { fits: match(x, DATE), as: plain }];
  return [usual, { fits: match(x, `${DATE}([ Tt]00:00(:00(\\.0+)?)?)?`), as: plain }];
}

function datetimeCases(x: string, cast: TextCast, plain: string): [Case, ...Case[]] {
  const format = cast.formats?.timestampFormat;
  const type = engineType(cast.type);
  if (format !== undefined) {
    return [{ fits: `${x} <> ''`, as: `CAST(strptime(${x}, ${quoteLiteral(format)}) AS ${type})` }];
  }
  if (cast.type.kind === "datetime" && cast.type.tz) {
    // Asked for by name, a time without a zone is taken as UTC; found in a sample, all must have one.
    const zoned = cast.inferred ? `[ Tt]${CLOCK}${ZONE}` : `([ Tt]${CLOCK}${ZONE}?)?`;
    return [{ fits: shaped(x, USUAL_ZONED, DATE + zoned), as: plain }];
  }
  return [{ fits: plainDatetime(x), as: plain }];
}

const digits = (count: number) => "[0-9]".repeat(count);
/** To the second, and with milli- and microseconds. */
const SECONDS = [digits(2), `${digits(2)}.${digits(3)}`, `${digits(2)}.${digits(6)}`];
const USUAL_TIMES = SECONDS.map((seconds) => `??:??:${seconds}`);
const USUAL_DATETIMES = USUAL_TIMES.map((time) => `????-??-??[ Tt]${time}`);
const USUAL_ZONED = USUAL_DATETIMES.flatMap((time) =>
  ["[Zz]", `[-+]${digits(2)}`, `[-+]${digits(2)}:${digits(2)}`].map((zone) => time + zone)
);

/**
 * Whether a text that the engine takes for a time has a form in which nothing of it is lost. The usual ones are told by
 * length and GLOB: the pattern costs several times as much.
 */
function shaped(x: string, usual: readonly string[], pattern: string): string {
  const byLength = Map.groupBy(usual, (glob) => glob.replaceAll(/\[[^\]]*\]/g, "?").length);
  const test = (glob: string) => `${x} GLOB ${quoteLiteral(glob)}`;
  const cases = [...byLength].map(([length, globs]) =>
    `WHEN ${length} THEN ${
      globs.map(test).reduceRight(
        (otherwise, fits) => `CASE WHEN ${fits} THEN true ELSE ${otherwise} END`,
        match(x, pattern),
      )
    }`
  );
  // Other forms have the length of a usual one: "…:00-0530" is as long as "…:00.000Z".
  return `CASE WHEN CASE strlen(${x}) ${cases.join(" ")} ELSE false END THEN true ELSE ${
    match(x, pattern)
  } END`;
}

function match(x: string, pattern: string): string {
  return `regexp_full_match(${x}, ${quoteLiteral(pattern)})`;
}
