import assert from "node:assert/strict";
import { resolvePath } from "../../../src/recipe/paths.ts";
import { load, memoryOptions, registerTestPlugins } from "./support.ts";
import { loadRecipe } from "../../../src/recipe/mod.ts";

const CASES: [recipe: string, path: string, resolved: string][] = [
  ["orders.yaml", "data/in.csv", "data/in.csv"],
  ["orders.yaml", "./data/in.csv", "data/in.csv"],
  ["orders.yaml", "../in.csv", "../in.csv"],
  ["orders.yaml", "./", "./"],
  ["orders.yaml", ".", "."],
  ["r/orders.yaml", "data/*.csv", "r/data/*.csv"],
  ["r/orders.yaml", "../out/", "out/"],
  ["r/orders.yaml", "../../out/", "../out/"],
  ["r/orders.yaml", "..", "."],
  ["r/orders.yaml", "../", "./"],
  ["./r/orders.yaml", "a/**/{x,y}-[0-9]?.csv", "r/a/**/{x,y}-[0-9]?.csv"],
  ["/abs/r/orders.yaml", "../data//in.csv", "/abs/data/in.csv"],
  ["/orders.yaml", "../../in.csv", "/in.csv"],
  ["r/orders.yaml", "/data/in.csv", "/data/in.csv"],
  ["r/orders.yaml", "s3://bucket/a/../b.csv", "s3://bucket/a/../b.csv"],
  ["r/orders.yaml", "file:///tmp/x", "file:///tmp/x"],
  ["r/orders.yaml", ":memory:", ":memory:"],
  ["r/orders.yaml", "", ""],
  ["r/orders.yaml", "C:\\data\\in.csv", "C:\\data\\in.csv"],
  ["r/orders.yaml", "a\\[1].csv", "r/a\\[1].csv"],
  ["C:\\r\\orders.yaml", "data\\in.csv", "C:/r/data/in.csv"],
  ["C:\\r\\orders.yaml", "..\\out\\", "C:/out/"],
  ["C:/r/orders.yaml", "..\\..\\..\\x", "C:/x"],
  ["\\\\server\\share\\r\\orders.yaml", "in.csv", "//server/share/r/in.csv"],
  ["r\\orders.yaml", "..\\in.csv", "in.csv"],
  ["orders.yaml", "data\\in.csv", "data\\in.csv"],
];

Deno.test("paths are resolved against the recipe that writes them", async (t) => {
  for (const [recipe, path, resolved] of CASES) {
    await t.step(`${path} in ${recipe}`, () => assert.equal(resolvePath(recipe, path), resolved));
  }
});

Deno.test("marked keys are resolved wherever the mark is, by the file that wrote them", async () => {
  registerTestPlugins();
  const files = {
    "a/b/base.yaml": `source:
  type: files
  path: in.csv
  either: {file: ../x}
plugins: [plug.ts]
runtime: {dead_letter: bad.jsonl, temp_directory: /tmp}
`,
    "a/recipe.yaml": `name: orders
extends: b/base.yaml
source: {more: [m.csv, /m.csv]}
destination: {type: files, path: "{{ var('dir') }}/", either: y}
state: {directory: st}
vars: {dir: out}
tests: [{name: t, given: {file: given.csv}, expect: {row_count: 1}}]
`,
  };
  const recipe = await loadRecipe("a/recipe.yaml", memoryOptions({ files }));
  assert.deepEqual(recipe.source!.config, {
    path: "a/b/in.csv",
    either: { file: "a/x" },
    more: ["a/m.csv", "/m.csv"],
    header: true,
  });
  assert.deepEqual(recipe.destination!.config, { path: "a/out/", either: "a/y", header: true });
  assert.deepEqual(recipe.plugins, ["a/b/plug.ts"]);
  assert.equal(recipe.runtime.deadLetter!.path, "a/b/bad.jsonl");
  assert.equal(recipe.runtime.tempDirectory, "/tmp");
  assert.equal(recipe.state.directory, "a/st");
  const { tests } = recipe.document as unknown as { tests: { given: { file: string } }[] };
  assert.equal(tests[0]!.given.file, "a/given.csv");
});

Deno.test("a list that a template gives has its paths resolved too", async () => {
  const recipe = await load(
    `name: x
vars: {files: [a, /b]}
source: {type: files, path: p, more: "{{ var('files') }}"}
destination: {type: files, path: q}
`,
  );
  assert.deepEqual((recipe.source!.config as { more: string[] }).more, ["a", "/b"]);
});
