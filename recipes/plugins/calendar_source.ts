/** The connector `calendar`: one row for each day of a range. It keeps the last day as its position. */
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

const CalendarConfig = z.strictObject({
  from: z.iso.date().describe("The first day, such as 2024-01-01."),
  until: z.iso.date().describe("The last day."),
});
type CalendarConfig = z.infer<typeof CalendarConfig>;

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

function openSource(config: CalendarConfig, { session }: OpenContext): Promise<Source> {
  /** The day after the last one that is in `state`. */
  const begin = (state: SourceState) => {
    const last = state.cursor_values.day;
    return typeof last === "string"
      ? `(${quoteLiteral(last)}::DATE + 1)`
      : `${quoteLiteral(config.from)}::DATE`;
  };
  const select = (state: SourceState) =>
    `SELECT d::DATE AS day, isodow(d) AS weekday, isodow(d) > 5 AS weekend
     FROM generate_series(${begin(state)}, ${quoteLiteral(config.until)}::DATE, INTERVAL 1 DAY) AS days(d)`;
  return Promise.resolve({
    check: () => Promise.resolve([`the days from ${config.from} until ${config.until}`]),
    async describe(_request, state) {
      const { schema } = await session.relation(select(state));
      return { schema, statements: [select(state)], warnings: [] };
    },
    async *readBatches(_request, state) {
      const batch = await session.relation(select(state));
      if (await batch.rowCount() === 0) return;
      yield {
        batch,
        state: { ...state, cursor_values: { day: config.until } },
        label: `until ${config.until}`,
      };
    },
    close: () => Promise.resolve(),
  });
}

registerConnector(
  "calendar",
  defineConnector({
    name: "calendar",
    summary: "Read the days of a range",
    config: CalendarConfig,
    capabilities,
    examples: [],
    describe: (config) => `days from ${config.from} until ${config.until}`,
    openSource: () => Promise.resolve({ openSource }),
  }),
);
