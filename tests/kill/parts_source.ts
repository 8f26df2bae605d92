/**
 * A plug-in for the kill tests: the connector `parts` reads CSV files of a folder, a batch for each, so that a load has many commits
 * to be killed between. With `incremental` it keeps the last file as its position, else a checkpoint for the run only.
 */
import {
  type Capabilities,
  defineConnector,
  type OpenContext,
  quoteLiteral,
  registerConnector,
  type Source,
  type SourceState,
} from "@dataloader/dataloader";
import { z } from "zod";

const PartsConfig = z.strictObject({ path: z.string().describe("The folder.") });

const capabilities: Capabilities = {
  read: true,
  write: false,
  writeModes: [],
  mergeStrategies: [],
  incremental: ["custom"],
  transactions: false,
  lookup: false,
  embedded: true,
  parallelRead: false,
  bulkFormats: [],
  tier: "native",
};

function openSource({ path }: z.infer<typeof PartsConfig>, { session }: OpenContext): Promise<Source> {
  const select = (name: string) => `SELECT * FROM read_csv(${quoteLiteral(`${path}/${name}`)})`;
  const after = async (state: SourceState) => {
    const done = state.checkpoints[0]?.file ?? state.cursor_values.file ?? "";
    const names: string[] = [];
    for await (const entry of Deno.readDir(path)) if (entry.name > String(done)) names.push(entry.name);
    return names.sort();
  };
  return Promise.resolve({
    check: () => Promise.resolve([path]),
    async describe(_request, state) {
      const names = await after(state);
      const { schema } = await session.relation(select(names[0]!));
      return { schema, statements: names.map(select), warnings: [] };
    },
    async *readBatches(request, state) {
      for (const file of await after(state)) {
        const batch = await session.relation(select(file));
        const reached: SourceState = request.incremental === undefined
          ? { ...state, checkpoints: [{ file }] }
          : { ...state, cursor_values: { file } };
        yield { batch, state: reached, label: file };
      }
    },
    close: () => Promise.resolve(),
  });
}

registerConnector(
  "parts",
  defineConnector({
    name: "parts",
    summary: "Read the CSV files of a folder, a batch each",
    config: PartsConfig,
    capabilities,
    examples: [],
    access: ({ path }) => [{ kind: "read", value: path, key: ["path"] }],
    describe: ({ path }) => path,
    openSource: () => Promise.resolve({ openSource }),
  }),
);
