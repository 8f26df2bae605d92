import assert from "node:assert/strict";
import fc from "fast-check";
import { ConnectorError, RecipeError, RecipeErrors } from "../../../src/sdk/mod.ts";
import { createRedactor } from "../../../src/secrets/mod.ts";

const SECRET = `p@ss/w"o'rd\\é 1`;
const base64 = (text: string) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));

const spellings: [name: string, text: string][] = [
  ["as it is", `connect with ${SECRET} now`],
  ["twice", `${SECRET}${SECRET}`],
  ["percent-encoded", `user:${encodeURIComponent(SECRET)}@`],
  ["percent-encoded in lower case", encodeURIComponent(SECRET).replace(/%../g, (p) => p.toLowerCase())],
  ["percent-encoded by URL", Object.assign(new URL("http://h/"), { password: SECRET }).href],
  ["as a form field", new URLSearchParams({ a: SECRET }).toString()],
  ["in base64", base64(SECRET)],
  ["in a Basic header", `Basic ${base64(`user:${SECRET}`)}`],
  ["in a Basic header, one byte on", `Basic ${base64(`users:${SECRET}`)}`],
  ["in a Basic header, two bytes on", `Basic ${base64(`userss:${SECRET}`)}`],
  ["in base64 in the middle", base64(`ab${SECRET}cd`)],
  ["in JSON", JSON.stringify({ a: SECRET })],
  ["in JSON in JSON", JSON.stringify(JSON.stringify({ a: SECRET }))],
  ["in SQL", `PASSWORD '${SECRET.replaceAll("'", "''")}'`],
  ["as a SQL name", `"${SECRET.replaceAll('"', '""')}"`],
];
for (const [name, text] of spellings) {
  Deno.test(`a secret is masked ${name}`, () => {
    const masked = createRedactor([SECRET]).text(text);
    assert.ok(masked.includes("•••"), masked);
    for (const trace of [SECRET, "rd\\", "p@ss", "p%40ss", "p%40ss", base64(SECRET).slice(4, 12)]) {
      assert.ok(!masked.includes(trace), `${masked} shows ${trace}`);
    }
  });
}

const texts: [name: string, secrets: string[], text: string, masked: string][] = [
  ["the longest first", ["hunter", "hunter2secret"], "x hunter2secret hunter y", "x ••• ••• y"],
  ["a secret with a line end", ["hunter2\n"], "it is hunter2!", "it is •••!"],
  ["each line of a key", ["-----BEGIN-----\nAAAABBBB\nCCCCDDDD\n"], "line CCCCDDDD", "line •••"],
  ["special characters of expressions", ["a.c*(d"], "abc a.c*(d", "abc •••"],
  ["a short one as the whole text", ["ab"], "ab", "•••"],
  ["a short one in quotes", ["ab"], `value "ab" of 'ab' in cab`, `value "•••" of '•••' in cab`],
  ["a short one after =", ["7"], "pin=7 rows=70 7", "pin=••• rows=70 7"],
  ["no word of a short one", ["is"], "this is it", "this is it"],
  ["an empty one never", [""], "nothing", "nothing"],
  ["a secret that holds the mask", ["•••x", "abcd"], "abcdx", "•••"],
  ["a URL's password", [], "at postgres://me:s3cr3t@db:5432/shop", "at postgres://me:•••@db:5432/shop"],
  ["a URL's password with @", [], "mysql://me:p@ss@db/shop", "mysql://me:•••@db/shop"],
  ["a URL without a user", [], "redis://:s3cr3t@db", "redis://:•••@db"],
  ["two URLs", [], "a://u:p1@h,b b://u:p2@h", "a://u:•••@h,b b://u:•••@h"],
  ["no port", [], "http://host:8080/path and me@example.com", "http://host:8080/path and me@example.com"],
  ["password=", [], "host=db password=s3cr3t user=me", "host=db password=••• user=me"],
  ["PASSWORD = '…'", [], "CREATE USER x PASSWORD = 'it''s';", "CREATE USER x PASSWORD = '•••';"],
  ["connection strings", [], "Server=db;Pwd=s3cr3t;Uid=me", "Server=db;Pwd=•••;Uid=me"],
  ["query strings", [], "/x?a=1&access_token=abc&b=2&sig=d%2F", "/x?a=1&access_token=•••&b=2&sig=•••"],
  ["JSON", [], `{"user": "me", "api_key": "a\\"b", "n": 1}`, `{"user": "me", "api_key": "•••", "n": 1}`],
  ["JSON in JSON", [], `"{\\"token\\": \\"abc\\"}"`, `"{\\"token\\": \\"•••\\"}"`],
  ["a Bearer header", [], "Authorization: Bearer abc.def", "Authorization: Bearer •••"],
  ["YAML with quotes", [], `password: "s3cr3t"`, `password: "•••"`],
  ["no prose", [], "source.password: expected a text", "source.password: expected a text"],
  ["no counts", [], "max_tokens=5 token_count=7", "max_tokens=5 token_count=7"],
  ["no template", [], "password={{ env_var('X') }}", "password={{ env_var('X') }}"],
  ["masked twice it stays the same", ["hunter22"], "password=••• a://b:•••@c", "password=••• a://b:•••@c"],
];
for (const [name, secrets, text, masked] of texts) {
  Deno.test(`text: ${name}`, () => {
    assert.equal(createRedactor(secrets).text(text), masked);
  });
}

Deno.test("json masks values and keys at any depth and leaves the rest as it is", () => {
  const redactor = createRedactor(["hunter22", "54321"]);
  const value = {
    a: [1, "x hunter22", { "key hunter22": true }],
    nothing: null,
    left_out: undefined,
    call: () => 1,
    big: 9223372036854775807n,
    when: new Date(0),
    map: new Map([["k", "hunter22"]]),
    set: new Set(["hunter22"]),
    bytes: new Uint8Array(3),
    nan: NaN,
    whole: 54321,
    count: 1543210,
    password: "short",
    db: { api_key: 12, tokens: 5, token: null },
    ["__proto__"]: "hunter22",
  };
  const masked = redactor.json(value) as Record<string, unknown>;
  assert.deepEqual(
    Object.entries(masked),
    Object.entries({
      a: [1, "x •••", { "key •••": true }],
      nothing: null,
      big: "9223372036854775807",
      when: "1970-01-01T00:00:00.000Z",
      map: { k: "•••" },
      set: ["•••"],
      bytes: "[3 bytes]",
      nan: "NaN",
      whole: "•••",
      count: 1543210,
      password: "•••",
      db: { api_key: "•••", tokens: 5, token: null },
      ["__proto__"]: "•••",
    }),
  );
  assert.equal(value.a[1], "x hunter22", "the original is left alone");
});

Deno.test("json says where a circle closes, and shows an object twice that stands twice", () => {
  const shared = { x: 1 };
  const circle: Record<string, unknown> = { one: shared, two: shared };
  circle.self = [circle];
  assert.deepEqual(createRedactor().json(circle), { one: { x: 1 }, two: { x: 1 }, self: ["[circular]"] });
});

Deno.test("error gives plain data that can be posted, with causes and parts, all masked", () => {
  const redactor = createRedactor(["hunter22"]);
  const system = Object.assign(new TypeError("no route for hunter22"), { code: "EHOSTUNREACH" });
  const error = new ConnectorError("CONNECTION_FAILED", "can't reach db with hunter22", {
    hint: "check hunter22",
    context: { url: "postgres://me:unknown@db", deep: { list: ["hunter22"] } },
    location: { file: "hunter22.yaml", line: 1, column: 2 },
    retryable: true,
    cause: system,
  });
  const data = redactor.error(error);
  assert.deepEqual({ ...data, cause: undefined }, {
    name: "ConnectorError",
    message: "can't reach db with •••",
    code: "CONNECTION_FAILED",
    hint: "check •••",
    location: { file: "•••.yaml", line: 1, column: 2 },
    retryable: true,
    context: { url: "postgres://me:•••@db", deep: { list: ["•••"] } },
    cause: undefined,
  });
  assert.match(data.cause!.stack!, /no route for •••/, "where an error that nobody foresaw was thrown");
  assert.deepEqual([data.cause?.name, data.cause?.code, data.cause?.message], [
    "TypeError",
    "EHOSTUNREACH",
    "no route for •••",
  ]);
  assert.deepEqual(structuredClone(data), data);

  const several = redactor.error(
    new RecipeErrors([new RecipeError("A", "a hunter22"), new RecipeError("B", "b")]),
  );
  assert.deepEqual(several.errors?.map((part) => part.message), ["a •••", "b"]);
});

Deno.test("error takes whatever was thrown", () => {
  const redactor = createRedactor(["hunter22"]);
  assert.deepEqual(redactor.error("hunter22!"), { name: "Error", message: "•••!" });
  assert.deepEqual(redactor.error(undefined), { name: "Error", message: "undefined" });
  assert.deepEqual(redactor.error({ a: "hunter22" }), { name: "Error", message: '{"a":"•••"}' });
  const loop = new Error("loop");
  loop.cause = loop;
  assert.equal(redactor.error(loop).cause?.message, "loop");
});

Deno.test("a secret added later is masked from then on", () => {
  const redactor = createRedactor();
  assert.equal(redactor.text("hunter22"), "hunter22");
  redactor.add("hunter22");
  assert.equal(redactor.text("hunter22"), "•••");
});

/** Secrets of every kind of character, some made of the mask, quotes and escapes. */
const secret = fc.oneof(
  fc.string({ unit: "binary", minLength: 4, maxLength: 30 }),
  fc.string({
    unit: fc.constantFrom("'", '"', "\\", "%", "/", "•", "a", "\n", "=", "@", ":", "+"),
    minLength: 4,
    maxLength: 12,
  }),
);

Deno.test("no secret of 4 characters or more survives in text, json or error", () => {
  const around = fc.string({ unit: "grapheme", maxLength: 12 });
  fc.assert(
    fc.property(
      fc.array(secret, { minLength: 1, maxLength: 5 }),
      fc.array(around, { minLength: 6, maxLength: 6 }),
      (secrets, rest) => {
        const redactor = createRedactor(secrets);
        const text = rest.map((part, i) => part + secrets[i % secrets.length]).join("");
        const value = { [text]: [text, { deep: { [text + "x"]: text } }], list: secrets };
        const error = new ConnectorError("X", text, {
          hint: text,
          context: { value },
          cause: new Error(text),
        });
        const strings = [
          redactor.text(text),
          ...stringsOf(redactor.json(value)),
          ...stringsOf(redactor.error(error)),
        ];
        for (const hidden of secrets) {
          for (const shown of strings.filter((shown) => !OURS.has(shown))) {
            assert.ok(
              !shown.includes(hidden),
              `${JSON.stringify(hidden)} survives in ${JSON.stringify(shown)}`,
            );
          }
        }
      },
    ),
    { numRuns: 300 },
  );
});

/** The words that `error` and the test's own values are made of. */
const OURS = new Set(
  "name message code hint location retryable context stack cause value deep list ConnectorError Error X"
    .split(" "),
);

/** All keys and texts of plain data. */
function stringsOf(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [key, ...stringsOf(inner)]);
}

Deno.test("encoded forms of random secrets are masked too", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", minLength: 6, maxLength: 20 }), fc.nat(5), (hidden, shift) => {
      fc.pre(hidden.trim() === hidden && hidden.isWellFormed());
      const redactor = createRedactor([hidden]);
      const before = "x".repeat(shift);
      assert.ok(redactor.text(`a${encodeURIComponent(hidden)}b`).includes("•••"));
      assert.ok(redactor.text(base64(before + hidden)).includes("•••"));
      const json = JSON.stringify(hidden).slice(1, -1);
      assert.ok(!redactor.text(`{"a": "${before}${json}"}`).includes(json));
    }),
  );
});

Deno.test("a thousand secrets are masked in a megabyte of text in well under a second", () => {
  const secrets = Array.from({ length: 1000 }, (_, i) => `${crypto.randomUUID()}-${i}`);
  const redactor = createRedactor(secrets);
  redactor.text("compiled");
  const text = "12:00:00 info batch committed rows=100000 resource=orders ".repeat(17_000) + secrets[500];
  const start = performance.now();
  assert.ok(redactor.text(text).endsWith("•••"));
  const milliseconds = performance.now() - start;
  assert.ok(milliseconds < 1000, `${milliseconds} ms`);
});
