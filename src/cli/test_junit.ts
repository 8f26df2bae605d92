/** The outcome of tests in JUnit's XML, as CI systems read it. */
import type { Call } from "./call.ts";
import type { TestedFile } from "./commands/test.ts";
import { PLAIN } from "./style.ts";
import { failureLines } from "./test_view.ts";

/**
 * One `testsuite` a recipe, one `testcase` a test; a recipe that is wrong is a case in `error`.
 * The form is that of Jenkins' JUnit plug-in, https://github.com/jenkinsci/xunit-plugin (junit-10.xsd).
 */
export function toJUnit(call: Call, tested: readonly TestedFile[]): string {
  const suites = tested.filter(({ tests, errors }) => errors.length > 0 || (tests?.outcomes.length ?? 0) > 0)
    .map((file) => suiteOf(call, file));
  const total = (key: "tests" | "failures" | "errors" | "ms") =>
    suites.reduce((sum, suite) => sum + suite[key], 0);
  const head = `tests="${total("tests")}" failures="${total("failures")}" errors="${total("errors")}" time="${
    seconds(total("ms"))
  }"`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="dataloader" ${head}>\n${
    suites.map(({ xml }) => xml).join("")
  }</testsuites>\n`;
}

function suiteOf(call: Call, { file, tests, errors }: TestedFile) {
  const outcomes = tests?.outcomes ?? [];
  const name = call.path(file);
  const cases = outcomes.map((outcome) => {
    const head = `    <testcase name="${attribute(outcome.name)}" classname="${attribute(name)}" time="${
      seconds(outcome.durationMs)
    }"`;
    if (outcome.passed) return `${head}/>\n`;
    const failed = outcome.runs.filter((run) => run.mismatches.length > 0 || run.error !== undefined);
    const text = failed.flatMap((run) => [
      ...(outcome.runs.length > 1 ? [`run ${run.run}`] : []),
      ...failureLines(call, run),
    ]);
    return `${head}>\n      <failure message="${attribute(firstOf(failed[0]))}">${
      xml(text.join("\n"))
    }</failure>\n    </testcase>\n`;
  });
  for (const error of errors) {
    cases.push(
      `    <testcase name="recipe" classname="${attribute(name)}" time="0.000">\n      <error type="${
        attribute(error.code)
      }" message="${attribute(call.shorten(error.message))}">${
        xml(call.renderError(error, PLAIN))
      }</error>\n    </testcase>\n`,
    );
  }
  const failures = outcomes.filter(({ passed }) => !passed).length;
  const ms = outcomes.reduce((sum, { durationMs }) => sum + durationMs, 0);
  const count = outcomes.length + errors.length;
  return {
    tests: count,
    failures,
    errors: errors.length,
    ms,
    xml: `  <testsuite name="${
      attribute(name)
    }" tests="${count}" failures="${failures}" errors="${errors.length}" skipped="0" time="${
      seconds(ms)
    }">\n${cases.join("")}  </testsuite>\n`,
  };
}

function firstOf(
  run: { mismatches: readonly { key: string; message: string }[]; error?: Error } | undefined,
) {
  const first = run?.mismatches[0];
  return first === undefined ? run?.error?.message ?? "failed" : `${first.key}: ${first.message}`;
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}

/** Escapes text for XML 1.0, which has no place for most control characters. */
export function xml(text: string): string {
  return text
    // deno-lint-ignore no-control-regex -- those are the ones to take out.
    .replaceAll(/\x1b\[[0-9;]*m|[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "")
    .replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

/** Text in an attribute, where a line break would become a space. */
function attribute(text: string): string {
  return xml(text).replaceAll("\n", "&#10;");
}
