/** Charts of the report as SVG, by hand: bars need no library, and the page needs no script. */
import { html } from "./html.ts";

export interface Bar {
  readonly label: string;
  readonly value: number;
  /** Shown behind the bar. */
  readonly note: string;
  readonly kind: Kind;
}

/** What becomes of rows: each has a colour of its own, told apart without seeing colours by its words. */
export type Kind = "accepted" | "warned" | "skipped" | "quarantined" | "failed";

const LABEL = 210;
const WIDTH = 760;
const ROW = 26;

/** Horizontal bars over one scale, the longest as long as there is room. */
export function barChart(bars: readonly Bar[], title: string): string {
  const most = Math.max(1, ...bars.map(({ value }) => value));
  const room = WIDTH - LABEL - 150;
  const lines = bars.map(({ label, value, note, kind }, i) => {
    const y = i * ROW;
    const length = value === 0 ? 0 : Math.max(2, value / most * room);
    return `<text x="${LABEL - 10}" y="${y + 17}" class="label">${html(cut(label))}</text>` +
      `<rect x="${LABEL}" y="${y + 5}" width="${length.toFixed(1)}" height="16" rx="2" class="${kind}"/>` +
      `<text x="${(LABEL + length + 8).toFixed(1)}" y="${y + 17}" class="note">${html(note)}</text>`;
  });
  return `<svg viewBox="0 0 ${WIDTH} ${bars.length * ROW}" role="img" aria-label="${html(title)}">${
    lines.join("")
  }</svg>`;
}

/** One bar that is divided: the parts of a whole. */
export function sharesBar(parts: readonly { value: number; kind: Kind }[]): string {
  const total = parts.reduce((sum, { value }) => sum + value, 0);
  if (total === 0) return "";
  let x = 0;
  const rects = parts.filter(({ value }) => value > 0).map(({ value, kind }) => {
    const width = value / total * WIDTH;
    const rect =
      `<rect x="${x.toFixed(2)}" y="0" width="${
        Math.max(1, width).toFixed(2)
      }" height="22" class="${kind}">` +
      `<title>${value.toLocaleString("en-US")} ${kind}</title></rect>`;
    x += width;
    return rect;
  });
  return `<svg viewBox="0 0 ${WIDTH} 22" role="img" aria-label="What became of the rows" class="shares">${
    rects.join("")
  }</svg>`;
}

function cut(text: string): string {
  return text.length > 30 ? `${text.slice(0, 29)}…` : text;
}
