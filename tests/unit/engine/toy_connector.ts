/** A source and a destination made for testing the engine: the destination keeps its rows outside any run. */
import { z } from "zod";
import {
  type Batch,
  ConnectorError,
  defineConnector,
  type Destination,
  type Load,
  type LoadRequest,
  type OpenContext,
  type Position,
  type ReadRequest,
  registerConnector,
  type Source,
  type SourceBatch,
  type SourceState,
} from "../../../src/sdk/mod.ts";

/** What the toy destination holds between runs, and the faults a test wants. */
export class ToyWorld {
  rows: number[] = [];
  staged: number[] = [];
  position: Position | undefined;
  readonly log: string[] = [];
  /** Called before batch `sequence` is committed: throw to fail it. */
  onWrite: (batch: number, values: number[]) => void = () => {};
  /** Called after batch `sequence` is committed. */
  afterWrite: (batch: number) => void = () => {};
  /** The same for the commit at the end. */
  onCommit: (sequence: number) => void = () => {};
  afterCommit: (sequence: number) => void = () => {};
  onRead: (batch: number) => void = () => {};
  /** Whether the source can go on from a run that was cut off. */
  resumes = true;
}

const worlds = new Map<string, ToyWorld>();

/** A new world under a name that configs can give. */
export function newWorld(name: string): ToyWorld {
  const world = new ToyWorld();
  worlds.set(name, world);
  return world;
}

const config = z.strictObject({
  world: z.string().describe("name of the toy world"),
  batches: z.number().default(3).describe("batches of ten rows"),
});
type Config = z.infer<typeof config>;

const capabilities = {
  read: true,
  write: true,
  writeModes: ["append", "overwrite"],
  mergeStrategies: [],
  incremental: ["cursor"],
  transactions: true,
  lookup: false,
  embedded: false,
  parallelRead: false,
  bulkFormats: [],
  tier: "native",
} as const;

class ToySource implements Source {
  constructor(readonly config: Config, readonly context: OpenContext) {}

  check(): Promise<string[]> {
    return Promise.resolve(["there"]);
  }

  async describe() {
    const { schema } = await this.context.session.relation("SELECT 1::BIGINT AS id");
    return { schema, statements: ["range"], warnings: [] };
  }

  resumes(): Promise<boolean> {
    const { log, resumes } = worlds.get(this.config.world)!;
    log.push(`resumes ${resumes}`);
    return Promise.resolve(resumes);
  }

  /** Batches of ten ids; the cursor is the last id, the checkpoint of a full read the number of batches done. */
  async *readBatches(request: ReadRequest, state: SourceState): AsyncIterable<SourceBatch> {
    const done = request.incremental
      ? Number(state.cursor_values.id ?? 0) / 10
      : Number(state.checkpoints[0]?.done ?? 0);
    for (let n = done; n < this.config.batches; n++) {
      worlds.get(this.config.world)!.onRead(n);
      const batch = await this.context.session.relation(
        `SELECT range AS id FROM range(${n * 10 + 1}, ${n * 10 + 11})`,
      );
      yield {
        batch,
        state: request.incremental
          ? { ...state, cursor_values: { id: String((n + 1) * 10) }, checkpoints: [] }
          : { ...state, checkpoints: [{ done: n + 1 }] },
      };
    }
  }

  async close() {}
}

class ToyDestination implements Destination {
  constructor(readonly config: Config) {}

  check(): Promise<string[]> {
    return Promise.resolve(["there"]);
  }

  describe() {
    return Promise.resolve({ statements: ["INSERT"], changes: [], warnings: [] });
  }

  openLoad(request: LoadRequest): Promise<Load> {
    return Promise.resolve(new ToyLoad(worlds.get(this.config.world)!, request));
  }

  async close() {}
}

class ToyLoad implements Load {
  constructor(readonly world: ToyWorld, readonly request: LoadRequest) {
    world.log.push(`open ${request.fullRefresh ? "refresh" : request.mode}`);
  }

  get #stages(): boolean {
    return this.request.mode === "overwrite" || this.request.fullRefresh;
  }

  resume(): Promise<Position | undefined> {
    const { position } = this.world;
    if (!position?.staged || this.#stages) return Promise.resolve(position);
    this.world.staged = [];
    return Promise.resolve(undefined);
  }

  async writeBatch(batch: Batch, position: Position) {
    const values = await this.#values(batch);
    this.world.onWrite(position.sequence, values);
    this.world.log.push(`write ${position.sequence}`);
    if (this.#stages && this.world.position?.runId !== position.runId) this.world.staged = [];
    if (this.#stages) this.world.staged = [...this.world.staged, ...values];
    else this.world.rows = [...this.world.rows, ...values];
    this.world.position = position;
    this.world.afterWrite(position.sequence);
    return { rowsReceived: values.length, rowsWritten: values.length };
  }

  async probe(batch: Batch) {
    this.world.onWrite(-1, await this.#values(batch));
  }

  async commit(position: Position): Promise<void> {
    this.world.onCommit(position.sequence);
    this.world.log.push(`commit ${position.sequence}`);
    if (this.#stages) this.world.rows = this.world.staged;
    this.world.staged = [];
    this.world.position = position;
    this.world.afterCommit(position.sequence);
  }

  abort(): Promise<void> {
    this.world.log.push("abort");
    return Promise.resolve();
  }

  async #values(batch: Batch): Promise<number[]> {
    return (await batch.rows()).map(([id]) => Number(id));
  }
}

/** The toy, under the name `toy`. */
export const toy = defineConnector<Config>({
  name: "toy",
  summary: "A source and destination for tests",
  config,
  capabilities,
  examples: [],
  describe: (c) => `toy ${c.world}`,
  openSource: () =>
    Promise.resolve({ openSource: (c, context) => Promise.resolve(new ToySource(c, context)) }),
  openDestination: () => Promise.resolve({ openDestination: (c) => Promise.resolve(new ToyDestination(c)) }),
});
registerConnector("toy", toy);

/** A fault the engine should retry. */
export function flaky(): ConnectorError {
  return new ConnectorError("CONNECTION_LOST", "The connection was lost.", { retryable: true });
}
