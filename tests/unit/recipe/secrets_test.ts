import assert from "node:assert/strict";
import { looksSecret, maskSecrets, urlPasswords } from "../../../src/recipe/secrets.ts";
import { complete, errorsOf, load } from "./support.ts";

const SECRET_NAMES = [
  "DB_PASSWORD",
  "PGPASSWORD",
  "DB_PASS",
  "DBPASS",
  "dbPwd",
  "PW",
  "API_KEY",
  "apiKey",
  "APIKEY",
  "AWS_SECRET_ACCESS_KEY",
  "GITHUB_TOKEN",
  "CREDENTIALS",
  "BASIC_AUTH",
  "AUTH_HEADER",
  "Authorization",
  "PRIVATE_PEM",
  "SENTRY_DSN",
  "DB_CONN",
  "CONNECTION_STRING",
  "DATABASE_URL",
  "MONGO_URI",
  "SSH_PASSPHRASE",
];
const PLAIN_NAMES = [
  "DB_HOST",
  "DB_USER",
  "REGION",
  "TABLE",
  "AUTHOR",
  "KEYSPACE",
  "PORT",
  "CONNECTIONS",
  "PATH_IN",
];

Deno.test("names that look secret", async (t) => {
  for (const name of SECRET_NAMES) await t.step(name, () => assert.equal(looksSecret(name), true));
  for (const name of PLAIN_NAMES) await t.step(name, () => assert.equal(looksSecret(name), false));
});

Deno.test("passwords in URLs, as written and decoded", () => {
  assert.deepEqual(urlPasswords("postgres://me:p%40ss@h/db and redis://:x9@h"), ["p%40ss", "p@ss", "x9"]);
  assert.deepEqual(urlPasswords("https://host:8080/a@b postgres://me@host s3://bucket/a:b@c"), []);
  assert.deepEqual(urlPasswords("x://u:100%@h"), ["100%"]);
});

Deno.test("longer secrets are masked first, very short ones not at all", () => {
  assert.equal(maskSecrets("abc abcdef a", new Set(["a", "abc", "abcdef"])), "*** *** a");
});

const ENV = {
  DB_PASSWORD: "hunter2!",
  HOST: "plain-host",
  API_KEY: "k-123456",
  DATABASE_URL: "pg://u:urlpw@h/d",
};

Deno.test("what is secret", async (t) => {
  const secretsOf = async (extra: string, env: Record<string, string> = ENV) =>
    [...(await load(complete(extra), { env })).secrets].sort();
  const CASES: [name: string, extra: string, secrets: string[]][] = [
    ["nothing", "description: '{{ env.HOST }}'\n", []],
    ["a variable with a secret name", "description: 'x {{ env.DB_PASSWORD }} y'\n", ["hunter2!"]],
    ["a URL and the password in it", "description: '{{ env.DATABASE_URL }}'\n", [
      "pg://u:urlpw@h/d",
      "urlpw",
    ]],
    ["what is marked", "description: '{{ env.HOST | secret }}'\n", ["plain-host"]],
    ["what is marked by the function", "description: \"{{ secret('abcd') }}\"\n", ["abcd"]],
    ["the default of a secret variable", "description: \"{{ env_var('MY_TOKEN', 'fallback') }}\"\n", [
      "fallback",
    ]],
    ["what a filter makes of it", "description: '{{ env.DB_PASSWORD | upper }}'\n", ["HUNTER2!", "hunter2!"]],
    ["what a method makes of it", "description: \"{{ env.DB_PASSWORD.replace('2', '-') }}\"\n", [
      "hunter-!",
      "hunter2!",
    ]],
    ["a piece of it", "description: '{{ env.DB_PASSWORD[0:5] }}'\n", ["hunte", "hunter2!"]],
    ["encoded for a URL", "description: '{{ env.DB_PASSWORD | urlencode }}'\n", ["hunter2!", "hunter2%21"]],
    ["in a filter block", "description: '{% filter upper %}{{ env.DB_PASSWORD }}{% endfilter %}'\n", [
      "HUNTER2!",
      "hunter2!",
    ]],
    ["through vars", "vars: {p: '{{ env.API_KEY }}'}\ndescription: '{{ var.p | upper }}'\n", [
      "K-123456",
      "k-123456",
    ]],
    ["a var with a secret name", "vars: {db_password: lit-secret}\n", ["lit-secret"]],
    [
      "through a macro",
      "macros: {m: '{% macro m(x) %}<{{ x | upper }}>{% endmacro %}'}\ndescription: '{{ m(env.API_KEY) }}'\n",
      [
        "K-123456",
        "k-123456",
      ],
    ],
    ["a password in a literal URL", "description: 'see ftp://me:lit-pw@host/x'\n", ["lit-pw"]],
    ["an alert's URL", "alerts: [{on: failure, type: slack, url: 'https://hooks/abc'}]\n", [
      "https://hooks/abc",
    ]],
    ["empty values never", "description: '{{ env.EMPTY_TOKEN }}'\n", []],
  ];
  for (const [name, extra, secrets] of CASES) {
    await t.step(name, async () => {
      assert.deepEqual(await secretsOf(extra, { ...ENV, EMPTY_TOKEN: "" }), secrets);
    });
  }
});

Deno.test("values under keys marked as secret, whole and in pieces", async () => {
  const recipe = await load(
    `name: x
source: {type: database, host: h, table: t, password: "pre-{{ env.API_KEY }}", options: {a: opt-a, b: "opt-{{ env.HOST }}"}}
destination: {type: either, url: "pg://u:{{ env.DB_PASSWORD | urlencode }}@h/d", table: t}
`,
    { env: ENV },
  );
  assert.deepEqual([...recipe.secrets].sort(), [
    "hunter2!",
    "hunter2%21",
    "k-123456",
    "opt-a",
    "opt-plain-host",
    "pg://u:hunter2%21@h/d",
    "pre-k-123456",
  ]);
});

Deno.test("keys of plug-ins that are not loaded are secret by name", async () => {
  const recipe = await load(
    "name: x\nplugins: [p.ts]\nsource: {type: mine, token: tok-1, deep: {password: pw-1}, table: t}\n" +
      "destination: {type: files, path: y}\n",
  );
  assert.deepEqual([...recipe.secrets].sort(), ["pw-1", "tok-1"]);
});

Deno.test("--var values with a secret name", async () => {
  const recipe = await load(complete("description: '{{ var.api_token }}'\n"), {
    vars: { api_token: "given-1" },
  });
  assert.deepEqual([...recipe.secrets], ["given-1"]);
});

/** Recipes that are wrong and full of secrets: none may show in any error. */
const LEAKS = [
  "runtime: {batch_size: '{{ env.DB_PASSWORD }}'}\n",
  "runtime: {memory_limit: 'x{{ env.DB_PASSWORD | upper }}'}\n",
  "state: {backend: '{{ env.API_KEY }}'}\n",
  'description: "{{ raise_exception(env.DB_PASSWORD) }}"\n',
  'description: "{{ env.DB_PASSWORD + none }}"\n',
  'description: "{{ var[env.DB_PASSWORD] }}"\n',
  'description: "{{ env.DB_PASSWORD | int | foo }}"\n',
  "transform: {steps: [{type: '{{ env.API_KEY }}'}]}\n",
  "alerts: [{on: failure, type: slack, url: [lit-secret-1]}]\n",
  "runtime: {batch_size: \"{{ env_var('NO_TOKEN', 'lit-secret-2') }}\"}\n",
];

Deno.test("no error shows a secret", async (t) => {
  const secrets = /hunter2|k-123456|lit-secret/i;
  for (const extra of LEAKS) {
    await t.step(extra.trim(), async () => {
      for (const error of await errorsOf(load(complete(extra), { env: ENV }))) {
        assert.doesNotMatch(JSON.stringify(error.toJSON()) + String(error.cause ?? ""), secrets);
      }
    });
  }
  await t.step("a password of the wrong type", async () => {
    const [error] = await errorsOf(
      load(
        "name: x\nsource: {type: database, host: h, table: t, password: 123456}\ndestination: {type: files, path: y}\n",
      ),
    );
    assert.equal(error!.message, "password must be text.");
    assert.equal(error!.hint, "put it in quotes");
  });
  await t.step("a password in broken YAML", async () => {
    const [error] = await errorsOf(load("password: hunter2 'x\n\tfoo: 'hunter2\n"));
    assert.doesNotMatch(JSON.stringify(error!.toJSON()), secrets);
  });
});
