import assert from "node:assert/strict";
import fc from "fast-check";
import { loadRecipe } from "../../../src/recipe/mod.ts";
import { parseFile } from "../../../src/recipe/document.ts";
import { plainValue } from "../../../src/recipe/render.ts";
import { nodeAt, toLocation } from "../../../src/recipe/node.ts";
import { complete, errorsOf, lines, load, memoryOptions, registerTestPlugins } from "./support.ts";

const QUOTE = `put quotes around values with templates: key: "{{ env_var('NAME') }}"`;

/** Text that is no recipe, the place, a part of the message, and of the hint. */
const BROKEN: [name: string, text: string, code: string, place: string, message: RegExp, hint?: string][] = [
  [
    "tab as indentation",
    "a:\n\tb: 1\n",
    "INVALID_YAML",
    "2:1",
    /tab is used for indentation/,
    "indent with spaces",
  ],
  ["wrong indentation", "a:\n  b: 1\n c: 2\n", "INVALID_YAML", "3:1", /indentation does not fit/],
  ["quote not closed", 'a: "abc\nb: 1\n', "INVALID_YAML", "2:5", /missing here: a closing quote/],
  ["bracket not closed", "a: [1, 2\nb: 3\n", "INVALID_YAML", "2:1", /a bracket above is not closed/],
  ["two colons", "a: b: c\n", "INVALID_YAML", "1:4", /second `key:` on this line/],
  [
    "reserved character",
    "a: @x\n",
    "INVALID_YAML",
    "1:4",
    /character that YAML reserves/,
    "put the text in quotes",
  ],
  ["quote in quotes", "a: 'it's'\n", "INVALID_YAML", "1:8", /does not belong/],
  ["bad escape", 'a: "C:\\data"\n', "INVALID_YAML", "1:7", /backslash sequence/],
  ["tag", "a: !foo 1\n", "INVALID_YAML", "1:4", /tag \(!name\) is not known/],
  ["template without quotes", "a: {{ env_var('X') }}\n", "INVALID_YAML", "1:5", /used as a key/, QUOTE],
  ["template without quotes and more", "a: {{ x }}/b\n", "INVALID_YAML", "1:11", /does not belong/, QUOTE],
  ["statement without quotes", "a: {% if x %}b\n", "INVALID_YAML", "1:5", /reserves/, QUOTE],
  ["list as key", "? [a, b]\n: 1\n", "INVALID_YAML", "1:3", /used as a key/, "write the key as plain text"],
  ["unknown anchor", "a: *x\n", "INVALID_YAML", "1:4", /no anchor "&x"/],
  ["alias in its own anchor", "a: &a [*a]\n", "INVALID_YAML", "1:8", /inside its own anchor/],
  ["merge key of a scalar", "<<: 1\n", "INVALID_YAML", "1:1", /merge key/],
  ["prototype as key", "a: {__proto__: {b: 1}}\n", "INVALID_YAML", "1:5", /can't be named "__proto__"/],
  ["duplicate key", "a: 1\nb: 2\na: 3\n", "DUPLICATE_KEY", "3:1", /Key "a" is written twice/, undefined],
  ["duplicate key in quotes", 'a: 1\n"a": 2\n', "DUPLICATE_KEY", "2:1", /written twice/],
  ["duplicate key of another type", '1: a\n"1": b\n', "DUPLICATE_KEY", "2:1", /written twice/],
  ["two documents", "a: 1\n---\nb: 2\n", "MULTIPLE_DOCUMENTS", "2:1", /more than one YAML document/],
  ["empty", "", "EMPTY_RECIPE", "1:1", /is empty/],
  ["comment only", "# hello\n", "EMPTY_RECIPE", "1:1", /is empty/],
  ["null", "~\n", "EMPTY_RECIPE", "1:1", /is empty/],
  ["list", "- a\n", "NOT_A_MAPPING", "1:1", /holds a list/],
  ["text", "hello", "NOT_A_MAPPING", "1:1", /holds a single text/],
  ["not UTF-8", "name: caf\uFFFD\n", "INVALID_ENCODING", "1:10", /not UTF-8/, "save it as UTF-8"],
  ["UTF-16", "n\0a\0m\0e\0", "INVALID_ENCODING", "1:2", /not UTF-8/],
  ["deep nesting", `a: ${"[".repeat(100)}${"]".repeat(100)}`, "INVALID_YAML", "1:68", /more than 64 levels/],
  ["very deep nesting", `a: ${"[".repeat(20_000)}`, "INVALID_YAML", "", /nested too deeply/],
];

Deno.test("text that is no recipe gives one error with place, message and hint", async (t) => {
  for (const [name, text, code, place, message, hint] of BROKEN) {
    await t.step(name, async () => {
      const errors = await errorsOf(load(text));
      assert.equal(errors.length, 1, lines(errors).join("\n"));
      const { location } = errors[0]!;
      assert.equal(errors[0]!.code, code);
      if (place !== "") assert.equal(`${location!.line}:${location!.column}`, place);
      assert.match(errors[0]!.message, message);
      if (hint !== undefined) assert.equal(errors[0]!.hint, hint);
    });
  }
});

Deno.test("aliases that multiply without bound are refused quickly", async () => {
  const names = "abcdefghij".split("");
  const text = names.map((name, i) =>
    i === 0 ? "a: &a [x, x, x, x, x, x, x, x, x, x]" : `${name}: &${name} [${`*${names[i - 1]},`.repeat(10)}]`
  ).join("\n");
  const start = performance.now();
  const errors = await errorsOf(load(text));
  assert.match(errors[0]!.message, /Aliases multiply the recipe/);
  assert.ok(performance.now() - start < 10_000);
});

Deno.test("anchors, aliases and merge keys work", async () => {
  const recipe = await load(`name: orders
vars:
  connection: &connection {host: localhost, port: 5433}
  more: &more {port: 1, user: me}
source: {type: files, path: in.csv}
destination:
  <<: [*connection, *more]
  type: database
  table: orders
  user: me too
`);
  assert.deepEqual(recipe.destination!.config, {
    host: "localhost",
    port: 5433,
    table: "orders",
    user: "me too",
  });
  assert.deepEqual(recipe.locate(["destination", "host"]), { file: "recipe.yaml", line: 3, column: 34 });
});

Deno.test("YAML 1.2 scalars", () => {
  const { root } = parseFile(
    "x.yaml",
    "a: yes\nb: 0o17\nc: 1e3\nd: 2024-01-01\ne: ~\nf: .inf\non: off\n1: 007\n",
  );
  assert.deepEqual(plainValue(root!), {
    a: "yes",
    b: 15,
    c: 1000,
    d: "2024-01-01",
    e: null,
    f: ".inf",
    on: "off",
    1: 7,
  });
});

Deno.test("byte order mark and CRLF change no place and no value", async () => {
  const text = `\uFEFF${complete("description: |\n  one\n  two\nfoo: 1\n").replaceAll("\n", "\r\n")}`;
  assert.deepEqual(lines(await errorsOf(load(text))), [
    'UNKNOWN_KEY 7:1 Key "foo" is not known. | ' + KEYS_HINT,
  ]);
  const recipe = await load(text.replace("foo: 1\r\n", ""));
  assert.equal(recipe.description, "one\ntwo\n");
});

const KEYS_HINT =
  "keys of a recipe are: name, description, extends, delete, plugins, vars, macros, source, transform, destination, " +
  "resources, schema, normalization, validation, runtime, state, schedule, alerts, tests";

Deno.test("JSON recipes parse with places, tabs and all", async () => {
  registerTestPlugins();
  const text = JSON.stringify(
    {
      name: "orders",
      source: { type: "files", path: "a\tb.csv" },
      destination: { type: "files", path: "b", hedaer: true },
    },
    null,
    "\t",
  );
  const options = memoryOptions({ files: { "r.json": text } });
  assert.deepEqual(lines(await errorsOf(loadRecipe("r.json", options))), [
    'UNKNOWN_KEY 10:3 Key "hedaer" is not known in "destination". | did you mean "header"?',
  ]);
  const good = memoryOptions({ files: { "r.json": text.replace("hedaer", "header") } });
  const recipe = await loadRecipe("r.json", good);
  assert.deepEqual(recipe.source!.config, { path: "a\tb.csv", header: true });
});

Deno.test("files that can't be read", async (t) => {
  const cases: [reason: { name: string; code?: string }, code: string, message: RegExp][] = [
    [{ name: "NotFound" }, "RECIPE_NOT_FOUND", /There is no recipe "r.yaml"/],
    [{ name: "Error", code: "ENOENT" }, "RECIPE_NOT_FOUND", /There is no recipe/],
    [{ name: "PermissionDenied" }, "RECIPE_UNREADABLE", /permission is denied/],
    [{ name: "IsADirectory" }, "RECIPE_UNREADABLE", /is a directory/],
    [{ name: "InvalidData" }, "INVALID_ENCODING", /not UTF-8/],
  ];
  for (const [reason, code, message] of cases) {
    await t.step(`${reason.name} ${reason.code ?? ""}`, async () => {
      const options = memoryOptions({});
      options.readFile = () => Promise.reject(Object.assign(new Error("x"), reason));
      const [error] = await errorsOf(loadRecipe("r.yaml", options));
      assert.equal(error!.code, code);
      assert.match(error!.message, message);
    });
  }
});

Deno.test("ten thousand keys are read in a moment", async () => {
  const columns = Array.from({ length: 10_000 }, (_, i) => `      column_${i}: int`).join("\n");
  const start = performance.now();
  const recipe = await load(`name: wide
source:
  type: files
  path: a
  columns:
${columns}
destination: {type: files, path: b}
`);
  assert.equal(Object.keys((recipe.source!.config as { columns: object }).columns).length, 10_000);
  assert.ok(performance.now() - start < 10_000);
});

Deno.test("any JSON document comes through as it is, with every value at its place", () => {
  const key = fc.stringMatching(/^[a-z][a-z0-9_]{0,8}$/);
  const scalar = fc.oneof(
    fc.string(),
    fc.maxSafeInteger(),
    fc.boolean(),
    fc.constant(null),
    fc.double({ noNaN: true }),
  );
  const finite = scalar.filter((value) =>
    typeof value !== "number" || (Number.isFinite(value) && !Object.is(value, -0))
  );
  const clean = finite.filter((value) => typeof value !== "string" || !/[\uFFFD\0]/.test(value));
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { maxDepth: 4 },
      clean,
      fc.array(tie("tree"), { maxLength: 4 }),
      fc.dictionary(key, tie("tree")),
    ),
  }));
  fc.assert(fc.property(fc.dictionary(key, tree, { minKeys: 1, noNullPrototype: true }), (document) => {
    const text = JSON.stringify(document, null, 2);
    const { root, problems } = parseFile("x.json", text);
    assert.deepEqual(problems, []);
    assert.deepEqual(plainValue(root!), JSON.parse(text));
    for (const name of Object.keys(document)) {
      const { line } = toLocation(nodeAt(root!, [name])!.place, "x.json");
      assert.ok(text.split("\n")[line - 1]!.startsWith(`  "${name}":`));
    }
  }));
});
