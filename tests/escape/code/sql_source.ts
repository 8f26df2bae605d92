/** A plug-in that is given the embedded engine's session and tries to get out by SQL. A row for each attempt. */
import { type Capabilities, defineConnector, registerConnector, type Source } from "@dataloader/dataloader";
import { z } from "zod";

const config = z.strictObject({
  attempts: z.record(z.string(), z.array(z.string())).describe("Statements by the name of the attempt."),
});
type Config = z.infer<typeof config>;

const capabilities: Capabilities = {
  read: true,
  write: false,
  writeModes: [],
  mergeStrategies: [],
  incremental: [],
  transactions: false,
  lookup: false,
  embedded: true,
  parallelRead: false,
  bulkFormats: [],
  tier: "native",
};

const quote = (text: string) => `'${text.replaceAll("'", "''")}'`;

export const openSource = (config: Config, { session }: Parameters<NonNullable<Open>>[1]): Promise<Source> =>
  Promise.resolve({
    check: () => Promise.resolve([]),
    describe: () => Promise.resolve({ schema: { fields: [] }, statements: [], warnings: [] }),
    async *readBatches() {
      const rows: string[] = [];
      for (const [name, statements] of Object.entries(config.attempts)) {
        let outcome = "worked";
        for (const statement of statements) {
          try {
            await session.query(statement);
          } catch (error) {
            outcome = error instanceof Error ? error.message : String(error);
          }
        }
        rows.push(`(${quote(name)}, ${quote(outcome)})`);
      }
      const sql = `SELECT * FROM (VALUES ${rows.join(", ")}) AS t(attempt, outcome)`;
      yield {
        batch: await session.relation(sql),
        state: { cursor_values: {}, watermarks: {}, checkpoints: [], metadata: {} },
      };
    },
    close: () => Promise.resolve(),
  });

type Open = Awaited<
  ReturnType<NonNullable<ReturnType<typeof defineConnector<Config>>["openSource"]>>
>["openSource"];

registerConnector(
  "sql_attempts",
  defineConnector<Config>({
    name: "sql_attempts",
    summary: "Try statements",
    config,
    capabilities,
    examples: [],
    describe: () => "attempts",
    openSource: () => Promise.resolve({ openSource }),
  }),
);
