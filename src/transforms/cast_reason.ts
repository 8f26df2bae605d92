/** What is wrong with a value that a cast can't take, in words, and what to do: SQL for the error path only. */
import { engineType, formatType, type LogicalType, quoteLiteral } from "../sdk/mod.ts";
import type { CastOptions } from "./cast_rules.ts";
import { isTime } from "./cast_text.ts";

const NUMBER = String.raw`\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*`;

/** SQL that gives the reason why `text`, a value as text, is no `to`. */
export function reasonSql(text: string, to: LogicalType, options: CastOptions): string {
  const isNumber = `regexp_full_match(${text}, ${quoteLiteral(NUMBER)})`;
  const name = formatType(to);
  if (options.formats !== undefined && isTime(to)) {
    const shown = options.formats.map((format) => JSON.stringify(format)).join(" or ");
    return quoteLiteral(`does not match the format ${shown}`);
  }
  switch (to.kind) {
    case "integer": {
      const whole = `TRY_CAST(${text} AS DOUBLE) = trunc(TRY_CAST(${text} AS DOUBLE))`;
      return choose([
        [`NOT ${isNumber}`, "is not an integer"],
        [`NOT (${whole})`, "is not a whole number"],
      ], `is out of range for ${name} (${integerRange(to.bits, to.unsigned ?? false)})`);
    }
    case "decimal":
      return choose([
        [`NOT ${isNumber}`, "is not a number"],
        [`TRY_CAST(${text} AS ${engineType(to)}) IS NULL`, `is out of range for ${name}`],
      ], `has more than ${to.scale} digits after the point`);
    case "float":
      return choose([
        [`NOT ${isNumber}`, "is not a number"],
        [`coalesce(isinf(TRY_CAST(${text} AS ${engineType(to)})), true)`, `is out of range for ${name}`],
      ], `has more digits than ${name} keeps`);
    case "boolean":
      return quoteLiteral("is not a boolean (true/false, t/f, yes/no, y/n, 1/0)");
    case "date":
      return choose([
        [`TRY_CAST(${text} AS TIMESTAMP) IS NOT NULL`, "has a time of day, which a date would lose"],
      ], "is not a date (YYYY-MM-DD)");
    case "time":
      return quoteLiteral("is not a time of day (HH:MM:SS, at most 6 digits of a second)");
    case "datetime":
      return choose([
        [
          `regexp_matches(${text}, ${quoteLiteral(String.raw`\.\d{6}\d*[1-9]`)})`,
          "has more than 6 digits of a second",
        ],
        [
          `TRY_CAST(${text} AS TIMESTAMPTZ) IS NOT NULL AND TRY_CAST(${text} AS TIMESTAMP) IS NOT NULL`,
          "has an offset from UTC, which datetime would lose",
        ],
      ], "is not a datetime (YYYY-MM-DD HH:MM:SS)");
    case "uuid":
      return quoteLiteral("is not a UUID");
    case "json":
      return quoteLiteral("is not valid JSON");
    case "interval":
      return quoteLiteral("is not an interval, such as `3 days` or `01:30:00`");
    case "string":
      return quoteLiteral("is not UTF-8 text");
    default:
      return quoteLiteral(`does not fit ${name}`);
  }
}

/** What to do about values that do not fit. */
export function castHint(to: LogicalType, options: CastOptions): string {
  const general = "or set `on_error: null` to make such values NULL, or filter them out in a step before";
  if (options.formats !== undefined && isTime(to)) return `correct the format (strptime), ${general}`;
  switch (to.kind) {
    case "integer":
      return `fix the source, use decimal, float or a wider integer, set \`lossy: true\` to round, ${general}`;
    case "decimal":
      return `fix the source, give more digits, set \`lossy: true\` to round, ${general}`;
    case "float":
      return `fix the source, set \`lossy: true\` to round, ${general}`;
    case "date":
      return `cast to datetime, give a \`format\`, set \`lossy: true\` to drop the time, ${general}`;
    case "datetime":
      return to.tz
        ? `give a \`format\`, ${general}`
        : `use datetime(tz) for offsets, give a \`format\`, ${general}`;
    case "time":
      return `give a \`format\`, ${general}`;
    default:
      return `fix the source, ${general}`;
  }
}

function choose(cases: readonly (readonly [test: string, reason: string])[], otherwise: string): string {
  const whens = cases.map(([test, reason]) => `WHEN ${test} THEN ${quoteLiteral(reason)}`);
  return `CASE ${whens.join(" ")} ELSE ${quoteLiteral(otherwise)} END`;
}

function integerRange(bits: number, unsigned: boolean): string {
  const top = 2n ** BigInt(unsigned ? bits : bits - 1);
  return `${unsigned ? 0n : -top} to ${top - 1n}`;
}
