import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { lintLayers } from "../../../scripts/lint_layers.ts";
import { checkImports, checkOutput } from "../../../scripts/lint_layers/check.ts";
import type { Import, Target } from "../../../scripts/lint_layers/imports.ts";

function anImport(file: string, target: string, rest: Partial<Import> = {}): Import {
  const resolved: Target = /\.ts$/.test(target)
    ? { kind: "file", path: target }
    : target.startsWith("node:")
    ? { kind: "builtin" }
    : { kind: "package", name: target };
  return {
    file,
    line: 3,
    column: 8,
    specifier: target,
    target: resolved,
    typeOnly: false,
    dynamic: false,
    ...rest,
  };
}

const allowed: [file: string, target: string, rest?: Partial<Import>][] = [
  ["main.ts", "src/cli/program.ts"],
  ["src/cli/run.ts", "src/app/mod.ts"],
  ["src/cli/run.ts", "commander"],
  ["src/engine/run.ts", "src/batch/mod.ts"],
  ["src/plan/build.ts", "src/recipe/mod.ts"],
  ["src/plan/build.ts", "src/plan/check.ts"],
  ["src/connectors/duckdb/source.ts", "src/connectors/_sql/merge.ts"],
  ["src/connectors/duckdb/source.ts", "src/connectors/duckdb/config.ts"],
  ["src/connectors/filestore/source.ts", "src/storage/local.ts"],
  ["src/connectors/duckdb/mod.ts", "zod"],
  ["src/connectors/duckdb/mod.ts", "src/connectors/duckdb/source.ts", { dynamic: true }],
  ["src/connectors/duckdb/source.ts", "apache-arrow"],
  ["src/batch/native.ts", "@duckdb/node-api"],
  ["src/sdk/batch.ts", "apache-arrow", { typeOnly: true }],
  ["src/sdk/mod.ts", "src/sdk/batch.ts"],
  ["src/state/local.ts", "node:path"],
  ["scripts/generate.ts", "src/recipe/mod.ts"],
];
for (const [file, target, rest] of allowed) {
  Deno.test(`${file} may import ${target}`, () => {
    assert.deepEqual(checkImports([anImport(file, target, rest)]), []);
  });
}

const refused: [file: string, target: string, why: RegExp, rest?: Partial<Import>][] = [
  ["main.ts", "src/app/mod.ts", /main\.ts must not import src\/app\/mod\.ts: it may import only src\/cli\//],
  ["src/sdk/batch.ts", "src/batch/mod.ts", /nothing of ours/],
  ["src/sdk/batch.ts", "src/batch/mod.ts", /nothing of ours/, { typeOnly: true }],
  ["src/sdk/batch.ts", "apache-arrow", /import only types of apache-arrow/],
  ["src/recipe/load.ts", "src/plan/mod.ts", /src\/recipe\/ must not import src\/plan\/mod\.ts/],
  ["src/engine/run.ts", "src/app/mod.ts", /src\/engine\/ must not import/],
  ["src/engine/run.ts", "src/connectors/duckdb/mod.ts", /src\/engine\/ must not import/],
  ["src/connectors/mysql/source.ts", "src/connectors/postgres/types.ts", /must not import a sibling/],
  ["src/connectors/_sql/merge.ts", "src/connectors/duckdb/types.ts", /must not import a sibling/],
  ["src/connectors/sql/a.ts", "src/connectors/sql2/b.ts", /must not import a sibling/],
  [
    "src/connectors/duckdb/source.ts",
    "src/sdk/batch.ts",
    /import src\/sdk\/mod\.ts, not src\/sdk\/batch\.ts/,
  ],
  [
    "src/connectors/duckdb/source.ts",
    "@duckdb/node-api",
    /@duckdb\/node-api may only be imported by src\/batch\//,
  ],
  ["src/connectors/duckdb/mod.ts", "apache-arrow", /loads apache-arrow before it is opened/],
  ["src/app/run.ts", "commander", /commander may only be imported by/],
  ["src/app/run.ts", "left-pad", /no rule says who may import the package left-pad/],
  ["src/stray.ts", "src/sdk/mod.ts", /no rule says what src\/stray\.ts may import/],
  ["src/app/run.ts", "x", /only npm packages that deno\.json pins/, { target: { kind: "remote" } }],
  ["src/app/run.ts", "x", /no such thing/, { target: { kind: "unresolved", why: "no such thing" } }],
];
for (const [file, target, why, rest] of refused) {
  Deno.test(`${file} must not import ${target}${rest === undefined ? "" : ` (${JSON.stringify(rest)})`}`, () => {
    const violations = checkImports([anImport(file, target, rest)]);
    assert.equal(violations.length, 1, JSON.stringify(violations));
    assert.match(violations[0]!.why, why);
    assert.deepEqual([violations[0]!.file, violations[0]!.line, violations[0]!.column], [file, 3, 8]);
  });
}

Deno.test("a driver that a plug-in reaches through other files is found, with the way to it", () => {
  const violations = checkImports([
    anImport("src/connectors/toy/mod.ts", "src/connectors/toy/config.ts"),
    anImport("src/connectors/toy/config.ts", "src/connectors/toy/types.ts"),
    anImport("src/connectors/toy/types.ts", "src/connectors/toy/config.ts"),
    anImport("src/connectors/toy/types.ts", "apache-arrow"),
  ]);
  assert.deepEqual(violations.map(({ file, why }) => [file, why.split(";")[0]]), [[
    "src/connectors/toy/mod.ts",
    "loads apache-arrow before it is opened: src/connectors/toy/mod.ts → src/connectors/toy/config.ts → src/connectors/toy/types.ts → apache-arrow",
  ]]);
});

const output: [file: string, text: string, found: number][] = [
  ["src/app/run.ts", "const x = 1;\nconsole.log(x);\n", 1],
  ["src/app/run.ts", "Deno.exit(1); // why", 1],
  ["src/app/run.ts", "await Deno.stderr.write(x)", 1],
  [
    "src/app/run.ts",
    "/**\n * console.log(1) in an example\n */\n// console.log(2)\nf(); // console.log(3)",
    0,
  ],
  ["src/cli/run.ts", "console.log(1)", 0],
  ["scripts/ok.ts", "Deno.exit(1)", 0],
  ["main.ts", "Deno.exit(1)", 0],
];
for (const [file, text, found] of output) {
  Deno.test(`${file} with ${JSON.stringify(text)} has ${found} lines that print or exit`, () => {
    assert.equal(checkOutput(file, text).length, found);
  });
}

Deno.test("imports of every kind are read from real files, with their place", async () => {
  const root = await Deno.makeTempDir();
  try {
    const files: Record<string, string> = {
      "deno.json": "{}",
      "main.ts": `import "./src/cli/program.ts";\n`,
      "src/cli/program.ts": `export const a = 1;\n`,
      "src/sdk/mod.ts":
        `// import "../app/mod.ts";\nconst text = 'import "../app/mod.ts"';\nexport { text };\n`,
      "src/sdk/types.ts": `/** A type. */\nexport type A =\n  import("../app/mod.ts").B;\n`,
      "src/app/mod.ts": `export type B = 1;\nconsole.log(1);\n`,
      "src/plan/a.ts":
        `export * from "../engine/b.ts";\nconst later = () => import("../engine/b.ts");\nexport { later };\n`,
      "src/engine/b.ts": `import type { B } from "../app/mod.ts";\nexport const b: B = 1;\n`,
      "src/engine/broken.ts": `import {{ from\n`,
      "node_modules/x/main.ts": `import "../../src/app/mod.ts";\n`,
    };
    for (const [path, text] of Object.entries(files)) {
      await Deno.mkdir(dirname(join(root, path)), { recursive: true });
      await Deno.writeTextFile(join(root, path), text);
    }
    const result = await lintLayers(root);
    assert.equal(result.files, 8);
    assert.deepEqual(result.violations.map(({ file, line, why }) => `${file}:${line} ${why.slice(0, 40)}`), [
      "src/app/mod.ts:2 console.log: only src/cli prints or exit",
      "src/engine/b.ts:1 src/engine/ must not import src/app/mod.",
      result.violations[2]!.file + ":1 " + result.violations[2]!.why.slice(0, 40),
      "src/plan/a.ts:1 src/plan/ must not import src/engine/b.t",
      "src/sdk/types.ts:3 src/sdk/ must not import src/app/mod.ts:",
    ]);
    assert.equal(result.violations[2]!.file, "src/engine/broken.ts");
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});
