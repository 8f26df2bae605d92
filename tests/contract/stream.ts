/**
 * Rows with their types, to be put somewhere and found again: hard inputs from `tests/fixtures/streams/*.jsonl`, and rows
 * made by a SELECT.
 *
 * A file's first line is `{"about": "…", "columns": {"id": "int32", …}}`, in the types of recipes; each further line is a
 * row. Values are JSON, or the text that the engine reads as that type where JSON would lose something.
 */
import {
  engineType,
  type LogicalType,
  parseType,
  quoteIdent,
  quoteLiteral,
  type Schema,
} from "../../src/sdk/mod.ts";

export interface Stream {
  readonly name: string;
  readonly schema: Schema;
  /** A SELECT for the embedded engine that gives the rows, in the order of the file. */
  readonly select: string;
}

const FOLDER = new URL("../fixtures/streams/", import.meta.url);

/** The names of all streams that are files. */
export function streamNames(): string[] {
  return [...Deno.readDirSync(FOLDER)].map((entry) => entry.name.replace(/\.jsonl$/, "")).sort();
}

/** Reads a stream. @throws {Error} where a column has no type or a row an unknown column. */
export function readStream(name: string): Stream {
  const [head, ...lines] = Deno.readTextFileSync(new URL(`${name}.jsonl`, FOLDER)).trimEnd().split("\n");
  const { columns } = JSON.parse(head!) as { columns: Record<string, string> };
  const fields = Object.entries(columns).map(([column, text]) => {
    const type = parseType(text);
    if (type === undefined) throw new Error(`stream ${name}: "${text}" is no type`);
    return { name: column, type, nullable: true };
  });
  const rows = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  for (const column of rows.flatMap((row) => Object.keys(row))) {
    if (!Object.hasOwn(columns, column)) throw new Error(`stream ${name}: no type for column "${column}"`);
  }
  const list = fields.map((field) => `${literal(null, field.type)} AS ${quoteIdent(field.name)}`);
  const none = `SELECT ${list.join(", ")} WHERE false`;
  const selects = rows.map((row) => `SELECT ${fields.map((f) => literal(row[f.name], f.type)).join(", ")}`);
  return { name, schema: { fields }, select: [none, ...selects].join(" UNION ALL ") };
}

function literal(value: unknown, type: LogicalType): string {
  const target = engineType(type);
  if (value === null || value === undefined) return `CAST(NULL AS ${target})`;
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const sql = text.split("\0").map(quoteLiteral).join(" || chr(0) || ");
  const nested = type.kind === "array" || type.kind === "struct";
  return nested ? `CAST(CAST(${sql} AS JSON) AS ${target})` : `CAST(${sql} AS ${target})`;
}

/**
 * A SELECT of every column of a relation as text that is the same for the same values: binary as hexadecimal digits, arrays
 * and structs as JSON. `expected` says which columns hold JSON, whatever their type became.
 */
export function textSelect(relation: string, schema: Schema): string {
  const columns = schema.fields.map(({ name, type }) => {
    const column = `q.${quoteIdent(name)}`;
    const text = type.kind === "binary" ? `hex(${column})` : nestedText(column, type);
    return `${text} AS ${quoteIdent(name)}`;
  });
  return `SELECT ${columns.join(", ")} FROM (${relation}) AS q`;
}

function nestedText(column: string, type: LogicalType): string {
  const nested = type.kind === "array" || type.kind === "struct";
  return nested ? `CAST(to_json(${column}) AS VARCHAR)` : `CAST(${column} AS VARCHAR)`;
}

/** JSON without the spaces between its parts, which systems write as they like. */
export function withoutSpaces(json: string): string {
  return json.replaceAll(/("(?:[^"\\]|\\.)*")|\s+/g, (_all, text) => text ?? "");
}
