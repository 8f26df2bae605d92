/** The `duckdb` connector: tables and queries of DuckDB database files. */
import { type Capabilities, defineConnector } from "../../sdk/mod.ts";
import { accessOf } from "./access.ts";
import { checkRead, checkWrite, describeConfig, DuckdbConfig } from "./config.ts";
import { TYPE_NOTES } from "./types.ts";

const capabilities: Capabilities = {
  read: true,
  write: true,
  writeModes: ["append", "overwrite", "merge"],
  mergeStrategies: ["upsert", "delete_insert", "insert_only", "scd2"],
  incremental: ["cursor", "timestamp", "watermark"],
  transactions: true,
  settles: true,
  quarantine: true,
  lookup: true,
  embedded: true,
  constraints: ["primary_key", "unique"],
  parallelRead: false,
  bulkFormats: [],
  tier: "native",
};

export default defineConnector<DuckdbConfig>({
  name: "duckdb",
  summary: "Read from and load into DuckDB database files",
  config: DuckdbConfig,
  capabilities,
  examples: [
    {
      title: "Load CSV files into a table",
      recipe: `name: load_orders
source:
  type: csv
  path: data/orders-*.csv
destination:
  type: duckdb
  database: shop.duckdb
  table: orders
`,
    },
    {
      title: "Keep a copy of a table up to date",
      recipe: `name: sync_customers
source:
  type: duckdb
  database: shop.duckdb
  table: customers
  incremental:
    strategy: cursor
    cursor_column: updated_at
    initial_value: "2024-01-01 00:00:00"
destination:
  type: duckdb
  database: warehouse.duckdb
  table: staging.customers
  write_mode: merge
  merge_keys: [id]
`,
    },
    {
      title: "Write the result of a query as Parquet",
      recipe: `name: daily_sales
source:
  type: duckdb
  database: shop.duckdb
  query: |
    SELECT ordered_at::DATE AS day, sum(amount) AS amount
    FROM orders GROUP BY day ORDER BY day
destination:
  type: parquet
  path: out/daily_sales.parquet
  write_mode: overwrite
`,
    },
  ],
  typeNotes: TYPE_NOTES,
  checkRead,
  checkWrite,
  access: accessOf,
  describe: describeConfig,
  describesData: true,
  openSource: () => import("./source.ts"),
  openDestination: () => import("./destination.ts"),
});
