/** Recipes that show the connectors at work. */
import type { Example } from "../../sdk/mod.ts";

export const filestoreExamples: readonly Example[] = [
  {
    title: "Load new and changed files of a folder as they come",
    recipe: `name: load_events
source:
  type: filestore
  path: landing/**/*.jsonl.gz
  incremental:
    strategy: modified_time
destination:
  type: filestore
  path: lake/events/
  format: parquet
  partition_by: [event_date]
  write_mode: append
`,
  },
];

const perFormat: Record<string, readonly Example[]> = {
  csv: [{
    title: "Turn CSV files into Parquet",
    recipe: `name: orders_to_parquet
source:
  type: csv
  path: data/orders-*.csv
  delimiter: ";"
  decimal_separator: ","
  null_strings: ["", "NULL"]
  columns:
    postcode: string
    amount: decimal(12,2)
destination:
  type: parquet
  path: out/orders.parquet
`,
  }],
  json: [{
    title: "Read the records of a nested document",
    recipe: `name: load_items
source:
  type: json
  path: data/export.json
  records_path: data.items
destination:
  type: csv
  path: out/items.csv
`,
  }],
  jsonl: [{
    title: "Write JSON Lines, compressed",
    recipe: `name: export_orders
source:
  type: parquet
  path: data/orders/
destination:
  type: jsonl
  path: out/orders.jsonl.gz
`,
  }],
  parquet: [{
    title: "Write a folder of Parquet files by day",
    recipe: `name: orders_by_day
source:
  type: csv
  path: data/orders.csv
destination:
  type: parquet
  path: out/orders/
  compression: zstd
  partition_by: [order_date]
  max_rows_per_file: 1000000
  write_mode: overwrite
`,
  }],
};

/** Examples for the connector of one format. */
export function formatExamples(format: string): readonly Example[] {
  return perFormat[format] ?? [];
}
