/**
 * Rows that were loaded at a cursor value where more may still come: which of the rows there now are new?
 * Answered by a multiset of row hashes kept in the state (DESIGN §7), so that a row is left out only if the very
 * same row was loaded, and identical rows loaded k times leave out at most k.
 */
import {
  type Json,
  type JsonObject,
  quoteIdent,
  quoteLiteral,
  type Session,
  type SourceState,
} from "../../sdk/mod.ts";
import type { TypedColumn } from "./cursor.ts";

/**
 * Hashes kept at most: 8 bytes each, about 107 kB of base64 in a position, which is written with every batch.
 * More rows at one value are told apart by a look at the destination.
 */
export const BOUNDARY_LIMIT = 10_000;

/** How often each row hash was loaded. */
export type Multiset = ReadonlyMap<bigint, number>;

/** What the state knows of the rows loaded at one value. */
export interface Boundary {
  /** The columns hashed, in order: a column that comes later doesn't make old rows new. */
  readonly columns: readonly string[];
  /** Missing where there were more rows than `BOUNDARY_LIMIT`. */
  readonly hashes?: Multiset;
  /** Rows loaded, where `hashes` is missing. */
  readonly overflow?: number;
}

/**
 * SQL for a row's hash: the low half of the MD5 of its values as a JSON list of text. Text and MD5 don't change with the
 * engine's version (`hash()` does). Nested values go through JSON, whose form is fixed; all else through
 * VARCHAR, which is exact where JSON would round a decimal.
 */
export function rowHash(columns: readonly TypedColumn[], table: string): string {
  const texts = columns.map((c) => {
    const value = `${table}.${quoteIdent(c.name)}`;
    return /[\[(]/.test(c.type) && !/^(DECIMAL|ENUM)\(/.test(c.type)
      ? `CAST(to_json(${value}) AS VARCHAR)`
      : `CAST(${value} AS VARCHAR)`;
  });
  return `md5_number_lower(CAST(to_json([${texts.join(", ")}]) AS VARCHAR))`;
}

/** Sorted, 8 bytes each, big-endian, base64. */
export function packHashes(hashes: Multiset): string {
  const all: bigint[] = [];
  for (const [hash, times] of hashes) for (let i = 0; i < times; i++) all.push(hash);
  all.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const bytes = new Uint8Array(all.length * 8);
  const view = new DataView(bytes.buffer);
  all.forEach((hash, i) => view.setBigUint64(i * 8, hash));
  let binary = "";
  for (let i = 0; i < bytes.length; i += 8192) binary += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(binary);
}

/** Reads what `packHashes` wrote. */
export function unpackHashes(packed: string): Multiset {
  const bytes = Uint8Array.from(atob(packed), (c) => c.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  const hashes = new Map<bigint, number>();
  for (let i = 0; i + 8 <= bytes.length; i += 8) {
    const hash = view.getBigUint64(i);
    hashes.set(hash, (hashes.get(hash) ?? 0) + 1);
  }
  return hashes;
}

/** Rows loaded before and rows there now, as one: each hash as often as it was seen at once. */
export function mergeHashes(before: Multiset, now: Multiset): Multiset {
  const all = new Map(before);
  for (const [hash, times] of now) all.set(hash, Math.max(times, all.get(hash) ?? 0));
  return all;
}

/** Rows in a multiset. */
export function countHashes(hashes: Multiset): number {
  let rows = 0;
  for (const times of hashes.values()) rows += times;
  return rows;
}

/** The rows of a SELECT as a boundary: their hashes, or only their count where there are too many. */
export async function readBoundary(
  session: Session,
  select: string,
  columns: readonly TypedColumn[],
): Promise<Boundary> {
  const names = columns.map((c) => c.name);
  const rows = await session.query<{ hash: string }>(
    `SELECT CAST(${rowHash(columns, "r")} AS VARCHAR) AS hash FROM (${select}) AS r LIMIT ${
      BOUNDARY_LIMIT + 1
    }`,
  );
  if (rows.length > BOUNDARY_LIMIT) {
    const [count] = await session.query<{ n: bigint }>(`SELECT count(*) AS n FROM (${select}) AS r`);
    return { columns: names, overflow: Number(count!.n) };
  }
  const hashes = new Map<bigint, number>();
  for (const row of rows) {
    const hash = BigInt(row.hash);
    hashes.set(hash, (hashes.get(hash) ?? 0) + 1);
  }
  return { columns: names, hashes };
}

/** Puts a multiset into a temporary table `(hash UBIGINT, times BIGINT)` and returns its name. */
export async function hashTable(session: Session, hashes: Multiset): Promise<string> {
  const name = quoteIdent(session.temporaryName("boundary"));
  const entries = [...hashes].map(([hash, times]) => `${hash}:${times}`).join(",");
  const source = hashes.size === 0
    ? "SELECT NULL AS e WHERE false"
    : `SELECT unnest(string_split(${quoteLiteral(entries)}, ',')) AS e`;
  await session.run(
    `CREATE TEMP TABLE ${name} AS SELECT CAST(split_part(e, ':', 1) AS UBIGINT) AS hash,
       CAST(split_part(e, ':', 2) AS BIGINT) AS times FROM (${source})`,
  );
  return name;
}

/** The rows of a SELECT that are beyond those in a hash table, as a SELECT of the same columns. */
export function rowsBeyond(
  select: string,
  of: { columns: readonly TypedColumn[]; table: string; session: Session },
): string {
  // Names that no column of the source has.
  const [hash, nth] = ["hash", "nth"].map((name) => quoteIdent(of.session.temporaryName(name)));
  const rowOf = rowHash(of.columns, "r");
  return `SELECT r.* EXCLUDE (${hash}, ${nth}) FROM (
    SELECT r.*, ${rowOf} AS ${hash}, row_number() OVER (PARTITION BY ${rowOf}) AS ${nth} FROM (${select}) AS r
  ) AS r LEFT JOIN ${of.table} AS b ON b.hash = r.${hash}
  WHERE b.times IS NULL OR r.${nth} > b.times`;
}

/** A boundary as the state keeps it. */
export function boundaryToJson(boundary: Boundary): JsonObject {
  const columns = [...boundary.columns];
  return boundary.hashes === undefined
    ? { columns, overflow: boundary.overflow ?? 0 }
    : { columns, hashes: packHashes(boundary.hashes) };
}

/**
 * What the state keeps under `metadata[key][column]`, if it is a boundary at `value`. Anything else (a value set by
 * hand, an older form) is as good as nothing known.
 */
export function boundaryFromState(
  state: SourceState,
  key: "boundary" | "null_rows",
  at: { column: string; value?: string },
): Boundary | undefined {
  const entry = asObject(asObject(state.metadata[key])?.[at.column]);
  if (entry === undefined || (at.value !== undefined && entry.value !== at.value)) return undefined;
  const columns = entry.columns;
  if (!Array.isArray(columns) || !columns.every((c) => typeof c === "string")) return undefined;
  if (typeof entry.hashes === "string") return { columns, hashes: unpackHashes(entry.hashes) };
  return typeof entry.overflow === "number" ? { columns, overflow: entry.overflow } : undefined;
}

function asObject(value: Json | undefined): JsonObject | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
}
