/** The conversion between any two types: the one table of what `cast` does. */
import { formatType, type LogicalType, quoteLiteral, sameType } from "../sdk/mod.ts";
import { arrayConversion, fromJson, structConversion } from "./cast_nested.ts";
import { fromNumber } from "./cast_numbers.ts";
import {
  type CastOptions,
  chain,
  checkedByEngine,
  type Conversion,
  fallible,
  guarded,
  IDENTITY,
  type Refusal,
  safe,
} from "./cast_rules.ts";
import { fromText, isTime } from "./cast_text.ts";

const JSON_TYPE: LogicalType = { kind: "json" };

/** How a value of type `from` becomes one of type `to`, or why it can't. */
export function conversion(from: LogicalType, to: LogicalType, options: CastOptions): Conversion | Refusal {
  if (sameType(from, to)) return IDENTITY;
  if (to.kind === "string") return toText(from, options);
  if (to.kind === "json" && from.kind !== "string") {
    return from.kind === "binary" ? refuse(from, to, BYTES_HINT) : safe((x) => `CAST(to_json(${x}) AS JSON)`);
  }
  switch (from.kind) {
    case "string":
      return to.kind === "array" || to.kind === "struct"
        ? chainIfPossible(checkedByEngine(JSON_TYPE), fromJson(to, { options, convert: conversion }))
        : fromText(to, options)!;
    case "json":
      return fromJson(to, { options, convert: conversion });
    case "integer":
    case "float":
    case "decimal":
    case "boolean":
      if (to.kind === "integer" || to.kind === "float" || to.kind === "decimal" || to.kind === "boolean") {
        return fromNumber(from, to, options);
      }
      return numberToOther(from, to, options);
    case "date":
    case "datetime":
      return fromTime(from, to, options);
    case "array":
      return to.kind === "array"
        ? arrayConversion(from, to, { options, convert: conversion })
        : refuse(from, to, SQL_HINT);
    case "struct":
      return to.kind === "struct"
        ? structConversion(from, to, { options, convert: conversion })
        : refuse(from, to, SQL_HINT);
    case "binary":
      return refuse(from, to, BYTES_HINT);
    default:
      return refuse(from, to, SQL_HINT);
  }
}

const SQL_HINT = "write the conversion you mean in a sql step";
const BYTES_HINT = "cast it to string first (UTF-8), or decode it in a sql step";

function toText(from: LogicalType, options: CastOptions): Conversion {
  if (options.formats !== undefined && (from.kind === "date" || from.kind === "datetime")) {
    return safe((x) => `strftime(${x}, ${quoteLiteral(options.formats![0]!)})`);
  }
  switch (from.kind) {
    case "binary":
      return fallible((x) => `decode(${x})`, (x) => `TRY(decode(${x}))`);
    case "array":
    case "struct":
      return safe((x) => `CAST(to_json(${x}) AS VARCHAR)`);
    default:
      return safe((x) => `CAST(${x} AS VARCHAR)`);
  }
}

function numberToOther(from: LogicalType, to: LogicalType, options: CastOptions): Conversion | Refusal {
  if (from.kind === "integer" && options.formats !== undefined && isTime(to)) {
    return chainIfPossible(safe((x) => `CAST(${x} AS VARCHAR)`), fromText(to, options)!);
  }
  return refuse(
    from,
    to,
    from.kind === "boolean" || !isTime(to)
      ? SQL_HINT
      : "say what the number counts in a sql step: to_timestamp(x) for seconds, epoch_ms(x) for milliseconds" +
        (from.kind === "integer" ? '; or give `format: "%Y%m%d"` for numbers such as 20240131' : ""),
  );
}

/** Wall-clock times without a zone are taken for UTC, and instants are written as UTC. */
function fromTime(
  from: Extract<LogicalType, { kind: "date" | "datetime" }>,
  to: LogicalType,
  options: CastOptions,
): Conversion | Refusal {
  if (to.kind === "datetime") return checkedByEngine(to);
  if (to.kind === "date") {
    const zone = from.kind === "datetime" && from.tz;
    const plain = (x: string) => (zone ? `CAST(${x} AS TIMESTAMP)` : x);
    return options.lossy ? checkedByEngine(to, plain) : guarded(
      to,
      (x, cast) => [`CAST(${cast} AS TIMESTAMP) = ${plain(x)}`],
      plain,
    );
  }
  if (to.kind === "time" && from.kind === "datetime") {
    if (options.lossy) return checkedByEngine(to, (x) => `CAST(${x} AS TIMESTAMP)`);
    return refuse(from, to, "set `lossy: true` to drop the date");
  }
  return refuse(from, to, "say what the number should count in a sql step: epoch(x), epoch_ms(x), …");
}

function refuse(from: LogicalType, to: LogicalType, hint: string): Refusal {
  return { refused: `${formatType(from)} can't be cast to ${formatType(to)}`, hint };
}

function chainIfPossible(first: Conversion, second: Conversion | Refusal): Conversion | Refusal {
  return "refused" in second ? second : chain(first, second);
}
