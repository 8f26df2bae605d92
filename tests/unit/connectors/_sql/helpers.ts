import { createSession, type DuckSession } from "../../../../src/batch/mod.ts";
import { checkIncremental, readIncremental } from "../../../../src/connectors/_sql/incremental.ts";
import {
  EMPTY_SOURCE_STATE,
  type Incremental,
  type ReadRequest,
  type SourceState,
} from "../../../../src/sdk/mod.ts";

export { checkIncremental };

export async function withSession(body: (session: DuckSession) => Promise<void>): Promise<void> {
  const session = await createSession({ threads: 2, memoryLimit: "512MB" });
  try {
    await body(session);
  } finally {
    await session.close();
  }
}

export function incremental(more: Partial<Incremental> = {}): Incremental {
  return { strategy: "cursor", cursorColumn: "c", onNull: "error", order: "none", ...more };
}

export function request(more: Partial<ReadRequest> = {}): ReadRequest {
  return {
    incremental: incremental(),
    runId: "run",
    writeMode: "append",
    batchSize: 1000,
    parallelism: 1,
    startedAt: "2024-06-01T12:00:00.000Z",
    ...more,
  };
}

/** One run: all rows it gives (as text, sorted), the state after it, and the number of batches. */
export async function run(
  session: DuckSession,
  relation: string,
  options: { state?: SourceState; request?: Partial<ReadRequest> } = {},
): Promise<{ rows: string[]; state: SourceState; batches: number }> {
  const rows: string[] = [];
  let state = options.state ?? EMPTY_SOURCE_STATE;
  let batches = 0;
  for await (
    const read of readIncremental({ session, relation, request: request(options.request), state })
  ) {
    const list = await session.query<{ row: string }>(
      `SELECT concat_ws('|', ${
        read.batch.columns.map((c) => `coalesce(CAST("${c}" AS VARCHAR), 'NULL')`).join(", ")
      }) AS row FROM (${read.batch.sql})`,
    );
    rows.push(...list.map((r) => r.row));
    // As a state backend keeps it.
    state = JSON.parse(JSON.stringify(read.state));
    batches++;
  }
  return { rows: rows.sort(), state, batches };
}

/** A SELECT of literal rows: `values("c INTEGER, v VARCHAR", "(1, 'a')")`. */
export function values(columns: string, rows: string): string {
  const typed = columns.split(/,\s*(?![^(]*\))/).map((column) => {
    const [name, ...type] = column.trim().split(" ");
    return { name: name!, type: type.join(" ") };
  });
  const list = typed.map((c, i) => `CAST(x${i} AS ${c.type}) AS "${c.name}"`).join(", ");
  return rows === ""
    ? `SELECT ${typed.map((c) => `CAST(NULL AS ${c.type}) AS "${c.name}"`).join(", ")} WHERE false`
    : `SELECT ${list} FROM (VALUES ${rows}) AS v(${typed.map((_, i) => `x${i}`).join(", ")})`;
}
