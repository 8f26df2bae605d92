/** Where `schema infer --write` puts its block: the rest of the recipe stays as it is written. */
import assert from "node:assert/strict";
import { parse } from "yaml";
import { hasSchema, recipeForm, withBlock } from "../../../src/cli/schema_block.ts";

const BLOCK = {
  mode: "strict",
  columns: [
    { name: "id", type: "integer", nullable: false, primary_key: true },
    { name: 'größe "x"', type: "decimal(18,2)" },
  ],
};

const JSON_RECIPE = `{
    "name": "prices",  "vars": {"big": 12345678901234567890},
    "source": {"type": "csv", "path": "a.csv"},
    "destination": {"type": "duckdb", "database": "x.duckdb", "table": "t"}
}
`;

Deno.test("forms by file name", () => {
  assert.deepEqual(["a.yaml", "a.YML", "a.json", "a.txt", "json"].map(recipeForm), [
    "yaml",
    "yaml",
    "json",
    undefined,
    undefined,
  ]);
});

Deno.test("a JSON recipe: before the destination, in its indentation, digits kept", () => {
  const written = withBlock(JSON_RECIPE, BLOCK, "json");
  const before = JSON_RECIPE.indexOf(`    "destination"`);
  assert.equal(written.slice(0, before), JSON_RECIPE.slice(0, before));
  assert.ok(written.endsWith(JSON_RECIPE.slice(before)), written);
  const value = JSON.parse(written);
  assert.deepEqual(value.schema, BLOCK);
  assert.deepEqual(Object.keys(value), ["name", "vars", "source", "schema", "destination"]);
  assert.match(written, /^ {4}"schema": \{\n {6}"mode": "strict",\n/m);
});

Deno.test("a JSON recipe: the old block is replaced, whatever stands behind it", () => {
  const once = withBlock(JSON_RECIPE, BLOCK, "json");
  assert.equal(hasSchema(once), true);
  assert.equal(withBlock(once, BLOCK, "json"), once);
  const lenient = withBlock(once, { ...BLOCK, mode: "lenient" }, "json");
  assert.equal(lenient, once.replace(`"strict"`, `"lenient"`));
});

Deno.test("JSON recipes without a destination, on one line, and empty ones", () => {
  for (const text of [`{"extends": "a.json"}`, `{\n  "extends": "a.json"\n}\n`, `{}`]) {
    const written = withBlock(text, BLOCK, "json");
    assert.deepEqual(JSON.parse(written), { ...JSON.parse(text), schema: BLOCK }, written);
  }
  const oneLine = JSON.stringify(JSON.parse(`{"name": "a", "destination": {"type": "csv"}}`));
  assert.deepEqual(JSON.parse(withBlock(oneLine, BLOCK, "json")).schema, BLOCK);
});

Deno.test("a YAML recipe: before the destination, comments stay; without one, at the end", () => {
  const text = "# mine\nname: a # b\ndestination:\n  type: csv # c\n";
  const written = withBlock(text, BLOCK, "yaml");
  assert.deepEqual(parse(written).schema, BLOCK);
  assert.ok(written.startsWith("# mine\nname: a # b\nschema:\n") && written.endsWith("type: csv # c\n"));
  assert.deepEqual(parse(withBlock("extends: base.yaml", BLOCK, "yaml")), {
    extends: "base.yaml",
    schema: BLOCK,
  });
});
