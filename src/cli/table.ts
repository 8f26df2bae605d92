/** Aligned tables that fit a width. */
import { PLAIN, type Style } from "./style.ts";
import { displayWidth, pad, truncate } from "./width.ts";

export interface TableColumn {
  readonly title: string;
  /** A second line under the title, such as a type. */
  readonly subtitle?: string;
  readonly align?: "left" | "right";
  /** Narrowest the column may be made; default 6 or its title if that is shorter. */
  readonly min?: number;
}

export interface TableOptions {
  /** Cells in all. Columns are narrowed, the widest first, and what still does not fit is left out. */
  readonly width: number;
  readonly style?: Style;
  /** Colours a cell; gets the cut and padded text. */
  readonly paint?: (text: string, column: number, row: number) => string;
}

/** A table as lines; `hidden` are the titles of columns for which there was no room. */
export interface RenderedTable {
  readonly lines: string[];
  readonly hidden: string[];
}

const GAP = 2;
const SMALLEST = 6;

/** Renders rows of one-line texts. */
export function renderTable(
  columns: readonly TableColumn[],
  rows: readonly (readonly string[])[],
  options: TableOptions,
): RenderedTable {
  const { style = PLAIN, paint = (text: string) => text } = options;
  const natural = columns.map((column, i) =>
    Math.max(
      displayWidth(column.title),
      displayWidth(column.subtitle ?? ""),
      ...rows.map((row) => displayWidth(row[i] ?? "")),
    )
  );
  const widths = fitWidths(natural, columns, options.width);
  const shown = columns.slice(0, widths.length);
  const line = (cells: readonly string[], color: (text: string, column: number) => string) =>
    cells.slice(0, widths.length).map((cell, i) => {
      const last = i === widths.length - 1 && shown[i]!.align !== "right";
      const cut = truncate(cell, widths[i]!);
      return color(last ? cut : pad(cut, widths[i]!, shown[i]!.align), i);
    }).join(" ".repeat(GAP)).trimEnd();
  const lines = [line(shown.map((c) => c.title), (text) => style.strong(text))];
  if (shown.some((column) => column.subtitle !== undefined)) {
    lines.push(line(shown.map((c) => c.subtitle ?? ""), (text) => style.dim(text)));
  }
  rows.forEach((row, i) => lines.push(line(row, (text, column) => paint(text, column, i))));
  return { lines, hidden: columns.slice(widths.length).map((c) => c.title) };
}

/** Narrows the widest columns until all fit, then drops columns from the right. */
function fitWidths(natural: readonly number[], columns: readonly TableColumn[], total: number): number[] {
  const least = natural.map((width, i) => Math.min(width, columns[i]!.min ?? SMALLEST));
  let count = natural.length;
  while (count > 1 && sum(least.slice(0, count)) + GAP * (count - 1) > total) count--;
  const room = Math.max(1, total - GAP * (count - 1));
  const widths = natural.slice(0, count);
  let over = sum(widths) - room;
  while (over > 0) {
    const widest = Math.max(...widths.filter((width, i) => width > least[i]!), 0);
    if (widest === 0) return count === 1 ? [room] : widths;
    const next = Math.max(...widths.filter((width) => width < widest), 1);
    const group = widths.flatMap((width, i) => (width === widest && width > least[i]! ? [i] : []));
    const step = Math.max(1, Math.min(widest - next, Math.floor(over / group.length)));
    for (const i of group) {
      if (over <= 0) break;
      const by = Math.min(step, widths[i]! - least[i]!, over);
      widths[i] = widths[i]! - by;
      over -= by;
    }
  }
  return widths;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0);
}
