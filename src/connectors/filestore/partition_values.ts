/** Values that `key=value` folders can't tell apart, and proof that partitioned files hold all rows. */
import {
  ConnectorError,
  EngineError,
  quoteIdent,
  quoteList,
  quoteLiteral,
  type Schema,
  type Session,
} from "../../sdk/mod.ts";
import { NULL_FOLDER } from "./partitions.ts";

/** Begins the message by which a statement fails on such a value; the column's number and the value follow. */
const MARK = "no folder of its own: column ";

/**
 * A SELECT that fails on a text which would be read back as NULL: the name of the folder for NULL, and `null` in any case
 * (DuckDB and Hive take both for NULL).
 */
export function refuseNullTexts(select: string, schema: Schema, keys: readonly string[]): string {
  const items = keys.flatMap((key, index) => {
    const type = schema.fields.find(({ name }) => name.toLowerCase() === key.toLowerCase())?.type;
    if (type === undefined || !["string", "json"].includes(type.kind)) return [];
    const column = quoteIdent(key);
    const text = `CAST(${column} AS VARCHAR)`;
    return [
      `CASE WHEN ${text} = ${quoteLiteral(NULL_FOLDER)} THEN error(${failure(index, text)}) ` +
      `WHEN lower(${text}) = 'null' THEN error(${failure(index, text)}) ELSE ${column} END AS ${column}`,
    ];
  });
  return items.length === 0 ? select : `SELECT * REPLACE (${items.join(", ")}) FROM (${select})`;
}

function failure(index: number, text: string): string {
  return `concat(${quoteLiteral(`${MARK}${index}, value `)}, ${text}, ';')`;
}

/** The error of a statement made by `refuseNullTexts`, for people; others as they are. */
export function partitionError(error: unknown, keys: readonly string[]): unknown {
  if (!(error instanceof EngineError)) return error;
  const found = new RegExp(`${MARK}(\\d+), value (\\w+);`).exec(`${error.message} ${String(error.cause)}`);
  if (found === null) return error;
  const [column, value] = [keys[Number(found[1])]!, found[2]!];
  return new ConnectorError(
    "PARTITION_VALUE",
    `The text "${value}" in column "${column}" can't be a partition: its folder ${column}=${value} would be read back as NULL.`,
    {
      hint:
        `change the value in a transform (nullif(${column}, '${value}') makes it NULL), or partition by another column`,
      context: { column, value },
      cause: error,
    },
  );
}

/**
 * Holds the rows of Parquet files, which say how many they have, against those that were to be written.
 * @throws {ConnectorError} `ROWS_LOST`.
 */
export async function assertAllRows(
  session: Session,
  paths: readonly string[],
  expected: number,
): Promise<void> {
  if (paths.length === 0) return;
  const [row] = await session.query<{ n: bigint }>(
    `SELECT coalesce(sum(num_rows), 0)::BIGINT AS n FROM parquet_file_metadata(${quoteList(paths)})`,
  );
  if (Number(row!.n) === expected) return;
  throw new ConnectorError(
    "ROWS_LOST",
    `${expected} rows were to be written, and the partitioned files hold ${row!.n}.`,
    {
      hint: "nothing was published; load without partition_by, and report this",
      context: { rows: expected },
    },
  );
}
