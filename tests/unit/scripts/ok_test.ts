import assert from "node:assert/strict";
import { explainFailure } from "../../../scripts/compile/failure.ts";
import {
  ignoredReasons,
  resultLine,
  runSteps,
  type Step,
  type StepResult,
  testCount,
} from "../../../scripts/ok/steps.ts";

const counts: [output: string, count: ReturnType<typeof testCount>][] = [
  ["ok | 12 passed | 0 failed (3s)", { passed: 12, failed: 0, ignored: 0 }],
  ["ok | 12 passed (30 steps) | 0 failed | 2 ignored (1m3s)", { passed: 12, failed: 0, ignored: 2 }],
  ["x\nFAILED | 5 passed | 2 failed (1 step) | 1 ignored (3s)\nerror: Test failed", {
    passed: 5,
    failed: 2,
    ignored: 1,
  }],
  ["ok | 1 passed | 0 failed (3ms)\nok | 2 passed | 0 failed (3ms)", { passed: 2, failed: 0, ignored: 0 }],
  ["a test printed: ok | 1 passed | 0 failed", undefined],
  ["error: Module not found", undefined],
];
for (const [output, count] of counts) {
  Deno.test(`the count of tests in ${JSON.stringify(output)}`, () =>
    assert.deepEqual(testCount(output), count));
}

const lines: [result: StepResult, line: string][] = [
  [{ name: "format", status: "passed", seconds: 0.44, output: "" }, "✓ format         0.4s"],
  [
    { name: "layers", status: "passed", seconds: 1, output: "noise\n9 files\n" },
    "✓ layers         1.0s  9 files",
  ],
  [{ name: "lint", status: "failed", seconds: 12.3, output: "bad" }, "✗ lint          12.3s"],
  [
    { name: "tests", status: "skipped", seconds: 0, output: "--no-tests" },
    "– tests                skipped: --no-tests",
  ],
  [
    { name: "tests", status: "failed", seconds: 61, output: "FAILED | 5 passed | 2 failed | 1 ignored (3s)" },
    "✗ tests         61.0s  5 passed, 2 failed, 1 ignored",
  ],
];
for (const [result, line] of lines) {
  Deno.test(`the line of ${result.name}, ${result.status}`, () => assert.equal(resultLine(result), line));
}

Deno.test("why tests were left out, each reason once", () => {
  const output = `
a table [needs PostgreSQL: apt-get install postgresql] ... ignored (0ms)
another [needs PostgreSQL: apt-get install postgresql] ... ignored (0ms)
a full disk ...
  skipped: mounting needs root ... ignored (0ms)
a full disk ... ok (3ms)
only on Windows ... ignored (0ms)
it ... ignored what was asked ... ok (1ms)
ok | 2 passed | 0 failed | 3 ignored (1 step) (4s)
`;
  assert.deepEqual(ignoredReasons(output), [
    "2 tests: needs PostgreSQL: apt-get install postgresql",
    "1 test: mounting needs root",
    "1 test: only on Windows",
  ]);
  assert.deepEqual(ignoredReasons("ok | 12 passed | 0 failed (3s)"), []);
});

Deno.test("groups run in order, their steps together, and a failure stops nothing", async () => {
  const log: string[] = [];
  const step = (name: string, skip?: string): Step => ({ name, args: [], skip });
  const results = await runSteps([[step("a"), step("b")], [step("c", "not today")], [step("d")]], {
    run: async ({ name }) => {
      log.push(`${name} begins`);
      await new Promise((resolve) => setTimeout(resolve, name === "a" ? 20 : 1));
      log.push(`${name} ends`);
      return { success: name !== "b", output: name };
    },
    report: ({ name, status }) => log.push(`${name} ${status}`),
  });
  assert.deepEqual(log, [
    "a begins",
    "b begins",
    "b ends",
    "b failed",
    "a ends",
    "a passed",
    "c skipped",
    "d begins",
    "d ends",
    "d passed",
  ]);
  assert.deepEqual(results.map(({ name, status }) => `${name} ${status}`), [
    "b failed",
    "a passed",
    "c skipped",
    "d passed",
  ]);
});

const failures: [printed: string, says: RegExp][] = [
  [
    "Download https://dl.deno.land/release/v2.9.6/denort-x.zip\nerror: error sending request for url (https://dl.deno.land/release/v2.9.6/denort-x.zip): dns error",
    /could not be downloaded from\n {2}https:\/\/dl\.deno\.land\/release\/v2\.9\.6\/denort-x\.zip\nhint: [\s\S]*DENORT_BIN/,
  ],
  ["error: No space left on device (os error 28)", /the disk is full/],
  ["error: Module not found", /see the error above/],
];
for (const [printed, says] of failures) {
  Deno.test(`a failed compile is explained: ${printed.slice(-30)}`, () =>
    assert.match(explainFailure(printed), says));
}
