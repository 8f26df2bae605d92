/**
 * Putting the rows of an overwrite in place.
 *
 * A table that is there keeps its identity: its rows are deleted and the staged ones inserted, in one transaction. So everything
 * that hangs on it stays (views, grants, indexes, constraints, foreign keys, triggers, policies, comments, publications), and
 * readers see the old rows until the commit and the new ones after it, also those whose snapshot is older than the commit.
 * TRUNCATE and swapping tables by their names are faster, but keep readers waiting or show an older snapshot an empty
 * table (https://www.postgresql.org/docs/current/mvcc-caveats.html); swapping also loses what hangs on the table.
 */
import { ConnectorError, quoteIdent } from "../../sdk/mod.ts";
import type { Overwrite } from "../_sql/dialect.ts";
import { findColumn, nameOf, type Target } from "../_sql/table.ts";
import type { PgConnection } from "./connection.ts";
import { pgLiteral } from "./names.ts";
import type { PgColumn, PgTable } from "./target_table.ts";
import { writeError } from "./write_errors.ts";

export class PgOverwrite implements Overwrite<PgColumn> {
  readonly #connection: () => PgConnection;
  readonly #readTable: (target: Target) => Promise<PgTable | undefined>;

  constructor(
    of: { connection: () => PgConnection; readTable: (target: Target) => Promise<PgTable | undefined> },
  ) {
    this.#connection = of.connection;
    this.#readTable = of.readTable;
  }

  async #run(sql: string, target: Target, doing: string): Promise<number> {
    try {
      return await this.#connection().run(sql, { doing });
    } catch (error) {
      throw writeError(error, { table: nameOf(target) });
    }
  }

  async check(target: Target): Promise<void> {
    const table = await this.#readTable(target);
    if (table === undefined) return;
    if (table.rowSecurity) {
      throw new ConnectorError(
        "ROW_SECURITY",
        `${nameOf(target)} can't be overwritten: row-level security hides rows of it from this role.`,
        { hint: "load as the table's owner or a role with BYPASSRLS", context: { table: nameOf(target) } },
      );
    }
    await this.#refuseReferences(target, table);
  }

  /**
   * Foreign keys of other tables that point here. Deleting all rows would take the others' rows along, or be refused, unless the
   * key is checked at the commit.
   */
  async #refuseReferences(target: Target, table: PgTable): Promise<void> {
    const references = await this.#connection().query<{ name: string; action: string; deferrable: boolean }>(
      `SELECT conrelid::regclass::text AS name, confdeltype::text AS action, condeferrable AS deferrable
       FROM pg_catalog.pg_constraint WHERE contype = 'f' AND confrelid = ${table.oid} AND conrelid <> ${table.oid}`,
    );
    const refused = references.filter((r) => !r.deferrable || r.action !== "a");
    if (refused.length === 0) return;
    const names = [...new Set(refused.map((r) => r.name))];
    throw new ConnectorError(
      "FOREIGN_KEY_REFERENCE",
      `${nameOf(target)} can't be replaced: a foreign key of ${names.join(", ")} points at it.`,
      {
        hint: "use write_mode: merge, or make the foreign key DEFERRABLE with ON DELETE NO ACTION",
        context: { table: nameOf(target), referenced_by: names },
      },
    );
  }

  async constrain(staging: Target, live: { target: Target; table: PgTable }): Promise<void> {
    const staged = (await this.#readTable(staging))!;
    const has = (name: string) => staged.columns.some((c) => c.name === name);
    for (const column of live.table.columns) {
      const made = staged.columns.find((c) => c.name === column.name);
      if (made === undefined || column.nullable) continue;
      await this.#run(
        `ALTER TABLE ${staging.sql} ALTER COLUMN ${quoteIdent(column.name)} SET NOT NULL`,
        staging,
        "Making the staging table",
      );
    }
    for (const key of live.table.keys) {
      if (!key.usable || !key.columns.every(has)) continue;
      await this.#run(
        `CREATE UNIQUE INDEX ON ${staging.sql} (${key.columns.map(quoteIdent).join(", ")})`,
        staging,
        "Making the staging table",
      );
    }
    for (const check of await this.#checks(live.table, has)) {
      await this.#run(
        `ALTER TABLE ${staging.sql} ADD CONSTRAINT ${quoteIdent(check.name)} ${check.definition}`,
        staging,
        "Making the staging table",
      );
    }
  }

  async #checks(
    table: PgTable,
    has: (column: string) => boolean,
  ): Promise<{ name: string; definition: string }[]> {
    const checks = await this.#connection().query<
      { name: string; definition: string; columns: string[] | null }
    >(
      `SELECT c.conname AS name, pg_get_constraintdef(c.oid) AS definition,
         (SELECT array_agg(a.attname::text) FROM pg_catalog.pg_attribute a
          WHERE a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey)) AS columns
       FROM pg_catalog.pg_constraint c WHERE c.contype = 'c' AND c.conrelid = ${table.oid}`,
    );
    return checks.filter((check) => (check.columns ?? []).every(has));
  }

  async publish(staging: Target, target: Target): Promise<void> {
    const live = await this.#readTable(target);
    if (live === undefined) return await this.#rename(staging, target);
    await this.check(target);
    const staged = (await this.#readTable(staging))!;
    const changes = changesOf(live, staged);
    const doing = `Replacing the rows of ${nameOf(target)}`;
    // Writers wait, readers don't, unless the table itself has to change.
    const lock = changes.length > 0 ? "ACCESS EXCLUSIVE" : "SHARE ROW EXCLUSIVE";
    await this.#run(`LOCK TABLE ${target.sql} IN ${lock} MODE`, target, doing);
    await this.#run("SET CONSTRAINTS ALL DEFERRED", target, doing);
    await this.#run(`DELETE FROM ${target.sql}`, target, doing);
    for (const change of changes) await this.#run(`ALTER TABLE ${target.sql} ${change}`, target, doing);
    const columns = staged.columns.map((c) => quoteIdent(c.name)).join(", ");
    await this.#run(
      `INSERT INTO ${target.sql} (${columns}) OVERRIDING SYSTEM VALUE SELECT ${columns} FROM ${staging.sql}`,
      target,
      doing,
    );
    await this.#run("SET CONSTRAINTS ALL IMMEDIATE", target, doing);
    await this.#run(`DROP TABLE ${staging.sql}`, staging, doing);
  }

  /** There is no table yet: the staging table becomes it, and its indexes get names that go with it. */
  async #rename(staging: Target, target: Target): Promise<void> {
    const doing = `Making ${nameOf(target)}`;
    const indexes = await this.#connection().query<{ name: string }>(
      `SELECT i.relname AS name FROM pg_catalog.pg_index x JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid
       WHERE x.indrelid = ${pgLiteral(staging.sql)}::regclass ORDER BY 1`,
    );
    await this.#run(`ALTER TABLE ${staging.sql} RENAME TO ${quoteIdent(target.name)}`, target, doing);
    for (const { name } of indexes) {
      const ending = /_(pkey|idx\d*|key\d*)$/.exec(name)?.[0] ?? "_idx";
      const free = await this.#freeName(target, ending);
      await this.#run(
        `ALTER INDEX ${quoteIdent(target.schema)}.${quoteIdent(name)} RENAME TO ${quoteIdent(free)}`,
        target,
        doing,
      );
    }
  }

  async #freeName(target: Target, ending: string): Promise<string> {
    for (let n = 0;; n++) {
      const end = n === 0 ? ending : `${ending}${n}`;
      const [row] = await this.#connection().query<{ name: string; taken: boolean }>(
        `SELECT name, EXISTS (SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
           WHERE n.nspname = ${pgLiteral(target.schema)} AND c.relname = name) AS taken
         FROM (SELECT (left(${pgLiteral(target.name)}, ${63 - end.length}) || ${
          pgLiteral(end)
        })::name::text AS name) AS x`,
      );
      if (!row!.taken) return row!.name;
    }
  }

  describe(target: Target, live: boolean): string[] {
    if (!live) return [`ALTER TABLE staging RENAME TO ${quoteIdent(target.name)}`];
    return [
      `LOCK TABLE ${target.sql} IN SHARE ROW EXCLUSIVE MODE`,
      `DELETE FROM ${target.sql}`,
      `INSERT INTO ${target.sql} SELECT … FROM staging`,
      "DROP TABLE staging",
    ];
  }
}

/** What the live table needs so that the staged rows fit. It has no rows when it is changed. */
function changesOf(live: PgTable, staged: PgTable): string[] {
  return staged.columns.flatMap((column) => {
    const there = findColumn(live, column.name);
    const name = quoteIdent(column.name);
    if (there === undefined) return [`ADD COLUMN ${name} ${column.type}`];
    return there.type === column.type ? [] : [`ALTER COLUMN ${name} TYPE ${column.type} USING NULL`];
  });
}
