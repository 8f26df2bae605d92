/** The `filestore` connector, and the same under the name of each format that ships. */
import { type Capabilities, type ConnectorDefinition, defineConnector, findFormat } from "../../sdk/mod.ts";
import { accessOf } from "./access.ts";
import {
  checkRead,
  checkWrite,
  configSchema,
  defaultWriteMode,
  describeConfig,
  type FilestoreConfig,
  formatOf,
  hasOpenKeys,
  standIn,
} from "./config.ts";
import { filestoreExamples, formatExamples } from "./examples.ts";
import { TYPE_NOTES } from "./types.ts";

const capabilities: Capabilities = {
  read: true,
  write: true,
  writeModes: ["append", "overwrite"],
  mergeStrategies: [],
  incremental: ["modified_time", "cursor", "timestamp", "watermark"],
  transactions: false,
  settles: true,
  lookup: false,
  embedded: true,
  parallelRead: false,
  bulkFormats: ["parquet", "csv", "jsonl", "json"],
  tier: "native",
};

/** A definition for one format, or, without `format`, for all that are registered. */
function define(format?: string): ConnectorDefinition<FilestoreConfig> {
  const fixed = (config: FilestoreConfig) => format === undefined ? config : { ...config, format };
  return defineConnector<FilestoreConfig>({
    name: format ?? "filestore",
    summary: format === undefined
      ? "Read from and load into files: CSV, JSON, JSON Lines, Parquet and registered formats"
      : `Read from and load into ${format} files`,
    // Made when it is asked for: formats of users' modules are registered after this module is loaded.
    get config() {
      return configSchema(format);
    },
    hasOpenKeys: format === undefined ? hasOpenKeys : undefined,
    capabilities,
    examples: format === undefined ? filestoreExamples : formatExamples(format),
    typeNotes: format === undefined
      ? TYPE_NOTES
      : TYPE_NOTES.filter((note) => new RegExp(`\\b${format}\\b|zone`).test(note)),
    checkRead: (config, request) => checkRead(fixed(config), request),
    checkWrite: (config, request) => checkWrite(fixed(config), request),
    defaultWriteMode,
    access: (config, use) => accessOf(config, use),
    standIn: (config, file) => ({ connector: "filestore", config: standIn(fixed(config), file) }),
    describe: (config) => describeConfig(fixed(config)),
    describesData: true,
    findsTypes: (config) => findFormat(formatOf(fixed(config)) ?? "")?.findsTypes === true,
    openSource: async () => {
      const { openSource } = await import("./source.ts");
      return { openSource: (config, context) => openSource(fixed(config), context) };
    },
    openDestination: async () => {
      const { openDestination } = await import("./destination.ts");
      return { openDestination: (config, context) => openDestination(fixed(config), context) };
    },
  });
}

export const filestore: ConnectorDefinition<FilestoreConfig> = define();

/** `filestore`, `csv`, `json`, `jsonl` and `parquet`. */
export const filestoreConnectors: readonly ConnectorDefinition<FilestoreConfig>[] = [
  filestore,
  ...["csv", "json", "jsonl", "parquet"].map((format) => define(format)),
];

export default filestore;
