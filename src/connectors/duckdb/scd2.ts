/**
 * `strategy: scd2`: every version of a row is kept. `_valid_from` is when it began, `_valid_to` when it ended; NULL is "still
 * current". A row that comes again unchanged is left alone, so that a batch applied twice is applied once.
 */
import { ConnectorError, quoteIdent, quoteLiteral, type Schema, type Session } from "../../sdk/mod.ts";
import type { Target } from "./database.ts";
import type { Staged } from "./merge.ts";
import { type ExistingTable, readTable } from "./schema.ts";

const FROM = "_valid_from";
export const VALID_TO = "_valid_to";
const TO = VALID_TO;

/** Whether a table keeps versions: one that was there before may not yet. */
export function hasVersions(table: ExistingTable): boolean {
  return table.columns.some(({ name }) => name.toLowerCase() === VALID_TO);
}

/**
 * What must hold before versions are written.
 * @throws {ConnectorError} `RESERVED_COLUMN` where the rows have such a column, `SCD2_UNIQUE_KEY` where the table allows
 * one row a key only.
 */
export function checkScd2(
  schema: Schema,
  table: ExistingTable | undefined,
  of: { target: Target; keys: readonly string[] },
): void {
  const taken = schema.fields.find((f) => [FROM, TO].includes(f.name.toLowerCase()));
  if (taken !== undefined) {
    throw new ConnectorError(
      "RESERVED_COLUMN",
      `The rows have a column "${taken.name}", which scd2 keeps its times in.`,
      {
        hint: "rename it with a rename_columns step",
        context: { column: taken.name },
      },
    );
  }
  const keys = of.keys.map((k) => k.toLowerCase());
  const unique = table?.keys.find((columns) => columns.every((c) => keys.includes(c.toLowerCase())));
  if (unique !== undefined) {
    throw new ConnectorError(
      "SCD2_UNIQUE_KEY",
      `${of.target.schema}.${of.target.name} allows one row per (${
        unique.join(", ")
      }), but scd2 keeps several versions of it.`,
      { hint: "load into another table, or drop the constraint", context: { columns: [...unique] } },
    );
  }
}

/** Adds the two columns where they are missing. Rows that are there already began at an unknown time: NULL. */
export async function addValidity(session: Session, target: Target): Promise<void> {
  const table = await readTable(session, target);
  for (const column of [FROM, TO]) {
    if (table!.columns.some((c) => c.name.toLowerCase() === column)) continue;
    await session.run(`ALTER TABLE ${target.sql} ADD COLUMN ${column} TIMESTAMPTZ`);
  }
}

/**
 * The time of a load's versions: the start of the run, but later than every version there is, so that no version ends before
 * it begins when a clock goes wrong. RFC 3339.
 */
export async function versionTime(session: Session, target: Target, startedAt: string): Promise<string> {
  const table = await readTable(session, target);
  if (!table?.columns.some((c) => c.name.toLowerCase() === FROM)) return startedAt;
  const start = `CAST(${quoteLiteral(startedAt)} AS TIMESTAMPTZ)`;
  const [row] = await session.query<{ at: string }>(
    `SELECT CAST(CASE WHEN max(${FROM}) >= ${start} THEN max(${FROM}) + INTERVAL 1 MICROSECOND ELSE ${start} END
       AS VARCHAR) AS at FROM ${target.sql}`,
  );
  return row!.at;
}

/** Closes the versions that changed and opens new ones. Inside the transaction. Returns rows inserted and updated. */
export async function applyScd2(
  session: Session,
  staged: Staged,
  to: { target: Target; at: string },
): Promise<number> {
  const { target } = to;
  const { keys, columns } = staged;
  const at = `CAST(${quoteLiteral(to.at)} AS TIMESTAMPTZ)`;
  const table = await readTable(session, target);
  // A column that the batch does not have goes on as it was in the version before.
  const kept = table!.columns.map((c) => c.name)
    .filter((name) => !columns.includes(name) && ![FROM, TO].includes(name.toLowerCase()));
  const values = columns.filter((c) => !keys.includes(c));
  const match = (left: string, right: string) =>
    keys.map((key) => `${left}.${quoteIdent(key)} = ${right}.${quoteIdent(key)}`).join(" AND ");
  const differs = values.length === 0
    ? "false"
    : values.map((c) => `t.${quoteIdent(c)} IS DISTINCT FROM s.${quoteIdent(c)}`).join(" OR ");
  const changed = `temp.main.${quoteIdent(session.temporaryName("versions"))}`;
  const list = [...columns.map((c) => `s.${quoteIdent(c)}`), ...kept.map((c) => `t.${quoteIdent(c)}`)];
  await session.run(
    `CREATE TEMP TABLE ${changed} AS SELECT ${list.join(", ")} FROM ${staged.table} AS s
     LEFT JOIN ${target.sql} AS t ON ${match("t", "s")} AND t.${TO} IS NULL
     WHERE t.${quoteIdent(keys[0]!)} IS NULL OR ${differs}`,
  );
  // A version that this load has opened itself is replaced: one version a run.
  await session.run(
    `DELETE FROM ${target.sql} AS t USING ${changed} AS c WHERE ${
      match("t", "c")
    } AND t.${TO} IS NULL AND t.${FROM} = ${at}`,
  );
  const closed = await session.run(
    `UPDATE ${target.sql} AS t SET ${TO} = ${at} FROM ${changed} AS c WHERE ${
      match("t", "c")
    } AND t.${TO} IS NULL`,
  );
  const names = [...columns, ...kept].map(quoteIdent).join(", ");
  const opened = await session.run(
    `INSERT INTO ${target.sql} (${names}, ${FROM}, ${TO}) SELECT ${names}, ${at}, NULL FROM ${changed}`,
  );
  await session.run(`DROP TABLE ${changed}`);
  return closed.rowsChanged + opened.rowsChanged;
}
