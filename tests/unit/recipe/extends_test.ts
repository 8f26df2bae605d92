import assert from "node:assert/strict";
import fc from "fast-check";
import { parseRecipe } from "../../../src/recipe/mod.ts";
import { complete, errorsOf, lines, load, memoryOptions, registerTestPlugins } from "./support.ts";

const BASE = `name: base
description: the base
vars: {a: 1, b: 2}
source: {type: database, host: base-host, table: base_table}
destination: {type: files, path: out/, more: [a, b]}
transform:
  steps:
    - {type: sql, query: base step}
runtime: {batch_size: 20000, parallelism: 2}
`;

Deno.test("merge rules", async (t) => {
  const recipe = await load(
    `extends: base.yaml
name: child
vars: {b: 3, c: 4}
source: {table: child_table}
destination: {more: [c]}
transform:
  steps:
    - {type: sql, query: child step}
runtime: {batch_size: 5000}
`,
    { files: { "base.yaml": BASE } },
  );
  await t.step("files: parents first", () => assert.deepEqual(recipe.files, ["base.yaml", "recipe.yaml"]));
  await t.step("scalars override, the rest is inherited", () => {
    assert.equal(recipe.name, "child");
    assert.equal(recipe.description, "the base");
    assert.equal(recipe.runtime.batchSize, 5000);
    assert.equal(recipe.runtime.parallelism, 2);
  });
  await t.step("mappings are merged", () => {
    assert.deepEqual(recipe.vars, { a: 1, b: 3, c: 4 });
    assert.deepEqual(recipe.source!.config, { host: "base-host", port: 5432, table: "child_table" });
  });
  await t.step("lists are replaced", () => {
    assert.deepEqual((recipe.destination!.config as { more: string[] }).more, ["c"]);
  });
  await t.step("steps are joined, the parent's first, and numbered through", () => {
    assert.deepEqual(recipe.steps.map(({ config, index, path }) => [config, index, path]), [
      [{ query: "base step" }, 0, ["transform", "steps", 0]],
      [{ query: "child step" }, 1, ["transform", "steps", 1]],
    ]);
  });
  await t.step("each node knows where it was written", () => {
    assert.deepEqual(recipe.locate(["source", "host"]), {
      file: "base.yaml",
      line: 4,
      column: 32,
      extendedBy: "recipe.yaml",
    });
    assert.deepEqual(recipe.locate(["source", "table"]), { file: "recipe.yaml", line: 4, column: 17 });
    assert.deepEqual(recipe.locate(["transform", "steps", 0, "query"])!.file, "base.yaml");
    assert.deepEqual(recipe.locate(["transform", "steps", 1, "query"])!.line, 8);
  });
  await t.step("a path that is not there gives its nearest ancestor", () => {
    assert.deepEqual(recipe.locate(["runtime", "retries", "max_attempts"]), {
      file: "recipe.yaml",
      line: 9,
      column: 1,
    });
  });
});

Deno.test("a name is inherited where the child has none", async () => {
  const recipe = await load("extends: base.yaml\n", { files: { "base.yaml": BASE } });
  assert.equal(recipe.name, "base");
});

Deno.test("a child's mapping replaces a scalar, and the other way round", async () => {
  const recipe = await load(complete("extends: base.yaml\nruntime: {retries: 2, dead_letter: {path: x}}\n"), {
    files: { "base.yaml": "runtime: {retries: {max_attempts: 9}, dead_letter: y}\n" },
  });
  assert.equal(recipe.runtime.retries.maxAttempts, 3);
  assert.deepEqual(recipe.runtime.deadLetter, { path: "x", maxRows: undefined });
});

Deno.test("parents may lack what a recipe needs; the recipe may not", async () => {
  const errors = await errorsOf(load("extends: base.yaml\nsource: {type: files, path: x}\n", {
    files: { "base.yaml": "runtime: {batch_size: 1}\n" },
  }));
  assert.deepEqual(errors.map((error) => error.message), [
    'The recipe needs the key "name".',
    'The recipe needs the key "destination".',
  ]);
});

Deno.test("three levels and several parents, left to right", async () => {
  const recipe = await load(complete("extends: [b/left.yaml, right.yaml]\nvars: {own: child}\n"), {
    files: {
      "deep.yaml": "vars: {own: deep, deep: deep, left: deep, right: deep}\n",
      "b/left.yaml": "extends: ../deep.yaml\nvars: {own: left, left: left, both: left}\n",
      "right.yaml": "vars: {own: right, right: right, both: right}\n",
    },
  });
  assert.deepEqual(recipe.files, ["deep.yaml", "b/left.yaml", "right.yaml", "recipe.yaml"]);
  assert.deepEqual(recipe.vars, { own: "child", deep: "deep", left: "left", right: "right", both: "right" });
});

Deno.test("a parent reached twice is merged once, before all its children", async () => {
  const step = (name: string) => `transform: {steps: [{type: sql, query: ${name}}]}\n`;
  const recipe = await load(complete(`extends: [left.yaml, ./right.yaml]\n${step("child")}`), {
    files: {
      "base.yaml": `vars: {x: base}\n${step("base")}`,
      "left.yaml": `extends: base.yaml\nvars: {x: left}\n${step("left")}`,
      "right.yaml": `extends: base.yaml\n${step("right")}`,
    },
  });
  assert.deepEqual(recipe.steps.map(({ config }) => (config as { query: string }).query), [
    "base",
    "left",
    "right",
    "child",
  ]);
  assert.equal(recipe.vars.x, "left");
});

Deno.test("circles are refused with the chain", async (t) => {
  const cases: [string, Record<string, string>, string, string][] = [
    [
      "of itself",
      { "recipe.yaml": "extends: ./recipe.yaml\n" },
      "recipe.yaml → recipe.yaml",
      "recipe.yaml:1:10",
    ],
    [
      "of three",
      {
        "recipe.yaml": "extends: a.yaml\n",
        "a.yaml": "x: 1\nextends: [b.yaml]\n",
        "b.yaml": "extends: recipe.yaml\n",
      },
      "recipe.yaml → a.yaml → b.yaml → recipe.yaml",
      "b.yaml:1:10",
    ],
    [
      "among the parents",
      { "recipe.yaml": "extends: a.yaml\n", "a.yaml": "extends: b.yaml\n", "b.yaml": "extends: a.yaml\n" },
      "a.yaml → b.yaml → a.yaml",
      "b.yaml:1:10",
    ],
  ];
  for (const [name, files, chain, place] of cases) {
    await t.step(name, async () => {
      const [error] = await errorsOf(load(files["recipe.yaml"]!, { files }));
      assert.equal(error!.code, "EXTENDS_CYCLE");
      assert.equal(error!.message, `The recipes extend each other in a circle: ${chain}.`);
      const { file, line, column } = error!.location!;
      assert.equal(`${file}:${line}:${column}`, place);
    });
  }
});

Deno.test("a missing parent is told at the line that names it", async () => {
  const errors = await errorsOf(load(complete("extends:\n  - there.yaml\n  - not/there.yaml\n"), {
    files: { "there.yaml": "extends: nor/here.yaml\n" },
  }));
  const hint = "a path in `extends` is relative to the folder of the recipe that writes it";
  assert.deepEqual(lines(errors), [
    `MISSING_PARENT 6:5 The recipe extends "not/there.yaml", which does not exist. | ${hint}`,
    "MISSING_PARENT 1:10 (there.yaml, from recipe.yaml) " +
    `The recipe extends "nor/here.yaml", which does not exist. | ${hint}`,
  ]);
});

Deno.test("what extends and delete take", async () => {
  const errors = await errorsOf(load(complete("extends: [5, '{{ x }}', '']\n")));
  assert.deepEqual(errors.map((error) => [error.code, error.location!.column]), [
    ["INVALID_VALUE", 11],
    ["INVALID_VALUE", 14],
    ["INVALID_VALUE", 25],
  ]);
});

Deno.test("no more than 50 levels", async () => {
  const files: Record<string, string> = {};
  for (let i = 0; i < 60; i++) files[`p${i}.yaml`] = `extends: p${i + 1}.yaml\n`;
  const [error] = await errorsOf(load(complete("extends: p0.yaml\n"), { files }));
  assert.equal(error!.code, "EXTENDS_TOO_DEEP");
});

Deno.test("errors in a parent name the parent and the recipe", async () => {
  const errors = await errorsOf(load(complete("extends: base.yaml\n"), {
    files: { "base.yaml": "runtime: {batch_size: 0}\ntransfrom: {}\n" },
  }));
  assert.deepEqual(lines(errors), [
    "INVALID_VALUE 1:23 (base.yaml, from recipe.yaml) batch_size must be a whole number greater than 0, but is 0.",
    'UNKNOWN_KEY 2:1 (base.yaml, from recipe.yaml) Key "transfrom" is not known. | did you mean "transform"?',
  ]);
});

Deno.test("broken parents and recipes are told together, the recipe first", async () => {
  const errors = await errorsOf(
    load("extends: base.yaml\na: 1\na: 2\n", { files: { "base.yaml": "x: [1\n" } }),
  );
  assert.deepEqual(errors.map(({ code, location }) => [code, location!.file]), [
    ["DUPLICATE_KEY", "recipe.yaml"],
    ["INVALID_YAML", "base.yaml"],
  ]);
});

Deno.test("delete", async (t) => {
  const files = { "base.yaml": BASE };
  await t.step("removes after the merge, before validation", async () => {
    const text = "extends: base.yaml\ndelete: [transform.steps, destination.more, runtime.paralelism]\n";
    const misspelled = { "base.yaml": BASE.replace("parallelism: 2", "paralelism: 2") };
    const recipe = await load(text, { files: misspelled });
    assert.deepEqual(recipe.steps, []);
    assert.deepEqual(recipe.destination!.config, { path: "out/", header: true });
    assert.equal(recipe.runtime.batchSize, 20_000);
    const good = await load("extends: base.yaml\ndelete:\n  - transform\n  - runtime.batch_size\n", {
      files,
    });
    assert.deepEqual(good.steps, []);
    assert.deepEqual([good.runtime.batchSize, good.runtime.parallelism], [122_880, 2]);
  });
  await t.step("takes one path, and indexes that mean the list as it was", async () => {
    const recipe = await load("extends: base.yaml\ndelete: transform\n", { files });
    assert.deepEqual(recipe.steps, []);
    const step = (i: number) => `{type: sql, query: s${i}}`;
    const indexed = await load(
      complete(`extends: steps.yaml\ndelete: [transform.steps.0, transform.steps.2]\n`),
      { files: { "steps.yaml": `transform: {steps: [${[0, 1, 2, 3].map(step).join(", ")}]}\n` } },
    );
    assert.deepEqual(indexed.steps.map(({ config }) => (config as { query: string }).query), ["s1", "s3"]);
  });
  await t.step("finds keys with dots", async () => {
    const recipe = await load("extends: base.yaml\ndelete: [vars.a.b, vars.x]\n", {
      files: { "base.yaml": BASE.replace("{a: 1, b: 2}", "{a.b: 1, x: {y: 1}, z: 1}") },
    });
    assert.deepEqual(recipe.vars, { z: 1 });
  });
  await t.step("a path that is not there is an error with the nearest", async () => {
    const errors = await errorsOf(
      load(
        "extends: base.yaml\ndelete:\n  - source.tabel\n  - sorce\n  - transform.steps.7\n  - runtime.x.y\n",
        { files },
      ),
    );
    assert.deepEqual(lines(errors), [
      'DELETE_NOT_FOUND 3:5 There is no "source.tabel" to delete. | did you mean "table"?',
      'DELETE_NOT_FOUND 4:5 There is no "sorce" to delete. | did you mean "source"?',
      'DELETE_NOT_FOUND 5:5 There is no "transform.steps.7" to delete. | transform.steps is a list of 1, numbered from 0',
      'DELETE_NOT_FOUND 6:5 There is no "runtime.x.y" to delete. | keys of runtime are: batch_size, parallelism',
    ]);
  });
  await t.step("each level deletes its own", async () => {
    const recipe = await load(complete("extends: middle.yaml\nvars: {x: child}\n"), {
      files: {
        "middle.yaml": "extends: base.yaml\ndelete: [vars.x, vars.y]\n",
        "base.yaml": "vars: {x: 1, y: 2, z: 3}\n",
      },
    });
    assert.deepEqual(recipe.vars, { x: "child", z: 3 });
  });
  await t.step("two parents may delete the same", async () => {
    const recipe = await load(complete("extends: [a.yaml, b.yaml]\n"), {
      files: {
        "base.yaml": "vars: {x: 1, z: 3}\n",
        "a.yaml": "extends: base.yaml\ndelete: vars.x\n",
        "b.yaml": "extends: base.yaml\ndelete: vars.x\n",
      },
    });
    assert.deepEqual(recipe.vars, { z: 3 });
  });
});

Deno.test("a changed type explains the keys that are left over", async () => {
  const errors = await errorsOf(
    load("extends: base.yaml\nname: child\nsource:\n  type: files\n  path: x\n  hst: y\n", {
      files: { "base.yaml": BASE },
    }),
  );
  assert.deepEqual(lines(errors), [
    'INHERITED_KEY 4:9 "host", "table" come from base.yaml, where "source" is of type "database"; the type it has here ' +
    "does not know them. | add delete: [source.host, source.table]",
    'UNKNOWN_KEY 6:3 Key "hst" is not known in "source". | keys of "source" are: type, incremental, path, more, either, ' +
    "header, skip_lines, delimiter, compression, columns, keep, ratio",
  ]);
  const good = await load(
    "extends: base.yaml\ndelete: [source.host, source.table]\nsource: {type: files, path: x}\n",
    { files: { "base.yaml": BASE } },
  );
  assert.deepEqual(good.source!.config, { path: "x", header: true });
});

Deno.test("parseRecipe reads the parents of a text at hand", async () => {
  registerTestPlugins();
  const options = memoryOptions({ files: { "/r/base.yaml": BASE } });
  const recipe = await parseRecipe("extends: base.yaml\n", { ...options, file: "/r/new.yaml" });
  assert.equal(recipe.file, "/r/new.yaml");
  assert.deepEqual(recipe.files, ["/r/base.yaml", "/r/new.yaml"]);
  assert.equal((recipe.destination!.config as { path: string }).path, "/r/out/");
});

Deno.test("merging variables is as spreading them, level by level", async () => {
  const level = fc.dictionary(fc.constantFrom("a", "b", "c", "d"), fc.oneof(fc.integer(), fc.string()), {
    noNullPrototype: true,
  });
  await fc.assert(
    fc.asyncProperty(fc.array(level, { minLength: 1, maxLength: 4 }), async (levels) => {
      fc.pre(!/\{[{%#]/.test(JSON.stringify(levels)));
      const files: Record<string, string> = {};
      levels.forEach((vars, i) => {
        const parent = i === 0 ? {} : { extends: `l${i - 1}.json` };
        files[`l${i}.json`] = JSON.stringify({ ...parent, vars });
      });
      const recipe = await load(complete(`extends: l${levels.length - 1}.json\n`), { files });
      assert.deepEqual(recipe.vars, Object.assign({}, ...levels));
    }),
    { numRuns: 50 },
  );
});
