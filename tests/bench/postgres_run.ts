// deno-lint-ignore-file no-console -- part of a script: it prints what it does
/** Runs the flows of PostgreSQL on a server of their own. */
import { PostgresServer } from "../servers/postgres.ts";
import { type BenchData, ensureData } from "./data.ts";
import { type Side, sideOf } from "./measure.ts";
import { COLUMNS, type ServerFlow, type ServerTarget } from "./postgres_flows.ts";
import { measure, type Measured } from "./process.ts";

export interface ServerFlowResult {
  readonly name: string;
  readonly title: string;
  readonly against: string;
  readonly rows: number;
  readonly native: Side;
  readonly ours: Side;
  readonly ratio: number;
  readonly limit: number;
  /** Peak memory of ours at the larger size, where it was measured. */
  readonly large?: { readonly rows: number; readonly rssBytes?: number };
}

/** What ours may need at most, in bytes. */
export const MEMORY_LIMIT = 350 * 2 ** 20;

/** As a server of this machine's size would be set up; both sides meet the same one. */
const SETTINGS = {
  shared_buffers: "512MB",
  max_wal_size: "8GB",
  checkpoint_timeout: "30min",
  maintenance_work_mem: "256MB",
};

/** Measures flows, sides in turns. `large` measures the peak memory of ours once more at that many rows. */
export async function measureServerFlows(
  flows: readonly ServerFlow[],
  options: { cache: string; rows: number; repeat: number; large?: number },
): Promise<{ version: string; results: ServerFlowResult[] }> {
  await using server = await PostgresServer.start({ settings: SETTINGS });
  const data = await ensureData(options.cache, options.rows);
  const database = await fill(server, data);
  const [{ version }] = await server.select<{ version: string }>(
    "SELECT current_setting('server_version') AS version",
  ) as [
    { version: string },
  ];
  const results: ServerFlowResult[] = [];
  for (const flow of flows) {
    console.error(`${flow.title} …`);
    const result = await measureFlow(flow, { server, database, data, repeat: options.repeat });
    console.error(
      `  ${(result.ours.ms / 1000).toFixed(2)} s, ${result.ratio.toFixed(2)} times (${flow.limit} at most)`,
    );
    results.push(result);
  }
  if (options.large === undefined) return { version, results };
  await server.execute(`DROP DATABASE ${database}`);
  const more = await ensureData(options.cache, options.large);
  const larger = await fill(server, more);
  const withLarge: ServerFlowResult[] = [];
  for (const [nth, flow] of flows.entries()) {
    console.error(`${flow.title}, ${options.large.toLocaleString("en")} rows …`);
    const { figures } = await runOnce(flow, more, { server, database: larger, turn: 0, side: "ours" });
    withLarge.push({ ...results[nth]!, large: { rows: options.large, rssBytes: figures.rssBytes } });
  }
  return { version, results: withLarge };
}

/** A database with the generated rows in the table `rows`, analyzed and on disk. */
async function fill(server: PostgresServer, data: BenchData): Promise<string> {
  const database = await server.createDatabase();
  await server.execute(
    `CREATE TABLE rows (${COLUMNS});\n\\copy rows FROM '${data.csv}' (FORMAT csv, HEADER)\n` +
      `ALTER TABLE rows OWNER TO ${server.user}; ALTER SCHEMA public OWNER TO ${server.user};\n` +
      "VACUUM (FREEZE, ANALYZE) rows; CHECKPOINT",
    { database },
  );
  return database;
}

async function measureFlow(
  flow: ServerFlow,
  at: { server: PostgresServer; database: string; data: BenchData; repeat: number },
): Promise<ServerFlowResult> {
  const runs = { native: [] as Measured[], ours: [] as Measured[] };
  let counted: number | undefined;
  for (let turn = 0; turn < at.repeat; turn++) {
    const order = turn % 2 === 0 ? ["native", "ours"] as const : ["ours", "native"] as const;
    for (const side of order) {
      const { figures, count } = await runOnce(flow, at.data, { ...at, turn, side });
      runs[side].push(figures);
      if (counted !== undefined && counted !== count) {
        throw new Error(`${flow.title}: ${side} came to ${count}, the other side to ${counted}`);
      }
      counted = count;
    }
  }
  const [native, ours] = [sideOf(runs.native), sideOf(runs.ours)];
  const { name, title, against, limit } = flow;
  return { name, title, against, rows: at.data.rows, native, ours, ratio: ours.ms / native.ms, limit };
}

async function runOnce(
  flow: ServerFlow,
  data: BenchData,
  at: Omit<ServerTarget, "directory">,
): Promise<{ figures: Measured; count: number }> {
  const directory = (await Deno.makeTempDir({ prefix: "dataloader_bench_" })).replaceAll("\\", "/");
  try {
    const target: ServerTarget = { ...at, directory };
    for (const statement of flow.prepare?.(data, target) ?? []) {
      await at.server.execute(statement, { database: at.database });
    }
    const figures = at.side === "native"
      ? await runNative(flow, data, target)
      : await runOurs(flow, data, target);
    const how = flow.count(target);
    const count = "server" in how
      ? (await at.server.select<{ n: number }>(how.server, { database: at.database }))[0]!.n
      : (await measure("native_run.ts", [JSON.stringify(how.duckdb)])).value!;
    return { figures, count };
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

async function runOurs(flow: ServerFlow, data: BenchData, target: ServerTarget): Promise<Measured> {
  const recipe = `${target.directory}/recipe.yaml`;
  // A name of its own for each turn: its position is no other's.
  const name = `${flow.name}_${target.turn}`;
  await Deno.writeTextFile(recipe, JSON.stringify({ name, ...flow.recipe(data, target) }));
  return await measure("our_run.ts", [recipe, `${target.directory}/state`]);
}

/** The steps one after the other, their times added. */
async function runNative(flow: ServerFlow, data: BenchData, target: ServerTarget): Promise<Measured> {
  const sum = { ms: 0, processMs: 0, cpuMs: 0, rssBytes: 0 };
  for (const step of flow.native(data, target)) {
    const figures = "shell" in step
      ? await shell(step.shell, target)
      : await measure("native_run.ts", [JSON.stringify(step.duckdb)]);
    sum.ms += figures.ms;
    sum.processMs += figures.processMs;
    sum.cpuMs += figures.cpuMs;
    sum.rssBytes = Math.max(sum.rssBytes, figures.rssBytes ?? 0);
  }
  return { ...sum, rssBytes: sum.rssBytes === 0 ? undefined : sum.rssBytes };
}

/** Runs a command. Its processor time is that of psql; the server's is not counted, on neither side. */
async function shell(command: string, { server, database }: ServerTarget): Promise<Measured> {
  const { host, port, user, password } = server.connection({ database });
  const began = performance.now();
  const output = await new Deno.Command("bash", {
    args: ["-c", `set -euo pipefail\n${command}\ntimes >&2`],
    env: {
      PSQL:
        `${server.binaries}/psql -X -q -v ON_ERROR_STOP=1 -h ${host} -p ${port} -U ${user} -d ${database}`,
      PGPASSWORD: password,
    },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  const ms = performance.now() - began;
  const said = new TextDecoder().decode(output.stderr);
  if (!output.success) throw new Error(`${command}\n${said}`);
  return { ms, processMs: ms, cpuMs: cpuOf(said) };
}

/** The last line that `times` of bash prints: `0m1.234s 0m0.345s`, user and system time of all children. */
function cpuOf(text: string): number {
  const line = text.trimEnd().split("\n").at(-1)!;
  const parts = [...line.matchAll(/(\d+)m([\d.]+)s/g)];
  return parts.reduce(
    (sum, [, minutes, seconds]) => sum + Number(minutes) * 60_000 + Number(seconds) * 1000,
    0,
  );
}
