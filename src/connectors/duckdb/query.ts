/**
 * A query written for one database file, made to work in a session where that file is one of several: each name of a
 * table gets the file's alias. The engine's own parser tells what is a table; its own printer writes the result.
 */
import { ConnectorError, DataLoaderError, quoteIdent, quoteLiteral, type Session } from "../../sdk/mod.ts";
import { describeColumns } from "../_sql/cursor.ts";
import { asConnectorError, inTransaction, within } from "./database.ts";

/** Where the query's names are looked up. */
export interface QueryHome {
  readonly alias: string;
  /** Schema of names without one. */
  readonly schema: string;
  /** The file's own name for itself (its stem): `shop.orders` in `shop.duckdb` is its table orders. */
  readonly stem: string;
}

/**
 * Qualifies a query and proves that it gives the same columns as in its own database.
 * @throws {ConnectorError} `NOT_A_QUERY`, and the engine's codes for what is wrong with the query.
 */
export async function qualifyQuery(session: Session, query: string, home: QueryHome): Promise<string> {
  const text = query.trim().replace(/;\s*$/, "");
  const ast = await parse(session, text);
  new Qualifier(await catalogNames(session, home)).walk(ast, new Set());
  const [row] = await session.query<{ sql: string }>(
    `SELECT json_deserialize_sql(${quoteLiteral(JSON.stringify(ast))}) AS sql`,
  );
  const sql = row!.sql;
  let got;
  try {
    got = await describeColumns(session, sql);
  } catch (cause) {
    // What is wrong with the query itself is told in its own words.
    await asAlone(session, text, home);
    throw unclear(cause);
  }
  const expected = await asAlone(session, text, home).catch(() => got);
  if (got.length !== expected.length || got.some((c, i) => c.type !== expected[i]!.type)) throw unclear();
  if (got.every((c, i) => c.name === expected[i]!.name)) return sql;
  // A column without an alias is named after its expression as it was written.
  return `SELECT * FROM (${sql}) AS q(${expected.map((c) => quoteIdent(c.name)).join(", ")})`;
}

async function asAlone(session: Session, query: string, home: QueryHome) {
  try {
    return await inTransaction(session, () => within(session, home, () => describeColumns(session, query)));
  } catch (cause) {
    throw cause instanceof DataLoaderError ? asConnectorError(cause, {}) : cause;
  }
}

function unclear(cause?: unknown): ConnectorError {
  return new ConnectorError("NOT_A_QUERY", "The query can't be read outside of its own database.", {
    hint: "make it a view in the database and name that as table, or write table names with their schema",
    cause,
  });
}

type Node = Record<string, unknown>;

async function parse(session: Session, query: string): Promise<Node> {
  const [row] = await session.query<{ ast: string }>(
    `SELECT CAST(json_serialize_sql(${quoteLiteral(query)}) AS VARCHAR) AS ast`,
  );
  const ast = parseExactly(row!.ast) as Node;
  if (ast.error === true) {
    const syntax = ast.error_type === "parser";
    throw new ConnectorError(
      syntax ? "SQL_SYNTAX" : "NOT_A_QUERY",
      syntax ? `The query is no SQL: ${ast.error_message}.` : "The query is not one SELECT.",
      {
        hint: syntax
          ? undefined
          : "write a SELECT; a PIVOT needs its values named: PIVOT t ON a IN (1, 2) USING …",
      },
    );
  }
  const statements = ast.statements as { named_param_map?: unknown[] }[];
  if (statements.some((statement) => (statement.named_param_map ?? []).length > 0)) {
    throw new ConnectorError(
      "UNBOUND_PARAMETER",
      "The query has parameters ($1 or ?), which have no values here.",
      {
        hint: "use a template ({{ var('x') }}) instead",
      },
    );
  }
  if (statements.length !== 1) {
    throw new ConnectorError("NOT_A_QUERY", "The query holds several statements.", {
      hint: "write one SELECT",
    });
  }
  return ast;
}

// Numbers keep their text: a constant may be an int64, and positions are uint64.
const exactly = JSON as unknown as { rawJSON(text: string): unknown };

function parseExactly(text: string): unknown {
  const reviver = (_key: string, value: unknown, context?: { source?: string }) =>
    typeof value === "number" && context?.source !== undefined ? exactly.rawJSON(context.source) : value;
  return JSON.parse(text, reviver as (key: string, value: unknown) => unknown);
}

interface CatalogNames {
  readonly home: QueryHome;
  /** Lower case: `schema\0table` of tables and views. */
  readonly relations: ReadonlySet<string>;
  readonly schemas: ReadonlySet<string>;
  /** Lower case name → schema of the file's macros. */
  readonly macros: ReadonlyMap<string, string>;
}

async function catalogNames(session: Session, home: QueryHome): Promise<CatalogNames> {
  const alias = quoteLiteral(home.alias);
  const relations = await session.query<{ schema: string; name: string }>(
    `SELECT lower(schema_name) AS schema, lower(table_name) AS name FROM duckdb_tables() WHERE database_name = ${alias}
     UNION SELECT lower(schema_name), lower(view_name) FROM duckdb_views() WHERE database_name = ${alias}`,
  );
  const schemas = await session.query<{ name: string }>(
    `SELECT lower(schema_name) AS name FROM duckdb_schemas() WHERE database_name = ${alias}
     AND schema_name NOT IN ('information_schema', 'pg_catalog')`,
  );
  const macros = await session.query<{ name: string; schema: string }>(
    `SELECT DISTINCT lower(function_name) AS name, schema_name AS schema FROM duckdb_functions()
     WHERE database_name = ${alias} AND NOT internal`,
  );
  return {
    home,
    relations: new Set(relations.map((r) => `${r.schema}\0${r.name}`)),
    schemas: new Set(schemas.map((s) => s.name)),
    macros: new Map(macros.map((m) => [m.name, m.schema])),
  };
}

/** Walks the parser's tree; knows which names are those of common table expressions. */
class Qualifier {
  readonly #names: CatalogNames;

  constructor(names: CatalogNames) {
    this.#names = names;
  }

  walk(node: unknown, ctes: ReadonlySet<string>): void {
    if (Array.isArray(node)) {
      for (const item of node) this.walk(item, ctes);
      return;
    }
    if (typeof node !== "object" || node === null) return;
    const n = node as Node;
    // Positions in the old text mean nothing in the new one.
    delete n.query_location;
    if (n.type === "BASE_TABLE") this.#table(n, ctes);
    if (n.class === "FUNCTION") this.#function(n);
    const inner = this.#commonTables(n, ctes);
    for (const [key, value] of Object.entries(n)) {
      if (key !== "cte_map") this.walk(value, inner);
    }
  }

  #commonTables(n: Node, ctes: ReadonlySet<string>): ReadonlySet<string> {
    const scope = new Set(ctes);
    // WITH RECURSIVE names itself inside; a plain CTE of a table's name may read that table.
    const own = n.type === "RECURSIVE_CTE_NODE" ? n.cte_name : undefined;
    if (typeof own === "string") scope.add(own.toLowerCase());
    const map = (n.cte_map as { map?: { key: string; value: Node }[] } | undefined)?.map ?? [];
    for (const { key, value } of map) {
      this.walk(value, scope);
      scope.add(key.toLowerCase());
    }
    return scope;
  }

  #table(n: Node, ctes: ReadonlySet<string>): void {
    const { home, relations, schemas } = this.#names;
    const catalog = String(n.catalog_name ?? "").toLowerCase();
    const schema = String(n.schema_name ?? "").toLowerCase();
    const name = String(n.table_name ?? "").toLowerCase();
    const stem = home.stem.toLowerCase();
    if (catalog !== "") {
      if (catalog === stem) n.catalog_name = home.alias;
      return;
    }
    if (schema === "") {
      if (ctes.has(name)) return;
      const found = [home.schema.toLowerCase(), "main"].find((s) => relations.has(`${s}\0${name}`));
      if (found !== undefined) Object.assign(n, { catalog_name: home.alias, schema_name: found });
      return;
    }
    if (schemas.has(schema)) n.catalog_name = home.alias;
    else if (schema === stem && relations.has(`main\0${name}`)) {
      Object.assign(n, { catalog_name: home.alias, schema_name: "main" });
    }
  }

  #function(n: Node): void {
    const schema = this.#names.macros.get(String(n.function_name).toLowerCase());
    if (schema !== undefined && n.schema === "" && n.catalog === "") {
      Object.assign(n, { catalog: this.#names.home.alias, schema });
    }
  }
}
