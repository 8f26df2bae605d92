import assert from "node:assert/strict";
import { Project } from "./harness.ts";

const RECIPE = `name: people
source: {type: csv, path: in.csv}
destination: {type: duckdb, database: o.duckdb, table: t}
validation:
  on_error: quarantine
  quarantine: bad.jsonl
  rules:
    - {column: email, type: email}
    - {name: "<b>odd</b> & \\"quoted\\"", expression: "id < 100", message: "<img src=x onerror=alert(1)>"}
    - {column: token, values: ["{{ env_var('TOKEN') }}"], on_error: warn}
  table:
    - row_count: {min: 1}
    - {completeness: {column: email, min: 0.9}, on_error: warn}
`;

const CSV = `id,email,token
1,a@b.co,x
2,<script>alert(2)</script>,s3cr3t-token-99
3,"x"" onmouseover=""y",x
1000,c@d.org,x
`;

const project = (recipe = RECIPE) => Project.create({ "r.yaml": recipe, "in.csv": CSV });
const env = { TOKEN: "s3cr3t-token-99" };

Deno.test("--report page.html: one page, all text escaped, nothing loaded, no secrets", async () => {
  await using dir = await project();
  const called = await dir.call(["run", "r.yaml", "--report", "out/q.html"], { env });
  assert.equal(called.code, 0, called.stderr);
  const page = await dir.read("out/q.html");
  assert.doesNotMatch(page, /<script|<img|<b>odd|<[^>]*(src|href|onerror)=|@import|url\(|s3cr3t/i);
  assert.match(page, /&lt;script&gt;alert\(2\)&lt;\/script&gt;/);
  assert.match(page, /&lt;b&gt;odd&lt;\/b&gt; &amp; &quot;quoted&quot;/);
  assert.match(page, /Content-Security-Policy" content="default-src 'none'/);
  assert.match(page, /4 rows checked/);
  assert.match(page, /r\.yaml:8:/);
  // Well-formed, but for the tags that HTML leaves open.
  const tags = [
    ...page.replaceAll(/<(meta|!doctype|br|rect[^>]*\/)[^>]*>/gi, "").matchAll(
      /<(\/?)([a-z0-9]+)[^>]*?(\/?)>/gi,
    ),
  ];
  const open: string[] = [];
  for (const [, close, name, empty] of tags) {
    if (empty) continue;
    if (close) assert.equal(open.pop(), name);
    else open.push(name!);
  }
  assert.deepEqual(open, []);
});

Deno.test("--report data.json, also of a run that fails and of one that is dry", async () => {
  await using dir = await project();
  const report = async (...args: string[]) => {
    const called = await dir.call(["run", "r.yaml", "--report", "q.json", ...args], { env });
    const { runs: [run], version } = JSON.parse(await dir.read("q.json"));
    assert.equal(version, 1);
    return { called, run };
  };
  const { run, called } = await report("--dry-run");
  assert.equal(called.code, 0);
  const [{ rows_checked, rows_accepted, rows_quarantined, rows_warned, rules, table }] = run.resources;
  assert.deepEqual([rows_checked, rows_accepted, rows_quarantined, rows_warned], [4, 1, 3, 1]);
  assert.deepEqual(
    rules[0].samples.map(({ value, row }: { value: string; row: { id: number } }) => [value, row.id]).sort(),
    [
      ["<script>alert(2)</script>", 2],
      ['x" onmouseover="y', 3],
    ],
  );
  assert.equal(rules[0].location.line, 8);
  assert.doesNotMatch(JSON.stringify(run), /s3cr3t/);
  assert.deepEqual(table, []);
  await assert.rejects(dir.read("bad.jsonl"), Deno.errors.NotFound);

  await dir.write("r.yaml", RECIPE.replace("on_error: quarantine\n", "on_error: fail\n"));
  const failed = await report();
  assert.equal(failed.called.code, 1);
  assert.equal(failed.run.error.code, "VALIDATION_FAILED");
  assert.equal(failed.run.resources[0].rows_failed, 3);
});

Deno.test("--report: what can't be written, and names that say nothing", async () => {
  await using dir = await project();
  const wrong = await dir.call(["run", "r.yaml", "--report", "q.txt"], { env });
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /end the name with \.html or \.json/);
  await assert.rejects(dir.read("bad.jsonl"), Deno.errors.NotFound);
  const unwritable = await dir.call(["run", "r.yaml", "--report", "in.csv/q.json"], { env });
  assert.equal(unwritable.code, 2);
  assert.match(unwritable.stderr, /REPORT_FAILED[^]*the runs are done/);
});

Deno.test("a recipe without validation has a page too", async () => {
  await using dir = await project(RECIPE.slice(0, RECIPE.indexOf("validation:")));
  assert.equal((await dir.call(["run", "r.yaml", "--report", "q.html"])).code, 0);
  assert.match(await dir.read("q.html"), /has no <code>validation<\/code>/);
});
