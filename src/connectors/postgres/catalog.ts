/** What the server's catalog says of tables, views, queries and their columns. */
import pg from "pg";
import { ConnectorError, nearest, qualifiedName } from "../../sdk/mod.ts";
import type { PgConnection } from "./connection.ts";
import { formatTableName, parseTableName, pgLiteral, type TableName } from "./names.ts";
import type { CatalogColumn, CatalogType } from "./read_types.ts";

/** A table, view, partitioned or foreign table. */
export interface Relation {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  /** The name, quoted and qualified. */
  readonly sql: string;
  /** `r` table, `p` partitioned, `v` view, `m` materialized view, `f` foreign table. */
  readonly kind: string;
  /** True where rows of it lie in other tables too: partitions, or tables that inherit from it. */
  readonly hasChildren: boolean;
  /** The file its rows are in: another one after a rewrite. */
  readonly file: number;
  /** Rows by the last ANALYZE; undefined where there was none. */
  readonly estimatedRows?: number;
  /** Blocks now, and bytes with what is stored out of line. */
  readonly blocks: number;
  readonly bytes: number;
  /** Row-level security hides rows of it from the role. */
  readonly secured: boolean;
  readonly readable: boolean;
}

export const BLOCK_BYTES = 8192;

const KINDS = "'r', 'p', 'v', 'm', 'f'";

/** Schemas that no one loads from. */
const SYSTEM = "n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'";

interface RelationRow extends Record<string, unknown> {
  oid: number;
  schema: string;
  name: string;
  kind: string;
  children: boolean;
  file: number | null;
  tuples: number;
  pages: number;
  blocks: bigint;
  bytes: bigint;
  secured: boolean;
  readable: boolean;
}

/** The table or view of a name; undefined where there is none. */
export async function findRelation(
  connection: PgConnection,
  name: TableName,
): Promise<Relation | undefined> {
  const place = name.schema === undefined
    ? "pg_table_is_visible(c.oid)"
    : `n.nspname = ${pgLiteral(name.schema)}`;
  const [row] = await connection.query<RelationRow>(
    `SELECT c.oid, n.nspname AS schema, c.relname AS name, c.relkind AS kind,
       c.relhassubclass AND EXISTS (SELECT FROM pg_inherits i WHERE i.inhparent = c.oid) AS children,
       pg_relation_filenode(c.oid) AS file, c.reltuples AS tuples, c.relpages AS pages,
       CASE WHEN c.relkind IN ('r', 'm') THEN pg_relation_size(c.oid) / current_setting('block_size')::int8 ELSE 0 END AS blocks,
       CASE WHEN c.relkind IN ('r', 'm') THEN pg_table_size(c.oid) ELSE 0 END AS bytes,
       row_security_active(c.oid) AS secured, has_any_column_privilege(c.oid, 'SELECT') AS readable
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relname = ${pgLiteral(name.name)} AND ${place} AND c.relkind IN (${KINDS})`,
  );
  if (row === undefined) return undefined;
  // Never analyzed: -1 since PostgreSQL 14, 0 rows on 0 pages before.
  const known = row.tuples > 0 || (row.tuples === 0 && (row.pages > 0 || row.blocks === 0n));
  return {
    oid: row.oid,
    schema: row.schema,
    name: row.name,
    sql: qualifiedName(row.schema, row.name),
    kind: row.kind,
    hasChildren: row.kind === "p" || row.children,
    file: row.file ?? 0,
    ...(known && ["r", "m"].includes(row.kind) ? { estimatedRows: scaled(row) } : {}),
    blocks: Number(row.blocks),
    bytes: Number(row.bytes),
    secured: row.secured,
    readable: row.readable,
  };
}

/** Rows now, taking the rows a page of the last ANALYZE. */
function scaled({ tuples, pages, blocks }: RelationRow): number {
  return Math.round(pages === 0 ? tuples : tuples / pages * Number(blocks));
}

/**
 * The table or view of a config.
 * @throws {ConnectorError} `TABLE_NOT_FOUND` with the nearest name, `SCHEMA_NOT_FOUND`, `PERMISSION_DENIED`.
 */
export async function requireRelation(
  connection: PgConnection,
  config: { table?: string; schema?: string },
): Promise<Relation> {
  const parsed = parseTableName(config.table!)!;
  const name = { schema: parsed.schema ?? config.schema, name: parsed.name };
  const found = await findRelation(connection, name);
  if (found === undefined) throw await notFound(connection, name);
  if (!found.readable) {
    throw new ConnectorError(
      "PERMISSION_DENIED",
      `The role "${connection.settings.user}" may not read ${formatTableName(found)}.`,
      {
        hint: `GRANT SELECT ON ${found.sql} TO ${qualifiedName(connection.settings.user)}`,
        context: { table: formatTableName(found), user: connection.settings.user },
      },
    );
  }
  return found;
}

async function notFound(connection: PgConnection, name: TableName): Promise<ConnectorError> {
  const shown = formatTableName(name);
  const context = { table: shown, database: connection.settings.database };
  if (name.schema !== undefined) {
    const schemas = await connection.query<{ name: string }>(
      `SELECT nspname AS name FROM pg_namespace n WHERE ${SYSTEM}`,
    );
    if (!schemas.some((schema) => schema.name === name.schema)) {
      const near = nearest(name.schema, schemas.map((schema) => schema.name));
      return new ConnectorError(
        "SCHEMA_NOT_FOUND",
        `There is no schema "${name.schema}" in database "${connection.settings.database}".`,
        {
          hint: near === undefined
            ? `there are: ${schemas.map((s) => s.name).join(", ")}`
            : `did you mean "${near}"?`,
          context,
        },
      );
    }
  }
  const all = await connection.query<{ schema: string; name: string; visible: boolean }>(
    `SELECT n.nspname AS schema, c.relname AS name, pg_table_is_visible(c.oid) AS visible
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN (${KINDS}) AND NOT c.relispartition AND ${SYSTEM} ORDER BY 1, 2 LIMIT 5000`,
  );
  const names = all.map((other) => formatTableName(other.visible ? { name: other.name } : other));
  const same = all.find((other) => other.name.toLowerCase() === name.name.toLowerCase());
  const near = same === undefined ? nearest(shown, names) : formatTableName(same);
  return new ConnectorError("TABLE_NOT_FOUND", `There is no table or view ${shown}.`, {
    hint: near !== undefined
      ? `did you mean "${near}"?`
      : names.length === 0
      ? "the database has no tables that the role may see"
      : `there are: ${names.slice(0, 20).join(", ")}${names.length > 20 ? ", …" : ""}`,
    context,
  });
}

/** The columns of a table or view, in order. */
export async function tableColumns(connection: PgConnection, oid: number): Promise<CatalogColumn[]> {
  const rows = await connection.query<
    { name: string; type: number; modifier: number; required: boolean; dimensions: number }
  >(
    `SELECT attname AS name, atttypid AS type, atttypmod AS modifier, attnotnull AS required, attndims::int4 AS dimensions
     FROM pg_attribute WHERE attrelid = ${oid} AND attnum > 0 AND NOT attisdropped ORDER BY attnum`,
  );
  const types = await readTypes(connection, rows);
  return rows.map((row, index) => ({
    name: row.name,
    type: types[index]!,
    nullable: !row.required,
    dimensions: row.dimensions,
  }));
}

/**
 * The columns of a SELECT. Plans it, and reads no rows.
 * @throws {ConnectorError} `SQL_ERROR` and what else the server finds wrong with it.
 */
export async function queryColumns(connection: PgConnection, query: string): Promise<CatalogColumn[]> {
  let fields: pg.FieldDef[];
  try {
    // The subquery keeps it to one SELECT, and a line of its own ends a comment.
    const result = await connection.client.query(`SELECT * FROM (\n${query}\n) AS q LIMIT 0`);
    fields = result.fields;
  } catch (cause) {
    throw connection.error(cause, { doing: "The query", context: { key: ["query"] } });
  }
  const types = await readTypes(
    connection,
    fields.map((field) => ({ type: field.dataTypeID, modifier: field.dataTypeModifier })),
  );
  return fields.map((field, index) => ({
    name: field.name,
    type: types[index]!,
    nullable: true,
    dimensions: 0,
  }));
}

interface TypeRow extends Record<string, unknown> {
  oid: number;
  kind: string;
  base: number;
  modifier: number;
  items: number;
}

/** The types of columns, with what they are made of. */
async function readTypes(
  connection: PgConnection,
  columns: readonly { type: number; modifier: number }[],
): Promise<CatalogType[]> {
  const known = new Map<number, TypeRow>();
  let wanted = [...new Set(columns.map((column) => column.type))];
  while (wanted.length > 0) {
    const rows = await connection.query<TypeRow>(
      // An array is a type with items that others know it as the array of; name and point have items and are none.
      `SELECT t.oid, t.typtype AS kind, t.typbasetype AS base, t.typtypmod AS modifier,
         CASE WHEN e.typarray = t.oid THEN t.typelem ELSE 0::oid END AS items
       FROM pg_type t LEFT JOIN pg_type e ON e.oid = t.typelem WHERE t.oid IN (${wanted.join(", ")})`,
    );
    for (const row of rows) known.set(row.oid, row);
    wanted = [...new Set(rows.flatMap((row) => [row.base, row.items]))].filter((oid) =>
      oid !== 0 && !known.has(oid)
    );
  }
  const names = await typeNames(connection, columns);
  const build = (oid: number, modifier: number, name: string): CatalogType => {
    const row = known.get(oid) ?? { oid, kind: "b", base: 0, modifier: -1, items: 0 };
    return {
      oid,
      name,
      kind: row.kind,
      modifier,
      ...(row.base === 0 ? {} : { base: build(row.base, row.modifier, name) }),
      ...(row.items === 0 ? {} : { items: build(row.items, modifier, name) }),
    };
  };
  return columns.map(({ type, modifier }, index) => build(type, modifier, names[index]!));
}

async function typeNames(
  connection: PgConnection,
  columns: readonly { type: number; modifier: number }[],
): Promise<string[]> {
  if (columns.length === 0) return [];
  const rows = await connection.query<{ name: string }>(
    `SELECT format_type(t.oid, t.modifier) AS name FROM (VALUES ${
      columns.map(({ type, modifier }, index) => `(${index}, ${type}::oid, ${modifier}::int4)`).join(", ")
    }) AS t(place, oid, modifier) ORDER BY t.place`,
  );
  return rows.map((row) => row.name);
}

/** The columns of a primary key, in its order; none where there is no key. */
export async function primaryKeys(connection: PgConnection): Promise<Map<number, string[]>> {
  const rows = await connection.query<{ oid: number; columns: string[] }>(
    `SELECT c.conrelid AS oid, array_agg(a.attname ORDER BY k.place) AS columns
     FROM pg_constraint c CROSS JOIN LATERAL unnest(c.conkey) WITH ORDINALITY AS k(number, place)
     JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.number
     WHERE c.contype = 'p' GROUP BY c.conrelid`,
  );
  return new Map(rows.map((row) => [row.oid, row.columns]));
}

/** Tables and views that the role may read, without partitions, the system's and dataloader's own. */
export async function listRelations(
  connection: PgConnection,
): Promise<{ oid: number; schema: string; name: string; visible: boolean; estimatedRows?: number }[]> {
  const rows = await connection.query<
    { oid: number; schema: string; name: string; visible: boolean; tuples: number; kind: string }
  >(
    `SELECT c.oid, n.nspname AS schema, c.relname AS name, pg_table_is_visible(c.oid) AS visible, c.relkind AS kind,
       CASE WHEN c.relkind = 'p' THEN (
         SELECT CASE WHEN bool_and(p.reltuples >= 0) THEN sum(p.reltuples) ELSE -1 END
         FROM pg_partition_tree(c.oid) AS t JOIN pg_class p ON p.oid = t.relid WHERE t.isleaf
       ) ELSE c.reltuples END::float8 AS tuples
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN (${KINDS}) AND NOT c.relispartition AND ${SYSTEM}
       AND c.relname NOT LIKE '\\_dataloader\\_%' AND has_any_column_privilege(c.oid, 'SELECT')
     ORDER BY 2, 3`,
  );
  return rows.map(({ tuples, kind, ...relation }) => ({
    ...relation,
    ...(tuples >= 0 && !["v", "f"].includes(kind) ? { estimatedRows: Math.round(tuples) } : {}),
  }));
}
