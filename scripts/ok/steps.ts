/** Runs the steps of `deno task ok` and reports on them. */

/** One thing to check: a call of `deno` with these arguments. */
export interface Step {
  readonly name: string;
  readonly args: readonly string[];
  /** Why it is not run, where it is not. */
  readonly skip?: string;
  /** True for a step that takes minutes: what it prints is shown as it comes. */
  readonly live?: boolean;
}

export interface StepResult {
  readonly name: string;
  readonly status: "passed" | "failed" | "skipped";
  readonly seconds: number;
  /** What it printed, or why it was skipped. */
  readonly output: string;
}

/** Runs a step, with its output as one text. */
export type Runner = (step: Step) => Promise<{ success: boolean; output: string }>;

/** What a run of tests counted. */
export interface TestCount {
  readonly passed: number;
  readonly failed: number;
  readonly ignored: number;
}

/**
 * Runs groups one after another and the steps of a group at the same time. A failure stops nothing: one call shows all
 * that is wrong.
 */
export async function runSteps(
  groups: readonly (readonly Step[])[],
  options: { run: Runner; report: (result: StepResult) => void },
): Promise<StepResult[]> {
  const results: StepResult[] = [];
  for (const group of groups) {
    await Promise.all(group.map(async (step) => {
      const result = await runStep(step, options.run);
      results.push(result);
      options.report(result);
    }));
  }
  return results;
}

async function runStep(step: Step, run: Runner): Promise<StepResult> {
  const { name, skip } = step;
  if (skip !== undefined) return { name, status: "skipped", seconds: 0, output: skip };
  const start = performance.now();
  const { success, output } = await run(step);
  const seconds = (performance.now() - start) / 1000;
  return { name, status: success ? "passed" : "failed", seconds, output };
}

const SYMBOLS = { passed: "✓", failed: "✗", skipped: "–" } as const;

/** One line on a step: `✓ tests       33.1s  412 passed, 0 failed, 3 ignored`. */
export function resultLine({ name, status, seconds, output }: StepResult): string {
  const time = status === "skipped" ? "" : `${seconds.toFixed(1)}s`;
  const count = testCount(output);
  const note = status === "skipped"
    ? `skipped: ${output}`
    : count === undefined
    ? lastLine(status, output)
    : `${count.passed} passed, ${count.failed} failed${
      count.ignored > 0 ? `, ${count.ignored} ignored` : ""
    }`;
  return `${SYMBOLS[status]} ${name.padEnd(12)} ${time.padStart(6)}  ${note}`.trimEnd();
}

/** The last line of `deno test`, read: undefined where there is none. */
export function testCount(output: string): TestCount | undefined {
  const lines = [
    ...output.matchAll(/^(?:ok|FAILED) \| (\d+) passed.*? \| (\d+) failed(?:.*? \| (\d+) ignored)?/gm),
  ];
  const last = lines.at(-1);
  return last === undefined
    ? undefined
    : { passed: Number(last[1]), failed: Number(last[2]), ignored: Number(last[3] ?? 0) };
}

/**
 * Why tests were left out, each reason once: what stands in brackets after a test's name, or after `skipped: ` in a
 * step's. `3 tests: needs PostgreSQL: apt-get install postgresql`. Those that give none come last, by name.
 */
export function ignoredReasons(output: string): string[] {
  const names = [...output.matchAll(/^ *(\S.*) \.\.\. ignored(?: \(.*)?$/gm)].map((match) => match[1]!);
  const counts = new Map<string, number>();
  const unexplained: string[] = [];
  for (const name of names) {
    const reason = /\[([^[\]]+)\]$/.exec(name)?.[1] ?? /^skipped: (.+)$/.exec(name)?.[1];
    if (reason === undefined) unexplained.push(name);
    else counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  return [
    ...[...counts].map(([reason, count]) => `${count} ${count === 1 ? "test" : "tests"}: ${reason}`),
    ...unexplained.map((name) => `1 test: ${name}`),
  ];
}

/** What a step that passed has to say; what a failed one says is shown whole. */
function lastLine(status: StepResult["status"], output: string): string {
  return status === "failed" ? "" : output.trimEnd().split("\n").at(-1) ?? "";
}
