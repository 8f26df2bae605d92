/** Versions, as constants: nothing has to be read or loaded to tell them. Held against `deno.json` by a test. */

export const VERSION = "0.1.0";

/** Of the embedded engine. */
export const DUCKDB_VERSION = "1.5.5";

/** The commit that an executable was made from; empty when run from the sources. */
export const COMMIT = "";
