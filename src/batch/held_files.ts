/**
 * Which session of this process has which database file open. The locks of a file keep other processes out, and no session of
 * the same process (https://duckdb.org/docs/stable/connect/concurrency): two of them that write one file lose each other's rows.
 */
import { ConnectorError } from "../sdk/mod.ts";

interface Holders {
  writer?: object;
  readonly readers: Set<object>;
}

const held = new Map<string, Holders>();

/**
 * Takes a file: by one writer, or by any number of readers. What the owner held of it before is replaced.
 * @throws {ConnectorError} `DATABASE_LOCKED`, which a retry can help.
 */
export function holdFile(path: string, owner: object, { readOnly }: { readOnly: boolean }): void {
  const holders = held.get(path) ?? { readers: new Set() };
  const otherWriter = holders.writer !== undefined && holders.writer !== owner;
  const otherReaders = [...holders.readers].some((reader) => reader !== owner);
  if (otherWriter || (!readOnly && otherReaders)) {
    throw new ConnectorError(
      "DATABASE_LOCKED",
      `The database file "${path}" is in use by another run in this process.`,
      { hint: "run one after the other", context: { path }, retryable: true },
    );
  }
  releaseFile(path, owner);
  if (readOnly) holders.readers.add(owner);
  else holders.writer = owner;
  held.set(path, holders);
}

/** Lets go of a file, if the owner holds it. */
export function releaseFile(path: string, owner: object): void {
  const holders = held.get(path);
  if (holders === undefined) return;
  holders.readers.delete(owner);
  if (holders.writer === owner) holders.writer = undefined;
  if (holders.writer === undefined && holders.readers.size === 0) held.delete(path);
}
