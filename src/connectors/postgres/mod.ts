/** The `postgres` connector: tables, views and queries of PostgreSQL. */
import { type Capabilities, defineConnector } from "../../sdk/mod.ts";
import { access, checkRead, checkWrite, describeConfig, PostgresConfig } from "./config.ts";
import { IDENTIFIER_BYTES } from "./names.ts";

const capabilities: Capabilities = {
  read: true,
  write: true,
  writeModes: ["append", "overwrite", "merge"],
  mergeStrategies: ["upsert", "delete_insert", "insert_only", "scd2"],
  incremental: ["cursor", "timestamp", "watermark"],
  transactions: true,
  lookup: true,
  embedded: false,
  identifierLength: IDENTIFIER_BYTES,
  parallelRead: true,
  bulkFormats: ["copy-binary"],
  tier: "native",
};

export default defineConnector<PostgresConfig>({
  name: "postgres",
  summary: "Read from and load into PostgreSQL",
  config: PostgresConfig,
  capabilities,
  examples: [],
  checkRead,
  checkWrite,
  access,
  describe: describeConfig,
  openDestination: () => import("./destination.ts"),
});
