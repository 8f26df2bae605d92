import assert from "node:assert/strict";
import fc from "fast-check";
import { StateError } from "../../../src/sdk/mod.ts";
import { parseExact } from "../../../src/state/codec.ts";
import { stateFileName } from "../../../src/state/file_name.ts";
import { createStateBackend, LocalStateBackend } from "../../../src/state/mod.ts";

const names: [recipe: string, file: string][] = [
  ["orders", "orders"],
  ["load_orders-v2.1", "load_orders-v2.1"],
  ["Kunden laden", "Kunden laden"],
  ["заказы", "заказы"],
  ["shop: orders", "shop%3A orders"],
  ["100%", "100%25"],
  ['a?b*c|d<e>f"g', "a%3Fb%2Ac%7Cd%3Ce%3Ef%22g"],
  ["ends.", "ends%2E"],
  ["ends ", "ends%20"],
  ["con", "%63on"],
  ["NUL.txt", "%4EUL.txt"],
  ["console", "console"],
];
for (const [recipe, file] of names) {
  Deno.test(`the recipe ${JSON.stringify(recipe)} is kept in ${file}`, () => {
    assert.equal(stateFileName(recipe), file);
  });
}

for (
  const name of [
    "",
    ".",
    "..",
    "../orders",
    "a/b",
    "/etc/passwd",
    "a\\b",
    ".hidden",
    "a\0b",
    "a\nb",
    "\ud800",
    "x".repeat(241),
  ]
) {
  Deno.test(`the recipe name ${JSON.stringify(name.slice(0, 20))} is refused`, async () => {
    for (const call of ["load", "lock"] as const) {
      await assert.rejects(
        async () => await new LocalStateBackend("never_made")[call](name),
        (error) =>
          error instanceof StateError && error.code === "STATE_NAME_INVALID" && error.hint !== undefined,
      );
    }
  });
}

Deno.test("no two recipes share a file, and none leaves the directory", () => {
  const name = fc.string({
    unit: fc.constantFrom("a", "%", "2", "5", ":", "*", ".", " ", "é"),
    minLength: 1,
    maxLength: 6,
  })
    .filter((text) => !text.startsWith("."));
  fc.assert(fc.property(name, name, (a, b) => {
    assert.equal(stateFileName(a) === stateFileName(b), a === b);
    assert.doesNotMatch(stateFileName(a), /[/\\:*?"<>|]|[. ]$|^\./);
  }));
});

const numbers: [json: string, value: unknown][] = [
  ["1", 1],
  ["-0", -0],
  ["85503543049421150", "85503543049421150"],
  ["9007199254740994", "9007199254740994"],
  ["0.1", 0.1],
  ["1.50", 1.5],
  ["1e3", 1000],
  ["9007199254740991", 9007199254740991],
  ["9007199254740993", "9007199254740993"],
  ["-9223372036854775808", "-9223372036854775808"],
  ["18446744073709551615", "18446744073709551615"],
  ["0.1234567890123456789", "0.1234567890123456789"],
  ["1e400", "1e400"],
  ["1e-400", "1e-400"],
  ["1E+21", 1e21],
];
for (const [json, value] of numbers) {
  Deno.test(`the JSON number ${json} is read as ${JSON.stringify(value)}`, () => {
    assert.deepEqual(parseExact(`{"a": [${json}]}`), { a: [value] });
  });
}

Deno.test("every double and every int64 survives", () => {
  fc.assert(fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (number) => {
    const read = parseExact(JSON.stringify(number));
    // A whole number past 2^53 comes as text: JavaScript would write fewer digits than it has.
    assert.equal(typeof read === "string" ? Number(read) : read, Object.is(number, -0) ? 0 : number);
    assert.ok(
      typeof read === "number" || Number.isInteger(number) && !Number.isSafeInteger(number),
      String(read),
    );
  }));
  fc.assert(fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n }), (number) => {
    assert.equal(BigInt(parseExact(String(number)) as string | number), number);
  }));
});

Deno.test("the state block chooses the backend", () => {
  assert.ok(createStateBackend(undefined) instanceof LocalStateBackend);
  const at = (path: string) => path.replaceAll("\\", "/");
  assert.equal(at(createStateBackend(undefined).describe("a")), ".state/a.json");
  assert.equal(at(createStateBackend({ type: "local" }, { directory: "x" }).describe("a")), "x/a.json");
  assert.equal(at(createStateBackend({ path: "y" }, { directory: "x" }).describe("a")), "y/a.json");
});

const unbuilt: [type: string, code: string, text: RegExp][] = [
  ["s3", "STATE_BACKEND_NOT_BUILT", /State in S3 \(state\.backend: s3\) is not built yet/],
  ["dynamodb", "STATE_BACKEND_NOT_BUILT", /DynamoDB/],
  ["sql", "STATE_BACKEND_NOT_BUILT", /SQL table/],
  ["locl", "UNKNOWN_STATE_BACKEND", /"locl" is not known/],
  ["constructor", "UNKNOWN_STATE_BACKEND", /"constructor" is not known/],
];
for (const [type, code, text] of unbuilt) {
  Deno.test(`state.backend ${type} is refused with ${code}`, () => {
    assert.throws(() => createStateBackend({ type }), { code, message: text });
  });
}
