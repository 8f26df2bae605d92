/** Columns, the lazy relation and the DuckDB bridge. The only folder that imports DuckDB's packages. */
export { createSession, type DuckSession, type SessionOptions } from "./session.ts";
export { toEngineError } from "./errors.ts";
export { typeLoss } from "./types.ts";
