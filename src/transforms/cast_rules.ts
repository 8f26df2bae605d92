/**
 * How a value of one type becomes a value of another without losing anything: the SQL for it, in three forms.
 * Plain `CAST` rounds ('1.5' and 1.5 become 2), cuts ('2024-01-02 garbage' becomes a date) and shifts; these do not.
 */
import { engineType, type LogicalType, quoteLiteral } from "../sdk/mod.ts";

/** SQL over one value. `x` is the SQL of the value; it may be repeated, the engine computes it once. */
export interface Conversion {
  /** Fails the statement on a value that does not fit. */
  readonly strict: (x: string) => string;
  /** NULL for a value that does not fit. */
  readonly tolerant: (x: string) => string;
  /** True for a value that is not NULL and does not fit. Never NULL. */
  readonly unfit: (x: string) => string;
}

/** What one column of a cast asks for. */
export interface CastOptions {
  /** Let numbers be rounded, times be cut: what a plain CAST loses. */
  readonly lossy: boolean;
  /** `strptime` formats to read texts with (or to write them with), tried in order. */
  readonly formats?: readonly string[];
}

/** Why two types have no conversion, and what to do instead. */
export interface Refusal {
  readonly refused: string;
  readonly hint: string;
}

export function isRefusal(value: Conversion | Refusal): value is Refusal {
  return "refused" in value;
}

/** The value as it is. */
export const IDENTITY: Conversion = { strict: (x) => x, tolerant: (x) => x, unfit: () => "false" };

/** A conversion that can't fail and loses nothing. */
export function safe(sql: (x: string) => string): Conversion {
  return { strict: sql, tolerant: sql, unfit: () => "false" };
}

/** A conversion that the engine itself refuses where it would lose something. */
export function checkedByEngine(to: LogicalType, value: (x: string) => string = (x) => x): Conversion {
  return fallible(
    (x) => `CAST(${value(x)} AS ${engineType(to)})`,
    (x) => `TRY_CAST(${value(x)} AS ${engineType(to)})`,
  );
}

/** A conversion from the SQL that fails and the SQL that gives NULL. */
export function fallible(strict: (x: string) => string, tolerant: (x: string) => string): Conversion {
  return {
    strict,
    tolerant,
    unfit: (x) => `CASE WHEN ${x} IS NULL THEN false ELSE ${tolerant(x)} IS NULL END`,
  };
}

/**
 * A conversion that takes only values that pass one of the `tests`: SQL over the value and its plain cast, the cheapest
 * and likeliest first. Where none is true the statement fails: through a cast of a text that is nothing, because
 * `error()` would keep the engine from moving filters below the step.
 */
export function guarded(
  to: LogicalType,
  tests: (x: string, cast: string) => readonly string[],
  value: (x: string) => string = (x) => x,
): Conversion {
  const type = engineType(to);
  // A WHEN each, not OR: the engine's optimizer takes quadratic time for many conjunctions in one SELECT, which a
  // thousand columns are (1.5 s instead of 0.2 s).
  const branches = (x: string, cast: string) =>
    tests(x, cast).map((test) => `WHEN ${test} THEN ${cast}`).join(" ");
  return fallible(
    (x) => `CASE ${branches(x, `CAST(${value(x)} AS ${type})`)} ELSE ${failure(x, to)} END`,
    (x) => `CASE ${branches(x, `TRY_CAST(${value(x)} AS ${type})`)} END`,
  );
}

/** `AND`, without a conjunction. */
export function both(first: string, second: string): string {
  return `CASE WHEN ${first} THEN ${second} ELSE false END`;
}

/** `OR` of tests that are never NULL, without a conjunction. */
export function either(tests: readonly string[]): string {
  const needed = tests.filter((test) => test !== "false");
  const last = needed.pop();
  if (last === undefined || needed.length === 0) return last ?? "false";
  return `CASE ${needed.map((test) => `WHEN ${test} THEN true`).join(" ")} ELSE ${last} END`;
}

/** SQL that fails with the value in the message, and is NULL for NULL. */
export function failure(x: string, to: LogicalType): string {
  return `CAST('not exact: ' || CAST(${x} AS VARCHAR) AS ${engineType(to)})`;
}

/** One conversion after another. */
export function chain(first: Conversion, second: Conversion): Conversion {
  return {
    strict: (x) => second.strict(first.strict(x)),
    tolerant: (x) => second.tolerant(first.tolerant(x)),
    unfit: (x) => either([first.unfit(x), second.unfit(first.tolerant(x))]),
  };
}

/** A test of the whole text; the pattern is RE2's. */
export function fullMatch(x: string, pattern: string, options?: "i"): string {
  const flags = options === undefined ? "" : `, '${options}'`;
  return `regexp_full_match(${x}, ${quoteLiteral(pattern)}${flags})`;
}
