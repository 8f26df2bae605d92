import assert from "node:assert/strict";
import type { Json } from "../../../src/sdk/mod.ts";
import { loadRecipe } from "../../../src/recipe/mod.ts";
import { complete, errorsOf, lines, load, registerTestPlugins } from "./support.ts";

const ENV = { HOST: "db.example", N: "500", EMPTY: "", ZERO: "007", FLAG: "TRUE" };
const VARS = `vars:
  table: orders
  year: 2024
  header: true
  columns: [id, name]
  nested: {a: {b: [1, 2]}}
  none_at_all: null
macros:
  cents: "{% macro cents(column, digits=2) %}round({{ column }} / 100.0, {{ digits }}){% endmacro %}"
  both: "{% macro both(a) %}{{ cents(a) }} AND {{ var.table }}{% endmacro %}"
`;

/** Template, and the text it gives. */
const TEXTS: [template: string, text: string][] = [
  ["{{ env_var('HOST') }}", "db.example"],
  ["{{ env.HOST }}", "db.example"],
  ["{{ env['HOST'] }}", "db.example"],
  ["{{ env('HOST') }}", "db.example"],
  ["{{ env_var('MISSING', 'default') }}", "default"],
  ["{{ env_var('MISSING', default='x') }}", "x"],
  ["{{ env_var('EMPTY', 'default') }}", ""],
  ["{{ env_var('MISSING') | default('y') }}", "y"],
  ["{{ env.MISSING | default('z') }}", "z"],
  ["{{ env.MISSING | d('z') }}", "z"],
  ["{{ env.EMPTY | default('z', true) }}", "z"],
  ["{{ 'set' if env.MISSING is defined else 'not set' }}", "not set"],
  ["{{ var('table') }}", "orders"],
  ["{{ var.table }}", "orders"],
  ["{{ var['table'] }}", "orders"],
  ["{{ var('missing', 'x') }}", "x"],
  ["{{ var('missing', 5) }}", "5"],
  ["{{ var.missing | default(var.year) }}", "2024"],
  ["{{ var.nested.a.b[1] }}", "2"],
  ["{{ var.nested.a.c | default('none') }}", "none"],
  ["{{ recipe.name }}_raw", "orders_raw"],
  ["{{ recipe['name'] | upper }}", "ORDERS"],
  ["a {{ var.table }} b {{ var.year + 1 }}", "a orders b 2025"],
  ["{{ var.columns | join(', ') }}", "id, name"],
  ["{% for c in var.columns %}{{ c }}{% if not loop.last %}, {% endif %}{% endfor %}", "id, name"],
  ["{% for i in range(3) %}{{ i }}{% endfor %}", "012"],
  ["{% if var.header and var.year > 2000 %}yes{% else %}no{% endif %}", "yes"],
  ["{% set x = 'a' %}{{ x ~ 'b' }}", "ab"],
  ["{{ cents('amount') }}", "round(amount / 100.0, 2)"],
  ["{{ cents('amount', digits=4) }}", "round(amount / 100.0, 4)"],
  ["{{ both('x') }}", "round(x / 100.0, 2) AND orders"],
  ["{% macro own(x) %}<{{ x }}>{% endmacro %}{{ own('a') }}", "<a>"],
  ["{{ 'a b/c@d' | urlencode }}", "a%20b%2Fc%40d"],
  ["{{ 'aXbXc' | replace('X', '-') }}", "a-b-c"],
  ["{{ 'aXbXc'.replace('X', '-', 1) }}", "a-bXc"],
  ["{{ 'a-b'.split('-') | last }}", "b"],
  ["{{ ' x ' | trim | upper | lower | title }}", "X"],
  ["{{ var.nested | tojson }}", '{"a": {"b": [1, 2]}}'],
  ["{{ var.columns | length }}", "2"],
  ["{% raw %}{{ not rendered }}{% endraw %}", "{{ not rendered }}"],
  ['a {%- raw -%}  {% "x" %}\\n  {%- endraw %} b', 'a{% "x" %}\\n b'],
  ["{# comment #}x", "x"],
  ["SELECT {'a': 1} FROM {input}", "SELECT {'a': 1} FROM {input}"],
  ["100% {ok}", "100% {ok}"],
  ["{{ 'inline' if false }}", ""],
];

Deno.test("templates give text", async (t) => {
  for (const [template, text] of TEXTS) {
    await t.step(template, async () => {
      const recipe = await load(complete(`${VARS}description: ${JSON.stringify(template)}\n`), { env: ENV });
      assert.equal(recipe.description, text);
    });
  }
});

Deno.test("line ends of a block of text are kept", async () => {
  const recipe = await load(
    complete("description: |\n  {{ recipe.name }}\n  {% if true %}\n  x\n  {% endif %}\n"),
  );
  assert.equal(recipe.description, "orders\n\nx\n\n");
});

/** Key of the files connector or of a step, its template, and the value with its type. */
const TYPED: [key: string, template: string, value: Json][] = [
  ["skip_lines", "{{ env_var('N') }}", 500],
  ["skip_lines", " {{ env.N }}\n", 500],
  ["skip_lines", "{% if true %}1{% endif %}0", 10],
  ["skip_lines", "{{ var.year }}", 2024],
  ["ratio", "{{ 1 / 4 }}", 0.25],
  ["ratio", "{{ '2.5e1' }}", 25],
  ["header", "{{ var.header }}", true],
  ["header", "{{ env.FLAG }}", true],
  ["header", "{{ not var.header }}", false],
  ["path", "{{ env.ZERO }}", "007"],
  ["path", "{{ var.year }}", "2024"],
  ["path", "{{ var.header }}", "true"],
  ["keep", "{{ var.columns }}", ["id", "name"]],
  ["columns", "{{ {'id': 'int'} }}", { id: "int" }],
  ["compression", "{{ 'g' ~ 'zip' }}", "gzip"],
];

Deno.test("a template takes the type that the schema wants", async (t) => {
  for (const [key, template, value] of TYPED) {
    await t.step(`${key}: ${JSON.stringify(template)} is ${JSON.stringify(value)}`, async () => {
      const path = key === "path" ? "" : "path: x, ";
      const recipe = await load(
        `name: x\n${VARS}source: {type: files, ${path}${key}: ${JSON.stringify(template)}}
destination: {type: files, path: y}\n`,
        { env: ENV },
      );
      assert.deepEqual((recipe.source!.config as Record<string, Json>)[key], value);
      assert.deepEqual((recipe.document.source as Record<string, Json>)[key], value);
    });
  }
});

Deno.test("where any scalar will do, the value keeps its own type", async () => {
  const value = async (template: string) => {
    const steps = `transform: {steps: [{type: add_column, name: a, value: ${JSON.stringify(template)}}]}\n`;
    const recipe = await load(complete(VARS + steps), { env: ENV });
    return (recipe.steps[0]!.config as { value: unknown }).value;
  };
  assert.equal(await value("{{ var.year }}"), 2024);
  assert.equal(await value("{{ var.header }}"), true);
  assert.equal(await value("{{ var.none_at_all }}"), null);
  assert.equal(await value("{{ env.N }}"), "500");
  assert.equal(await value("{{ recipe.name }}"), "orders");
  assert.equal(await value("x{{ var.year }}"), "x2024");
});

Deno.test("a number too large for exactness stays wrong instead of being rounded", async () => {
  const text = complete('runtime: {batch_size: "{{ env.BIG }}"}\n');
  const [error] = await errorsOf(load(text, { env: { BIG: "9007199254740993" } }));
  assert.match(error!.message, /batch_size must be a whole number/);
});

Deno.test("vars need each other in any order, keep their types, and --var wins", async () => {
  const text = complete(`vars:
  full: "{{ var.schema }}.{{ var('table') }}"
  table: "{{ var.prefix }}orders"
  schema: main
  prefix: "{{ env_var('PREFIX', 'raw_') }}"
  n: 5
  copy: "{{ var.n }}"
  list: ["{{ var.n }}", {deep: "{{ var.schema }}"}]
`);
  const recipe = await load(text);
  assert.deepEqual(recipe.vars, {
    full: "main.raw_orders",
    table: "raw_orders",
    schema: "main",
    prefix: "raw_",
    n: 5,
    copy: 5,
    list: [5, { deep: "main" }],
  });
  const given = await load(text, { vars: { schema: "{{ not rendered }}", n: "7", extra: true } });
  assert.equal(given.vars.full, "{{ not rendered }}.raw_orders");
  assert.deepEqual([given.vars.copy, given.vars.extra], ["7", true]);
  assert.deepEqual(given.optionalEnv, ["PREFIX"]);
});

Deno.test("a parent's templates are rendered with the child's values", async () => {
  const recipe = await load("extends: base.yaml\nname: child\nvars: {table: child_table}\n", {
    files: {
      "base.yaml": complete(
        'vars: {table: base_table}\ndescription: "{{ recipe.name }} {{ var.table }} {{ m() }}"\n' +
          "macros: {m: '{% macro m() %}from base{% endmacro %}'}\n",
      ),
    },
  });
  assert.equal(recipe.description, "child child_table from base");
});

Deno.test("a child replaces a macro by name", async () => {
  const recipe = await load(
    "extends: base.yaml\nmacros: {m: '{% macro m() %}from child{% endmacro %}'}\n",
    {
      files: {
        "base.yaml": complete(
          "description: \"{{ m() }}\"\nmacros: {m: '{% macro m() %}from base{% endmacro %}'}\n",
        ),
      },
    },
  );
  assert.equal(recipe.description, "from child");
  assert.deepEqual(Object.keys(recipe.macros), ["m"]);
});

Deno.test("keys are not rendered, nor is what is inside macros", async () => {
  const recipe = await load(complete(`vars: {"{{ x }}": 1}
transform: {steps: [{type: rename_columns, mapping: {"{{ a }}": b}}]}
`));
  assert.deepEqual(recipe.vars, { "{{ x }}": 1 });
  assert.deepEqual(recipe.steps[0]!.config, { mapping: { "{{ a }}": "b" } });
});

Deno.test("a query of several lines", async () => {
  const recipe = await load(complete(`${VARS}transform:
  steps:
    - type: sql
      query: |
        SELECT {{ cents('amount') }} AS amount
        FROM {input}
        WHERE year = {{ var.year }}
`));
  assert.deepEqual(recipe.steps[0]!.config, {
    query: "SELECT round(amount / 100.0, 2) AS amount\nFROM {input}\nWHERE year = 2024\n",
  });
});

/** Template in `description`, and the error it gives: code, message, hint. */
const NEEDS = '; "description" needs it.';
const KNOWN =
  "templates know env_var('NAME'), env.NAME, var('name'), var.name, recipe.name and the recipe's macros";
const FAILED = 'The template in "description" can\'t be rendered: ';
const UNREAD = 'The template in "description" can\'t be read: ';
const ERRORS: [template: string, error: string, hint?: string][] = [
  [
    "{{ env_var('NOPE') }}",
    `UNRESOLVED_VARIABLE Environment variable "NOPE" is not set${NEEDS}`,
    "set it, or give a default: env_var('NOPE', 'default')",
  ],
  [
    "{{ env.NOPE }}",
    `UNRESOLVED_VARIABLE Environment variable "NOPE" is not set${NEEDS}`,
    "set it, or give a default: env_var('NOPE', 'default')",
  ],
  [
    "{{ var('tabel') }}",
    `UNRESOLVED_VARIABLE Variable "tabel" is not defined${NEEDS}`,
    'did you mean "table"?',
  ],
  [
    "{{ var.zzz }}",
    `UNRESOLVED_VARIABLE Variable "zzz" is not defined${NEEDS}`,
    "pass --var zzz=…, or add it to `vars:`",
  ],
  ["{{ table }}", `UNRESOLVED_VARIABLE "table" is not defined${NEEDS}`, 'did you mean "var.table"?'],
  [
    "{{ HOST_NAME }}",
    `UNRESOLVED_VARIABLE "HOST_NAME" is not defined${NEEDS}`,
    'did you mean "env.HOST_NAME"?',
  ],
  ["{{ cent('x') }}", `UNRESOLVED_VARIABLE "cent" is not defined${NEEDS}`, 'did you mean "cents"?'],
  ["{{ recipe.nme }}", `UNRESOLVED_VARIABLE "recipe.nme" is not defined${NEEDS}`, KNOWN],
  ["{{ var.nested.x.y }}", `UNRESOLVED_VARIABLE "var.nested.x" is not defined${NEEDS}`, undefined],
  ["{{ cents() }}", `UNRESOLVED_VARIABLE "column" is not defined${NEEDS}`, undefined],
  ["{{ a b }}", `TEMPLATE_SYNTAX ${UNREAD}a tag is not closed, or holds too much.`],
  ["{{ 'x }}", `TEMPLATE_SYNTAX ${UNREAD}it ends too early: a tag, quote or block is not closed.`],
  ["{% if x %}", `TEMPLATE_SYNTAX ${UNREAD}it ends too early: a tag, quote or block is not closed.`],
  ["{% endif %}", `TEMPLATE_SYNTAX ${UNREAD}{% endif %} has no beginning.`],
  ["{% foo %}", `TEMPLATE_SYNTAX ${UNREAD}there is no statement {% foo %}.`],
  ["{% raw %}x", `TEMPLATE_SYNTAX ${UNREAD}{% raw %} has no {% endraw %}.`],
  ["{{ }}", `TEMPLATE_SYNTAX ${UNREAD}"}}" is not expected where it stands.`],
  ["{{ 'a' | uper }}", `TEMPLATE_ERROR ${FAILED}there is no filter "uper".`, 'did you mean "upper"?'],
  ["{{ 'a'.foo() }}", `TEMPLATE_ERROR ${FAILED}a text has no method "foo".`],
  ["{{ var }}", `TEMPLATE_ERROR ${FAILED}"var" is a function.`, "write var.name"],
  ["{{ cents }}", `TEMPLATE_ERROR ${FAILED}"cents" is a function.`, "call it: cents(…)"],
  ["{{ env_var() }}", `TEMPLATE_ERROR ${FAILED}env_var() takes a name in quotes and, if wanted, a default.`],
  ["{{ 1 / 0 }}", `TEMPLATE_ERROR ${FAILED}the result is no finite number.`],
  ["{{ [] | first }}", `TEMPLATE_ERROR ${FAILED}the filter "first" finds nothing.`],
  ["{{ raise_exception('set ' ~ 'x') }}", `TEMPLATE_ERROR ${FAILED}the template says: set x.`],
];

Deno.test("what can't be rendered is told with the key, the place and a hint", async (t) => {
  for (const [template, expected, hint] of ERRORS) {
    await t.step(template, async () => {
      const errors = await errorsOf(load(complete(`${VARS}description: ${JSON.stringify(template)}\n`)));
      assert.equal(errors.length, 1, lines(errors).join("\n"));
      assert.equal(`${errors[0]!.code} ${errors[0]!.message}`, expected);
      if (hint !== undefined) assert.equal(errors[0]!.hint, hint);
      assert.deepEqual(errors[0]!.location, { file: "recipe.yaml", line: 14, column: 14 });
    });
  }
});

Deno.test("in a text of several lines the line of the name is told", async () => {
  const errors = await errorsOf(load(complete("description: |\n  one\n  {{ var.two }}\n")));
  assert.deepEqual(errors[0]!.location, { file: "recipe.yaml", line: 6, column: 10 });
});

Deno.test("a variable missing in a parent names parent and recipe", async () => {
  const errors = await errorsOf(load(complete("extends: base.yaml\n"), {
    files: { "base.yaml": '\nstate: {directory: "{{ env.DIR }}"}\n' },
  }));
  assert.deepEqual(lines(errors), [
    'UNRESOLVED_VARIABLE 2:20 (base.yaml, from recipe.yaml) Environment variable "DIR" is not set; "state.directory" ' +
    "needs it. | set it, or give a default: env_var('DIR', 'default')",
  ]);
  assert.deepEqual(errors[0]!.context, { key: "state.directory", variable: "DIR" });
});

Deno.test("variables in a circle are one error", async () => {
  const errors = await errorsOf(load(complete(`vars:
  a: "{{ var.b }}"
  b: "{{ var.c }}"
  c: "{{ var.a }}"
  d: "{{ var.b }}"
description: "{{ var.a }}"
`)));
  assert.deepEqual(lines(errors), [
    "VARIABLE_CYCLE 5:6 Variables need each other in a circle: a → b → c → a. | give one of them a value of its own",
  ]);
});

Deno.test("a value that can't be rendered is not checked besides", async () => {
  const errors = await errorsOf(
    load(complete('runtime: {batch_size: "{{ env.N }}", threads: "{{ var.n }}"}\n')),
  );
  assert.deepEqual(errors.map(({ code }) => code), ["UNRESOLVED_VARIABLE", "UNRESOLVED_VARIABLE"]);
});

Deno.test("macros that are none", async () => {
  const errors = await errorsOf(
    load(complete("macros:\n  a: x\n  b: '{% macro c() %}{% endmacro %}'\n  d: '{% macro d( %}'\n")),
  );
  assert.deepEqual(errors.map(({ code, message }) => `${code} ${message}`), [
    'INVALID_MACRO Macro "a" must define "a", but its text defines none.',
    'INVALID_MACRO Macro "b" must define "b", but its text defines "c".',
    'TEMPLATE_SYNTAX The template in "macros.d" can\'t be read: "%}" is not expected where it stands.',
  ]);
});

Deno.test("missing environment variables can be collected", async () => {
  const recipe = await load(
    `name: orders
vars: {dir: "{{ env.DIR }}"}
source: {type: database, host: "{{ env.HOST }}", port: "{{ env_var('PORT') | int }}", table: "{{ env.TABLE }}"}
destination: {type: files, path: "{{ var.dir }}/x", compression: "{{ env.COMPRESSION }}", header: "{{ env.HEADER }}"}
runtime: {batch_size: "{{ env.BATCH }}", memory_limit: "{{ env.MEMORY }}", threads: 2}
transform: {steps: [{type: "{{ env.KIND }}", foo: 1}]}
`,
    { onMissingEnv: "collect", env: { TABLE: "orders" } },
  );
  assert.deepEqual(recipe.missingEnv, [
    "BATCH",
    "COMPRESSION",
    "DIR",
    "HEADER",
    "HOST",
    "KIND",
    "MEMORY",
    "PORT",
  ]);
  assert.deepEqual(recipe.requiredEnv, [...recipe.missingEnv, "TABLE"].sort());
  assert.deepEqual(recipe.source!.config, { host: "<HOST>", port: 1, table: "orders" });
  assert.equal((recipe.destination!.config as { path: string }).path, "<DIR>/x");
  assert.deepEqual([recipe.runtime.batchSize, recipe.runtime.threads], [122_880, 2]);
  assert.equal(recipe.steps[0]!.type, "<KIND>");
});

Deno.test("collecting still tells what is wrong besides", async () => {
  const errors = await errorsOf(load(
    complete(
      'runtime: {batch_size: many, threads: "{{ env.T }}", foo: "{{ env.F }}"}\ndescription: "{{ var.x }}"\n',
    ),
    { onMissingEnv: "collect" },
  ));
  assert.deepEqual(errors.map(({ code }) => code), ["INVALID_VALUE", "UNKNOWN_KEY", "UNRESOLVED_VARIABLE"]);
});

Deno.test("an environment that may not be read is told as such", async () => {
  registerTestPlugins();
  const [error] = await errorsOf(loadRecipe("recipe.yaml", {
    readFile: () => Promise.resolve(complete("description: '{{ env.X }}'\n")),
    env: () => {
      throw Object.assign(new Error("Requires env access"), { name: "NotCapable" });
    },
  }));
  assert.equal(error!.code, "ENV_NOT_READABLE");
  assert.match(error!.message, /Environment variable "X" may not be read/);
});
