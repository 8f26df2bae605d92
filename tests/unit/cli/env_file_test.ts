import assert from "node:assert/strict";
import { parseEnvFile } from "../../../src/cli/env_file.ts";
import { UsageError } from "../../../src/cli/errors.ts";

Deno.test("parseEnvFile reads what shells and Docker write", () => {
  const cases: [string, Record<string, string>][] = [
    ["A=1", { A: "1" }],
    ["\ufeffA=1\r\nB=2\r\n", { A: "1", B: "2" }],
    ["# comment\n\n  A = 1 ", { A: "1" }],
    ["export A=1", { A: "1" }],
    ["A=", { A: "" }],
    ["A=#b", { A: "" }],
    ["A=x#y", { A: "x#y" }],
    ["A=x # comment", { A: "x" }],
    ["A='x # $y \\n'", { A: "x # $y \\n" }],
    [`A="x\\ny \\"q\\" \\$z" # comment`, { A: 'x\ny "q" $z' }],
    [`A="line 1\nline 2"\nB=2`, { A: "line 1\nline 2", B: "2" }],
    [`A="a=b=c"`, { A: "a=b=c" }],
    ["A=a=b", { A: "a=b" }],
    ["A=1\nA=2", { A: "2" }],
    ["A=$HOME `id`", { A: "$HOME `id`" }],
  ];
  for (const [text, expected] of cases) {
    assert.deepEqual(Object.fromEntries(parseEnvFile(text, ".env")), expected, JSON.stringify(text));
  }
});

Deno.test("parseEnvFile names file and line of what it can't read, and not the value", () => {
  const cases: [string, number, RegExp][] = [
    ["A=1\nhunter2", 2, /no `=`/],
    ["1A=hunter2", 1, /name/],
    ["=hunter2", 1, /name/],
    ["A=1\n\nB='hunter2", 3, /B has no closing '/],
    [`A="hunter2" hunter2`, 1, /text after the closing "/],
  ];
  for (const [text, line, message] of cases) {
    assert.throws(() => parseEnvFile(text, "my.env"), (error) => {
      assert.ok(error instanceof UsageError);
      assert.equal(error.code, "INVALID_ENV_FILE");
      assert.deepEqual(error.location, { file: "my.env", line, column: 1 });
      assert.match(error.message, message);
      assert.doesNotMatch(JSON.stringify(error), /hunter2/);
      return true;
    }, JSON.stringify(text));
  }
});
