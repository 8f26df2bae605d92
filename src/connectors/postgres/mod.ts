/** The `postgres` connector: tables, views and queries of PostgreSQL. */
import { type Capabilities, defineConnector } from "../../sdk/mod.ts";
import { access, checkRead, checkWrite, describeConfig, PostgresConfig } from "./config.ts";
import { IDENTIFIER_BYTES } from "./names.ts";
import { TYPE_NOTES } from "./type_notes.ts";

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
  embedded: false,
  identifierLength: IDENTIFIER_BYTES,
  constraints: ["primary_key", "unique"],
  parallelRead: true,
  bulkFormats: ["copy-binary"],
  tier: "native",
};

export default defineConnector<PostgresConfig>({
  name: "postgres",
  summary: "Read from and load into PostgreSQL",
  config: PostgresConfig,
  capabilities,
  examples: [
    {
      title: "Load CSV files into a table",
      recipe: `name: load_orders
source:
  type: csv
  path: data/orders-*.csv
destination:
  type: postgres
  host: db.example.com
  database: shop
  user: loader
  password: "{{ env_var('SHOP_PASSWORD') }}"
  sslmode: verify-full
  table: sales.orders
`,
    },
    {
      title: "Keep a table up to date by its key",
      recipe: `name: sync_prices
source:
  type: parquet
  path: prices/*.parquet
destination:
  type: postgres
  url: "{{ env_var('SHOP_URL') }}"
  table: prices
  write_mode: merge
  merge_keys: [product_id]
`,
    },
    {
      title: "Copy a table into DuckDB",
      recipe: `name: copy_orders
source:
  type: postgres
  host: db.example.com
  database: shop
  user: reporting
  password: "{{ env_var('SHOP_PASSWORD') }}"
  sslmode: verify-full
  table: sales.orders
destination:
  type: duckdb
  database: warehouse.duckdb
  table: orders
  write_mode: overwrite
`,
    },
    {
      title: "Load what is new each day",
      recipe: `name: sync_customers
source:
  type: postgres
  url: "{{ env_var('SHOP_URL') }}"
  table: customers
  incremental:
    strategy: cursor
    cursor_column: updated_at
    initial_value: "2024-01-01 00:00:00"
destination:
  type: duckdb
  database: warehouse.duckdb
  table: customers
  write_mode: merge
  merge_keys: [id]
`,
    },
    {
      title: "Write the result of a query as Parquet",
      recipe: `name: daily_sales
source:
  type: postgres
  url: "{{ env_var('SHOP_URL') }}"
  query: |
    SELECT ordered_at::date AS day, sum(amount)::numeric(18,2) AS amount
    FROM orders GROUP BY 1 ORDER BY 1
destination:
  type: parquet
  path: out/daily_sales.parquet
`,
    },
  ],
  typeNotes: TYPE_NOTES,
  checkRead,
  checkWrite,
  access,
  describe: describeConfig,
  describesData: true,
  openSource: () => import("./source.ts"),
  openDestination: () => import("./destination.ts"),
});
