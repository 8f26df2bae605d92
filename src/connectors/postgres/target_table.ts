/** The table to load into, from the catalogs. https://www.postgresql.org/docs/current/catalogs.html */
import type { SqlColumn, SqlKey, SqlTable, Target } from "../_sql/table.ts";
import type { PgConnection } from "./connection.ts";
import { pgLiteral } from "./names.ts";

/** A type, domains replaced by what they are over. */
export interface PgType {
  /** Object id of the type itself, not of a domain over it. */
  readonly oid: number;
  /** As the catalog has it: `int4`, `varchar`, `_text`, `mood`. */
  readonly name: string;
  /** Of PostgreSQL itself, not of an extension or a user. */
  readonly builtIn: boolean;
  /** `b` base, `e` enum, `c` composite, `r` range, `m` multirange. */
  readonly kind: string;
  /** What the type was declared with, `numeric(10,2)`; -1 for nothing. */
  readonly typmod: number;
  /** For arrays: the type of the items, and its object id as the array has it, which may be a domain's. */
  readonly items?: { readonly oid: number; readonly type: PgType };
  /** Quoted, without what it was declared with. */
  readonly sql: string;
}

export interface PgColumn extends SqlColumn {
  readonly pg: PgType;
  /** GENERATED ALWAYS AS IDENTITY. */
  readonly identityAlways: boolean;
  /** Its order is not that of bytes, so that different texts may count as equal. */
  readonly fuzzy: boolean;
}

export interface PgTable extends SqlTable<PgColumn> {
  readonly oid: number;
  /** Row-level security holds for the role. */
  readonly rowSecurity: boolean;
}

const KINDS: Record<string, string> = {
  r: "table",
  p: "partitioned table",
  f: "foreign table",
  v: "view",
  m: "materialized view",
  S: "sequence",
  i: "index",
  c: "composite type",
};

interface ColumnRow extends Record<string, unknown> {
  readonly name: string;
  readonly type: string;
  readonly type_oid: number;
  readonly typmod: number;
  readonly not_null: boolean;
  readonly identity: string;
  readonly generated: string;
  readonly fuzzy: boolean;
}

interface TypeRow extends Record<string, unknown> {
  readonly oid: number;
  readonly name: string;
  readonly built_in: boolean;
  readonly kind: string;
  readonly base: number;
  readonly typmod: number;
  readonly items: number;
  readonly sql: string;
}

/** A table as it was read, and what tells whether it still is the same. */
export interface CachedTable {
  readonly stamp: string;
  readonly table: PgTable;
}

/**
 * Reads a table; undefined where there is no relation of that name. With `known`, what was read before, one small query tells
 * whether it is still so: the versions of its rows in the catalogs.
 */
export async function readTable(
  connection: PgConnection,
  target: Target,
  known?: CachedTable,
): Promise<CachedTable | undefined> {
  const [found] = await connection.query<{ oid: number; kind: string; row_security: boolean; stamp: string }>(
    `SELECT c.oid, c.relkind::text AS kind, c.relrowsecurity AND row_security_active(c.oid) AS row_security,
       concat_ws(',', c.oid, c.xmin, c.ctid,
         (SELECT string_agg(a.xmin || '/' || a.ctid, ',' ORDER BY a.attnum) FROM pg_catalog.pg_attribute a
          WHERE a.attrelid = c.oid AND a.attnum > 0),
         (SELECT string_agg(i.xmin || '/' || i.ctid, ',' ORDER BY i.indexrelid) FROM pg_catalog.pg_index i
          WHERE i.indrelid = c.oid)) AS stamp
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = ${pgLiteral(target.schema)} AND c.relname = ${pgLiteral(target.name)}`,
  );
  if (found === undefined) return undefined;
  if (known?.stamp === found.stamp && known.table.rowSecurity === found.row_security) return known;
  return { stamp: found.stamp, table: await readWhole(connection, found) };
}

async function readWhole(
  connection: PgConnection,
  found: { oid: number; kind: string; row_security: boolean },
): Promise<PgTable> {
  const columns = await connection.query<ColumnRow>(
    `SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, a.atttypid AS type_oid, a.atttypmod AS typmod,
       a.attnotnull AS not_null, a.attidentity::text AS identity, a.attgenerated::text AS generated,
       coalesce(NOT l.collisdeterministic, false) AS fuzzy
     FROM pg_catalog.pg_attribute a LEFT JOIN pg_catalog.pg_collation l ON l.oid = a.attcollation
     WHERE a.attrelid = ${found.oid} AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`,
  );
  const types = await readTypes(connection, columns.map((c) => c.type_oid));
  return {
    oid: found.oid,
    kind: KINDS[found.kind] ?? "relation of another kind",
    writable: ["r", "p", "f"].includes(found.kind),
    rowSecurity: found.row_security,
    columns: columns.map((c) => ({
      name: c.name,
      type: c.type,
      nullable: !c.not_null,
      generated: c.generated !== "",
      identityAlways: c.identity === "a",
      fuzzy: c.fuzzy,
      pg: resolve(types, c.type_oid, c.typmod),
    })),
    keys: await readKeys(connection, found.oid),
  };
}

async function readKeys(connection: PgConnection, oid: number): Promise<SqlKey[]> {
  return await connection.query<{ columns: string[]; usable: boolean }>(
    `SELECT (SELECT array_agg(a.attname::text ORDER BY k.n) FROM unnest(i.indkey) WITH ORDINALITY AS k(attnum, n)
         JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
         WHERE k.n <= i.indnkeyatts) AS columns,
       i.indpred IS NULL AND i.indimmediate AND i.indisvalid AND i.indisready AS usable
     FROM pg_catalog.pg_index i
     WHERE i.indrelid = ${oid} AND i.indisunique AND i.indexprs IS NULL ORDER BY i.indisprimary DESC, i.indexrelid`,
  );
}

async function readTypes(connection: PgConnection, oids: readonly number[]): Promise<Map<number, TypeRow>> {
  if (oids.length === 0) return new Map();
  const rows = await connection.query<TypeRow>(
    `WITH RECURSIVE wanted(oid) AS (
       SELECT unnest('{${[...new Set(oids)].join(",")}}'::oid[])
       UNION SELECT unnest(ARRAY[t.typbasetype, CASE WHEN t.typcategory = 'A' THEN t.typelem ELSE 0 END])
       FROM wanted w JOIN pg_catalog.pg_type t ON t.oid = w.oid
     )
     SELECT t.oid, t.typname AS name, n.nspname = 'pg_catalog' AS built_in, t.typtype::text AS kind, t.typbasetype AS base,
       t.typtypmod AS typmod, CASE WHEN t.typcategory = 'A' THEN t.typelem ELSE 0 END AS items,
       format_type(t.oid, NULL) AS sql
     FROM wanted w JOIN pg_catalog.pg_type t ON t.oid = w.oid JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace`,
  );
  return new Map(rows.map((row) => [row.oid, row]));
}

function resolve(types: Map<number, TypeRow>, oid: number, typmod: number): PgType {
  const row = types.get(oid)!;
  if (row.kind === "d") return resolve(types, row.base, row.typmod);
  return {
    oid,
    name: row.name,
    builtIn: row.built_in,
    kind: row.kind,
    typmod,
    sql: row.sql,
    ...(row.items === 0 ? {} : { items: { oid: row.items, type: resolve(types, row.items, typmod) } }),
  };
}
