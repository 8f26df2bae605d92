/** How the outcome of tests looks on a terminal. */
import type { Cells, RowsDiff, RunOutcome, TestOutcome } from "../app/testing/mod.ts";
import type { Call } from "./call.ts";
import type { TestedFile } from "./commands/test.ts";
import { PLAIN, type Style } from "./style.ts";
import { displayWidth, pad, truncate, visible } from "./width.ts";

/** Rows of a diff that are the same on both sides are shown around those that differ, so many before and after. */
const CONTEXT = 2;
/** A diff is cut behind so many lines. */
const MOST_LINES = 60;
const WIDEST_CELL = 40;

/** Prints each test, what is wrong with those that failed, and the counts. */
export function printTests(call: Call, tested: readonly TestedFile[], options: { skipped: number }): void {
  const { out } = call;
  for (const { file, tests, errors } of tested) {
    const outcomes = tests?.outcomes ?? [];
    if (outcomes.length > 0) call.print(out.strong(call.path(file)));
    for (const outcome of outcomes) {
      const mark = outcome.passed ? out.success("ok    ") : out.error("failed");
      call.print(`  ${mark}  ${outcome.name} ${out.dim(`(${outcome.durationMs}ms)`)}`);
      if (!outcome.passed) printFailure(call, outcome);
    }
    for (const error of errors) call.io.stderr.write(`${call.renderError(error)}\n`);
  }
  const outcomes = tested.flatMap(({ tests }) => tests?.outcomes ?? []);
  const failed = outcomes.filter(({ passed }) => !passed).length;
  const without = tested.filter(({ tests }) => tests !== undefined && tests.recipe.tests.length === 0).length;
  const wrong = tested.filter(({ errors }) => errors.length > 0).length;
  const parts = [
    `${outcomes.length - failed} passed`,
    `${failed} failed`,
    ...(wrong === 0 ? [] : [`${wrong} recipe${wrong === 1 ? "" : "s"} wrong`]),
    ...(without === 0 ? [] : [`${without} recipe${without === 1 ? "" : "s"} without tests`]),
    ...(options.skipped === 0
      ? []
      : [`${options.skipped} file${options.skipped === 1 ? "" : "s"} skipped: no recipe`]),
  ];
  call.print(`\n${parts.join(", ")}`);
}

function printFailure(call: Call, outcome: TestOutcome): void {
  const several = outcome.runs.length > 1;
  const place = outcome.location === undefined
    ? ""
    : `${call.path(outcome.location.file)}:${outcome.location.line}`;
  if (place !== "") call.print(`          ${call.out.dim(place)}`);
  for (const run of outcome.runs) {
    if (run.mismatches.length === 0 && run.error === undefined) continue;
    if (several) call.print(`          ${call.out.strong(`run ${run.run}`)}`);
    for (const line of failureLines(call, run, call.out)) call.print(`          ${line}`);
  }
}

/** What is wrong with a run, as lines. */
export function failureLines(call: Call, run: RunOutcome, style: Style = PLAIN): string[] {
  const lines: string[] = [];
  if (run.error !== undefined) {
    lines.push(...call.renderError(run.error, style).trimEnd().split("\n"));
  }
  for (const { key, message, diff } of run.mismatches) {
    lines.push(`${style.name(key)}: ${call.shorten(message)}`);
    if (diff !== undefined) lines.push(...diffLines(diff, { style, width: call.io.stdout.columns - 10 }));
  }
  return lines;
}

/** `-` is expected and not there, `+` is there and not expected; of rows that changed the cells that differ are named. */
export function diffLines(diff: RowsDiff, view: { style: Style; width: number }): string[] {
  const { style, width } = view;
  const rows = diff.lines.flatMap((line): { mark: string; cells: Cells; differs?: readonly number[] }[] =>
    line.kind !== "changed"
      ? [{ mark: { same: " ", missing: "-", unexpected: "+" }[line.kind], cells: line.cells }]
      : [
        { mark: "-", cells: line.expected, differs: line.columns },
        { mark: "+", cells: line.actual, differs: line.columns },
      ]
  );
  const shown = around(rows.map(({ mark }) => mark !== " "));
  const texts = rows.map(({ cells }) => cells.map(cellText));
  const widths = diff.columns.map((name, i) =>
    Math.max(displayWidth(name), ...texts.map((row) => displayWidth(row[i] ?? "")))
  );
  const line = (mark: string, cells: readonly string[], paint: (text: string, i: number) => string) => {
    const room = cells.map((cell, i) => pad(cell, widths[i]!));
    return `${mark} ${room.map(paint).join("  ")}`.trimEnd();
  };
  const lines = [style.dim(truncate(line(" ", [...diff.columns], (text) => text), width))];
  let skipped = 0;
  const flush = () => {
    if (skipped > 0) lines.push(style.dim(`  … ${skipped} row${skipped === 1 ? "" : "s"} as expected`));
    skipped = 0;
  };
  rows.forEach(({ mark, differs }, i) => {
    if (!shown[i]) {
      skipped++;
      return;
    }
    flush();
    const color = mark === "-" ? style.error : mark === "+" ? style.success : style.dim;
    const plain = line(mark, texts[i]!, (text) => text);
    // Colour adds characters: only a line that fits is coloured cell by cell.
    const fits = displayWidth(plain) <= width;
    lines.push(
      !fits || differs === undefined
        ? color(truncate(plain, width))
        : line(color(mark), texts[i]!, (text, c) => differs.includes(c) ? color(text) : text),
    );
    if (mark === "+" && differs !== undefined) {
      lines.push(style.dim(`    differs in ${differs.map((c) => diff.columns[c]).join(", ")}`));
    }
  });
  flush();
  return lines.length <= MOST_LINES
    ? lines
    : [...lines.slice(0, MOST_LINES), style.dim(`  … ${lines.length - MOST_LINES} more lines`)];
}

function cellText(cell: string | null): string {
  return cell === null ? "NULL" : truncate(visible(cell === "" ? "''" : cell), WIDEST_CELL);
}

/** Which lines to show: those that differ and their neighbours. */
function around(differs: readonly boolean[]): boolean[] {
  return differs.map((_, i) => differs.slice(Math.max(0, i - CONTEXT), i + CONTEXT + 1).some(Boolean));
}
