import assert from "node:assert/strict";
import fc from "fast-check";
import type { Recipe } from "../../../src/recipe/mod.ts";
import { complete, errorsOf, load } from "./support.ts";

const render = (template: string): Promise<Recipe> =>
  load(complete(`vars: {list: [1], map: {a: 1}, text: abc}\ndescription: ${JSON.stringify(template)}\n`));

/** Ways out of a template that work in template engines that compile, or that look names up on objects. */
const ATTACKS = [
  "{{ ''.constructor }}",
  "{{ ''.constructor.constructor('return process')() }}",
  "{{ [].constructor }}",
  "{{ {}.constructor }}",
  "{{ {}.__proto__ }}",
  "{{ {}['__proto__'] }}",
  "{{ {}['const' ~ 'ructor'] }}",
  "{{ (1).constructor }}",
  "{{ true.constructor }}",
  "{{ var.constructor }}",
  "{{ var.__proto__ }}",
  "{{ var.prototype }}",
  "{{ var.call }}",
  "{{ env.__proto__ }}",
  "{{ env_var.constructor('return 1')() }}",
  "{{ env_var.call('HOME') }}",
  "{{ range.constructor }}",
  "{{ recipe.constructor }}",
  "{{ recipe.__proto__.polluted }}",
  "{{ var.map.constructor }}",
  "{{ var.map.hasOwnProperty }}",
  "{{ var.list.constructor }}",
  "{{ var.list.map }}",
  "{{ var.list.push }}",
  "{{ var.text.constructor }}",
  "{{ var.text.__proto__ }}",
  "{{ this }}",
  "{{ self }}",
  "{{ globalThis }}",
  "{{ process }}",
  "{{ Deno }}",
  "{{ Deno.env.get('HOME') }}",
  "{{ import('node:fs') }}",
  "{{ require('fs') }}",
  "{{ eval('1') }}",
  "{{ Function('return 1')() }}",
  "{{ namespace.constructor }}",
  "{{ namespace(a=1).constructor }}",
  "{{ namespace(a=1).__proto__ }}",
  "{% set ns = namespace() %}{% set ns.__proto__ = 1 %}{{ ns.polluted }}",
  "{{ loop }}",
  "{{ config }}",
  "{{ ''.__class__.__mro__ }}",
  "{{ cycler.__init__.__globals__ }}",
  "{{ strftime_now('%Y') }}",
  "{{ 'x' | attr('constructor') }}",
  "{{ var.list | map('constructor') }}",
  "{{ var.list | map(attribute='constructor') | first }}",
  "{% include '/etc/passwd' %}",
  "{% import 'x' as y %}",
  "{% extends 'x' %}",
  "{{ ''.upper.constructor }}",
  "{{ ''['sub'] }}",
];

Deno.test("no template reaches code or prototypes", async (t) => {
  for (const template of ATTACKS) {
    await t.step(template, async () => {
      const errors = await errorsOf(render(template));
      assert.ok(errors.every(({ code }) => /^(UNRESOLVED_VARIABLE|TEMPLATE_)/.test(code)), errors[0]!.code);
      assert.equal(({} as Record<string, unknown>).polluted, undefined);
    });
  }
});

/** Templates that would take for ever or fill the memory. */
const BOMBS = [
  "{% for i in range(10**9) %}x{% endfor %}",
  "{% for i in range(-10**15, 10**15) %}x{% endfor %}",
  "{% for i in range(10000) %}{% for j in range(10000) %}{% endfor %}{% endfor %}",
  "{% for i in range(10000) %}{% for j in range(10000) %}{{ j }}{% endfor %}{% endfor %}",
  "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
  "{% macro f(n) %}{{ f(n + 1) }}{{ f(n + 1) }}{% endmacro %}{{ f(0) }}",
  "{% set ns = namespace(x='ab') %}{% for i in range(60) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}{{ ns.x }}",
  "{% set ns = namespace(x=[1]) %}{% for i in range(60) %}{% set ns.x = ns.x + ns.x %}{% endfor %}{{ ns.x }}",
  "{{ 'a' | indent(500000000) }}",
  "{{ {'a': 1} | tojson(indent=500000000) }}",
  "{% set ns = namespace(x='aaaaaaaa') %}{% for i in range(40) %}{% set ns.x = ns.x | replace('a', ns.x) %}{% endfor %}",
  "{% set ns = namespace(x='aaaaaaaa') %}{% for i in range(40) %}{% set ns.x = ns.x.replace('a', ns.x) %}{% endfor %}",
  "{% set ns = namespace(x='aaaaaaaa') %}{% for i in range(9) %}{% set ns.x = range(100) | join(ns.x) %}{% endfor %}",
  `{{ ${"(".repeat(5000)}1${")".repeat(5000)} }}`,
  `{{ ${"[".repeat(5000)}1${"]".repeat(5000)} }}`,
  `{{ ${"not ".repeat(20_000)}1 }}`,
  `{{ 1${" + 1".repeat(20_000)} }}`,
  `{{ var.text${".a".repeat(20_000)} }}`,
  "{% if true %}".repeat(5000),
  `${" ".repeat(5000)}{{ 1 }}`,
  `{{ 1 }}${"x".repeat(300_000)}`,
  "{#".repeat(50_000),
  "{% raw %}".repeat(20_000),
  `${"{% raw %}".repeat(10_000)}{% endraw %}{{`,
];

Deno.test("templates without end are stopped", async (t) => {
  for (const template of BOMBS) {
    await t.step(template.slice(0, 90), async () => {
      const start = performance.now();
      const errors = await errorsOf(render(template));
      assert.ok(errors.every(({ code }) => /^TEMPLATE_|^UNRESOLVED/.test(code)), errors[0]!.code);
      const took = performance.now() - start;
      assert.ok(took < 10_000, `took ${took.toFixed()} ms`);
    });
  }
});

Deno.test("the bound is on the recipe, not on each template", async () => {
  const vars = Array.from(
    { length: 200 },
    (_, i) => `  v${i}: "{% for i in range(9000) %}{{ i }}{% endfor %}"`,
  );
  const start = performance.now();
  const errors = await errorsOf(load(complete(`vars:\n${vars.join("\n")}\n`)));
  assert.equal(errors[0]!.code, "TEMPLATE_LIMIT");
  assert.ok(performance.now() - start < 10_000);
});

Deno.test("any text either renders or gives a template error", async () => {
  const piece = fc.constantFrom(
    "{{",
    "}}",
    "{%",
    "%}",
    "{#",
    "#}",
    "-",
    "if",
    "for",
    "in",
    "endfor",
    "endif",
    "raw",
    "endraw",
    "set",
    "macro",
    "var",
    "env",
    ".",
    "(",
    ")",
    "[",
    "]",
    "'",
    '"',
    "|",
    "upper",
    "x",
    "1",
    " ",
    "\\",
    ",",
    "=",
    "~",
    "not",
    "is",
    "else",
  );
  const text = fc.array(piece, { maxLength: 14 }).map((pieces) => pieces.join(" "));
  await fc.assert(
    fc.asyncProperty(text, async (template) => {
      try {
        await render(template);
      } catch (error) {
        assert.match(
          (error as { code?: string }).code ?? String(error),
          /^(UNRESOLVED_VARIABLE|TEMPLATE_\w+)$/,
        );
      }
    }),
    { numRuns: 400 },
  );
});
