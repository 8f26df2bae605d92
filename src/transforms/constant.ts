/** Constants of a recipe as SQL, checked without an engine. */
import { engineType, formatType, type LogicalType, quoteLiteral } from "../sdk/mod.ts";

/** A plain value as YAML has it. */
export type Constant = string | number | boolean | null;

/** The SQL of a constant: of `type`, or of the type that the value itself has. */
export function constantSql(value: Constant, type: LogicalType | undefined): string {
  if (type !== undefined) {
    const text = value === null ? null : String(value);
    if (type.kind === "binary" && text !== null) return `encode(${quoteLiteral(text)})`;
    return `CAST(${quoteLiteral(text)} AS ${engineType(type)})`;
  }
  if (typeof value === "boolean") return quoteLiteral(value);
  if (typeof value === "number") {
    return `CAST(${quoteLiteral(String(value))} AS ${Number.isSafeInteger(value) ? "BIGINT" : "DOUBLE"})`;
  }
  return `CAST(${quoteLiteral(value)} AS VARCHAR)`;
}

/** What is wrong with a constant, as a clause; `undefined` where it fits. Types that only the engine reads pass. */
export function constantProblem(value: Constant, type: LogicalType | undefined): string | undefined {
  if (value === null) return undefined;
  const text = String(value);
  if (text.includes("\0")) return "has a NUL character";
  if (typeof value === "number" && Number.isInteger(value) && !Number.isSafeInteger(value)) {
    return "has more digits than a number keeps: write it in quotes, with a type";
  }
  return type === undefined || textFits(text, type) ? undefined : `is no ${formatType(type)}`;
}

const DATETIME = /^\d{4}-\d\d-\d\d([T ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,6})?)?)?$/;
const INSTANT =
  /^\d{4}-\d\d-\d\d([T ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,6})?)?(Z|[+-]\d\d(:?\d\d)?)?)?$/;

const SHAPES: Partial<Record<LogicalType["kind"], RegExp>> = {
  boolean: /^(true|false|t|f|yes|no|y|n|1|0)$/i,
  float: /^([+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?|[+-]?inf(inity)?|nan)$/i,
  time: /^([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,6})?)?$/,
  uuid: /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i,
};

/** Whether a text is a value of a type, in the form that the engine reads. Types that only the engine reads pass. */
export function textFits(text: string, type: LogicalType): boolean {
  switch (type.kind) {
    case "integer": {
      if (!/^[+-]?\d+$/.test(text)) return false;
      const number = BigInt(text.replace("+", ""));
      const top = 2n ** BigInt(type.unsigned ? type.bits : type.bits - 1);
      return number < top && number >= (type.unsigned ? 0n : -top);
    }
    case "decimal": {
      const [, whole, fraction = ""] = /^[+-]?(\d+)(?:\.(\d*))?$/.exec(text) ?? [];
      return whole !== undefined && fraction.replace(/0+$/, "").length <= type.scale &&
        whole.replace(/^0+/, "").length <= type.precision - type.scale;
    }
    case "date":
      return /^\d{4}-\d\d-\d\d$/.test(text) && isDay(text);
    case "datetime":
      return (type.tz ? INSTANT : DATETIME).test(text) && isDay(text.slice(0, 10));
    case "json":
      try {
        JSON.parse(text);
        return true;
      } catch (error) {
        if (error instanceof SyntaxError) return false;
        throw error;
      }
    default:
      return SHAPES[type.kind]?.test(text) ?? true;
  }
}

/** JavaScript takes 30 February for 1 March; the engine would refuse it. */
function isDay(text: string): boolean {
  const date = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
}
