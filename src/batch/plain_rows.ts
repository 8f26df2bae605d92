import type { Batch } from "../sdk/mod.ts";

export async function readRows(batch: Batch, options: { limit?: number }): Promise<unknown[][]> {
  const limit = options.limit === undefined ? "" : ` LIMIT ${options.limit}`;
  const rows = await batch.session.query(`SELECT * FROM (${batch.sql})${limit}`);
  return rows.map((row) => Object.values(row));
}
