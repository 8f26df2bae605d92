/** Names as recipes write them, and PostgreSQL's way to quote. */
export { formatTableName, parseTableName, type TableName } from "../_sql/names.ts";

/** PostgreSQL cuts longer identifiers, with a notice only. Bytes. */
export const IDENTIFIER_BYTES = 63;

/** A text as a literal; E'' where it holds a backslash, so that it means the same whatever the server's settings. */
export function pgLiteral(text: string): string {
  const quoted = text.replaceAll("'", "''");
  return quoted.includes("\\") ? `E'${quoted.replaceAll("\\", "\\\\")}'` : `'${quoted}'`;
}
