/** The files of a new project. Pure. */

export interface ScaffoldFile {
  /** Relative to the project. */
  readonly path: string;
  readonly text: string;
}

/** The files that `init` writes. `jsonSchema` is the JSON Schema of recipes, for editors. */
export function scaffoldFiles(jsonSchema: string): ScaffoldFile[] {
  return [
    { path: "recipes/hello.yaml", text: HELLO },
    { path: "data/orders.csv", text: ORDERS },
    { path: "recipe.schema.json", text: `${jsonSchema}\n` },
    { path: ".gitignore", text: GITIGNORE },
    { path: "README.md", text: README },
  ];
}

const HELLO = `# yaml-language-server: $schema=../recipe.schema.json
# Loads data/*.csv into a DuckDB file. Files that were loaded before are not read again.
name: hello
description: Orders from CSV files into a DuckDB database

source:
  type: csv
  path: ../data/*.csv
  incremental:
    strategy: modified_time

transform:
  steps:
    - type: cast
      columns:
        amount: decimal(10,2)
        ordered_at: datetime
    - type: filter
      where: status <> 'cancelled'

destination:
  type: duckdb
  database: ../out/shop.duckdb
  table: orders
  write_mode: merge
  merge_keys: [order_id]
`;

const ORDERS = `order_id,customer,status,amount,ordered_at
1,Ada,shipped,19.90,2024-05-01 09:12:00
2,Grace,shipped,120.00,2024-05-01 10:47:31
3,Alan,cancelled,15.50,2024-05-01 11:03:09
4,Edsger,new,8.25,2024-05-02 08:30:00
5,Barbara,shipped,64.00,2024-05-02 16:20:45
6,Katherine,new,230.10,2024-05-03 07:55:12
`;

const GITIGNORE = `.state/
out/
.env
`;

const README = `# A dataloader project

    dataloader preview recipes/hello.yaml     # the first rows, nothing written
    dataloader plan recipes/hello.yaml        # what a run would do
    dataloader run recipes/hello.yaml         # load; again: only what is new
    dataloader show-state recipes/hello.yaml  # how far it has come

- \`recipes/\` says what to load. \`dataloader validate recipes/\` finds mistakes before a run does.
- \`data/\` holds a small example. Add a row or a file, and run again.
- \`out/\` gets the result, \`.state/\` remembers what was loaded. Neither belongs into version control.
- \`recipe.schema.json\` gives editors completion and help; \`dataloader schema --json-schema\` writes it anew.
- \`dataloader list-connectors\` shows what can be read and written, \`dataloader connector duckdb\` its keys.
`;
