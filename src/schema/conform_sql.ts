/** The SQL that makes rows what `fitRows` has decided. Pure. */
import { engineType, type LogicalType, quoteIdent, quoteLiteral, sameType } from "../sdk/mod.ts";
import type { Fit, OutputColumn } from "./fit.ts";
import { isNumber } from "./lattice.ts";

/** SQL over one value: see `src/transforms/cast_rules.ts`, which makes them. */
export interface Coercion {
  /** Fails the statement on a value that does not fit. */
  readonly strict: (x: string) => string;
  /** NULL for a value that does not fit. */
  readonly tolerant: (x: string) => string;
  /** True for a value that is not NULL and does not fit. Never NULL. */
  readonly unfit: (x: string) => string;
}

/** How a type becomes another; undefined where there is no way. */
export type Converter = (
  from: LogicalType,
  to: LogicalType,
  options: { lossy: boolean },
) => Coercion | undefined;

/** What the statement that `error()` ends says; the value is looked up afterwards. */
export const NULL_MESSAGE = "NULL where the schema has none";

/** A leading zero says something ('007'), which a number would not. */
const LEADING_ZERO = String.raw`\s*[+-]?0\d.*`;

/** The columns of a fit with the SQL of each. `r` is the alias of the rows. */
export class ConformSql {
  readonly #fit: Fit;
  readonly #convert: Converter;

  constructor(fit: Fit, convert: Converter) {
    this.#fit = fit;
    this.#convert = convert;
  }

  /** The first column whose type can't become the one it is to have. */
  refused(): OutputColumn | undefined {
    return this.#fit.columns.find((column) =>
      column.source !== undefined && column.onMisfit !== "null" &&
      this.#coercion(column, column.lossy) === undefined
    ) ?? this.#lenient().find((column) => this.#coercion(column, true) === undefined);
  }

  /** Whether the rows are what they are to be already. */
  changesNothing(columns: readonly string[]): boolean {
    return this.#fit.discardWhenSet.length === 0 && this.#fit.columns.length === columns.length &&
      this.#fit.columns.every((column, index) =>
        column.name === columns[index] && column.source === column.name && column.onNull === undefined &&
        column.unlessFits === undefined && this.#isPlain(column)
      );
  }

  /** Whether rows may be left out or values changed, so that they must be counted. */
  get counts(): boolean {
    return this.discards.length > 0 || this.#lenient().length > 0 || this.#variants().length > 0;
  }

  /** The SELECT over a relation. */
  select(relation: string): string {
    const items = this.#fit.columns.map((column) => `${this.#value(column)} AS ${quoteIdent(column.name)}`);
    const where = this.discards.length === 0 ? "" : ` WHERE NOT (${this.discards.join(" OR ")})`;
    return `SELECT ${items.join(", ")} FROM ${relation} AS r${where}`;
  }

  /** Conditions under which a row is left out. */
  get discards(): string[] {
    return [
      ...this.#fit.discardWhenSet.map((name) => `r.${quoteIdent(name)} IS NOT NULL`),
      ...this.#fit.columns.flatMap((column) => {
        if (column.source === undefined) return [];
        const unfit = column.onMisfit === "discard_row" ? [this.#unfit(column)] : [];
        return column.onNull === "discard_row" && column.fill === undefined
          ? [...unfit, `${this.#converted(column)} IS NULL`]
          : unfit;
      }),
    ];
  }

  /**
   * One row of counts: `discarded`, and for each of `counted()` how many values were changed (`changed_i`) and made NULL or
   * put elsewhere (`lost_i`), with the first such value and its row.
   */
  countSql(relation: string, row: string): string {
    const n = quoteIdent(row);
    const discarded = this.discards.length === 0 ? "false" : this.discards.join(" OR ");
    const counts = this.counted().flatMap((column, index) => {
      const unfit = this.#unfit(column);
      const lost = column.lossy
        ? this.#coercion(column, true)!.unfit(`r.${quoteIdent(column.source!)}`)
        : unfit;
      const changed = column.lossy ? `(${unfit} AND NOT ${lost})` : "false";
      const text = `CAST(r.${quoteIdent(column.source!)} AS VARCHAR)`;
      return [
        `count(*) FILTER (WHERE ${changed}) AS changed_${index}`,
        `count(*) FILTER (WHERE ${lost}) AS lost_${index}`,
        `min(r.${n}) FILTER (WHERE ${unfit}) AS row_${index}`,
        `arg_min(left(${text}, 200), r.${n}) FILTER (WHERE ${unfit}) AS value_${index}`,
      ];
    });
    return `SELECT ${[`count(*) FILTER (WHERE ${discarded}) AS discarded`, ...counts].join(", ")} ` +
      `FROM (SELECT *, row_number() OVER () AS ${n} FROM ${relation}) AS r`;
  }

  /** Columns whose values may be changed, made NULL, put elsewhere or be the reason to leave a row out. */
  counted(): readonly OutputColumn[] {
    return this.#fit.columns.filter((column) =>
      column.source !== undefined && column.unlessFits === undefined &&
      (column.onMisfit !== "error") && !this.#isPlain(column)
    );
  }

  /** A SELECT of at most one row (`row`, `column`, `value`): the first value that stops the statement; undefined if none can. */
  diagnoseSql(relation: string, row: string): string | undefined {
    const tests = this.#fit.columns.flatMap((column, index) => {
      if (column.source === undefined) return [];
      const unfit = column.onMisfit === "error" && !this.#isPlain(column) ? [this.#unfit(column)] : [];
      const missing = column.onNull === "error" && column.fill === undefined
        ? [`${this.#converted(column, "tolerant")} IS NULL`]
        : [];
      return [...unfit, ...missing].map((test) => `WHEN ${test} THEN ${index}`);
    });
    if (tests.length === 0) return undefined;
    const failed = quoteIdent("__dataloader_failed");
    const picked = (value: (column: OutputColumn) => string) =>
      `CASE ${failed} ${
        this.#fit.columns.flatMap((column, index) =>
          column.source === undefined ? [] : [`WHEN ${index} THEN ${value(column)}`]
        ).join(" ")
      } END`;
    return `SELECT ${quoteIdent(row)} AS "row", ${failed}::INTEGER AS "index", ` +
      `left(${picked((c) => `CAST(${quoteIdent(c.source!)} AS VARCHAR)`)}, 200) AS "value" FROM (` +
      `SELECT *, CASE ${tests.join(" ")} END AS ${failed} FROM (` +
      `SELECT *, row_number() OVER () AS ${quoteIdent(row)} FROM ${relation}) AS r` +
      `${this.discards.length === 0 ? "" : ` WHERE NOT (${this.discards.join(" OR ")})`}) ` +
      `WHERE ${failed} IS NOT NULL ORDER BY 1 LIMIT 1`;
  }

  #lenient(): OutputColumn[] {
    return this.#fit.columns.filter((column) =>
      column.lossy && column.source !== undefined && !this.#isPlain(column)
    );
  }

  #variants(): OutputColumn[] {
    return this.#fit.columns.filter((column) => column.unlessFits !== undefined);
  }

  #value(column: OutputColumn): string {
    const type = engineType(column.type);
    const fill = column.fill === undefined ? undefined : `CAST(${quoteLiteral(column.fill)} AS ${type})`;
    if (column.source === undefined) return fill ?? `CAST(NULL AS ${type})`;
    const value = this.#converted(column);
    if (column.onNull === undefined) return value;
    if (fill !== undefined) return `coalesce(${value}, ${fill})`;
    if (column.onNull === "discard_row") return value;
    return `CASE WHEN ${value} IS NULL THEN CAST(error(${
      quoteLiteral(NULL_MESSAGE)
    }) AS ${type}) ELSE ${value} END`;
  }

  #converted(column: OutputColumn, form?: "tolerant"): string {
    const x = `r.${quoteIdent(column.source!)}`;
    const coercion = this.#coercion(column, column.lossy);
    // Values that have another column to go to.
    if (coercion === undefined) return `CAST(NULL AS ${engineType(column.type)})`;
    if (column.unlessFits !== undefined) {
      const inBase = this.#exact(column.from!, column.unlessFits, false)?.unfit(x) ?? `${x} IS NOT NULL`;
      return `CASE WHEN ${inBase} THEN ${coercion.strict(x)} END`;
    }
    return form === undefined && column.onMisfit === "error" ? coercion.strict(x) : coercion.tolerant(x);
  }

  #unfit(column: OutputColumn): string {
    const x = `r.${quoteIdent(column.source!)}`;
    return this.#coercion(column, false)?.unfit(x) ?? `${x} IS NOT NULL`;
  }

  #isPlain(column: OutputColumn): boolean {
    return sameType(column.from!, column.type) &&
      (column.via === undefined || sameType(column.via, column.type));
  }

  #coercion(column: OutputColumn, lossy: boolean): Coercion | undefined {
    const via = column.via ?? column.type;
    const first = this.#exact(column.from!, via, lossy);
    if (first === undefined || sameType(via, column.type)) return first;
    const second = this.#exact(via, column.type, lossy);
    if (second === undefined) return undefined;
    return {
      strict: (x) => second.strict(first.strict(x)),
      tolerant: (x) => second.tolerant(first.tolerant(x)),
      unfit: (x) => `CASE WHEN ${first.unfit(x)} THEN true ELSE ${second.unfit(first.tolerant(x))} END`,
    };
  }

  /** A conversion that takes no text for a number where the text says more than the number would. */
  #exact(from: LogicalType, to: LogicalType, lossy: boolean): Coercion | undefined {
    if (sameType(from, to)) return { strict: (x) => x, tolerant: (x) => x, unfit: () => "false" };
    const coercion = this.#convert(from, to, { lossy });
    if (coercion === undefined || lossy || from.kind !== "string" || !isNumber(to)) return coercion;
    const zeros = (x: string) => `coalesce(regexp_full_match(${x}, ${quoteLiteral(LEADING_ZERO)}), false)`;
    const type = engineType(to);
    return {
      strict: (x) =>
        `CASE WHEN ${zeros(x)} THEN CAST('leading zero: ' || ${x} AS ${type}) ELSE ${coercion.strict(x)} END`,
      tolerant: (x) => `CASE WHEN ${zeros(x)} THEN NULL ELSE ${coercion.tolerant(x)} END`,
      unfit: (x) => `CASE WHEN ${zeros(x)} THEN true ELSE ${coercion.unfit(x)} END`,
    };
  }
}
