/** Names of tables as recipes write them, for all SQL systems. */

/** A table of the connector's database. */
export interface TableName {
  /** Undefined: the connector's `schema`, else the system's default. */
  readonly schema?: string;
  readonly name: string;
}

/**
 * Reads `table`, `schema.table`, `"odd.name"."a ""table"""`; parts without quotes may hold anything but a dot and a quote,
 * and keep their case.
 * Undefined where the text is no such name.
 */
export function parseTableName(text: string): TableName | undefined {
  const parts: string[] = [];
  const part = /\s*(?:"((?:[^"]|"")+)"|([^".]+))\s*(\.|$)/y;
  for (let at = 0; at < text.length || at === 0;) {
    part.lastIndex = at;
    const found = part.exec(text);
    if (found === null) return undefined;
    const name = found[1]?.replaceAll('""', '"') ?? found[2]!.trim();
    if (name === "") return undefined;
    parts.push(name);
    at = part.lastIndex;
    if (found[3] === "") break;
    if (at >= text.length) return undefined;
  }
  if (parts.length > 2) return undefined;
  return parts.length === 2 ? { schema: parts[0]!, name: parts[1]! } : { name: parts[0]! };
}

/** Writes a name so that `parseTableName` reads it back. */
export function formatTableName(name: TableName): string {
  const plain = (part: string) =>
    /[".]/.test(part) || part.trim() !== part ? `"${part.replaceAll('"', '""')}"` : part;
  return name.schema === undefined ? plain(name.name) : `${plain(name.schema)}.${plain(name.name)}`;
}
