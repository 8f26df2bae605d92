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
  /** SQL of a text that says where the value stands, for the message. */
  readonly place: string;
}

/** The SQL of `text` (SQL of a VARCHAR) as a type. Empty text is NULL for every type but string. */
export function castText(text: string, cast: TextCast): string {
  if (cast.type.kind === "string") return text;
  const value = numberText(text, cast);
  const type = engineType(cast.type);
  const branches = fitting(value, cast).map(({ fits, as }) => `WHEN ${fits} THEN ${as}`);
  // Fails through a cast and not through error(), which the engine would not move filters past.
  const message = `${text} || ' (' || ${cast.place} || ')'`;
  return `CASE ${branches.join(" ")} WHEN ${text} = '' THEN NULL ELSE CAST(${message} AS ${type}) END`;
}

/** SQL that is true for a text that `castText` fails on. */
export function misfit(text: string, cast: TextCast): string {
  if (cast.type.kind === "string") return "false";
  return `(${text} IS NOT NULL AND ${text} <> '' AND TRY(${castText(text, cast)}) IS NULL)`;
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

/** The cases in which a text fits, in order, each with the SQL of the value. */
function fitting(x: string, cast: TextCast): { fits: string; as: string }[] {
  const type = engineType(cast.type);
  const plain = `CAST(${x} AS ${type})`;
  switch (cast.type.kind) {
    case "integer": {
      const canonical = { fits: `CAST(TRY_CAST(${x} AS ${type}) AS VARCHAR) = ${x}`, as: plain };
      return cast.inferred
        ? [canonical]
        : [canonical, { fits: match(x, "\\s*[+-]?\\d+(\\.0*)?\\s*"), as: plain }];
    }
    case "decimal":
      return [{ fits: match(x, `\\s*[+-]?\\d*(\\.\\d{0,${cast.type.scale}}0*)?\\s*`), as: plain }];
    case "float":
      // 15 digits come back from a double as they were; so does whatever a program printed of a double.
      return cast.inferred
        ? [{ fits: `strlen(${x}) <= 16 OR CAST(TRY_CAST(${x} AS ${type}) AS VARCHAR) = ${x}`, as: plain }]
        : [{ fits: `${x} IS NOT NULL AND ${x} <> ''`, as: plain }];
    case "boolean":
      return [{ fits: cast.inferred ? `strlen(${x}) >= 4` : `${x} <> ''`, as: plain }];
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
      return [{ fits: `${x} <> ''`, as: `CAST(CAST(${x} AS JSON) AS ${type})` }];
    default:
      return [{ fits: `${x} <> ''`, as: plain }];
  }
}

function dateCases(x: string, cast: TextCast, plain: string): { fits: string; as: string }[] {
  const format = cast.formats?.dateFormat;
  if (format !== undefined) {
    return [{ fits: `${x} <> ''`, as: `CAST(strptime(${x}, ${quoteLiteral(format)}) AS DATE)` }];
  }
  const short = { fits: `strlen(${x}) <= 10 AND ${x} <> ''`, as: plain };
  if (cast.inferred) return [short];
  return [short, { fits: match(x, `${DATE}([ Tt]00:00(:00(\\.0+)?)?)?`), as: plain }];
}

function datetimeCases(x: string, cast: TextCast, plain: string): { fits: string; as: string }[] {
  const format = cast.formats?.timestampFormat;
  const type = engineType(cast.type);
  if (format !== undefined) {
    return [{ fits: `${x} <> ''`, as: `CAST(strptime(${x}, ${quoteLiteral(format)}) AS ${type})` }];
  }
  const zoned = cast.type.kind === "datetime" && cast.type.tz;
  if (zoned) {
    // Asked for by name, a time without a zone is taken as UTC; found in a sample, all must have one.
    const zone = cast.inferred ? ZONE : `${ZONE}?`;
    return [{ fits: match(x, `${DATE}([ Tt]${CLOCK}${zone})${cast.inferred ? "" : "?"}`), as: plain }];
  }
  return [
    // The usual form, told by its length and one colon: a pattern costs ten times as much.
    { fits: `strlen(${x}) = 19 AND substring(${x}, 17, 1) = ':'`, as: plain },
    { fits: match(x, `${DATE}([ Tt]${CLOCK})?`), as: plain },
  ];
}

function match(x: string, pattern: string): string {
  return `regexp_full_match(${x}, ${quoteLiteral(pattern)})`;
}
