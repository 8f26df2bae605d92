/** Running filestore without the engine: a source into a destination, batch by batch. */
import { createSession } from "../../../../src/batch/mod.ts";
import { filestore } from "../../../../src/connectors/filestore/mod.ts";
import type { FilestoreConfig } from "../../../../src/connectors/filestore/config.ts";
import { builtinFormats } from "../../../../src/formats/mod.ts";
import {
  type Batch,
  type Destination,
  EMPTY_SOURCE_STATE,
  type Incremental,
  type Load,
  type LoadRequest,
  type OpenContext,
  type Position,
  type ReadRequest,
  registerFormat,
  type Session,
  type Source,
  type SourceBatch,
  type SourceState,
} from "../../../../src/sdk/mod.ts";

for (const format of builtinFormats) registerFormat(format.name, format);

export interface Bench {
  readonly session: Session;
  readonly folder: string;
  readonly logs: string[];
  put(name: string, content: string | Uint8Array): Promise<string>;
  text(name: string): Promise<string>;
  /** Names below the folder, sorted; dataloader's own too. */
  tree(): Promise<string[]>;
  source(config: Partial<FilestoreConfig> & { path: string }): Promise<Source>;
  destination(config: Partial<FilestoreConfig> & { path: string }, recipe?: string): Promise<Destination>;
  /** Batches of a source, with rows as objects. */
  read(
    config: Partial<FilestoreConfig> & { path: string },
    options?: { state?: SourceState; incremental?: Incremental },
  ): Promise<{ rows: Record<string, unknown>[]; state: SourceState; batches: SourceBatch[] }>;
  select(sql: string): Promise<Batch>;
}

/** Runs a test with a session and a folder of its own. */
export function bench(body: (bench: Bench) => Promise<void>): () => Promise<void> {
  return async () => {
    const folder = (await Deno.makeTempDir()).replaceAll("\\", "/");
    const session = await createSession();
    const logs: string[] = [];
    const open: { close(): Promise<void> }[] = [];
    const context = (recipe = "r"): OpenContext => ({
      session,
      log: { log: (_level, message) => void logs.push(message) },
      signal: new AbortController().signal,
      recipe,
      resource: "main",
    });
    // As the engine does: the block goes through the schema, its path is absolute.
    const parse = (config: object & { path: string }) =>
      filestore.config.parse({ ...config, path: `${folder}/${config.path}` });
    const self: Bench = {
      session,
      folder,
      logs,
      async put(name, content) {
        const path = `${folder}/${name}`;
        await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
        if (typeof content === "string") await Deno.writeTextFile(path, content);
        else await Deno.writeFile(path, content);
        return path;
      },
      text: (name) => Deno.readTextFile(`${folder}/${name}`),
      tree: async () => (await walk(folder)).map((path) => path.slice(folder.length + 1)).sort(),
      async source(config) {
        const source = await (await filestore.openSource!()).openSource(parse(config), context());
        open.push(source);
        return source;
      },
      async destination(config, recipe) {
        const destination = await (await filestore.openDestination!()).openDestination(
          parse(config),
          context(recipe),
        );
        open.push(destination);
        return destination;
      },
      async read(config, { state = EMPTY_SOURCE_STATE, incremental } = {}) {
        const source = await self.source(config);
        const rows: Record<string, unknown>[] = [];
        const batches: SourceBatch[] = [];
        for await (const read of source.readBatches(readRequest({ incremental }), state)) {
          batches.push(read);
          rows.push(...await read.batch.toObjects());
        }
        return { rows, batches, state: batches.at(-1)?.state ?? state };
      },
      select: (sql) => session.relation(sql),
    };
    try {
      await body(self);
    } finally {
      for (const end of open) await end.close();
      await session.close();
      await Deno.remove(folder, { recursive: true });
    }
  };
}

export function readRequest(of: Partial<ReadRequest> = {}): ReadRequest {
  return {
    runId: "run1",
    writeMode: "append",
    batchSize: 65_536,
    parallelism: 1,
    startedAt: "2024-01-01T00:00:00Z",
    ...of,
  };
}

export const MODIFIED: Incremental = { strategy: "modified_time", onNull: "error", order: "none" };

export function loadRequest(of: Partial<LoadRequest> = {}): LoadRequest {
  return {
    mode: "append",
    mergeKeys: [],
    strategy: "upsert",
    fullRefresh: false,
    startedAt: "2024-01-01T00:00:00Z",
    ...of,
  };
}

export function position(sequence: number, of: Partial<Position> = {}): Position {
  return { runId: "run1", sequence, complete: false, state: EMPTY_SOURCE_STATE, ...of };
}

/** Opens a load and resumes it. */
export async function openLoad(
  destination: Destination,
  of: Partial<LoadRequest> = {},
): Promise<{ load: Load; resumed: Position | undefined }> {
  const load = await destination.openLoad(loadRequest(of));
  return { load, resumed: await load.resume() };
}

async function walk(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of Deno.readDir(folder)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) found.push(...await walk(path));
    else found.push(path);
  }
  return found;
}
