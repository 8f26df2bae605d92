/** A project that loads CSV files into a DuckDB file. */
import { Project } from "./harness.ts";

export const ORDERS = `order_id,customer,status,amount,ordered_at
1,Ada,shipped,19.90,2024-05-01 09:12:00
2,Grace,shipped,120.00,2024-05-01 10:47:31
3,Alan,cancelled,15.50,2024-05-01 11:03:09
4,日本のお客様,new,8.25,2024-05-02 08:30:00
5,"Barbara, with a very long name that does not fit",shipped,,2024-05-02 16:20:45
`;

export const RECIPE = `name: orders
source:
  type: csv
  path: data/*.csv
  incremental: {strategy: modified_time}
transform:
  steps:
    - type: cast
      columns: {amount: "decimal(10,2)", ordered_at: datetime}
    - type: filter
      where: status <> 'cancelled'
    - type: rename_columns
      mapping: {customer: buyer}
destination:
  type: duckdb
  database: out/shop.duckdb
  table: orders
  write_mode: merge
  merge_keys: [order_id]
`;

export async function shop(files: Record<string, string> = {}): Promise<Project> {
  const project = await Project.create({ "orders.yaml": RECIPE, "data/orders.csv": ORDERS, ...files });
  await Deno.mkdir(project.path("out"), { recursive: true });
  // The same time in every run: plans and states show it.
  await Deno.utime(project.path("data/orders.csv"), 1_714_600_000, 1_714_600_000);
  return project;
}
