/** What the role must be allowed to do, asked of the server; nothing is made. */
import { ConnectorError, counted } from "../../sdk/mod.ts";
import { LOADS_TABLE } from "../_sql/loads.ts";
import { nameOf, type Target } from "../_sql/table.ts";
import type { PgDriver } from "./driver.ts";
import { pgLiteral } from "./names.ts";

interface Rights extends Record<string, unknown> {
  readonly role: string;
  readonly schema_there: boolean;
  readonly create_schema: boolean;
  readonly use_schema: boolean;
  readonly create_table: boolean;
  readonly temporary: boolean;
  readonly loads_there: boolean;
  readonly loads_write: boolean;
  readonly read_only: string;
}

/**
 * Proves that a table can be loaded. Leaves nothing behind.
 * @throws {ConnectorError} `PERMISSION_DENIED` with what is missing and how to grant it, `READ_ONLY_SERVER`, `NOT_A_TABLE`.
 */
export async function proveRights(driver: PgDriver, target: Target): Promise<string[]> {
  const connection = await driver.connection();
  const schema = pgLiteral(target.schema);
  const loads = pgLiteral(`"${target.schema.replaceAll('"', '""')}".${LOADS_TABLE}`);
  const [rights] = await connection.query<Rights>(
    `SELECT current_user::text AS role, n.oid IS NOT NULL AS schema_there,
       has_database_privilege(current_database(), 'CREATE') AS create_schema,
       has_database_privilege(current_database(), 'TEMPORARY') AS temporary,
       coalesce(has_schema_privilege(n.oid, 'USAGE'), false) AS use_schema,
       coalesce(has_schema_privilege(n.oid, 'CREATE'), false) AS create_table,
       to_regclass(${loads}) IS NOT NULL AS loads_there,
       coalesce(has_table_privilege(to_regclass(${loads})::oid, 'SELECT') AND
         has_table_privilege(to_regclass(${loads})::oid, 'INSERT') AND
         has_table_privilege(to_regclass(${loads})::oid, 'UPDATE') AND
         has_table_privilege(to_regclass(${loads})::oid, 'DELETE'), false) AS loads_write,
       current_setting('transaction_read_only') AS read_only
     FROM (SELECT 1 AS x) AS one LEFT JOIN pg_catalog.pg_namespace n ON n.nspname = ${schema}`,
  );
  const right = rights!;
  const role = `"${right.role}"`;
  if (right.read_only === "on") {
    throw new ConnectorError(
      "READ_ONLY_SERVER",
      "The server is a standby, or read-only: nothing can be loaded into it.",
      {
        hint: "name the primary server",
      },
    );
  }
  const missing: string[] = [];
  const grants: string[] = [];
  const need = (held: boolean, what: string, grant: string) => {
    if (held) return;
    missing.push(what);
    grants.push(grant);
  };
  const named = `"${target.schema}"`;
  if (!right.schema_there) {
    need(right.create_schema, "CREATE on the database", `GRANT CREATE ON DATABASE … TO ${role}`);
  } else {
    need(right.use_schema, `USAGE on schema ${named}`, `GRANT USAGE ON SCHEMA ${named} TO ${role}`);
    const needsCreate = !right.loads_there;
    if (needsCreate) {
      need(
        right.create_table,
        `CREATE on schema ${named} (for ${LOADS_TABLE})`,
        `GRANT CREATE ON SCHEMA ${named} TO ${role}`,
      );
    } else {
      need(
        right.loads_write,
        `SELECT, INSERT, UPDATE and DELETE on ${named}.${LOADS_TABLE}`,
        `GRANT SELECT, INSERT, UPDATE, DELETE ON ${named}.${LOADS_TABLE} TO ${role}`,
      );
    }
  }
  await proveTable(driver, target, { need, mayCreate: right.create_table || !right.schema_there, role });
  if (missing.length > 0) {
    throw new ConnectorError("PERMISSION_DENIED", `Role ${role} lacks ${missing.join("; ")}.`, {
      hint: `as the owner: ${grants.join("; ")}`,
      context: { role: right.role, missing, grants },
    });
  }
  const table = right.schema_there ? await driver.readTable(target) : undefined;
  return [
    `${connection.settings.database} can be written as ${role}`,
    table === undefined
      ? `${nameOf(target)} does not exist yet and can be made`
      : `${nameOf(target)} has ${counted(table.columns.length, "column")}`,
    ...(right.temporary
      ? []
      : ["temporary tables may not be made: merge and casts at the server will not work"]),
  ];
}

async function proveTable(
  driver: PgDriver,
  target: Target,
  of: { need: (held: boolean, what: string, grant: string) => void; mayCreate: boolean; role: string },
): Promise<void> {
  const table = await driver.readTable(target);
  if (table === undefined) {
    of.need(
      of.mayCreate,
      `CREATE on schema "${target.schema}" (for the table)`,
      `GRANT CREATE ON SCHEMA "${target.schema}" TO ${of.role}`,
    );
    return;
  }
  if (!table.writable) {
    throw new ConnectorError(
      "NOT_A_TABLE",
      `${nameOf(target)} is a ${table.kind}, which can't be loaded into.`,
      {
        hint: "name a table",
        context: { table: nameOf(target) },
      },
    );
  }
  const [row] = await (await driver.connection()).query<{ insert: boolean }>(
    `SELECT has_any_column_privilege(${table.oid}::oid, 'INSERT') AS insert`,
  );
  of.need(row!.insert, `INSERT on ${nameOf(target)}`, `GRANT INSERT, SELECT ON ${target.sql} TO ${of.role}`);
}
