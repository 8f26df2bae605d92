/** Differences between two texts, line by line. */

/** Pairs of lines that the exact comparison may look at; past it a block is shown as replaced. */
const LARGEST_TABLE = 4_000_000;

/**
 * What leads from one text to the other: lines with `-`, `+` or a space for what stays beside a change, and `@@ line` (of
 * the new text) before each group. At most `limit` lines.
 */
export function diffLines(before: string, after: string, options: { limit: number }): string[] {
  const lines = markedLines(before.split("\n"), after.split("\n"));
  const near = (index: number) =>
    lines.slice(Math.max(0, index - 1), index + 2).some((line) => line.mark !== " ");
  const shown: string[] = [];
  let last = -2;
  let number = 0;
  for (const [index, { mark, text }] of lines.entries()) {
    if (mark !== "-") number++;
    if (!near(index)) continue;
    if (index !== last + 1) shown.push(`@@ ${Math.max(1, number)}`);
    shown.push(`${mark}${text}`);
    last = index;
  }
  return shown.length <= options.limit
    ? shown
    : [...shown.slice(0, options.limit), `… and ${shown.length - options.limit} more lines`];
}

interface Line {
  readonly mark: " " | "-" | "+";
  readonly text: string;
}

function markedLines(before: readonly string[], after: readonly string[]): Line[] {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start++;
  let end = 0;
  while (
    end < before.length - start && end < after.length - start && before.at(-1 - end) === after.at(-1 - end)
  ) end++;
  const same = (text: string): Line => ({ mark: " ", text });
  return [
    ...before.slice(0, start).map(same),
    ...middle(before.slice(start, before.length - end), after.slice(start, after.length - end)),
    ...before.slice(before.length - end).map(same),
  ];
}

/** The longest common subsequence of lines tells what stays. */
function middle(before: readonly string[], after: readonly string[]): Line[] {
  const removed = (text: string): Line => ({ mark: "-", text });
  const added = (text: string): Line => ({ mark: "+", text });
  if (before.length * after.length > LARGEST_TABLE) return [...before.map(removed), ...after.map(added)];
  const width = after.length + 1;
  const lengths = new Uint32Array((before.length + 1) * width);
  for (let i = before.length - 1; i >= 0; i--) {
    for (let j = after.length - 1; j >= 0; j--) {
      lengths[i * width + j] = before[i] === after[j]
        ? lengths[(i + 1) * width + j + 1]! + 1
        : Math.max(lengths[(i + 1) * width + j]!, lengths[i * width + j + 1]!);
    }
  }
  const lines: Line[] = [];
  let [i, j] = [0, 0];
  while (i < before.length && j < after.length) {
    if (before[i] === after[j]) {
      lines.push({ mark: " ", text: before[i]! });
      i++;
      j++;
    } else if (lengths[(i + 1) * width + j]! >= lengths[i * width + j + 1]!) {
      lines.push(removed(before[i++]!));
    } else lines.push(added(after[j++]!));
  }
  return [...lines, ...before.slice(i).map(removed), ...after.slice(j).map(added)];
}
