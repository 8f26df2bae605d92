/** The rows that the benchmark loads: the same for the same number of rows, on every machine. */
import { DuckDBInstance } from "@duckdb/node-api";

/** The generated files of one size. */
export interface BenchData {
  readonly rows: number;
  readonly csv: string;
  readonly jsonl: string;
  readonly parquet: string;
}

/** Changes whenever the rows do, so that cached files of an older generator are not taken. */
const VERSION = 2;

/**
 * Ten columns of mixed types. Every value is a hash of the row number and a salt, so the rows need no state and
 * come out equal in any order. About one in ten of `score` and `note` is NULL; `note` has quotes, commas and text beyond ASCII.
 * No timestamp is a whole second: DuckDB's own JSON reader settles on one form of timestamps and stops at the other.
 */
export function rowsSql(rows: number): string {
  const h = (salt: number) => `(hash(i, ${salt}) >> 1)::BIGINT`;
  return `
    SELECT
      i::INTEGER AS id,
      ${h(1)} AS big,
      (${h(2)} % 1000000007) / 977.0::DOUBLE AS measure,
      ((${h(3)} % 100000000) / 100)::DECIMAL(12, 2) AS amount,
      'C' || lpad((${h(4)} % 10000)::VARCHAR, 4, '0') AS code,
      CASE WHEN ${h(5)} % 10 = 0 THEN NULL
           ELSE 'Order "' || (${h(6)} % 1000) || '", ' ||
                ['größe', 'naïve café', '東京都', 'plain words', 'emoji 🚀 inside', 'O''Brien & Söhne'][1 + ${
    h(7)
  } % 6] ||
                ', ' || repeat('lorem ipsum ', (1 + ${h(8)} % 6)::INTEGER) END AS note,
      ${h(9)} % 3 <> 0 AS active,
      DATE '2015-01-01' + (${h(10)} % 3650)::INTEGER AS day,
      TIMESTAMP '2020-01-01' + to_microseconds(${h(11)} % 126230400 * 1000000 + 1 + ${
    h(14)
  } % 999999) AS created,
      CASE WHEN ${h(12)} % 10 = 0 THEN NULL ELSE (${h(13)} % 100)::INTEGER END AS score
    FROM range(1, ${rows} + 1) AS r(i)`;
}

/** Makes the three files, unless they are in `directory` from an earlier run. */
export async function ensureData(directory: string, rows: number): Promise<BenchData> {
  await Deno.mkdir(directory, { recursive: true });
  const base = `${directory}/v${VERSION}_${rows}`;
  const data: BenchData = {
    rows,
    csv: `${base}.csv`,
    jsonl: `${base}.jsonl`,
    parquet: `${base}.parquet`,
  };
  const formats = [
    [data.parquet, "FORMAT parquet"],
    [data.csv, "FORMAT csv, HEADER true"],
    [data.jsonl, "FORMAT json"],
  ] as const;
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  try {
    for (const [file, options] of formats) {
      if (await exists(file)) continue;
      await connection.run(`COPY (${rowsSql(rows)}) TO '${file}.part' (${options})`);
      await Deno.rename(`${file}.part`, file);
    }
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
  return data;
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
