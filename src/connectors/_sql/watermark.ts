/** The upper end of a watermark window, fixed when the run starts. */
import type { ReadRequest, Session } from "../../sdk/mod.ts";
import { typedLiteral } from "./cursor.ts";
import { between, type Bounds, type Found } from "./window.ts";

/**
 * The exclusive upper end as exact text, or undefined where the window holds no rows.
 * Dates and times: the start of the run. Numbers: the highest value there is, whose own rows wait until a higher one
 * is there, because more of them may come. In both cases `end_value` if that is lower.
 */
export async function watermarkHigh(
  read: { session: Session; relation: string; request: ReadRequest },
  bounds: Bounds,
  found: Found,
): Promise<string | undefined> {
  if (found.rows === 0) return undefined;
  const { session, relation } = read;
  const { column, low } = bounds;
  const ends = [...bounds.below];
  if (bounds.watermark === undefined) {
    const above = bounds.below.length === 0 ? [] : await session.query(
      `SELECT 1 AS x FROM (${relation}) AS r WHERE ${
        bounds.below.map((end) => `r.${column.sql} >= ${end}`).join(" AND ")
      } LIMIT 1`,
    );
    // Rows at or above end_value show that all below it has been reached.
    if (above.length === 0) ends.push(typedLiteral(found.high!, column.type));
  }
  const [row] = await session.query<{ high: string }>(
    `SELECT CAST(least(${
      ends.map((end) => `CAST(${end} AS ${column.type})`).join(", ")
    }) AS VARCHAR) AS high`,
  );
  const high = row!.high;
  const upTo = `r.${column.sql} < ${typedLiteral(high, column.type)}`;
  const inside = await session.query(
    `SELECT 1 AS x FROM (${relation}) AS r WHERE ${between({ ...bounds, low, below: [] }, upTo)} LIMIT 1`,
  );
  return inside.length === 0 ? undefined : high;
}
