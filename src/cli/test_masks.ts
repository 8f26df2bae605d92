/** Secrets in what came of tests: masked before a cell is cut, for a part of a secret would not be known as one. */
import type { Cells, DiffLine, Mismatch, RecipeTests } from "../app/testing/mod.ts";

/** `mask` is given each text whole. */
export function maskTests(tests: RecipeTests, mask: (text: string) => string): RecipeTests {
  const cells = (row: Cells): Cells => row.map((cell) => cell === null ? null : mask(cell));
  const line = (one: DiffLine): DiffLine =>
    one.kind === "changed"
      ? { ...one, expected: cells(one.expected), actual: cells(one.actual) }
      : { ...one, cells: cells(one.cells) };
  const mismatch = ({ actual, diff, ...one }: Mismatch): Mismatch => {
    const holdsSecret = typeof actual === "object" &&
      actual.rows.some((row) => row.some((cell) => cell !== null && mask(cell) !== cell));
    return {
      ...one,
      message: mask(one.message),
      ...(diff === undefined
        ? {}
        : { diff: { columns: diff.columns.map(mask), lines: diff.lines.map(line) } }),
      ...(holdsSecret ? { holdsSecret } : { actual }),
    };
  };
  return {
    ...tests,
    outcomes: tests.outcomes.map((outcome) => ({
      ...outcome,
      runs: outcome.runs.map((run) => ({ ...run, mismatches: run.mismatches.map(mismatch) })),
    })),
  };
}
