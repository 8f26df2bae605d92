/**
 * Texts to values. The hot path is the engine's own cast and a cheap test that says "nothing can have been lost": the
 * value written again is the text, or the text has the usual shape. Only what fails it meets a regular expression.
 */
import { engineType, type LogicalType, quoteLiteral } from "../sdk/mod.ts";
import {
  both,
  type CastOptions,
  chain,
  checkedByEngine,
  type Conversion,
  failure,
  fallible,
  fullMatch,
  guarded,
  safe,
} from "./cast_rules.ts";

/** Whole numbers, with the `.0` that spreadsheets and data frames add. Not `0x1F` or `1_000`, which the engine takes. */
const WHOLE = String.raw`\s*[+-]?\d+(\.0*)?\s*`;
const NUMBER = String.raw`\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*`;
/** Few enough digits that a double tells the value from every neighbour. */
const SHORT_SCIENTIFIC = String.raw`\s*[+-]?(\d{1,8}\.?\d{0,7}|\.\d{1,7})[eE][+-]?\d{1,3}\s*`;
const NOT_FINITE = String.raw`\s*([+-]?inf(inity)?|nan)\s*`;
const DATE = String.raw`\s*\d{1,6}[-/]\d{1,2}[-/]\d{1,2}`;
const INFINITE_TIME = String.raw`\s*[+-]?infinity\s*`;
const BEFORE_CHRIST = String.raw`(\s*\(BC\))?\s*`;
/** Only zero: any other offset would be dropped by a datetime without a zone. */
const UTC = String.raw`(\s*(Z|z|UTC|[+-]00(:?00)?))?`;

const FLOAT64: LogicalType = { kind: "float", bits: 64 };

/** Whole numbers below this are exact in a double. */
const EXACT_DOUBLE = "9007199254740992";

/** How a text becomes a value of a scalar type; `undefined` where the type is no scalar. */
export function fromText(to: LogicalType, options: CastOptions): Conversion | undefined {
  if (options.formats !== undefined && isTime(to)) return fromFormat(to, options.formats, options);
  switch (to.kind) {
    case "integer":
    case "decimal": {
      const shape = to.kind === "integer" ? WHOLE : decimalShape(to.scale);
      return guarded(to, (x, cast) => [
        `${cast}::VARCHAR = ${x}`,
        ...(options.lossy ? [fullMatch(x, NUMBER)] : [fullMatch(x, shape), scientific(x, cast)]),
      ]);
    }
    case "float":
      return to.bits === 64 ? double(options) : chain(double(options), narrowFloat(options));
    case "boolean":
    case "uuid":
      return withoutSpaces(to);
    case "date":
      return date(options);
    case "time":
      return guarded(
        to,
        (x) => [fullMatch(x, String.raw`\s*\d{1,2}:\d{1,2}(:\d{1,2}(\.${fraction(options)})?)?\s*`)],
      );
    case "datetime":
      return to.tz ? instant(options) : datetime(options);
    case "interval":
    case "json":
      return checkedByEngine(to);
    case "binary":
      return safe((x) => `encode(${x})`);
    case "string":
      return safe((x) => x);
    default:
      return undefined;
  }
}

/** Digits of a second that fit, or any when they may be cut. */
function fraction(options: CastOptions): string {
  return options.lossy ? String.raw`\d*` : String.raw`\d{0,6}0*`;
}

function decimalShape(scale: number): string {
  if (scale === 0) return WHOLE;
  return String.raw`\s*[+-]?(\d+(\.\d{0,${scale}}0*)?|\.\d{1,${scale}}0*)\s*`;
}

/** `1e3`: exact if the result is the same double as the text. */
function scientific(x: string, cast: string): string {
  return both(fullMatch(x, SHORT_SCIENTIFIC), `CAST(${cast} AS DOUBLE) = TRY_CAST(${x} AS DOUBLE)`);
}

/** Fractions go to the nearest double, as everywhere; whole numbers and overflow must not change. */
function double(options: CastOptions): Conversion {
  const whole = String.raw`\s*[+-]?\d+\s*`;
  return guarded(FLOAT64, (x, cast) => {
    const finite = (rest: string) => both(fullMatch(x, NUMBER), both(`NOT isinf(${cast})`, rest));
    const exact = `CASE WHEN ${fullMatch(x, whole)} ` +
      `THEN TRY_CAST(${x} AS HUGEINT) = TRY_CAST(${cast} AS HUGEINT) ELSE true END`;
    return [
      both(`abs(${cast}) < ${EXACT_DOUBLE}`, `NOT contains(${x}, '_')`),
      finite(options.lossy ? "true" : exact),
      fullMatch(x, NOT_FINITE, "i"),
    ];
  });
}

/** The engine takes these without spaces around them only; CSV files often have some. */
function withoutSpaces(to: LogicalType): Conversion {
  const type = engineType(to);
  return fallible(
    (x) => `coalesce(TRY_CAST(${x} AS ${type}), CAST(trim(${x}) AS ${type}))`,
    (x) => `coalesce(TRY_CAST(${x} AS ${type}), TRY_CAST(trim(${x}) AS ${type}))`,
  );
}

/** The engine's date cast takes anything after the date. Midnight is no loss, any other time of day is. */
function date(options: CastOptions): Conversion {
  const to: LogicalType = { kind: "date" };
  const midnight = String.raw`([T ]\s*0{1,2}:00(:00(\.0*)?)?${UTC})?`;
  const anyTime = String.raw`([T ]\s*\d{1,2}:\d{1,2}(:\d{1,2}(\.\d*)?)?${UTC})?`;
  const shape = `${DATE}${options.lossy ? anyTime : midnight}${BEFORE_CHRIST}`;
  return guarded(
    to,
    (x, cast) => [`${cast}::VARCHAR = ${x}`, fullMatch(x, shape), fullMatch(x, INFINITE_TIME, "i")],
  );
}

/** The engine's timestamp cast drops an offset and digits past the microsecond. */
function datetime(options: CastOptions): Conversion {
  const time = String.raw`([T ]\s*\d{1,2}:\d{1,2}(:\d{1,2}(\.${fraction(options)})?)?${UTC})?`;
  return guarded({ kind: "datetime", tz: false }, (x) => [
    `${x} LIKE '____-__-_____:__:__'`,
    fullMatch(x, DATE + time + BEFORE_CHRIST),
    fullMatch(x, INFINITE_TIME, "i"),
  ]);
}

/** Texts without an offset are UTC. */
function instant(options: CastOptions): Conversion {
  const to: LogicalType = { kind: "datetime", tz: true };
  if (options.lossy) return checkedByEngine(to);
  return guarded(to, (x) => [
    both(`strlen(${x}) <= 26`, `${x} LIKE '____-__-_____:__:__%'`),
    `NOT regexp_matches(${x}, ${quoteLiteral(String.raw`\.\d{6}\d*[1-9]`)})`,
  ]);
}

/** Texts read by `strptime`; a date must be at midnight, a time may carry any date. */
function fromFormat(to: LogicalType, formats: readonly string[], options: CastOptions): Conversion {
  const list = formats.length === 1
    ? quoteLiteral(formats[0]!)
    : `[${formats.map((format) => quoteLiteral(format)).join(", ")}]`;
  const type = engineType(to);
  const parsed = fallible((x) => `strptime(${x}, ${list})`, (x) => `try_strptime(${x}, ${list})`);
  if (to.kind === "date" && !options.lossy) {
    const onlyDate = (time: string) => `${time} = date_trunc('day', ${time})`;
    return fallible(
      (x) => {
        const time = parsed.strict(x);
        return `CASE WHEN ${onlyDate(time)} THEN CAST(${time} AS DATE) ELSE ${failure(x, to)} END`;
      },
      (x) => {
        const time = parsed.tolerant(x);
        return `CASE WHEN ${onlyDate(time)} THEN CAST(${time} AS DATE) END`;
      },
    );
  }
  return fallible(
    (x) => `CAST(${parsed.strict(x)} AS ${type})`,
    (x) => `TRY_CAST(${parsed.tolerant(x)} AS ${type})`,
  );
}

/** A double to a float32: exact, or written the same (0.1 stays 0.1; 3.14159265358979 would become 3.1415927). */
export function narrowFloat(options: CastOptions): Conversion {
  const to: LogicalType = { kind: "float", bits: 32 };
  if (options.lossy) return checkedByEngine(to);
  return guarded(to, (x, cast) => [
    `CAST(${cast} AS DOUBLE) = ${x}`,
    `CAST(CAST(${cast} AS VARCHAR) AS DOUBLE) = ${x}`,
  ]);
}

/** True for the types that `format` reads and writes. */
export function isTime(type: LogicalType): boolean {
  return type.kind === "date" || type.kind === "time" || type.kind === "datetime";
}
