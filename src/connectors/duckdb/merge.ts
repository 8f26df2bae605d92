/** `merge`: the batch is staged in a temporary table, checked, cut to one row a key, and applied. */
import { type Batch, ConnectorError, type LoadRequest, quoteIdent, type Session } from "../../sdk/mod.ts";
import type { Target } from "./database.ts";
import type { Fit } from "./schema.ts";
import { applyScd2 } from "./scd2.ts";

/** A batch in a temporary table: one row a key, in the table's types. */
export interface Staged {
  /** Name of the temporary table, quoted. */
  readonly table: string;
  /** Rows that came in, before any was dropped for a later one. */
  readonly received: number;
  /** Names as the target spells them. */
  readonly keys: readonly string[];
  readonly columns: readonly string[];
}

/**
 * Puts a batch into a temporary table and leaves one row a key: the one with the highest `orderBy`, else the last.
 * Inside the transaction, so that it is gone with it.
 * @throws {ConnectorError} `NULL_KEY` with a count and a sample.
 */
export async function stageBatch(
  session: Session,
  batch: Batch,
  with_: { fit: Fit; request: LoadRequest; keys: readonly string[] },
): Promise<Staged> {
  const { fit, request } = with_;
  const table = `temp.main.${quoteIdent(session.temporaryName("stage"))}`;
  const list = fit.columns.map((c) => `${c.value} AS ${quoteIdent(c.name)}`);
  // DuckDB numbers the rows itself; a column of that name would stand in its place.
  const shadowed = fit.columns.some((c) => c.name.toLowerCase() === "rowid");
  const rowId = shadowed ? quoteIdent(session.temporaryName("row")) : "rowid";
  if (shadowed) list.push(`row_number() OVER () AS ${rowId}`);
  const created = await session.run(
    `CREATE TEMP TABLE ${table} AS SELECT ${list.join(", ")} FROM (${batch.sql}) AS b`,
  );
  const keys = with_.keys.map((key) => fit.columns.find((c) => c.source === key)!.name);
  await refuseNullKeys(session, table, keys);
  const order = fit.columns.find((c) => c.source.toLowerCase() === request.orderBy?.toLowerCase());
  await keepLatest(session, table, { keys, order: order?.name, rowId });
  return { table, received: created.rowsChanged, keys, columns: fit.columns.map((c) => c.name) };
}

async function refuseNullKeys(session: Session, table: string, keys: readonly string[]): Promise<void> {
  const isNull = keys.map((key) => `${quoteIdent(key)} IS NULL`).join(" OR ");
  const [row] = await session.query<{ n: bigint; sample: string | null }>(
    `SELECT count(*) AS n, CAST(any_value(to_json(s)) AS VARCHAR) AS sample FROM ${table} AS s WHERE ${isNull}`,
  );
  const rows = Number(row!.n);
  if (rows === 0) return;
  const sample = row!.sample ?? "";
  throw new ConnectorError(
    "NULL_KEY",
    `${rows} ${rows === 1 ? "row has" : "rows have"} NULL in a merge key (${keys.join(", ")}).`,
    {
      hint: `leave such rows out with a filter step, or choose other keys; the first is ${
        sample.slice(0, 200)
      }`,
      context: { keys: [...keys], rows, sample: sample.slice(0, 1000) },
    },
  );
}

async function keepLatest(
  session: Session,
  table: string,
  by: { keys: readonly string[]; order: string | undefined; rowId: string },
): Promise<void> {
  const keys = by.keys.map(quoteIdent).join(", ");
  const twice = `SELECT ${keys} FROM ${table} GROUP BY ${keys} HAVING count(*) > 1`;
  const some = await session.query(`SELECT 1 AS x FROM (${twice}) LIMIT 1`);
  if (some.length === 0) return;
  const order = by.order === undefined ? "" : `s.${quoteIdent(by.order)} DESC NULLS LAST, `;
  const match = by.keys.map((key) => `s.${quoteIdent(key)} = d.${quoteIdent(key)}`).join(" AND ");
  await session.run(
    `DELETE FROM ${table} WHERE ${by.rowId} IN (
       SELECT id FROM (SELECT s.${by.rowId} AS id, row_number() OVER (
           PARTITION BY ${
      by.keys.map((key) => `s.${quoteIdent(key)}`).join(", ")
    } ORDER BY ${order}s.${by.rowId} DESC) AS nth
         FROM ${table} AS s JOIN (${twice}) AS d ON ${match})
       WHERE nth > 1)`,
  );
}

/** Applies staged rows to a table. Inside the transaction. Returns the rows inserted and updated. */
export async function applyMerge(
  session: Session,
  staged: Staged,
  to: { target: Target; request: LoadRequest; at: string },
): Promise<number> {
  const { target, request } = to;
  const { table, keys, columns } = staged;
  const match = keys.map((key) => `t.${quoteIdent(key)} = s.${quoteIdent(key)}`).join(" AND ");
  const list = columns.map(quoteIdent).join(", ");
  const insert = `INSERT INTO ${target.sql} (${list}) SELECT ${list} FROM ${table} AS s`;
  if (
    request.strategy !== "scd2" &&
    (await session.query(`SELECT 1 AS x FROM ${target.sql} LIMIT 1`)).length === 0
  ) {
    return (await session.run(insert)).rowsChanged;
  }
  switch (request.strategy) {
    case "insert_only": {
      const result = await session.run(
        `${insert} WHERE NOT EXISTS (SELECT 1 FROM ${target.sql} AS t WHERE ${match})`,
      );
      return result.rowsChanged;
    }
    case "delete_insert": {
      await session.run(`DELETE FROM ${target.sql} AS t USING ${table} AS s WHERE ${match}`);
      return (await session.run(insert)).rowsChanged;
    }
    case "scd2":
      return await applyScd2(session, staged, { target, at: to.at });
    case "upsert":
      return await upsert(session, staged, { target, match });
  }
}

/** Rows that are there as they come are not written again: a replay costs no writing. */
async function upsert(
  session: Session,
  staged: Staged,
  to: { target: Target; match: string },
): Promise<number> {
  const { table, keys, columns } = staged;
  const values = columns.filter((c) => !keys.includes(c));
  const update = values.length === 0
    ? ""
    : ` WHEN MATCHED AND (${
      values.map((c) => `t.${quoteIdent(c)} IS DISTINCT FROM s.${quoteIdent(c)}`).join(" OR ")
    }) THEN UPDATE SET ${values.map((c) => `${quoteIdent(c)} = s.${quoteIdent(c)}`).join(", ")}`;
  const result = await session.run(
    `MERGE INTO ${to.target.sql} AS t USING ${table} AS s ON ${to.match}${update}
     WHEN NOT MATCHED THEN INSERT (${columns.map(quoteIdent).join(", ")})
       VALUES (${columns.map((c) => `s.${quoteIdent(c)}`).join(", ")})`,
  );
  return result.rowsChanged;
}
