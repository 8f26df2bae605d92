import type { RecordBatch } from "apache-arrow";
import { EngineError, type Schema } from "../sdk/mod.ts";
import type { DuckSession } from "./session.ts";

export function streamArrow(
  _session: DuckSession,
  _options: { sql: string; schema: Schema; rowsPerBatch?: number },
): AsyncIterable<RecordBatch> {
  throw new EngineError("NOT_BUILT", "Arrow is not built yet.");
}
