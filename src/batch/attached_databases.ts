/** The database files a session has attached, one alias a file. */
import type engine from "@duckdb/node-bindings";
import { basename, join, resolve } from "node:path";
import { quoteIdent, quoteLiteral } from "../sdk/mod.ts";
import { isFsError } from "./fs_error.ts";
import { holdFile, releaseFile } from "./held_files.ts";
import { takeNative } from "./native.ts";

const duckdb = takeNative();

export interface AttachOptions {
  readonly readOnly: boolean;
  /** A name for the database that no other has. */
  readonly newAlias: (stem: string) => string;
}

export class AttachedDatabases {
  readonly #byPath = new Map<string, { alias: string; readOnly: boolean }>();

  /** The alias of a file; one that was attached for reading only is attached again, under its alias, for writing. */
  async attach(connection: engine.Connection, path: string, options: AttachOptions): Promise<string> {
    const inMemory = path === ":memory:";
    const key = inMemory ? path : await realPath(path);
    const known = this.#byPath.get(key);
    if (known !== undefined && (options.readOnly || !known.readOnly)) return known.alias;
    const alias = known?.alias ?? options.newAlias(aliasStem(path));
    if (known !== undefined) {
      await duckdb.query(connection, `DETACH ${quoteIdent(alias)}`);
      releaseFile(key, this);
    }
    this.#byPath.delete(key);
    const readOnly = options.readOnly && !inMemory;
    // The type is named so that no path is taken for another system's address.
    const mode = readOnly ? "TYPE duckdb, READ_ONLY" : "TYPE duckdb";
    if (!inMemory) holdFile(key, this, { readOnly });
    try {
      await duckdb.query(connection, `ATTACH ${quoteLiteral(key)} AS ${quoteIdent(alias)} (${mode})`);
    } catch (error) {
      releaseFile(key, this);
      throw error;
    }
    this.#byPath.set(inMemory ? path : await realPath(path), { alias, readOnly });
    return alias;
  }

  /** Writes the logs into the files and lets go of their locks, even if something still refers to the connection. */
  async detachAll(connection: engine.Connection): Promise<void> {
    const all = [...this.#byPath];
    this.#byPath.clear();
    try {
      for (const [, { alias }] of all) await duckdb.query(connection, `DETACH ${quoteIdent(alias)}`);
    } finally {
      // The session closes in any case.
      for (const [path] of all) releaseFile(path, this);
    }
  }
}

/** The same file by whatever path. One that is not there yet has its folder's real path. */
async function realPath(path: string): Promise<string> {
  const absolute = resolve(path);
  try {
    return await Deno.realPath(absolute);
  } catch (error) {
    if (!isFsError(error)) throw error;
  }
  try {
    return join(await Deno.realPath(resolve(absolute, "..")), basename(absolute));
  } catch (error) {
    if (!isFsError(error)) throw error;
    return absolute;
  }
}

function aliasStem(path: string): string {
  const stem = basename(path).replace(/\.[^.]*$/, "").replace(/\W+/g, "_").toLowerCase();
  return stem === "" || stem === "_memory_" ? "db" : stem.slice(0, 40);
}
