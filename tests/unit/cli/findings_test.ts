import assert from "node:assert/strict";
import { type Finding, toGithub, toSarif } from "../../../src/cli/findings.ts";

const finding: Finding = {
  code: "UNKNOWN_KEY",
  message: "50% wrong\nsecond line",
  hint: "mend it",
  file: "recipes/a,b:c d.yaml",
  line: 7,
  column: 11,
};

Deno.test("toGithub escapes properties and data", () => {
  assert.equal(
    toGithub([finding]),
    "::error file=recipes/a%2Cb%3Ac d.yaml,line=7,col=11,title=UNKNOWN_KEY::50%25 wrong%0Asecond line%0Ahint: mend it\n",
  );
  assert.equal(toGithub([]), "");
});

Deno.test("toSarif gives one rule per code and one result per finding", () => {
  // deno-lint-ignore no-explicit-any -- a test looks into JSON of a known form.
  const sarif = toSarif([finding, { ...finding, code: "A" }, finding]) as any;
  const [run] = sarif.runs;
  assert.equal(sarif.version, "2.1.0");
  // deno-lint-ignore no-explicit-any -- as above.
  assert.deepEqual(run.tool.driver.rules.map((rule: any) => rule.id), ["A", "UNKNOWN_KEY"]);
  const { name, shortDescription, fullDescription, help } = run.tool.driver.rules[1];
  assert.deepEqual([name, shortDescription.text], ["UnknownKey", "Unknown key."]);
  assert.ok(fullDescription.text !== "" && help.text !== "", "GitHub's code scanning wants both");
  // deno-lint-ignore no-explicit-any -- as above.
  assert.deepEqual(run.results.map((result: any) => result.ruleIndex), [1, 0, 1]);
  const { artifactLocation, region } = run.results[0].locations[0].physicalLocation;
  assert.equal(artifactLocation.uri, "recipes/a,b:c%20d.yaml");
  assert.deepEqual(region, { startLine: 7, startColumn: 11 });
});
