import assert from "node:assert/strict";
import { join } from "node:path";
import { findRecipes, lookAt } from "../../../src/cli/recipe_files.ts";

Deno.test("lookAt tells recipes from other files", () => {
  const cases: [string, boolean][] = [
    ["source: {type: csv}", true],
    ["destination: {type: csv}\nnmae: x", true],
    ["extends: base.yaml\nvars: {a: 1}", true],
    ["extends: base.yaml\nvras: {a: 1}", true],
    ["name: x\ntransform: {steps: []}", true],
    ['{"name": "@a/b", "version": "1.0.0", "exports": "./mod.ts"}', false],
    ['{"extends": "./tsconfig.base.json", "compilerOptions": {}}', false],
    ["name: ci\non: push\njobs: {}", false],
    ["name: x", false],
    ["services: {}", false],
    ["- a\n- b", false],
    ["", false],
    ["just text", false],
    ["source: {type: csv\n", true],
    ["services: {type: csv\n", false],
  ];
  for (const [text, recipe] of cases) {
    assert.equal(lookAt(text, "/x.yaml").recipe, recipe, JSON.stringify(text));
  }
});

Deno.test("lookAt resolves what a recipe extends", () => {
  const { extends: parents } = lookAt("extends: [../a.yaml, b.yaml]\nsource: {}", "/r/x/y.yaml");
  assert.deepEqual(parents, ["/r/a.yaml", "/r/x/b.yaml"]);
});

Deno.test("findRecipes searches directories and takes named files as they are", async () => {
  const root = await Deno.makeTempDir();
  try {
    const files: Record<string, string> = {
      "base.yaml": "source: {type: csv}",
      "orders.yml": "extends: base.yaml\ndestination: {type: csv}",
      "deep/other.json": '{"source": {"type": "csv"}}',
      "deep/package.json": '{"name": "x", "version": "1"}',
      "node_modules/x.yaml": "source: {type: csv}",
      ".hidden/x.yaml": "source: {type: csv}",
      "notes.txt": "source: {type: csv}",
    };
    for (const [path, text] of Object.entries(files)) {
      await Deno.mkdir(join(root, path, ".."), { recursive: true });
      await Deno.writeTextFile(join(root, path), text);
    }
    const found = await findRecipes([".", "notes.txt"], root);
    assert.deepEqual(found, {
      named: [join(root, "notes.txt")],
      recipes: [join(root, "deep/other.json"), join(root, "orders.yml")],
      bases: [join(root, "base.yaml")],
      skipped: [join(root, "deep/package.json")],
    });
    await assert.rejects(findRecipes(["nowhere"], root), { code: "NO_SUCH_PATH" });
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});
