import assert from "node:assert/strict";
import { applyEdit } from "../../src/cli/test_update.ts";
import { xml } from "../../src/cli/test_junit.ts";
import type { LogicalType } from "../../src/sdk/mod.ts";
import { Project, transcript } from "./harness.ts";
import { assertSnapshot } from "./snapshot.ts";

const RECIPE = `# Large orders.
name: orders
vars: {least: 10}
source:
  type: csv
  path: orders.csv
  columns: {amount: "decimal(10,2)"}
transform:
  steps:
    - {type: filter, where: "amount >= {{ var('least') }}"}
destination:
  type: parquet
  path: out/orders.parquet
`;

const TESTS = `tests:
  - name: small orders are left out
    given:
      rows: [{id: 1, amount: 10}, {id: 2, amount: 9.99}]
    expect:
      rows: [{id: 1, amount: 10.00}]
      schema: {id: int, amount: "decimal(10,2)"}
  - name: the limit can be given
    vars: {least: 1}
    given:
      text: |
        id,amount,note
        1,0.99,a
        2,1,"b, c"
        3,2.50,
        4,9,d
        5,10,e
        6,11,f
    expect:
      rows:
        # one below the default
        - {id: 2, amount: 1.00, note: "b, c"}
        - {id: 3, amount: 2.5, note: null}  # no note
        - {id: 7, amount: 8.00, note: x}
        - {id: 5, amount: 10.00, note: E}
        - {id: 6, amount: 11.00, note: f}
      row_count: 4
`;

const ARGS = ["test", "orders.yaml"];

function project(tests = TESTS): Promise<Project> {
  return Project.create({ "orders.yaml": RECIPE + tests });
}

/** Durations change from call to call. */
function steady(text: string): string {
  return text.replaceAll(/\d+ms/g, "<ms>").replaceAll(/time="[\d.]+"/g, 'time="<s>"');
}

Deno.test("tests that pass and fail: what differs is shown, exit 1", async () => {
  await using dir = await project();
  const called = await dir.call(ARGS);
  assert.equal(called.code, 1);
  await assertSnapshot("test_failed", steady(transcript(ARGS, called)), { dir: dir.dir });
  const colored = await dir.call(ARGS, { color: true });
  await assertSnapshot("test_colored", steady(transcript(ARGS, colored)), { dir: dir.dir });
});

Deno.test("--filter, --json and --junit", async () => {
  await using dir = await project();
  const one = await dir.call([...ARGS, "--filter", "small", "--json"]);
  assert.equal(one.code, 0);
  const { passed, failed, recipes } = JSON.parse(one.stdout);
  assert.deepEqual([passed, failed, recipes[0].tests[0].name], [1, 0, "small orders are left out"]);
  const all = await dir.call([...ARGS, "--json", "--junit", "reports/tests.xml"]);
  assert.equal(all.code, 1);
  const lines = JSON.parse(all.stdout).recipes[0].tests[1].runs[0].mismatches[1].lines;
  assert.deepEqual(lines.filter((line: { kind: string }) => line.kind === "changed"), [{
    kind: "changed",
    expected: ["5", "10.00", "E"],
    actual: ["5", "10.00", "e"],
    columns: [2],
  }]);
  await assertSnapshot("test_junit", steady(await dir.read("reports/tests.xml")), { dir: dir.dir });
  const none = await dir.call([...ARGS, "--filter", "nothing"]);
  assert.equal(none.code, 2);
  assert.match(none.stderr, /error\[NO_TESTS\]/);
});

Deno.test("--update writes the rows that came out and keeps comments and all else", async () => {
  await using dir = await project();
  const called = await dir.call([...ARGS, "--update"]);
  assert.equal(called.code, 0, called.stderr);
  const expected = (RECIPE + TESTS)
    .replace("- {id: 7, amount: 8.00, note: x}", "- {id: 4, amount: 9.00, note: d}")
    .replace("note: E}", "note: e}").replace("row_count: 4", "row_count: 5");
  assert.equal(await dir.read("orders.yaml"), expected);
  assert.equal((await dir.call(ARGS)).code, 0);
});

Deno.test("--update in all the ways rows are written", () => {
  const field = (name: string, type: LogicalType) => ({ name, type, nullable: true });
  const table = {
    fields: [field("id", { kind: "integer", bits: 64 }), field("a b", { kind: "string" })],
    rows: [["1", "x: {y}"], ["2", null]],
  };
  const path = ["tests", 0, "expect", "rows"];
  const edit = (text: string, rows = table.rows) => applyEdit(text, { path, value: { ...table, rows } });
  const head = "tests:\n  - name: t\n    expect:\n";
  const block = `      rows:\n        - {id: 1, a b: "x: {y}"}\n        - {id: 2, a b: null}\n`;
  for (
    const before of [
      "      rows: []\n",
      "      rows: [{id: 9}]\n",
      "      rows:\n        - id: 9\n          a b: q\n",
    ]
  ) {
    assert.equal(edit(head + before), head + block, before);
    assert.equal(
      edit(`${head}${before}      # more\n      row_count: 1\n`),
      `${head}${block}      # more\n      row_count: 1\n`,
    );
    assert.equal(edit(head + before, []), `${head}      rows: []\n`, before);
  }
  assert.equal(edit(head + "      rows: []"), (head + block).trimEnd(), "no line break at the end");
  assert.equal(edit("name: x\n"), "name: x\n", "no such test");
});

Deno.test("--update of recipes within braces, in JSON, with long numbers and line breaks; aliases are left alone", async () => {
  const row = `{ "id": 1, "big": "12345678901234567890", "nl": "x\\ny", "o": null }`;
  const body = (expect: string, more = "") =>
    `"name": "a", "source": { "type": "csv", "path": "a.csv" },
  "transform": { "steps": [ { "type": "cast", "columns": { "big": "decimal(20,0)" } } ] },
  "destination": { "type": "duckdb", "database": "x.duckdb", "table": "t" },
  "tests": [ { "name": "u", "given": { "rows": [ ${row} ] }, "expect": ${expect} }${more} ]`;
  const shared = body(
    `&e { "rows": [] }`,
    `,\n    { "name": "v", "given": { "rows": [ ${row} ] }, "expect": *e }`,
  );
  await using dir = await Project.create({
    "a.yaml": `{${body(`{ "rows": [] }`)}}\n`,
    "b.json": `{${body(`{ "rows": [] }`)}}\r\n`.replaceAll(/(?<!\r)\n/g, "\r\n"),
    "c.yaml": `{${shared}}\n`,
  });
  const called = await dir.call(["test", "a.yaml", "b.json", "--update"]);
  assert.equal(called.code, 0, called.stdout + called.stderr);
  assert.equal((await dir.call(["test", "a.yaml", "b.json"])).code, 0);
  assert.deepEqual(JSON.parse(await dir.read("b.json")).tests[0].expect.rows, [JSON.parse(row)]);
  // What two tests share can't be changed for one of them.
  const before = await dir.read("c.yaml");
  const left = await dir.call(["test", "c.yaml", "--update"]);
  assert.equal(left.code, 1);
  assert.match(left.stderr, /not updated u: more than `tests\.0\.expect\.rows` would change/);
  assert.equal(await dir.read("c.yaml"), before);
});

Deno.test("a recipe that is wrong: exit 2; others are tested", async () => {
  await using dir = await project(TESTS.replace("row_count: 4", "row_cuont: 4"));
  await dir.write(
    "good.yaml",
    RECIPE.replace("orders", "good") + TESTS.slice(0, TESTS.indexOf("  - name: the limit")),
  );
  const called = await dir.call(["test", "."]);
  assert.equal(called.code, 2);
  assert.match(called.stderr, /row_cuont.*\n[^]*did you mean "row_count"/);
  assert.match(called.stdout, /1 passed, 0 failed, 1 recipe wrong/);
  const without = await Project.create({ "r.yaml": RECIPE });
  try {
    const none = await without.call(["test", "r.yaml"]);
    assert.equal(none.code, 2);
    assert.match(none.stderr, /NO_TESTS[^]*add `tests:`/);
  } finally {
    await without[Symbol.asyncDispose]();
  }
});

Deno.test("what does not fit the recipe is told with its place", async () => {
  const cases: [string, RegExp][] = [
    [
      "{rows: [{id: 1, amount: 20}]}, expect: {rows: [{id: 1, amuont: 20}]}",
      /UNKNOWN_COLUMN[^]*orders.yaml:1\d[^]*did you mean "amount"/,
    ],
    ["{rows: []}, expect: {row_count: 0}", /GIVEN_WITHOUT_COLUMNS[^]*columns: \{id: int\}/],
    ["{rows: [{a: 1}], text: x}, expect: {row_count: 0}", /has both rows and text/],
    ["{}, expect: {row_count: 0}", /needs one of rows, file and text/],
    ["{rows: [{a: 1}]}, expect: {}", /must say what is expected/],
    ["{rows: [{a: 1}]}", /needs expect, or runs/],
    [
      "{rows: [{id: 1, amount: 20}]}, vars: {leest: 1}, expect: {row_count: 1}",
      /UNKNOWN_VARIABLE[^]*orders.yaml:1\d[^]*did you mean "least"/,
    ],
    ["{rows: [{a: 1}]}, expect: {columns: [b], rows: []}", /UNKNOWN_COLUMN|transform/],
  ];
  for (const [test, message] of cases) {
    await using dir = await project(`tests:\n  - {name: t, given: ${test}}\n`);
    const called = await dir.call(ARGS);
    assert.match(called.stdout + called.stderr, message, test);
    assert.notEqual(called.code, 0, test);
  }
});

Deno.test("a test writes nothing outside, needs no secrets and shows none", async () => {
  await using dir = await Project.create({
    "r.yaml": `name: r
source: {type: duckdb, database: "{{ env_var('DB_PATH') }}", table: t}
destination: {type: duckdb, database: out/x.duckdb, table: t}
runtime: {dead_letter: {path: out/dead.jsonl}}
tests:
  - name: with a secret
    env: {DB_PATH: never.duckdb}
    given: {rows: [{id: 1, key: "{{ env_var('API_KEY') }}"}]}
    expect: {rows: [{id: 1, key: other}]}
  - name: without the environment
    given: {rows: [{id: 1}]}
    expect: {rows: [{id: 1}]}
`,
  });
  const called = await dir.call(["test", "r.yaml", "--junit", "j.xml", "--json"], {
    env: { API_KEY: "s3cr3t-key-42" },
  });
  assert.equal(called.code, 1);
  for (const text of [called.stdout, called.stderr, await dir.read("j.xml")]) {
    assert.doesNotMatch(text, /s3cr3t/);
  }
  const files = [...Deno.readDirSync(dir.dir)].map(({ name }) => name).sort();
  assert.deepEqual(files, ["j.xml", "r.yaml"]);
});

Deno.test("a long secret is masked before a cell is cut, and written into no recipe", async () => {
  const secret = "realEnvironmentSecret-0123456789-abcdefghijk";
  await using dir = await Project.create({
    "r.yaml": `name: r
source: {type: csv, path: a.csv}
transform: {steps: [{type: add_column, name: s, value: "{{ env_var('API_KEY') }}"}]}
destination: {type: duckdb, database: x.duckdb, table: t}
tests:
  - name: with a secret
    given: {rows: [{id: 1}]}
    expect:
      rows: []
`,
  });
  const before = await dir.read("r.yaml");
  const called = await dir.call(["test", "r.yaml", "--junit", "j.xml", "--update"], {
    env: { API_KEY: secret },
  });
  assert.equal(called.code, 1);
  assert.match(called.stderr + called.stdout, /not updated.*secret/s);
  for (const text of [called.stdout, called.stderr, await dir.read("j.xml"), await dir.read("r.yaml")]) {
    assert.ok(!text.includes(secret.slice(0, 12)), text);
  }
  assert.equal(await dir.read("r.yaml"), before);
});

Deno.test("XML: what can't stand in it is taken out", () => {
  assert.equal(xml('a<b>&"c"\n\u0000\u001b[31mx'), "a&lt;b&gt;&amp;&quot;c&quot;\nx");
});
