/** Columns, the lazy relation and the DuckDB bridge. The only folder that imports DuckDB's packages. */
export { ArrowBatch, type MakeBatchOptions } from "./arrow_batch.ts";
export { arrowField, arrowSchema, arrowType } from "./arrow_types.ts";
export { toEngineError } from "./errors.ts";
export { encodeRows, type RowsInput } from "./from_rows.ts";
export { sealNative } from "./native.ts";
export { createSession, type DuckSession, type SessionOptions } from "./session.ts";
export { typeLoss } from "./types.ts";
export { setEngineWalls } from "./walls.ts";
