import type duckdb from "@duckdb/node-bindings";
import type { RecordBatch, Table } from "apache-arrow";
import { EngineError, type Schema } from "../sdk/mod.ts";
import type { BoundSelect } from "./relation.ts";

export interface ArrowTarget {
  readonly catalog: string;
  readonly connection: duckdb.Connection;
  exclusive<T>(call: () => Promise<T>): Promise<T>;
  close(): void;
}

export function readArrow(
  _data: Table | AsyncIterable<RecordBatch> | Iterable<RecordBatch>,
  _options: { name: string; schema?: Schema; target: ArrowTarget },
): Promise<BoundSelect> {
  throw new EngineError("NOT_BUILT", "Arrow is not built yet.");
}
