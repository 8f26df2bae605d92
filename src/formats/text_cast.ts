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
}

/**
 * The SQL of `text` (SQL of a VARCHAR) as a type. Empty text is NULL for every type but string and binary. There is no AND, OR or
 * BETWEEN in it: the engine's time to bind those grows with the square of the columns, minutes for 10,000.
 */
export function castText(text: string, cast: TextCast): string {
  if (cast.type.kind === "string") return text;
  const value = numberText(text, cast);
  const type = engineType(cast.type);
  const branches = fitting(value, cast).map(({ fits, as }) => `WHEN ${fits} THEN ${as}`);
  // Fails through a cast and not through error(), which the engine would not move filters past. The quote in front keeps
  // the engine from taking the start of the message for a date. Where the value stands is found afterwards.
  const message = `concat('"', ${text}, '"')`;
  const empty = cast.type.kind === "binary" ? "" : `WHEN ${text} = '' THEN NULL `;
  return `CASE ${empty}${branches.join(" ")} WHEN ${text} IS NULL THEN NULL ` +
    `ELSE CAST(${message} AS ${type}) END`;
}

/** SQL that is true for a text that `castText` fails on, and never NULL. */
export function misfit(text: string, cast: TextCast): string {
  if (cast.type.kind === "string") return "false";
  return `CASE WHEN ${text} IS NULL THEN false WHEN ${text} = '' THEN false ELSE TRY(${
    castText(text, cast)
  }) IS NULL END`;
}

/** Whether a type is made of digits, so that a decimal separator matters. */
function isNumber(type: LogicalType): boolean {
  return type.kind === "float" || type.kind === "decimal";
}

function numberText(text: string, cast: TextCast): string {
  const separator = cast.formats?.decimalSeparator;
  return separator === undefined || separator === "." || !isNumber(cast.type)
    ? text
    : `replace(${text}, ${quoteLiteral(separator)}, '.')`;
}

const DATE = "\\d{4,}-\\d\\d-\\d\\d";
const CLOCK = "\\d\\d:\\d\\d(:\\d\\d(\\.\\d{1,6})?)?";
const ZONE = "([Zz]|[+-]\\d\\d(:?\\d\\d)?)";

/** The cases in which a text (not empty) fits, in order, each with the SQL of the value. */
function fitting(x: string, cast: TextCast): { fits: string; as: string }[] {
  const type = engineType(cast.type);
  const plain = `CAST(${x} AS ${type})`;
  const backAsText = `CAST(TRY_CAST(${x} AS ${type}) AS VARCHAR) = ${x}`;
  switch (cast.type.kind) {
    case "integer": {
      const canonical = { fits: backAsText, as: plain };
      return cast.inferred
        ? [canonical]
        : [canonical, { fits: match(x, "\\s*[+-]?\\d+(\\.0*)?\\s*"), as: plain }];
    }
    case "decimal":
      return [{ fits: match(x, `\\s*[+-]?\\d*(\\.\\d{0,${cast.type.scale}}0*)?\\s*`), as: plain }];
    case "float":
      // 17 digits tell every double (IEEE 754); more of them say that the text is not a double, unless it comes back as it was.
      return cast.inferred
        ? [{ fits: `strlen(${x}) <= 18`, as: plain }, { fits: backAsText, as: plain }]
        : [{ fits: `${x} IS NOT NULL`, as: plain }];
    case "boolean":
      return [{ fits: cast.inferred ? `strlen(${x}) >= 4` : `${x} IS NOT NULL`, as: plain }];
    case "date":
      return dateCases(x, cast, plain);
    case "datetime":
      return datetimeCases(x, cast, plain);
    case "time":
      return [{ fits: match(x, CLOCK), as: plain }];
    case "binary":
      return [{ fits: `${x} IS NOT NULL`, as: `from_base64(${x})` }];
    case "array":
    case "struct":
      return [{ fits: `${x} IS NOT NULL`, as: `CAST(CAST(${x} AS JSON) AS ${type})` }];
    default:
      return [{ fits: `${x} IS NOT NULL`, as: plain }];
  }
}

function dateCases(x: string, cast: TextCast, plain: string): { fits: string; as: string }[] {
  const format = cast.formats?.dateFormat;
  if (format !== undefined) {
    return [{ fits: `${x} IS NOT NULL`, as: `CAST(strptime(${x}, ${quoteLiteral(format)}) AS DATE)` }];
  }
  const short = { fits: `strlen(${x}) <= 10`, as: plain };
  if (cast.inferred) return [short];
  return [short, { fits: match(x, `${DATE}([ Tt]00:00(:00(\\.0+)?)?)?`), as: plain }];
}

function datetimeCases(x: string, cast: TextCast, plain: string): { fits: string; as: string }[] {
  const format = cast.formats?.timestampFormat;
  const type = engineType(cast.type);
  if (format !== undefined) {
    return [{ fits: `${x} IS NOT NULL`, as: `CAST(strptime(${x}, ${quoteLiteral(format)}) AS ${type})` }];
  }
  if (cast.type.kind === "datetime" && cast.type.tz) {
    // Asked for by name, a time without a zone is taken as UTC; found in a sample, all must have one.
    const zoned = cast.inferred ? `[ Tt]${CLOCK}${ZONE}` : `([ Tt]${CLOCK}${ZONE}?)?`;
    return [{ fits: match(x, DATE + zoned), as: plain }];
  }
  // The usual form is told by its length and one colon: a pattern costs ten times as much.
  const usual = `substring(${x}, 17, 1) = ':'`;
  const pattern = match(x, `${DATE}([ Tt]${CLOCK})?`);
  return [{ fits: `CASE WHEN strlen(${x}) = 19 THEN ${usual} ELSE ${pattern} END`, as: plain }];
}

function match(x: string, pattern: string): string {
  return `regexp_full_match(${x}, ${quoteLiteral(pattern)})`;
}
