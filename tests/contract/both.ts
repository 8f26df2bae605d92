/** Rules for every connector, whichever end it is: C1…. */
import assert from "node:assert/strict";
import { z } from "zod";
import { planRecipe } from "../../src/plan/mod.ts";
import { parseRecipe } from "../../src/recipe/mod.ts";
import {
  type Access,
  type ConnectorDefinition,
  EMPTY_SOURCE_STATE,
  findConnector,
  type IncrementalStrategy,
  type MergeStrategy,
  registerConnector,
  type WriteMode,
} from "../../src/sdk/mod.ts";
import { type Rule, testRules } from "./suite.ts";
import { type Bed, loadRequest, modesOf, readRequest, type System } from "./system.ts";

const WRITE_MODES: readonly WriteMode[] = ["append", "overwrite", "merge"];
const MERGE_STRATEGIES: readonly MergeStrategy[] = ["upsert", "delete_insert", "insert_only", "scd2"];
const STRATEGIES: readonly IncrementalStrategy[] = [
  "cursor",
  "watermark",
  "timestamp",
  "modified_time",
  "cdc",
  "custom",
];

/** A connector that can everything, so that a plan fails by the other end only. */
function other(): string {
  const name = "contract_other_end";
  if (findConnector(name) === undefined) {
    const none = () => Promise.reject(new Error("planning opens nothing"));
    registerConnector(name, {
      name,
      summary: "The other end of a plan",
      config: z.strictObject({}),
      capabilities: {
        read: true,
        write: true,
        writeModes: WRITE_MODES,
        mergeStrategies: MERGE_STRATEGIES,
        incremental: STRATEGIES,
        transactions: true,
        lookup: true,
        embedded: true,
        parallelRead: false,
        bulkFormats: [],
        tier: "native",
      },
      examples: [],
      describe: () => "the other end",
      openSource: none,
      openDestination: none,
    });
  }
  return name;
}

/** Plans a recipe with the connector at one end. @throws {DataLoaderError} as planning does. */
async function plan(bed: Bed, end: "source" | "destination", keys: Record<string, unknown>): Promise<void> {
  const { connector } = bed.system;
  if (findConnector(connector.name) === undefined) registerConnector(connector.name, connector);
  const use = end === "source" ? "read" : "write";
  const block = { type: connector.name, ...bed.place.block("planned", { for: use }), ...keys };
  const text = JSON.stringify({
    name: "contract",
    source: end === "source" ? block : { type: other() },
    // What is incremental can't be overwritten.
    destination: end === "destination" ? block : { type: other(), write_mode: "merge", merge_keys: ["id"] },
  });
  const recipe = await parseRecipe(text, {
    file: "contract.yaml",
    readFile: () => Promise.reject(new Error("reads nothing")),
    env: () => undefined,
  });
  bed.show(planRecipe(recipe).resources[0]![end].summary);
}

export const COMMON_RULES: readonly Rule[] = [
  {
    id: "C1",
    title: "the definition is whole: a name, a summary, a description of every key, examples that plan",
    run: async (bed) => {
      const { connector } = bed.system;
      assert.match(connector.name, /^[a-z][a-z0-9_]*$/);
      assert.ok(connector.summary.length > 10 && !connector.summary.endsWith("."), connector.summary);
      const shape =
        (connector.config as unknown as { shape: Record<string, { description?: string }> }).shape;
      for (const [key, type] of Object.entries(shape)) {
        assert.ok(type.description, `${key} has no description`);
      }
      assert.ok(connector.examples.length > 0, "an example");
      for (const example of connector.examples) {
        const recipe = await parseRecipe(example.recipe, {
          file: "example.yaml",
          readFile: () => Promise.reject(new Error("reads nothing")),
          env: (name) =>
            name.endsWith("URL") ? "postgres://me:secret@db.example.com/shop" : `value of ${name}`,
        });
        planRecipe(recipe);
      }
    },
  },
  {
    id: "C2",
    title: "what is declared can be opened, and what the suites ask for plans",
    run: async (bed) => {
      const { capabilities: can, openSource, openDestination } = bed.system.connector;
      assert.equal(can.read, openSource !== undefined, "read ⇔ openSource");
      assert.equal(can.write, openDestination !== undefined, "write ⇔ openDestination");
      assert.equal(can.write, can.writeModes.length > 0, "write ⇔ write modes");
      assert.equal(can.writeModes.includes("merge"), can.mergeStrategies.length > 0, "merge ⇔ strategies");
      if (can.read) await plan(bed, "source", {});
      for (const mode of can.write ? modesOf(bed.system) : []) {
        const keys = mode === "merge" ? { merge_keys: ["id"] } : {};
        await plan(bed, "destination", { write_mode: mode, ...keys });
      }
      for (const strategy of can.mergeStrategies) {
        await plan(bed, "destination", { write_mode: "merge", merge_keys: ["id"], strategy });
      }
      for (const strategy of can.incremental) {
        const column = strategy === "modified_time" ? {} : { cursor_column: "id" };
        await plan(bed, "source", { incremental: { strategy, ...column } });
      }
    },
  },
  {
    id: "C3",
    title: "what is not declared is a planning error that names its key",
    run: async (bed) => {
      const { capabilities: can } = bed.system.connector;
      const refused = async (end: "source" | "destination", keys: Record<string, unknown>, key: string) => {
        const error = await bed.refused(plan(bed, end, keys), { retryable: false });
        assert.equal(error.context.key, key, `${JSON.stringify(keys)}: ${error.message}`);
        assert.ok(error.location !== undefined, "the place in the recipe");
        assert.ok(error.hint !== undefined, "a hint");
      };
      if (!can.read) await refused("source", {}, "source.type");
      if (!can.write) await refused("destination", {}, "destination.type");
      for (const mode of can.write ? WRITE_MODES.filter((mode) => !modesOf(bed.system).includes(mode)) : []) {
        await refused("destination", { write_mode: mode, merge_keys: ["id"] }, "destination.write_mode");
      }
      if (modesOf(bed.system).includes("merge")) {
        for (const strategy of MERGE_STRATEGIES.filter((one) => !can.mergeStrategies.includes(one))) {
          const keys = { write_mode: "merge", merge_keys: ["id"], strategy };
          await refused("destination", keys, "destination.strategy");
        }
        await refused("destination", { write_mode: "merge" }, "destination.write_mode");
      }
      for (const strategy of can.read ? STRATEGIES.filter((one) => !can.incremental.includes(one)) : []) {
        const keys = { incremental: { strategy, cursor_column: "id" } };
        await refused("source", keys, "source.incremental.strategy");
      }
    },
  },
  {
    id: "C4",
    title: "an unknown key of the block is refused",
    run: async (bed) => {
      const { connector } = bed.system;
      const block = bed.place.block("planned", { for: connector.capabilities.read ? "read" : "write" });
      assert.equal(connector.config.safeParse(block).success, true, JSON.stringify(block));
      assert.equal(connector.config.safeParse({ ...block, no_such_key: 1 }).success, false);
    },
  },
  {
    id: "C5",
    title: "`access` names every host and path that the block does, for the use at hand",
    run: async (bed) => {
      const { connector } = bed.system;
      for (const use of ["read", "write"] as const) {
        if (!connector.capabilities[use]) continue;
        const block = bed.place.block("planned", { for: use });
        const config = connector.config.parse(block);
        assert.ok(connector.access !== undefined, "the connector declares `access`");
        const access = connector.access(config, use);
        for (const entry of access) checkEntry(entry, block);
        for (const [key, path] of pathsOf(connector, block)) {
          const covered = access.some((one) =>
            one.kind === use && (path === one.value || path.startsWith(`${one.value.replace(/\/$/, "")}/`))
          );
          assert.ok(covered, `to ${use}, ${key} (${path}) is not among ${JSON.stringify(access)}`);
        }
        if (typeof block.host === "string" && !block.host.startsWith("/")) {
          const wanted = `${block.host}:${block.port}`;
          const hosts = access.filter((one) => one.kind === "net").map((one) => one.value);
          assert.deepEqual(hosts, [wanted], "the host and no other");
        }
      }
    },
  },
  {
    id: "C6",
    title: "`check` proves that it works and leaves nothing behind",
    run: async (bed) => {
      const { read, write } = bed.system.connector.capabilities;
      const name = bed.name();
      if (write) {
        const before = await bed.place.leftovers?.();
        await bed.client(async (client) => {
          const said = await (await client.destination(name)).check();
          assert.ok(said.length > 0 && said.every((line) => line.length > 0));
          bed.show(said);
        });
        assert.deepEqual(await bed.place.leftovers?.(), before);
        assert.deepEqual(await bed.rows(name), []);
      }
      if (!read) return;
      await bed.seed(name, "SELECT 1::INTEGER AS id");
      await bed.client(async (client) => {
        const said = await (await client.source(name)).check();
        assert.ok(said.length > 0 && said.every((line) => line.length > 0));
        bed.show(said);
      });
    },
  },
  {
    id: "C7",
    title: "what can't work is an error of its own code, retryable only where a retry can help",
    unless: (system) => system.lacks?.C7,
    run: async (bed, step) => {
      assert.ok((bed.place.broken ?? []).length > 0, "the place has blocks that can't work");
      for (const broken of bed.place.broken!) {
        await step(broken.name, async () => {
          const { code, retryable, says } = broken;
          const expected = { code, retryable, says };
          const attempts = broken.use === "read"
            ? readAttempts(bed, broken.block)
            : writeAttempts(bed, broken.block);
          for (const attempt of attempts) {
            const error = await bed.refused(attempt(), expected);
            assert.ok(error.hint !== undefined, `${error.code}: a hint`);
          }
        });
      }
    },
  },
  {
    id: "C8",
    title: "an aborted run ends with an error and writes nothing",
    run: async (bed) => {
      const name = bed.name();
      const { read, write } = bed.system.connector.capabilities;
      if (write) {
        await assert.rejects(bed.client(async (client) => {
          const load = await client.openLoad(name);
          await load.resume();
          abort.abort(new Error("stopped"));
          await client.write(load, "SELECT 1::INTEGER AS id", { ...zeroth, sequence: 1 });
        }, { signal: (abort = new AbortController()).signal }));
        assert.deepEqual(await bed.rows(name), []);
      }
      if (!read) return;
      const table = bed.name();
      await bed.seed(table, "SELECT i::INTEGER AS id FROM range(10) r(i)");
      await assert.rejects(
        bed.client(async (client) => {
          const source = await client.source(table);
          abort.abort(new Error("stopped"));
          for await (const read of source.readBatches(readRequest(), EMPTY_SOURCE_STATE)) {
            await read.batch.rowCount();
          }
          throw bed.system.connector.capabilities.embedded
            ? new Error("the engine stops it")
            : new NotStopped();
        }, { signal: (abort = new AbortController()).signal }),
        (error) => !(error instanceof NotStopped),
      );
    },
  },
  {
    id: "C9",
    title: "closing twice is no error, also where nothing was opened",
    run: async (bed) => {
      const name = bed.name();
      const { read, write } = bed.system.connector.capabilities;
      await bed.client(async (client) => {
        const ends = [
          ...(read ? [await client.source(name)] : []),
          ...(write ? [await client.destination(name)] : []),
        ];
        for (const end of ends) {
          await end.close();
          await end.close();
        }
      });
    },
  },
  {
    id: "C10",
    title: "no secret has been in a message, a log, a description or a state",
    unless: (system) => system.lacks?.C10,
    run: (bed) => {
      assert.ok((bed.place.secrets ?? []).length > 0, "the place has secrets");
      assert.deepEqual(bed.leaks(), []);
      return Promise.resolve();
    },
  },
];

class NotStopped extends Error {}
let abort = new AbortController();
const zeroth = { runId: "run-1", sequence: 0, complete: false, state: EMPTY_SOURCE_STATE };

function checkEntry(entry: Access, block: Record<string, unknown>): void {
  assert.ok(["net", "read", "write", "env"].includes(entry.kind), entry.kind);
  assert.ok(
    typeof entry.key[0] === "string" && entry.key[0] in block,
    `a key of the block: ${entry.key.join(".")}`,
  );
  if (entry.kind === "net") assert.match(entry.value, /^(\[[0-9a-f:]+\]|[^:/]+):\d+$/);
  if (entry.kind === "read" || entry.kind === "write") assert.match(entry.value, /^(\/|[A-Za-z]:[\\/])/);
}

/** The keys of a block that hold local paths, by the marks of the schema. */
function pathsOf(connector: ConnectorDefinition, block: Record<string, unknown>): [string, string][] {
  const shape =
    (connector.config as unknown as { shape: Record<string, { meta(): Record<string, unknown> }> }).shape;
  return Object.entries(block).filter(([key, value]) =>
    typeof value === "string" && /^(\/|[A-Za-z]:[\\/])/.test(value) && shape[key]?.meta()?.["x-path"] === true
  ) as [string, string][];
}

function readAttempts(bed: Bed, block: Record<string, unknown>): (() => Promise<unknown>)[] {
  return [
    () => bed.client(async (client) => await (await client.openSource(block)).check()),
    () =>
      bed.client(async (client) => {
        const source = await client.openSource(block);
        for await (const { batch } of source.readBatches(readRequest(), EMPTY_SOURCE_STATE)) {
          await batch.rowCount();
        }
      }),
  ];
}

function writeAttempts(bed: Bed, block: Record<string, unknown>): (() => Promise<unknown>)[] {
  return [
    () => bed.client(async (client) => await (await client.openDestination(block)).check()),
    () =>
      bed.client(async (client) => {
        const load = await (await client.openDestination(block)).openLoad(loadRequest(bed.system, {}));
        await load.resume();
        await client.write(load, "SELECT 1::INTEGER AS id", { ...zeroth, sequence: 1 });
      }),
  ];
}

/** Runs the rules that hold for both ends. */
export function testConnector(system: System): void {
  testRules("connector", COMMON_RULES, system);
}
