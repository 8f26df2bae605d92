/** Numbers and booleans to one another. A number may change its type, never its value. */
import { engineType, type LogicalType } from "../sdk/mod.ts";
import {
  both,
  type CastOptions,
  chain,
  checkedByEngine,
  type Conversion,
  fallible,
  guarded,
  safe,
} from "./cast_rules.ts";
import { fromText, narrowFloat } from "./cast_text.ts";

type Numeric = Extract<LogicalType, { kind: "integer" | "float" | "decimal" | "boolean" }>;

const TEXT: Conversion = safe((x) => `CAST(${x} AS VARCHAR)`);

/** How a number or boolean becomes one of another type. */
export function fromNumber(from: Numeric, to: Numeric, options: CastOptions): Conversion {
  if (to.kind === "boolean") return guarded(to, (x) => [`${x} IN (0, 1)`]);
  if (from.kind === "boolean") {
    return safe((x) => `CAST(CAST(${x} AS TINYINT) AS ${engineType(to)})`);
  }
  if (options.lossy) return checkedByEngine(to);
  switch (to.kind) {
    case "integer":
      return from.kind === "integer" ? checkedByEngine(to) : guarded(to, (x) => [`${x} = trunc(${x})`]);
    case "decimal":
      return toDecimal(from, to, options);
    case "float":
      return toFloat(from, to, options);
  }
}

function toDecimal(
  from: Exclude<Numeric, { kind: "boolean" }>,
  to: Extract<LogicalType, { kind: "decimal" }>,
  options: CastOptions,
): Conversion {
  if (from.kind === "integer") return checkedByEngine(to);
  if (from.kind === "decimal") {
    return to.scale >= from.scale
      ? checkedByEngine(to)
      : guarded(to, (x) => [`${x} = round(${x}, ${to.scale})`]);
  }
  const throughText = chain(TEXT, fromText(to, options)!);
  if (from.bits === 32) return throughText;
  // Scaled values of at most 53 bits are exact in a double, so that the engine's arithmetic gives the digits that are
  // shown; larger ones would show noise and go through the text.
  const limit = `${Number(2n ** 53n) / 10 ** to.scale}::DOUBLE`;
  const choose = (x: string, otherwise: string) => {
    const cast = `TRY_CAST(${x} AS ${engineType(to)})`;
    return `CASE WHEN ${
      both(`abs(${x}) < ${limit}`, `CAST(${cast} AS DOUBLE) = ${x}`)
    } THEN ${cast} ELSE ${otherwise} END`;
  };
  return fallible((x) => choose(x, throughText.strict(x)), (x) => choose(x, throughText.tolerant(x)));
}

function toFloat(
  from: Exclude<Numeric, { kind: "boolean" }>,
  to: Extract<LogicalType, { kind: "float" }>,
  options: CastOptions,
): Conversion {
  if (from.kind === "float") return to.bits >= from.bits ? checkedByEngine(to) : narrowFloat(options);
  const digits = to.bits === 64 ? 53 : 24;
  if (from.kind === "integer") {
    if (from.bits <= 16 || (from.bits === 32 && to.bits === 64)) return checkedByEngine(to);
    return guarded(
      to,
      (x, cast) => [`abs(${wide(x)}) <= ${2 ** digits}`, `TRY_CAST(${cast} AS HUGEINT) = ${wide(x)}`],
    );
  }
  // Decimals of up to 15 (6) digits come back from a double (float) as they were.
  if (from.precision <= (to.bits === 64 ? 15 : 6)) return checkedByEngine(to);
  return guarded(
    to,
    (x, cast) => [`TRY_CAST(CAST(${cast} AS VARCHAR) AS ${engineType(from)}) = ${x}`],
  );
}

/** Room for the absolute value of the smallest int64. */
function wide(x: string): string {
  return `CAST(${x} AS HUGEINT)`;
}
