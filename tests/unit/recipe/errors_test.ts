import assert from "node:assert/strict";
import { complete, errorsOf, lines, load } from "./support.ts";

/** Recipe text, then the errors it must give: `CODE line:column message | hint`. */
type Case = [name: string, text: string, errors: string[]];

const KEYS =
  "keys of a recipe are: name, description, extends, delete, plugins, vars, macros, source, transform, destination, " +
  "resources, schema, normalization, validation, runtime, state, schedule, alerts, tests";

const CASES: Case[] = [
  ["an unknown key and its nearest", complete("destinaton: 1\n"), [
    'UNKNOWN_KEY 4:1 Key "destinaton" is not known. | did you mean "destination"?',
  ]],
  ["a misspelled required key is one error", "name: x\nsource: {type: files, path: a}\ndestinaton: {}\n", [
    'UNKNOWN_KEY 3:1 Key "destinaton" is not known. | did you mean "destination"?',
  ]],
  ["an unknown key with nothing near", complete("qqqqqq: 1\n"), [
    `UNKNOWN_KEY 4:1 Key "qqqqqq" is not known. | ${KEYS}`,
  ]],
  ["keys in the wrong block", complete("write_mode: merge\nbatch_size: 3\ncursor_column: x\n"), [
    'UNKNOWN_KEY 4:1 Key "write_mode" is not known. | "write_mode" belongs under "destination"',
    'UNKNOWN_KEY 5:1 Key "batch_size" is not known. | "batch_size" belongs under "runtime"',
    'UNKNOWN_KEY 6:1 Key "cursor_column" is not known. | "cursor_column" belongs under "source.incremental"',
  ]],
  ["nothing but an empty mapping", "{}", [
    'MISSING_KEY 1:1 The recipe needs the key "name". | add it, for example: name: load_orders',
    'MISSING_KEY 1:1 The recipe needs the key "source". | add it, for example: source: {type: duckdb, …}',
    'MISSING_KEY 1:1 The recipe needs the key "destination". | add it, for example: destination: {type: duckdb, …}',
  ]],
  [
    "an unknown connector beside an unknown key",
    `name: x
source: {type: filez, path: a}
destination: {pth: b, type: files}
`,
    [
      'UNKNOWN_CONNECTOR 2:16 Connector "filez" is not known. | did you mean "files"?',
      'UNKNOWN_KEY 3:15 Key "pth" is not known in "destination". | did you mean "path"?',
    ],
  ],
  [
    "a connector like none",
    `name: x
source: {type: zzzzzz}
destination: {type: files, path: b}
`,
    ['UNKNOWN_CONNECTOR 2:16 Connector "zzzzzz" is not known. | connectors are: database, either, files'],
  ],
  ["missing type and missing path", "name: x\nsource: {path: a}\ndestination: {type: files}\n", [
    'MISSING_KEY 2:1 "source" needs the key "type". | add it, for example: type: csv',
    'MISSING_KEY 3:1 "destination" needs the key "path". | add it, for example: path: "data/*.csv"',
  ]],
  ["blocks of the wrong kind", "name: x\nsource: files\ndestination: []\n", [
    'INVALID_VALUE 2:9 "source" must be a mapping. | begin with `type: …`',
    'INVALID_VALUE 3:1 "destination" must be a mapping. | begin with `type: …`',
  ]],
  [
    "wrong values of each kind",
    `name: x y
source:
  type: files
  path: a
  header: yes
  skip_lines: -1
  compression: gz
  delimiter: ab
  keep: a
  columns: [1]
  more: [1]
destination: {type: database, host: "", port: 70000, table: 7}
`,
    [
      'INVALID_VALUE 1:7 name must hold only letters, digits, "_", "." and "-", and begin with a letter, digit or "_", ' +
      'but is "x y".',
      'INVALID_VALUE 5:11 header must be true or false, but is "yes". | YAML 1.2 knows only true and false',
      "INVALID_VALUE 6:15 skip_lines must be a whole number of at least 0, but is -1.",
      'INVALID_VALUE 7:16 compression must be one of "none", "gzip", "zstd", but is "gz".',
      'INVALID_VALUE 8:14 delimiter must be text of at most 1 character, but is "ab".',
      'INVALID_VALUE 9:9 keep must be a list, but is "a".',
      "INVALID_VALUE 10:3 columns must be a mapping, but is a list.",
      'INVALID_VALUE 11:10 more[0] must be text, but is 1. | put it in quotes: "1"',
      "INVALID_VALUE 12:37 host must be text that is not empty, but is an empty text.",
      "INVALID_VALUE 12:47 port must be a whole number from 1 to 65535, but is 70000.",
      'INVALID_VALUE 12:61 table must be text that is not empty, but is 7. | put it in quotes: "7"',
    ],
  ],
  ["a value that would lose its leading zero", complete("description: 007\n"), [
    'INVALID_VALUE 4:14 description must be text, but is 007. | put it in quotes: "007"',
  ]],
  ["a key without a value", complete("runtime:\n  threads:\n"), [
    "INVALID_VALUE 5:3 threads must be a whole number from 1 to 1024, but is empty. | give it a value or remove the " +
    "key; to drop an inherited key list it under `delete:`",
  ]],
  [
    "write mode and merge keys",
    `name: x
source: {type: files, path: a}
destination: {type: files, path: b, write_mode: mergee, merge_keys: [a, a], strategy: upsrt}
`,
    [
      'INVALID_VALUE 3:49 write_mode must be one of "append", "overwrite", "merge", but is "mergee". ' +
      '| did you mean "merge"?',
      'INVALID_VALUE 3:73 merge_keys[1] names the column "a" twice.',
      'INVALID_VALUE 3:87 strategy must be one of "upsert", "delete_insert", "insert_only", "scd2", but is "upsrt". ' +
      '| did you mean "upsert"?',
    ],
  ],
  [
    "incremental",
    `name: r
source:
  type: files
  path: x
  incremental: {strategy: cursr, on_null: x, lag: long, initial_value:, foo: 1}
destination: {type: files, path: y, incremental: {}}
`,
    [
      'INVALID_VALUE 5:27 strategy must be one of "cursor", "watermark", "timestamp", "modified_time", "cdc", "custom", ' +
      'but is "cursr". | did you mean "cursor"?',
      'INVALID_VALUE 5:43 on_null must be one of "include", "exclude", "error", but is "x".',
      'INVALID_VALUE 5:51 lag must be a length of time such as "15 minutes", or a number, but is "long".',
      "INVALID_VALUE 5:57 initial_value must be text that is not empty or a number, but is empty. | give it a value or " +
      "remove the key; to drop an inherited key list it under `delete:`",
      'UNKNOWN_KEY 5:73 Key "foo" is not known in "source.incremental". | keys of "source.incremental" are: strategy, ' +
      "cursor_column, initial_value, end_value, lag, on_null, order",
      'UNKNOWN_KEY 6:37 Key "incremental" is not known in "destination". | "incremental" belongs under "source"',
    ],
  ],
  [
    "a cursor without a column",
    `name: r
source: {type: files, path: x, incremental: {strategy: watermark}}
destination: {type: files, path: y}
`,
    [
      'MISSING_KEY 2:32 "source.incremental" needs the key "cursor_column" for strategy "watermark". ' +
      "| add it, for example: cursor_column: updated_at",
    ],
  ],
  [
    "runtime",
    complete(`runtime:
  batch_size: many
  parallelism: 1000
  retries: lots
  memory_limit: big
  threads: 1.5
  dead_letter: {max_rows: 0}
`),
    [
      'INVALID_VALUE 5:15 batch_size must be a whole number greater than 0, but is "many".',
      "INVALID_VALUE 6:16 parallelism must be a whole number from 1 to 256, but is 1000.",
      'INVALID_VALUE 7:12 retries must be a whole number from 0 to 100 or a mapping, but is "lots".',
      'INVALID_VALUE 8:17 memory_limit must be a size such as "2GB" or a share such as "80%", but is "big".',
      "INVALID_VALUE 9:12 threads must be a whole number from 1 to 1024, but is 1.5.",
      'MISSING_KEY 10:3 "runtime.dead_letter" needs the key "path". | add it, for example: path: "data/*.csv"',
      "INVALID_VALUE 10:27 max_rows must be a whole number greater than 0, but is 0.",
    ],
  ],
  ["retries as a mapping", complete("runtime: {retries: {max_attempts: 0, initial_delay: soon, foo: 1}}\n"), [
    "INVALID_VALUE 4:35 max_attempts must be a whole number from 1 to 100, but is 0.",
    'INVALID_VALUE 4:53 initial_delay must be a length of time such as "500ms", "30s" or "5 minutes", but is "soon".',
    'UNKNOWN_KEY 4:59 Key "foo" is not known in "runtime.retries". | keys of "runtime.retries" are: max_attempts, ' +
    "initial_delay, max_delay",
  ]],
  [
    "steps",
    complete(`transform:
  steps:
    - {type: sqll, query: x}
    - {query: x}
    - 5
    - {type: sql}
    - {type: sql, query: x, foo: 1}
    - {type: rename_columns, mapping: {a: 1}}
    - {type: rename_columns, mapping: [a]}
`),
    [
      'UNKNOWN_TRANSFORM 6:14 Transform "sqll" is not known. | did you mean "sql"?',
      'MISSING_KEY 7:7 "transform.steps[1]" needs the key "type". | add it, for example: type: cast',
      'INVALID_VALUE 8:7 "transform.steps[2]" must be a mapping with a type. | begin with `type: …`',
      'MISSING_KEY 9:7 "transform.steps[3]" needs the key "query". | add it, for example: query: "SELECT * FROM orders"',
      'UNKNOWN_KEY 10:29 Key "foo" is not known in "transform.steps[4]". | keys of "transform.steps[4]" are: type, query',
      'INVALID_VALUE 11:43 mapping.a must be text, but is 1. | put it in quotes: "1"',
      "INVALID_VALUE 12:30 mapping must be a mapping, but is a list.",
    ],
  ],
  ["transform without steps", complete("transform: {step: []}\n"), [
    'UNKNOWN_KEY 4:13 Key "step" is not known in "transform". | did you mean "steps"?',
  ]],
  [
    "a union of mappings",
    `name: r
source: {type: either, url: x, hst: y, table: t}
destination: {type: either, host: 5, table: t}
`,
    [
      'UNKNOWN_KEY 2:32 Key "hst" is not known in "source". | did you mean "host"?',
      'INVALID_VALUE 3:35 host must be text, but is 5. | put it in quotes: "5"',
    ],
  ],
  [
    "a number that can't be kept",
    complete("transform: {steps: [{type: add_column, name: a, value: 9007199254740993}]}\n"),
    ["INVALID_VALUE 4:56 value is too large a number to be kept exactly. | put it in quotes"],
  ],
  [
    "the blocks to come",
    complete(`state: {backend: s4}
schema: {columns: [{name: a, type: intt}, {nam: b}], mode: x}
normalization: {array_handling: [{field: a}]}
validation: {rules: []}
alerts: [{on: failure, type: slck}]
schedule: {crn: x}
tests: [{name: x}]
plugins: a
vars: [a]
macros: a
`),
    [
      'INVALID_VALUE 4:18 backend must be one of "local", "s3", "dynamodb", "sql", but is "s4". | did you mean "s3"?',
      'INVALID_VALUE 5:36 type must be a type such as integer, decimal(10,2) or array<string>, but is "intt". ' +
      '| did you mean "int"?',
      'UNKNOWN_KEY 5:44 Key "nam" is not known in "schema.columns[1]". | did you mean "name"?',
      'INVALID_VALUE 5:60 mode must be one of "strict", "lenient", "infer", but is "x".',
      'MISSING_KEY 6:34 "normalization.array_handling[0]" needs the key "action". ' +
      "| add it, for example: action: create_table",
      "INVALID_VALUE 7:14 rules must be a list of at least 1 item, but is an empty list.",
      'INVALID_VALUE 8:30 type must be one of "slack", "email", "webhook", but is "slck". | did you mean "slack"?',
      'UNKNOWN_KEY 9:12 Key "crn" is not known in "schedule". | did you mean "cron"?',
      "INVALID_VALUE 10:9 tests[0] needs expect, or runs. | give one `expect`, or `runs` with an `expect` each",
      'INVALID_VALUE 11:10 plugins must be a list, but is "a".',
      "INVALID_VALUE 12:1 vars must be a mapping, but is a list.",
      'INVALID_VALUE 13:9 macros must be a mapping, but is "a".',
    ],
  ],
  [
    "resources",
    `name: r
resources:
  - name: a
    depends_on: b
    source: {type: files, path: x}
    destination: {table: t}
  - name: b
    depends_on: [a, c]
    sorce: 1
    source: {type: files, path: x}
    destination: {type: database, host: h, table: t}
  - {name: a}
  - 7
`,
    [
      'MISSING_KEY 6:5 "resources[0].destination" needs the key "type". | add it, for example: type: csv',
      'UNKNOWN_RESOURCE 8:5 There is no resource "c" to depend on. | did you mean "a"?',
      'UNKNOWN_KEY 9:5 Key "sorce" is not known in "resources[1]". | did you mean "source"?',
      'MISSING_KEY 12:5 "resources[2]" needs the key "source". ' +
      '| add it here, or a "source" for all resources at the top level',
      'MISSING_KEY 12:5 "resources[2]" needs the key "destination". ' +
      '| add it here, or a "destination" for all resources at the top level',
      'DUPLICATE_NAME 12:12 Two resources are named "a". ' +
      "| each resource keeps its own state under its name: rename one",
      'INVALID_VALUE 13:5 "resources[3]" must be a mapping with a name. ' +
      "| for example: resources: [{name: orders, source: {…}, destination: {…}}]",
    ],
  ],
  [
    "resources in a circle",
    `name: r
source: {type: files, path: x}
destination: {type: files, path: y}
resources:
  - {name: a, depends_on: b}
  - {name: b, depends_on: [c]}
  - {name: c, depends_on: a}
`,
    [
      "DEPENDENCY_CYCLE 5:27 Resources depend on each other in a circle: a → b → c → a. " +
      "| remove one of these `depends_on`",
    ],
  ],
];

Deno.test("everything that is wrong is told at once, each at its place", async (t) => {
  for (const [name, text, expected] of CASES) {
    await t.step(name, async () => {
      assert.deepEqual(lines(await errorsOf(load(text))), expected);
    });
  }
});

Deno.test("several errors come as RecipeErrors that begin with the first", async () => {
  await assert.rejects(
    load(complete("foo: 1\nbar: 2\n")),
    (error: Error & { errors: Error[]; code: string }) => {
      assert.equal(error.name, "RecipeErrors");
      assert.equal(error.errors.length, 2);
      assert.equal(error.message, error.errors[0]!.message);
      assert.equal(error.code, "UNKNOWN_KEY");
      return true;
    },
  );
});

Deno.test("an error of a template's value shows the template", async () => {
  const text = complete("runtime:\n  batch_size: \"{{ env_var('N') }}\"\n");
  assert.deepEqual(lines(await errorsOf(load(text, { env: { N: "many" } }))), [
    "INVALID_VALUE 5:15 batch_size must be a whole number greater than 0, but is \"many\" (from {{ env_var('N') }}).",
  ]);
});

Deno.test("context names the key for machines", async () => {
  const [error] = await errorsOf(load(complete("runtime: {batch_sise: 1}\n")));
  assert.deepEqual(error!.context, { key: "batch_sise", in: "runtime", suggestion: "batch_size" });
  assert.deepEqual(error!.location, { file: "recipe.yaml", line: 4, column: 11 });
});
