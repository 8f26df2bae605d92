import assert from "node:assert/strict";
import { z } from "zod";
import type { Json, JsonObject } from "../../../src/sdk/mod.ts";
import { findConnector, registerConnector } from "../../../src/sdk/mod.ts";
import { recipeJsonSchema } from "../../../src/recipe/mod.ts";
import { parseFile } from "../../../src/recipe/document.ts";
import { plainValue } from "../../../src/recipe/render.ts";
import { ROOT_KEYS } from "../../../src/recipe/model/root.ts";
import { complete, load, registerTestPlugins } from "./support.ts";
import { violations } from "./json_schema_check.ts";

registerTestPlugins();
if (findConnector("nested") === undefined) {
  type Tree = { name: string; inner?: Tree };
  const tree: z.ZodType<Tree> = z.lazy(() =>
    z.strictObject({ name: z.string().describe("A name"), inner: tree.optional().describe("More of it") })
  );
  const files = findConnector("files")!;
  registerConnector("nested", {
    ...files,
    name: "nested",
    config: z.strictObject({ tree: tree.describe("A tree") }),
  });
}

/** Recipes that load, so the JSON Schema must accept them too. */
const GOOD: [name: string, text: string][] = [
  ["complete", complete()],
  [
    "with everything of runtime",
    complete(`runtime:
  batch_size: "{{ env_var('N', '5') }}"
  parallelism: 2
  retries: {max_attempts: 2, initial_delay: 1, max_delay: "{{ '1' }}s"}
  dead_letter: bad.jsonl
  memory_limit: 2gb
`),
  ],
  [
    "templates where other types are due",
    `name: "{{ env_var('NAME', 'x') }}"
vars: {h: true, keys: [a]}
source: {type: files, path: x, header: "{{ var.h }}", skip_lines: "{{ 1 }}", compression: "{{ 'gzip' }}"}
destination: {type: database, host: h, port: "{{ 5 }}", table: t, write_mode: "{{ 'merge' }}", merge_keys: "{{ var.keys }}"}
`,
  ],
  [
    "one of several forms",
    "name: x\nsource: {type: either, url: a, table: b}\ndestination: {type: either, host: a, table: b}\n",
  ],
  [
    "a schema that contains itself",
    "name: x\nsource: {type: nested, tree: {name: a, inner: {name: b}}}\ndestination: {type: files, path: x}\n",
  ],
  [
    "incremental and steps",
    `name: x
source: {type: files, path: x, incremental: {strategy: cursor, cursor_column: id, initial_value: 5, lag: 1 hour}}
transform: {steps: [{type: sql, query: a}, {type: add_column, name: a, value: null}, {type: dbt, project_dir: x}]}
destination: {type: files, path: y, merge_keys: [a]}
`,
  ],
  [
    "plug-ins",
    "name: x\nplugins: [a.ts]\nsource: {type: mine, a: 1}\ntransform: {steps: [{type: own}]}\ndestination: {type: files, path: y}\n",
  ],
  [
    "resources",
    `name: x
source: {type: files}
destination: {type: database, host: h}
resources: [{name: a, depends_on: [], source: {path: x}, destination: {table: t}}]
`.replace("depends_on: [], ", ""),
  ],
  [
    "blocks to come",
    complete(`schema: {mode: strict, columns: [{name: a, type: int}]}
validation: {rules: [{column: a, required: true}]}
schedule: {every: 1 hour}
alerts: [{on: failure, type: webhook, url: x}]
tests: [{name: a, given: {rows: []}, expect: {rows: []}}]
state: {backend: local, directory: x}
macros: {m: "{% macro m() %}{% endmacro %}"}
`),
  ],
];

/** Recipes that the JSON Schema must refuse, and what it must complain of. */
const BAD: [name: string, text: string, about: RegExp][] = [
  ["an unknown key", complete("foo: 1\n"), /\$\.foo/],
  ["an unknown key of a connector", complete().replace("path:", "foo: 1, path:"), /\$\.source\.foo/],
  ["an unknown connector", complete().replace("files", "filez"), /\$\.source\.type/],
  ["a key of another connector", complete().replace("path:", "host: x, path:"), /\$\.source\.host/],
  ["a missing key of a connector", complete().replace(", table: orders", ""), /\$\.destination: required/],
  ["a missing name", complete().replace("name: orders\n", ""), /\$: required/],
  ["a missing destination", "name: x\nsource: {type: files, path: x}\n", /\$: anyOf/],
  ["a wrong type", complete("runtime: {batch_size: many}\n"), /\$\.runtime\.batch_size/],
  ["a wrong choice", complete().replace("table:", "write_mode: mergee, table:"), /write_mode/],
  [
    "an unknown key of a step",
    complete("transform: {steps: [{type: sql, query: a, foo: 1}]}\n"),
    /steps\[0\]\.foo/,
  ],
  ["a step without a key it needs", complete("transform: {steps: [{type: sql}]}\n"), /steps\[0\]: required/],
  ["an unknown key of runtime", complete("runtime: {foo: 1}\n"), /runtime\.foo/],
];

const schema = recipeJsonSchema();

function parse(text: string): Json {
  return plainValue(parseFile("recipe.yaml", text).root!);
}

Deno.test("recipes that load fit the JSON Schema", async (t) => {
  for (const [name, text] of GOOD) {
    await t.step(name, async () => {
      await load(text);
      assert.deepEqual(violations(schema, parse(text)), []);
    });
  }
});

Deno.test("recipes that don't load don't fit", async (t) => {
  for (const [name, text, about] of BAD) {
    await t.step(name, async () => {
      await assert.rejects(load(text));
      assert.match(violations(schema, parse(text)).join("\n"), about);
    });
  }
});

Deno.test("with extends, what a parent may give is not asked for", () => {
  for (
    const text of [
      "extends: a.yaml\n",
      "extends: [a]\nsource: {table: x}\n",
      "extends: a\nsource: {type: files}\n",
    ]
  ) {
    assert.deepEqual(violations(schema, parse(text)), []);
  }
});

Deno.test("every key is described, and only listed keys are allowed", () => {
  assert.deepEqual(Object.keys(schema.properties as JsonObject), [...ROOT_KEYS]);
  const undescribed: string[] = [];
  visit(schema, "$", (node, path) => {
    for (const [key, property] of Object.entries((node.properties ?? {}) as JsonObject)) {
      const at = `${path}.${key}`;
      if (
        property === true || /\.(if|then|else)\b/.test(path) && !("description" in (property as JsonObject))
      ) continue;
      const target = resolve(property as JsonObject);
      if (typeof target.description !== "string" && !/known_connector|complete/.test(path)) {
        undescribed.push(at);
      }
    }
  });
  // What contains itself is a reference without words of its own.
  assert.deepEqual(undescribed.filter((at) => !/\.(tree|inner)$/.test(at)), []);
});

Deno.test("keys of connectors keep their marks and descriptions", () => {
  const source = (schema.$defs as JsonObject).source as JsonObject;
  const files = (source.allOf as JsonObject[]).find((each) => JSON.stringify(each.if).includes('"files"'))!;
  const { properties, additionalProperties } = files.then as {
    properties: JsonObject;
    additionalProperties: boolean;
  };
  assert.equal(additionalProperties, false);
  assert.deepEqual(properties.path, {
    type: "string",
    minLength: 1,
    description: "Where the files are",
    "x-path": true,
  });
  assert.deepEqual(properties.header, {
    default: true,
    description: "Whether the first line names the columns",
    anyOf: [{ type: "boolean" }, { $ref: "#/$defs/template" }],
  });
  const types = ((source.properties as JsonObject).type as JsonObject).anyOf as JsonObject[];
  assert.ok(
    types.some((each) => each.const === "database" && each.description === "The database of the tests"),
  );
});

Deno.test("every reference leads somewhere", () => {
  visit(schema, "$", (node, path) => {
    if (typeof node.$ref === "string") {
      const name = node.$ref.replace("#/$defs/", "");
      assert.ok(name in (schema.$defs as JsonObject), `${path}: ${node.$ref}`);
    }
  });
});

function resolve(node: JsonObject): JsonObject {
  return typeof node.$ref === "string"
    ? (schema.$defs as JsonObject)[node.$ref.replace("#/$defs/", "")] as JsonObject
    : node;
}

function visit(node: Json, path: string, see: (node: JsonObject, path: string) => void): void {
  if (Array.isArray(node)) node.forEach((item, i) => visit(item, `${path}[${i}]`, see));
  else if (typeof node === "object" && node !== null) {
    see(node, path);
    for (const [key, value] of Object.entries(node)) visit(value, `${path}.${key}`, see);
  }
}
