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
    ["source: csv\ndestination: {type: csv}", true],
    ["resources:\n  - name: a\n    source: {type: csv}", true],
  ];
  for (const [text, recipe] of cases) {
    assert.equal(lookAt(text, "/x.yaml").recipe, recipe, JSON.stringify(text));
  }
});

Deno.test("lookAt takes files of other tools for what they are", () => {
  const others: Record<string, string> = {
    "docker-compose.yaml": "name: shop\nservices:\n  db:\n    image: postgres\nvolumes: {}\n",
    "workflow.yml": "name: ci\non: [push]\nenv: {A: b}\njobs: {build: {runs-on: x, steps: []}}\n",
    "action.yml": "name: x\ndescription: y\ninputs: {}\nruns: {using: composite, steps: []}\n",
    ".gitlab-ci.yml": "stages: [test]\nvariables: {A: b}\ntest: {script: [make]}\n",
    "kustomization.yaml": "resources:\n  - base.yaml\n  - ../other\n",
    "kustomization with more": "namespace: x\nresources: [a.yaml]\npatches: []\n",
    "deployment.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\nspec: {}\n",
    "two documents": "apiVersion: v1\nkind: Service\n---\napiVersion: v1\nkind: Secret\n",
    "Chart.yaml": "apiVersion: v2\nname: x\ndescription: y\nversion: 1.0.0\n",
    "dbt_project.yml": "name: shop\nversion: '1'\nprofile: shop\nvars: {}\nmodels: {}\n",
    "dbt sources.yml": "version: 2\nsources:\n  - name: raw\n    tables: [{name: t}]\n",
    "openapi.yaml": "openapi: 3.1.0\ninfo: {title: x}\npaths: {}\n",
    "mkdocs.yml": "site_name: x\nnav: []\nplugins: [search]\n",
    "pnpm-workspace.yaml": "packages: ['a/*']\n",
    "package.json": '{"name": "x", "description": "y"}',
    "tsconfig.json": '{"extends": "./base.json", "include": ["src"]}',
    "eslint.json": '{"extends": "x", "rules": {}}',
    "deno.json": '{"name": "@a/b", "tasks": {}, "imports": {}}',
    "renovate.json": '{"extends": ["config:base"], "schedule": ["weekly"], "packageRules": []}',
    "recipe.schema.json":
      '{"$schema": "https://json-schema.org/x", "type": "object", "properties": {"source": {}}}',
  };
  for (const [name, text] of Object.entries(others)) assert.ok(!lookAt(text, "/x.yaml").recipe, name);
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
    const changed = ["deep/package.json", "base.yaml", "orders.yml", "notes.txt"];
    assert.deepEqual(await findRecipes(changed, root, { onlyRecipes: true }), {
      named: [],
      recipes: [join(root, "notes.txt"), join(root, "orders.yml")],
      bases: [join(root, "base.yaml")],
      skipped: [join(root, "deep/package.json")],
    });
    await assert.rejects(findRecipes(["nowhere"], root), { code: "NO_SUCH_PATH" });
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});
