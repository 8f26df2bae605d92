/** Names of tables as recipes write them. */
export { formatTableName, parseTableName, type TableName } from "../_sql/names.ts";

/** The name under which a new database is made, until it is whole. */
export function newDatabase(path: string): string {
  return `${path}.new.tmp`;
}
