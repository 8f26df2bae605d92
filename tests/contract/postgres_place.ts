/** A database of a real PostgreSQL for the suites. What is put there goes through psql, and the server reads the values. */
import { createSession } from "../../src/batch/mod.ts";
import postgres from "../../src/connectors/postgres/mod.ts";
import { type LogicalType, quoteIdent } from "../../src/sdk/mod.ts";
import { freePort } from "../servers/postgres.ts";
import { postgresMissing, sharedPostgres } from "../servers/postgres_test_case.ts";
import type { Stream } from "./stream.ts";
import type { Broken, System } from "./system.ts";

const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;

/** `block` adds keys to every block: other ways to connect. */
export function postgresSystem(more: Partial<System> = {}): System {
  return {
    name: "postgres",
    connector: postgres,
    missing: postgresMissing(),
    async open() {
      const server = await sharedPostgres();
      const database = await server.createDatabase();
      const connection = server.connection({ database });
      const nobody = `nobody_${database}`;
      await server.createRole(nobody);
      await server.execute(
        "CREATE TABLE closed AS SELECT 1 AS id; REVOKE CREATE ON SCHEMA public FROM PUBLIC",
        { database },
      );
      await server.execute(`CREATE TABLE mine (id int); ALTER TABLE mine OWNER TO ${server.user}`, {
        database,
      });
      const made = new Set<string>();
      const broken = (["read", "write"] as const).flatMap((use): Broken[] => {
        const of = (
          name: string,
          block: Record<string, unknown>,
          expected: Omit<Broken, "name" | "use" | "block">,
        ) => ({
          name: `${name}, to ${use}`,
          use,
          block: { ...connection, table: "mine", ...block },
          ...expected,
        });
        return [
          of("no server", { port: freePort() }, {
            code: "CONNECTION_REFUSED",
            retryable: true,
            says: /127\.0\.0\.1/,
          }),
          of("wrong password", { password: "not it" }, {
            code: "WRONG_PASSWORD",
            retryable: false,
            says: /loader/,
          }),
          of("unknown role", { user: "no_one" }, {
            code: "WRONG_PASSWORD",
            retryable: false,
            says: /no_one/,
          }),
          of("unknown database", { database: "nowhere" }, {
            code: "DATABASE_NOT_FOUND",
            retryable: false,
            says: /nowhere/,
          }),
          of("TLS that is not offered", { sslmode: "require" }, {
            code: "TLS_NOT_OFFERED",
            retryable: false,
            says: /TLS|SSL/,
          }),
          of("no rights", { user: nobody, table: "closed" }, {
            code: "PERMISSION_DENIED",
            retryable: false,
            says: /closed|public/,
          }),
        ];
      });
      return {
        block: (table) => ({ ...connection, table: quoted(table) }),
        async seed(table, rows, { keys = [] } = {}) {
          await server.execute(await seedSql(table, rows, { keys, make: !made.has(table) }), { database });
          // Not for a table that is being read: these wait for its readers.
          if (!made.has(table)) {
            await server.execute(`ALTER TABLE ${quoted(table)} OWNER TO ${server.user}`, { database });
          }
          made.add(table);
          await server.execute(`ANALYZE ${quoted(table)}`, { database });
        },
        secrets: [server.password],
        broken: [
          ...broken,
          {
            name: "an unknown table",
            use: "read",
            block: { ...connection, table: "nowhere" },
            code: "TABLE_NOT_FOUND",
            retryable: false,
            says: /nowhere/,
          },
          {
            name: "a query that is none",
            use: "read",
            block: { ...connection, query: "SELEC 1" },
            code: "SQL_ERROR",
            retryable: false,
            says: /syntax/i,
          },
        ],
        async leftovers() {
          const open = `SELECT state || ': ' || left(query, 100) AS what FROM pg_stat_activity
            WHERE datname = '${database}' AND usename = '${server.user}'`;
          // A session that was told to end takes a moment.
          for (let tries = 0; tries < 20 && (await server.rows(open)).length > 0; tries++) {
            await new Promise((done) => setTimeout(done, 50));
          }
          const tables = await server.rows(
            `SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE c.relkind IN ('r', 'p') AND c.relname LIKE '\\_dataloader%' AND c.relname <> '_dataloader_loads'
               AND n.nspname NOT LIKE 'pg\\_temp%'`,
            { database },
          );
          return [...await server.rows(open), ...tables];
        },
        async [Symbol.asyncDispose]() {
          await server.execute(`DROP DATABASE ${database} WITH (FORCE)`);
          await server.execute(`DROP ROLE ${nobody}`);
        },
      };
    },
    ...more,
  };
}

/** The statements that make a table of a stream's rows, every value written as text for the server to read. */
async function seedSql(
  table: string,
  rows: Stream,
  { keys, make }: { keys: readonly string[]; make: boolean },
): Promise<string> {
  const { fields } = rows.schema;
  const session = await createSession();
  try {
    const texts = fields.map((f) => `${text(quoteIdent(f.name), f.type)} AS ${quoteIdent(f.name)}`).join(
      ", ",
    );
    const values = await (await session.relation(`SELECT ${texts} FROM (${rows.select}) AS q`)).rows();
    const columns = fields.map((f) => `${quoted(f.name)} ${pgType(f.type)}`);
    const key = keys.length === 0 ? [] : [`PRIMARY KEY (${keys.map(quoted).join(", ")})`];
    const json = values.map((row) => {
      const parts = row.map((value, i) => `"c${i}":${item(value, fields[i]!.type)}`);
      return `{${parts.join(",")}}`;
    });
    const literal = `'[${json.join(",").replaceAll("'", "''")}]'::json`;
    // JSON arrays become arrays of the server's, and each value goes through its type's own reader.
    const record = fields.map((f, i) => `c${i} ${f.type.kind === "json" ? "text" : pgType(f.type)}`).join(
      ", ",
    );
    // JSON goes as text: its null would be NULL.
    const selected = fields.map((f, i) => f.type.kind === "json" ? `c${i}::json` : `c${i}`).join(", ");
    const create = make ? `CREATE TABLE ${quoted(table)} (${[...columns, ...key].join(", ")});` : "";
    return `${create}
      INSERT INTO ${quoted(table)} (${fields.map((f) => quoted(f.name)).join(", ")})
      SELECT ${selected} FROM json_to_recordset(${literal}) AS t(${record});`;
  } finally {
    await session.close();
  }
}

function text(column: string, type: LogicalType): string {
  if (type.kind === "binary") return `'\\x' || lower(hex(${column}))`;
  if (type.kind === "array" || type.kind === "struct") return `CAST(to_json(${column}) AS VARCHAR)`;
  // The engine marks years before Christ behind the date, PostgreSQL at the end.
  if (type.kind === "date" || type.kind === "datetime") {
    return `regexp_replace(CAST(${column} AS VARCHAR), '^(\\S+) \\(BC\\)(.*)$', '\\1\\2 BC')`;
  }
  return `CAST(${column} AS VARCHAR)`;
}

function item(value: unknown, type: LogicalType): string {
  if (value === null) return "null";
  const raw = type.kind === "array" || type.kind === "struct";
  return raw ? String(value) : JSON.stringify(value);
}

function pgType(type: LogicalType): string {
  switch (type.kind) {
    case "string":
      return "text";
    case "integer":
      if (type.unsigned) {
        return { 8: "smallint", 16: "integer", 32: "bigint", 64: "numeric(20,0)" }[type.bits];
      }
      return { 8: "smallint", 16: "smallint", 32: "integer", 64: "bigint" }[type.bits];
    case "float":
      return type.bits === 32 ? "real" : "double precision";
    case "decimal":
      return `numeric(${type.precision},${type.scale})`;
    case "datetime":
      return type.tz ? "timestamptz" : "timestamp";
    case "binary":
      return "bytea";
    case "struct":
      return "json";
    case "array":
      return type.items.kind === "array" || type.items.kind === "struct" ? "json" : `${pgType(type.items)}[]`;
    default:
      return type.kind;
  }
}
