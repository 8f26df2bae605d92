/** What each example recipe must come to. In order: some read what others have written. */
import type { Json } from "../../src/sdk/mod.ts";

export interface RecipeRun {
  /** Path under `recipes/`. */
  readonly recipe: string;
  readonly args?: readonly string[];
  readonly env?: Record<string, string>;
  /** Rows written by the first run, and by a second right after it. */
  readonly written: number;
  readonly again: number;
  /** Statements run in a database of its own, `$OUT` standing for the output directory; and the rows of the last. */
  readonly check: readonly string[];
  readonly rows: readonly Record<string, Json>[];
}

const attach = (name: string) => [`ATTACH '$OUT/${name}.duckdb' AS db (READ_ONLY)`, "USE db"];

export const RECIPE_RUNS: readonly RecipeRun[] = [
  {
    recipe: "quickstart/weather.yaml",
    written: 1461,
    again: 0,
    check: [
      ...attach("quickstart"),
      `SELECT count(*)::INTEGER AS n, count(DISTINCT day)::INTEGER AS days, sum(rain_mm)::VARCHAR AS rain,
              typeof(any_value(high_c)) AS type FROM weather`,
    ],
    rows: [{ n: 1461, days: 1461, rain: "4426.0", type: "DECIMAL(4,1)" }],
  },
  {
    recipe: "quickstart/earthquakes.yaml",
    written: 217,
    again: 0,
    check: [
      `SELECT count(*)::INTEGER AS n, count(DISTINCT id)::INTEGER AS ids, max(magnitude)::VARCHAR AS strongest,
              min(occurred_at)::VARCHAR AS first, count(*) FILTER (tsunami)::INTEGER AS tsunamis
       FROM read_parquet('$OUT/earthquakes/*.parquet')`,
    ],
    rows: [{ n: 217, ids: 217, strongest: "6.4", first: "2018-01-31 02:00:31.8", tsunamis: 4 }],
  },
  {
    recipe: "quickstart/wettest_months.yaml",
    written: 48,
    again: 48,
    check: [
      "SELECT month, rain_mm::VARCHAR AS rain_mm FROM read_ndjson('$OUT/wettest_months.jsonl') LIMIT 1",
    ],
    rows: [{ month: "2015-12", rain_mm: "284.5" }],
  },
  {
    recipe: "quickstart/strongest_quakes.yaml",
    written: 39,
    again: 39,
    check: [
      "SELECT magnitude::VARCHAR AS magnitude, place FROM read_csv('$OUT/strongest_quakes.csv') LIMIT 1",
    ],
    rows: [{ magnitude: "6.4", place: "22km NNE of Hualian, Taiwan" }],
  },
  {
    recipe: "files/csv_to_parquet.yaml",
    written: 9,
    again: 9,
    check: [
      "SELECT count(*)::INTEGER AS n, sum(amount)::VARCHAR AS total, typeof(any_value(amount)) AS type FROM '$OUT/files/orders.parquet'",
    ],
    rows: [{ n: 9, total: "2717.84", type: "DECIMAL(10,2)" }],
  },
  {
    recipe: "files/csv_dialect.yaml",
    written: 3,
    again: 3,
    check: [
      "SELECT number::INTEGER AS number, title, price::DECIMAL(8,2)::VARCHAR AS price, stock::INTEGER AS stock, received::VARCHAR AS received FROM read_ndjson('$OUT/files/stock.jsonl') ORDER BY ALL",
    ],
    rows: [
      { number: 17, title: 'Tischlampe "Grün"', price: "49.90", stock: 12, received: "2024-01-15" },
      { number: 23, title: "Stuhl", price: "119.00", stock: null, received: "2024-01-20" },
      { number: 31, title: "Büroregal", price: "89.50", stock: 3, received: null },
    ],
  },
  {
    recipe: "files/jsonl_to_csv.yaml",
    written: 4,
    again: 4,
    check: [
      "SELECT event::INTEGER AS event, customer, path, ms::INTEGER AS ms, tags::INTEGER AS tags FROM read_csv('$OUT/files/events.csv.gz', delim = '|') WHERE event >= 3 ORDER BY ALL",
    ],
    rows: [
      { event: 3, customer: null, path: "/", ms: 98, tags: 0 },
      { event: 4, customer: "C-2", path: "/cart", ms: 510, tags: 1 },
    ],
  },
  {
    recipe: "files/hive_write.yaml",
    written: 9,
    again: 9,
    check: [
      "SELECT month, count(*)::INTEGER AS n FROM read_parquet('$OUT/files/orders_by_month/month=*/*.parquet', hive_partitioning = true) GROUP BY month ORDER BY month",
    ],
    rows: [{ month: "2024-01", n: 5 }, { month: "2024-02", n: 4 }],
  },
  {
    recipe: "files/hive_read.yaml",
    written: 5,
    again: 5,
    check: [
      "SELECT year::INTEGER AS year, sum(amount)::DECIMAL(10,2)::VARCHAR AS amount FROM '$OUT/files/sales.parquet' GROUP BY 1 ORDER BY 1",
    ],
    rows: [{ year: 2023, amount: "2180.50" }, { year: 2024, amount: "2345.25" }],
  },
  {
    recipe: "files/new_files_only.yaml",
    written: 9,
    again: 0,
    check: [
      "SELECT count(*)::INTEGER AS n, count(DISTINCT filename)::INTEGER AS files FROM read_parquet('$OUT/files/orders/*.parquet', filename = true)",
    ],
    rows: [{ n: 9, files: 1 }],
  },
  {
    recipe: "duckdb/overwrite.yaml",
    written: 5,
    again: 5,
    check: [...attach("shop"), `SELECT fname, lname FROM customers WHERE id = 'C-7'`],
    rows: [{ fname: 'Anne "Annie"', lname: "O'Neill" }],
  },
  {
    recipe: "duckdb/append_new_files.yaml",
    written: 4,
    again: 0,
    check: [
      ...attach("shop"),
      "SELECT count(*)::INTEGER AS n, typeof(any_value(sent_at)) AS type, any_value(page.ms)::INTEGER > 0 AS nested FROM events",
    ],
    rows: [{ n: 4, type: "TIMESTAMP", nested: true }],
  },
  {
    recipe: "duckdb/parquet_upsert.yaml",
    written: 8,
    again: 0,
    check: [
      ...attach("shop"),
      "SELECT count(*)::INTEGER AS n, max(status) FILTER (id = 1005) AS status FROM orders",
    ],
    rows: [{ n: 8, status: "shipped" }],
  },
  {
    recipe: "duckdb/to_jsonl.yaml",
    written: 5,
    again: 5,
    check: [
      "SELECT id, spent::DECIMAL(10,2)::VARCHAR AS spent, len(orders)::INTEGER AS orders FROM read_ndjson('$OUT/spending.jsonl') WHERE id IN ('C-7', 'C-4') ORDER BY id",
    ],
    rows: [{ id: "C-4", spent: "7.49", orders: 1 }, { id: "C-7", spent: "378.90", orders: 2 }],
  },
  {
    recipe: "duckdb/copy_new_rows.yaml",
    written: 3,
    again: 0,
    check: [...attach("archive"), "SELECT min(event)::INTEGER AS a, count(*)::INTEGER AS n FROM shop.events"],
    rows: [{ a: 2, n: 3 }],
  },
  {
    recipe: "duckdb/copy_window.yaml",
    written: 8,
    again: 0,
    check: [...attach("archive"), "SELECT count(*)::INTEGER AS n FROM shop.orders"],
    rows: [{ n: 8 }],
  },
  {
    recipe: "duckdb/history_scd2.yaml",
    written: 5,
    again: 0,
    check: [...attach("shop"), "SELECT count(*)::INTEGER AS n FROM customer_history"],
    rows: [{ n: 5 }],
  },
  {
    recipe: "duckdb/history_scd2.yaml",
    args: ["--var", "file=customers-moved"],
    written: 5,
    again: 0,
    check: [
      ...attach("shop"),
      "SELECT country FROM customer_history WHERE id = 'C-2' ORDER BY country",
    ],
    rows: [{ country: "ES" }, { country: "PT" }],
  },
  {
    recipe: "transforms/rename_and_cast.yaml",
    written: 5,
    again: 5,
    check: [
      "SELECT first_name, typeof(since) AS type FROM '$OUT/transforms/customers.parquet' WHERE id = 'C-2'",
    ],
    rows: [{ first_name: "José", type: "DATE" }],
  },
  {
    recipe: "transforms/add_column.yaml",
    written: 5,
    again: 5,
    check: ["SELECT DISTINCT loaded_by, shop FROM read_ndjson('$OUT/transforms/customers_of_shop.jsonl')"],
    rows: [{ loaded_by: "add_column", shop: "BERLIN" }],
  },
  {
    recipe: "transforms/filter_and_select.yaml",
    written: 3,
    again: 3,
    check: [
      "SELECT id::INTEGER AS id, amount::DECIMAL(10,2)::VARCHAR AS amount, customer FROM read_csv('$OUT/transforms/large_orders.csv') ORDER BY id",
    ],
    rows: [
      { id: 1001, amount: "129.90", customer: "C-7" },
      { id: 1005, amount: "1090.00", customer: "C-9" },
      { id: 1006, amount: "34.50", customer: "C-1" },
    ],
  },
  {
    recipe: "transforms/sql.yaml",
    written: 5,
    again: 5,
    check: ["SELECT customer, tier FROM read_csv('$OUT/transforms/tiers.csv') ORDER BY customer"],
    rows: [
      { customer: "C-1", tier: "small" },
      { customer: "C-2", tier: "large" },
      { customer: "C-4", tier: "small" },
      { customer: "C-7", tier: "large" },
      { customer: "C-9", tier: "large" },
    ],
  },
  {
    recipe: "transforms/function.yaml",
    written: 5,
    again: 5,
    check: ["SELECT initials FROM read_ndjson('$OUT/transforms/initials.jsonl') ORDER BY id"],
    rows: [{ initials: "A.L." }, { initials: "J.M." }, { initials: "Y.T." }, { initials: "A.O." }, {
      initials: "J.G.",
    }],
  },
  {
    recipe: "language/orders.yaml",
    args: ["--var", "month=2024-02", "--var", "currency=SEK", "--var", "rate=11.4"],
    written: 3,
    again: 3,
    check: [
      "SELECT id::INTEGER AS id, amount::DECIMAL(10,2)::VARCHAR AS amount, currency FROM '$OUT/language/orders-2024-02.parquet' ORDER BY id LIMIT 2",
    ],
    rows: [
      { id: 1005, amount: "12426.00", currency: "SEK" },
      { id: 1006, amount: "393.30", currency: "SEK" },
    ],
  },
  {
    recipe: "language/orders.yaml",
    written: 5,
    again: 5,
    check: ["SELECT DISTINCT currency FROM '$OUT/language/orders-2024-01.parquet'"],
    rows: [{ currency: "EUR" }],
  },
  {
    recipe: "language/environment.yaml",
    env: { SHOP_COUNTRY: "JP" },
    written: 2,
    again: 2,
    check: ["SELECT id FROM read_csv('$OUT/language/customers.csv') ORDER BY id"],
    rows: [{ id: "C-1" }, { id: "C-4" }],
  },
  {
    recipe: "permissions/narrowed.yaml",
    env: { SHOP_GREETING: "Hej" },
    written: 5,
    again: 5,
    check: ["SELECT greeting FROM read_ndjson('$OUT/permissions/greetings.jsonl') WHERE id = 'C-1'"],
    rows: [{ greeting: "Hej Ada from Sweden" }],
  },
  {
    recipe: "plugins/ini_format.yaml",
    written: 3,
    again: 3,
    check: [
      "SELECT section, key, value FROM read_csv('$OUT/plugins/settings.csv') WHERE key <> 'rounding' ORDER BY key",
    ],
    rows: [
      { section: "till", key: "currency", value: "EUR" },
      { section: "receipt", key: "footer", value: "Thank you, come again" },
    ],
  },
  {
    recipe: "plugins/calendar_source.yaml",
    written: 60,
    again: 0,
    check: [...attach("calendar"), "SELECT min(day)::VARCHAR AS a, max(day)::VARCHAR AS z FROM days"],
    rows: [{ a: "2024-01-01", z: "2024-02-29" }],
  },
  {
    recipe: "plugins/calendar_source.yaml",
    args: ["--var", "until=2024-03-31"],
    written: 31,
    again: 0,
    check: [
      ...attach("calendar"),
      "SELECT count(*)::INTEGER AS n, count(DISTINCT day)::INTEGER AS days FROM days",
    ],
    rows: [{ n: 91, days: 91 }],
  },
  {
    recipe: "plugins/mask_step.yaml",
    written: 5,
    again: 5,
    check: ["SELECT lname FROM read_csv('$OUT/plugins/masked.csv') WHERE id IN ('C-1', 'C-9') ORDER BY id"],
    rows: [{ lname: "*******st" }, { lname: "**oß" }],
  },
  {
    recipe: "validation/fail.yaml",
    written: 9,
    again: 9,
    check: ["SELECT count(*)::INTEGER AS n FROM '$OUT/validation/orders.parquet'"],
    rows: [{ n: 9 }],
  },
  {
    recipe: "validation/skip.yaml",
    written: 3,
    again: 3,
    check: ["SELECT id::INTEGER AS id FROM read_csv('$OUT/validation/mailing_list.csv') ORDER BY id"],
    rows: [{ id: 1 }, { id: 2 }, { id: 6 }],
  },
  {
    recipe: "validation/warn.yaml",
    written: 8,
    again: 8,
    check: ["SELECT count(*)::INTEGER AS n FROM '$OUT/validation/signups.parquet'"],
    rows: [{ n: 8 }],
  },
  {
    recipe: "validation/quarantine.yaml",
    written: 4,
    again: 0,
    check: [
      ...attach("validation"),
      `SELECT DISTINCT q.row ->> 'id' AS id, b ->> 'rule' AS rule, b ->> 'value' AS value
       FROM _quarantine_customers AS q, unnest(CAST(q.broken AS JSON[])) AS t(b) ORDER BY id`,
    ],
    rows: [
      { id: "3", rule: "email.type", value: "yuki.example.jp" },
      { id: "5", rule: "email.required", value: null },
      { id: "6", rule: "age.max", value: "210" },
      { id: "7", rule: "status.values", value: "deleted" },
    ],
  },
  {
    recipe: "validation/replay.yaml",
    written: 3,
    again: 0,
    check: [
      ...attach("validation"),
      `SELECT string_agg(id, ',' ORDER BY id) AS ids, (SELECT string_agg(row ->> 'id', ',') FROM _quarantine_customers_again) AS again
       FROM customers`,
    ],
    rows: [{ ids: "1,2,3,4,6,7,8", again: "5" }],
  },
  {
    recipe: "validation/quarantine_file.yaml",
    written: 6,
    again: 6,
    check: [
      `SELECT row.id::INTEGER AS id, broken[1].message AS message
       FROM read_ndjson('$OUT/validation/quarantine/*.jsonl') ORDER BY id`,
    ],
    rows: [{ id: 3, message: "has no domain" }, { id: 5, message: "has no domain" }],
  },
];
