/** The one pass over a batch: rows that are good stay, and the others are handed over with what is wrong with them. Pure. */
import { type Field, quoteIdent, quoteLiteral, type Schema } from "../sdk/mod.ts";
import type { CompiledCheck } from "./checks.ts";
import { rejects } from "./rules.ts";

/** What the parts of a text that is handed over are divided by; JSON has none that is not escaped. */
export const DIVIDER = "\t";

export interface SplitInput {
  /** SQL to stand after FROM, with the columns of the rows and those of checks that look further. */
  readonly relation: string;
  /** The rows without those extra columns. */
  readonly schema: Schema;
  readonly checks: readonly CompiledCheck[];
  /** Name of the function that takes texts: `Session.registerAside`. */
  readonly aside: string;
}

/** A condition that is true for rows that break any of the checks, else false or NULL. */
export function anyBroken(checks: readonly CompiledCheck[]): string {
  const conditions = checks.flatMap(({ broken }) => broken ?? []);
  return conditions.length === 0 ? "false" : `(${conditions.join("\n OR ")})`;
}

/** True for rows that do not reach the destination, else false. */
export function rejected(checks: readonly CompiledCheck[]): string {
  return `coalesce(${anyBroken(checks.filter(({ rule }) => rejects(rule.fate)))}, false)`;
}

/**
 * The rows to load. In the same pass each row that breaks a check is handed over as three parts (`DIVIDER` between): the
 * indexes of the checks, a JSON list of what is wrong, and the row as JSON. Undefined where no row can break any.
 */
export function splitSql({ relation, schema, checks, aside }: SplitInput): string | undefined {
  const possible = checks.filter(({ broken }) => broken !== undefined);
  if (possible.length === 0) return undefined;
  const columns = schema.fields.map(({ name }) => quoteIdent(name)).join(", ");
  const indexes = possible.map(({ broken, index }) => `CASE WHEN ${broken} THEN '${index}' END`);
  const faults = possible.map((check) => `CASE WHEN ${check.broken} THEN ${faultOf(check)} END`);
  const parts = [
    `concat_ws(',', ${indexes.join(", ")})`,
    `CAST(to_json(list_filter([${faults.join(", ")}], lambda x: x IS NOT NULL)) AS VARCHAR)`,
    `CAST(${rowJson(schema.fields)} AS VARCHAR)`,
  ];
  // CASE evaluates a branch for the rows that come to it and no others; a NULL condition goes to ELSE.
  return `SELECT ${columns} FROM ${relation} WHERE CASE WHEN ${anyBroken(possible)}\n` +
    ` THEN ${aside}(${parts.join(` || chr(9) || `)}, NOT ${rejected(checks)}) ELSE true END`;
}

/** What quarantine keeps of one check that a row breaks. */
function faultOf({ check, rule, value, what }: CompiledCheck): string {
  const column = rule.columns.length === 0 ? "CAST(NULL AS VARCHAR)" : quoteLiteral(rule.columns.join(", "));
  const place = check.location === undefined
    ? ""
    : `${check.location.file.split(/[\\/]/).at(-1)}:${check.location.line}:${check.location.column}`;
  const message = check.kind === "function"
    ? `coalesce(nullif(${value}, ''), ${quoteLiteral(what)})`
    : quoteLiteral(what);
  return `{'rule': ${quoteLiteral(check.name)}, 'column': ${column}, 'value': CAST(${
    check.kind === "function" ? "NULL" : value
  } AS VARCHAR), 'message': ${message}, 'place': ${quoteLiteral(place)}}`;
}

/**
 * A row as a JSON object that loses nothing: decimals are text, and so is what JSON has no number for; binary is base64.
 * Within lists and structs numbers are as JSON has them.
 */
export function rowJson(fields: readonly Field[]): string {
  return `to_json({${fields.map((field) => `${quoteLiteral(field.name)}: ${jsonValue(field)}`).join(", ")}})`;
}

function jsonValue({ name, type }: Field): string {
  const column = quoteIdent(name);
  switch (type.kind) {
    case "decimal":
    case "interval":
      return `CAST(${column} AS VARCHAR)`;
    case "float":
      return `CASE WHEN isfinite(${column}) THEN to_json(${column}) ELSE to_json(CAST(${column} AS VARCHAR)) END`;
    case "binary":
      return `to_base64(${column})`;
    default:
      return column;
  }
}
